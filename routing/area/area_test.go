package area

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// world is a small one: postal codes, cities, a state and a whole country, each served by another centre.
func world(t *testing.T) *Index {
	t.Helper()
	x, conflicts := Build([]Centre{
		{"zip", Coverage{Country: "US", PostalCodes: []string{"94105"}}},
		{"zone", Coverage{Country: "US", ESNs: []string{"2101", " 07a "}}},
		{"scf", Coverage{Country: "US", PostalCodes: []string{"941"}}},
		{"sf", Coverage{Country: "US", Cities: []City{{"San Francisco", "CA"}}}},
		{"springfield-il", Coverage{Country: "US", Cities: []City{{"Springfield", "Illinois"}}}},
		{"california", Coverage{Country: "US", States: []string{"California"}}},
		{"us", Coverage{Country: "US", WholeCountry: true}},
		{"ottawa", Coverage{Country: "CA", PostalCodes: []string{"k1p"}}},
		{"ontario", Coverage{Country: "ca", States: []string{"ON"}}},
		{"sw1a", Coverage{Country: "GB", PostalCodes: []string{"SW1A"}}},
		{"sw1", Coverage{Country: "GB", PostalCodes: []string{"SW1"}}},
		{"sw", Coverage{Country: "GB", PostalCodes: []string{"SW"}}},
		{"downing", Coverage{Country: "GB", PostalCodes: []string{"SW1A 2AA"}}},
		{"dublin2", Coverage{Country: "IE", PostalCodes: []string{"D02"}}},
		{"koeln", Coverage{Country: "DE", Cities: []City{{Name: "Köln"}}}},
		{"berlin", Coverage{Country: "DE", PostalCodes: []string{"10"}}},
	})
	if len(conflicts) > 0 {
		t.Fatal(conflicts)
	}
	return x
}

func TestAPlaceFindsItsMostExactCentre(t *testing.T) {
	rows := []struct {
		name  string
		place Place
		id    string
		level Level
	}{
		{"a ZIP code beats its sectional centre", Place{"US", "CA", "San Francisco", "94105", ""}, "zip", ByPostalCode},
		{"an ESN beats the ZIP code", Place{"US", "CA", "San Francisco", "94105", "2101"}, "zone", ByESN},
		{"an ESN is found in any spelling", Place{"us", "", "", "", "7A "}, "zone", ByESN},
		{"an ESN that nobody serves leaves the ZIP code", Place{"US", "CA", "San Francisco", "94105", "9999"}, "zip", ByPostalCode},
		{"an ESN of another country is another", Place{"CA", "", "Ottawa", "K1P 1J1", "2101"}, "ottawa", ByPostalCode},
		{"ZIP+4 lies in its ZIP code", Place{"US", "CA", "San Francisco", "94105-1234", ""}, "zip", ByPostalCode},
		{"another ZIP code lies in its sectional centre", Place{"US", "CA", "San Francisco", "94110", ""}, "scf", ByPostalCode},
		{"a postal code beats the city", Place{"US", "NY", "New York", "94105", ""}, "zip", ByPostalCode},
		{"a city is found without a postal code", Place{"US", "CA", "San Francisco", "", ""}, "sf", ByCity},
		{"a city is found in any spelling", Place{"us", "california", " SAN  FRANCISCO ", "00000", ""}, "sf", ByCity},
		{"a city of the same name in another state is another", Place{"US", "CA", "Springfield", "", ""}, "california", ByState},
		{"a state's name and code are the same", Place{"US", "IL", "Springfield", "", ""}, "springfield-il", ByCity},
		{"an unknown city falls to its state", Place{"US", "CA", "Fresno", "93650", ""}, "california", ByState},
		{"an unknown state falls to its country", Place{"US", "TX", "Austin", "73301", ""}, "us", ByCountry},
		{"a Canadian code lies in its sortation area", Place{"CA", "ON", "Ottawa", "K1P 1J1", ""}, "ottawa", ByPostalCode},
		{"a Canadian code without its space is the same", Place{"CA", "ON", "Ottawa", "k1p1j1", ""}, "ottawa", ByPostalCode},
		{"another Canadian code falls to its province", Place{"CA", "Ontario", "Toronto", "M5V 2T6", ""}, "ontario", ByState},
		{"a UK code beats its outward code", Place{"GB", "", "London", "sw1a2aa", ""}, "downing", ByPostalCode},
		{"a UK code lies in its outward code", Place{"GB", "", "London", "SW1A 1AA", ""}, "sw1a", ByPostalCode},
		{"SW1 does not take SW1A but SW1 itself", Place{"GB", "", "London", "SW1 1AA", ""}, "sw1", ByPostalCode},
		{"SW1 does not take SW10, its area does", Place{"GB", "", "London", "SW10 1AA", ""}, "sw", ByPostalCode},
		{"an Eircode lies in its routing key", Place{"IE", "", "Dublin", "D02 A272", ""}, "dublin2", ByPostalCode},
		{"umlauts do not matter", Place{"DE", "", "KOLN", "50667", ""}, "koeln", ByCity},
		{"a prefix takes a region of Germany", Place{"DE", "", "Berlin", "10117", ""}, "berlin", ByPostalCode},
		{"the same code in another country is another", Place{"FR", "", "", "94105", ""}, "", None},
		{"nothing is found nowhere", Place{}, "", None},
	}
	x := world(t)
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			id, level := x.Find(r.place)
			if id != r.id || level != r.level {
				t.Errorf("Find(%+v) = %q by %s, want %q by %s", r.place, id, level, r.id, r.level)
			}
		})
	}
}

