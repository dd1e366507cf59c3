package area

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"callbox/sip/location"
)

func TestEveryLabCentreHasABoundary(t *testing.T) {
	list, problems := ReadBoundaries("lab_boundaries.geojson", labBoundaries)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	b := NewBoundaries(list)
	for _, r := range []struct {
		lat, lon float64
		centre   string
	}{
		{37.7841, -122.3964, "psap-sf"}, {37.8044, -122.2712, "psap-oakland"}, {40.7484, -73.9857, "psap-nyc"},
		{40.7357, -74.1724, "psap-newark"}, {35.781, -78.629, "psap-raleigh"}, {47.6205, -122.3493, "psap-seattle"},
		{45.4208, -75.6925, "psap-ottawa"}, {45.43, -75.708, "psap-gatineau"}, {51.5034, -0.1276, "psap-london"},
		{53.479, -2.249, "psap-manchester"}, {53.3405, -6.254, "psap-dublin"}, {51.8985, -8.4756, "psap-cork"},
		{-33.8735, 151.2069, "psap-sydney"}, {-37.8136, 144.9631, "psap-melbourne"}, {48.8705, 2.3163, "psap-paris"},
		{48.8049, 2.1204, "psap-versailles"}, {52.5186, 13.3763, "psap-berlin"}, {52.3955, 13.0607, "psap-potsdam"},
		{48.2085, 16.3631, "psap-vienna"}, {48.2043, 15.6229, "psap-st-poelten"}, {0, 0, ""}, {37.7, -123, ""},
	} {
		if got, _ := b.At(location.Point{Lat: r.lat, Lon: r.lon}); got != r.centre {
			t.Errorf("%v, %v is in %q, want %q", r.lat, r.lon, got, r.centre)
		}
	}
}

func TestAPointIsFoundAsTheSlowWayFindsIt(t *testing.T) {
	list := LabBoundaries()
	b := NewBoundaries(list)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		shape := list[rng.IntN(len(list))]
		box := shape.Shape.Bound()
		p := orb.Point{box.Min[0] + rng.Float64()*(box.Max[0]-box.Min[0]), box.Min[1] + rng.Float64()*(box.Max[1]-box.Min[1])}
		want := ""
		for _, other := range list {
			if planar.MultiPolygonContains(other.Shape, p) {
				want = other.Centre
			}
		}
		if got, _ := b.At(location.Point{Lat: p[1], Lon: p[0]}); got != want {
			t.Fatalf("%v is in %q, want %q", p, got, want)
		}
	}
}

