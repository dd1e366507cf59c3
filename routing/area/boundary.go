package area

import (
	"iter"
	"math"
	"slices"

	"github.com/paulmach/orb"
	"github.com/tidwall/rtree"

	"callbox/sip/location"
)

// Boundary is an area that one call centre serves.
type Boundary struct {
	ID     string // the feature's own, "" for none
	Centre string // ID of the call centre
	Name   string
	Shape  orb.MultiPolygon // WGS 84 longitude and latitude; rings are closed, and cut where they cross the antimeridian
	Where  string           // the file and line it comes from, "" for none
}

// Boundaries find the centre that serves a point. They never change and are safe for concurrent use.
//
// An edge belongs to the area on its right or, where it lies level, the one above it: a point on the edge that two areas
// share is in one of them, always the same. On the edge of one area alone it is in that. Where areas lie over each other
// the one that was given first has the point.
type Boundaries struct {
	list     []Boundary // without shapes, which the parts hold
	parts    []part
	vertices []vertex
	rings    []uint32 // where each ring ends in vertices
	index    bandIndex
	tree     rtree.RTreeGN[float64, uint32] // of parts, in units of 1e-7 degrees
}

// part is one polygon of a boundary with its holes.
type part struct {
	boundary  uint32
	ring      uint32 // its first; the next part's first is its end
	low, high vertex // corners of the box around it
	bands     bands
}

// NewBoundaries indexes boundaries, of whose shapes it keeps no reference. Rings that are none are left out: ReadBoundaries
// reports them.
func NewBoundaries(list []Boundary) *Boundaries {
	b := &Boundaries{list: make([]Boundary, len(list))}
	for i, one := range list {
		for _, polygon := range one.Shape {
			b.add(uint32(i), polygon)
		}
		one.Shape = nil
		b.list[i] = one
	}
	return b
}

// Len returns the number of boundaries.
func (b *Boundaries) Len() int { return len(b.list) }

// add takes a polygon in.
func (b *Boundaries) add(boundary uint32, polygon orb.Polygon) {
	p := part{boundary: boundary, ring: uint32(len(b.rings)), low: vertex{halfX, halfY}, high: vertex{-halfX, -halfY}}
	var edges []edge
	for i, r := range polygon {
		ring := closed(r)
		if ring == nil {
			if i == 0 {
				return
			}
			continue
		}
		if area2(ring) < 0 == (i == 0) { // outer rings go round counterclockwise, as in RFC 7946
			slices.Reverse(ring)
		}
		for j, v := range ring {
			p.low = vertex{min(p.low.x, v.x), min(p.low.y, v.y)}
			p.high = vertex{max(p.high.x, v.x), max(p.high.y, v.y)}
			if j+1 < len(ring) && v.y != ring[j+1].y {
				edges = append(edges, edge{uint32(len(b.vertices) + j), min(v.y, ring[j+1].y), max(v.y, ring[j+1].y)})
			}
		}
		b.vertices = append(b.vertices, ring...)
		b.rings = append(b.rings, uint32(len(b.vertices)))
	}
	if len(polygon) == 0 {
		return
	}
	p.bands = b.index.add(edges, p.low.y, p.high.y)
	b.tree.Insert([2]float64{float64(p.low.x), float64(p.low.y)}, [2]float64{float64(p.high.x), float64(p.high.y)}, uint32(len(b.parts)))
	b.parts = append(b.parts, p)
}

// At returns the ID of the centre that serves a point, false where none does. It allocates nothing.
func (b *Boundaries) At(p location.Point) (centre string, ok bool) {
	i, ok := b.find(p)
	if !ok {
		return "", false
	}
	return b.list[i].Centre, true
}

// find returns the boundary that a point is in.
func (b *Boundaries) find(p location.Point) (int, bool) {
	if !inRange(orb.Point{p.Lon, p.Lat}) {
		return 0, false
	}
	v := toVertex(orb.Point{p.Lon, p.Lat})
	if v.x == halfX { // the same meridian
		v.x = -halfX
	}
	if i, ok := b.holds(v); ok {
		return i, true
	}
	// On an edge that nothing is on the other side of, a neighbouring point is inside: mostly the one to the left or below,
	// at a corner that points north or east another one.
	for _, step := range [...][2]int32{{-1, 0}, {0, -1}, {-1, -1}, {1, -1}, {-1, 1}} {
		near := vertex{v.x + step[0], v.y + step[1]}
		switch {
		case near.y < -halfY || near.y > halfY:
			continue
		case near.x < -halfX:
			near.x = halfX - 1
		case near.x > halfX:
			near.x = -halfX + 1
		}
		if i, ok := b.holds(near); ok {
			return i, true
		}
	}
	return 0, false
}

// holds returns the first boundary that a vertex is in.
func (b *Boundaries) holds(v vertex) (int, bool) {
	at, best := [2]float64{float64(v.x), float64(v.y)}, uint32(math.MaxUint32)
	b.tree.Search(at, at, func(_, _ [2]float64, i uint32) bool {
		if p := &b.parts[i]; p.boundary < best && b.inside(p, v) {
			best = p.boundary
		}
		return true
	})
	return int(best), best != math.MaxUint32
}

// inside counts the edges to the right of a vertex in the box of a part: an odd number of them means inside.
func (b *Boundaries) inside(p *part, v vertex) bool {
	in := false
	x, y := int64(v.x), int64(v.y)
	for _, e := range b.index.at(&p.bands, v.y) {
		from, to := b.vertices[e], b.vertices[e+1]
		if from.y > to.y {
			from, to = to, from
		}
		switch {
		case v.y < from.y || v.y >= to.y: // the upper end is another edge's lower one
		case v.x >= max(from.x, to.x):
		case v.x < min(from.x, to.x):
			in = !in
		// between the two ends both products have the same sign, so that their difference fits as they do
		case (int64(to.x)-int64(from.x))*(y-int64(from.y))-(x-int64(from.x))*(int64(to.y)-int64(from.y)) > 0:
			in = !in
		}
	}
	return in
}

// Boundary returns what a centre serves, in the order it was given, ok false for nothing. It allocates: shapes are kept in
// another form, of seven decimals.
func (b *Boundaries) Boundary(centre string) (shape orb.MultiPolygon, ok bool) {
	for i := range b.parts {
		if b.list[b.parts[i].boundary].Centre == centre {
			shape = append(shape, b.polygon(i))
		}
	}
	return shape, len(shape) > 0
}

// All yields the boundaries in the order they were given, with their shapes, as Boundary returns them.
func (b *Boundaries) All() iter.Seq[Boundary] {
	return func(yield func(Boundary) bool) {
		next := 0
		for i, one := range b.list {
			for ; next < len(b.parts) && b.parts[next].boundary == uint32(i); next++ {
				one.Shape = append(one.Shape, b.polygon(next))
			}
			if !yield(one) {
				return
			}
		}
	}
}

// polygon returns a part as a polygon.
func (b *Boundaries) polygon(i int) orb.Polygon {
	end := uint32(len(b.rings))
	if i+1 < len(b.parts) {
		end = b.parts[i+1].ring
	}
	var out orb.Polygon
	for r := b.parts[i].ring; r < end; r++ {
		begin := uint32(0)
		if r > 0 {
			begin = b.rings[r-1]
		}
		ring := make(orb.Ring, 0, b.rings[r]-begin)
		for _, v := range b.vertices[begin:b.rings[r]] {
			ring = append(ring, v.point())
		}
		out = append(out, ring)
	}
	return out
}
