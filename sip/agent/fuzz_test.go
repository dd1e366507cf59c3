package agent

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
	"github.com/google/go-cmp/cmp"
)

// FuzzURI holds that a URI which is read has nothing in it that could end a request line or an angle bracket, since a
// Contact is written as it came, and that what we understood of it, written again, is understood the same.
func FuzzURI(f *testing.F) {
	for _, s := range []string{
		"sip:+14155550100@lab.example.com:5061;transport=tcp?Subject=x", "sips:%00%0d%0a:pw%20@[2001:db8:::192.0.2.1]:1",
		"tel:+1-201;phone-context=h", "urn:service:sos.police", "SIP:h.", "http://h/?a=b", "sip:a;b=@c?d@[::1%eth0]",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := parseURI(s)
		if err != nil && !isForeign(err) {
			return
		}
		for i := range len(s) {
			if s[i] <= ' ' || s[i] >= 0x7f || s[i] == '<' || s[i] == '>' {
				t.Fatalf("%q is read with %q in it", s, s[i])
			}
		}
		if err != nil {
			return
		}
		again, err := parseURI(u.Address.String())
		if err != nil {
			t.Fatalf("%q was read as %+v, which cannot be read: %v", s, u.Address, err)
		}
		if d := cmp.Diff(u.Address, again.Address); d != "" {
			t.Fatalf("%q: %s", s, d)
		}
	})
}

// FuzzParty holds that From and its like are read one way only: written again they are read the same.
func FuzzParty(f *testing.F) {
	for _, s := range []string{
		`"A" <sip:a@h;x=1>;tag=1`, `sip:+1415@h;tag=x`, `<urn:service:sos>`, `tel:+1`, `<sip:a@[::1]:1>`,
		`"a\" <sip:evil@h>;tag=2" <sip:b@h> ; TAG = 1 ;x=";tag=3"`, `A B <sip:c:d@h>`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parseParty(clean(s)) // as every header field is
		if err != nil {
			return
		}
		// What was read, written again, must be read the same: else two parsers could see two callers.
		again, err := parseParty(nameAddr(p.uri.Address))
		if err != nil {
			t.Fatalf("%q read as %+v cannot be read again: %v", s, p.uri.Address, err)
		}
		if d := cmp.Diff(p.uri.Address, again.uri.Address); d != "" {
			t.Fatalf("%q: %s", s, d)
		}
		if tagged, err := parseParty(nameAddr(p.uri.Address) + ";tag=" + p.tag); p.tag != "" && (err != nil || tagged.tag != p.tag) {
			t.Fatalf("%q: the tag %q is read as %q, %v", s, p.tag, tagged.tag, err)
		}
	})
}

// FuzzVia holds that a Via which is read and stamped still says what its sender wrote, and says once, where everybody
// reads it, from where it came.
func FuzzVia(f *testing.F) {
	for _, s := range []string{
		"SIP/2.0/UDP h:1;rport;branch=z9hG4bK1", "sip / 2.0 / TCP [::1] ; Received = 1.2.3.4;x=\";rport\"", "SIP/2.0/UDP 127.0.0.1",
		"SIP/2.0/UDP h;rport=7;RPORT;received;branch=\"\\\"",
	} {
		f.Add(s)
	}
	source := flow{remote: netip.MustParseAddrPort("127.0.0.1:49152")}
	f.Fuzz(func(t *testing.T, s string) {
		s = clean(s)
		v, ok := parseVia(s)
		if !ok || len(splitList(s)) != 1 {
			return
		}
		stamped := stampVia(s, v, source)
		again, ok := parseVia(stamped)
		if !ok || again.transport != v.transport || again.host != v.host || again.port != v.port || again.branch != v.branch {
			t.Fatalf("%q became %q: %+v, then %+v", s, stamped, v, again)
		}
		if got := values(again.params, "received"); v.host != "127.0.0.1" || v.rport {
			if len(got) != 1 || got[0] != "127.0.0.1" {
				t.Fatalf("%q became %q", s, stamped)
			}
		} else if len(got) != 0 {
			t.Fatalf("%q became %q", s, stamped)
		}
		if port, _ := param(again.params, "rport"); v.rport && port != "49152" {
			t.Fatalf("%q became %q", s, stamped)
		}
	})
}

// values returns what a parameter is set to, each time that it is.
func values(params, name string) (all []string) {
	for params != "" {
		var one string
		one, params = cutQuoted(params, ';')
		if k, v, _ := strings.Cut(one, "="); strings.EqualFold(strings.TrimSpace(k), name) {
			all = append(all, strings.TrimSpace(v))
		}
	}
	return all
}

// answerLines are the header fields of an answer to a request that has a fault, and whether there may be more than one.
var answerLines = map[string]bool{
	"Via": true, "From": false, "To": false, "Call-ID": false, "CSeq": false, "Warning": false, "Content-Length": false,
}

// FuzzMessage holds that whatever a request is, the answer to it has the lines of an answer and no other.
func FuzzMessage(f *testing.F) {
	f.Add([]byte("INVITE sip:911@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"))
	f.Add([]byte("SIP/2.0 200 OK\r\nv: SIP/2.0/TCP [::1]:5060;branch=x,SIP/2.0/UDP y\r\nl: 0\r\n\r\n"))
	f.Add([]byte("BYE sip:x SIP/2.0\r\nbroken\r\n\r\n"))
	for _, rfc := range []string{"rfc4475", "rfc5118"} {
		for _, row := range tortures(f, rfc) {
			f.Add(row.message)
		}
	}
	a := &Agent{}
	parser := sip.NewParser()
	f.Fuzz(func(t *testing.T, b []byte) {
		p := salvage(b)
		if m, err := parser.ParseSIP(b); err == nil {
			p = readPacket(m)
		}
		if p == nil || len(p.vias) == 0 {
			return
		}
		m := Message{Headers: []Header{warning(string(b))}}
		head, body, ok := strings.Cut(string(a.response(flow{}, p, "tag", 400, "Bad Request", "", m)), "\r\n\r\n")
		lines := strings.Split(head, "\r\n")
		if !ok || body != "" || lines[0] != "SIP/2.0 400 Bad Request" {
			t.Fatalf("an answer begins with %q and ends with %q", lines[0], body)
		}
		seen := map[string]bool{}
		for _, line := range lines[1:] {
			name, _, _ := strings.Cut(line, ": ")
			more, known := answerLines[name]
			if !known || seen[name] && !more || strings.ContainsAny(line, "\r\n\x00") {
				t.Fatalf("%q is a line of an answer", line)
			}
			seen[name] = true
		}
		if len(seen) != len(answerLines) {
			t.Fatalf("an answer has only %v", seen)
		}
	})
}
