package routing

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"callbox/routing/directory"
	"callbox/sip/location"
)

// Places in the odd directory's desert: two squares side by side, a hole in the western one.
var (
	west    = location.Point{Lat: 38.2, Lon: -117.201}
	east    = location.Point{Lat: 38.2, Lon: -116.5}
	hole    = location.Point{Lat: 38.5, Lon: -117.5}
	outside = location.Point{Lat: 10, Lon: 10}
)

const (
	toWest = "psap psap-sf,psap-oakland,ecc-us, number and address"
	toEast = "psap psap-nyc,ecc-us, number and address"
)

// here is an INVITE from somewhere, by an endpoint in San Francisco.
func here(change func(*Request), places ...location.Location) func(*Request) {
	return func(r *Request) {
		r.Host, r.From.User, r.Locations = hostBandwidth, "alicePhone0001", places
		if change != nil {
			change(r)
		}
	}
}

func circle(p location.Point, radius float64) location.Location {
	s := location.NewCircle(p, radius)
	return location.Location{Shape: &s, Method: "GPS"}
}

func address(street, city, state, postal, country string) location.Location {
	return location.Location{Civic: &location.Civic{HNO: "350", RD: street, A3: city, A1: state, PC: postal, Country: country, FLR: "3"}}
}

func refs(ids ...string) func(*Request) { return func(r *Request) { r.LocationRefs = ids } }

func TestRule12TheFirstPlaceThatAPSAPServesCounts(t *testing.T) {
	nyc := address("5th Ave", "New York", "NY", "10118", "US")
	both := circle(east, 0)
	both.Civic = nyc.Civic
	outsideCivic := circle(outside, 0)
	outsideCivic.Civic = nyc.Civic
	fault := func(r *Request) { r.LocationFault = "line 3: </tuple> is missing" }
	home := "; location sfOffice of endpoint alicePhone0001 counts: 645 Harrison St, San Francisco, CA 94105, US"
	runRules(t, []ruleRow{
		{"a point", here(nil, circle(west, 0)), toWest, 12, "applied", "the INVITE's point 38.20000, -117.20100 counts (method GPS)"},
		{"and the centre says so", here(nil, circle(east, 0)), toEast, 10, "passed", "psap-nyc serves 38.20000, -116.50000 (by boundary) and is in service"},
		{"a circle within one area", here(nil, circle(east, 100)), toEast, 12, "applied", "38.20000, -116.50000 within 100 m counts"},
		{"a circle over two goes to the larger share", here(nil, circle(location.Point{Lat: 38.2, Lon: -117.001}, 1000)), toWest, 12, "applied", "the PSAP's area has 5"},
		{"a circle whose centre is in a hole", here(nil, circle(hole, 20000)), toWest, 12, "applied", "of where that may be, the largest share"},
		{"the first of two that count", here(nil, circle(east, 0), circle(west, 0)), toEast, 12, "applied", "-116.5"},
		{"the second, where the first does not", here(nil, circle(outside, 0), circle(east, 0)), toEast, 12, "applied", "10.00000, 10.00000 is outside every area; the INVITE's point 38.20000, -116.50000 counts"},
		{"that quotes what cannot be read", here(func(r *Request) { r.LocationFault = `no part has the Content-ID "a@b"` }), centre, 12, "passed", "no part has the Content-ID 'a@b'" + home},
		{"none in a hole", here(nil, circle(hole, 0)), centre, 12, "passed", "38.50000, -117.50000 is outside every area" + home},
		{"a civic address", here(nil, nyc), toEast, 12, "applied", "the INVITE's address 350 5th Ave, Floor 3, New York, NY 10118, US counts (method not said)"},
		{"and the centre says by what", here(nil, nyc), toEast, 10, "passed", "psap-nyc serves 350 5th Ave, Floor 3, New York, NY 10118, US (by state)"},
		{"a point before the address beside it", here(nil, both), toEast, 12, "applied", "the INVITE's point"},
		{"an address where the point beside it is outside", here(nil, outsideCivic), toEast, 12, "applied", "outside every area; the INVITE's address 350 5th Ave"},
		{"no address that nobody serves", here(nil, address("Rue X", "Paris", "", "75008", "FR")), centre, 12, "passed", "no PSAP serves"},
		{"what cannot be read", here(fault), centre, 12, "passed", "the INVITE's location cannot be read: line 3: </tuple> is missing" + home},
		{"what can be, beside it", here(fault, circle(east, 0)), toEast, 12, "applied", "cannot be read: line 3: </tuple> is missing; the INVITE's point"},
		{"a location ID", here(refs("nycOffice")), toEast, 12, "applied", "the INVITE's location nycOffice counts: 350 5th Ave, New York, NY 10118, US"},
		{"a value before an ID", here(refs("nycOffice"), circle(west, 0)), toWest, 12, "applied", "the INVITE's point"},
		{"an ID where the value does not count", here(refs("nycOffice"), circle(hole, 0)), toEast, 12, "applied", "outside every area; the INVITE's location nycOffice counts"},
		{"the second ID, where the first is unknown", here(refs("moon", "nycOffice")), toEast, 12, "applied", "moon is no location of the account; the INVITE's location nycOffice"},
		{"another account's ID", here(refs("another")), centre, 12, "passed", "another is no location of the account" + home},
		{"an ID without a street", here(refs("nowhere")), centre, 12, "passed", "location nowhere does not count, as its address is in no street range" + home},
		{"an ID that nobody serves", here(refs("unserved")), centre, 12, "passed", "no PSAP serves location unserved: 55 Rue Saint-Honoré, 75008 Paris, FR" + home},
		{"933 resolves the same", here(func(r *Request) { r.User = "933" }, circle(east, 0)), "test test-service, number and address", 12, "applied", "the INVITE's point"},
		{"for an endpoint without a place", here(func(r *Request) { r.From.User = "barePhone00001" }, circle(east, 0)), toEast, 12, "applied", "the INVITE's point"},
		{"which has the ECC where that does not count", here(func(r *Request) { r.From.User = "barePhone00001" }, circle(hole, 0)), "ecc ecc-us, number and address", 12, "failed", "outside every area; nothing else is known"},
	})
}

