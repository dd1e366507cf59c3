package area

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"callbox/sip/location"
)

// partition generates n by n areas of centres named by their place, which fill a box of the map and share their ragged
// borders: like counties in number and shape, but not those of any country. Between corners a border has 2^detail edges.
func partition(seed uint64, box orb.Bound, n, detail int) []Boundary {
	g := &ragged{rng: rand.New(rand.NewPCG(seed, 1)), box: box, n: n, detail: detail, corners: map[[2]int]orb.Point{}, borders: map[[4]int]orb.LineString{}}
	var list []Boundary
	for y := range n {
		for x := range n {
			ring := slices.Concat(g.border(x, y, x+1, y), g.border(x+1, y, x+1, y+1), g.border(x+1, y+1, x, y+1), g.border(x, y+1, x, y))
			list = append(list, Boundary{Centre: strconv.Itoa(y*n + x), Shape: orb.MultiPolygon{{orb.Ring(append(ring, ring[0]))}}})
		}
	}
	return list
}

type ragged struct {
	rng       *rand.Rand
	box       orb.Bound
	n, detail int
	corners   map[[2]int]orb.Point
	borders   map[[4]int]orb.LineString
}

// corner returns a corner of the grid, moved a little unless it is on the edge.
func (g *ragged) corner(x, y int) orb.Point {
	p, ok := g.corners[[2]int{x, y}]
	if !ok {
		for axis, at := range [2]int{x, y} {
			width := (g.box.Max[axis] - g.box.Min[axis]) / float64(g.n)
			p[axis] = g.box.Min[axis] + width*float64(at)
			if at > 0 && at < g.n {
				p[axis] += (g.rng.Float64() - 0.5) * 0.3 * width
			}
		}
		p = rounded(p)
		g.corners[[2]int{x, y}] = p
	}
	return p
}

// border returns the way from a corner to its neighbour without the latter; it is the same both ways.
func (g *ragged) border(x0, y0, x1, y1 int) orb.LineString {
	if x0 > x1 || y0 > y1 {
		back := append(slices.Clone(g.border(x1, y1, x0, y0)), g.corner(x0, y0))
		slices.Reverse(back)
		return back[:len(back)-1]
	}
	key := [4]int{x0, y0, x1, y1}
	if _, ok := g.borders[key]; !ok {
		way := orb.LineString{g.corner(x0, y0), g.corner(x1, y1)}
		straight := x0 == x1 && (x0 == 0 || x0 == g.n) || y0 == y1 && (y0 == 0 || y0 == g.n)
		for range g.detail {
			finer := way[:1:1]
			for i := 1; i < len(way); i++ {
				p, q := way[i-1], way[i]
				t := (g.rng.Float64() - 0.5) * 0.15
				if straight {
					t = 0
				}
				middle := orb.Point{(p[0]+q[0])/2 - t*(q[1]-p[1]), (p[1]+q[1])/2 + t*(q[0]-p[0])}
				finer = append(finer, rounded(middle), q)
			}
			way = finer
		}
		g.borders[key] = way[:len(way)-1]
	}
	return g.borders[key]
}

// rounded rounds to six decimals, as public files are.
func rounded(p orb.Point) orb.Point {
	return orb.Point{math.Round(p[0]*1e6) / 1e6, math.Round(p[1]*1e6) / 1e6}
}

// continent is a box of the size of the US, at its place.
var continent = orb.Bound{Min: orb.Point{-125, 24}, Max: orb.Point{-67, 49}}

// written returns boundaries as a GeoJSON file.
func written(list []Boundary) []byte {
	var b strings.Builder
	b.WriteString(`{"type": "FeatureCollection", "features": [` + "\n")
	for i, one := range list {
		if i > 0 {
			b.WriteString(",\n")
		}
		shape, _ := json.Marshal(one.Shape)
		fmt.Fprintf(&b, `{"type": "Feature", "properties": {"psap": %q}, "geometry": {"type": "MultiPolygon", "coordinates": %s}}`, one.Centre, shape)
	}
	return []byte(b.String() + "]}")
}

