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
	if len(got) > maxField || len(got) < maxField-3 || !utf8.ValidString(got) {
		t.Errorf("%d bytes, valid UTF-8 %v", len(got), utf8.ValidString(got))
	}
}

func TestSplitStreet(t *testing.T) {
	tests := []struct {
		name, street, country string
		number, suffix, road  string
	}{
		{"the number leads in America", "645 Harrison St", "US", "645", "", "Harrison St"},
		{"an ordinal is not a number", "350 5th Ave", "US", "350", "", "5th Ave"},
		{"a street without a number is all road", "5th Ave", "US", "", "", "5th Ave"},
		{"a letter is the suffix", "221B Baker Street", "GB", "221", "B", "Baker Street"},
		{"a half is the suffix", "123 1/2 Main St", "US", "123", "1/2", "Main St"},
		{"a range keeps its hyphen", "37-12 Prince St", "US", "37", "-12", "Prince St"},
		{"a French bis stands alone", "5 bis rue de Rivoli", "FR", "5", "bis", "rue de Rivoli"},
		{"a joined bis stays joined", "5bis rue de Rivoli", "FR", "5bis", "", "rue de Rivoli"},
		{"the number trails in Germany", "Hauptstraße 5", "DE", "5", "", "Hauptstraße"},
		{"only the last number counts", "Straße des 17. Juni 135", "DE", "135", "", "Straße des 17. Juni"},
		{"a trailing letter goes along", "Hauptstraße 5a", "DE", "5", "a", "Hauptstraße"},
		{"stair and door go along", "Mariahilfer Straße 1/2/3", "AT", "1", "/2/3", "Mariahilfer Straße"},
		{"a number alone is a road", "5", "US", "", "", "5"},
		{"a number alone is a road in Germany", "5", "DE", "", "", "5"},
		{"nothing is nothing", "", "US", "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, road := splitStreet(tt.street, tt.country)
			if h.number != tt.number || h.suffix != tt.suffix || road != tt.road {
				t.Errorf("got %q %q %q, want %q %q %q", h.number, h.suffix, road, tt.number, tt.suffix, tt.road)
			}
			if again := joinStreet(h, road, tt.country); again != tt.street {
				t.Errorf("joined again it is %q, want %q", again, tt.street)
			}
		})
	}
}

func TestSplitStreetTidiesWhatItCannotKeep(t *testing.T) {
	tests := []struct{ name, street, country, want string }{
		{"the comma behind a French number", "12, rue de la Paix", "FR", "12 rue de la Paix"},
		{"the comma before an Italian number", "Via Roma, 10", "IT", "Via Roma 10"},
		{"the space before a German letter", "Hauptstraße 5 a", "DE", "Hauptstraße 5a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, road := splitStreet(tt.street, tt.country)
			if got := joinStreet(h, road, tt.country); h.number == "" || got != tt.want {
				t.Errorf("got number %q, street %q, want %q", h.number, got, tt.want)
			}
		})
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
