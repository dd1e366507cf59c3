package location

import (
	"math"
	"strings"
	"testing"
)

func ring(latlon ...float64) []Point {
	var r []Point
	for i := 0; i+1 < len(latlon); i += 2 {
		r = append(r, Point{Lat: latlon[i], Lon: latlon[i+1]})
	}
	return r
}

func TestPointCheck(t *testing.T) {
	tests := []struct {
		name string
		p    Point
		want string // in the error, "" for none
	}{
		{"San Francisco is on Earth", Point{Lat: 37.78, Lon: -122.39}, ""},
		{"so are the pole and the antimeridian", Point{Lat: 90, Lon: -180}, ""},
		{"swapped coordinates are named as such", Point{Lat: -122.39, Lon: 37.78}, "look swapped"},
		{"a latitude of nowhere is out of range", Point{Lat: 91, Lon: 120}, "latitude 91 is out of range"},
		{"a longitude beyond the antimeridian is out of range", Point{Lat: 1, Lon: 181}, "within -180 and 180"},
		{"NaN is no number", Point{Lat: math.NaN(), Lon: 0}, "latitude is not a number"},
		{"infinity is no number", Point{Lat: 0, Lon: math.Inf(1)}, "longitude is not a number"},
		{"a height in space is out of range", Point{Alt: new(1e9)}, "altitude"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.p.Check()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestDistance(t *testing.T) {
	tests := []struct {
		name string
		a, b Point
		want float64 // metres, geodesic on WGS84
	}{
		{"a point is at itself", Point{Lat: 1, Lon: 2}, Point{Lat: 1, Lon: 2}, 0},
		{"a degree of latitude", Point{Lat: 0}, Point{Lat: 1}, 110574},
		{"San Francisco to New York", Point{Lat: 37.7841, Lon: -122.3964}, Point{Lat: 40.7484, Lon: -73.9857}, 4135000},
		{"across the antimeridian", Point{Lat: 0, Lon: 179.5}, Point{Lat: 0, Lon: -179.5}, 111320},
		{"to the other side of the Earth", Point{Lat: 0}, Point{Lat: 0, Lon: 180}, 20003931},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Distance(tt.a, tt.b); math.Abs(got-tt.want) > tt.want*0.006 {
				t.Errorf("got %.0f, want %.0f", got, tt.want)
			}
		})
	}
}

func TestTowardsIsAsFarAsItSays(t *testing.T) {
	for _, p := range []Point{{Lat: 37.7, Lon: -122.4}, {Lat: -89.99, Lon: 3}, {Lat: 0, Lon: 179.999}} {
		for bearing := 0.0; bearing < 360; bearing += 45 {
			q := p.Towards(bearing, 5000)
			if err := q.Check(); err != nil || math.Abs(Distance(p, q)-5000) > 0.01 {
				t.Errorf("%v at %v: %v is %.3f m away, %v", p, bearing, q, Distance(p, q), err)
			}
		}
	}
}

func TestShapeCheck(t *testing.T) {
	at := Point{Lat: 37.78, Lon: -122.39}
	square := ring(0, 0, 0, 1, 1, 1, 1, 0, 0, 0)
	many := make([]Point, MaxCorners+1)
	tests := []struct {
		name string
		s    Shape
		want string
	}{
		{"a point", NewPoint(at), ""},
		{"a circle", NewCircle(at, 50), ""},
		{"a circle less than nothing", NewCircle(at, -1), "radius -1 is out of range"},
		{"a circle without end", NewCircle(at, math.Inf(1)), "radius +Inf is out of range"},
		{"a circle of NaN", NewCircle(at, math.NaN()), "radius NaN is out of range"},
		{"a circle around a place that is none", NewCircle(Point{Lat: 200, Lon: 200}, 1), "latitude 200"},
		{"an ellipse", Shape{Kind: KindEllipse, Centre: at, Radius: 50, SemiMinor: 20, Orientation: 30}, ""},
		{"an ellipse turned too far", Shape{Kind: KindEllipse, Centre: at, Orientation: 400}, "orientation 400"},
		{"an arc band", Shape{Kind: KindArcBand, Centre: at, InnerRadius: 3, Radius: 5, OpeningAngle: 60}, ""},
		{"an arc band inside out", Shape{Kind: KindArcBand, Centre: at, InnerRadius: 5, Radius: 3}, "swap them"},
		{"a polygon", Shape{Kind: KindPolygon, Ring: square}, ""},
		{"a polygon the other way round", Shape{Kind: KindPolygon, Ring: ring(0, 0, 1, 0, 1, 1, 0, 1, 0, 0)}, ""},
		{"a polygon across the antimeridian", Shape{Kind: KindPolygon, Ring: ring(0, 179, 0, -179, 1, -179, 1, 179, 0, 179)}, ""},
		{"a polygon with a point twice in a row", Shape{Kind: KindPolygon, Ring: ring(0, 0, 0, 1, 0, 1, 1, 1, 0, 0)}, ""},
		{"an L", Shape{Kind: KindPolygon, Ring: ring(0, 0, 0, 2, 1, 2, 1, 1, 2, 1, 2, 0, 0, 0)}, ""},
		{"an open ring", Shape{Kind: KindPolygon, Ring: ring(0, 0, 0, 1, 1, 1, 1, 0)}, "not closed"},
		{"a bow tie", Shape{Kind: KindPolygon, Ring: ring(0, 0, 1, 1, 0, 1, 1, 0, 0, 0)}, "crosses itself"},
		{"a ring that touches itself", Shape{Kind: KindPolygon, Ring: ring(0, 0, 0, 2, 1, 1, 2, 2, 2, 0, 1, 1, 0, 0)}, "crosses itself"},
		{"a ring that runs back over itself", Shape{Kind: KindPolygon, Ring: ring(0, 0, 0, 2, 0, 1, 1, 1, 0, 0)}, "crosses itself"},
		{"a line", Shape{Kind: KindPolygon, Ring: ring(0, 0, 1, 1, 2, 2, 0, 0)}, "no area"},
		{"two corners", Shape{Kind: KindPolygon, Ring: ring(0, 0, 1, 1, 0, 0)}, "needs three corners"},
		{"too many corners", Shape{Kind: KindPolygon, Ring: many}, "the limit is 256"},
		{"a corner out of range", Shape{Kind: KindPolygon, Ring: ring(0, 0, 0, 1, 1, 500, 0, 0)}, "point 3: longitude 500"},
		{"a ring around the Earth", Shape{Kind: KindPolygon, Ring: ring(0, 0, 0, 120, 0, -120, 10, -1, 0, 0)}, "around the Earth"},
		{"a prism", Shape{Kind: KindPrism, Ring: square, Height: 3}, ""},
		{"a prism of no height at all", Shape{Kind: KindPrism, Ring: square, Height: math.NaN()}, "height NaN"},
		{"more than certain", Shape{Centre: at, Confidence: 101}, "confidence 101"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.s.Check()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestOutline(t *testing.T) {
	at := Point{Lat: 37.78, Lon: -122.39}
	square := ring(10, 20, 10, 20.01, 10.01, 20.01, 10.01, 20, 10, 20)
	tests := []struct {
		name        string
		s           Shape
		area        float64 // square metres
		uncertainty float64 // metres
		centre      Point
	}{
		{"circle", NewCircle(at, 100), math.Pi * 1e4, 100, at},
		{"sphere", Shape{Kind: KindSphere, Centre: at, Radius: 100}, math.Pi * 1e4, 100, at},
		{"ellipse", Shape{Kind: KindEllipse, Centre: at, Radius: 100, SemiMinor: 50, Orientation: 30}, math.Pi * 5e3, 100, at},
		{"arc band", Shape{Kind: KindArcBand, Centre: at, InnerRadius: 100, Radius: 200, StartAngle: 350, OpeningAngle: 20},
			math.Pi * 3e4 / 18, 58.9, at.Towards(0, 154.8)},
		{"sector", Shape{Kind: KindArcBand, Centre: at, Radius: 200, StartAngle: 45, OpeningAngle: 90},
			math.Pi * 1e4, 143, at.Towards(90, 120.04)},
		{"polygon", Shape{Kind: KindPolygon, Ring: square}, 1112.0 * 1095, 780, Point{Lat: 10.005, Lon: 20.005}},
		{"polygon clockwise", Shape{Kind: KindPolygon, Ring: ring(10, 20, 10.01, 20, 10.01, 20.01, 10, 20.01, 10, 20)},
			1112.0 * 1095, 780, Point{Lat: 10.005, Lon: 20.005}},
		{"polygon at the antimeridian", Shape{Kind: KindPolygon, Ring: ring(0, 179.99, 0, -179.99, 0.02, -179.99, 0.02, 179.99, 0, 179.99)},
			2224.0 * 2224, 1573, Point{Lat: 0.01, Lon: 180}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.s.Check(); err != nil {
				t.Fatal(err)
			}
			if got := tt.s.Centroid(); Distance(got, tt.centre) > 1 {
				t.Errorf("centroid %v, want %v", got, tt.centre)
			}
			if got := tt.s.Uncertainty(); math.Abs(got-tt.uncertainty) > 0.01*tt.uncertainty {
				t.Errorf("uncertainty %.1f, want %.1f", got, tt.uncertainty)
			}
			flat, err := flatten(tt.s.Outline(128))
			if err != nil {
				t.Fatal(err)
			}
			metre := radians(1) * earthRadius
			if got := area(flat) / 2 * metre * metre; math.Abs(got-tt.area) > 0.01*tt.area {
				t.Errorf("area %.0f counterclockwise, want %.0f", got, tt.area)
			}
		})
	}
	if NewPoint(at).Outline(10) != nil || NewPoint(at).Uncertainty() != 0 {
		t.Error("a point has an outline")
	}
}

func TestWhatHasNoExtentHasNoOutline(t *testing.T) {
	at := Point{Lat: 35, Lon: -78}
	for _, s := range []Shape{
		NewPoint(at), {Kind: KindCircle, Centre: at}, {Kind: KindArcBand, Centre: at, Radius: 5}, {Kind: KindArcBand, Centre: at, OpeningAngle: 60},
		{Kind: KindPolygon},
	} {
		if ring := s.Outline(64); len(ring) > 0 {
			t.Errorf("%v of no extent has %d corners", s.Kind, len(ring))
		}
		if len(s.XML()) == 0 {
			t.Errorf("%v cannot be written", s.Kind)
		}
	}
}
