package area

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geo"

	"callbox/sip/location"
)

// polygon is a feature of the given rings.
func polygon(rings string) string {
	return `{"type": "Feature", "properties": {"psap": "a"}, "geometry": {"type": "Polygon", "coordinates": [` + rings + `]}}`
}

// multi is a feature of the given polygons.
func multi(polygons string) string {
	return strings.Replace(polygon(polygons), "Polygon", "MultiPolygon", 1)
}

const (
	square = `[[0, 0], [8, 0], [8, 8], [0, 8], [0, 0]]`
	inner  = `[[2, 2], [4, 2], [4, 4], [2, 4], [2, 2]]`
)

// badBoundaries are paired with the exact text of every problem in them.
var badBoundaries = map[string]struct{ src, want string }{
	"empty":            {``, `f: has no feature; write a FeatureCollection of at least one`},
	"no JSON":          {"{\n\"type\": \"FeatureCollection\",\n\"features\": [}", "f:3: features: is not JSON: invalid character '}' looking for beginning of value; write GeoJSON as RFC 7946 has it"},
	"cut short":        {`{"type": "FeatureCollection", "features": [`, "f:1: features: is not JSON: the file ends in the middle of it; write GeoJSON as RFC 7946 has it"},
	"not a number":     {polygon(`[[NaN, 0]]`), "f:1: geometry.coordinates[0][0][0]: is not JSON: invalid character 'N' looking for beginning of value; write GeoJSON as RFC 7946 has it"},
	"a list":           {`[]`, `f:1: is a list where an object belongs; write it as RFC 7946 has it`},
	"no type":          {`{}`, `f:1: has no type; write a FeatureCollection`},
	"a geometry":       {`{"type": "Polygon", "coordinates": []}`, `f:1: "Polygon": is not a type that is read here; write a FeatureCollection of Features`},
	"TopoJSON":         {`{"type": "Topology"}`, `f:1: "Topology": is TopoJSON; convert it to GeoJSON`},
	"no features":      {`{"type": "FeatureCollection"}`, `f:1: has no features; add them, or [] for none`},
	"type of features": {`{"type": "FeatureCollection", "features": {}}`, `f:1: features: is an object where a list belongs; write it as RFC 7946 has it`},
	"type of feature":  {`{"type": "FeatureCollection", "features": [{"type": "Point"}]}`, `f:1: features[0]: "Point": is not a Feature; write "type": "Feature"`},
	"Web Mercator": {`{"type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}, "features": []}`,
		`f:1: crs: "urn:ogc:def:crs:EPSG::3857": is another coordinate system than WGS 84; convert the file to longitude and latitude (RFC 7946, section 4)`},
	"no centre": {strings.Replace(polygon(square), `"psap": "a"`, "", 1),
		`f:1: properties.psap: is missing; write the ID of the call centre that serves the area`},
	"centre of a wrong type": {strings.Replace(polygon(square), `"a"`, `["a"]`, 1),
		"f:1: properties.psap: is a list where a text or a number belongs; put it in quotes\n" +
			"f:1: properties.psap: is missing; write the ID of the call centre that serves the area"},
	"a key twice": {strings.Replace(polygon(square), `"psap": "a"`, `"psap": "a", "psap": "b"`, 1), `f:1: properties.psap: is there twice; keep one of them`},
	"geometry twice": {strings.Replace(polygon(square), `"properties"`, `"geometry": {"type": "Point", "coordinates": [0, 0]}, "properties"`, 1),
		"f:1: geometry: is there twice; keep one of them\nf:1: geometry.type: \"Point\": is no area; write a Polygon or a MultiPolygon"},
	"no geometry":         {`{"type": "Feature", "properties": {"psap": "a"}}`, `f:1: geometry: is missing; add a Polygon or a MultiPolygon`},
	"a line":              {strings.Replace(polygon(square), "Polygon", "LineString", 1), `f:1: geometry.type: "LineString": is no area; write a Polygon or a MultiPolygon`},
	"no ring":             {polygon(``), `f:1: geometry.coordinates: has no ring; a Polygon is a list of rings, the outer one first`},
	"no polygon":          {multi(``), `f:1: geometry.coordinates: has no polygon; add one`},
	"a ring as a polygon": {multi(square), `f:1: geometry.coordinates[0]: has no ring; a Polygon is a list of rings, the outer one first`},
	"a polygon as a ring": {polygon(`[` + square + `]`), `f:1: geometry.coordinates[0]: is no ring; a ring is a list of positions, the first again as the last`},
	"nested too deep": {multi(`[[` + square + `]]`),
		"f:1: geometry.coordinates[0][0][0][0]: is nested too deep; a MultiPolygon is a list of lists of rings, which are lists of positions"},
	"one number":            {polygon(`[[0], [8, 0], [8, 8], [0]]`), "f:1: geometry.coordinates[0][0]: is no position and no list of them; a position is two numbers, longitude and latitude\nf:1: geometry.coordinates[0][3]: is no position and no list of them; a position is two numbers, longitude and latitude"},
	"a text":                {polygon(`[["8", 0]]`), "f:1: geometry.coordinates[0][0][0]: is a text where a number belongs; write degrees, such as -78.6382"},
	"too great a number":    {polygon(`[[1e999, 0]]`), "f:1: geometry.coordinates[0][0][0]: \"1e999\": is out of range; write degrees, such as -78.6382"},
	"open":                  {polygon(`[[0, 0], [8, 0], [8, 8], [0, 8]]`), `f:1: geometry.coordinates[0]: is open: it begins at 0, 0 and ends at 8, 0; write the first position again as the last`},
	"three positions":       {polygon(`[[0, 0], [8, 0], [0, 0]]`), `f:1: geometry.coordinates[0]: has 3 positions; a ring has four at least, the first again as the last`},
	"a line there and back": {polygon(`[[0, 0], [8, 0], [4, 0], [0, 0]]`), `f:1: geometry.coordinates[0]: has no area; remove it, or write its positions with more decimals`},
	"swapped": {polygon(`[[37.7, -122.5], [37.7, -122.3], [37.8, -122.3], [37.7, -122.5]]`),
		`f:1: geometry.coordinates[0][0]: "[37.7, -122.5]": has its latitude out of range: longitude and latitude look swapped; write the longitude first`},
	"out of range": {polygon(`[[0, 0], [181, 0], [181, 8], [0, 0]]`),
		`f:1: geometry.coordinates[0][1]: "[181, 0]": is out of range; write a longitude of -180 to 180 and a latitude of -90 to 90; an area across the antimeridian is cut there`},
	"a bow tie": {polygon(`[[0, 0], [8, 8], [8, 0], [0, 8], [0, 0]]`),
		`f:1: geometry.coordinates[0]: crosses itself at 4, 4; write its positions in the order in which they follow one another around the area`},
	"a bow tie with a knot": {polygon(`[[0, 0], [4, 4], [8, 8], [8, 0], [4, 4], [0, 8], [0, 0]]`),
		`f:1: geometry.coordinates[0]: crosses itself at 4, 4; write its positions in the order in which they follow one another around the area`},
	"a bow tie through a corner": {polygon(`[[0, 0], [4, 4], [8, 8], [8, 0], [0, 8], [0, 0]]`),
		`f:1: geometry.coordinates[0]: crosses itself at 4, 4; write its positions in the order in which they follow one another around the area`},
	"a hole across the edge": {polygon(square + `, [[6, 2], [10, 2], [10, 4], [6, 4], [6, 2]]`),
		`f:1: geometry.coordinates[1]: crosses ring 0 at 2, 8; a hole lies inside the outer ring and outside of other holes`},
	"a hole outside": {polygon(square + `, [[12, 2], [14, 2], [14, 4], [12, 2]]`),
		`f:1: geometry.coordinates[1]: lies outside of the outer ring at 2, 12; make it a polygon of a MultiPolygon: all rings but the first are holes`},
	"the outer ring last": {polygon(inner + `, ` + square), `f:1: geometry.coordinates[1]: lies around the first ring at 0, 0; write the outer ring first`},
	"a hole in a hole": {polygon(square + `, [[1, 1], [7, 1], [7, 7], [1, 7], [1, 1]], ` + inner),
		`f:1: geometry.coordinates[2]: lies within the hole that is ring 1 at 2, 2; make it a polygon of a MultiPolygon: what lies in a hole is no hole`},
	"a hole as a polygon": {multi(`[` + square + `], [` + inner + `]`),
		`f:1: geometry.coordinates: has polygons that lie in one another at 2, 2; write a hole as a further ring of its polygon`},
	"around the pole": {polygon(`[[0, 80], [120, 80], [-120, 80], [0, 80]]`),
		`f:1: geometry.coordinates[0]: goes around a pole; let it run along the antimeridian to the pole, as RFC 7946, section 3.1.9, has it`},
	"an ID twice": {`{"type": "FeatureCollection", "features": [` + "\n" + strings.Replace(polygon(square), `{`, `{"id": 1, `, 1) + ",\n" + strings.Replace(polygon(square), `{`, `{"id": "1", `, 1) + `]}`,
		`f:3: features[1].id: "1": is there twice, first in line 2; give each feature its own, or none`},
}

