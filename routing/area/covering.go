package area

import (
	"math"

	"github.com/paulmach/orb"

	"callbox/sip/location"
)

const (
	// outlineCorners is how many corners stand for a circle and other round shapes.
	outlineCorners = 64
	// maxPairs bounds the edges of areas, each with each of a place's, that are laid over each other: some milliseconds. A
	// stranger's polygon may go to and fro across a continent.
	maxPairs = 1 << 18
)

// Covering returns the centre in whose boundaries the greatest part of a location's uncertainty lies, and how great that
// part is, above 0 to 1; false where no centre serves any of it. A shape without an extent is a point: all of it or
// nothing. Of centres with equal parts it is the one that has the shape's centre, else the one that was given first. Of a
// shape over very many edges the parts are estimated.
func (b *Boundaries) Covering(s location.Shape) (centre string, share float64, ok bool) {
	middle := s.Centroid()
	if middle.Check() != nil {
		return "", 0, false
	}
	o := newOutline(s.Outline(outlineCorners))
	if o == nil {
		centre, ok = b.At(middle)
		if ok {
			share = 1
		}
		return centre, share, ok
	}
	covers, order := b.shares(o)
	const alike = 1e-9
	at, _ := b.At(middle)
	for _, id := range order {
		part := min(covers[id]/o.area, 1)
		if part > share+alike || part > alike && id == at && part > share-alike {
			centre, share, ok = id, part, true
		}
	}
	return centre, share, ok
}

// shares returns the area that an outline has in common with what each centre serves, and the centres in the order in which
// they were found.
func (b *Boundaries) shares(o *outline) (covers map[string]float64, order []string) {
	type hit struct {
		part  uint32
		shift float64
	}
	var hits []hit
	pairs := 0
	for _, shift := range [...]float64{0, -2 * halfX, 2 * halfX} { // across the antimeridian the map goes on
		if o.low[0]+shift > halfX || o.high[0]+shift < -halfX {
			continue
		}
		b.tree.Search([2]float64{o.low[0] + shift, o.low[1]}, [2]float64{o.high[0] + shift, o.high[1]}, func(_, _ [2]float64, i uint32) bool {
			hits = append(hits, hit{i, shift})
			if first, last := b.across(&b.parts[i], o); first <= last {
				pairs += int(b.index.starts[last+1]-b.index.starts[first]) * len(o.ring)
			}
			return pairs <= maxPairs
		})
	}
	covers = make(map[string]float64, 4)
	add := func(id string, area float64) {
		if _, seen := covers[id]; !seen {
			order = append(order, id)
		}
		covers[id] += area
	}
	if pairs > maxPairs {
		o.sample(func(p location.Point, area float64) {
			if id, ok := b.At(p); ok {
				add(id, area)
			}
		})
		return covers, order
	}
	for _, h := range hits {
		p := &b.parts[h.part]
		add(b.list[p.boundary].Centre, b.common(p, o, h.shift))
	}
	return covers, order
}

// across returns the bands of a part that an outline lies in.
func (b *Boundaries) across(p *part, o *outline) (first, last uint32) {
	return b.index.between(&p.bands, int32(math.Floor(max(o.low[1], -halfY))), int32(math.Ceil(min(o.high[1], halfY))))
}

// outline is the edge of a place on the map, in units of 1e-7 degrees, without a break at the antimeridian.
type outline struct {
	ring      []orb.Point // counterclockwise, the first point again as the last
	low, high orb.Point
	area      float64
}

