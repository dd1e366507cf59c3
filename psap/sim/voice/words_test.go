package voice

import (
	"strings"
	"testing"
	"unicode/utf8"

	"callbox/sip/location"
)

func TestNumber(t *testing.T) {
	for _, tc := range []struct{ name, number, want string }{
		{"of North America by area, exchange and line", "+14155550100", "plus one, four one five, five five five, zero one zero zero"},
		{"of elsewhere in threes", "+442079460123", "plus four four two, zero seven nine, four six zero, one two three"},
		{"without a plus", "911", "nine one one"},
		{"of many digits without a plus", "4155550100", "four one five, five five five, zero one zero zero"},
		{"with spaces around it", " 933 ", "nine three three"},
		{"that is a name is spelled", "alice", "A L I C E"},
		{"with other signs", "*67#1", "star six seven number one"},
		{"of nothing", "", ""},
		{"of a plus alone", "+", "plus"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Number(tc.number).String(); got != tc.want {
				t.Errorf("Number(%q) is\n%q, want\n%q", tc.number, got, tc.want)
			}
		})
	}
}

func TestAddress(t *testing.T) {
	for _, tc := range []struct {
		name string
		r    location.Lines
		want string
	}{
		{"of the lab in San Francisco", location.Lines{Street: "645 Harrison St", City: "San Francisco", State: "CA", PostalCode: "94105", Country: "US"},
			"six four five harrison street, san francisco, california, nine four one zero five"},
		{"of the lab in New York, with its floor", location.Lines{Street: "350 5th Ave", Floor: "21", City: "New York", State: "NY", PostalCode: "10118", Country: "US"},
			"three five zero fifth avenue, floor two one, new york, new york, one zero one one eight"},
		{"of the lab in Ottawa", location.Lines{Street: "110 Laurier Ave W", City: "Ottawa", State: "ON", PostalCode: "K1P 1J1", Country: "CA"},
			"one one zero laurier avenue west, ottawa, ontario, K one P one J one, canada"},
		{"of the lab in London", location.Lines{Street: "10 Downing St", City: "London", PostalCode: "SW1A 2AA", Country: "GB"},
			"one zero downing street, london, S W one A two A A, united kingdom"},
		{"of the lab in Paris, without accents", location.Lines{Street: "55 Rue du Faubourg Saint-Honoré", City: "Paris", PostalCode: "75008", Country: "FR"},
			"five five rue du faubourg saint honore, paris, seven five zero zero eight, france"},
		{"of the lab in Berlin", location.Lines{Street: "Platz der Republik 1", City: "Berlin", PostalCode: "11011", Country: "DE"},
			"platz der republik one, berlin, one one zero one one, germany"},
		{"with a suite", location.Lines{Street: "1 Main St", Unit: "Ste 400B", City: "Boston"},
			"one main street, suite four zero zero B, boston"},
		{"with floor and suite and a hint", location.Lines{Street: "1 Main St", Floor: "Ground", Unit: "#12", Hint: "rear entrance"},
			"one main street, ground floor, number one two, rear entrance"},
		{"with a floor that says so", location.Lines{Floor: "Fl 21"}, "floor two one"},
		{"with an ordinal floor", location.Lines{Floor: "3rd"}, "floor third"},
		{"with a floor of two words", location.Lines{Floor: "2nd floor"}, "second floor"},
		{"in capitals, as the post writes it", location.Lines{Street: "645 HARRISON ST", City: "SAN FRANCISCO", State: "ca"},
			"six four five harrison street, san francisco, california"},
		{"with directions before and behind", location.Lines{Street: "1200 N Main St NW"}, "one two zero zero north main street north west"},
		{"where Saint is no street", location.Lines{Street: "12 St James St", City: "St. Louis", State: "MO"},
			"one two saint james street, saint louis, missouri"},
		{"where the French say Saint behind Rue", location.Lines{Street: "5 Rue St Denis"}, "five rue saint denis"},
		{"of Avenue B", location.Lines{Street: "77 Avenue B"}, "seven seven avenue B"},
		{"of Dr Martin Luther King Blvd", location.Lines{Street: "9 Martin Luther King Jr Blvd"}, "nine martin luther king jr boulevard"},
		{"of a hyphenated house", location.Lines{Street: "37-12 31st Ave"}, "three seven dash one two thirty first avenue"},
		{"of half a house", location.Lines{Street: "12 1/2 Elm Ln"}, "one two one slash two elm lane"},
		{"of a numbered highway", location.Lines{Street: "4500 Hwy 101 S"}, "four five zero zero highway one zero one south"},
		{"of a fort", location.Lines{City: "Ft. Worth", State: "TX"}, "fort worth, texas"},
		{"in a state of two words", location.Lines{State: "nc", Country: "US"}, "north carolina"},
		{"in an Australian state", location.Lines{State: "NSW", Country: "AU"}, "new south wales, australia"},
		{"in a state nobody knows", location.Lines{State: "ZZ", Country: "US"}, "Z Z"},
		{"in a region with a name", location.Lines{State: "Bayern", Country: "DE"}, "bayern, germany"},
		{"in another country", location.Lines{City: "Bern", Country: "CH"}, "bern, C H"},
		{"with a ZIP+4", location.Lines{PostalCode: "94105-1234", Country: "US"}, "nine four one zero five one two three four"},
		{"with O'Farrell and an ampersand", location.Lines{Street: "O'Farrell & Taylor St"}, "ofarrell and taylor street"},
		{"in German letters", location.Lines{Street: "Große Straße 3"}, "grosse strasse three"},
		{"in letters that cannot be spelled", location.Lines{City: "Ωμ"}, "unknown letter unknown letter"},
		{"of nothing", location.Lines{Name: "Ada King", Country: "US"}, ""},
		{"of commas", location.Lines{Street: ",,, ;"}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Address(tc.r).String(); got != tc.want {
				t.Errorf("got\n%q, want\n%q", got, tc.want)
			}
		})
	}
}

