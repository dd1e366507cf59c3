package location

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestBuildWritesTheSameBytes(t *testing.T) {
	made := time.Date(2026, 3, 14, 15, 9, 26, 0, time.FixedZone("", 3600))
	for name, l := range map[string]Lines{
		"nyc": {Name: "Callbox Lab & Sons <front desk>", Street: "350 5th Ave", Floor: "21", City: "New York", State: "NY",
			PostalCode: "10118", Country: "US"},
		"berlin": {Street: "Straße des 17. Juni 135a", Unit: "Whg 4", Hint: "Hinterhaus", City: "Berlin", PostalCode: "10623",
			Country: "DE"},
	} {
		t.Run(name, func(t *testing.T) {
			civic := l.Civic()
			contact := map[string]string{"nyc": "tel:+12125550100", "berlin": "tel:+493055500100"}[name]
			doc := Build(Location{Entity: `sip:"o'neill"&<co>@edge`, Civic: &civic, Method: "Manual", Contact: contact, Timestamp: made})
			path := filepath.Join("testdata/built", name+".xml")
			if *update {
				if err := os.WriteFile(path, doc, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(doc)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
			found, err := Parse(doc)
			if err != nil || len(found) != 1 || found[0].Civic == nil {
				t.Fatalf("%+v, %v", found, err)
			}
			if diff := cmp.Diff(l, found[0].Civic.Lines()); diff != "" {
				t.Errorf("read back (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLinesOnOneLine(t *testing.T) {
	tests := []struct {
		name  string
		lines Lines
		want  string
	}{
		{"nothing is an empty line", Lines{}, ""},
		{"a name is no part of the address", Lines{Name: "Ada King"}, ""},
		{"all fields stand in the order of an envelope",
			Lines{Street: "645 Harrison St", Floor: "2", Unit: "Suite 400B", Hint: "rear entrance", City: "San Francisco", State: "CA",
				PostalCode: "94105", Country: "US"},
			"645 Harrison St, Floor 2, Suite 400B, rear entrance, San Francisco, CA 94105, US"},
		{"a floor that has its word keeps it", Lines{Floor: "Fl 21"}, "Fl 21"},
		{"control characters and line ends become spaces",
			Lines{Street: "Eve\r\nX-Evil: 1\x00\x1b[31m", City: "\t\u202eParis "}, "Eve X-Evil: 1 [31m, Paris"},
		{"bytes that are not UTF-8 are replaced", Lines{City: "a\xffb"}, "a\uFFFDb"},
	}
	for _, tt := range tests {
		if got := tt.lines.String(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestALongFieldIsCutAtACharacter(t *testing.T) {
	got := Tidy(strings.Repeat("ü", 5000))
	if len(got) > maxField || len(got) < maxField-3 || !utf8.ValidString(got) {
		t.Errorf("%d bytes, valid UTF-8 %v", len(got), utf8.ValidString(got))
	}
}

func TestWithSecondary(t *testing.T) {
	tests := []struct {
		name, line        string
		floor, unit, hint string
	}{
		{"a floor", "Fl 21", "21", "", ""},
		{"floor and suite by comma", "Floor 21, Suite 400B", "21", "Suite 400B", ""},
		{"floor and suite by space", "FL 21 Ste 400B", "21", "Ste 400B", ""},
		{"an ordinal floor", "21st Floor", "21", "", ""},
		{"an ordinal floor and a unit", "3rd floor apt. 9", "3", "apt. 9", ""},
		{"a floor with a name", "Ground Floor", "Ground", "", ""},
		{"a hash is a unit", "#12", "", "#12", ""},
		{"a hash by itself takes its number", "# 12", "", "# 12", ""},
		{"a flat", "Flat 3", "", "Flat 3", ""},
		{"a German floor", "3. Stock", "3", "", ""},
		{"what is unknown goes to the hint", "c/o Lovelace, rear entrance", "", "", "c/o Lovelace, rear entrance"},
		{"a second unit is not lost", "Suite 5, Room 7", "", "Suite 5", "Room 7"},
		{"a word is not the value of another", "Fl Suite 5", "", "Suite 5", "Fl"},
		{"a word without its value is not lost", "Suite", "", "", "Suite"},
		{"nothing is nothing", "  ", "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := Lines{Floor: tt.floor, Unit: tt.unit, Hint: tt.hint}
			if diff := cmp.Diff(want, Lines{}.WithSecondary(tt.line)); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}
