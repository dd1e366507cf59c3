package area

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/paulmach/orb"

	"callbox/sip/location"
)

// The sets of these benchmarks: as many corners as the Census Bureau's county boundaries at 1:20,000,000 have, which are
// 100,000, and eight times as many.
var detailed = []int{3, 6}

func loaded(b *testing.B, detail int) (*Boundaries, []Boundary) {
	b.Helper()
	list, problems := ReadBoundaries("counties", counties(b, detail))
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	return NewBoundaries(list), list
}

func BenchmarkLoadBoundaries(b *testing.B) {
	for _, detail := range detailed {
		b.Run(fmt.Sprintf("detail %d", detail), func(b *testing.B) {
			src := counties(b, detail)
			var kept *Boundaries
			for b.Loop() {
				list, problems := ReadBoundaries("counties", src)
				if len(problems) > 0 {
					b.Fatal(problems)
				}
				kept = NewBoundaries(list)
			}
			b.ReportMetric(float64(kept.Len()), "areas")
			b.ReportMetric(float64(len(kept.vertices)), "corners")
			b.ReportMetric(float64(len(src)), "file-bytes")
			b.ReportMetric(heap(func() { kept = nil }), "heap-bytes")
		})
	}
}

func BenchmarkAt(b *testing.B) {
	for _, detail := range detailed {
		index, list := loaded(b, detail)
		rng := rand.New(rand.NewPCG(5, 6))
		anywhere, border := make([]location.Point, 1<<16), make([]location.Point, 1<<16)
		for i := range anywhere {
			anywhere[i] = location.Point{Lat: continent.Min[1] + rng.Float64()*25, Lon: continent.Min[0] + rng.Float64()*58}
			shape := list[rng.IntN(len(list))].Shape
			ring := shape[rng.IntN(len(shape))][0]
			j := 1 + rng.IntN(len(ring)-1)
			p, q := ring[j-1], ring[j]
			border[i] = location.Point{Lat: (p[1] + q[1]) / 2, Lon: (p[0] + q[0]) / 2}
		}
		for name, points := range map[string][]location.Point{"anywhere": anywhere, "on borders": border} {
			b.Run(fmt.Sprintf("detail %d %s", detail, name), func(b *testing.B) {
				b.ReportAllocs()
				percentiles(b, func(i int) { index.At(points[i&(1<<16-1)]) })
			})
		}
	}
}

func BenchmarkCovering(b *testing.B) {
	for _, detail := range detailed {
		index, _ := loaded(b, detail)
		for _, radius := range []float64{50, 1000, 30_000} {
			rng := rand.New(rand.NewPCG(7, 8))
			shapes := make([]location.Shape, 1<<12)
			for i := range shapes {
				shapes[i] = location.NewCircle(location.Point{Lat: continent.Min[1] + rng.Float64()*25, Lon: continent.Min[0] + rng.Float64()*58}, radius)
			}
			b.Run(fmt.Sprintf("detail %d radius %.0f", detail, radius), func(b *testing.B) {
				percentiles(b, func(i int) { index.Covering(shapes[i&(1<<12-1)]) })
			})
		}
	}
}

func BenchmarkExamine(b *testing.B) {
	for _, detail := range detailed {
		index, _ := loaded(b, detail)
		b.Run(fmt.Sprintf("detail %d", detail), func(b *testing.B) {
			for b.Loop() {
				index.Examine()
			}
		})
	}
}

func BenchmarkAddresses(b *testing.B) {
	const n = 1_000_000
	rng := rand.New(rand.NewPCG(9, 10))
	list := make([]AddressPoint, n)
	for i := range list {
		list[i] = AddressPoint{Civic{Street: fmt.Sprintf("%d STREET%d AVE", 1+rng.IntN(2000), rng.IntN(5000)), City: fmt.Sprintf("CITY%d", rng.IntN(300)), State: "TX", PostalCode: fmt.Sprint(70000 + rng.IntN(300)), Country: "US"},
			location.Point{Lat: 30 + 2*rng.Float64(), Lon: -98 + 2*rng.Float64()}}
	}
	a := NewAddresses(list)
	b.Run("nearest", func(b *testing.B) {
		percentiles(b, func(i int) { a.Nearest(location.Point{Lat: 30 + 2*rng.Float64(), Lon: -98 + 2*rng.Float64()}, 500) })
	})
	b.Run("geocode", func(b *testing.B) {
		percentiles(b, func(i int) { a.Geocode(list[i%n].Civic) })
	})
	b.Run("memory", func(b *testing.B) {
		for b.Loop() {
			continue
		}
		b.ReportMetric(heap(func() { a = nil }), "heap-bytes")
	})
}

func BenchmarkLargestRing(b *testing.B) {
	index, list := loaded(b, 3)
	var most orb.Ring
	for _, one := range list {
		for _, p := range one.Shape {
			if len(p[0]) > len(most) {
				most = p[0]
			}
		}
	}
	b.ReportMetric(float64(len(most)), "corners")
	percentiles(b, func(i int) {
		p := most[i%len(most)]
		index.At(location.Point{Lat: p[1], Lon: p[0]})
	})
}

// heap returns how many bytes are free after drop that were not before.
func heap(drop func()) float64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	drop()
	runtime.GC()
	runtime.ReadMemStats(&after)
	return float64(before.HeapAlloc) - float64(after.HeapAlloc)
}
