package location

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"callbox/sip/location/xmltree"
)

const (
	oldGMLNS     = "urn:opengis:specification:gml:schema-xsd:feature:v3.0" // in the example of RFC 4119
	newGMLNS     = "http://www.opengis.net/gml/3.2"
	confidenceNS = "urn:ietf:params:xml:ns:geopriv:conf" // RFC 7459
)

func isGML(space string) bool { return space == GMLNS || space == newGMLNS || space == oldGMLNS }

// IsShape tells whether an element is one of the shapes of RFC 5491 and not a part of another.
func IsShape(e *xmltree.Element) bool {
	switch e.Local {
	case "Point", "Polygon":
		return isGML(e.Space)
	case "Circle", "Ellipse", "ArcBand", "Sphere", "Ellipsoid", "Prism":
		return e.Space == GeoShapeNS
	}
	return false
}

// ReadShape reads a shape of RFC 5491 from its element. The error says what is wrong and how to mend it; the shape is
// then empty.
func ReadShape(e *xmltree.Element) (Shape, error) {
	s, err := readShape(e)
	if err == nil {
		err = s.Check()
	}
	if err != nil {
		return Shape{}, err
	}
	return s, nil
}

func readShape(e *xmltree.Element) (s Shape, err error) {
	if !IsShape(e) {
		return s, fmt.Errorf("%s of namespace %s is no shape of RFC 5491", quoted(e.Local), quoted(e.Space))
	}
	for i, name := range kindNames {
		if e.Local == name {
			s.Kind = Kind(i)
		}
	}
	dimension, err := system(e)
	if err != nil {
		return s, err
	}
	switch s.Kind {
	case KindPolygon:
		s.Ring, err = readRing(e, dimension)
		return s, err
	case KindPrism:
		base := gmlChild(e.Child(GeoShapeNS, "base"), "Polygon")
		if base == nil {
			return s, errors.New("it has no gs:base with a gml:Polygon")
		}
		if s.Ring, err = readRing(base, max(dimension, 3)); err != nil {
			return s, fmt.Errorf("base: %w", err)
		}
		s.Height, err = measured(e, "height")
		return s, err
	}
	if s.Centre, err = centre(e); err != nil {
		return s, err
	}
	return s, s.readMeasures(e)
}

// readMeasures reads what the shape has beside its centre.
func (s *Shape) readMeasures(e *xmltree.Element) (err error) {
	read := func(name string, into *float64) {
		if err == nil {
			*into, err = measured(e, name)
		}
	}
	switch s.Kind {
	case KindCircle, KindSphere:
		read("radius", &s.Radius)
	case KindEllipse, KindEllipsoid:
		read("semiMajorAxis", &s.Radius)
		read("semiMinorAxis", &s.SemiMinor)
		if s.Kind == KindEllipsoid {
			read("verticalAxis", &s.Vertical)
		}
		read("orientation", &s.Orientation)
	case KindArcBand:
		read("innerRadius", &s.InnerRadius)
		read("outerRadius", &s.Radius)
		read("startAngle", &s.StartAngle)
		read("openingAngle", &s.OpeningAngle)
	}
	return err
}

// system returns of how many numbers a position is by the coordinate reference system, 0 where none is named: RFC 5491
// wants it, but what leaves it out means WGS84.
func system(e *xmltree.Element) (int, error) {
	name := srsName(e)
	if name == "" {
		for inner := range e.Descendants() {
			if name = srsName(inner); name != "" {
				break
			}
		}
	}
	if name == "" {
		return 0, nil
	}
	lower := strings.ToLower(name)
	code := lower[strings.LastIndexAny(lower, ":/#")+1:]
	if strings.Contains(lower, "epsg") {
		switch code {
		case "4326":
			return 2, nil
		case "4979":
			return 3, nil
		}
	}
	return 0, fmt.Errorf("srsName %s: %w with latitude first: send %s (2-D) or %s (3-D)", quoted(name), ErrSRS, CRS2D, CRS3D)
}

func srsName(e *xmltree.Element) string { return strings.TrimSpace(e.Attr("srsName")) }

func gmlChild(e *xmltree.Element, name string) *xmltree.Element {
	for c := range e.Children() {
		if c.Local == name && isGML(c.Space) {
			return c
		}
	}
	return nil
}

// centre reads gml:pos, or gml:coordinates as RFC 4119 had it.
func centre(e *xmltree.Element) (Point, error) {
	if pos := gmlChild(e, "pos"); pos != nil {
		return place(strings.Fields(pos.Text))
	}
	if old := gmlChild(e, "coordinates"); old != nil {
		return coordinates(old.Text)
	}
	return Point{}, errors.New("it has no gml:pos: give latitude and longitude")
}

// place makes a point of two or three numbers, latitude first.
func place(words []string) (p Point, err error) {
	if len(words) != 2 && len(words) != 3 {
		return p, fmt.Errorf("gml:pos has %d numbers: give latitude, longitude and, in 3-D, the height", len(words))
	}
	if p.Lat, err = number(words[0]); err != nil {
		return p, fmt.Errorf("latitude %w", err)
	}
	if p.Lon, err = number(words[1]); err != nil {
		return p, fmt.Errorf("longitude %w", err)
	}
	if len(words) == 3 {
		alt, err := number(words[2])
		if err != nil {
			return p, fmt.Errorf("height %w", err)
		}
		p.Alt = &alt
	}
	return p, p.Check()
}

