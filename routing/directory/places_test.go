package directory

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"callbox/routing/area"
	"callbox/sip/location"
)

const oneAccount = "AC00000000000000000000000000000001"

func TestLocationsAndEndpointsOfAFileAreFound(t *testing.T) {
	s := load(t, "testdata/good/everything.yaml", Options{})
	l, ok := s.Location(oneAccount, "home_office")
	if !ok || l.Address.Line() != "1 Molesworth St, Level 2, Wellington, WGN, 6011, NZ" || l.Point == nil || l.Point.Lat != -41.2784 || *l.Point.Alt != 12.5 {
		t.Fatalf("location: %+v", l)
	}
	if p, level := s.ServingLocation(l); p == nil || p.ID != "psap-wellington" || level != area.ByBoundary {
		t.Errorf("served by %+v, %s", p, level)
	}
	p, ok := s.Endpoint(oneAccount, "Joe's_Home_tn")
	if !ok || !p.PIDFLO || p.Callback != "+6448310100" || p.Name != "Joe" || p.Language != "en" || p.LocationID != "home_office" || p.Address != nil {
		t.Errorf("endpoint: %+v", p)
	}
	own, ok := s.Endpoint(oneAccount, "alicePhone0001")
	if !ok || own.Address == nil || own.LocationID != "" {
		t.Fatalf("endpoint with an address of its own: %+v", own)
	}
	if all := s.CalledBackAt("+6448310100"); len(all) != 1 || all[0] != p {
		t.Errorf("with its callback number: %+v", all)
	}
	if all := s.CalledBackAt("+6448310101"); len(all) != 0 {
		t.Errorf("with a callback number of nobody's: %+v", all)
	}
	if p, _ := s.Serving(own.Address); p == nil || p.ID != "psap-wellington" {
		t.Errorf("its address is served by %+v", p)
	}
	n, ok := s.EmergencyNumber("+6448310911")
	if !ok || n.Account.SID != oneAccount || n.Timeout != 300*time.Millisecond || !n.RefuseOn404 || !n.TakeCaller || !n.ForbidInternal ||
		n.Parameters != ParametersTitle || n.URL != "https://where.example.com/locate?x=1" || n.User != "callbox" {
		t.Errorf("emergency number: %+v", n)
	}
	if strings.Contains(fmt.Sprintf("%+v", n), "Callbox-lab") {
		t.Error("its password is printed")
	}
	if a, ok := s.BandwidthAccount("5001232"); !ok || a.SID != oneAccount {
		t.Errorf("account at Bandwidth: %+v", a)
	}
	if _, ok := s.Location(other(oneAccount), "home_office"); ok {
		t.Error("a location was found in another account")
	}
	if d, _ := s.Domain("third.sip.twilio.com"); d.Settings.Provider != ProviderBandwidth || d.Settings.Location.Routing != RouteAsTold ||
		d.Settings.Identity.Sources[0] != SourceAsserted {
		t.Errorf("settings: %+v", d.Settings)
	}
}

func other(account string) string { return strings.Replace(account, "1", "2", 1) }

func TestALocationThatChangesLeavesEarlierSnapshotsAlone(t *testing.T) {
	first := load(t, "testdata/good/everything.yaml", Options{})
	e := first.Edit()
	for i := range 2000 {
		id := fmt.Sprintf("desk%d", i)
		if err := e.PutLocation(LocationRecord{AccountSID: oneAccount, ID: id, Civic: Civic{City: "Wellington", Country: "NZ"}}); err != nil {
			t.Fatal(err)
		}
		if err := e.PutEndpoint(EndpointRecord{AccountSID: oneAccount, ID: id, LocationID: id, Groups: []string{"NG1"}}); err != nil {
			t.Fatal(err)
		}
	}
	e.DeleteLocation(oneAccount, "home_office")
	e.DeleteEndpoint(oneAccount, "alicePhone0001")
	second := e.Snapshot()
	if first.locations.count != 1 || second.locations.count != 2000 || second.endpoints.count != 2001 {
		t.Errorf("%d, %d, %d", first.locations.count, second.locations.count, second.endpoints.count)
	}
	if _, ok := first.Location(oneAccount, "home_office"); !ok {
		t.Error("the first snapshot lost its location")
	}
	if _, ok := second.Location(oneAccount, "home_office"); ok {
		t.Error("the second still has what was deleted")
	}
	l, ok := second.Location(oneAccount, "desk1999")
	if p, _ := second.ServingLocation(l); !ok || p == nil || p.ID != "psap-wellington" {
		t.Errorf("desk1999 is served by %+v", p)
	}
}

