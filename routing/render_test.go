package routing

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"callbox/routing/directory"
	"callbox/sip/location"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files")

// golden compares got with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

func TestADecisionReadsWell(t *testing.T) {
	s := directory.Lab(netip.AddrPort{})
	challenge := request("+14155550100", "911", hostPhones)
	challenge.Proof = nil
	urn := request("+33155500100", "service:sos.police", hostLab)
	urn.Scheme = "urn"
	raleigh := location.NewCircle(location.Point{Lat: 35.7796, Lon: -78.6382}, 30)
	point := request("+14155550100", "911", hostLab)
	point.Locations = []location.Location{{Shape: &raleigh, Method: "GPS"}}
	seattle := location.NewCircle(location.Point{Lat: 47.6205, Lon: -122.3493}, 0)
	next := point
	next.Locations = []location.Location{{Shape: &seattle}}
	asking := request("+14155550177", "+19195550911", hostLab)
	asked, late := asking, asking
	asked.Replies = []Reply{{
		Status: 200, Elapsed: 12300 * time.Microsecond, Body: []byte(`{"aeui": "alicePhone0001", "location_id": "elmStreet100"}`),
		AEUI: "alicePhone0001", LocationID: "elmStreet100",
	}}
	late.Replies = []Reply{{Elapsed: 450 * time.Millisecond, Err: "no complete answer within 450ms: answer sooner"}}
	rows := []struct {
		file   string
		health Health
		req    Request
	}{
		{"psap", nil, request("+14155550100", "911", hostLab)},
		{"overflow", down("psap-sf"), request("+14155550101", "911", hostTrunk)},
		{"fee", nil, request("+14155550102", "911", hostLab)},
		{"replaced", nil, request("+19995550199", "911", "store.sip.dublin.twilio.com")},
		{"test", nil, request("+12125550100", "933", hostLab)},
		{"urn", nil, urn},
		{"refused", nil, request("+19995550199", "911", hostLab)},
		{"unknown_host", nil, request("+14155550100", "911", "example.org")},
		{"challenge", nil, challenge},
		{"endpoint", nil, request("alicePhone0001", "911", "lab.emergency.bandwidth.com")},
		{"point", nil, point},
		{"ng911", nil, next},
		{"ask", nil, asking},
		{"hook", nil, asked},
		{"hook_late", nil, late},
	}
	for _, r := range rows {
		t.Run(r.file, func(t *testing.T) {
			golden(t, r.file+".txt", Text(Decide(s, r.health, r.req)))
		})
	}
}
