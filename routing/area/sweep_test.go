package area

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/paulmach/orb"
)

// drawn is a boundary of a centre, a ring of x and y.
func drawn(centre string, at ...float64) Boundary {
	var ring orb.Ring
	for i := 0; i < len(at); i += 2 {
		ring = append(ring, orb.Point{at[i], at[i+1]})
	}
	return Boundary{Centre: centre, Shape: orb.MultiPolygon{{append(ring, ring[0])}}}
}

// told writes a report in a line each.
func told(r Report) string {
	var b strings.Builder
	for _, o := range r.Overlaps {
		fmt.Fprintf(&b, "%s over %s %.3g km2 at %.3f,%.3f\n", o.First.Centre, o.Second.Centre, o.Area, o.At.Lat, o.At.Lon)
	}
	for _, g := range r.Gaps {
		fmt.Fprintf(&b, "gap of %.3g km2 at %.3f,%.3f between %s\n", g.Area, g.At.Lat, g.At.Lon, strings.Join(g.Between, " "))
	}
	return b.String()
}

func TestOverlapsAndGapsAreFoundWithWhere(t *testing.T) {
	for name, r := range map[string]struct {
		list []Boundary
		want string
	}{
		"nothing":           {nil, ""},
		"side by side":      {[]Boundary{drawn("a", 0, 0, 1, 0, 1, 1, 0, 1), drawn("b", 1, 0, 2, 0, 2, 1, 1, 1)}, ""},
		"far apart":         {[]Boundary{drawn("a", 0, 0, 1, 0, 1, 1, 0, 1), drawn("b", 3, 3, 4, 3, 4, 4, 3, 4)}, ""},
		"in two rows":       {[]Boundary{drawn("a", 0, 0, 2, 0, 2, 1, 0, 1), drawn("b", 0, 1, 1, 1, 1, 2, 0, 2), drawn("c", 1, 1, 2, 1, 2, 2, 1, 2)}, ""},
		"over one another":  {[]Boundary{drawn("a", 0, 0, 1, 0, 1, 1, 0, 1), drawn("b", 0.75, 0, 2, 0, 2, 1, 0.75, 1)}, "a over b 3.09e+03 km2 at 0.000,0.875\n"},
		"of one centre":     {[]Boundary{drawn("a", 0, 0, 1, 0, 1, 1, 0, 1), drawn("a", 0.75, 0, 2, 0, 2, 1, 0.75, 1)}, ""},
		"triangles crossed": {[]Boundary{drawn("a", 0, 0, 1, 0, 0, 1), drawn("b", 0, 0, 1, 0, 1, 1)}, "a over b 3.09e+03 km2 at 0.000,0.500\n"},
		"one in another":    {[]Boundary{drawn("a", 0, 0, 4, 0, 4, 4, 0, 4), drawn("b", 1, 1, 2, 1, 2, 2, 1, 2)}, "a over b 1.24e+04 km2 at 1.001,1.500\n"},
		"a gap between four": {[]Boundary{drawn("s", 0, 0, 3, 0, 3, 1, 0, 1), drawn("n", 0, 2, 3, 2, 3, 3, 0, 3), drawn("w", 0, 1, 1, 1, 1, 2, 0, 2), drawn("e", 2, 1, 3, 1, 3, 2, 2, 2)},
			"gap of 1.24e+04 km2 at 1.001,1.500 between e n s w\n"},
		"a bay is no gap": {[]Boundary{drawn("a", 0, 0, 3, 0, 3, 3, 2, 3, 2, 1, 1, 1, 1, 3, 0, 3)}, ""},
		"a fork is one":   {[]Boundary{drawn("a", 0, 0, 3, 0, 3, 3, 2, 3, 2, 1, 1, 1, 1, 3, 0, 3), drawn("b", 0, 3, 3, 3, 3, 4, 0, 4)}, "gap of 2.47e+04 km2 at 1.001,1.500 between a b\n"},
		"two legs of a gap": {[]Boundary{drawn("a", 0, 0, 5, 0, 5, 4, 4, 4, 4, 1, 3, 1, 3, 3, 2, 3, 2, 1, 1, 1, 1, 4, 0, 4), drawn("b", 0, 4, 5, 4, 5, 5, 0, 5)},
			"gap of 8.64e+04 km2 at 3.001,2.500 between a b\n"},
		"a sliver": {[]Boundary{drawn("a", 0, 0, 1, 0, 1, 1, 0, 1), drawn("b", 1, 0, 2, 0, 2, 1, 1, 1, 1.00001, 0.5)}, "gap of 0.0618 km2 at 0.500,1.000 between a b\n"},
		"rounding": {[]Boundary{drawn("a", 0, 0, 1, 0, 1, 1, 0, 1), drawn("b", 1, 0, 2, 0, 2, 1, 1, 1, 1.0000001, 0.5)}, ""},
	} {
		if diff := cmp.Diff(r.want, told(NewBoundaries(r.list).Examine())); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestLabBoundariesNeitherOverlapNorLeaveGaps(t *testing.T) {
	if got := told(NewBoundaries(LabBoundaries()).Examine()); got != "" {
		t.Error(got)
	}
}

func TestAHoleIsAGapOfTheRightSize(t *testing.T) {
	list, problems := ReadBoundaries("f", []byte(polygon(`[[0, 58], [8, 58], [8, 66], [0, 66], [0, 58]], [[2, 60], [6, 60], [6, 64], [2, 64], [2, 60]]`)))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	r := NewBoundaries(list).Examine()
	const radius, degree = 6371.0088, math.Pi / 180 // Archimedes: a zone is as large as the cylinder around it
	want := radius * radius * 4 * degree * (math.Sin(64*degree) - math.Sin(60*degree))
	if len(r.Gaps) != 1 || math.Abs(r.Gaps[0].Area-want) > want/10000 {
		t.Errorf("%s", told(r))
	}
}
