package directory

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHowACentreIsCalled(t *testing.T) {
	t.Parallel()
	src := `accounts: [{sid: AC00000000000000000000000000000001}]
psaps:
  - {id: legacy, uri: "sip:a@192.0.2.1"}
  - {id: said, uri: "sip:a@192.0.2.1", delivery: legacy}
  - {id: usual, uri: "sip:a@192.0.2.1", delivery: ng911}
  - {id: own, uri: "sip:a@192.0.2.1", delivery: ng911, ng911: {request_uri: centre, resource_priority: esnet.0, additional_data: reference}}
  - {id: bare, uri: "sip:a@192.0.2.1", delivery: ng911, ng911: {resource_priority: "", additional_data: none}}
`
	f, problems := Parse("ng.yaml", []byte(src), Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	s, err := f.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]NG911{}
	for _, p := range s.PSAPs() {
		got[p.ID] = p.NG
	}
	want := map[string]NG911{
		"legacy": {}, "said": {}, "usual": {On: true, Priority: "esnet.1"},
		"own":  {On: true, RequestURI: RequestCentre, Priority: "esnet.0", Data: DataByReference},
		"bare": {On: true, Data: DataNone},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