func TestFindingAPointAllocatesNothing(t *testing.T) {
	b := NewBoundaries(LabBoundaries())
	p := location.Point{Lat: 37.7841, Lon: -122.3964}
	if n := testing.AllocsPerRun(100, func() { b.At(p) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestTheGreatestPartOfAnUncertaintyDecides(t *testing.T) {
	square := func(centre string, x, y, size float64) Boundary {
		return Boundary{Centre: centre, Shape: orb.MultiPolygon{{{{x, y}, {x + size, y}, {x + size, y + size}, {x, y + size}, {x, y}}}}}
	}
	b := NewBoundaries([]Boundary{square("west", 10, 0, 1), square("east", 11, 0, 1), square("pacific", 179, 0, 1), square("america", -180, 0, 1)})
	ring := func(at ...float64) location.Shape {
		s := location.Shape{Kind: location.KindPolygon}
		for i := 0; i < len(at); i += 2 {
			s.Ring = append(s.Ring, location.Point{Lon: at[i], Lat: at[i+1]})
		}
		return s
	}
	for name, r := range map[string]struct {
		shape  location.Shape
		centre string
		share  float64
	}{
		"a point":                      {location.NewPoint(location.Point{Lat: 0.5, Lon: 10.5}), "west", 1},
		"a point nowhere":              {location.NewPoint(location.Point{Lat: 1.5, Lon: 10.5}), "", 0},
		"wholly inside":                {location.NewCircle(location.Point{Lat: 0.5, Lon: 10.5}, 5000), "west", 1},
		"nowhere":                      {location.NewCircle(location.Point{Lat: 2.5, Lon: 10.5}, 5000), "", 0},
		"half of it outside":           {location.NewCircle(location.Point{Lat: 1, Lon: 10.5}, 5000), "west", 0.5},
		"more in the east":             {ring(10.9, 0.2, 11.3, 0.2, 11.3, 0.4, 10.9, 0.4, 10.9, 0.2), "east", 0.75},
		"half and half":                {location.NewCircle(location.Point{Lat: 0.5, Lon: 11}, 5000), "east", 0.5},
		"the other way round":          {ring(10.9, 0.2, 10.9, 0.4, 11.3, 0.4, 11.3, 0.2, 10.9, 0.2), "east", 0.75},
		"a triangle over the edge":     {ring(10, 0, 12, 0, 10, 2, 10, 0), "west", 0.5},
		"all of an area inside":        {ring(9, -1, 11, -1, 11, 3, 9, 3, 9, -1), "west", 0.125},
		"across the antimeridian":      {ring(179.9, 0.2, -179.7, 0.2, -179.7, 0.4, 179.9, 0.4, 179.9, 0.2), "america", 0.75},
		"west across the antimeridian": {ring(-179.9, 0.2, -179.9, 0.4, 179.7, 0.4, 179.7, 0.2, -179.9, 0.2), "pacific", 0.75},
	} {
		centre, share, ok := b.Covering(r.shape)
		if centre != r.centre || math.Abs(share-r.share) > 1e-3 || ok != (r.centre != "") {
			t.Errorf("%s: %q has %v of it, want %q with %v", name, centre, share, r.centre, r.share)
		}
	}
}

func TestWhereAreasOverlapTheFirstHasThePoint(t *testing.T) {
	large, small := drawn("large", 0, 0, 4, 0, 4, 4, 0, 4), drawn("small", 1, 1, 2, 1, 2, 2, 1, 2)
	for _, list := range [][]Boundary{{large, small}, {small, large}} {
		if got, _ := NewBoundaries(list).At(location.Point{Lat: 1.5, Lon: 1.5}); got != list[0].Centre {
			t.Errorf("%s stands first, and %s has the point", list[0].Centre, got)
		}
	}
}

func TestAPointOnASharedEdgeIsInTheAreaEastOrNorthOfIt(t *testing.T) {
	b := NewBoundaries([]Boundary{
		drawn("south-west", 0, 0, 2, 0, 0, 2), drawn("north-east", 2, 0, 2, 2, 0, 2), drawn("north", 0, 2, 2, 2, 2, 3, 0, 3),
		drawn("east", 2, 0, 4, 0, 4, 2, 2, 2), drawn("pacific", 176, 0, 180, 0, 180, 2, 176, 2), drawn("america", -180, 0, -176, 0, -176, 2, -180, 2),
	})
	for _, r := range []struct {
		lat, lon float64
		want     string
	}{
		{1, 1, "north-east"}, {0.5, 1.5, "north-east"}, {1, 2, "east"}, {2, 1, "north"}, {0, 2, "east"}, {2, 2, "north"},
		{1, 180, "america"}, {1, -180, "america"}, {3, 1, "north"}, {1, 4, "east"}, {2, 4, "east"}, {2, 0, "north"}, {0, 0, "south-west"},
	} {
		if got, _ := b.At(location.Point{Lat: r.lat, Lon: r.lon}); got != r.want {
			t.Errorf("%v, %v is in %q, want %q", r.lat, r.lon, got, r.want)
		}
	}
}

func TestWhatIsNoPointIsNowhere(t *testing.T) {
	b := NewBoundaries([]Boundary{drawn("earth", -180, -90, 180, -90, 180, 90, -180, 90)})
	for _, p := range []location.Point{{Lat: math.NaN()}, {Lon: math.NaN()}, {Lat: 91}, {Lon: -181}, {Lat: math.Inf(1)}, {Lat: -100, Lon: 40}} {
		if _, ok := b.At(p); ok {
			t.Errorf("%v is somewhere", p)
		}
		if _, _, ok := b.Covering(location.NewCircle(p, 100)); ok {
			t.Errorf("around %v is somewhere", p)
		}
	}
	if _, _, ok := b.Covering(location.NewCircle(location.Point{Lat: 90}, 1000)); !ok {
		t.Error("the pole is nowhere")
	}
}

func TestAnEdgeIsCutAlikeFromBothSides(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 10000 {
		p, q := orb.Point{170 + 10*rng.Float64(), 90 * rng.Float64()}, orb.Point{180 + 10*rng.Float64(), 90 * rng.Float64()}
		if a, b := crossing(p, q, 180), crossing(q, p, 180); a != b {
			t.Fatalf("%v to %v is cut at %v or %v", p, q, a, b)
		}
	}
}

func TestChecksOfATangleEnd(t *testing.T) {
	star := orb.Ring{}
	for i := range 1001 {
		angle := float64(i*500) * 2 * math.Pi / 1001
		star = append(star, orb.Point{math.Cos(angle), math.Sin(angle)})
	}
	work := 1000
	found := newRings(orb.Polygon{append(star, star[0])}, false, &work).faults()
	if len(found) != 1 || found[0].kind != ringIsTangle {
		t.Errorf("%+v", found)
	}
	work = 3
	square := orb.Ring{{-2, -2}, {2, -2}, {2, 2}, {-2, 2}, {-2, -2}}
	if found = newRings(orb.Polygon{square, {{0, 0}, {1, 0}, {1, 1}, {0, 0}}}, false, &work).nesting(); len(found) == 0 || found[len(found)-1].kind != ringIsTangle {
		t.Errorf("%+v", found)
	}
}