func TestAPointThatCannotBeIsRefused(t *testing.T) {
	e := load(t, "testdata/good/everything.yaml", Options{}).Edit()
	err := e.PutLocation(LocationRecord{AccountSID: oneAccount, ID: "x", Point: &location.Point{Lat: -122, Lon: 37}})
	if err == nil || !strings.Contains(err.Error(), "swapped") {
		t.Error(err)
	}
}

func TestWhoIsToldOfAnEndpointIsToldOnce(t *testing.T) {
	e := load(t, "testdata/good/everything.yaml", Options{}).Edit()
	desk, mail := Notification{Kind: NotifyWebhook, To: "https://desk.example.com"}, Notification{Kind: NotifyEmail, To: "a@example.com"}
	if errs := e.SetCustomers(Customers{Groups: []GroupRecord{
		{SID: "NG1", Tell: []Notification{desk, mail}}, {SID: "NG2", Tell: []Notification{mail}},
	}}); len(errs) > 0 {
		t.Fatal(errs)
	}
	if err := e.PutEndpoint(EndpointRecord{AccountSID: oneAccount, ID: "x", Groups: []string{"NG1", "NG2", "NG3"}}); err != nil {
		t.Fatal(err)
	}
	s := e.Snapshot()
	p, _ := s.Endpoint(oneAccount, "x")
	if told := s.Told(p); len(told) != 2 || told[0].To != desk.To || told[1].To != mail.To {
		t.Errorf("%+v", told)
	}
}

func TestPlacesAreFoundWithoutAllocating(t *testing.T) {
	s := load(t, "testdata/good/everything.yaml", Options{})
	if n := testing.AllocsPerRun(100, func() {
		s.Location(oneAccount, "home_office")
		s.Endpoint(oneAccount, "Joe's_Home_tn")
		s.EmergencyNumber("+6448310911")
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAPointCountsBeforeTheAddress(t *testing.T) {
	s := Lab(netip.AddrPort{})
	campus, ok := s.Location("AC00000000000000000000000000000911", "mainCampus")
	if !ok || campus.Status != Valid || campus.Address.ESN() != "2301" {
		t.Fatalf("mainCampus: %+v", campus)
	}
	if p, level := s.ServingLocation(campus); p == nil || p.ID != "psap-raleigh" || level != area.ByBoundary {
		t.Errorf("served by %+v, %s", p, level)
	}
	elm, ok := s.Location("AC00000000000000000000000000000911", "elmStreet100")
	if p, level := s.ServingLocation(elm); !ok || p == nil || p.ID != "psap-raleigh" || level != area.ByESN {
		t.Errorf("elmStreet100 is served by %+v, %s", p, level)
	}
	e := s.Edit()
	if err := e.PutLocation(LocationRecord{
		AccountSID: oneAccount, ID: "x", Civic: Civic{City: "New York", State: "NY", Country: "US"}, Point: campus.Point,
	}); err != nil {
		t.Fatal(err)
	}
	moved, _ := e.Snapshot().Location(oneAccount, "x")
	if p, _ := s.ServingLocation(moved); p == nil || p.ID != "psap-raleigh" {
		t.Errorf("a point in Raleigh with an address in New York is served by %+v", p)
	}
}

func TestTheNumbersStandBehindTheQueryOfAWebService(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"https://h/x": "https://h/x?", "https://h/x?": "https://h/x?", "https://h/x?a=1": "https://h/x?a=1&", "https://h/x?a=1&": "https://h/x?a=1&",
		"https://h/x#y?z": "https://h/x?",
	} {
		if got := AskURL(base, ParametersLower, "+1", "+2"); got != want+"to=%2B1&from=%2B2" {
			t.Errorf("%s: got %s", base, got)
		}
		if got := AskURL(base, ParametersTitle, "+1", "+2"); got != want+"To=%2B1&From=%2B2" {
			t.Errorf("%s: got %s", base, got)
		}
	}
}
