package area

import (
	"strings"
	"testing"
)

func TestTheLabsGuideHasNoProblems(t *testing.T) {
	g, problems := ReadGuide("lab.csv", strings.NewReader(labCSV), GuideOptions{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if g.Len() < 100 || len(g.Ignored()) > 0 {
		t.Errorf("%d ranges, columns %q ignored", g.Len(), g.Ignored())
	}
}

func TestTheLabsAddressesAreInItsGuide(t *testing.T) {
	for _, r := range []struct {
		name  string
		civic Civic
		want  Civic
		esn   string
	}{
		{"San Francisco", Civic{"645 Harrison St", "", "San Francisco", "CA", "94105", "US"},
			Civic{"645 HARRISON ST", "", "SAN FRANCISCO", "CA", "94105", "US"}, "2101"},
		{"the provider's example", Civic{"645 Harrison St.", "", "San Francisco", "CA", "94105", "US"},
			Civic{"645 HARRISON ST", "", "SAN FRANCISCO", "CA", "94105", "US"}, "2101"},
		{"New York", Civic{"350 5th Ave", "Fl 21", "New York", "NY", "10118", "US"},
			Civic{"350 5TH AVE", "FL 21", "NEW YORK", "NY", "10118", "US"}, "2201"},
		{"Ottawa", Civic{"110 Laurier Ave W", "", "Ottawa", "ON", "K1P 1J1", "CA"},
			Civic{"110 LAURIER AVE W", "", "OTTAWA", "ON", "K1P 1J1", "CA"}, "3101"},
		{"London", Civic{"10 Downing St", "", "London", "", "SW1A 2AA", "GB"},
			Civic{"10 DOWNING STREET", "", "LONDON", "", "SW1A 2AA", "GB"}, "4401"},
		{"Dublin", Civic{"1 Kildare St", "", "Dublin", "", "D02 A272", "IE"},
			Civic{"1 KILDARE STREET", "", "DUBLIN", "", "D02 A272", "IE"}, "3531"},
		{"Sydney", Civic{"483 George St", "", "Sydney", "NSW", "2000", "AU"},
			Civic{"483 GEORGE STREET", "", "SYDNEY", "NSW", "2000", "AU"}, "6101"},
		{"Paris", Civic{"55 Rue du Faubourg Saint-Honoré", "", "Paris", "", "75008", "FR"},
			Civic{"55 RUE DU FAUBOURG SAINT-HONORÉ", "", "PARIS", "", "75008", "FR"}, "3301"},
		{"Berlin", Civic{"Platz der Republik 1", "", "Berlin", "", "11011", "DE"},
			Civic{"PLATZ DER REPUBLIK 1", "", "BERLIN", "", "11011", "DE"}, "4901"},
		{"Wien", Civic{"Ballhausplatz 2", "", "Wien", "", "1010", "AT"},
			Civic{"BALLHAUSPLATZ 2", "", "WIEN", "", "1010", "AT"}, "4301"},
	} {
		t.Run(r.name, func(t *testing.T) {
			got := LabGuide().Check(r.civic)
			if want := (Finding{Match: Exact, Address: r.want, ESN: r.esn}); got != want {
				t.Errorf("Check(%+v) = %+v, want %+v", r.civic, got, want)
			}
		})
	}
}
