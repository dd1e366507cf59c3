package area

import (
	"math"
	"strconv"
	"testing"

	"github.com/paulmach/orb"

	"callbox/sip/location"
)

// A comb whose teeth go to and fro across everything that there is: each of its sides lies over many edges of areas.
func comb(box orb.Bound) location.Shape {
	const teeth = 60
	var there, back []location.Point
	width := (box.Max[0] - box.Min[0]) / teeth
	for i := range 2 * teeth {
		x, top := box.Min[0]+width*float64(i)/2, float64(i%2)*(box.Max[1]-box.Min[1]-1)
		there = append(there, location.Point{Lat: box.Min[1] + top, Lon: x})
		back = append(back, location.Point{Lat: box.Min[1] + top + 0.5, Lon: x})
	}
	ring := there
	for i := len(back) - 1; i >= 0; i-- {
		ring = append(ring, back[i])
	}
	return location.Shape{Kind: location.KindPolygon, Ring: append(ring, ring[0])}
}

// laid counts the pairs of edges that a shape costs: none where its parts are estimated.
func laid(b *Boundaries, s location.Shape) (pairs int, estimated bool) {
	o := newOutline(s.Outline(outlineCorners))
	b.tree.Search(o.low, o.high, func(_, _ [2]float64, i uint32) bool {
		if first, last := b.across(&b.parts[i], o); first <= last {
			pairs += int(b.index.starts[last+1]-b.index.starts[first]) * len(o.ring)
		}
		return true
	})
	return pairs, pairs > maxPairs
}

func TestAShapeOverVeryManyEdgesIsEstimated(t *testing.T) {
	t.Parallel()
	box := orb.Bound{Min: orb.Point{-120, 30}, Max: orb.Point{-80, 48}}
	list := partition(7, box, 24, 4)
	for i := range list { // the western two thirds are one centre's
		list[i].Centre = "east"
		if x := i % 24; x < 16 {
			list[i].Centre = "west"
		}
	}
	b := NewBoundaries(list)
	for name, s := range map[string]location.Shape{
		"a comb": comb(box), "a circle": location.NewCircle(location.Point{Lat: 39, Lon: -100}, 1_500_000),
	} {
		if err := s.Check(); err != nil {
			t.Fatal(name, err)
		}
		pairs, estimated := laid(b, s)
		if !estimated {
			t.Fatalf("%s costs %d pairs, which is not much", name, pairs)
		}
		o := newOutline(s.Outline(outlineCorners))
		var exact float64
		for i := range b.parts {
			if b.list[b.parts[i].boundary].Centre == "west" {
				exact += b.common(&b.parts[i], o, 0)
			}
		}
		centre, share, ok := b.Covering(s)
		if !ok || centre != "west" || math.Abs(share-exact/o.area) > 0.03 {
			t.Errorf("%s: %s with %.3f, %v, want west with %.3f", name, centre, share, ok, exact/o.area)
		}
		if math.Abs(share-exact/o.area) < 1e-9 {
			t.Errorf("%s: each of %d pairs of edges was looked at", name, pairs)
		}
	}
}

func TestSamplesStandForTheWholeOfAnOutline(t *testing.T) {
	t.Parallel()
	box := orb.Bound{Min: orb.Point{170, -20}, Max: orb.Point{190, 20}} // goes on across the antimeridian
	shapes := map[string]location.Shape{"a comb": comb(box)}
	for _, radius := range []float64{1, 1000, 1_000_000} {
		shapes["a circle of "+strconv.Itoa(int(radius))] = location.NewCircle(location.Point{Lat: 60, Lon: 179.9}, radius)
	}
	for i := range shapes["a comb"].Ring {
		if p := &shapes["a comb"].Ring[i]; p.Lon > 180 {
			p.Lon -= 360
		}
	}
	for name, s := range shapes {
		o := newOutline(s.Outline(outlineCorners))
		sum, points := 0.0, 0
		o.sample(func(p location.Point, area float64) {
			if err := p.Check(); err != nil || area <= 0 {
				t.Errorf("%s: %v stands for %g, %v", name, p, area, err)
			}
			sum += area
			points++
		})
		if points != sampleLines*samplesEach || math.Abs(sum/o.area-1) > 0.03 {
			t.Errorf("%s: %d points stand for %.3f of it", name, points, sum/o.area)
		}
	}
}
