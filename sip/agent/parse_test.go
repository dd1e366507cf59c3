package agent

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestURIsAreReadStrictly(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     Address
		bad      bool
	}{
		{name: "user and host", in: "sip:+14155550100@Lab.Example.com", want: Address{Scheme: "sip", User: "+14155550100", Host: "lab.example.com"}},
		{name: "port and parameters", in: "sips:911@lab:5061;transport=tcp?Subject=x", want: Address{Scheme: "sips", User: "911", Host: "lab", Port: 5061}},
		{name: "IPv6 literal", in: "sip:911@[::1]:5060", want: Address{Scheme: "sip", User: "911", Host: "::1", Port: 5060}},
		{name: "IPv4 at the end of IPv6", in: "sip:911@[2001:db8::192.0.2.1]", want: Address{Scheme: "sip", User: "911", Host: "2001:db8::c000:201"}},
		{name: "a colon too many before it", in: "sip:911@[2001:db8:::192.0.2.1]", want: Address{Scheme: "sip", User: "911", Host: "2001:db8::c000:201"}},
		{name: "a colon too many elsewhere", in: "sip:911@[2001:db8:::1]", bad: true},
		{name: "a zone", in: "sip:911@[fe80::1%eth0]", bad: true},
		{name: "a zone of any characters", in: "sip:911@[fe80::1%>,<sip:evil>]", bad: true},
		{name: "escaped user", in: "sip:%2b1415@h", want: Address{Scheme: "sip", User: "+1415", Host: "h"}},
		{name: "a space in the password", in: "sip:alice:x SIP/2.0@h", bad: true},
		{name: "a line end in the password", in: "sip:alice:x\r\nVia: evil@h", bad: true},
		{name: "a telephone number without digits", in: "tel:;phone-context=+1", bad: true},
		{name: "a space in a URI of another scheme", in: "http://h x", bad: true},
		{name: "password dropped", in: "sip:alice:secret@h", want: Address{Scheme: "sip", User: "alice", Host: "h"}},
		{name: "service URN", in: "urn:service:sos.police", want: Address{Scheme: "urn", User: "service:sos.police"}},
		{name: "tel with parameter", in: "tel:911;phone-context=+1", want: Address{Scheme: "tel", User: "911"}},
		{name: "user with parameter", in: "sip:911;phone-context=x@h", want: Address{Scheme: "sip", User: "911;phone-context=x", Host: "h"}},
		{name: "two at signs", in: "sip:a@b@c", bad: true},
		{name: "space in user", in: "sip:9 11@h", bad: true},
		{name: "empty host", in: "sip:911@", bad: true},
		{name: "port 0", in: "sip:911@h:0", bad: true},
		{name: "port too large", in: "sip:911@h:65536", bad: true},
		{name: "IPv6 without bracket", in: "sip:911@::1", bad: true},
		{name: "space in the headers", in: "sip:911@h?a SIP/2.0", bad: true},
		{name: "bracket in the headers", in: "sip:911@h?a=<b>", bad: true},
		{name: "broken escape", in: "sip:%zz@h", bad: true},
		{name: "no scheme", in: "911", bad: true},
		{name: "other scheme", in: "http://h", want: Address{Scheme: "http"}, bad: true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := parseURI(tc.in)
			if (err != nil) != tc.bad {
				t.Fatalf("error = %v", err)
			}
			if err == nil || isForeign(err) {
				if d := cmp.Diff(tc.want, got.Address); d != "" {
					t.Error(d)
				}
			}
		})
	}
}

func TestPartiesCanBeReadOneWayOnly(t *testing.T) {
	t.Parallel()
	good := map[string][3]string{ // display, user, tag
		`"Al \"x\" <ice>" <sip:alice@h>;tag=1`: {`Al "x" <ice>`, "alice", "1"},
		`Alice Smith <sip:alice@h> ; tag = 1`:  {"Alice Smith", "alice", "1"},
		`sip:alice@h;TAG=1`:                    {"", "alice", "1"},
		`<sip:alice@h;user=phone>;x="a;tag=9"`: {"", "alice", ""},
	}
	for in, want := range good {
		p, err := parseParty(in)
		if err != nil || p.uri.Display != want[0] || p.uri.User != want[1] || p.tag != want[2] {
			t.Errorf("%s: got %q %q %q, %v", in, p.uri.Display, p.uri.User, p.tag, err)
		}
	}
	for _, in := range []string{
		``, `<sip:a@h`, `"unclosed <sip:a@h>`, `<sip:a@h> <sip:b@h>`, `<sip:a@h>, <sip:b@h>`, `a@b <sip:a@h>`,
		`sip:a@h?x=y`, `sip:a@h, sip:b@h`, `<sip:a@h>;tag=1;tag=2`, `<sip:a@h>;tag=`, `<sip:a@h>;tag="1"`, `Alice sip:a@h`,
		`<sip:a@h>;x="a`, `<sip:a@h>;x="a\"`, `sip:a@h;tag=1;x="`,
	} {
		if p, err := parseParty(in); err == nil {
			t.Errorf("%s was read as %+v", in, p)
		}
	}
}

func TestViaIsReadWithWhiteSpaceAndQuotes(t *testing.T) {
	t.Parallel()
	v, ok := parseVia(`SIP / 2.0 / UDP  192.0.2.2 : 5061 ;x="a;branch=no" ; Branch = z9hG4bKyes;rport`)
	if !ok || v.transport != "udp" || v.host != "192.0.2.2" || v.port != 5061 || v.branch != "z9hG4bKyes" || !v.rport {
		t.Errorf("got %+v %v", v, ok)
	}
	for _, in := range []string{"", "SIP/2.0/UDP", "HTTP/2.0/UDP h", "SIP/2.0/UDP [::1", "SIP/2.0/UDP h:99999", `SIP/2.0/UDP h;branch=z9hG4bK1;x="a`, `SIP/2.0/"UDP h;rport`} {
		if _, ok := parseVia(in); ok {
			t.Errorf("%q was read", in)
		}
	}
}

func TestListsSplitOutsideQuotesAndBrackets(t *testing.T) {
	t.Parallel()
	got := splitList(`"a, b" <sip:x,y@h>;p="q,r", <sip:z@h>`)
	want := []string{`"a, b" <sip:x,y@h>;p="q,r"`, `<sip:z@h>`}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