// coordinates reads "37:46:30N 122:25:10W", the form of the examples of RFC 4119, and decimal degrees.
func coordinates(text string) (p Point, err error) {
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n,", r) })
	for i, word := range words {
		turned := strings.TrimRight(word, "NSEW")
		if turned == word || !strings.Contains(word, ":") {
			continue
		}
		var sum, unit float64 = 0, 1
		for _, part := range strings.Split(turned, ":") {
			f, err := number(part)
			if err != nil || f < 0 || unit < 1.0/3600 {
				return p, fmt.Errorf("%s is not in degrees, minutes and seconds: 37:46:30N", quoted(word))
			}
			sum, unit = sum+f*unit, unit/60
		}
		if c := word[len(turned)]; c == 'S' || c == 'W' {
			sum = -sum
		}
		words[i] = strconv.FormatFloat(sum, 'f', -1, 64)
	}
	return place(words)
}

// readRing reads the exterior of a polygon.
func readRing(polygon *xmltree.Element, dimension int) ([]Point, error) {
	exterior := gmlChild(polygon, "exterior")
	if gmlChild(exterior, "LinearRing") == nil {
		return nil, errors.New("it has no gml:exterior with a gml:LinearRing")
	}
	return linearRing(polygon, exterior, dimension, MaxCorners)
}

// ReadRings reads a gml:Polygon that is no place but an area, which may have more corners than a place: its outer ring,
// then those of its holes, of at most limit corners each. Whether sides cross is not looked at.
func ReadRings(polygon *xmltree.Element, limit int) ([][]Point, error) {
	dimension, err := system(polygon)
	if err != nil {
		return nil, err
	}
	var rings [][]Point
	for edge := range polygon.Children() {
		if !isGML(edge.Space) || edge.Local != "exterior" && edge.Local != "interior" {
			continue
		}
		if (edge.Local == "exterior") != (len(rings) == 0) {
			return nil, errors.New("it has not one gml:exterior before its gml:interior")
		}
		ring, err := linearRing(polygon, edge, dimension, limit)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", edge.Local, err)
		case len(ring) > limit:
			return nil, fmt.Errorf("%s: it has more than %d points: give fewer", edge.Local, limit)
		case len(ring) < 4 || ring[0].Lat != ring[len(ring)-1].Lat || ring[0].Lon != ring[len(ring)-1].Lon:
			return nil, fmt.Errorf("%s: the ring is not closed: repeat the first point at the end", edge.Local)
		}
		rings = append(rings, ring)
	}
	if len(rings) == 0 {
		return nil, errors.New("it has no gml:exterior with a gml:LinearRing")
	}
	return rings, nil
}

// linearRing reads gml:posList, or a gml:pos for each corner. It may return one corner more than limit, never more.
func linearRing(polygon, edge *xmltree.Element, dimension, limit int) ([]Point, error) {
	line := gmlChild(edge, "LinearRing")
	if list := gmlChild(line, "posList"); list != nil {
		if dimension == 0 && (list.Attr("srsDimension") == "3" || polygon.Attr("srsDimension") == "3") {
			dimension = 3
		}
		return positions(strings.Fields(list.Text), max(dimension, 2), limit)
	}
	var ring []Point
	for e := range line.Children() {
		if e.Local == "pointProperty" && isGML(e.Space) {
			e = gmlChild(gmlChild(e, "Point"), "pos")
		}
		if e == nil || e.Local != "pos" || !isGML(e.Space) {
			continue
		}
		if len(ring) > limit {
			break // who asked says so
		}
		p, err := place(strings.Fields(e.Text))
		if err != nil {
			return nil, fmt.Errorf("point %d: %w", len(ring)+1, err)
		}
		ring = append(ring, p)
	}
	return ring, nil
}

// positions makes points of a gml:posList.
func positions(words []string, dimension, limit int) ([]Point, error) {
	if len(words)%dimension != 0 {
		return nil, fmt.Errorf("gml:posList has %d numbers, which are no points of %d: give latitude and longitude of each "+
			"corner, and its height in 3-D", len(words), dimension)
	}
	if n := len(words) / dimension; n > limit {
		return nil, fmt.Errorf("it has %d points, the limit is %d: give fewer", n, limit)
	}
	ring := make([]Point, 0, len(words)/dimension)
	for i := 0; i < len(words); i += dimension {
		p, err := place(words[i : i+dimension])
		if err != nil {
			return nil, fmt.Errorf("point %d: %w", len(ring)+1, err)
		}
		ring = append(ring, p)
	}
	return ring, nil
}

// measured reads a length in metres or an angle, which becomes degrees.
func measured(e *xmltree.Element, name string) (float64, error) {
	m := e.Child(GeoShapeNS, name)
	if m == nil {
		return 0, fmt.Errorf("it has no gs:%s", name)
	}
	f, err := number(m.Text)
	if err != nil {
		return 0, fmt.Errorf("%s %w", name, err)
	}
	angle := name == "orientation" || strings.HasSuffix(name, "Angle")
	switch uom := strings.TrimSpace(m.Attr("uom")); {
	case uom == "", angle && uom == uomDegree, !angle && uom == uomMetre:
		return f, nil
	case angle && uom == uomRadian:
		return f * 180 / math.Pi, nil
	case angle:
		return 0, fmt.Errorf("%s is in %s: send degrees (%s) or radians (%s)", name, quoted(uom), uomDegree, uomRadian)
	default:
		return 0, fmt.Errorf("%s is in %s: send metres (%s)", name, quoted(uom), uomMetre)
	}
}

// number reads a decimal number. What Go would read beside, NaN and hexadecimal digits, is none.
func number(text string) (float64, error) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > 40 || strings.Trim(text, "0123456789+-.eE") != "" {
		return 0, fmt.Errorf("%s is not a number: give decimal digits", quoted(text))
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is not a number: give decimal digits", quoted(text))
	}
	return f, nil
}
