package strict

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

func TestProblemsReadAsOneLine(t *testing.T) {
	for _, test := range []struct {
		name string
		p    Problem
		want string
	}{
		{"everything", Problem{"f.yaml", 3, 7, "a.b[0]", "x", "is wrong", "write y"}, `f.yaml:3: a.b[0]: "x": is wrong; write y`},
		{"no line", Problem{File: "VAR", Path: "a", Message: "is wrong"}, `VAR: a: is wrong`},
		{"no file", Problem{Line: 3, Message: "is wrong", Mend: "write y"}, `is wrong; write y`},
		{"a value of several lines", Problem{Value: "a\nb", Message: "is wrong"}, `"a\nb": is wrong`},
		{"a path with control characters", Problem{Path: "a\r\nb\x1b", Message: "is\nwrong"}, `a\r\nb\x1b: is\nwrong`},
		{"a path without end", Problem{Path: strings.Repeat("a", 1000), Message: "is wrong"}, strings.Repeat("a", 300) + "…: is wrong"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.p.String(); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

func TestNoProblemIsNoError(t *testing.T) {
	if err := (Problems{}).Err(); err != nil {
		t.Error(err)
	}
	if err := (Problems{{Message: "a"}, {Message: "b"}}).Err(); err == nil || err.Error() != "a\nb" {
		t.Error(err)
	}
}

func TestSortKeepsTheOrderWithinOnePlace(t *testing.T) {
	ps := Problems{{File: "b", Line: 1, Message: "1"}, {File: "a", Line: 2, Column: 9, Message: "2"}, {File: "a", Line: 2, Column: 3, Message: "3"},
		{File: "a", Line: 2, Column: 3, Message: "4"}, {File: "a", Message: "5"}}
	ps.Sort()
	var got string
	for _, p := range ps {
		got += p.Message
	}
	if got != "53421" {
		t.Error(got)
	}
}

func TestAtFindsProblemsOfAPathAndAroundIt(t *testing.T) {
	ps := Problems{{Path: "a.b"}, {Path: "list[1].x"}, {Path: ""}}
	for path, want := range map[string]bool{
		"a": true, "a.b": true, "a.b.c": true, "a.b[0]": true, "a.bc": false, "a.c": false,
		"list": true, "list[1]": true, "list[10]": false, "list[0]": false, "c": false,
	} {
		if ps.At(path) != want {
			t.Errorf("%s: %v", path, !want)
		}
	}
}

func TestASecretPrintsStars(t *testing.T) {
	s := login{"alice", "hunter2"}
	asJSON, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{
		fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s), fmt.Sprintf("%q", s.Password), fmt.Sprintf("%x", s.Password),
		string(asJSON), string(asYAML),
	} {
		if strings.Contains(got, "hunter2") || strings.Contains(got, fmt.Sprintf("%x", "hunter2")) {
			t.Error(got)
		}
	}
	if s.Password.String() != "***" || Secret("").String() != "" || string(s.Password) != "hunter2" {
		t.Error("a secret is not ***, or an empty one is")
	}
}

func TestSimilarFindsMisspellings(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"listners", "listeners", true}, {"lsiteners", "listeners", true}, {"user-agent", "user_agent", true}, {"UserAgent", "user_agent", true},
		{"ports", "port", true}, {"udp", "tcp", false}, {"tls", "udp", false}, {"a", "b", false}, {"", "a", false}, {"colour", "ports", false},
		{strings.Repeat("a", 1<<20), "a", false},
	} {
		if Similar(test.a, test.b) != test.want {
			t.Errorf("%.20s, %s: %v", test.a, test.b, !test.want)
		}
	}
}

func TestEditDistanceCountsSwapsAsOne(t *testing.T) {
	got := map[string]int{}
	for _, pair := range []string{"ab ba", "abc abc", " abc", "kitten sitting", "abcd acbd"} {
		a, b, _ := strings.Cut(pair, " ")
		got[pair] = editDistance(a, b)
	}
	want := map[string]int{"ab ba": 1, "abc abc": 0, " abc": 3, "kitten sitting": 3, "abcd acbd": 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
