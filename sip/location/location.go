// Package location is what a SIP message says of where its sender is: documents of PIDF-LO (RFC 4119, 5139, 5491, 6848)
// and the values of Geolocation headers (RFC 6442). It owns points, shapes and civic addresses, their checks and the
// geometry that routing needs of them. It knows no SIP message, no directory and no area, and rests on the standard
// library alone.
package location

import (
	"fmt"
	"math"
	"time"
)

// earthRadius is the mean radius of WGS84 in metres: on a sphere of it distances are right to half a percent.
const earthRadius = 6371008.8

// Point is a place on Earth in degrees of WGS84: latitude north, longitude east. Alt is the height above the ellipsoid
// in metres, nil where it is not known.
type Point struct {
	Lat, Lon float64
	Alt      *float64
}

// Check says what is wrong with the point, nil for nothing. A longitude in the place of the latitude is named as such.
func (p Point) Check() error {
	for _, c := range []struct {
		name  string
		value float64
		limit float64
	}{{"latitude", p.Lat, 90}, {"longitude", p.Lon, 180}} {
		switch {
		case math.IsNaN(c.value) || math.IsInf(c.value, 0):
			return fmt.Errorf("%s is not a number: give degrees as decimal digits", c.name)
		case math.Abs(c.value) <= c.limit:
		case c.name == "latitude" && math.Abs(c.value) <= 180 && math.Abs(p.Lon) <= 90:
			return fmt.Errorf("latitude %v is beyond 90 degrees: latitude and longitude look swapped, latitude comes first",
				c.value)
		default:
			return fmt.Errorf("%s %v is out of range: it has to be within -%v and %[3]v degrees", c.name, c.value, c.limit)
		}
	}
	if p.Alt != nil && (math.IsNaN(*p.Alt) || math.Abs(*p.Alt) > maxHeight) {
		return fmt.Errorf("altitude %v is out of range: it has to be within %v metres", *p.Alt, maxHeight)
	}
	return nil
}

// String returns the point as people and geo URIs write it: "37.784100,-122.396400".
func (p Point) String() string {
	if p.Alt != nil {
		return fmt.Sprintf("%.6f,%.6f,%.1f", p.Lat, p.Lon, *p.Alt)
	}
	return fmt.Sprintf("%.6f,%.6f", p.Lat, p.Lon)
}

// Distance returns how far two points are apart over the ground, in metres, to half a percent. Heights do not count.
func Distance(a, b Point) float64 {
	lat1, lat2 := radians(a.Lat), radians(b.Lat)
	s, t := math.Sin((lat2-lat1)/2), math.Sin(radians(b.Lon-a.Lon)/2)
	return 2 * earthRadius * math.Asin(math.Sqrt(min(1, s*s+math.Cos(lat1)*math.Cos(lat2)*t*t)))
}

// Towards returns the point that lies distance metres from p in the direction of bearing, degrees clockwise from north.
// It keeps the height of p.
func (p Point) Towards(bearing, distance float64) Point {
	lat, lon, b, d := radians(p.Lat), radians(p.Lon), radians(bearing), distance/earthRadius
	sin := math.Sin(lat)*math.Cos(d) + math.Cos(lat)*math.Sin(d)*math.Cos(b)
	to := math.Asin(max(-1, min(1, sin)))
	lon += math.Atan2(math.Sin(b)*math.Sin(d)*math.Cos(lat), math.Cos(d)-math.Sin(lat)*sin)
	return Point{Lat: degrees(to), Lon: wrap(degrees(lon)), Alt: p.Alt}
}

func radians(d float64) float64 { return d * math.Pi / 180 }
func degrees(r float64) float64 { return r * 180 / math.Pi }

// wrap brings a longitude, or a difference of two, into -180 to 180.
func wrap(lon float64) float64 {
	if lon >= -180 && lon <= 180 {
		return lon
	}
	return math.Mod(math.Mod(lon+180, 360)+360, 360) - 180
}

// Location is one place that a document gives: a civic address, a shape, or both together, which then describe the same
// place (RFC 5491 section 3.2).
type Location struct {
	ID        string // of its tuple, device or person
	Entity    string // URI of whom the document is about: "pres:ada@example.com"
	Element   string // what holds it: tuple, device or person
	DeviceID  string // of a device: "mac:8asd7d7d70"
	Contact   string // URI of a tuple
	Civic     *Civic // nil where there is none
	Shape     *Shape // nil where there is none
	Method    string // how it was found: "GPS", "Manual", "Cell"
	Timestamp time.Time
}

// Point returns the point that stands for the location: its centre. It is false for a civic address alone.
func (l Location) Point() (Point, bool) {
	if l.Shape == nil {
		return Point{}, false
	}
	return l.Shape.Centroid(), true
}
