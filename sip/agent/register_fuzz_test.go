package agent

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// FuzzContact holds that what is read of a Contact says, written again, the same, and cannot end a line or a bracket.
func FuzzContact(f *testing.F) {
	for _, s := range []string{
		`"A, B" <sip:a@h;x=1?y=z>;q=0.7;expires=60;+sip.instance="<urn:uuid:1>";reg-id=1, sip:b@h;expires=0`, "*", "*, *", "<sip:a@[::1]:1>;Q=1.000;EXPIRES=99999999999999999999",
		"tel:+1;q=0", `<sip:a@h>;+sip.instance="\"";expires="1"`, "<sip:a@h>;reg-id=-1;q=.5;q=1", ",,<sip:a@h>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		contacts, star, fl := parseContacts([]string{clean(s)})
		if fl != nil {
			return
		}
		if len(contacts) > maxContacts || star && len(contacts) > 0 {
			t.Fatalf("%q: %d contacts, star %v", s, len(contacts), star)
		}
		for _, c := range contacts {
			if c.Q < 0 || c.Q > 1000 || c.Expires < -1 || c.RegID < 0 {
				t.Fatalf("%q is read as %+v", s, c)
			}
			again, _, fl := parseContacts([]string{c.String()})
			if fl != nil || len(again) != 1 {
				t.Fatalf("%q is written as %q, which is not read: %v", s, c, fl)
			}
			if d := cmp.Diff(c, again[0]); d != "" {
				t.Fatalf("%q is written as %q: %s", s, c, d)
			}
		}
	})
}

// FuzzCredentials holds that no credentials but right ones prove anything, and that a proof says who it is of.
func FuzzCredentials(f *testing.F) {
	n := newNonces(0)
	nonce := n.make(time.Now(), loopback(1))
	for _, s := range []string{
		`Digest username="alice", realm="lab", nonce="` + nonce + `", uri="sip:lab", response="00", qop=auth, nc=00000001, cnonce="c", algorithm=SHA-256`,
		`Digest username="alice",realm="lab",nonce="` + nonce + `",uri="sip:lab",response=""`, "Basic x", "Digest ", `digest username="\`, `Digest nc=zz, nc=1, qop="auth,auth-int"`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, flaw := newProof(n, Algorithms(), "REGISTER", loopback(1), []Header{{"Authorization", clean(s)}})
		if (p == nil) == (flaw == "") {
			t.Fatalf("%q: proof %v, flaw %q", s, p != nil, flaw)
		}
		if p == nil {
			return
		}
		if p.Username() == "" || p.Verify("lab", "", "") || proves(p, "alice", "lab", "a password that nobody was told") {
			t.Fatalf("%q proves something", s)
		}
	})
}