// newOutline puts a ring on the map, nil for one that has no area there: it is too small, or it goes round a pole.
func newOutline(ring []location.Point) *outline {
	if len(ring) < 4 {
		return nil
	}
	o := &outline{ring: make([]orb.Point, len(ring)), low: orb.Point{math.Inf(1), math.Inf(1)}, high: orb.Point{math.Inf(-1), math.Inf(-1)}}
	lon := ring[0].Lon
	for i, p := range ring {
		if !inRange(orb.Point{p.Lon, p.Lat}) {
			return nil
		}
		if i > 0 {
			lon += math.Remainder(p.Lon-ring[i-1].Lon, 360)
		}
		at := orb.Point{lon * 1e7, p.Lat * 1e7}
		o.ring[i] = at
		for axis := range at {
			o.low[axis], o.high[axis] = min(o.low[axis], at[axis]), max(o.high[axis], at[axis])
		}
	}
	first, last := o.ring[0], o.ring[len(ring)-1]
	if math.Abs(first[0]-last[0]) > halfX {
		return nil
	}
	o.ring[len(ring)-1] = first
	for i := 1; i < len(o.ring); i++ {
		p, q := o.ring[i-1], o.ring[i]
		o.area += (p[0] + q[0] - 2*o.low[0]) * (q[1] - p[1]) / 2
	}
	if o.area < 1 { // a square centimetre
		return nil
	}
	return o
}

// common returns the area that a part and an outline, moved east by shift, have in common.
//
// A polygon that goes round counterclockwise is the sum of the strips between a meridian west of it and each of its edges,
// those of edges that go down being taken away; so the common area of two polygons is that of their strips, two and two.
// Only edges of the same latitudes have any, which the bands know.
func (b *Boundaries) common(p *part, o *outline, shift float64) float64 {
	sum := 0.0
	west := o.low[0] + shift
	first, last := b.across(p, o)
	for band := first; band <= last; band++ {
		for _, e := range b.index.edges[b.index.starts[band]:b.index.starts[band+1]] {
			from, to := b.vertices[e], b.vertices[e+1]
			if lowest := p.bands.first + p.bands.of(min(from.y, to.y)); band != max(lowest, first) {
				continue // it stood in an earlier band
			}
			if float64(max(from.x, to.x)) <= west {
				continue
			}
			sum += o.strips(orb.Point{float64(from.x) - west, float64(from.y)}, orb.Point{float64(to.x) - west, float64(to.y)})
		}
	}
	return max(sum, 0)
}

// strips returns the area that the strip of an edge has in common with the outline, of which the westernmost point is at 0.
func (o *outline) strips(from, to orb.Point) float64 {
	sum, sign := 0.0, 1.0
	if from[1] > to[1] {
		from, to, sign = to, from, -1
	}
	slope := (to[0] - from[0]) / (to[1] - from[1])
	for i := 1; i < len(o.ring); i++ {
		p, q, s := o.ring[i-1], o.ring[i], sign
		if p[1] > q[1] {
			p, q, s = q, p, -sign
		}
		low, high := max(p[1], from[1]), min(q[1], to[1])
		if low >= high {
			continue
		}
		other := (q[0] - p[0]) / (q[1] - p[1])
		x := p[0] - o.low[0]
		sum += s * lesser(from[0]+(low-from[1])*slope, from[0]+(high-from[1])*slope, x+(low-p[1])*other, x+(high-p[1])*other, high-low)
	}
	return sum
}

// lesser returns the area below the lesser of two straight lines and above 0, over a way of the given length. The lines go
// from f0 to f1 and from g0 to g1.
func lesser(f0, f1, g0, g1, length float64) float64 {
	if f0 < g0 == (f1 < g1) {
		return above(min(f0, g0), min(f1, g1), length)
	}
	t := (g0 - f0) / ((g0 - f0) + (f1 - g1)) // where they cross
	m := f0 + t*(f1-f0)
	return above(min(f0, g0), m, t*length) + above(m, min(f1, g1), (1-t)*length)
}

// above returns the area below a straight line and above 0.
func above(f0, f1, length float64) float64 {
	switch {
	case f0 >= 0 && f1 >= 0:
		return (f0 + f1) / 2 * length
	case f0 <= 0 && f1 <= 0:
		return 0
	}
	most := max(f0, f1)
	return most / 2 * length * most / math.Abs(f1-f0)
}
