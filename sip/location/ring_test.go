package location

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// TestCrossingsAreFoundAsByTryingEveryPair holds the sweep against the plain way.
func TestCrossingsAreFoundAsByTryingEveryPair(t *testing.T) {
	seed := uint64(7)
	random := func() float64 { // a small number, so that corners coincide now and then
		seed = seed*6364136223846793005 + 1442695040888963407
		return float64(seed>>60) / 4
	}
	crossed := 0
	for range 2000 {
		var r []Point
		for range 3 + int(random()) {
			r = append(r, Point{Lat: random(), Lon: random()})
		}
		flat, err := flatten(append(r, r[0]))
		if err != nil {
			continue
		}
		want := false
		n := len(flat)
		for i := range n {
			for j := i + 1; j < n; j++ {
				a, b, c, d := flat[i], flat[(i+1)%n], flat[j], flat[(j+1)%n]
				next := j == i+1 || i == 0 && j == n-1
				boxes := max(a.x, b.x) >= min(c.x, d.x) && max(c.x, d.x) >= min(a.x, b.x) &&
					max(a.y, b.y) >= min(c.y, d.y) && max(c.y, d.y) >= min(a.y, b.y)
				want = want || !next && boxes && meet(a, b, c, d)
			}
		}
		if got := crossing(flat) != nil; got != want {
			t.Fatalf("%v: got %v, want %v", r, got, want)
		}
		if want {
			crossed++
		}
	}
	if crossed < 100 || crossed > 1900 {
		t.Errorf("%d of 2000 rings cross themselves: the test tries too little", crossed)
	}
}

// BenchmarkParseHostile reads the most that fits into a document of what costs most: polygons of as many corners as are
// allowed.
func BenchmarkParseHostile(b *testing.B) {
	const corners = MaxCorners - 1
	zigzag := func(i int) (float64, float64) { return float64(i) / 1000, float64(i%2) + float64(i)/1e4 }
	round := func(i int) (float64, float64) {
		return math.Cos(2 * math.Pi * float64(i) / corners), math.Sin(2 * math.Pi * float64(i) / corners)
	}
	for name, shape := range map[string]func(int) (float64, float64){"round": round, "zigzag": zigzag} {
		var ring strings.Builder
		for i := range corners {
			lat, lon := shape(i)
			fmt.Fprintf(&ring, "%.3f %.3f ", lat, lon)
		}
		lat, lon := shape(0)
		fmt.Fprintf(&ring, "%.3f %.3f", lat, lon)
		polygon := `<m:Polygon><m:exterior><m:LinearRing><m:posList>` + ring.String() + `</m:posList></m:LinearRing></m:exterior></m:Polygon>`
		doc := []byte(document(tuple1(strings.Repeat(polygon, (MaxSize-800)/len(polygon)))))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = Parse(doc)
			}
		})
	}
}
