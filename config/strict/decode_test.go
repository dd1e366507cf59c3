package strict

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// site is a document with a field of every kind that Decode supports.
type site struct {
	Name    string              `yaml:"name"`
	Rooms   []room              `yaml:"rooms"`
	ByFloor map[string]room     `yaml:"by_floor"`
	Codes   map[code][]string   `yaml:"codes"`
	Desk    *room               `yaml:"desk"`
	Limit   *int                `yaml:"limit"`
	Open    bool                `yaml:"open"`
	Small   int8                `yaml:"small"`
	Port    uint16              `yaml:"port"`
	Ratio   float64             `yaml:"ratio"`
	Wait    time.Duration       `yaml:"wait"`
	Addr    netip.Addr          `yaml:"addr"`
	Socket  netip.AddrPort      `yaml:"socket"`
	Allowed []netip.Prefix      `yaml:"allowed"`
	Country code                `yaml:"country"`
	Logins  []login             `yaml:"logins"`
	Keys    map[string][]string `yaml:"keys" secret:"true"`
	audit   `yaml:",inline"`
	Audit   `yaml:",inline"`
	Plain   string
	Skipped string `yaml:"-"`
}

type room struct {
	Number string        `yaml:"number"`
	Ring   time.Duration `yaml:"ring_time"`
	Next   *room         `yaml:"next"`
}

type login struct {
	User     string `yaml:"user"`
	Password Secret `yaml:"password"`
}

// Audit is inlined.
type Audit struct {
	By string `yaml:"by"`
}

type audit struct{ At string }

// code is two capitals, as a country's.
type code string

func (c *code) UnmarshalText(b []byte) error {
	switch {
	case len(b) != 2:
		return &Invalid{Message: "is not a country code", Mend: "write two letters, such as US"}
	case strings.ToUpper(string(b)) != string(b):
		return errors.New("lower case")
	}
	*c = code(b)
	return nil
}

var compareSites = cmp.Options{
	cmp.AllowUnexported(site{}, audit{}),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
}

