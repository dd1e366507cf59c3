package area

import (
	"cmp"
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// rings are those of a polygon while it is checked. Their vertices have been moved west by shift degrees where the polygon
// lies across the antimeridian.
type rings struct {
	list  [][]vertex
	shift float64
	work  *int // steps that the checks of a file may still take
}

// maxWork bounds the checks of a file: some seconds.
const maxWork = 1_000_000_000

// newRings takes the rings of an unwrapped polygon, whose longitudes span less than 360 degrees.
func newRings(flat orb.Polygon, crosses bool, work *int) *rings {
	s := &rings{work: work}
	if crosses {
		s.shift = math.Round(flat[0].Bound().Center()[0])
	}
	for _, r := range flat {
		moved := r
		if crosses {
			moved = make(orb.Ring, len(r))
			for i, p := range r {
				moved[i] = orb.Point{max(-180, min(180, p[0]-s.shift)), p[1]}
			}
		}
		s.list = append(s.list, closed(moved))
	}
	return s
}

// position returns where a vertex is on Earth.
func (s *rings) position(v vertex) orb.Point {
	p := v.point()
	if s.shift != 0 {
		p[0] = math.Remainder(p[0]+s.shift, 360)
	}
	return p
}

// fault is what is wrong with a polygon's rings.
type fault struct {
	ring, other int // other is the ring that it crosses or lies in
	kind        faultKind
	at          orb.Point
}

type faultKind uint8

const (
	ringCrosses  faultKind = iota // itself or another
	ringOutside                   // a hole, of the outer ring
	ringAround                    // a hole, the outer ring
	ringInHole                    // a hole, in another
	ringEmpty                     // it has no area
	ringIsTangle                  // too many edges at one place to tell
)

// faults returns what is wrong: crossings first, one for each two rings; without any, rings that have no area; without any
// of these, how they lie in one another.
func (s *rings) faults() []fault {
	found := s.crossings()
	if len(found) > 0 {
		return found
	}
	for i, ring := range s.list {
		if area2(ring) == 0 {
			found = append(found, fault{ring: i, kind: ringEmpty})
		}
	}
	if len(found) > 0 {
		return found
	}
	return s.nesting()
}

// edgeOf names an edge by its ring and first vertex.
type edgeOf struct{ ring, at int32 }

// crossings compares the edges in the same band of latitude.
func (s *rings) crossings() []fault {
	var edges []edge
	var names []edgeOf
	low, high := int32(halfY), int32(-halfY)
	for i, ring := range s.list {
		for j := range len(ring) - 1 {
			lo, hi := min(ring[j].y, ring[j+1].y), max(ring[j].y, ring[j+1].y)
			edges = append(edges, edge{uint32(len(names)), lo, hi + 1}) // level edges, too
			names = append(names, edgeOf{int32(i), int32(j)})
			low, high = min(low, lo), max(high, hi+1)
		}
	}
	var index bandIndex
	bands := index.add(edges, low, high)
	var found []fault
	seen := make(map[[2]int32]bool)
	for band := range bands.count {
		list := index.edges[index.starts[bands.first+band]:index.starts[bands.first+band+1]]
		slices.SortFunc(list, func(a, b uint32) int { return cmp.Compare(s.west(names[a]), s.west(names[b])) })
		for i, a := range list {
			for _, b := range list[i+1:] {
				if *s.work--; *s.work < 0 {
					return []fault{{kind: ringIsTangle, ring: int(names[a].ring), at: s.position(s.list[names[a].ring][names[a].at])}}
				}
				e, f := names[min(a, b)], names[max(a, b)]
				if s.west(names[b]) > s.east(names[a]) {
					break
				}
				if at, ok := s.cross(e, f); ok && !seen[[2]int32{e.ring, f.ring}] {
					seen[[2]int32{e.ring, f.ring}] = true
					found = append(found, fault{ring: int(f.ring), other: int(e.ring), kind: ringCrosses, at: at})
				}
			}
		}
	}
	return found
}

func (s *rings) west(e edgeOf) int32 {
	return min(s.list[e.ring][e.at].x, s.list[e.ring][e.at+1].x)
}

func (s *rings) east(e edgeOf) int32 {
	return max(s.list[e.ring][e.at].x, s.list[e.ring][e.at+1].x)
}

// cross tells whether rings cross where two edges meet, and where. Touching is none, nor is what rounding to a vertex may
// have brought about.
func (s *rings) cross(e, f edgeOf) (orb.Point, bool) {
	a, b := s.list[e.ring][e.at], s.list[e.ring][e.at+1]
	c, d := s.list[f.ring][f.at], s.list[f.ring][f.at+1]
	fromC, fromD, fromA, fromB := side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)
	switch {
	case fromC*fromD < 0 && fromA*fromB < 0:
		if min(off(a, b, c), off(a, b, d), off(c, d, a), off(c, d, b)) <= 2 {
			return orb.Point{}, false
		}
		t := off(c, d, a) / (off(c, d, a) + off(c, d, b))
		at := vertex{a.x + int32(math.Round(t*(float64(b.x)-float64(a.x)))), a.y + int32(math.Round(t*(float64(b.y)-float64(a.y))))}
		return s.position(at), true
	case b == d: // each corner once: where both edges end
		return s.position(b), s.through(a, b, s.after(e), c, s.after(f))
	case fromB == 0 && within(c, d, b): // a corner on the other edge
		return s.position(b), fromA*side(c, d, s.after(e)) < 0 && min(off(c, d, a), off(c, d, s.after(e))) > 2
	case fromD == 0 && within(a, b, d):
		return s.position(d), fromC*side(a, b, s.after(f)) < 0 && min(off(a, b, c), off(a, b, s.after(f))) > 2
	}
	return orb.Point{}, false
}

