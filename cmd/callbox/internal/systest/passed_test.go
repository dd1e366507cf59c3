package systest

import (
	"strings"
	"testing"
	"time"
)

// TestListedHeadersComeToEveryCentreAsTheCallerSentThem goes by way of a legacy centre, a next-generation one and overflow
// to the emergency call center.
func TestListedHeadersComeToEveryCentreAsTheCallerSentThem(t *testing.T) {
	t.Parallel()
	first, over := startCentre(t, centre{scenario: "uas_busy.xml"}), startCentre(t, centre{scenario: "uas_busy.xml"})
	ecc := startCentre(t, centre{scenario: "uas_answer.xml"})
	l := startLab(t, settings{pass: "[X-FLOOR, User-to-User]", directory: directoryOf(t, target{id: "psap-first", uri: first.uri()},
		target{id: "psap-over", uri: over.uri(), ng: "{}"}, target{id: "ecc-us", uri: ecc.uri()})})
	phone := l.place(t, caller{scenario: "located.xml", to: "911", hold: 200 * time.Millisecond})
	_, id := phone.finish(t).answer()
	sent := invites(t, phone)[0]
	for name, s := range map[string]*sipp{"psap-first": first, "psap-over": over, "ecc-us": ecc} {
		got := invites(t, s)[0]
		for _, h := range []string{"X-Floor", "x-floor", "User-to-User"} {
			want, have := fieldsOf(sent, h), fieldsOf(got, h)
			if len(want) != 1 || strings.Join(want, "|") != strings.Join(have, "|") {
				t.Errorf("%s: %s: sent %q, got %q", name, h, want, have)
			}
		}
		if strings.Contains(got, "X-Of-The-Network") {
			t.Errorf("%s: what is not listed passes:\n%s", name, got)
		}
	}
	if r := l.record(t, id); r.AnsweredBy != "ecc-us" || len(r.Attempts) != 3 {
		t.Errorf("answered by %s after %d", r.AnsweredBy, len(r.Attempts))
	}
}
