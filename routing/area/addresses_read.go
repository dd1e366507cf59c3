package area

import (
	"fmt"
	"math"
	"strings"

	"github.com/paulmach/orb"

	"callbox/config/strict"
	"callbox/sip/location"
)

// ReadAddresses reads known addresses: GeoJSON (RFC 7946) of Features that are Points, with the properties of OpenAddresses,
// number, street, unit, city, region, postcode, and country. The features may stand in a collection or, as OpenAddresses
// has them, a line each. Without a country it is the US, or CA for a province. file names the source in problems. A file
// with problems gives no addresses but all of its problems, up to a hundred.
func ReadAddresses(file string, src []byte) ([]AddressPoint, strict.Problems) {
	var list []AddressPoint
	wanted := []string{"number", "street", "unit", "city", "region", "postcode", "country"}
	problems := readGeoJSON(file, src, wanted, func(r *geoReader, f *feature) {
		if a, ok := r.address(f); ok {
			list = append(list, a)
		}
	})
	if len(problems) > 0 {
		return nil, problems
	}
	return list, nil
}

// address makes one of a feature, false for one with problems.
func (r *geoReader) address(f *feature) (AddressPoint, bool) {
	before := len(r.problems) + r.more
	word := func(name string) string { return strings.TrimSpace(f.property[name]) }
	c := Civic{Street: word("street"), Secondary: word("unit"), City: word("city"), State: word("region"), PostalCode: word("postcode"), Country: Country(word("country"))}
	if c.Country == "" {
		c.Country = "US"
		if isStateOf("CA", c.State) {
			c.Country = "CA"
		}
	}
	if len(c.Country) != 2 || strings.Trim(c.Country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		r.of(f, ".properties.country", c.Country, "is no country", "write a code of two letters, such as US")
	}
	if c.Street == "" {
		r.of(f, ".properties.street", "", "is missing", "write the name of the street, or of a place that has no numbers")
	}
	if number := word("number"); number != "" && dialectOf(c.Country).behind {
		c.Street += " " + number
	} else if number != "" {
		c.Street = number + " " + c.Street
	}
	for _, name := range []struct{ property, text string }{
		{"street", c.Street}, {"unit", c.Secondary}, {"city", c.City}, {"region", c.State}, {"postcode", c.PostalCode},
	} {
		if len(name.text) > maxField {
			r.of(f, ".properties."+name.property, "", fmt.Sprintf("is longer than %d bytes", maxField), "shorten it")
		}
	}
	p := location.Point{Lat: f.shape.at[1], Lon: f.shape.at[0]}
	switch {
	case f.damaged:
	case f.kind != "Point" && f.kind != "":
		r.of(f, ".geometry.type", f.kind, "is no Point", "write where the door is, or the middle of the building")
	case f.shape.numbers < 2:
		r.of(f, ".geometry", "", "has no position", "add a Point")
	default:
		r.inRange(f, ".geometry.coordinates", f.shape.at)
	}
	return AddressPoint{c, p}, len(r.problems)+r.more == before
}

// inRange reports a position that is none.
func (r *geoReader) inRange(f *feature, where string, p orb.Point) bool {
	if inRange(p) {
		return true
	}
	value := fmt.Sprintf("[%v, %v]", p[0], p[1])
	if math.Abs(p[1]) > 90 && math.Abs(p[1]) <= 180 && math.Abs(p[0]) <= 90 {
		r.of(f, where, value, "has its latitude out of range: longitude and latitude look swapped", "write the longitude first")
	} else {
		r.of(f, where, value, "is out of range", "write a longitude of -180 to 180 and a latitude of -90 to 90; an area across the antimeridian is cut there")
	}
	return false
}
