package area

import (
	"math"

	"github.com/paulmach/orb"
)

// unwrap puts a polygon on a map without an edge: where a ring goes from one side of the antimeridian to the other its
// longitudes go on beyond 180 degrees. An edge goes the shorter way, but one of exactly 360 degrees, which goes around the
// Earth. around is the first ring that goes around a pole, which no map has room for, -1 for none.
func unwrap(polygon orb.Polygon) (flat orb.Polygon, crosses bool, around int) {
	flat = make(orb.Polygon, len(polygon))
	for i, ring := range polygon {
		flat[i] = make(orb.Ring, len(ring))
		turn := 0.0
		for j, p := range ring {
			if j > 0 {
				if step := p[0] - ring[j-1][0]; math.Abs(step) > 180 && math.Abs(step) < 360 {
					turn -= math.Copysign(360, step)
					crosses = true
				}
			}
			flat[i][j] = orb.Point{p[0] + turn, p[1]}
		}
		if turn != 0 {
			return nil, true, i
		}
	}
	if !crosses {
		return polygon, false, -1
	}
	outer := flat[0].Bound()
	for _, ring := range flat[1:] { // a hole lies where the outer ring does
		hole, turn := ring.Bound(), 0.0
		switch {
		case hole.Min[0] < outer.Min[0]:
			turn = 360
		case hole.Max[0] > outer.Max[0]:
			turn = -360
		}
		for j := range ring {
			ring[j][0] += turn
		}
	}
	return flat, true, -1
}

// cut cuts an unwrapped polygon at the antimeridian and brings the pieces back between -180 and 180 degrees.
func cut(flat orb.Polygon) orb.MultiPolygon {
	var pieces orb.MultiPolygon
	for _, turn := range [...]float64{-360, 0, 360} {
		var piece orb.Polygon
		for i, ring := range flat {
			moved := make(orb.Ring, len(ring))
			for j, p := range ring {
				moved[j] = orb.Point{p[0] + turn, p[1]}
			}
			moved = clip(clip(moved, -180, 1), 180, -1)
			if closed(moved) != nil {
				piece = append(piece, moved)
			} else if i == 0 {
				break // nothing of the outer ring is here
			}
		}
		if len(piece) > 0 {
			pieces = append(pieces, piece)
		}
	}
	return pieces
}

// clip keeps of a closed ring what lies east of a meridian for side 1, west of it for -1. Pieces that the meridian parts
// stay joined along it, by edges that go there and back.
func clip(ring orb.Ring, meridian, side float64) orb.Ring {
	var out orb.Ring
	for i, p := range ring {
		if i > 0 {
			if q := ring[i-1]; (q[0]-meridian)*side < 0 != ((p[0]-meridian)*side < 0) {
				out = append(out, crossing(q, p, meridian))
			}
		}
		if (p[0]-meridian)*side >= 0 {
			out = append(out, p)
		}
	}
	if len(out) > 0 && out[0] != out[len(out)-1] {
		out = append(out, out[0])
	}
	return out
}

// crossing returns where an edge meets a meridian, the same for both directions.
func crossing(p, q orb.Point, meridian float64) orb.Point {
	if p[0] > q[0] {
		p, q = q, p
	}
	return orb.Point{meridian, p[1] + (meridian-p[0])/(q[0]-p[0])*(q[1]-p[1])}
}
