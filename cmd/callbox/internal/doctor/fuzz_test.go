package doctor

import (
	"strings"
	"testing"

	"callbox/sip/agent"
)

// FuzzJudge takes what a stranger writes into an INVITE through reading, judging and reporting.
func FuzzJudge(f *testing.F) {
	f.Add("9911", "alice", `"HQ" <sip:%2B14155550100@x;a=b>`, "30;refresher=uac", "timer, 100rel", "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/SAVP 18 8\r\na=crypto:1 x\r\n")
	f.Add("4155551234", "011442079460100", "tel:+1415", "x", "", "")
	f.Add("\x1b[911", strings.Repeat("a", 5000), "", "", "", "")
	f.Add("+1911", "\x1b[31m", "<>", "99999999999999999999", ",,,", "v=0")
	f.Fuzz(func(t *testing.T, dialled, from, pai, session, require, body string) {
		m := agent.Message{ContentType: "application/sdp", Body: []byte(body)}.With("Require", require)
		claimed := asserted(agent.Message{}.With("P-Asserted-Identity", pai))
		w := Wanted{Dialled: []string{"933", "911"}, Country: "US", User: "pbx"}
		for _, w.Secure = range []bool{false, true} {
			c := Call{Dialled: dialled, From: from, Asserted: claimed, Session: session, Require: tags(m, "Require")}
			c.Offer, c.Flaw = readOffer(w.Secure, m)
			c.Answered = true
			r := NewReport(w, Seen{Calls: []Call{c}})
			var text strings.Builder
			if err := r.Text(&text); err != nil {
				t.Fatal(err)
			}
			if strings.ContainsAny(text.String(), "\x1b\x00\x07\x7f\r") {
				t.Fatalf("control characters in %q", text.String())
			}
			for _, c := range r.Checks {
				if len(c.Saw) > 2000 || len(c.Mend) > 2000 {
					t.Fatalf("%d and %d bytes of one check", len(c.Saw), len(c.Mend))
				}
				if c.State == Wrong && c.Mend == "" || c.State == "" {
					t.Fatalf("%+v", c)
				}
			}
		}
	})
}
