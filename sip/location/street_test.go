package location

import "testing"

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
