package location

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// summary writes locations for a golden file.
func summary(found []Location, err error) string {
	var b strings.Builder
	for _, l := range found {
		fmt.Fprintf(&b, " %s %q of %s", l.Element, l.ID, l.Entity)
		for _, s := range []string{l.DeviceID, l.Contact, l.Method} {
			if s != "" {
				b.WriteString(" " + s)
			}
		}
		if !l.Timestamp.IsZero() {
			b.WriteString(" " + l.Timestamp.Format(time.RFC3339))
		}
		b.WriteString("\n")
		if l.Shape != nil {
			s := *l.Shape
			fmt.Fprintf(&b, "  %v around %v within %.1f m", s.Kind, s.Centroid(), s.Uncertainty())
			if s.Confidence > 0 {
				fmt.Fprintf(&b, ", %v%%", s.Confidence)
			}
			s.Ring, s.Centre.Alt = nil, nil
			fmt.Fprintf(&b, " %+v\n", s)
		}
		if l.Civic != nil {
			fmt.Fprintf(&b, "  civic %s:", l.Civic.Language)
			for _, name := range elements {
				if v := *l.Civic.field(name); v != "" {
					fmt.Fprintf(&b, " %s=%q", name, v)
				}
			}
			for _, name := range extended {
				if v := *l.Civic.extension(name); v != "" {
					fmt.Fprintf(&b, " %s=%q", name, v)
				}
			}
			for _, e := range l.Civic.Extensions {
				fmt.Fprintf(&b, " {%s}%s=%q", e.Space, e.Name, e.Value)
			}
			fmt.Fprintf(&b, "\n   %s\n", l.Civic)
		}
	}
	if err != nil {
		fmt.Fprintf(&b, " error: %v\n", err)
	}
	return b.String()
}

// TestExamplesOfTheRFCs reads every complete document that RFCs 4119, 5491, 6442 and 7459 print, in their order, and the
// addresses of RFCs 5139 and 6848 in a document around them.
func TestExamplesOfTheRFCs(t *testing.T) {
	files, err := filepath.Glob("testdata/rfc*.xml")
	if err != nil || len(files) < 20 {
		t.Fatal(files, err)
	}
	var b strings.Builder
	for _, file := range files {
		doc, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(doc), "presence") {
			doc = []byte(document(tuple1(string(doc))))
		}
		b.WriteString(strings.TrimSuffix(filepath.Base(file), ".xml") + "\n" + summary(Parse(doc)))
	}
	const golden = "testdata/rfc.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", golden, diff)
	}
}

// document is a PIDF-LO with prefixes that no RFC uses: what counts is the namespace.
func document(inner string) string {
	return `<P:presence xmlns:P="` + PresenceNS + `" xmlns:d="` + DataModelNS + `" xmlns:o="` + GeoprivNS + `" xmlns:k="` + CivicNS +
		`" xmlns:m="` + GMLNS + `" xmlns:z="` + GeoShapeNS + `" entity="pres:a@b">` + inner + `</P:presence>`
}

func tuple1(inner string) string { return tupleOf("t1", inner) }

func tupleOf(id, inner string) string {
	return `<P:tuple id="` + id + `"><P:status><o:geopriv><o:location-info>` + inner +
		`</o:location-info><o:usage-rules/></o:geopriv></P:status></P:tuple>`
}

func deviceOf(id, inner string) string {
	return `<d:device id="` + id + `"><o:geopriv><o:location-info>` + inner + `</o:location-info></o:geopriv></d:device>`
}

const (
	square = `<m:Polygon srsName="` + CRS2D + `"><m:exterior><m:LinearRing><m:posList>0 0 0 1 1 1 1 0 0 0</m:posList></m:LinearRing></m:exterior></m:Polygon>`
	spot   = `<m:Point srsName="` + CRS2D + `"><m:pos>37.78 -122.39</m:pos></m:Point>`
	here   = `<k:civicAddress><k:country>us</k:country><k:A3>Raleigh</k:A3></k:civicAddress>`
)