func TestTwoCentresCannotServeTheSamePlace(t *testing.T) {
	x, conflicts := Build([]Centre{
		{"a", Coverage{Country: "US", ESNs: []string{"2101"}, PostalCodes: []string{"94105"}, Cities: []City{{"Oakland", "CA"}}, States: []string{"NY"}, WholeCountry: true}},
		{"b", Coverage{Country: "us", ESNs: []string{"2100", " 2101"}, PostalCodes: []string{"94106", "94-105"}, Cities: []City{{"OAKLAND", "California"}}, States: []string{"New York"}, WholeCountry: true}},
	})
	want := []Conflict{
		{ByESN, " 2101", "a", "b", 1}, {ByPostalCode, "94-105", "a", "b", 1}, {ByCity, "OAKLAND", "a", "b", 0},
		{ByState, "New York", "a", "b", 0}, {ByCountry, "us", "a", "b", 0},
	}
	if diff := cmp.Diff(want, conflicts); diff != "" {
		t.Error(diff)
	}
	if id, _ := x.Find(Place{Country: "US", PostalCode: "94105"}); id != "a" {
		t.Errorf("the first centre keeps the place, not %q", id)
	}
	if got := conflicts[1].Error(); got != `postal code "94-105" is served by a already` {
		t.Error(got)
	}
}

func TestWordsAreNormal(t *testing.T) {
	for in, want := range map[string]string{
		"San Francisco": "SAN FRANCISCO", "  st. louis ": "ST LOUIS", "Saint-Étienne": "SAINT ETIENNE",
		"O'Fallon": "OFALLON", "Gießen": "GIESSEN", "München": "MUNCHEN", "": "", "--": "", "10  Downing": "10 DOWNING",
	} {
		if got := Word(in); got != want {
			t.Errorf("Word(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLevelsHaveNames(t *testing.T) {
	var got []string
	for _, l := range []Level{None, ByESN, ByPostalCode, ByCity, ByState, ByCountry} {
		got = append(got, l.String())
	}
	if diff := cmp.Diff([]string{"none", "ESN", "postal code", "city", "state", "country"}, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzFind(f *testing.F) {
	f.Add("US", "CA", "San Francisco", "94105")
	f.Add("GB", "", "London", "SW1A 2AA")
	f.Add("\xff", "ß", "é", "\x00")
	x, _ := Build([]Centre{{"all", Coverage{Country: "US", WholeCountry: true}}})
	f.Fuzz(func(t *testing.T, country, state, city, code string) {
		id, level := x.Find(Place{country, state, city, code, ""})
		if (id == "") != (level == None) {
			t.Errorf("%q by %s", id, level)
		}
		if w := Word(city); Word(w) != w {
			t.Errorf("Word is not stable: %q, %q", w, Word(w))
		}
		for _, k := range Keys(country, code) {
			if k == "" || PostalCode(k) != k {
				t.Errorf("key %q of %q", k, code)
			}
		}
	})
}