func TestText(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"Press 1 to repeat.", "press one to repeat."},
		{"This is PSAP 12, a test: Hello!", "this is P S A P one two, a test, hello."},
		{"I have your address", "i have your address"},
		{`He said "stop" (twice).`, "he said stop twice."},
		{"... ,", ""},
		{"one ... two", "one. two"},
		{"don't", "dont"},
		{"Leitstelle St. Pölten.", "leitstelle saint polten."},
		{"42nd 100th 113th 999th 1000th", "forty second one hundredth one hundred thirteenth nine hundred ninety ninth one zero zero zero T H"},
	} {
		if got := Text(tc.text).String(); got != tc.want {
			t.Errorf("Text(%q) is\n%q, want\n%q", tc.text, got, tc.want)
		}
	}
}

func TestJoin(t *testing.T) {
	got := Join(Short, nil, Words{"a"}, nil, Words{"b", Long}, Words{"c"}).String()
	if got != "a, b. c" {
		t.Errorf("Join gave %q", got)
	}
	if got := Join(Short); len(got) != 0 {
		t.Errorf("Join of nothing gave %q", got)
	}
}

func TestWordsAreBounded(t *testing.T) {
	long := strings.Repeat("12345678 ", 100000)
	for name, w := range map[string]Words{
		"text": Text(long), "number": Number(long), "address": Address(location.Lines{Street: long, City: long}),
		"number without spaces": Number(strings.Repeat("1", 1<<20)),
	} {
		if len(w) > maxWords {
			t.Errorf("%s: %d words", name, len(w))
		}
	}
}

// Every word must be one that the built-in voice can say: known, or of letters that it can spell.
func FuzzWords(f *testing.F) {
	f.Add("645 Harrison St", "Fl 21", "+14155550100")
	f.Add("St", "floor", "+")
	f.Add("37-12 31st Ave #4 & 1/2", "é\xff☃", "alice@example.com")
	f.Add("- -- -1 1- '", "100th 0th 1st", "++1")
	s := newBuiltin(f)
	f.Fuzz(func(t *testing.T, street, floor, number string) {
		r := location.Lines{Street: street, Floor: floor, Unit: floor, City: street, State: floor, PostalCode: number, Country: floor}
		for _, words := range []Words{Address(r), Number(number), Text(street)} {
			for i, w := range words {
				if w == "" || !utf8.ValidString(w) || strings.ContainsAny(w, " \t\r\n") {
					t.Fatalf("word %q", w)
				}
				if i == 0 && (w == Short || w == Long) {
					t.Fatalf("begins with a pause: %q", words)
				}
				if w != Short && w != Long && s.clips[w] == nil && len(Words(nil).spell(w)) != len(w) {
					t.Fatalf("word %q cannot be spelled", w)
				}
			}
			spokenText(words)
		}
	})
}