func TestDecodeFillsEveryKindOfField(t *testing.T) {
	src := `
name: 01234
rooms:
  - {number: +14155550100, ring_time: 1m30s}
  - number: 2024-01-01
    next: {number: "true"}
by_floor:
  first.east: {number: a}
codes:
  US: [911, 112]
desk: {number: b}
limit: -3
open: true
small: -128
port: 65535
ratio: 1.5
wait: 0
addr: 2001:db8::1
socket: "[::1]:5060"
allowed: [127.0.0.0/8, "::1/128"]
country: CA
logins: [{user: alice, password: Callbox-lab-911}]
keys: {a: [b]}
by: bob
plain: x
`
	three := -3
	want := site{
		Name:    "01234",
		Rooms:   []room{{Number: "+14155550100", Ring: 90 * time.Second}, {Number: "2024-01-01", Next: &room{Number: "true"}}},
		ByFloor: map[string]room{"first.east": {Number: "a"}},
		Codes:   map[code][]string{"US": {"911", "112"}},
		Desk:    &room{Number: "b"},
		Limit:   &three, Open: true, Small: -128, Port: 65535, Ratio: 1.5,
		Addr: netip.MustParseAddr("2001:db8::1"), Socket: netip.MustParseAddrPort("[::1]:5060"),
		Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		Country: "CA", Logins: []login{{"alice", "Callbox-lab-911"}}, Keys: map[string][]string{"a": {"b"}},
		Audit: Audit{By: "bob"}, Plain: "x",
	}
	var got site
	doc, problems := Decode("site.yaml", []byte(src), &got)
	if len(problems) > 0 || !doc.Complete() {
		t.Fatal(problems)
	}
	if diff := cmp.Diff(want, got, compareSites); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeReportsWrongKeysAndShapes(t *testing.T) {
	expectProblem(t, []mistake{
		{"an unknown key close to a known one", "nmae: x", `1: nmae: unknown key; did you mean name?`},
		{"an unknown key in another case", "byFloor: {}", `1: byFloor: unknown key; did you mean by_floor?`},
		{"an unknown key of a list's entry", "rooms:\n  - number: a\n    ring: 3s", `3: rooms[0].ring: unknown key; did you mean ring_time?`},
		{"an unknown key far from all", "rooms: [{colour: red}]", `1: rooms[0].colour: unknown key; known keys: number, ring_time, next`},
		{"a key that belongs into a section", "password: x", `1: password: unknown key; known keys: name, rooms, by_floor, codes, desk, limit, open, small, port, ratio, wait, addr, socket, allowed, country, logins, keys, by, plain`},
		{"a field that YAML does not reach", "at: x\nskipped: y", `2: skipped: unknown key`},
		{"a key given twice", "name: a\nport: 1\nname: b", `3: name: is there twice, first on line 1; remove one of the two`},
		{"a key of a map given twice", "by_floor:\n  a: {}\n  a: {}", `3: by_floor.a: is there twice, first on line 2; remove one of the two`},
		{"a mistake in the second of two", "port: 1\nport: x", `2: port: "x": must be a whole number; write it in decimal digits`},
		{"a key that is a list", "? [a]\n: b", `1: has a key that is not text; write a name before the colon`},
		{"a key that is nothing", "~: b", `1: has a key that is not text; write a name before the colon`},
		{"a list for text", "name: [a]", `1: name: must be text, not a list; write one value behind the colon`},
		{"true for text", "name: true", `1: name: "true": must be text, not true or false; put it in quotes if it is meant as text`},
		{"nothing for text", "name:", `1: name: has no value; give it text, or remove the key`},
		{"nothing for a list", "rooms:", `1: rooms: has no value; write [] for an empty list, or remove the key`},
		{"nothing for a map", "by_floor: ~", `1: by_floor: "~": has no value; write {} for none, or remove the key`},
		{"nothing for an entry", "rooms:\n  -\n", `2: rooms[0]: is an empty entry; give it a value or remove it`},
		{"text for a list", "rooms: a", `1: rooms: "a": must be a list, not text; begin each entry with "- ", or write [a, b]`},
		{"a number for a struct", "desk: 1", `1: desk: "1": must be keys and values, not a number; write "key: value", one a line`},
		{"a list for a map", "by_floor: [a]", `1: by_floor: must be keys and values, not a list; write "key: value"`},
	})
}

func TestDecodeReportsWrongValues(t *testing.T) {
	expectProblem(t, []mistake{
		{"a key that its type refuses", "codes: {USA: []}", `1: codes.USA: as a key is not a country code; write two letters, such as US`},
		{"text that its type refuses without a mend", "country: us", `1: country: "us": is not valid: lower case`},
		{"yes for true", "open: yes", `1: open: "yes": must be true or false; write true`},
		{"off for false", "open: off", `1: open: "off": must be true or false; write false`},
		{"a quoted boolean", `open: "true"`, `1: open: "true": must be true or false; write true`},
		{"text for a boolean", "open: perhaps", `1: open: "perhaps": must be true or false`},
		{"a number too small", "small: -129", `1: small: "-129": is out of range; write a whole number from -128 to 127`},
		{"a number too large", "port: 65536", `1: port: "65536": is out of range; write a whole number from 0 to 65535`},
		{"a number far too large", "port: 99999999999999999999", `1: port: "99999999999999999999": is out of range; write a whole number from 0 to 65535`},
		{"a negative number", "port: -1", `1: port: "-1": is out of range; write a whole number from 0 to 65535`},
		{"a quoted number", `port: "5060"`, `1: port: "5060": must be a whole number, not text; remove the quotes`},
		{"an octal number", "port: 010", `1: port: "010": must be a whole number; write it in decimal digits`},
		{"a hexadecimal number", "port: 0x10", `1: port: "0x10": must be a whole number; write it in decimal digits`},
		{"a fraction for a whole number", "limit: 1.5", `1: limit: "1.5": must be a whole number; write it in decimal digits`},
		{"an infinite number", "ratio: .inf", `1: ratio: ".inf": must be a number; write it as 1.5`},
		{"no number", "ratio: NaN", `1: ratio: "NaN": must be a number; write it as 1.5`},
		{"a duration without a unit", "wait: 1.5", `1: wait: "1.5": is a duration without a unit; write 1.5s for seconds`},
		{"a duration with a strange unit", "wait: 3 weeks", `1: wait: "3 weeks": is not a duration; write a number and its unit, such as 500ms, 30s, 5m or 1h30m`},
		{"an address with a port", "addr: 127.0.0.1:80", `1: addr: "127.0.0.1:80": is an address with a port where only the address is wanted; write 127.0.0.1`},
		{"an address in brackets", `addr: "[::1]"`, `1: addr: "[::1]": is not an IP address; write it without the brackets`},
		{"an address without a port", "socket: ::1", `1: socket: "::1": is an address without a port; write [::1]:5060 with the port you mean`},
		{"a port alone", "socket: :5060", `1: socket: ":5060": is a port without an address; write 0.0.0.0:5060 for every IPv4 address`},
		{"a name and port", "socket: sip.example.com:5060", `1: socket: "sip.example.com:5060": is not an IP address with a port; write address:port such as 127.0.0.1:5060 or "[::1]:5060"`},
		{"an address for a range", "allowed: [10.0.0.1]", `1: allowed[0]: "10.0.0.1": is an address where a range is wanted; write 10.0.0.1/32 for this address alone`},
		{"no range", "allowed: [10/8]", `1: allowed[0]: "10/8": is not an address range; write one such as 192.0.2.0/24 or 2001:db8::/32`},
		{"a tag", "name: !vault x", `1: name: "x": carries a YAML tag, which means nothing here; remove the word that begins with "!", or quote the value`},
		{"binary text", "name: !!binary eA==", `1: name: "eA==": carries a YAML tag, which means nothing here; remove the word that begins with "!", or quote the value`},
		{"no keys at all", "just words", `1: "***": must be keys and values, not text; write "key: value", one a line`},
		{"long text", "port: " + strings.Repeat("é", 100), `1: port: "` + strings.Repeat("é", 80) + `…": must be a whole number; write it in decimal digits`},
		{"a key that would break the line", "\"a\\nb\\e[31m\": x", `1: a\nb\x1b[31m: unknown key`},
	})
}

// mistake is a document and one of its problems, as it begins behind the file name.
type mistake struct{ name, src, want string }

func expectProblem(t *testing.T, mistakes []mistake) {
	t.Helper()
	for _, test := range mistakes {
		t.Run(test.name, func(t *testing.T) {
			_, problems := Decode("f", []byte(test.src), &site{})
			if !strings.Contains(problems.Error(), "f:"+test.want) {
				t.Errorf("got  %s\nwant f:%s", problems.Error(), test.want)
			}
		})
	}
}

func TestDecodeReportsAllProblemsByLine(t *testing.T) {
	src := "port: x\nnmae: y\nrooms: [{ring_time: 3}, {ring_time: 4}]\nopen: 3\n"
	_, problems := Decode("f", []byte(src), &site{})
	var lines []int
	for _, p := range problems {
		lines = append(lines, p.Line)
	}
	if diff := cmp.Diff([]int{1, 2, 3, 3, 4}, lines); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeStopsReportingAtTheBound(t *testing.T) {
	var src strings.Builder
	for i := range 3 * MaxProblems {
		fmt.Fprintf(&src, "unknown%d: x\n", i)
	}
	_, problems := Decode("f", []byte(src.String()), &site{})
	if len(problems) != MaxProblems+1 || !strings.HasPrefix(problems[MaxProblems].Message, "too many problems") {
		t.Errorf("%d problems, the last %s", len(problems), problems[len(problems)-1])
	}
}

func TestDecodeKeepsWhatIsAbsentOrWrong(t *testing.T) {
	limit := 7
	o := site{Name: "default", Port: 5060, Rooms: []room{{Number: "a"}}, Desk: &room{Number: "b", Ring: time.Second}, Limit: &limit}
	desk := o.Desk
	if _, problems := Decode("f", []byte("port: x\nlimit: y\ndesk: {number: c}\n"), &o); len(problems) != 2 {
		t.Fatal(problems)
	}
	want := site{Name: "default", Port: 5060, Rooms: []room{{Number: "a"}}, Desk: &room{Number: "c", Ring: time.Second}, Limit: &limit}
	if diff := cmp.Diff(want, o, compareSites); diff != "" {
		t.Error(diff)
	}
	if desk.Number != "b" {
		t.Error("a default that others may share was written to")
	}
}

func TestDecodeReplacesListsAndMapsAsAWhole(t *testing.T) {
	o := site{Rooms: []room{{Number: "a"}, {Number: "b"}}, ByFloor: map[string]room{"x": {}}, Desk: &room{}}
	if _, problems := Decode("f", []byte("rooms: [{ring_time: 1s}]\nby_floor: {y: {}}\ndesk: ~\n"), &o); len(problems) > 0 {
		t.Fatal(problems)
	}
	want := site{Rooms: []room{{Ring: time.Second}}, ByFloor: map[string]room{"y": {}}}
	if diff := cmp.Diff(want, o, compareSites); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeTakesAnEmptySectionAsNone(t *testing.T) {
	var o struct{ Log struct{ Level string } }
	o.Log.Level = "info"
	for _, src := range []string{"", "# nothing", "---\n", "log:\n  # level: debug\n"} {
		if _, problems := Decode("f", []byte(src), &o); len(problems) > 0 || o.Log.Level != "info" {
			t.Errorf("%q: %v", src, problems)
		}
	}
}

func TestDecodeRefusesWhatItCannotFill(t *testing.T) {
	var odd struct {
		F func()
		M map[int]string
	}
	if _, problems := Decode("f", []byte("f: x\nm: {1: a}"), &odd); len(problems) != 2 {
		t.Error(problems)
	}
	for _, v := range []any{nil, site{}, (*site)(nil)} {
		if doc, problems := Decode("f", []byte("name: x"), v); doc == nil || len(problems) != 1 {
			t.Errorf("%T: %v", v, problems)
		}
	}
}

func TestDecodeTextFollowsTheSameRules(t *testing.T) {
	var addrs []netip.Addr
	if problems := DecodeText("VAR", "a.b", "::1, 127.0.0.1,", &addrs, false); len(problems) > 0 || len(addrs) != 2 {
		t.Error(addrs, problems)
	}
	var text string
	if problems := DecodeText("VAR", "a.b", "~", &text, false); len(problems) > 0 || text != "~" {
		t.Error(text, problems)
	}
	var n int
	problems := DecodeText("VAR", "a.b", "hunter2", &n, true)
	if got, want := problems.Error(), `VAR: a.b: "***": must be a whole number`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if problems := DecodeText("VAR", "a.b", "1", n, false); len(problems) != 1 {
		t.Error(problems)
	}
}
