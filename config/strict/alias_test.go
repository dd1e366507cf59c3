package strict

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAliasesAndMergeKeysStandForWhatTheyName(t *testing.T) {
	src := `
desk: &desk {number: a, ring_time: 1s}
rooms:
  - *desk
  - {<<: *desk, number: b}
  - number: c
    <<: [{number: d}, *desk]
name: &name x
plain: *name
`
	var o site
	if _, problems := Decode("f", []byte(src), &o); len(problems) > 0 {
		t.Fatal(problems)
	}
	want := []room{{"a", 1e9, nil}, {"b", 1e9, nil}, {"c", 1e9, nil}}
	if diff := cmp.Diff(want, o.Rooms); diff != "" || o.Plain != "x" {
		t.Error(diff, o.Plain)
	}
}

func TestMergeKeysMustNameKeysAndValues(t *testing.T) {
	for src, want := range map[string]string{
		"desk: {<<: x}":                        `f:1: desk.<<: must be an alias to keys and values; write <<: *anchor`,
		"desk: {<<: [[]]}":                     `f:1: desk.<<: must be an alias to keys and values; write <<: *anchor`,
		"desk: &d {<<: *d}":                    `f:1: desk.<<: merges itself; remove it`,
		"rooms: [&a {bad: 1}]\ndesk: {<<: *a}": "f:1: desk.bad: unknown key; known keys: number, ring_time, next\nf:1: rooms[0].bad: unknown key; known keys: number, ring_time, next",
	} {
		_, problems := Decode("f", []byte(src), &site{})
		problems.Sort()
		lines := strings.Split(problems.Error(), "\n")
		for w := range strings.SplitSeq(want, "\n") {
			if !strings.Contains(problems.Error(), w) {
				t.Errorf("%s: %q lacks %q", src, lines, w)
			}
		}
	}
}

func TestAnAliasThatContainsItselfEnds(t *testing.T) {
	_, problems := Decode("f", []byte("desk: &d {number: a, next: *d}"), &site{})
	if !strings.Contains(problems.Error(), "refers to itself") {
		t.Error(problems)
	}
}

func TestAnAliasBombIsBounded(t *testing.T) {
	// Nine levels of nine references each would be 387 million values.
	type tree struct{ Down []tree }
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 {down: []}\n")
	for level := 1; level <= 9; level++ {
		fmt.Fprintf(&bomb, "a%d: &a%d {down: [%s]}\n", level, level, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", level-1), 9), ", "))
	}
	var o struct{ A0, A1, A2, A3, A4, A5, A6, A7, A8, A9 tree }
	_, problems := Decode("f", []byte(bomb.String()), &o)
	if len(problems) != 1 || !strings.Contains(problems[0].Message, "aliases expand to more than") {
		t.Error(problems)
	}
}

func TestDeepMergesAreBounded(t *testing.T) {
	var src strings.Builder
	src.WriteString("rooms:\n- &a0 {number: a}\n")
	for i := 1; i < 40; i++ {
		fmt.Fprintf(&src, "- &a%d {<<: [*a%d, *a%d]}\n", i, i-1, i-1)
	}
	_, problems := Decode("f", []byte(src.String()), &site{})
	if len(problems) != 1 || !strings.Contains(problems[0].Message, "merge keys bring more than") {
		t.Error(problems)
	}
}
