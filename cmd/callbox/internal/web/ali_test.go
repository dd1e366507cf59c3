package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"callbox/psap/ali"
)

// wholeScreen is a record with something in every field.
func wholeScreen(at time.Time) ali.Screen {
	height := 31.0
	return ali.Screen{
		Number: "+14155550100", PANI: "+14155119001", Class: ali.ClassVoIP, At: at, Company: "CBOX", Name: "x", HouseNumber: "645", HouseSuffix: "A",
		PreDirectional: "N", Street: "Harrison", StreetSuffix: "ST", PostDirectional: "SW", Location: "FL 2", Community: "San Francisco", State: "CA",
		PostalCode: "94105", Country: "US", ESN: "2101", Police: "p", Fire: "f", EMS: "e", PSAP: "psap-sf", Call: wholeCall, Calls: 1,
		Point: &ali.Point{Lat: 1.5, Lon: -2.5, Altitude: &height, Uncertainty: 50, Confidence: 95},
	}
}

func TestAScreenComesInTheFormThatIsAskedFor(t *testing.T) {
	t.Parallel()
	e := &edge{screens: ali.NewBook(ali.BookOptions{})}
	e.screens.Put(wholeScreen(noon))
	for _, path := range []string{"/api/v1/ali/+14155550100", "/api/v1/ali/4155550100", "/api/v1/ali/%2B14155119001", "/api/v1/calls/" + wholeCall + "/ali"} {
		for _, tt := range []struct {
			query, accept, kind, begins string
		}{
			{"", "", "text/plain; charset=us-ascii", "(415) 555-0100  VOIP 11/21 12:00\nP# (415) 511-9001      CO=CBOX"},
			{"?format=text", "application/json", "text/plain; charset=us-ascii", "(415)"},
			{"?format=json", "", "application/json", `{"number":"+14155550100","pani":"+14155119001",`},
			{"", "text/html, application/json;q=0.9", "application/json", `{"number":`},
		} {
			w := e.ask(request{path: path + tt.query, header: http.Header{"Accept": {tt.accept}}})
			if w.Code != 200 || w.Header().Get("Content-Type") != tt.kind || !strings.HasPrefix(w.Body.String(), tt.begins) {
				t.Errorf("%s%s, Accept %q: %d %s %.80s", path, tt.query, tt.accept, w.Code, w.Header().Get("Content-Type"), w.Body)
			}
		}
	}
	if got := get[ali.Screen](t, e, "/api/v1/ali/+14155550100?format=json"); got.Call != wholeCall || got.Calls != 1 || got.Point == nil {
		t.Errorf("read back: %+v", got)
	}
	refused(t, e.ask(request{path: "/api/v1/ali/+14155550199"}), 404)
	refused(t, e.ask(request{path: "/api/v1/ali/x"}), 422)
	refused(t, e.ask(request{path: "/api/v1/ali/+14155550100", from: "192.0.2.7:4"}), 401)
	if w := e.ask(request{path: "/api/v1/ali/+14155550100", from: "192.0.2.7:4", user: account, password: reading}); w.Code != 200 {
		t.Errorf("who may read is answered %d", w.Code)
	}
}
