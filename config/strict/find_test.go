package strict

import (
	"fmt"
	"strings"
	"testing"
)

const found1 = `name: a
rooms:
  - number: "1"
    ring_time: 3s
  - &second
    number: "2"
by_floor:
  first.east:
    number: e
  first: {number: f}
  "a[0]": {number: g}
desk: *second
logins:
  - user: alice
    password: hunter2
keys: {ours: [hunter2]}
plain: &p text
by: *p
codes:
  US: ["911"]
limit: 1
`

func TestProblemsPointAtTheirPath(t *testing.T) {
	var o site
	doc, problems := Decode("f", []byte(found1), &o)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, test := range []struct{ name, path, want string }{
		{"a scalar", "name", `1:7 "a"`},
		{"a section, at its key", "rooms", `2:1 ""`},
		{"an entry", "rooms[1]", `5:5 ""`},
		{"a field of an entry", "rooms[0].ring_time", `4:16 "3s"`},
		{"a key with a dot", "by_floor.first.east.number", `9:13 "e"`},
		{"a key that begins another key", "by_floor.first.number", `10:19 "f"`},
		{"a key with brackets", "by_floor.a[0].number", `11:20 "g"`},
		{"a value behind an alias, where it was written", "desk.number", `6:13 "2"`},
		{"an alias of a scalar, where it is used", "by", `18:5 "text"`},
		{"an entry of a list in a map", "codes.US[0]", `20:8 "911"`},
		{"a secret", "logins[0].password", `15:15 "***"`},
		{"an entry of a secret list", "keys.ours[0]", `16:15 "***"`},
		{"a key that is absent, at its section", "desk.ring_time", `12:1 ""`},
		{"an index beyond the list", "rooms[2].number", `2:1 ""`},
		{"a path through a scalar", "name.x.y", `1:7 ""`},
		{"a malformed index", "rooms[x]", `2:1 ""`},
		{"an unfinished index", "rooms[0", `2:1 ""`},
		{"nothing of it", "colour", `1:1 ""`},
		{"the document", "", `1:1 ""`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := doc.Problem(test.path, "is wrong", "mend it")
			if got := fmt.Sprintf("%d:%d %q", p.Line, p.Column, p.Value); got != test.want || p.File != "f" || p.Path != test.path {
				t.Errorf("%s, want %s: %+v", got, test.want, p)
			}
		})
	}
}

func TestHasTellsWhatWasWritten(t *testing.T) {
	doc, _ := Decode("f", []byte(found1), &site{})
	for path, want := range map[string]bool{"name": true, "rooms[1].number": true, "rooms[1].ring_time": false, "colour": false} {
		if doc.Has(path) != want {
			t.Errorf("%s: %v", path, !want)
		}
	}
}

func TestADocumentThatIsNotThereHasNoPositions(t *testing.T) {
	var none *Document
	if p := none.Problem("a.b", "is wrong", ""); p.String() != "a.b: is wrong" {
		t.Error(p)
	}
	if none.Has("a") || !none.Complete() {
		t.Error("a nil document knows something")
	}
	empty, _ := Decode("f", nil, &site{})
	if p := empty.Problem("a.b", "is wrong", ""); p.String() != "f: a.b: is wrong" || empty.Has("a") {
		t.Error(p)
	}
}

func TestSecretsNeverShow(t *testing.T) {
	for name, src := range map[string]string{
		"the wrong type":                "logins: [{password: [hunter2]}]",
		"a tag":                         "logins: [{password: !hunter2 hunter2}]",
		"a misspelt key":                "logins: [{passwrd: hunter2}]",
		"a key given twice":             "logins: [{password: a, password: hunter2}]",
		"a secret without its key":      "logins: [hunter2]",
		"a secret for the whole list":   "logins: hunter2",
		"a secret list":                 "keys: hunter2",
		"a map in a secret list":        "keys: {a: [{b: hunter2}]}",
		"a secret for the document":     "hunter2",
		"an alias by mistake":           "logins: [{password: *hunter2}]",
		"a section that does not parse": "logins: [{password: \"hunter2}]",
		"a colon in the secret":         "logins:\n - password: hunter2: x",
	} {
		_, problems := Decode("f", []byte(src), &site{})
		if len(problems) == 0 && name != "a misspelt key" {
			t.Errorf("%s: no problem found", name)
		}
		if strings.Contains(problems.Error(), "hunter2") {
			t.Errorf("%s: %v", name, problems)
		}
	}
}
