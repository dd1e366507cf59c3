package area

import (
	"math"

	"github.com/paulmach/orb"
)

// A vertex is a corner of a boundary in units of 1e-7 degrees, a centimetre at most. Whole numbers make every comparison
// exact, so that neighbours who share an edge agree to the last digit on which side of it a point lies.
type vertex struct{ x, y int32 }

const (
	halfX = 1_800_000_000 // 180 degrees
	halfY = 900_000_000
)

// toVertex rounds a position of longitude and latitude, which must be in range.
func toVertex(p orb.Point) vertex {
	return vertex{int32(math.Round(p[0] * 1e7)), int32(math.Round(p[1] * 1e7))}
}

// point is the position a vertex stands for. Divided, not multiplied, it is the number with seven decimals.
func (v vertex) point() orb.Point { return orb.Point{float64(v.x) / 1e7, float64(v.y) / 1e7} }

// inRange tells whether p is a position at all.
func inRange(p orb.Point) bool {
	return math.Abs(p[0]) <= 180 && math.Abs(p[1]) <= 90 // false for NaN
}

// side says where c lies of the way from a to b: 1 left, -1 right, 0 on their line. It is exact: the products of the widest
// differences there are, 3.6e9 by 1.8e9, fit into 63 bits, but their difference would not.
func side(a, b, c vertex) int {
	left := (int64(b.x) - int64(a.x)) * (int64(c.y) - int64(a.y))
	right := (int64(b.y) - int64(a.y)) * (int64(c.x) - int64(a.x))
	switch {
	case left > right:
		return 1
	case left < right:
		return -1
	}
	return 0
}

// closed returns a ring's vertices, the first again as the last, without those that are equal to the one before. One of
// less than three different vertices in a row is nil.
func closed(r orb.Ring) []vertex {
	out := make([]vertex, 0, len(r)+1)
	for _, p := range r {
		if !inRange(p) {
			return nil
		}
		if v := toVertex(p); len(out) == 0 || out[len(out)-1] != v {
			out = append(out, v)
		}
	}
	if len(out) > 0 && out[0] != out[len(out)-1] {
		out = append(out, out[0])
	}
	if len(out) < 4 {
		return nil
	}
	return out
}

// area2 returns twice the area of a closed ring in square units, below 0 for one that goes round clockwise.
func area2(ring []vertex) float64 {
	sum := 0.0
	for i := 1; i < len(ring); i++ {
		p, q := ring[i-1], ring[i]
		sum += (float64(p.x) + float64(q.x) - 2*float64(ring[0].x)) * (float64(q.y) - float64(p.y))
	}
	return sum
}
