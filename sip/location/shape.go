package location

import (
	"errors"
	"fmt"
	"math"
)

// Kind says what a shape is.
type Kind uint8

// The shapes of RFC 5491 section 5.2.
const (
	KindPoint Kind = iota
	KindCircle
	KindEllipse
	KindArcBand
	KindPolygon
	KindSphere
	KindEllipsoid
	KindPrism
)

var kindNames = [...]string{"Point", "Circle", "Ellipse", "ArcBand", "Polygon", "Sphere", "Ellipsoid", "Prism"}

// String returns the name of the shape's element: "Point", "ArcBand".
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown shape"
}

// Limits of shapes.
const (
	MaxCorners = 256     // of a ring, the closing one included; RFC 5491 section 5.2.2 recommends 15
	MaxRadius  = 2000000 // metres; what is wider says nothing about where to send help
	maxHeight  = 100000  // metres
)

// Shape is where somebody may be. Lengths are in metres, angles in degrees clockwise from north. Which fields count
// depends on the kind:
//
//	Point               Centre
//	Circle, Sphere      Centre, Radius
//	Ellipse, Ellipsoid  Centre, Radius (semi-major axis), SemiMinor, Orientation of the major axis; Vertical (ellipsoid)
//	ArcBand             Centre, InnerRadius, Radius (outer), StartAngle, OpeningAngle
//	Polygon, Prism      Ring; Height (prism)
type Shape struct {
	Kind         Kind
	Centre       Point
	Ring         []Point // corners in order, the first again at the end
	Radius       float64
	SemiMinor    float64
	Vertical     float64
	Orientation  float64
	InnerRadius  float64
	StartAngle   float64
	OpeningAngle float64
	Height       float64
	Confidence   float64 // percent that the place is within the shape (RFC 7459); 0 is not said
}

// NewPoint returns a point as a shape.
func NewPoint(p Point) Shape { return Shape{Kind: KindPoint, Centre: p} }

// NewCircle returns a circle of radius metres around p, a plain point where radius is 0.
func NewCircle(p Point, radius float64) Shape {
	if radius == 0 {
		return NewPoint(p)
	}
	return Shape{Kind: KindCircle, Centre: p, Radius: radius}
}

// Check says what is wrong with the shape, nil for nothing.
func (s Shape) Check() error {
	if s.Confidence != 0 && !(s.Confidence > 0 && s.Confidence <= 100) {
		return fmt.Errorf("confidence %v is out of range: it has to be within 0 and 100 percent", s.Confidence)
	}
	if s.Kind == KindPolygon || s.Kind == KindPrism {
		if err := checkRing(s.Ring); err != nil {
			return err
		}
		return length("height", s.Height, maxHeight)
	}
	if err := s.Centre.Check(); err != nil {
		return err
	}
	switch s.Kind {
	case KindPoint:
		return nil
	case KindCircle, KindSphere:
		return length("radius", s.Radius, MaxRadius)
	case KindEllipse, KindEllipsoid:
		return errors.Join(length("semiMajorAxis", s.Radius, MaxRadius), length("semiMinorAxis", s.SemiMinor, MaxRadius),
			length("verticalAxis", s.Vertical, maxHeight), angle("orientation", s.Orientation))
	case KindArcBand:
		if err := errors.Join(length("innerRadius", s.InnerRadius, MaxRadius), length("outerRadius", s.Radius, MaxRadius),
			angle("startAngle", s.StartAngle), angle("openingAngle", s.OpeningAngle)); err != nil {
			return err
		}
		if s.InnerRadius > s.Radius {
			return fmt.Errorf("innerRadius %v is greater than outerRadius %v: swap them", s.InnerRadius, s.Radius)
		}
		return nil
	}
	return fmt.Errorf("%s %d", s.Kind, s.Kind)
}

func length(name string, metres, most float64) error {
	if metres >= 0 && metres <= most {
		return nil
	}
	return fmt.Errorf("%s %v is out of range: it has to be within 0 and %v metres", name, metres, most)
}

func angle(name string, degrees float64) error {
	if math.Abs(degrees) <= 360 {
		return nil
	}
	return fmt.Errorf("%s %v is out of range: it has to be within -360 and 360 degrees", name, degrees)
}