func TestParseOrders(t *testing.T) {
	tests := []struct {
		name, inner, want string
	}{
		{"devices come before tuples, tuples before persons",
			`<d:person id="p">` + spot + `</d:person>` + tupleOf("t", spot) + deviceOf("d1", spot) + deviceOf("d2", here), "d1 d2 t p"},
		{"a device without a location does not count", deviceOf("d", "") + tupleOf("t", here), "t"},
		{"a bad one does not spoil the others", tupleOf("bad", `<m:Point><m:pos>200 1</m:pos></m:Point>`) + tupleOf("good", spot), "good !"},
		{"a bad shape does not spoil the address beside it", tupleOf("t", `<m:Point><m:pos>x 1</m:pos></m:Point>`+here), "t !"},
		{"what another namespace calls a tuple is none", `<tuple id="x">` + spot + `</tuple>` + tupleOf("t", spot), "t"},
		{"more than fits is left out", strings.Repeat(tupleOf("t", spot), 40), strings.TrimSpace(strings.Repeat("t ", 32)) + " !"},
		{"an element that is no location is named", tupleOf("t", `<x xmlns="u"/>`), "!"},
		{"nothing but a presence holds it", spot, "-"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := Parse([]byte(document(tt.inner)))
			var got []string
			for _, l := range found {
				if l.ID == "" {
					l.ID = "-"
				}
				got = append(got, l.ID)
			}
			if err != nil {
				got = append(got, "!")
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("order (-want +got):\n%s\n%v", diff, err)
			}
		})
	}
}

func TestParseCompound(t *testing.T) {
	found, err := Parse([]byte(document(tuple1(square + spot + here + `<k:civicAddress><k:A3>Other</k:A3></k:civicAddress>`))))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	l := found[0]
	if p, ok := l.Point(); !ok || p.Lat != 37.78 || l.Civic.A3 != "Raleigh" || l.Civic.Country != "US" {
		t.Errorf("%v %+v: not the finer shape and the first address", p, l.Civic)
	}
	if _, ok := (Location{Civic: l.Civic}).Point(); ok {
		t.Error("an address has a point")
	}
}