func TestABadBoundaryIsReportedWithWhere(t *testing.T) {
	for name, r := range badBoundaries {
		list, problems := ReadBoundaries("f", []byte(r.src))
		if diff := cmp.Diff(r.want, problems.Error()); diff != "" || list != nil {
			t.Errorf("%s: %d boundaries\n%s", name, len(list), diff)
		}
	}
}

func TestProblemsOfAFileAreBounded(t *testing.T) {
	_, problems := ReadBoundaries("f", []byte(strings.Repeat("{}\n", 200)))
	if len(problems) != maxProblems+1 || problems[maxProblems].Message != "has 100 problems more" {
		t.Errorf("%d problems, the last %v", len(problems), problems[len(problems)-1])
	}
	deep := strings.Repeat("[", 1_000_000)
	if _, problems := ReadBoundaries("f", []byte(strings.Replace(polygon(square), "[", deep, 1))); len(problems) == 0 {
		t.Error("a million brackets are taken")
	}
}

func TestOddButGoodBoundariesAreTaken(t *testing.T) {
	at := func(lat, lon float64) location.Point { return location.Point{Lat: lat, Lon: lon} }
	for name, r := range map[string]struct {
		src     string
		in, out []location.Point
		area    float64 // km2
	}{
		"a hole that winds the same way":         {polygon(square + `, ` + inner), []location.Point{at(1, 1), at(5, 3)}, []location.Point{at(3, 3), at(9, 1)}, 740_000},
		"an outer ring that winds the other way": {polygon(`[[0, 0], [0, 8], [8, 8], [8, 0], [0, 0]]`), []location.Point{at(3, 3)}, []location.Point{at(9, 1)}, 790_000},
		"an island in a hole": {multi(`[` + square + `, [[1, 1], [7, 1], [7, 7], [1, 7], [1, 1]]], [` + inner + `]`),
			[]location.Point{at(3, 3), at(0.5, 3)}, []location.Point{at(5, 3)}, 396_000},
		"a hole that touches a corner":   {polygon(square + `, [[0, 0], [4, 2], [2, 4], [0, 0]]`), []location.Point{at(5, 5)}, []location.Point{at(2, 2)}, 716_000},
		"a ring that touches itself":     {polygon(`[[0, 0], [8, 0], [4, 4], [8, 8], [0, 8], [4, 4], [0, 0]]`), []location.Point{at(1, 4), at(7, 4)}, []location.Point{at(4, 1), at(4, 7)}, 395_000},
		"a ring with a spike":            {polygon(`[[0, 0], [8, 0], [8, 8], [4, 8], [4, 9], [4, 8], [0, 8], [0, 0]]`), []location.Point{at(7, 4)}, []location.Point{at(8.5, 4.1)}, 790_000},
		"positions with heights":         {polygon(`[[0, 0, 5], [8, 0, 5], [8, 8, 5], [0, 8, 5], [0, 0, 5]]`), []location.Point{at(3, 3)}, nil, 790_000},
		"features a line each":           {polygon(square) + "\n" + polygon(`[[10, 0], [18, 0], [18, 8], [10, 8], [10, 0]]`), []location.Point{at(3, 3), at(3, 13)}, []location.Point{at(3, 9)}, 1_580_000},
		"across the antimeridian, whole": {polygon(`[[176, 0], [-176, 0], [-176, 8], [176, 8], [176, 0]], [[178, 2], [-178, 2], [-178, 4], [178, 4], [178, 2]]`), []location.Point{at(1, 180), at(1, -180), at(1, 179), at(1, -179), at(3, 177), at(3, -177)}, []location.Point{at(3, 179), at(3, 180), at(1, 175), at(1, -175)}, 691_000},
		"across it, cut":                 {multi(`[[[176, 0], [180, 0], [180, 8], [176, 8], [176, 0]]], [[[-180, 0], [-176, 0], [-176, 8], [-180, 8], [-180, 0]]]`), []location.Point{at(1, 180), at(1, -180), at(8, 180)}, []location.Point{at(1, 175), at(1, -175)}, 790_000},
		"a hole east of it":              {polygon(`[[176, 0], [-176, 0], [-176, 8], [176, 8], [176, 0]], [[-178, 2], [-177, 2], [-177, 4], [-178, 4], [-178, 2]]`), []location.Point{at(1, 180), at(3, 177), at(3, -179)}, []location.Point{at(3, -177.5)}, 766_000},
		"a hole west of it":              {polygon(`[[-176, 0], [-176, 8], [176, 8], [176, 0], [-176, 0]], [[178, 2], [177, 2], [177, 4], [178, 4], [178, 2]]`), []location.Point{at(1, 180), at(3, 179), at(3, -177)}, []location.Point{at(3, 177.5)}, 766_000},
		"a dent that rounding makes":     {polygon(`[[0, 0], [8, 0], [8, 8], [4, -0.0000001], [0, 8], [0, 0]]`), []location.Point{at(1, 1)}, []location.Point{at(4, 4)}, 395_000},
		"only up to it":                  {polygon(`[[176, 0], [180, 0], [180, 8], [176, 8], [176, 0]]`), []location.Point{at(1, 180), at(1, -180), at(1, 179)}, []location.Point{at(1, -179.9)}, 395_000},
		"about the pole":                 {polygon(`[[-180, 80], [180, 80], [180, 90], [-180, 90], [-180, 80]]`), []location.Point{at(85, 0), at(90, 0), at(90, 180), at(85, 180), at(80, -180)}, []location.Point{at(79, 0)}, 3_870_000},
		"the whole Earth":                {polygon(`[[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]`), []location.Point{at(-90, 0), at(90, -180), at(0, 0), at(90, 180)}, nil, 509_900_000},
	} {
		list, problems := ReadBoundaries("f", []byte(r.src))
		if err := problems.Err(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		b := NewBoundaries(list)
		for _, p := range r.in {
			if _, ok := b.At(p); !ok {
				t.Errorf("%s: %v is outside", name, p)
			}
		}
		for _, p := range r.out {
			if _, ok := b.At(p); ok {
				t.Errorf("%s: %v is inside", name, p)
			}
		}
		shape, _ := b.Boundary("a")
		area := 0.0
		for _, p := range shape {
			area += geo.Area(p) / 1e6
			if p[0].Orientation() != orb.CCW || len(p) > 1 && p[1].Orientation() != orb.CW {
				t.Errorf("%s: winds the wrong way", name)
			}
		}
		if fmt.Sprintf("%.2g", area) != fmt.Sprintf("%.2g", r.area) {
			t.Errorf("%s: %.0f km2", name, area)
		}
	}
}

func FuzzReadBoundaries(f *testing.F) {
	f.Add(labBoundaries[:2000])
	f.Add([]byte(polygon(square + ", " + inner)))
	f.Add([]byte(multi(`[[[176, 0], [-176, 0], [-176, 8], [176, 8], [176, 0]]]`)))
	for _, bad := range badBoundaries {
		f.Add([]byte(bad.src))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		list, problems := ReadBoundaries("fuzz.geojson", src)
		if len(problems) > 0 {
			if list != nil {
				t.Error("boundaries with problems")
			}
			return
		}
		if !json.Valid(src) && len(list) < 2 {
			t.Error("what is not JSON is taken")
		}
		b := NewBoundaries(list)
		for _, one := range list {
			shape, ok := b.Boundary(one.Centre)
			if !ok {
				t.Fatalf("%s has no shape", one.Centre)
			}
			for _, p := range shape {
				for _, at := range p[0] {
					b.At(location.Point{Lat: at[1], Lon: at[0]})
					if _, share, _ := b.Covering(location.NewCircle(location.Point{Lat: at[1], Lon: at[0]}, 100)); share < 0 || share > 1 {
						t.Fatalf("a share of %v", share)
					}
				}
			}
		}
	})
}
