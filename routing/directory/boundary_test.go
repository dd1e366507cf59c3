package directory

import (
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"callbox/routing/area"
	"callbox/sip/location"
)

func TestEveryLabAddressIsWhereItsCentreServes(t *testing.T) {
	s := Lab(netip.AddrPort{})
	seen := 0
	for n := range s.Numbers() {
		if n.Address == nil {
			continue
		}
		seen++
		c := n.Address.Civic()
		p, ok := s.Geocode(c)
		if !ok {
			t.Errorf("%s: nobody knows where it is", n.Address.Line())
			continue
		}
		want, _ := s.Serving(n.Address)
		if got, ok := s.At(p); !ok || got != want {
			t.Errorf("%s at %v is in the boundary of %v, and served by %s", n.Address.Line(), p, got, want.ID)
		}
		near, at, metres, ok := s.Nearest(p, 1)
		if back, known := s.Geocode(near); !ok || metres > 0.02 || !known || back != at {
			t.Errorf("%s: the nearest address is %+v", n.Address.Line(), near)
		}
	}
	if seen == 0 {
		t.Error("the lab has no addresses")
	}
}

func TestAPointInRaleighHasACentreAndAnAddress(t *testing.T) {
	s := Lab(netip.AddrPort{})
	elm := Civic{Street: "100 Elm Street", City: "Raleigh", State: "NC", PostalCode: "27601", Country: "US"}
	p, level := s.Locate(area.Place{Country: "US", ESN: s.Network().ESN(elm)})
	if p == nil || p.ID != "psap-raleigh" || level != area.ByESN {
		t.Errorf("100 Elm Street is served by %+v, found by %s", p, level)
	}
	point := location.Point{Lat: 35.78142, Lon: -78.62912}
	if p, ok := s.At(point); !ok || p.ID != "psap-raleigh" {
		t.Errorf("it is in the boundary of %+v", p)
	}
	if c, _, metres, ok := s.Nearest(point, 50); !ok || c.Street != "100 ELM ST" || metres > 5 {
		t.Errorf("the nearest address is %+v, %v m away", c, metres)
	}
	if c, _, _, ok := s.Nearest(point, 1); ok {
		t.Errorf("%+v is within a metre", c)
	}
	if p, share, ok := s.Covering(location.NewCircle(location.Point{Lat: 37.79, Lon: -122.333}, 2000)); !ok || p.ID != "psap-oakland" || share < 0.6 || share > 0.75 {
		t.Errorf("a circle on the bay is served by %+v with %v of it", p, share)
	}
	if p, ok := s.At(location.Point{Lat: 51.5, Lon: -30}); ok {
		t.Errorf("the Atlantic is served by %s", p.ID)
	}
}

func TestFindingACentreByPointAllocatesNothing(t *testing.T) {
	s := Lab(netip.AddrPort{})
	if n := testing.AllocsPerRun(100, func() { s.At(location.Point{Lat: 35.78142, Lon: -78.62912}) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestADirectorysOwnBoundariesStandBeforeTheLabs(t *testing.T) {
	parse := func(psaps, areas string) (*File, string) {
		src := "accounts: [{sid: AC00000000000000000000000000000001}]\nboundaries: [areas.geojson]\npsaps: [" + psaps + "]\n"
		f, problems := Parse("dir/directory.yaml", []byte(src), Options{Read: func(name string) ([]byte, error) {
			if name != filepath.Join("dir", "areas.geojson") {
				t.Errorf("%s is read", name)
			}
			return []byte(areas), nil
		}})
		return f, problems.Error()
	}
	square := func(centre string, lon float64) string {
		return strings.NewReplacer("PSAP", centre, "WEST", map[float64]string{10: "10", 20: "20"}[lon], "EAST", map[float64]string{10: "11", 20: "21"}[lon]).Replace(
			`{"type": "Feature", "properties": {"psap": "PSAP"}, "geometry": {"type": "Polygon", "coordinates": [[[WEST, 0], [EAST, 0], [EAST, 1], [WEST, 1], [WEST, 0]]]}}`)
	}
	f, problems := parse(`{id: psap-sf, uri: "sip:a@sim"}, {id: psap-nyc, uri: "sip:b@sim"}`, square("psap-sf", 10))
	if problems != "" {
		t.Fatal(problems)
	}
	for _, r := range []struct {
		lat, lon float64
		want     string
	}{
		{0.5, 10.5, "psap-sf"}, {37.7841, -122.3964, ""}, {40.7484, -73.9857, "psap-nyc"}, {51.5034, -0.1276, ""},
	} {
		got := ""
		if p, ok := f.Network.At(location.Point{Lat: r.lat, Lon: r.lon}); ok {
			got = p.ID
		}
		if got != r.want {
			t.Errorf("%v, %v is in %q, want %q", r.lat, r.lon, got, r.want)
		}
	}
	other, _ := parse(`{id: psap-sf, uri: "sip:a@sim"}, {id: psap-nyc, uri: "sip:b@sim"}`, square("psap-sf", 20))
	if f.Digest == other.Digest {
		t.Error("the digest does not follow the boundaries")
	}
	const want = `dir/directory.yaml:2: boundaries[0]: "areas.geojson": dir/areas.geojson:1 is served by psap-la, which is not in psaps; add it to psaps, or leave the area out`
	if _, problems := parse(`{id: psap-sf, uri: "sip:a@sim"}`, square("psap-la", 10)+"\n"+square("psap-la", 20)); problems != want {
		t.Errorf("%s\nwant\n%s", problems, want)
	}
	if _, problems := parse(`{id: psap-sf, uri: "sip:a@sim"}`, `{"type": "Feature"}`); !strings.Contains(problems, "dir/areas.geojson:1: properties.psap: is missing; ") {
		t.Error(problems)
	}
}
