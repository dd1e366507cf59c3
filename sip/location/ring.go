package location

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// checkRing says what is wrong with the corners of a polygon: how many, not closed, not on Earth, no area, or sides that
// meet where they should not.
func checkRing(ring []Point) error {
	switch {
	case len(ring) > MaxCorners:
		return fmt.Errorf("it has %d points, the limit is %d: give fewer", len(ring), MaxCorners)
	case len(ring) < 4:
		return fmt.Errorf("it has %d points: a ring needs three corners and the first of them again at the end", len(ring))
	}
	for i, p := range ring {
		if err := p.Check(); err != nil {
			return fmt.Errorf("point %d: %w", i+1, err)
		}
	}
	first, last := ring[0], ring[len(ring)-1]
	if first.Lat != last.Lat || wrap(first.Lon-last.Lon) != 0 {
		return fmt.Errorf("the ring is not closed: it starts at %v and ends at %v, repeat the first point at the end",
			first, last)
	}
	flat, err := flatten(ring)
	if err != nil {
		return err
	}
	if err := crossing(flat); err != nil {
		return err
	}
	if math.Abs(area(flat)) < smallest {
		return errNoArea
	}
	return nil
}

// smallest is twice the area of the smallest ring, in square degrees: some square centimetres.
const smallest = 1e-14

var errNoArea = errors.New("the ring has no area: its points are on one line")

// flatten puts a ring on a plane around its first point, in degrees of latitude, without the closing point and without
// points that repeat the one before. Longitudes go on across the antimeridian.
func flatten(ring []Point) ([]corner, error) {
	origin := ring[0]
	flat := make([]corner, 0, len(ring))
	lon, scale := 0.0, math.Cos(radians(origin.Lat))
	for i, p := range ring {
		if i > 0 {
			lon += wrap(p.Lon - ring[i-1].Lon)
		}
		c := corner{lon * scale, p.Lat - origin.Lat, i + 1}
		if math.Abs(lon) > 180 {
			return nil, fmt.Errorf("point %d: the ring goes around the Earth: give a smaller one", i+1)
		}
		if len(flat) == 0 || flat[len(flat)-1].x != c.x || flat[len(flat)-1].y != c.y {
			flat = append(flat, c)
		}
	}
	flat = flat[:len(flat)-1]
	for i := 2; i < len(flat); i++ {
		if side(flat[0], flat[1], flat[i]) != 0 {
			return flat, nil
		}
	}
	return nil, errNoArea
}

// corner is a point on the plane, and its place in the ring, from 1.
type corner struct {
	x, y float64
	n    int
}

// area returns twice the signed area, positive for counterclockwise.
func area(flat []corner) float64 {
	sum := 0.0
	for i, a := range flat {
		b := flat[(i+1)%len(flat)]
		sum += a.x*b.y - b.x*a.y
	}
	return sum
}

// stretch is a side and the box around it.
type stretch struct {
	lowX, highX, lowY, highY float64
	from                     int // its first corner's place in the ring
}

// crossing says which sides meet that are not neighbours: where one runs back over its neighbour, the next one meets that.
// Sides are looked at from left to right, each with those alone that begin before it ends.
func crossing(flat []corner) error {
	n := len(flat)
	sides := make([]stretch, n)
	for i, a := range flat {
		b := flat[(i+1)%n]
		sides[i] = stretch{min(a.x, b.x), max(a.x, b.x), min(a.y, b.y), max(a.y, b.y), i}
	}
	slices.SortFunc(sides, func(a, b stretch) int { return cmp.Compare(a.lowX, b.lowX) })
	for k := range sides {
		s := &sides[k]
		for l := k + 1; l < n && sides[l].lowX <= s.highX; l++ {
			o := &sides[l]
			if o.lowY > s.highY || o.highY < s.lowY {
				continue
			}
			i, j := min(s.from, o.from), max(s.from, o.from)
			a, b, c, d := flat[i], flat[(i+1)%n], flat[j], flat[(j+1)%n]
			if next := j == i+1 || i == 0 && j == n-1; !next && meet(a, b, c, d) {
				return fmt.Errorf("the ring crosses itself: the side from point %d meets the side from point %d, "+
					"give the corners in order", a.n, c.n)
			}
		}
	}
	return nil
}

// meet tells whether two sides whose boxes overlap have a point in common.
func meet(a, b, c, d corner) bool {
	return side(a, b, c)*side(a, b, d) <= 0 && side(c, d, a)*side(c, d, b) <= 0
}

// side is 1 where c is to the left of the line from a to b, -1 to the right, 0 on it.
func side(a, b, c corner) int {
	cross := (b.x-a.x)*(c.y-a.y) - (b.y-a.y)*(c.x-a.x)
	switch {
	case cross > 0:
		return 1
	case cross < 0:
		return -1
	}
	return 0
}