func TestRule12TellsWhoseLocationsCount(t *testing.T) {
	from := func(host, user string, change func(*Request)) func(*Request) {
		return here(func(r *Request) {
			r.Host, r.From.User = host, user
			if change != nil {
				change(r)
			}
		}, circle(east, 0))
	}
	told := func(g GeolocationRouting) func(*Request) { return func(r *Request) { r.Geolocation = g } }
	const sip, basic = "open.sip.twilio.com", "psap psap-nyc,ecc-us, nothing"
	kept := "; the registered address counts: 645 Harrison St, San Francisco, CA 94105, US"
	runRules(t, []ruleRow{
		{"an e911 number's, whoever the provider is", from(sip, "+14155550100", nil), toEast, 12, "applied", "the INVITE's point"},
		{"a basic911 number's, of which nothing is delivered", from(sip, "+14155550101", nil), basic, 12, "applied", "the INVITE's point"},
		{"not that of a number without service", from(sip, "+18005550103", nil), "ecc ecc-us, number", 12, "skipped", "as +18005550103 has neither e911 nor basic911"},
		{"not that of a number without address, which pays", from(sip, "+14155550102", nil), "ecc ecc-us, number, fee 7500 warning 22221", 12, "skipped", "as +14155550102 has no registered address"},
		{"an ID not where another provider is", here(func(r *Request) { r.Host, r.From.User, r.LocationRefs = sip, "+14155550100", []string{"nycOffice"} }), centre, 12, "passed", "location ID nycOffice does not count, as open.sip.twilio.com is not of provider bandwidth" + kept},
		{"not where Geolocation-Routing says no", from(sip, "+14155550100", told(GeolocationRoutingNo)), centre, 12, "passed", "Geolocation-Routing does not let the INVITE's location route" + kept},
		{"where it says yes", from(sip, "+14155550100", told(GeolocationRoutingYes)), toEast, 12, "applied", "the INVITE's point"},
		{"as_told: where it says yes", from(hostTold, "alicePhone0001", told(GeolocationRoutingYes)), toEast, 12, "applied", "the INVITE's point"},
		{"as_told: not where it says nothing", from(hostTold, "alicePhone0001", nil), centre, 12, "passed", "where Geolocation-Routing says yes, which it does not; location sfOffice"},
		{"as_told: not where it says no", from(hostTold, "alicePhone0001", told(GeolocationRoutingNo)), centre, 12, "passed", "Geolocation-Routing does not let"},
		{"never", from(hostNever, "alicePhone0001", told(GeolocationRoutingYes)), centre, 12, "passed", "the settings of never.emergency.bandwidth.com let no INVITE's location route; location sfOffice"},
	})
	d := Decide(odd(t), nil, request("+14155550100", "911", sip))
	if s := step(d, 12); s.Rule != 0 {
		t.Errorf("%+v for a call that says nothing of its place", s)
	}
}