func TestParseShapes(t *testing.T) {
	pos, radius := `<m:pos>1 2</m:pos>`, `<z:radius uom="urn:ogc:def:uom:EPSG::9001">5</z:radius>`
	ringOf := func(inner string) string {
		return `<m:Polygon srsName="` + CRS2D + `"><m:exterior><m:LinearRing>` + inner + `</m:LinearRing></m:exterior></m:Polygon>`
	}
	tests := []struct{ name, inner, want string }{
		{"no reference system means WGS84", `<m:Point>` + pos + `</m:Point>`, ""},
		{"one on the position counts", `<m:Point><m:pos srsName="EPSG:4326">1 2</m:pos></m:Point>`, ""},
		{"one with a version counts", `<m:Point srsName="urn:ogc:def:crs:EPSG:6.6:4326">` + pos + `</m:Point>`, ""},
		{"another reference system", `<m:Point srsName="urn:ogc:def:crs:EPSG::3857">` + pos + `</m:Point>`, "is not WGS84 with latitude first: send urn:ogc:def:crs:EPSG::4326"},
		{"longitude first", `<m:Point srsName="urn:ogc:def:crs:OGC:1.3:CRS84">` + pos + `</m:Point>`, "is not WGS84 with latitude first: send urn:ogc:def:crs:EPSG::4326"},
		{"swapped coordinates", `<m:Point><m:pos>-122.39 37.78</m:pos></m:Point>`, `tuple "t1": "Point" (line 1): latitude -122.39 is beyond 90 degrees: latitude and longitude look swapped`},
		{"NaN", `<m:Point><m:pos>NaN 1</m:pos></m:Point>`, `latitude "NaN" is not a number`},
		{"infinity", `<m:Point><m:pos>1 INF</m:pos></m:Point>`, `longitude "INF" is not a number`},
		{"a number too great", `<m:Point><m:pos>1e999 1</m:pos></m:Point>`, `latitude "1e999" is not a number`},
		{"one number", `<m:Point><m:pos>1</m:pos></m:Point>`, "gml:pos has 1 numbers"},
		{"no position", `<m:Point/>`, "it has no gml:pos"},
		{"a circle without radius", `<z:Circle>` + pos + `</z:Circle>`, "it has no gs:radius"},
		{"a radius in feet", `<z:Circle>` + pos + `<z:radius uom="urn:ogc:def:uom:EPSG::9002">5</z:radius></z:Circle>`, "send metres"},
		{"a radius without unit is in metres", `<z:Circle>` + pos + `<z:radius>5</z:radius></z:Circle>`, ""},
		{"an angle in radians", `<z:ArcBand>` + pos + `<z:innerRadius>1</z:innerRadius><z:outerRadius>2</z:outerRadius><z:startAngle uom="` + uomRadian + `">3.14</z:startAngle><z:openingAngle>20</z:openingAngle></z:ArcBand>`, ""},
		{"a radius in radians", `<z:Circle>` + pos + `<z:radius uom="` + uomRadian + `">5</z:radius></z:Circle>`, "send metres"},
		{"an angle in grads", `<z:Ellipse>` + pos + `<z:semiMajorAxis>2</z:semiMajorAxis><z:semiMinorAxis>1</z:semiMinorAxis><z:orientation uom="urn:ogc:def:uom:EPSG::9105">3</z:orientation></z:Ellipse>`, "send degrees"},
		{"corners one by one", ringOf(`<m:pos>0 0</m:pos><m:pos>0 1</m:pos><m:pointProperty><m:Point><m:pos>1 1</m:pos></m:Point></m:pointProperty><m:pos>0 0</m:pos>`), ""},
		{"a ring that crosses itself", ringOf(`<m:posList>0 0 1 1 0 1 1 0 0 0</m:posList>`), "the ring crosses itself: the side from point 1 meets the side from point 3"},
		{"an open ring", ringOf(`<m:posList>0 0 0 1 1 1 1 0</m:posList>`), "the ring is not closed"},
		{"a number too many", ringOf(`<m:posList>0 0 0 1 1 1 1 0 0</m:posList>`), "gml:posList has 9 numbers"},
		{"a huge polygon", ringOf(`<m:posList>` + strings.Repeat("0 0 ", 2000) + `</m:posList>`), "2000 points, the limit is 256"},
		{"a huge polygon corner by corner", ringOf(strings.Repeat("<m:pos>0 0</m:pos>", 300)), "257 points, the limit is 256"},
		{"a polygon without ring", `<m:Polygon/>`, "no gml:exterior"},
		{"heights in a polygon", `<m:Polygon srsName="` + CRS3D + `"><m:exterior><m:LinearRing><m:posList>0 0 5 0 1 5 1 1 5 0 0 5</m:posList></m:LinearRing></m:exterior></m:Polygon>`, ""},
		{"a prism without base", `<z:Prism><z:height>3</z:height></z:Prism>`, "no gs:base"},
		{"degrees, minutes and seconds", `<m:Point><m:coordinates>37:46:30N 122:25:10W</m:coordinates></m:Point>`, ""},
		{"minutes that are none", `<m:Point><m:coordinates>37:x:30N 122:25:10W</m:coordinates></m:Point>`, "not in degrees, minutes and seconds"},
		{"more than seconds", `<m:Point><m:coordinates>37:1:30:4:5N 122:25:10W</m:coordinates></m:Point>`, "not in degrees, minutes and seconds"},
		{"an ellipsoid without vertical axis", `<z:Ellipsoid>` + pos + `<z:semiMajorAxis>2</z:semiMajorAxis><z:semiMinorAxis>1</z:semiMinorAxis></z:Ellipsoid>`, "no gs:verticalAxis"},
		{"a sphere", `<z:Sphere srsName="` + CRS3D + `"><m:pos>1 2 3</m:pos>` + radius + `</z:Sphere>`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := Parse([]byte(document(tuple1(tt.inner))))
			switch {
			case tt.want == "" && (err != nil || len(found) != 1 || found[0].Shape == nil):
				t.Errorf("got %+v, %v", found, err)
			case tt.want != "" && (err == nil || len(found) != 0 || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %+v, %v, want %q", found, err, tt.want)
			}
		})
	}
}

func TestAnglesInRadiansBecomeDegrees(t *testing.T) {
	found, err := Parse([]byte(document(tuple1(`<z:ArcBand><m:pos>1 2</m:pos><z:innerRadius>1</z:innerRadius><z:outerRadius>2</z:outerRadius><z:startAngle uom="` + uomRadian + `">1.5707963267948966</z:startAngle><z:openingAngle uom="` + uomDegree + `">20</z:openingAngle></z:ArcBand>`))))
	if err != nil || found[0].Shape.StartAngle != 90 || found[0].Shape.OpeningAngle != 20 {
		t.Errorf("got %+v, %v", found, err)
	}
}

