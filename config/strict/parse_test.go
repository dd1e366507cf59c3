package strict

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSyntaxErrorsPointAtTheirLineAndSayTheMend(t *testing.T) {
	for _, test := range []struct {
		name, src string
		line      int
		mend      string
	}{
		{"a tab", "name: a\ndesk:\n\tnumber: b\n", 3, "indent with spaces, not with tabs"},
		{"an IPv6 address without quotes", "name: a\nsocket: [::1]:5060\n", 2, `put the address in quotes: "[::1]:5060"`},
		{"an IPv6 address without quotes in braces", "rooms:\n  - {number: a}\n  - {number: [2001:db8::1]:5060}\n", 3, `put the address in quotes: "[2001:db8::1]:5060"`},
		{"quotes that do not close", "name: \"a\nport: 1\n", 1, "close the quotes"},
		{"quotes that close in a later section", "name: \"a\nplain: \"b\"\n", 1, "close the quotes"},
		{"a list that does not close", "rooms: [a,\n  b\nport: 1\n", 1, "close the brackets"},
		{"a brace too many", "desk: {number: a}}\n", 1, "close the brackets"},
		{"a colon in text", "name: a\nplain: b: c\n", 2, `put a value with ": " in it in quotes`},
		{"an at sign in front", "name: @home\n", 1, "put a value that begins with a special character in quotes"},
		{"an alias to nothing", "name: a\nplain: *b\n", 2, "put a value that begins with a special character in quotes"},
		{"a key that is indented too little", "desk:\n    number: a\n  ring_time: 1s\n", 3, "check the indentation of this line and the quotes before it"},
		{"a key that is indented too far", "desk:\n  number: a\n    ring_time: 1s\n", 3, "check the indentation of this line and the quotes before it"},
		{"a line without a colon", "name: a\nport\nplain: b\n", 2, "check the indentation of this line and the quotes before it"},
		{"a list among keys", "name: a\n- b\n", 2, "check the indentation of this line and the quotes before it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			doc, problems := Decode("f", []byte(test.src), &site{})
			if len(problems) == 0 || doc.Complete() {
				t.Fatal("nothing found")
			}
			p := problems[0]
			if p.Line != test.line || p.Mend != test.mend || !strings.HasPrefix(p.Message, "is not YAML") {
				t.Errorf("got %v", problems)
			}
			if len(problems) > 1 {
				t.Errorf("one mistake, %d problems: %v", len(problems), problems)
			}
		})
	}
}

func TestSyntaxErrorsDoNotHideTheRest(t *testing.T) {
	src := "name: \"a\nrooms:\n  - ring_time: 3\n   number: x\nport: 70000\nby_floor: [\nopen: maybe\n# end\n"
	_, problems := Decode("f", []byte(src), &site{})
	var lines []int
	for _, p := range problems {
		lines = append(lines, p.Line)
	}
	if diff := cmp.Diff([]int{1, 4, 5, 6, 7}, lines); diff != "" {
		t.Errorf("%s\n%v", diff, problems)
	}
}

func TestAnchorsOfGoodSectionsServeBehindABrokenOne(t *testing.T) {
	src := "desk: &d {number: a}\nname: \"x\nrooms: [*d]\n"
	var o site
	_, problems := Decode("f", []byte(src), &o)
	if len(problems) != 1 || len(o.Rooms) != 1 || o.Rooms[0].Number != "a" {
		t.Errorf("%v %v", o.Rooms, problems)
	}
}

func TestOneDocumentIsTaken(t *testing.T) {
	for src, want := range map[string]string{
		"---\nname: a\n":               "",
		"name: a\n...\n":               "",
		"%YAML 1.1\n---\nname: a\n":    "",
		"\ufeffname: a\n":              "",
		"name: a\r\nport: 1\r\n":       "",
		"name: a\n---\nport: x\n":      "f:2: a second document begins here; keep one document in a file and remove the ---",
		"name: a\n---\n---\nport: x\n": "f:2: a second document begins here; keep one document in a file and remove the ---",
	} {
		doc, problems := Decode("f", []byte(src), &site{})
		if problems.Error() != want || !doc.Complete() {
			t.Errorf("%q: %v", src, problems)
		}
	}
}

func TestASecondDocumentMayBeBrokenToo(t *testing.T) {
	_, problems := Decode("f", []byte("name: a\n---\nname: \"b\n"), &site{})
	if len(problems) != 2 || problems[0].Line != 2 || problems[1].Line != 3 {
		t.Error(problems)
	}
}

func TestBytesThatAreNoTextAreFound(t *testing.T) {
	for src, want := range map[string]string{
		"name: a\nplain: \xff\n":     "f:2: is not UTF-8 text; save the file as UTF-8",
		"n\x00a\x00m\x00e\x00:\x00":  "f:1: has a control character (U+0000); remove it",
		"name: é\x1b[31m\n":          "f:1: has a control character (U+001B); remove it",
		"name: a\n\nplain: \u0080\n": "f:3: has a control character (U+0080); remove it",
	} {
		_, problems := Decode("f", []byte(src), &site{})
		if problems.Error() != want {
			t.Errorf("%q: %v", src, problems)
		}
	}
	_, problems := Decode("f", []byte("name: a\nplain: é\x01"), &site{})
	if p := problems[0]; p.Line != 2 || p.Column != 9 {
		t.Errorf("%d:%d", p.Line, p.Column)
	}
}

func TestADocumentThatIsTooLargeIsRefused(t *testing.T) {
	_, problems := Decode("f", make([]byte, MaxBytes+1), &site{})
	if got, want := problems.Error(), "f: is larger than 8 MiB; make it smaller"; got != want {
		t.Error(got)
	}
}

func TestBrokenDocumentsOfAnyShapeEndSoon(t *testing.T) {
	var sections, lines strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&sections, "key%d: \"\n", i)
		fmt.Fprintf(&lines, "  key%d: value\n", i)
	}
	for name, src := range map[string]string{
		"twenty thousand broken sections": sections.String(),
		"one section of many lines":       "name:\n" + lines.String() + "  x: \"\n",
		"deep lists":                      strings.Repeat("[", 1<<20),
		"deep blocks":                     strings.Repeat("- ", 1<<19),
		"deep indentation":                strings.Repeat("? ", 1<<19),
	} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			if _, problems := Decode("f", []byte(src), &site{}); len(problems) == 0 || len(problems) > MaxProblems+1 {
				t.Errorf("%d problems", len(problems))
			}
			// Well under a second; without the budget it is minutes.
			if took := time.Since(begin); took > 20*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}
