package ali

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/sip/location"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// screens are the records of the goldens.
func screens() map[string]Screen {
	at := time.Date(2026, 11, 21, 16, 40, 59, 0, time.UTC)
	harrison := NewScreen("+14155550100", location.Lines{
		Name: "Callbox San Francisco", Street: "645 1/2 North Harrison Street SW", City: "San Francisco", State: "CA",
		PostalCode: "94105", Country: "US",
	}.WithSecondary("Fl 21, Suite 400B, rear entrance by the loading dock, ring twice").Civic())
	harrison.Class, harrison.At, harrison.Company, harrison.Calls = ClassVoIP, at, "CBOX", 2
	harrison.ESN, harrison.PSAP = "2101", "psap-sf"
	harrison.Police, harrison.Fire, harrison.EMS = "San Francisco Police", "San Francisco Fire", "San Francisco Fire EMS"
	height := 31.5
	point := NewScreen("+19195550142", location.Civic{NAM: "Zoë Łaska"})
	point.PANI, point.Class, point.At, point.PSAP, point.Calls, point.Call = "+19195119003", ClassMobile, at, "psap-raleigh", 1, "CA1"
	point.Point = &Point{Lat: 35.7796, Lon: -78.638176, Altitude: &height, Uncertainty: 49.2, Confidence: 95}
	paris := NewScreen("+33155500100", location.Lines{
		Name: "Callbox Paris", Street: "55 Rue du Faubourg Saint-Honoré", City: "Paris", PostalCode: "75008", Country: "FR",
	}.Civic())
	paris.At = at
	long := NewScreen("+493055500100123", location.Lines{
		Name: strings.Repeat("Very long name ", 20), Street: "123456789012 " + strings.Repeat("Long ", 30) + "Boulevard",
		Hint: strings.Repeat("x", 200), City: strings.Repeat("y", 200), State: "Calif", Country: "US",
	}.Civic())
	long.Company, long.PSAP, long.Police, long.ESN = "TOOLONG", strings.Repeat("p", 64), "日本語\r\nsecond line\x02\x03", "1234567"
	long.Class = "LONGER"
	long.Point = &Point{Lat: -90, Lon: -180, Uncertainty: 1e12, Confidence: 1000}
	return map[string]Screen{"civic": harrison, "point": point, "abroad": paris, "long": long, "nothing": {}}
}

func TestScreensKeepTheirColumns(t *testing.T) {
	t.Parallel()
	for name, s := range screens() {
		got := s.Text("\n")
		lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
		if len(lines) != Lines {
			t.Errorf("%s has %d lines", name, len(lines))
		}
		for i, l := range lines {
			if len(l) != Width || strings.ContainsFunc(l, func(c rune) bool { return c < ' ' || c > '~' }) {
				t.Errorf("line %d of %s is %q", i+1, name, l)
			}
		}
		golden(t, "screens/"+name+".txt", []byte(got))
	}
}

func TestAScreenFitsTheAnswerOfALink(t *testing.T) {
	t.Parallel()
	if n := len(screens()["long"].Text("\r")); n > 511-8 { // with STX, header and ETX
		t.Errorf("%d bytes", n)
	}
}

func TestTheJSONOfAScreenHasEveryField(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"civic", "point"} {
		b, err := json.MarshalIndent(screens()[name], "", " ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "screens/"+name+".json", append(b, '\n'))
	}
}

func TestAStreetComesApart(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]road{
		"Harrison St":              {name: "Harrison", suffix: "ST"},
		"N Main Street":            {before: "N", name: "Main", suffix: "ST"},
		"Laurier Ave W":            {name: "Laurier", suffix: "AVE", behind: "W"},
		"Southwest Parkway Drive":  {before: "SW", name: "Parkway", suffix: "DR"},
		"North St":                 {name: "North", suffix: "ST"},
		"Park Ave. N.E.":           {name: "Park", suffix: "AVE", behind: "NE"},
		"S. Park Ave.":             {before: "S", name: "Park", suffix: "AVE"},
		"Broadway":                 {name: "Broadway"},
		"St":                       {name: "St"},
		"North":                    {name: "North"},
		"Avenue of the Americas":   {name: "Avenue of the Americas"},
		"":                         {},
		"5th Ave":                  {name: "5th", suffix: "AVE"},
		"Martin Luther King Jr Bl": {name: "Martin Luther King Jr Bl"},
	} {
		if got := splitRoad(location.Civic{RD: text, Country: "US"}); got != want {
			t.Errorf("%q came apart as %+v, want %+v", text, got, want)
		}
	}
	if got := splitRoad(location.Civic{RD: "Place Park Rd N", Country: "FR"}); got.name != "Place Park Rd N" {
		t.Errorf("a French street came apart: %+v", got)
	}
	apart := location.Civic{PRM: "Old", PRD: "north", RD: "Park Ave", STS: "Road", POD: "SW", Country: "US"}
	if got := splitRoad(apart); got != (road{"N", "Old Park Ave", "RD", "SW"}) {
		t.Errorf("a street that came apart already is %+v", got)
	}
	for _, one := range []location.Civic{{STS: "Rd"}, {PRD: "N"}, {POD: "N"}} {
		if one.RD, one.Country = "Park Ave", "US"; splitRoad(one).name != "Park Ave" {
			t.Errorf("of %+v the name came apart: %+v", one, splitRoad(one))
		}
	}
}

func TestANumberOfTheNorthAmericanPlanIsWrittenAsItsScreensDo(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"+14155550100": "(415) 555-0100", "+1415": "+1415", "+141555501001": "+141555501001", "4155550100": "4155550100",
		"+442079460100": "+442079460100", "": "",
	} {
		if got := dialled(number); got != want {
			t.Errorf("%q is shown as %q, want %q", number, got, want)
		}
	}
}

func TestALocationIsBrokenBetweenWords(t *testing.T) {
	t.Parallel()
	full := strings.Repeat("x", Width-4)
	for text, want := range map[string][2]string{
		full + " abc":      {full + " abc", ""},
		full + " abcd":     {full, "abcd"},
		full + "abcd e":    {full + "abcd", "e"},
		full + "abcdefghi": {full + "abcd", "efghi"},
	} {
		if first, second := wrapped(text); first != want[0] || second != want[1] {
			t.Errorf("%q: %q, %q, want %q", text, first, second, want)
		}
	}
}

func TestNumbersAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"4155550100": "+14155550100", "14155550100": "+14155550100", "+14155550100": "+14155550100",
		"+442079460100": "+442079460100", "442079460100": "", "555-0100": "", "": "", "+": "", "+0123456789": "", "0155550100": "",
		"+1234567": "", "+1234567890123456": "", "(415) 555-0100": "", "41555501O0": "",
	} {
		if got, err := E164(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q, %v, want %q", text, got, err, want)
		}
	}
}
