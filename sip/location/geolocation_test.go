package location

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func circle(lat, lon, radius float64) *Shape {
	s := NewCircle(Point{Lat: lat, Lon: lon}, radius)
	return &s
}

func TestParseGeolocation(t *testing.T) {
	tests := []struct {
		name   string
		values []string
		want   []Reference
	}{
		{"no header", nil, nil},
		{"a part of the body", []string{"<cid:target123@atlanta.example.com>"},
			[]Reference{{Kind: RefContent, URI: "cid:target123@atlanta.example.com", ContentID: "target123@atlanta.example.com"}}},
		{"a content ID is decoded", []string{"<CID:a%2Bb@c>"}, []Reference{{Kind: RefContent, URI: "CID:a%2Bb@c", ContentID: "a+b@c"}}},
		{"several values in one header", []string{"<cid:a@b>;loc-src=edgeproxy.example.com, <sips:3sdefrhy2jj7@lis.atlanta.example.com>;x=\"a,b\""},
			[]Reference{{Kind: RefContent, URI: "cid:a@b", ContentID: "a@b", Source: "edgeproxy.example.com"},
				{URI: "sips:3sdefrhy2jj7@lis.atlanta.example.com", LocationID: "3sdefrhy2jj7"}}},
		{"several headers", []string{"<https://lis.example.com/loc/0b-1>", "<pres:mainCampus>"},
			[]Reference{{URI: "https://lis.example.com/loc/0b-1"}, {URI: "pres:mainCampus", LocationID: "mainCampus"}}},
		{"the end of a path may name a location", []string{"<https://p.example.com/accounts/9/locations/mainCampus?x=1>"},
			[]Reference{{URI: "https://p.example.com/accounts/9/locations/mainCampus?x=1", LocationID: "mainCampus"}}},
		{"a name alone", []string{"mainCampus", "<elmStreet100>"},
			[]Reference{{Kind: RefLocationID, URI: "mainCampus", LocationID: "mainCampus"}, {Kind: RefLocationID, URI: "elmStreet100", LocationID: "elmStreet100"}}},
		{"a geo URI", []string{"<geo:37.786971,-122.399677>"},
			[]Reference{{Kind: RefGeo, URI: "geo:37.786971,-122.399677", Shape: circle(37.786971, -122.399677, 0)}}},
		{"a geo URI with uncertainty", []string{"geo:48.2010,16.3695,183;crs=WGS84;u=40"},
			[]Reference{{Kind: RefGeo, URI: "geo:48.2010,16.3695,183;crs=WGS84;u=40",
				Shape: &Shape{Kind: KindSphere, Centre: Point{48.2010, 16.3695, new(183.0)}, Radius: 40}}}},
		{"coordinates alone", []string{"37.78, -122.39", "<1,2>"},
			[]Reference{{Kind: RefGeo, URI: "37.78, -122.39", Shape: circle(37.78, -122.39, 0)}, {Kind: RefGeo, URI: "1,2", Shape: circle(1, 2, 0)}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseGeolocation(tt.values)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("references (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseGeolocationKeepsTheGoodOnes(t *testing.T) {
	tests := []struct{ name, value, want string }{
		{"an open bracket", "<cid:a@b", "does not close"},
		{"nothing within the brackets", "<>", "it is no URI"},
		{"a scheme alone", "<cid:>", "nothing behind the scheme"},
		{"a sentence", "over there, by the river", "it is no URI"},
		{"a name with more than letters and digits", "main-campus", "1 to 50 letters and digits"},
		{"swapped coordinates", "<geo:-122.4,37.7>", "look swapped"},
		{"coordinates of the Moon", "<geo:1,2;crs=Moon-2011>", `crs "Moon-2011" is not supported`},
		{"uncertainty that is no number", "<geo:1,2;u=NaN>", `u="NaN" is not a number`},
		{"uncertainty less than nothing", "<geo:1,2;u=-1>", "radius -1 is out of range"},
		{"a URL without host", "<http:///x>", "it is no URL"},
		{"a control character", "<cid:a\x01b>", "it is no URI"},
		{"a value without end", "<cid:" + strings.Repeat("a", 2000) + ">", "the limit is 1024"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseGeolocation([]string{tt.value, "<cid:good@b>"})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if len(got) != 1 || got[0].ContentID != "good@b" {
				t.Errorf("got %+v, want the good one", got)
			}
		})
	}
	got, err := ParseGeolocation([]string{strings.Repeat("<cid:a@b>,", 40) + "<cid:a@b>"})
	if len(got) != maxReferences || err == nil {
		t.Errorf("%d references, %v", len(got), err)
	}
}

func TestParseGeolocationRouting(t *testing.T) {
	for _, tt := range []struct {
		values []string
		want   string
	}{
		{nil, ""}, {[]string{"yes"}, "yes"}, {[]string{" YES ;x=y"}, "yes"}, {[]string{"no"}, "no"}, {[]string{"maybe"}, "no"},
		{[]string{"yes", "no"}, "no"}, {[]string{""}, "no"},
	} {
		if got := ParseGeolocationRouting(tt.values); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.values, got, tt.want)
		}
	}
}

func FuzzParseGeolocation(f *testing.F) {
	for _, v := range []string{"<cid:a@b>;loc-src=x, <geo:1,2;u=3>", "37.7,-122.4", "<https://a/b/c>", `"a,<b>`, "mainCampus"} {
		f.Add(v, "<cid:a>")
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		refs, err := ParseGeolocation([]string{one, two})
		if len(refs) > maxReferences {
			t.Fatalf("%d references", len(refs))
		}
		if err != nil && len(err.Error()) > 400*maxReferences {
			t.Fatalf("an error of %d bytes", len(err.Error()))
		}
		for _, r := range refs {
			if r.URI == "" || (r.Kind == RefGeo) != (r.Shape != nil) || r.LocationID != "" && !isLocationID(r.LocationID) {
				t.Fatalf("%+v", r)
			}
			if r.Shape != nil && r.Shape.Check() != nil {
				t.Fatalf("%+v: %v", r.Shape, r.Shape.Check())
			}
		}
	})
}