// after returns the vertex that follows an edge.
func (s *rings) after(e edgeOf) vertex {
	ring := s.list[e.ring]
	if int(e.at)+2 < len(ring) {
		return ring[e.at+2]
	}
	return ring[1]
}

// through tells whether two ways that meet at v, from p to q and from r to t, cross there.
func (s *rings) through(p, v, q, r, t vertex) bool {
	for _, x := range [...]vertex{r, t} {
		for _, y := range [...]vertex{p, q} {
			if off(v, y, x) <= 2 && (float64(x.x)-float64(v.x))*(float64(y.x)-float64(v.x))+(float64(x.y)-float64(v.y))*(float64(y.y)-float64(v.y)) > 0 {
				return false // they go along one another
			}
		}
	}
	return leftOf(p, v, q, r) != leftOf(p, v, q, t)
}

// leftOf tells whether x lies left of the way from p by v to q, seen from v.
func leftOf(p, v, q, x vertex) bool {
	if side(p, v, q) >= 0 {
		return side(p, v, x) > 0 && side(v, q, x) > 0
	}
	return side(p, v, x) > 0 || side(v, q, x) > 0
}

// off returns how far c is from the line through a and b.
func off(a, b, c vertex) float64 {
	x, y := float64(b.x)-float64(a.x), float64(b.y)-float64(a.y)
	return math.Abs(x*(float64(c.y)-float64(a.y))-y*(float64(c.x)-float64(a.x))) / math.Hypot(x, y)
}

// within tells whether c, on the line through a and b, is between them.
func within(a, b, c vertex) bool {
	return c != a && c != b && min(a.x, b.x) <= c.x && c.x <= max(a.x, b.x) && min(a.y, b.y) <= c.y && c.y <= max(a.y, b.y)
}

// nesting returns the rings that do not lie in one another as they must: each hole in the outer ring and in no other hole.
func (s *rings) nesting() []fault {
	var found []fault
	for i := 1; i < len(s.list); i++ {
		at, in := s.lies(i, 0)
		switch _, around := s.lies(0, i); {
		case in == outside && around == inside:
			found = append(found, fault{ring: i, kind: ringAround, at: at})
			continue
		case in == outside:
			found = append(found, fault{ring: i, kind: ringOutside, at: at})
			continue
		}
		for j := 1; j < len(s.list); j++ {
			if j == i {
				continue
			}
			if at, in := s.lies(i, j); in == inside {
				found = append(found, fault{ring: i, other: j, kind: ringInHole, at: at})
				break
			}
		}
		if *s.work < 0 {
			return append(found, fault{kind: ringIsTangle, ring: i, at: at})
		}
	}
	return found
}

type lying uint8

const (
	outside lying = iota
	inside
	along // each corner is on the other ring
)

// lies tells where a ring lies that crosses another not, and names a place where this shows.
func (s *rings) lies(ring, other int) (orb.Point, lying) {
	for _, v := range s.list[ring] {
		if *s.work -= len(s.list[other]); *s.work < 0 {
			break
		}
		if in := lie(v, s.list[other]); in != along {
			return s.position(v), in
		}
	}
	return orb.Point{}, along
}

// lie tells where a vertex lies of a closed ring.
func lie(v vertex, ring []vertex) lying {
	in := outside
	for i := 1; i < len(ring); i++ {
		a, b := ring[i-1], ring[i]
		if a.y > b.y {
			a, b = b, a
		}
		if v.y < a.y || v.y > b.y {
			continue
		}
		where := side(a, b, v)
		if where == 0 && min(a.x, b.x) <= v.x && v.x <= max(a.x, b.x) {
			return along
		}
		if where > 0 && v.y >= a.y && v.y < b.y {
			in ^= inside
		}
	}
	return in
}
