package location

import (
	"math"
	"slices"
)

// Centroid returns the point that stands for the shape: its centre, of a polygon and an arc band that of its area.
func (s Shape) Centroid() Point {
	switch s.Kind {
	case KindPolygon, KindPrism:
		return centroid(s.Ring)
	case KindArcBand:
		half := radians(s.OpeningAngle) / 2
		if half == 0 || s.Radius <= 0 {
			return s.Centre.Towards(s.StartAngle, (s.InnerRadius+s.Radius)/2)
		}
		in, out := s.InnerRadius, s.Radius
		// (out³-in³)/(out²-in²), written so that it holds for in = out
		r := 2.0 / 3 * math.Sin(half) / half * (out*out + out*in + in*in) / (out + in)
		return s.Centre.Towards(s.StartAngle+s.OpeningAngle/2, r)
	}
	return s.Centre
}

// centroid returns the centre of a ring's area. A ring without one gives its first point.
func centroid(ring []Point) Point {
	if len(ring) == 0 {
		return Point{}
	}
	flat, err := flatten(ring)
	if err != nil {
		return ring[0]
	}
	var x, y, sum float64
	for i, a := range flat {
		b := flat[(i+1)%len(flat)]
		cross := a.x*b.y - b.x*a.y
		x, y, sum = x+(a.x+b.x)*cross, y+(a.y+b.y)*cross, sum+cross
	}
	if math.Abs(sum) < smallest {
		return ring[0]
	}
	origin := ring[0]
	scale := math.Cos(radians(origin.Lat))
	return Point{
		Lat: max(-90, min(90, origin.Lat+y/(3*sum))),
		Lon: wrap(origin.Lon + x/(3*sum)/max(scale, 1e-9)),
		Alt: origin.Alt,
	}
}

// Flat returns the shape on the ground: a Circle for a Sphere, an Ellipse for an Ellipsoid, a Polygon for a Prism, all
// without heights.
func (s Shape) Flat() Shape {
	s.Centre.Alt = nil
	switch s.Kind {
	case KindSphere:
		s.Kind = KindCircle
	case KindEllipsoid:
		s.Kind, s.Vertical = KindEllipse, 0
	case KindPolygon, KindPrism:
		s.Kind, s.Height = KindPolygon, 0
		s.Ring = slices.Clone(s.Ring)
		for i := range s.Ring {
			s.Ring[i].Alt = nil
		}
	}
	return s
}

// Uncertainty returns the radius in metres of the circle around the centroid that holds the whole shape; 0 for a point.
func (s Shape) Uncertainty() float64 {
	switch s.Kind {
	case KindPoint:
		return 0
	case KindCircle, KindSphere:
		return s.Radius
	case KindEllipse, KindEllipsoid:
		return max(s.Radius, s.SemiMinor)
	}
	centre, most := s.Centroid(), 0.0
	for _, p := range s.Outline(64) {
		most = max(most, Distance(centre, p))
	}
	return most
}

// Outline returns the shape as a ring on the ground, counterclockwise, the first point again at the end: that of a
// polygon or prism as it is, of the others with about n corners, at least 8. A point has none, nor has what is no wider.
func (s Shape) Outline(n int) []Point {
	n = max(n, 8)
	var ring []Point
	switch s.Kind {
	case KindPoint:
		return nil
	case KindPolygon, KindPrism:
		if len(s.Ring) == 0 {
			return nil
		}
		if flat, err := flatten(s.Ring); err == nil && area(flat) < 0 {
			ring = slices.Clone(s.Ring)
			slices.Reverse(ring)
			return ring
		}
		return s.Ring
	case KindArcBand:
		ring = s.band(n)
	default:
		if s.Radius <= 0 {
			return nil
		}
		for i := range n {
			ring = append(ring, s.rim(-360*float64(i)/float64(n)))
		}
	}
	if len(ring) > 0 {
		ring = append(ring, ring[0])
	}
	return ring
}

// rim returns the point of a circle's or an ellipse's edge at an angle from its major axis.
func (s Shape) rim(at float64) Point {
	if s.Kind != KindEllipse && s.Kind != KindEllipsoid {
		return s.Centre.Towards(at, s.Radius)
	}
	along, across := s.Radius*math.Cos(radians(at)), s.SemiMinor*math.Sin(radians(at))
	return s.Centre.Towards(s.Orientation+degrees(math.Atan2(across, along)), math.Hypot(along, across))
}

// band returns the corners of an arc band: the outer arc one way, the inner one back.
func (s Shape) band(n int) []Point {
	if s.Radius <= 0 || s.OpeningAngle == 0 {
		return nil
	}
	half := max(n/2, 4)
	ring := make([]Point, 0, 2*half)
	for i := range half {
		ring = append(ring, s.Centre.Towards(s.StartAngle+s.OpeningAngle*float64(i)/float64(half-1), s.Radius))
	}
	if s.InnerRadius == 0 {
		ring = append(ring, s.Centre)
	}
	for i := half - 1; i >= 0 && s.InnerRadius > 0; i-- {
		ring = append(ring, s.Centre.Towards(s.StartAngle+s.OpeningAngle*float64(i)/float64(half-1), s.InnerRadius))
	}
	if s.OpeningAngle > 0 {
		slices.Reverse(ring)
	}
	return ring
}
