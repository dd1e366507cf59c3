package area

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/paulmach/orb"

	"callbox/config/strict"
)

// ReadBoundaries reads service boundaries: GeoJSON (RFC 7946) of Features that are Polygons or MultiPolygons, each with the
// ID of its call centre in the property "psap" and, for people, a "name". file names the source in problems. A file with
// problems gives no boundaries but all of its problems, up to a hundred.
//
// Rings that wind the wrong way are turned, and those that cross the antimeridian in one piece are cut there.
func ReadBoundaries(file string, src []byte) ([]Boundary, strict.Problems) {
	var list []Boundary
	ids := make(map[string]int)
	problems := readGeoJSON(file, src, []string{"psap", "name"}, func(r *geoReader, f *feature) {
		b := Boundary{ID: f.id, Centre: f.property["psap"], Name: f.property["name"], Where: file + ":" + strconv.Itoa(f.line)}
		if b.Centre == "" {
			r.of(f, ".properties.psap", "", "is missing", "write the ID of the call centre that serves the area")
		}
		if first, twice := ids[f.id]; twice {
			r.of(f, ".id", f.id, fmt.Sprintf("is there twice, first in line %d", first), "give each feature its own, or none")
		} else if f.id != "" {
			ids[f.id] = f.line
		}
		b.Shape = r.polygons(f)
		list = append(list, b)
	})
	if len(problems) > 0 {
		return nil, problems
	}
	return list, nil
}

// polygons makes a shape of a feature's geometry, and reports what is wrong with it.
func (r *geoReader) polygons(f *feature) orb.MultiPolygon {
	const where = ".geometry.coordinates"
	if f.damaged {
		return nil
	}
	var shape orb.MultiPolygon
	switch f.kind {
	case "":
		r.of(f, ".geometry", "", "is missing", "add a Polygon or a MultiPolygon")
	case "Polygon":
		shape = r.polygon(f, where, f.shape)
	case "MultiPolygon":
		for i, p := range f.shape.parts {
			shape = append(shape, r.polygon(f, where+"["+strconv.Itoa(i)+"]", p)...)
		}
		if len(f.shape.parts) == 0 {
			r.of(f, where, "", "has no polygon", "add one")
		}
		r.apart(f, where, shape)
	default:
		r.of(f, ".geometry.type", f.kind, "is no area", "write a Polygon or a MultiPolygon")
	}
	return shape
}

// polygon makes one of its coordinates, or two where it lies on both sides of the antimeridian.
func (r *geoReader) polygon(f *feature, where string, c coordinates) orb.MultiPolygon {
	if len(c.parts) == 0 {
		r.of(f, where, "", "has no ring", "a Polygon is a list of rings, the outer one first")
		return nil
	}
	polygon := make(orb.Polygon, 0, len(c.parts))
	for i, part := range c.parts {
		here := where + "[" + strconv.Itoa(i) + "]"
		if ring := r.ring(f, here, part); ring != nil {
			polygon = append(polygon, ring)
		}
	}
	if len(polygon) < len(c.parts) {
		return nil
	}
	flat, crosses, around := unwrap(polygon)
	if around >= 0 {
		r.of(f, where+"["+strconv.Itoa(around)+"]", "", "goes around a pole", "let it run along the antimeridian to the pole, as RFC 7946, section 3.1.9, has it")
		return nil
	}
	faults := newRings(flat, crosses, &r.work).faults()
	for _, fault := range faults {
		r.fault(f, where, fault)
	}
	switch {
	case len(faults) > 0:
		return nil
	case crosses:
		return cut(flat)
	}
	return orb.MultiPolygon{polygon}
}

// apart reports a polygon that lies in another one of its feature: it was meant to be a hole.
func (r *geoReader) apart(f *feature, where string, shape orb.MultiPolygon) {
	if len(shape) < len(f.shape.parts) { // some were bad
		return
	}
	boxes := make([]orb.Bound, len(shape))
	for i, p := range shape {
		boxes[i] = p.Bound()
	}
	for i, p := range shape {
		for j, q := range shape {
			if r.work--; i == j || !boxes[j].Contains(boxes[i].Min) || !boxes[j].Contains(boxes[i].Max) {
				continue
			}
			s := newRings(slices.Concat(orb.Polygon{p[0]}, q), false, &r.work)
			at, in := s.lies(0, 1)
			for hole := 2; in == inside && hole < len(s.list); hole++ {
				if _, there := s.lies(0, hole); there != outside {
					in = outside
				}
			}
			if in == inside {
				r.of(f, where, "", "has polygons that lie in one another at "+coordinatesOf(at), "write a hole as a further ring of its polygon")
				return
			}
		}
		if r.work < 0 {
			return
		}
	}
}

// fault reports what is wrong with how a polygon's rings lie.
func (r *geoReader) fault(f *feature, where string, x fault) {
	at := " at " + coordinatesOf(x.at)
	path := where + "[" + strconv.Itoa(x.ring) + "]"
	other := "ring " + strconv.Itoa(x.other)
	switch {
	case x.kind == ringCrosses && x.ring == x.other:
		r.of(f, path, "", "crosses itself"+at, "write its positions in the order in which they follow one another around the area")
	case x.kind == ringCrosses:
		r.of(f, path, "", "crosses "+other+at, "a hole lies inside the outer ring and outside of other holes")
	case x.kind == ringOutside:
		r.of(f, path, "", "lies outside of the outer ring"+at, "make it a polygon of a MultiPolygon: all rings but the first are holes")
	case x.kind == ringAround:
		r.of(f, path, "", "lies around the first ring"+at, "write the outer ring first")
	case x.kind == ringInHole:
		r.of(f, path, "", "lies within the hole that is "+other+at, "make it a polygon of a MultiPolygon: what lies in a hole is no hole")
	case x.kind == ringEmpty:
		r.of(f, path, "", "has no area", "remove it, or write its positions with more decimals")
	default:
		r.of(f, path, "", "has too many edges at one place to be checked"+at, "simplify it")
	}
}

// ring takes a ring as it is, nil for one that is none.
func (r *geoReader) ring(f *feature, where string, c coordinates) orb.Ring {
	n := len(c.positions)
	if n == 0 {
		r.of(f, where, "", "is no ring", "a ring is a list of positions, the first again as the last")
		return nil
	}
	for i, p := range c.positions {
		if !r.inRange(f, where+"["+strconv.Itoa(i)+"]", p) {
			return nil
		}
	}
	switch {
	case n < 4:
		r.of(f, where, "", fmt.Sprintf("has %d positions", n), "a ring has four at least, the first again as the last")
	case c.positions[0] != c.positions[n-1]:
		r.of(f, where, "", fmt.Sprintf("is open: it begins at %s and ends at %s", coordinatesOf(c.positions[0]), coordinatesOf(c.positions[n-1])),
			"write the first position again as the last")
	case closed(c.positions) == nil:
		r.of(f, where, "", "has no area", "remove it, or write its positions with more decimals")
	default:
		return c.positions
	}
	return nil
}

// coordinatesOf writes a position for people, latitude first.
func coordinatesOf(p orb.Point) string {
	return strconv.FormatFloat(p[1], 'f', -1, 64) + ", " + strconv.FormatFloat(p[0], 'f', -1, 64)
}