func TestRule12PlaceIsWhatTheCallTakerNeeds(t *testing.T) {
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	point := circle(west, 25)
	point.Timestamp = at
	s := odd(t)
	decide := func(change func(*Request)) Place {
		r := request("alicePhone0001", "911", hostBandwidth)
		change(&r)
		return Decide(s, nil, r).Place
	}
	p := decide(here(nil, point))
	if p.By != PlaceValue || *p.Point != west || p.Uncertainty != 25 || p.Method() != "GPS" || p.Value.Timestamp != at || p.Civic != nil || p.Address != nil {
		t.Errorf("%+v", p)
	}
	if n := p.Nearest; n == nil || n.Civic.Line() != "12 Desert Rd, Tonopah, NV 89049, US" || n.Metres < 80 || n.Metres > 95 || n.Point.Lon != -117.2 {
		t.Errorf("%+v", n)
	}
	if p := decide(here(nil, circle(east, 0))); p.Nearest != nil {
		t.Errorf("%+v is nearest to a point far from it", p.Nearest)
	}
	civic := decide(here(nil, address("5th Ave", "New York", "NY", "10118", "US")))
	if c, ok := civic.Known(); civic.By != PlaceValue || civic.Point != nil || !ok || c.Secondary != "Floor 3" || civic.Nearest != nil {
		t.Errorf("%+v", civic)
	}
	id := decide(here(refs("sfOffice")))
	if c, ok := id.Known(); id.By != PlaceID || id.LocationID != "sfOffice" || id.Point == nil || !ok || c.Street != "645 Harrison St" || id.Value != nil {
		t.Errorf("%+v", id)
	}
}

func TestRule12OneGeolocationErrorAndNoneWhereALocationIsGood(t *testing.T) {
	fault := func(r *Request) { r.LocationFault = "line 3: </tuple> is missing" }
	rows := []struct {
		name   string
		change func(*Request)
		want   string
	}{
		{"none for a good one", here(nil, circle(east, 0)), ""},
		{"none for a good one beside a bad one", here(fault, circle(east, 0)), ""},
		{"none for a good ID beside a bad value", here(refs("nycOffice"), circle(hole, 0)), ""},
		{"none for none", here(nil), ""},
		{"none where it may not route", here(func(r *Request) { r.Geolocation = GeolocationRoutingNo }, circle(outside, 0)), ""},
		{"one that cannot be read", here(fault), "line 3: </tuple> is missing"},
		{"one outside", here(nil, circle(outside, 0), circle(hole, 0)), "10.00000, 10.00000 is outside every area"},
		{"what quotes something", here(func(r *Request) { r.LocationFault = `no part has the Content-ID "a@b"` }), "no part has the Content-ID \"a@b\""},
		{"an unknown ID", here(refs("moon")), "moon is no location of the account"},
		{"of a number", here(func(r *Request) { r.From.User = "+14155550100" }, circle(outside, 0)), "10.00000, 10.00000 is outside every area"},
		{"of a number that pays, if it cannot be read", here(func(r *Request) { fault(r); r.From.User = "+14155550102" }), "line 3: </tuple> is missing"},
	}
	s := odd(t)
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			req := request("alicePhone0001", "911", hostBandwidth)
			r.change(&req)
			if d := Decide(s, nil, req); d.BadLocation != r.want {
				t.Errorf("%q, want %q\n%s", d.BadLocation, r.want, Text(d))
			}
		})
	}
}