func TestEveryPointOfAPartitionIsInExactlyOneArea(t *testing.T) {
	for seed := range uint64(4) {
		list := partition(seed, orb.Bound{Min: orb.Point{-2, -1}, Max: orb.Point{3, 2}}, 6, 4)
		if _, problems := ReadBoundaries("f", written(list)); len(problems) > 0 {
			t.Fatal(problems)
		}
		b := NewBoundaries(list)
		rng := rand.New(rand.NewPCG(seed, 2))
		check := func(v vertex) {
			holders := 0
			for i := range b.parts {
				p := &b.parts[i]
				if v.x >= p.low.x && v.x <= p.high.x && v.y >= p.low.y && v.y <= p.high.y && b.inside(p, v) {
					holders++
				}
			}
			if holders != 1 {
				t.Fatalf("seed %d: %v is in %d areas", seed, v.point(), holders)
			}
		}
		for range 3000 {
			check(toVertex(orb.Point{-2 + 5*rng.Float64(), -1 + 3*rng.Float64()}))
		}
		for _, one := range list {
			for i, p := range one.Shape[0][0] {
				if _, ok := b.At(location.Point{Lat: p[1], Lon: p[0]}); !ok {
					t.Fatalf("seed %d: the corner %v is nobody's", seed, p)
				}
				v := toVertex(p)
				if v.x == 30_000_000 || v.y == 20_000_000 { // the outer edge in the east and north, where nothing follows
					continue
				}
				check(v)
				if i > 0 {
					from := toVertex(one.Shape[0][0][i-1])
					if v = (vertex{(v.x + from.x) / 2, (v.y + from.y) / 2}); v.x < 30_000_000 && v.y < 20_000_000 {
						check(v)
					}
				}
			}
		}
	}
}

func TestAPartitionLeavesNothingOver(t *testing.T) {
	list := partition(7, orb.Bound{Min: orb.Point{170, 60}, Max: orb.Point{179, 69}}, 8, 4)
	if got := told(NewBoundaries(list).Examine()); got != "" {
		t.Errorf("nothing is wrong, but:\n%s", got)
	}
	without := slices.Delete(slices.Clone(list), 27, 28)
	r := NewBoundaries(without).Examine()
	if len(r.Overlaps) != 0 || len(r.Gaps) != 1 || !planar.MultiPolygonContains(list[27].Shape, orb.Point{r.Gaps[0].At.Lon, r.Gaps[0].At.Lat}) ||
		!slices.Contains(r.Gaps[0].Between, "26") || !slices.Contains(r.Gaps[0].Between, "28") {
		t.Errorf("without one:\n%s", told(r))
	}
	larger := slices.Clone(list)
	larger[27].Shape = orb.MultiPolygon{{list[27].Shape[0][0], orb.Ring{}}, list[28].Shape[0]}
	r = NewBoundaries(larger).Examine()
	if len(r.Gaps) != 0 || len(r.Overlaps) != 1 || r.Overlaps[0].First.Centre != "27" || r.Overlaps[0].Second.Centre != "28" ||
		!planar.MultiPolygonContains(list[28].Shape, orb.Point{r.Overlaps[0].At.Lon, r.Overlaps[0].At.Lat}) {
		t.Errorf("with one twice:\n%s", told(r))
	}
}

func TestSharesOfAPartitionAddUp(t *testing.T) {
	list := partition(9, orb.Bound{Min: orb.Point{176, -5}, Max: orb.Point{180, 5}}, 8, 3)
	b := NewBoundaries(list)
	rng := rand.New(rand.NewPCG(9, 9))
	for range 300 {
		s := location.Shape{Kind: location.KindEllipse, Centre: location.Point{Lat: 6*rng.Float64() - 3, Lon: 177 + 2*rng.Float64()},
			Radius: 100 + 90_000*rng.Float64(), SemiMinor: 50 + 50_000*rng.Float64(), Orientation: 180 * rng.Float64()}
		o := newOutline(s.Outline(outlineCorners))
		sum, most := 0.0, 0.0
		for i := range b.parts {
			part := b.common(&b.parts[i], o, 0) / o.area
			sum, most = sum+part, max(most, part)
		}
		if math.Abs(sum-1) > 1e-6 {
			t.Fatalf("%+v: shares add up to %v", s, sum)
		}
		if _, share, ok := b.Covering(s); !ok || math.Abs(share-most) > 1e-9 {
			t.Fatalf("%+v: a share of %v, want %v", s, share, most)
		}
	}
}

// counties returns a set of boundaries of the number and size of the counties of the US: a file of them where
// CALLBOX_COUNTIES names one (features without the property "psap" get their ID in its place), else a generated partition
// with as many areas, and with detail edges between corners.
func counties(tb testing.TB, detail int) []byte {
	name := os.Getenv("CALLBOX_COUNTIES")
	if name == "" {
		return written(partition(2020, continent, 56, detail))
	}
	src, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	var doc struct {
		Type     string           `json:"type"`
		Features []map[string]any `json:"features"`
	}
	if err := json.Unmarshal(src, &doc); err != nil {
		tb.Fatal(err)
	}
	for i, f := range doc.Features {
		f["properties"] = map[string]any{"psap": fmt.Sprint(i)}
	}
	if src, err = json.Marshal(doc); err != nil {
		tb.Fatal(err)
	}
	return src
}

// percentiles reports p50 and p99 of single calls, the clock's own time included.
func percentiles(b *testing.B, call func(i int)) {
	took := make([]time.Duration, 0, 1<<20)
	for i := 0; b.Loop(); i++ {
		begin := time.Now()
		call(i)
		if len(took) < cap(took) {
			took = append(took, time.Since(begin))
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
}
