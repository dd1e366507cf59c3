package ali

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestLine(t *testing.T) {
	tests := []struct {
		name   string
		record Record
		want   string
	}{
		{"an empty record is an empty line", Record{}, ""},
		{"all fields stand in the order of an envelope",
			Record{Number: "+14155550100", Name: "Ada King", Street: "645 Harrison St", Floor: "2", Unit: "Suite 400B",
				Location: "rear entrance", City: "San Francisco", State: "CA", PostalCode: "94105", Country: "US"},
			"+14155550100, Ada King, 645 Harrison St, Floor 2, Suite 400B, rear entrance, San Francisco, CA 94105, US"},
		{"a floor that has its word keeps it", Record{Floor: "Fl 21"}, "Fl 21"},
		{"a number alone is all that is shown", Record{Number: "+14155550102"}, "+14155550102"},
		{"control characters and line ends become spaces",
			Record{Name: "Eve\r\nX-Evil: 1\x00\x1b[31m", City: "\t\u202eParis "}, "Eve X-Evil: 1 [31m, Paris"},
		{"bytes that are not UTF-8 are replaced", Record{Name: "a\xffb"}, "a\uFFFDb"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.record.Line()); diff != "" {
				t.Errorf("line (-want +got):\n%s", diff)
			}
		})
	}
}

func TestALongFieldIsCutAtACharacter(t *testing.T) {
	got := Record{Name: strings.Repeat("ü", 5000)}.Line()
	if len(got) > 256 || len(got) < 256-3 || !utf8.ValidString(got) {
		t.Errorf("%d bytes, valid UTF-8 %v", len(got), utf8.ValidString(got))
	}
}

func TestWithSecondary(t *testing.T) {
	tests := []struct {
		name, line            string
		floor, unit, location string
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
		{"what is unknown goes to the location", "c/o Lovelace, rear entrance", "", "", "c/o Lovelace, rear entrance"},
		{"a second unit is not lost", "Suite 5, Room 7", "", "Suite 5", "Room 7"},
		{"a word is not the value of another", "Fl Suite 5", "", "Suite 5", "Fl"},
		{"a word without its value is not lost", "Suite", "", "", "Suite"},
		{"nothing is nothing", "  ", "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := Record{Floor: tt.floor, Unit: tt.unit, Location: tt.location}
			if diff := cmp.Diff(want, Record{}.WithSecondary(tt.line)); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
		})
	}
}
