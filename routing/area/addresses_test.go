package area

import (
	"math"
	"math/rand/v2"
	"testing"

	"callbox/sip/location"
)

func TestLabAddressesAreWhereTheirCentreServes(t *testing.T) {
	points, problems := ReadAddresses("lab_addresses.geojson", labAddresses)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	centres := map[string]string{
		"2101": "psap-sf", "2102": "psap-oakland", "2201": "psap-nyc", "2202": "psap-newark", "2301": "psap-raleigh",
		"2401": "psap-seattle", "3101": "psap-ottawa", "3102": "psap-gatineau", "4401": "psap-london", "4402": "psap-manchester",
		"3531": "psap-dublin", "3532": "psap-cork", "6101": "psap-sydney", "6102": "psap-melbourne", "3301": "psap-paris",
		"3302": "psap-versailles", "4901": "psap-berlin", "4902": "psap-potsdam", "4301": "psap-vienna", "4302": "psap-st-poelten",
	}
	b, a, seen := NewBoundaries(LabBoundaries()), NewAddresses(points), map[string]bool{}
	for _, p := range points {
		f := LabGuide().Check(p.Civic)
		if f.Match != Exact {
			t.Errorf("%+v: %s", p.Civic, f.Why)
		}
		if got, _ := b.At(p.Point); got != centres[f.ESN] {
			t.Errorf("%+v of ESN %s is in %q", p.Civic, f.ESN, got)
		}
		if got, ok := a.Geocode(f.Address); !ok || location.Distance(got, p.Point) > 1 {
			t.Errorf("%+v is at %v", f.Address, got)
		}
		seen[f.ESN] = true
	}
	if len(seen) != len(centres) {
		t.Errorf("addresses of %d zones, want %d", len(seen), len(centres))
	}
}

func TestTheNearestAddressIsTheOneThatIs(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	place := func() location.Point {
		switch rng.IntN(3) {
		case 0: // about the antimeridian
			return location.Point{Lat: rng.Float64()*10 - 5, Lon: math.Remainder(175+rng.Float64()*10, 360)}
		case 1: // about the pole
			return location.Point{Lat: 80 + 10*rng.Float64(), Lon: 360*rng.Float64() - 180}
		}
		return location.Point{Lat: 180*rng.Float64() - 90, Lon: 360*rng.Float64() - 180}
	}
	list := make([]AddressPoint, 2000)
	for i := range list {
		list[i] = AddressPoint{Civic{Street: "1 Main St", City: "A", State: "NY", Country: "US"}, place()}
	}
	a := NewAddresses(list)
	for range 2000 {
		p := place()
		want := math.Inf(1)
		for _, x := range a.list {
			want = min(want, location.Distance(p, x.point()))
		}
		_, at, got, ok := a.Nearest(p, math.Inf(1))
		if !ok || got != want || got != location.Distance(p, at) {
			t.Fatalf("%v: %v at %v metres, want %v", p, at, got, want)
		}
		if _, _, _, ok := a.Nearest(p, want/2); ok {
			t.Fatalf("%v: found beyond the limit", p)
		}
	}
	if _, _, _, ok := a.Nearest(location.Point{Lat: math.NaN()}, math.Inf(1)); ok {
		t.Error("nowhere is near to something")
	}
}

func TestAnAddressIsFoundAsPeopleWriteIt(t *testing.T) {
	at := func(number, street, unit, city, code string, lat float64) AddressPoint {
		return AddressPoint{Civic{number + " " + street, unit, city, "NC", code, "US"}, location.Point{Lat: lat, Lon: -78}}
	}
	a := NewAddresses([]AddressPoint{
		at("100", "Elm Street", "", "Raleigh", "27601", 35.1), at("100", "Elm Street", "Apt 2", "Raleigh", "27601", 35.2),
		at("102", "Elm Street", "Suite 1", "Raleigh", "27601", 35.3), at("102", "Elm Street", "Suite 2", "Raleigh", "27601", 35.4),
		at("100", "Elm Street", "", "Durham", "27701", 35.5), at("100", "Elm Street", "", "Raleigh", "27601", 35.6),
		at("7", "Nowhere Road", "", "", "", 35.7),
	})
	for _, r := range []struct {
		civic Civic
		lat   float64 // 0 for none
	}{
		{Civic{Street: "100 elm st.", City: "RALEIGH", State: "North Carolina", Country: "us"}, 35.1},
		{Civic{Street: "100 Elm St", PostalCode: "27601-1234", Country: "US"}, 35.1},
		{Civic{Street: "100 Elm St Apt 2", City: "Raleigh", State: "NC", Country: "US"}, 35.2},
		{Civic{Street: "100 Elm St", Secondary: "Apartment 2", City: "Raleigh", State: "NC", Country: "US"}, 35.2},
		{Civic{Street: "100 Elm St", Secondary: "Apt 9", City: "Raleigh", State: "NC", Country: "US"}, 35.1},
		{Civic{Street: "102 Elm St", City: "Raleigh", State: "NC", Country: "US"}, 35.3},
		{Civic{Street: "102 Elm St", Secondary: "# 2", City: "Raleigh", State: "NC", Country: "US"}, 35.3},
		{Civic{Street: "102 Elm St", Secondary: "Ste 2", City: "Raleigh", State: "NC", Country: "US"}, 35.4},
		{Civic{Street: "100 Elm St", City: "Durham", State: "NC", Country: "US"}, 35.5},
		{Civic{Street: "101 Elm St", City: "Raleigh", State: "NC", Country: "US"}, 0},
		{Civic{Street: "100 Elm Ave", City: "Raleigh", State: "NC", Country: "US"}, 0},
		{Civic{Street: "100 Elm St", City: "Raleigh", State: "SC", Country: "US"}, 0},
		{Civic{Street: "100 Elm St", City: "Cary", State: "NC", PostalCode: "27511", Country: "US"}, 0},
		{Civic{Street: "100 Elm St", State: "NC", Country: "US"}, 0},
		{Civic{Street: "7 Nowhere Rd", State: "NC", Country: "US"}, 0},
		{Civic{Street: "100 Elm St", City: "Raleigh", State: "NC", Country: "CA"}, 0},
		{Civic{}, 0},
	} {
		if p, ok := a.Geocode(r.civic); p.Lat != r.lat || ok != (r.lat != 0) {
			t.Errorf("%+v is at %v, want %v", r.civic, p.Lat, r.lat)
		}
	}
}
