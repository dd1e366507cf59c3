package location

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callbox/sip/location/xmltree"
)

func element1(t *testing.T, doc string) *xmltree.Element {
	t.Helper()
	e, err := xmltree.Parse([]byte(doc), xmltree.Limits{Bytes: MaxSize})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestReadRings(t *testing.T) {
	polygon := func(inner string) string { return `<g:Polygon xmlns:g="` + GMLNS + `">` + inner + `</g:Polygon>` }
	edge := func(name, list string) string {
		return "<g:" + name + "><g:LinearRing><g:posList>" + list + "</g:posList></g:LinearRing></g:" + name + ">"
	}
	outer, hole := edge("exterior", "0 0 0 9 9 9 9 0 0 0"), edge("interior", "1 1 2 1 2 2 1 1")
	tests := []struct{ name, doc, want string }{
		{"a ring", polygon(outer), ""},
		{"a ring with a hole", polygon(outer + hole), ""},
		{"a hole before the ring", polygon(hole + outer), "one gml:exterior before"},
		{"two rings", polygon(outer + outer), "one gml:exterior before"},
		{"none", polygon(""), "no gml:exterior"},
		{"an open ring", polygon(edge("exterior", "0 0 0 9 9 9 9 0")), "not closed"},
		{"too many corners", polygon(edge("exterior", strings.Repeat("0 0 ", 11))), "the limit is 10"},
		{"too many corners one by one", polygon("<g:exterior><g:LinearRing>" + strings.Repeat("<g:pos>0 0</g:pos>", 12) + "</g:LinearRing></g:exterior>"), "more than 10"},
		{"a corner out of range", polygon(edge("exterior", "0 0 0 9 99 200 9 0 0 0")), "point 3: latitude 99"},
		{"another reference system", `<g:Polygon xmlns:g="` + GMLNS + `" srsName="EPSG:3857"/>`, "not WGS84"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rings, err := ReadRings(element1(t, tt.doc), 10)
			switch {
			case tt.want == "" && (err != nil || len(rings) != strings.Count(tt.doc, "<g:posList>") || rings[0][1] != (Point{Lat: 0, Lon: 9})):
				t.Errorf("got %v, %v", rings, err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestElementsOfTheirOwn(t *testing.T) {
	civic := Civic{Country: "US", A3: "Raleigh", MP: "5", Extensions: []Extension{{"urn:x", "y", "z"}}}
	if diff := cmp.Diff(civic, ReadCivic(element1(t, string(civic.XML())))); diff != "" {
		t.Errorf("address (-want +got):\n%s", diff)
	}
	for _, s := range []Shape{
		NewPoint(Point{Lat: 1, Lon: 2}), NewCircle(Point{Lat: 1, Lon: 2}, 3), {Kind: KindPolygon, Ring: ring(0, 0, 0, 1, 1, 1, 0, 0)},
		{Kind: KindPrism, Ring: []Point{{1, 1, new(2.5)}, {1, 2, new(2.5)}, {2, 2, new(2.5)}, {1, 1, new(2.5)}}, Height: 3},
	} {
		got, err := ReadShape(element1(t, string(s.XML())))
		if diff := cmp.Diff(s, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s\n%v", s.Kind, diff, err)
		}
	}
}

func TestFlat(t *testing.T) {
	at, high := Point{Lat: 1, Lon: 2}, Point{Lat: 1, Lon: 2, Alt: new(3.0)}
	rising := []Point{{1, 1, new(2.5)}, {1, 2, new(2.5)}, {2, 2, new(2.5)}, {1, 1, new(2.5)}}
	tests := []struct{ in, want Shape }{
		{NewPoint(high), NewPoint(at)},
		{Shape{Kind: KindSphere, Centre: high, Radius: 4}, NewCircle(at, 4)},
		{Shape{Kind: KindEllipsoid, Centre: high, Radius: 4, SemiMinor: 3, Vertical: 2}, Shape{Kind: KindEllipse, Centre: at, Radius: 4, SemiMinor: 3}},
		{Shape{Kind: KindPrism, Ring: rising, Height: 3}, Shape{Kind: KindPolygon, Ring: ring(1, 1, 1, 2, 2, 2, 1, 1)}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, tt.in.Flat()); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tt.in.Kind, diff)
		}
	}
	if rising[0].Alt == nil {
		t.Error("the shape itself was changed")
	}
}

func TestMatches(t *testing.T) {
	c := Civic{Country: "US", A3: "Raleigh", RD: "Elm St", HNO: "100", STP: "Rue"}
	tests := []struct {
		name    string
		pattern Civic
		want    bool
	}{
		{"nothing said matches all", Civic{}, true},
		{"what is said is alike", Civic{Country: "us", A3: "RALEIGH"}, true},
		{"another city", Civic{Country: "US", A3: "Durham"}, false},
		{"what the address does not say", Civic{PC: "27601"}, false},
		{"an extension that is alike", Civic{STP: "rue"}, true},
		{"an extension that is not", Civic{STP: "Via"}, false},
		{"an extension that nobody knows", Civic{Extensions: []Extension{{"u", "x", "y"}}}, false},
	}
	for _, tt := range tests {
		if got := c.Matches(&tt.pattern, strings.EqualFold); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestLines(t *testing.T) {
	l := Lines{Name: "Ada", Street: "645 Harrison St", City: "San Francisco", State: "CA", PostalCode: "94105", Country: "us"}.WithSecondary("Fl 21, Suite 400B; rear")
	c := l.Civic()
	want := Civic{Country: "US", A1: "CA", A3: "San Francisco", RD: "Harrison St", HNO: "645", LOC: "rear", FLR: "21", NAM: "Ada", PC: "94105", UNIT: "Suite 400B"}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("address (-want +got):\n%s", diff)
	}
	l.Country = "US"
	if diff := cmp.Diff(l, c.Lines()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if got, want := c.String(), "645 Harrison St, Floor 21, Suite 400B, rear, San Francisco, CA 94105, US"; got != want || c.Secondary() != "Floor 21, Suite 400B, rear" {
		t.Errorf("%q, %q", got, c.Secondary())
	}
	if !(Civic{Language: "en"}).IsZero() || c.IsZero() || (Civic{MP: "5"}).IsZero() {
		t.Error("what is empty is wrong")
	}
}