func TestRule12APointWithItsNumbersExchangedIsToldSo(t *testing.T) {
	swapped := location.Point{Lat: -73.9857, Lon: 40.7484} // both in range
	const want = "-73.98570, 40.74840 is outside every area: latitude and longitude look swapped, as psap-nyc serves 40.74840, -73.98570"
	s := directory.Lab(netip.AddrPort{})
	req := request("+14155550100", "911", hostLab)
	req.Locations = []location.Location{circle(swapped, 0)}
	if d := Decide(s, nil, req); d.BadLocation != want || !strings.Contains(Text(d), want+"; the registered address counts") {
		t.Errorf("%q\n%s", d.BadLocation, Text(d))
	}
	req = request("+12025550177", "+19195550911", "lab.emergency.bandwidth.com")
	req.Replies = []Reply{said(200, "alicePhone0001", "", func(r *Reply) { r.Point = &swapped })}
	if d := Decide(s, nil, req); !strings.Contains(Text(d), want) {
		t.Errorf("a hook's point:\n%s", Text(d))
	}
}

func TestRule12AHooksPointCountsByItselfOrWithItsLocation(t *testing.T) {
	near := location.Point{Lat: 37.7841, Lon: -122.3964}.Towards(90, 49)
	far := location.Point{Lat: 37.7841, Lon: -122.3964}.Towards(90, 51)
	with := func(p location.Point, id string, radius ...float64) Reply {
		return said(200, "alicePhone0001", id, func(r *Reply) {
			r.Point = &p
			if len(radius) > 0 {
				r.Radius = &radius[0]
			}
		})
	}
	rows := []struct {
		name       string
		reply      Reply
		want, saw  string
		locationID string
		point      bool
	}{
		{"a point alone", with(east, ""), toEast, "the web service's point 38.20000, -116.50000 counts", "", true},
		{"a point outside has the endpoint's place", with(outside, ""), centre, "is outside every area; location sfOffice of endpoint alicePhone0001 counts", "sfOffice", true},
		{"within 50 m both count", with(near, "sfOffice"), centre, "is 49 m (radius 50 m) from its location sfOffice, so both count", "sfOffice", true},
		{"beyond 50 m the point does", with(far, "sfOffice"), centre, "is 51 m (radius 50 m) from its location sfOffice, beyond the radius, so it counts alone", "", true},
		{"a wider radius", with(far, "sfOffice", 60), centre, "(radius 60 m) from its location sfOffice, so both count", "sfOffice", true},
		{"a narrower one", with(near, "sfOffice", 10), centre, "(radius 10 m) from its location sfOffice, beyond", "", true},
		{"none at all", with(near, "sfOffice", 0), centre, "(radius 0 m) from its location sfOffice, beyond", "", true},
		{"far away it routes alone", with(east, "sfOffice"), toEast, "beyond the radius", "", true},
		{"outside, but within a radius, the location routes", with(outside, "sfOffice", 2e7), centre, "so both count", "sfOffice", true},
		{"outside and beyond, the endpoint's place does", with(outside, "nycOffice", 1), centre, "outside every area; location sfOffice", "sfOffice", true},
		{"where nobody knows how far, it routes alone", with(east, "unserved"), toEast, "counts alone, as nobody knows how far its location unserved is", "", true},
	}
	s := odd(t)
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			d := Decide(s, nil, designated("+19195550911", r.reply))
			if got := summary(d); got != r.want {
				t.Errorf("got  %s\nwant %s\n%s", got, r.want, Text(d))
			}
			if saw := step(d, 12).Saw; !strings.Contains(saw, r.saw) {
				t.Errorf("saw %q, want %q", saw, r.saw)
			}
			if p := d.Place; p.LocationID != r.locationID || (p.Address != nil) != (r.locationID != "") || (p.Point != nil) != r.point {
				t.Errorf("%+v", p)
			}
		})
	}
}
