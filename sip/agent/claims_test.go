package agent

import (
	"fmt"
	"strings"
	"testing"
)

func TestClaimsAreReadAsTheirHeaderFieldsHaveThem(t *testing.T) {
	t.Parallel()
	const pai, rpid, ppi, div = "P-Asserted-Identity", "Remote-Party-ID", "P-Preferred-Identity", "Diversion"
	for _, r := range []struct {
		name string
		in   []Header
		want string
	}{
		{"none", []Header{{"Subject", "x"}}, ""},
		{"an addr-spec", []Header{{pai, "sip:+14155550100@pbx.example"}}, "P-Asserted-Identity sip +14155550100 pbx.example"},
		{"a name-addr", []Header{{pai, `"Desk, \"1\" <x>" <sip:+14155550100@pbx.example;user=phone>`}}, "P-Asserted-Identity sip +14155550100 pbx.example"},
		{"a name in another case", []Header{{"p-asserted-identity", "<sip:a@b>"}}, "P-Asserted-Identity sip a b"},
		{"two values of one field", []Header{{pai, `"A, B" <sip:a@b>, <tel:+14155550100>`}}, "P-Asserted-Identity sip a b|P-Asserted-Identity tel +14155550100 "},
		{"two fields", []Header{{pai, "<sip:a@b>"}, {pai, "<tel:+1-415-555-0100;x=y>"}}, "P-Asserted-Identity sip a b|P-Asserted-Identity tel +1-415-555-0100 "},
		{"an escaped plus", []Header{{ppi, "<sip:%2B14155550100@b>"}}, "P-Preferred-Identity sip +14155550100 b"},
		{"a calling party", []Header{{rpid, `"A" <sip:a@b>;party=calling;id-type=subscriber;privacy=full;screen=yes`}}, "Remote-Party-ID sip a b"},
		{"a party that is not named", []Header{{rpid, "<sip:a@b>;screen=yes"}}, "Remote-Party-ID sip a b"},
		{"a called party", []Header{{rpid, `<sip:a@b>;party="called"`}, {rpid, "<sip:c@b>;party=CALLING"}}, "Remote-Party-ID sip c b"},
		{"a diversion", []Header{{div, `<sip:a@b>;reason=unconditional;counter=1, <sip:c@b>;reason="no, answer"`}}, "Diversion sip a b|Diversion sip c b"},
		{"what cannot be read is left out", []Header{{pai, `<sip:a@b, "x" sip:b@c, <http://x>, , <sip:c@d>`}, {pai, "<sip:d@e>"}}, "P-Asserted-Identity sip c d|P-Asserted-Identity sip d e"},
		{"a foreign scheme is left out", []Header{{pai, "<http://x>, <sip:c@d>"}}, "P-Asserted-Identity sip c d"},
		{"more than a few are left out", []Header{{pai, strings.Repeat("<sip:a@b>,", 9)}}, strings.TrimSuffix(strings.Repeat("P-Asserted-Identity sip a b|", maxClaims), "|")},
		{"an endless one is left out", []Header{{pai, "<sip:" + strings.Repeat("a", longestClaims) + "@b>"}}, ""},
	} {
		var got []string
		for _, c := range (Message{Headers: r.in}).Claims() {
			got = append(got, fmt.Sprintf("%s %s %s %s", c.Header, c.Scheme, c.User, c.Host))
		}
		if s := strings.Join(got, "|"); s != r.want {
			t.Errorf("%s:\n got %s\nwant %s", r.name, s, r.want)
		}
	}
}

func FuzzClaims(f *testing.F) {
	for _, s := range []string{
		`"Desk, \"1\"" <sip:+14155550100@pbx.example;user=phone>, <tel:+1-415-555-0100>`, `<sip:a@b>;party=calling;screen="yes`, "<sip:a@b", `"`, ",,,",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var m Message
		for _, name := range claimHeaders {
			m.Headers = append(m.Headers, Header{name, s})
		}
		got := m.Claims()
		if len(got) > maxClaims*len(claimHeaders) {
			t.Errorf("%d claims", len(got))
		}
		for _, c := range got {
			if c.Scheme == "" || strings.ContainsAny(c.Host, " <>\"\r\n") {
				t.Errorf("%q gives %+v", s, c)
			}
		}
	})
}
