package systest

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// areas is a GeoJSON file in which a centre west of a meridian and one east of it serve a degree each.
func areas(meridian int, west, east string) string {
	var b strings.Builder
	for i, centre := range []string{west, east} {
		w := meridian - 1 + i
		fmt.Fprintf(&b, `{"type": "Feature", "properties": {"psap": %q}, "geometry": {"type": "Polygon", "coordinates": [[[%d, 35], [%d, 35], [%d, 36], [%d, 36], [%d, 35]]]}}`+"\n",
			centre, w, w+1, w+1, w, w)
	}
	return b.String()
}

func TestAPointIsServedByWhoseAreaItIsInEvenAfterAReload(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "areas.geojson")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(areas(-120, "psap-west", "psap-east"))
	text := directoryOf(t, target{id: "psap-west", uri: "sip:psap-west@sim"}, target{id: "psap-east", uri: "sip:psap-east@sim"}, target{id: "ecc-us", uri: "sip:ecc-us@sim"})
	l := startLab(t, settings{directory: "boundaries: [" + file + "]\n" + text})
	served := func(lon float64, want string) {
		t.Helper()
		var d struct {
			Targets []struct{ ID string } `json:"targets"`
		}
		l.ask(t, "/api/v1/explain", map[string]any{"from": "+14155550100", "to": "911", "lat": 35.5, "lon": lon}, &d)
		if len(d.Targets) == 0 || d.Targets[0].ID != want {
			t.Errorf("at 35.5, %v a call goes to %+v, want %s first", lon, d.Targets, want)
		}
	}
	served(-120.5, "psap-west")
	served(-119.5, "psap-east")

	write(strings.Replace(areas(-120, "psap-east", "psap-west"), "[-120, 36]", "[36, -120]", 1))
	status, body := l.request(t, http.MethodPost, "/-/reload")
	if status != http.StatusBadRequest || !strings.Contains(string(body), "longitude and latitude look swapped") || !strings.Contains(string(body), "areas.geojson:1") {
		t.Errorf("POST /-/reload of swapped coordinates: %d %s", status, body)
	}
	served(-119.5, "psap-east")

	write(areas(-120, "psap-east", "psap-west"))
	if status, body := l.request(t, http.MethodPost, "/-/reload"); status != http.StatusOK || !strings.Contains(string(body), "directory") {
		t.Errorf("POST /-/reload: %d %s", status, body)
	}
	served(-120.5, "psap-east")
	served(-119.5, "psap-west")
	if status, body := l.get(t, "/api/v1/psaps/psap-west/boundary"); status != http.StatusOK || !strings.Contains(string(body), `[[[[-120,35],[-119,35],[-119,36],[-120,36],[-120,35]]]]`) {
		t.Errorf("psap-west serves %d %s", status, body)
	}
}
