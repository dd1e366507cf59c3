package app

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"callbox/psap/ali"
	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/call"
	"callbox/sip/location"
)

// deskClock is when the screens of tests are made.
var deskClock = time.Date(2026, 11, 21, 16, 40, 0, 0, time.UTC)

// desk returns screens over the lab, whose centre psap-sf has two pANIs for callers without a number, and psap-nyc one for
// all; and its log.
func desk(t *testing.T) (*screens, *bytes.Buffer) {
	t.Helper()
	const more = `
psaps:
  - {id: psap-sf, uri: sip:psap-sf@sim, pani: {numbers: ["+14155119001-+14155119002"]}}
  - {id: psap-nyc, uri: sip:psap-nyc@sim, pani: {numbers: ["+12125119001"], always: true}}
  - {id: psap-raleigh, uri: sip:psap-raleigh@sim}
accounts: [{sid: AC00000000000000000000000000000911}]
esns:
  - {esn: "2101", police: San Francisco Police, fire: San Francisco Fire, ems: SF EMS}
  - {esn: "2301", police: Raleigh Police}
`
	s, problems := directory.Load("x.yaml", []byte(more), directory.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var log bytes.Buffer
	return &screens{
		book: ali.NewBook(ali.BookOptions{}), snapshot: func() *directory.Snapshot { return s }, company: "CBOX",
		now: func() time.Time { return deskClock }, log: zerolog.New(&log),
	}, &log
}

// toRing is a legacy centre that is delivered number and address.
func toRing(id string) *routing.Target {
	return &routing.Target{ID: id, Deliver: directory.Delivery{Number: true, Address: true}}
}

// shownCase is a call and the screen that a centre has of it.
type shownCase struct {
	caller routing.Caller
	place  routing.Place
	trunk  bool
	static ali.Class
	want   ali.Screen
}

func TestAScreenShowsWhatTheDecisionKnows(t *testing.T) {
	t.Parallel()
	raleigh := directory.Civic{Customer: "Somebody Else", Street: "100 Elm Street", Secondary: "Floor 2", City: "Raleigh", State: "NC", PostalCode: "27601", Country: "US"}
	address, err := directory.MakeAddress(directory.AddressRecord{Civic: raleigh, ESN: "2301"})
	if err != nil {
		t.Fatal(err)
	}
	point := &location.Point{Lat: 35.7796, Lon: -78.6382}
	elm := ali.Screen{
		HouseNumber: "100", Street: "Elm", StreetSuffix: "ST", Location: "FL 2", Community: "Raleigh", State: "NC", PostalCode: "27601", Country: "US",
		ESN: "2301", Police: "Raleigh Police", Name: "Somebody Else",
	}
	with := func(s ali.Screen, f func(*ali.Screen)) ali.Screen { f(&s); return s }
	for name, tt := range map[string]shownCase{
		"a number's address on a domain": {
			place: routing.Place{By: routing.PlaceAddress, Address: address}, want: with(elm, func(s *ali.Screen) { s.Class = "VOIP" })},
		"and on a trunk": {
			place: routing.Place{By: routing.PlaceAddress, Address: address}, trunk: true, want: with(elm, func(s *ali.Screen) { s.Class = "VENT" })},
		"and where a class is set": {
			place: routing.Place{By: routing.PlaceAddress, Address: address}, trunk: true, static: "BUSN", want: with(elm, func(s *ali.Screen) { s.Class = "BUSN" })},
		"an endpoint's, by its name": {
			caller: routing.Caller{Name: "Alice", Endpoint: &directory.Endpoint{}},
			place:  routing.Place{By: routing.PlaceEndpoint, Address: address}, trunk: true,
			want: with(elm, func(s *ali.Screen) { s.Class, s.Name = "VOIP", "Alice" })},
		"a location named by a hook, with a point in it": {
			place: routing.Place{By: routing.PlaceHook, Address: address, Point: point, Uncertainty: 50},
			want: with(elm, func(s *ali.Screen) {
				s.Class, s.Point = "VMBL", &ali.Point{Lat: 35.7796, Lon: -78.6382, Uncertainty: 50, Confidence: 95}
			})},
		"a location named by the call": {
			place: routing.Place{By: routing.PlaceID, Address: address}, want: with(elm, func(s *ali.Screen) { s.Class = "VNOM" })},
		"a point alone, with the nearest address": {
			place: routing.Place{By: routing.PlaceValue, Point: point, Nearest: &routing.Nearest{Civic: raleigh, Metres: 34.6}, Value: &location.Location{}},
			want: with(elm, func(s *ali.Screen) {
				s.Class, s.Name, s.Location = "VMBL", "", "FL 2, nearest known address, 35 m away"
				s.Point = &ali.Point{Lat: 35.7796, Lon: -78.6382}
			})},
		"an address in the call, by its own elements": {
			place: routing.Place{By: routing.PlaceValue, Civic: &raleigh, Value: &location.Location{Civic: &location.Civic{
				Country: "US", A1: "NC", A3: "Raleigh", HNO: "100", PRD: "West", RD: "Elm", STS: "Street", FLR: "2", ROOM: "4", PC: "27601",
			}}},
			want: with(elm, func(s *ali.Screen) {
				s.Class, s.Name, s.PreDirectional, s.Location = "VNOM", "", "W", "FL 2, Room 4"
			})},
	} {
		s, _ := desk(t)
		s.static = tt.static
		tt.caller.Number = "+19195550100"
		d := &routing.Decision{Caller: tt.caller, Place: tt.place, Trunk: tt.trunk}
		if instead, detail := s.Rung(toRing("psap-raleigh"), d, &call.Record{ID: "CA1"}); instead != "" || detail != "" {
			t.Errorf("%s: shown %q, %q", name, instead, detail)
		}
		tt.want.Number, tt.want.PSAP, tt.want.Call, tt.want.Calls = "+19195550100", "psap-raleigh", "CA1", 1
		tt.want.At, tt.want.Company = deskClock, "CBOX"
		got, _ := s.book.Find("+19195550100")
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestACentreThatIsToldNothingOrAllHasNoScreen(t *testing.T) {
	t.Parallel()
	s, _ := desk(t)
	d := &routing.Decision{Caller: routing.Caller{Number: "+14155550101"}, Place: routing.Place{By: routing.PlaceAddress}}
	for name, target := range map[string]routing.Target{
		"Basic 911":                 {ID: "psap-raleigh"},
		"no address":                {ID: "ecc-us", Deliver: directory.Delivery{Number: true}},
		"a next-generation centre":  {ID: "psap-nyc", Deliver: directory.Delivery{Number: true, Address: true}, NG: &directory.NG911{On: true}},
		"a centre that has left us": {ID: "psap-gone", Deliver: directory.Delivery{Number: true}},
	} {
		if instead, detail := s.Rung(&target, d, &call.Record{ID: "CA1", Caller: "+14155550101"}); instead != "" || detail != "" {
			t.Errorf("%s: shown %q, %q", name, instead, detail)
		}
		if got, ok := s.book.OfCall("CA1"); ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestACentreIsShownAPANIWhereItNeedsOne(t *testing.T) {
	t.Parallel()
	s, log := desk(t)
	ring := func(id call.ID, centre, number string) (instead, detail string) {
		return s.Rung(toRing(centre), &routing.Decision{Caller: routing.Caller{Number: number}}, &call.Record{ID: id, Caller: number})
	}
	for _, tt := range []struct {
		call                   call.ID
		centre, number         string
		instead, detail, known string
	}{
		{"CA1", "psap-sf", "+14155550100", "", "", "+14155550100"},
		{"CA2", "psap-sf", "", "+14155119001", "psap-sf is shown the pANI +14155119001", "+14155119001"},
		{"CA2", "psap-sf", "", "+14155119001", "psap-sf is shown the pANI +14155119001", "+14155119001"},
		{"CA2", "psap-nyc", "", "+12125119001", "psap-nyc is shown the pANI +12125119001", "+12125119001"},
		{"CA3", "psap-nyc", "+12125550100", "", "every pANI of psap-nyc is in use: it is shown +12125550100", "+12125550100"},
		{"CA3", "psap-sf", "", "+14155119002", "psap-sf is shown the pANI +14155119002", "+14155119002"},
		{"CA4", "psap-sf", "", "", "every pANI of psap-sf is in use, and the caller has no number: the centre is shown none", ""},
	} {
		instead, detail := ring(tt.call, tt.centre, tt.number)
		if instead != tt.instead || detail != tt.detail {
			t.Errorf("%s at %s: shown %q, %q, want %q, %q", tt.call, tt.centre, instead, detail, tt.instead, tt.detail)
		}
		if tt.known == "" {
			continue
		}
		if got, ok := s.book.Find(tt.known); !ok || got.Call != string(tt.call) || got.PANI != tt.instead {
			t.Errorf("by %s: %+v, %v", tt.known, got, ok)
		}
	}
	if n := strings.Count(log.String(), "too few pANIs"); n != 2 {
		t.Errorf("%d warnings, want 2: %s", n, log)
	}
	watchers{nil, s}.screens.book.End("CA2")
	if instead, detail := ring("CA5", "psap-nyc", "+12125550101"); instead != "+12125119001" || !strings.Contains(detail, "rest") {
		t.Errorf("right after its call: %q, %q", instead, detail)
	}
}

func TestAnALILinkAnswersAsTheEdgeIsUp(t *testing.T) {
	t.Parallel()
	s := lab(t)
	s.options.ALI.Listen = netip.MustParseAddrPort("127.0.0.1:0")
	a := start(t, s)
	a.screens.book.Put(ali.Screen{Call: "CA1", Number: "+14155550100"})
	if status, body := a.ask(t, "GET", "/api/v1/ali/+14155550100"); status != 200 || !strings.HasPrefix(body, "(415) 555-0100") {
		t.Errorf("%d %s", status, body)
	}
	if _, body := a.ask(t, "GET", "/metrics"); !strings.Contains(body, "callbox_ali_records 1\n") || !strings.Contains(body, "callbox_ali_connections 0\n") {
		t.Errorf("metrics: %s", body)
	}
}