func TestParseRefuses(t *testing.T) {
	bomb := `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>` + document(tuple1(here))
	external := `<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd">` + document(tuple1(here))
	tests := []struct {
		name, doc string
		want      error
		says      string
	}{
		{"nothing", "", ErrSyntax, "no element"},
		{"no XML", "37.78,-122.39", ErrSyntax, "text outside"},
		{"another root", `<presence xmlns="urn:example"/>`, ErrSyntax, `namespace "urn:example", not presence of PIDF`},
		{"a presence without location", document(tuple1("")), ErrNone, "civicAddress or a shape"},
		{"a bomb", bomb, ErrSyntax, "document types and entities are refused"},
		{"an external entity", external, ErrSyntax, "document types and entities are refused"},
		{"more than the limit", document(strings.Repeat(" ", MaxSize)), ErrTooLarge, "the limit is 65536"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := Parse([]byte(tt.doc))
			if found != nil || !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %+v, %v, want %v with %q", found, err, tt.want, tt.says)
			}
		})
	}
	var problems Problems
	_, err := Parse([]byte(document(strings.Repeat(tupleOf("x", "<m:Point/>"), 20))))
	if !errors.As(err, &problems) || len(problems) != 20 || !strings.HasSuffix(err.Error(), "; and 12 more") {
		t.Errorf("got %v", err)
	}
}

func TestBuildReadsBack(t *testing.T) {
	at := time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)
	civic := Civic{Language: "en", Country: "US", A1: "NC", A3: "Raleigh", RD: "Elm <&> Oak", HNO: "100", STP: "Rue",
		Extensions: []Extension{{"urn:x", "bridge", "7"}}}
	p := Point{Lat: 35.7796, Lon: -78.6382}
	high := Point{Lat: 35.7796, Lon: -78.6382, Alt: new(96.5)}
	shapes := []Shape{
		NewPoint(p), NewPoint(high), NewCircle(p, 50),
		{Kind: KindEllipse, Centre: p, Radius: 30, SemiMinor: 20, Orientation: 45},
		{Kind: KindArcBand, Centre: p, InnerRadius: 3, Radius: 4, StartAngle: 20, OpeningAngle: 60},
		{Kind: KindPolygon, Ring: ring(0, 0, 0, 1, 1, 1, 0, 0)},
		{Kind: KindSphere, Centre: high, Radius: 7}, {Kind: KindEllipsoid, Centre: high, Radius: 7, SemiMinor: 6, Vertical: 5, Orientation: 4},
		{Kind: KindPrism, Ring: []Point{{1, 1, new(2.5)}, {1, 2, new(2.5)}, {2, 2, new(2.5)}, {1, 1, new(2.5)}}, Height: 3},
	}
	for i, s := range shapes {
		t.Run(s.Kind.String(), func(t *testing.T) {
			want := Location{ID: "c\"1", Entity: `sip:"x"@y`, Element: "tuple", Contact: "tel:+14155550100", Shape: &s, Method: "GPS", Timestamp: at}
			if i%2 == 1 {
				want.Element, want.Contact, want.DeviceID, want.Civic = "device", "", "mac:12", &civic
			}
			got, err := Parse(Build(want))
			if err != nil {
				t.Fatalf("%v\n%s", err, Build(want))
			}
			if diff := cmp.Diff([]Location{want}, got); diff != "" {
				t.Errorf("read back (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/rfc*.xml")
	for _, file := range files {
		if doc, err := os.ReadFile(file); err == nil {
			f.Add(doc)
		}
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		found, err := Parse(doc)
		if len(found) == 0 && err == nil || len(found) > maxLocations {
			t.Fatalf("%d locations, %v", len(found), err)
		}
		for _, l := range found {
			if l.Shape != nil {
				if err := l.Shape.Check(); err != nil {
					t.Fatalf("%+v: %v", l.Shape, err)
				}
				centre := l.Shape.Centroid()
				if err := centre.Check(); err != nil && centre.Alt == nil {
					t.Fatalf("%+v: centre %v: %v", l.Shape, centre, err)
				}
				l.Shape.Uncertainty()
			}
			if l.Civic != nil && strings.ContainsAny(l.Civic.String()+l.ID+l.Method, "\r\n\x00") {
				t.Fatalf("line breaks: %q", l.Civic.String())
			}
			if _, err := Parse(Build(l)); err != nil && (l.Shape == nil || l.Shape.Kind != KindPolygon && l.Shape.Kind != KindPrism) {
				t.Fatalf("own document: %v\n%s", err, Build(l))
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for _, name := range []string{"rfc5491-2", "rfc5491-6"} {
		doc, err := os.ReadFile("testdata/" + name + ".xml")
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(doc); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
