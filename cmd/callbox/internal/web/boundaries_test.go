package web

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/area"
)

func TestBoundariesAreServedInTheFormThatADirectoryTakes(t *testing.T) {
	t.Parallel()
	e := &edge{}
	w := e.ask(request{path: "/api/v1/boundaries"})
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/geo+json" {
		t.Fatalf("%d %s", w.Code, w.Header())
	}
	list, problems := area.ReadBoundaries("answer", w.Body.Bytes())
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, b := range list {
		got = append(got, b.Centre+" "+b.Name)
	}
	for _, b := range area.LabBoundaries() {
		want = append(want, b.Centre+" "+b.Name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(area.LabBoundaries()[4].Shape, list[4].Shape); diff != "" {
		t.Error(diff)
	}
	w = e.ask(request{path: "/api/v1/psaps/psap-cork/boundary"})
	const cork = `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"psap":"psap-cork","name":"Cork"},` +
		`"geometry":{"type":"MultiPolygon","coordinates":[[[[-8.64,51.86],[-8.52,51.84],[-8.39,51.86],[-8.36,51.91],[-8.45,51.95],[-8.58,51.95],[-8.65,51.91],[-8.64,51.86]]]]}}]}`
	if w.Code != 200 || w.Body.String() != cork {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w = e.ask(request{path: "/api/v1/psaps/ecc-us/boundary"}); w.Code != 404 || !strings.Contains(w.Body.String(), "no service boundary of a call centre ecc-us is in the directory") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
