package systest

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callbox/sip/call"
)

// wherefrom is what explain and a call's record both tell of a caller's place.
type wherefrom struct {
	Verdict        string      `json:"verdict"`
	Caller         string      `json:"caller"`
	Endpoint       string      `json:"endpoint"`
	CallerName     string      `json:"caller_name"`
	CallbackNumber string      `json:"callback_number"`
	Address        string      `json:"address"`
	Place          *call.Place `json:"place"`
	Trace          []call.Step `json:"trace"`
}

// TestExplainForetellsWhereACallIsFrom asks the command and the API, then makes the call: all three tell the same.
func TestExplainForetellsWhereACallIsFrom(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	for _, dialled := range []string{"911", "933"} {
		stdout, stderr, code := command(t, "explain", "-o", "json", "--aeui", "alicePhone0001", "--to", dialled)
		if code != 0 {
			t.Fatalf("code %d: %s", code, stderr)
		}
		var asked, posted wherefrom
		if err := json.Unmarshal([]byte(stdout), &asked); err != nil {
			t.Fatal(err)
		}
		resp := l.post(t, "/api/v1/explain", map[string]string{"aeui": "alicePhone0001", "to": dialled}, http.StatusOK)
		if err := json.Unmarshal(resp, &posted); err != nil {
			t.Fatal(err)
		}
		if asked.Endpoint != "alicePhone0001" || asked.CallbackNumber != "+19195550100" || asked.Place == nil || asked.Place.LocationID != "mainCampus" || asked.Place.Lat == nil {
			t.Errorf("%s: %+v", dialled, asked)
		}
		if diff := cmp.Diff(asked, posted); diff != "" {
			t.Errorf("%s: the API tells otherwise (-command +API):\n%s", dialled, diff)
		}
		p := phone(t, 0, dialled, "--from", "alicePhone0001", "--domain", bandwidthHost, "--edge", l.sip(), "--duration", "200ms")
		r := l.record(t, p.CallID)
		made := wherefrom{r.Verdict, r.Caller, r.Endpoint, r.CallerName, r.CallbackNumber, r.Address, r.Place, r.Trace}
		if diff := cmp.Diff(asked, made); diff != "" {
			t.Errorf("%s: the call went otherwise (-explain +call):\n%s", dialled, diff)
		}
	}
}
