package location

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"math"
	"strconv"
	"strings"
	"time"
)

// Coordinate reference systems and units of measure that RFC 5491 section 5 allows.
const (
	CRS2D = "urn:ogc:def:crs:EPSG::4326"
	CRS3D = "urn:ogc:def:crs:EPSG::4979"

	uomMetre  = "urn:ogc:def:uom:EPSG::9001"
	uomDegree = "urn:ogc:def:uom:EPSG::9102"
	uomRadian = "urn:ogc:def:uom:EPSG::9101"
)

// Build returns l as a PIDF-LO document. Element is tuple where it is empty, ID is "caller". A civic address and a shape
// go together, which says that both describe the same place. Text is made fit for a document; the shape has to be one
// that Check finds good.
func Build(l Location) []byte {
	var b bytes.Buffer
	b.Grow(1280) // a civic address has about 1,000 bytes
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<presence xmlns="` + PresenceNS + `" xmlns:gp="` + GeoprivNS + `"`)
	if l.Element == "device" || l.Element == "person" {
		b.WriteString(` xmlns:dm="` + DataModelNS + `"`)
	}
	if l.Civic != nil {
		b.WriteString(` xmlns:ca="` + CivicNS + `"`)
	}
	if l.Shape != nil {
		b.WriteString(` xmlns:gml="` + GMLNS + `" xmlns:gs="` + GeoShapeNS + `"`)
	}
	attribute(&b, "entity", l.Entity)
	b.WriteString(">\n")
	if l.Element == "device" || l.Element == "person" {
		device(&b, l)
	} else {
		tuple(&b, l)
	}
	b.WriteString("</presence>\n")
	return b.Bytes()
}

func tuple(b *bytes.Buffer, l Location) {
	b.WriteString(" <tuple")
	attribute(b, "id", cmp.Or(l.ID, "caller"))
	b.WriteString(">\n  <status>\n")
	geopriv(b, "   ", l)
	b.WriteString("  </status>\n")
	if l.Contact != "" {
		element(b, "  ", "contact", l.Contact)
	}
	if !l.Timestamp.IsZero() {
		element(b, "  ", "timestamp", l.Timestamp.UTC().Format(time.RFC3339))
	}
	b.WriteString(" </tuple>\n")
}

func device(b *bytes.Buffer, l Location) {
	b.WriteString(" <dm:" + l.Element)
	attribute(b, "id", cmp.Or(l.ID, "caller"))
	b.WriteString(">\n")
	geopriv(b, "  ", l)
	if l.Element == "device" && l.DeviceID != "" {
		element(b, "  ", "dm:deviceID", l.DeviceID)
	}
	if !l.Timestamp.IsZero() {
		element(b, "  ", "dm:timestamp", l.Timestamp.UTC().Format(time.RFC3339))
	}
	b.WriteString(" </dm:" + l.Element + ">\n")
}

func geopriv(b *bytes.Buffer, indent string, l Location) {
	b.WriteString(indent + "<gp:geopriv>\n" + indent + " <gp:location-info>\n")
	if l.Shape != nil {
		b.WriteString(indent + "  ")
		l.Shape.write(b)
		b.WriteString("\n")
	}
	if l.Civic != nil {
		l.Civic.write(b, indent+"  ")
	}
	b.WriteString(indent + " </gp:location-info>\n" + indent + " <gp:usage-rules/>\n")
	if l.Method != "" {
		element(b, indent+" ", "gp:method", l.Method)
	}
	b.WriteString(indent + "</gp:geopriv>\n")
}

// write appends the address with the prefix ca for its namespace.
func (c *Civic) write(b *bytes.Buffer, indent string) {
	b.WriteString(indent + "<ca:civicAddress")
	if c.Language != "" {
		attribute(b, "xml:lang", c.Language)
	}
	b.WriteString(">\n")
	for _, name := range elements {
		if v := Tidy(*c.field(name)); v != "" {
			element(b, indent+" ", "ca:"+name, v)
		}
	}
	for _, name := range extended {
		if v := Tidy(*c.extension(name)); v != "" {
			foreign(b, indent+" ", Extension{ExtendedNS, name, v})
		}
	}
	for _, e := range c.Extensions {
		if isName(e.Name) && e.Space != "" {
			foreign(b, indent+" ", e)
		}
	}
	b.WriteString(indent + "</ca:civicAddress>\n")
}

// foreign writes an element that brings its namespace along.
func foreign(b *bytes.Buffer, indent string, e Extension) {
	b.WriteString(indent + "<x:" + e.Name)
	attribute(b, "xmlns:x", e.Space)
	b.WriteString(">")
	escape(b, Tidy(e.Value))
	b.WriteString("</x:" + e.Name + ">\n")
}

// isName tells whether a name can stand in a document without further ado.
func isName(name string) bool {
	for i, c := range []byte(name) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '-' || c == '.')) {
			return false
		}
	}
	return name != ""
}

// XML returns the address as an element that brings its namespaces along.
func (c Civic) XML() []byte {
	var b bytes.Buffer
	c.write(&b, "")
	return bytes.Replace(bytes.TrimSuffix(b.Bytes(), []byte("\n")), []byte("<ca:civicAddress"), []byte(`<ca:civicAddress xmlns:ca="`+CivicNS+`"`), 1)
}

// XML returns the shape as an element that brings its namespaces along.
func (s Shape) XML() []byte {
	var b bytes.Buffer
	s.write(&b)
	return bytes.Replace(b.Bytes(), []byte(" srsName="), []byte(` xmlns:gml="`+GMLNS+`" xmlns:gs="`+GeoShapeNS+`" srsName=`), 1)
}

// write appends the shape with the prefixes gml and gs for its namespaces.
func (s *Shape) write(b *bytes.Buffer) {
	prefix := "gs:"
	if s.Kind == KindPoint || s.Kind == KindPolygon {
		prefix = "gml:"
	}
	crs := CRS2D
	if s.solid() {
		crs = CRS3D
	}
	b.WriteString("<" + prefix + s.Kind.String() + ` srsName="` + crs + `">`)
	switch s.Kind {
	case KindPolygon:
		s.ring(b, crs == CRS3D)
	case KindPrism:
		b.WriteString(`<gs:base><gml:Polygon srsName="` + crs + `">`)
		s.ring(b, true)
		b.WriteString("</gml:Polygon></gs:base>")
		measure(b, "height", uomMetre, s.Height)
	default:
		b.WriteString("<gml:pos>")
		position(b, s.Centre, crs == CRS3D)
		b.WriteString("</gml:pos>")
		s.measures(b)
	}
	b.WriteString("</" + prefix + s.Kind.String() + ">")
}

// solid tells whether the shape has to be written with heights.
func (s *Shape) solid() bool {
	switch s.Kind {
	case KindSphere, KindEllipsoid, KindPrism:
		return true
	case KindPolygon:
		return len(s.Ring) > 0 && s.Ring[0].Alt != nil
	}
	return s.Centre.Alt != nil
}

func (s *Shape) measures(b *bytes.Buffer) {
	switch s.Kind {
	case KindCircle, KindSphere:
		measure(b, "radius", uomMetre, s.Radius)
	case KindEllipse, KindEllipsoid:
		measure(b, "semiMajorAxis", uomMetre, s.Radius)
		measure(b, "semiMinorAxis", uomMetre, s.SemiMinor)
		if s.Kind == KindEllipsoid {
			measure(b, "verticalAxis", uomMetre, s.Vertical)
		}
		measure(b, "orientation", uomDegree, s.Orientation)
	case KindArcBand:
		measure(b, "innerRadius", uomMetre, s.InnerRadius)
		measure(b, "outerRadius", uomMetre, s.Radius)
		measure(b, "startAngle", uomDegree, s.StartAngle)
		measure(b, "openingAngle", uomDegree, s.OpeningAngle)
	}
}

func (s *Shape) ring(b *bytes.Buffer, heights bool) {
	b.WriteString("<gml:exterior><gml:LinearRing><gml:posList>")
	for i, p := range s.Ring {
		if i > 0 {
			b.WriteByte(' ')
		}
		position(b, p, heights)
	}
	b.WriteString("</gml:posList></gml:LinearRing></gml:exterior>")
}

func position(b *bytes.Buffer, p Point, height bool) {
	b.WriteString(decimal(p.Lat) + " " + decimal(p.Lon))
	switch {
	case height && p.Alt != nil:
		b.WriteString(" " + decimal(*p.Alt))
	case height:
		b.WriteString(" 0")
	}
}

func measure(b *bytes.Buffer, name, uom string, value float64) {
	b.WriteString("<gs:" + name + ` uom="` + uom + `">` + decimal(value) + "</gs:" + name + ">")
}

// decimal writes degrees to a centimetre, metres to less.
func decimal(f float64) string { return strconv.FormatFloat(math.Round(f*1e7)/1e7, 'f', -1, 64) }

func element(b *bytes.Buffer, indent, name, text string) {
	b.WriteString(indent + "<" + name + ">")
	escape(b, text)
	b.WriteString("</" + name + ">\n")
}

func attribute(b *bytes.Buffer, name, value string) {
	b.WriteString(" " + name + `="`)
	escape(b, value)
	b.WriteString(`"`)
}

func escape(b *bytes.Buffer, text string) {
	// A bytes.Buffer does not fail.
	_ = xml.EscapeText(b, []byte(strings.ToValidUTF8(text, "\uFFFD")))
}
