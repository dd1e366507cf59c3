package systest

import (
	"strings"
	"testing"
	"time"

	"callbox/sip/call"
)

// An endpoint says in P-Asserted-Identity who calls, whatever From has, and in Geolocation from where: by the ID of a location
// of the account, or by value.
func TestAnEndpointsPBXSaysWhereItIs(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	dial := func(scenario, to string) call.Record {
		t.Helper()
		_, id := l.call(t, caller{scenario: scenario, from: "sip:reception@pbx.example", to: to, domain: bandwidthHost, hold: 200 * time.Millisecond}).answer()
		return l.record(t, id)
	}
	for _, tt := range []struct{ scenario, to, verdict, centre, saw string }{
		{"endpoint.xml", "911", "psap", "psap-raleigh", "location elmStreet100"},
		{"endpoint.xml", "933", "test", "test-service", "location elmStreet100"},
		{"endpoint_value.xml", "911", "psap", "psap-seattle", "47.62050, -122.34930"},
	} {
		r := dial(tt.scenario, tt.to)
		if r.Verdict != tt.verdict || r.AnsweredBy != tt.centre || r.Endpoint != "alicePhone0001" {
			t.Errorf("%s to %s: verdict %s, %s answered for %q\n%+v", tt.scenario, tt.to, r.Verdict, r.AnsweredBy, r.Endpoint, r.Trace)
		}
		var where string
		for _, s := range r.Trace {
			if s.Name == "location" {
				where = s.Saw
			}
		}
		if !strings.Contains(where, tt.saw) {
			t.Errorf("%s to %s: the location is %q, want %q", tt.scenario, tt.to, where, tt.saw)
		}
		if tt.scenario == "endpoint.xml" {
			l.shown(t, r.ID, "Alice", "+19195550100", "100 Elm St", "Raleigh")
		} else {
			l.shown(t, r.ID, "Alice", "+19195550100", "47.6205", "-122.3493", "cid:here@pbx.example", "https://lis.example/here")
		}
	}
}
