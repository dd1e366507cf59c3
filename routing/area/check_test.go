package area

import (
	"strings"
	"testing"
)

// place is a city with state, postal code and country.
type place struct{ city, state, code, country string }

func (p place) at(street string) Civic {
	return Civic{Street: street, City: p.city, State: p.state, PostalCode: p.code, Country: p.country}
}

var (
	soma       = place{"San Francisco", "CA", "94105", "US"}
	midtown    = place{"New York", "NY", "10118", "US"}
	ottawa     = place{"Ottawa", "ON", "K1P 1J1", "CA"}
	gatineau   = place{"Gatineau", "QC", "J8X 4C8", "CA"}
	whitehall  = place{"London", "", "SW1A 2AA", "GB"}
	dublin     = place{"Dublin", "", "D02 A272", "IE"}
	cork       = place{"Cork", "", "T12 AB12", "IE"}
	sydney     = place{"Sydney", "NSW", "2000", "AU"}
	melbourne  = place{"Melbourne", "VIC", "3000", "AU"}
	paris      = place{"Paris", "", "75008", "FR"}
	versailles = place{"Versailles", "", "78000", "FR"}
	berlin     = place{"Berlin", "", "11011", "DE"}
	potsdam    = place{"Potsdam", "", "14467", "DE"}
	wien       = place{"Wien", "", "1010", "AT"}
	poelten    = place{"St. Pölten", "", "3100", "AT"}
)

// with returns p with another city, state or postal code.
func (p place) with(city, state, code string) place {
	if city != "" {
		p.city = city
	}
	if state != "" {
		p.state = state
	}
	if code != "" {
		p.code = code
	}
	return p
}

func TestAnAddressMayBeWrittenInManyWays(t *testing.T) {
	for _, r := range []struct {
		name              string
		civic             Civic
		street, secondary string
	}{
		{"a suffix may be written out", soma.at("645 Harrison Street"), "645 HARRISON ST", ""},
		{"or in the less usual way", soma.at("645 HARRISON STRT"), "645 HARRISON ST", ""},
		{"a state may have its name and ZIP its four digits", soma.with("", "California", "94105-1234").at("645 harrison st"), "645 HARRISON ST", ""},
		{"a suite stands at the end of the line", soma.at("645 Harrison St Suite 500"), "645 HARRISON ST", "STE 500"},
		{"or behind a comma", soma.at("645 Harrison St, Suite 500, 5th Floor"), "645 HARRISON ST", "STE 500, FL 5"},
		{"or behind a number sign", soma.at("645 Harrison St #5"), "645 HARRISON ST", "# 5"},
		{"an apartment and a unit are known", soma.at("645 Harrison St. Apt. 3B"), "645 HARRISON ST", "APT 3B"},
		{"a building has a name", soma.at("Twilio, 645 Harrison St"), "645 HARRISON ST", "TWILIO"},
		{"a number is spelled", soma.with("", "", "94111").at("One Ferry Plaza"), "1 FERRY PLZ", ""},
		{"an article is left out", soma.with("", "", "94111").at("10 Embarcadero"), "10 THE EMBARCADERO", ""},
		{"a direction of the name may be short", soma.with("", "", "94107").at("100 S. Park St"), "100 SOUTH PARK ST", ""},
		{"an ordinal is spelled", midtown.at("350 Fifth Avenue, 21st Floor"), "350 5TH AVE", "FL 21"},
		{"or has no ending", midtown.at("350 5 Av Fl 21"), "350 5TH AVE", "FL 21"},
		{"a direction stands before the name", midtown.with("", "", "10001").at("100 West 34th Street"), "100 W 34TH ST", ""},
		{"an avenue is named by a letter", midtown.with("", "", "10009").at("12 Ave B"), "12 AVENUE B", ""},
		{"Saint is St", midtown.with("", "", "10003").at("4 Saint Mark's Place"), "4 ST MARKS PL", ""},
		{"Queens has two parts in a number", midtown.with("Queens", "", "11372").at("37-21 74th Street"), "37-21 74TH ST", ""},
		{"a direction stands behind the suffix", ottawa.at("110 Laurier Avenue West"), "110 LAURIER AVE W", ""},
		{"or is French", ottawa.with("", "", "k1p1j1").at("110 Laurier Ave Ouest"), "110 LAURIER AVE W", ""},
		{"a Canadian unit stands before the number", ottawa.at("500-110 Laurier Ave W"), "110 LAURIER AVE W", "UNIT 500"},
		{"a French type stands before the name", gatineau.with("", "Québec", "").at("30 boul. Maisonneuve"), "30 BOULEVARD MAISONNEUVE", ""},
		{"apostrophes and hyphens do not matter", gatineau.at("5 rue de l’Hôtel de Ville"), "5 RUE DE L HOTEL DE VILLE", ""},
		{"a UK code needs no space", whitehall.with("", "England", "sw1a2aa").at("10 Downing St"), "10 DOWNING STREET", ""},
		{"a flat stands before the number", whitehall.at("Flat 2, 10 Downing Street"), "10 DOWNING STREET", "FLAT 2"},
		{"and needs no comma", whitehall.at("Flat 2 10 Downing Street"), "10 DOWNING STREET", "FLAT 2"},
		{"a number has a letter", whitehall.with("", "", "NW1 6XE").at("221b Baker St"), "221B BAKER STREET", ""},
		{"or a letter apart", whitehall.with("", "", "NW1 6XE").at("221 B Baker St"), "221B BAKER STREET", ""},
		{"a palace has no number", whitehall.with("", "", "SW1A 1AA").at("Buckingham Palace"), "BUCKINGHAM PALACE", ""},
		{"an Eircode needs no space", dublin.with("", "", "d02a272").at("1 Kildare St"), "1 KILDARE STREET", ""},
		{"a routing key holds its Eircodes", dublin.with("", "", "D01 XY99").at("5 O'Connell St Lower"), "5 O'CONNELL STREET LOWER", ""},
		{"a saint has an apostrophe", cork.at("12 Saint Patricks Street"), "12 ST PATRICK'S STREET", ""},
		{"an Australian unit stands before the number", sydney.with("", "New South Wales", "").at("7/483 George St"), "483 GEORGE STREET", "UNIT 7"},
		{"a level is part of the line", sydney.at("Level 3, 483 George Street"), "483 GEORGE STREET", "LEVEL 3"},
		{"houses are joined", melbourne.at("10-14 Collins St"), "10-14 COLLINS STREET", ""},
		{"a French number has a word", paris.at("55 bis r. du Fbg St Honore"), "55 BIS RUE DU FAUBOURG SAINT-HONORÉ", ""},
		{"a French type is short", versailles.at("4 Pl. d'Armes"), "4 PLACE D'ARMES", ""},
		{"a German street is short", berlin.with("", "", "10623").at("Kantstr. 12a"), "KANTSTRASSE 12A", ""},
		{"a letter stands apart", berlin.with("", "", "10623").at("Kantstraße 12 a"), "KANTSTRASSE 12A", ""},
		{"a date is a name", berlin.with("", "", "10623").at("Strasse des 17 Juni 135"), "STRASSE DES 17 JUNI 135", ""},
		{"hyphens do not matter", potsdam.at("Friedrich Ebert Str 79-81"), "FRIEDRICH-EBERT-STRASSE 79-81", ""},
		{"an umlaut has two letters", wien.at("Kaerntner Straße 5"), "KÄRNTNER STRASSE 5", ""},
		{"an Austrian door stands behind the number", wien.at("Ballhausplatz 2/3/14"), "BALLHAUSPLATZ 2", "STIEGE 3 TOP 14"},
		{"Sankt is St", poelten.with("Sankt Poelten", "", "").at("Rathausplatz 1"), "RATHAUSPLATZ 1", ""},
	} {
		t.Run(r.name, func(t *testing.T) {
			f := LabGuide().Check(r.civic)
			if f.Match != Exact || f.Address.Street != r.street || f.Address.Secondary != r.secondary || f.Why != "" {
				t.Errorf("Check(%+v) = %+v, want exact %q, %q", r.civic, f, r.street, r.secondary)
			}
		})
	}
}

func TestOneThingMayBeWrong(t *testing.T) {
	for _, r := range []struct {
		name      string
		civic     Civic
		want, esn string
		why       string
	}{
		{"a letter is missing", soma.at("645 Harison Street"), "645 HARRISON ST, SAN FRANCISCO, CA 94105", "2101", `the street is HARRISON ST, not "Harison Street"`},
		{"two letters are wrong", soma.at("1 Telegraf Hill Blvd").atCode("94133"), "1 TELEGRAPH HILL BLVD, SAN FRANCISCO, CA 94133", "2101", `the street is TELEGRAPH HILL BLVD, not "Telegraf Hill Blvd"`},
		{"the suffix is missing", soma.at("645 Harrison"), "645 HARRISON ST, SAN FRANCISCO, CA 94105", "2101", `the street is HARRISON ST, not "Harrison"`},
		{"what is left looks like a suffix", soma.at("100 South Park").atCode("94107"), "100 SOUTH PARK ST, SAN FRANCISCO, CA 94107", "2101", `the street is SOUTH PARK ST, not "South Park"`},
		{"the suffix is another", soma.at("645 Harrison Ave"), "645 HARRISON ST, SAN FRANCISCO, CA 94105", "2101", `the street is HARRISON ST, not "Harrison Ave"`},
		{"the city is a neighbour", soma.with("Daly City", "", "").at("645 Harrison St"), "645 HARRISON ST, SAN FRANCISCO, CA 94105", "2101", `the city is SAN FRANCISCO, not "Daly City"`},
		{"the city is missing", Civic{Street: "645 Harrison St", State: "CA", PostalCode: "94105", Country: "US"}, "645 HARRISON ST, SAN FRANCISCO, CA 94105", "2101", "the city is missing; it is SAN FRANCISCO"},
		{"the ZIP code is another", soma.with("", "", "94107").at("645 Harrison St"), "645 HARRISON ST, SAN FRANCISCO, CA 94105", "2101", `the postal code is 94105, not "94107"`},
		{"the other side of the street has another ZIP code", soma.at("646 Harrison St"), "646 HARRISON ST, SAN FRANCISCO, CA 94107", "2101", `the postal code is 94107, not "94105"`},
		{"the ZIP code is missing", Civic{Street: "645 Harrison St", City: "San Francisco", State: "CA", Country: "US"}, "645 HARRISON ST, SAN FRANCISCO, CA 94105", "2101", "the postal code is missing; it is 94105"},
		{"the state is another", soma.with("", "NV", "").at("645 Harrison St"), "645 HARRISON ST, SAN FRANCISCO, CA 94105", "2101", `the state is CA, not "NV"`},
		{"the number stands behind the street", soma.at("Harrison St 645"), "645 HARRISON ST, SAN FRANCISCO, CA 94105", "2101", "the house number stands before the street"},
		{"the same street of another city has the ZIP code", soma.with("", "", "94612").at("2000 Harrison St"), "2000 HARRISON ST, OAKLAND, CA 94612", "2102", `the city is OAKLAND, not "San Francisco"`},
		{"the direction is missing", midtown.at("100 34th St").atCode("10001"), "100 W 34TH ST, NEW YORK, NY 10001", "2201", `the street is W 34TH ST, not "34th St"`},
		{"a postal city is not the community", midtown.with("Jackson Heights", "", "11372").at("37-21 74th St"), "37-21 74TH ST, QUEENS, NY 11372", "2201", `the city is QUEENS, not "Jackson Heights"`},
		{"the direction stands on the wrong side", ottawa.at("110 W Laurier Ave"), "110 LAURIER AVE W, OTTAWA, ON K1P 1J1", "3101", `the street is LAURIER AVE W, not "W Laurier Ave"`},
		{"the postal code tells which direction is missing", ottawa.at("100 Laurier Ave").atCode("K1N 6N5"), "100 LAURIER AVE E, OTTAWA, ON K1N 6N5", "3101", `the street is LAURIER AVE E, not "Laurier Ave"`},
		{"a city is part of another now", gatineau.with("Hull", "", "").at("25 rue Laurier"), "25 RUE LAURIER, GATINEAU, QC J8X 4C8", "3102", `the city is GATINEAU, not "Hull"`},
		{"a French type is missing", gatineau.at("25 Laurier"), "25 RUE LAURIER, GATINEAU, QC J8X 4C8", "3102", `the street is RUE LAURIER, not "Laurier"`},
		{"a letter is another", whitehall.at("10 Dowling Street"), "10 DOWNING STREET, LONDON, SW1A 2AA", "4401", `the street is DOWNING STREET, not "Dowling Street"`},
		{"a UK code is another", whitehall.with("", "", "SW1A 2AB").at("10 Downing St"), "10 DOWNING STREET, LONDON, SW1A 2AA", "4401", `the postal code is SW1A 2AA, not "SW1A 2AB"`},
		{"a city has an Irish name", dublin.with("Baile Átha Cliath", "", "").at("1 Kildare St"), "1 KILDARE STREET, DUBLIN, D02 A272", "3531", `the city is DUBLIN, not "Baile Átha Cliath"`},
		{"letters are swapped", cork.at("10 Olvier Plunkett St"), "10 OLIVER PLUNKETT STREET, CORK, T12 AB12", "3532", `the street is OLIVER PLUNKETT STREET, not "Olvier Plunkett St"`},
		{"a state is another", sydney.with("", "VIC", "").at("483 George St"), "483 GEORGE STREET, SYDNEY, NSW 2000", "6101", `the state is NSW, not "VIC"`},
		{"a suburb is no city", melbourne.with("Southbank", "", "").at("10 Collins St"), "10 COLLINS STREET, MELBOURNE, VIC 3000", "6102", `the city is MELBOURNE, not "Southbank"`},
		{"an article is missing", paris.at("55 Rue Faubourg Saint Honoré"), "55 RUE DU FAUBOURG SAINT-HONORÉ, PARIS, 75008", "3301", `the street is RUE DU FAUBOURG SAINT-HONORÉ, not "Rue Faubourg Saint Honoré"`},
		{"an arrondissement is another", paris.with("", "", "75001").at("55 Rue du Faubourg Saint-Honoré"), "55 RUE DU FAUBOURG SAINT-HONORÉ, PARIS, 75008", "3301", `the postal code is 75008, not "75001"`},
		{"a city is another", versailles.with("Paris", "", "").at("1 Place d'Armes"), "1 PLACE D'ARMES, VERSAILLES, 78000", "3302", `the city is VERSAILLES, not "Paris"`},
		{"the number stands before the street", berlin.at("1 Platz der Republik"), "PLATZ DER REPUBLIK 1, BERLIN, 11011", "4901", "the house number stands behind the street"},
		{"a word is in two", berlin.at("Kant Straße 12").atCode("10623"), "KANTSTRASSE 12, BERLIN, 10623", "4901", `the street is KANTSTRASSE, not "Kant Straße"`},
		{"a German letter is doubled", potsdam.at("Brandenburgger Str. 5"), "BRANDENBURGER STRASSE 5, POTSDAM, 14467", "4902", `the street is BRANDENBURGER STRASSE, not "Brandenburgger Str."`},
		{"a city has an English name", wien.with("Vienna", "", "").at("Ballhausplatz 2"), "BALLHAUSPLATZ 2, WIEN, 1010", "4301", `the city is WIEN, not "Vienna"`},
		{"a street lies in two districts", wien.with("", "", "1070").at("Mariahilfer Straße 3"), "MARIAHILFER STRASSE 3, WIEN, 1060", "4301", `the postal code is 1060, not "1070"`},
		{"an Austrian letter is missing", poelten.at("Kremsr Gasse 10"), "KREMSER GASSE 10, ST PÖLTEN, 3100", "4302", `the street is KREMSER GASSE, not "Kremsr Gasse"`},
	} {
		t.Run(r.name, func(t *testing.T) {
			f := LabGuide().Check(r.civic)
			if f.Match != Near || oneLine(f.Address) != r.want || f.ESN != r.esn || f.Why != r.why {
				t.Errorf("Check(%+v) = %s %s, ESN %s: %s\nwant near %s, ESN %s: %s",
					r.civic, f.Match, oneLine(f.Address), f.ESN, f.Why, r.want, r.esn, r.why)
			}
			if again := LabGuide().Check(f.Address); again.Match != Exact || again.Address != f.Address || again.ESN != f.ESN {
				t.Errorf("what is suggested is not exact: %+v", again)
			}
		})
	}
}

// atCode returns c with another postal code.
func (c Civic) atCode(code string) Civic { c.PostalCode = code; return c }

func TestNothingIsGuessed(t *testing.T) {
	for _, r := range []struct {
		name  string
		civic Civic
		why   string
	}{
		{"a number beyond the street's end", soma.at("9999 Harrison St"), "HARRISON ST in SAN FRANCISCO has no number 9999: the guide has 300 to 598 even, 301 to 699 odd, 600 to 998 even, 701 to 999 odd, 1000 to 1599"},
		{"no number", soma.at("Harrison St"), "HARRISON ST in SAN FRANCISCO has house numbers (300 to 598 even, 301 to 699 odd, 600 to 998 even, 701 to 999 odd, 1000 to 1599) and none is given"},
		{"no such street", soma.at("123 Nowhere Rd"), `there is no street "Nowhere Rd" in SAN FRANCISCO`},
		{"another letter is another avenue", midtown.at("100 Avenue D").atCode("10009"), `there is no street "Avenue D" in NEW YORK`},
		{"another number is another street", midtown.at("750 8th Ave").atCode("10001"), `there is no street "8th Ave" in NEW YORK`},
		{"no such place", place{"Springfield", "IL", "62701", "US"}.at("12 Main St"), `the guide has no streets in "Springfield", nor in the postal code "62701"`},
		{"no such country", place{"Luxembourg", "", "1111", "LU"}.at("1 Grand Rue"), "the guide has no streets in LU"},
		{"no country", place{"San Francisco", "CA", "94105", ""}.at("645 Harrison St"), "the guide has no streets in a country that is not given"},
		{"a box", soma.at("P.O. Box 12"), `"P.O. Box 12" is a box for mail; write the street address where people are`},
		{"no street", soma.at(" , "), "the street is missing"},
		{"two things", soma.with("", "", "94107").at("645 Harison St"), `there is no street "Harison St" in SAN FRANCISCO`},
		{"two streets", place{"Ottawa", "ON", "", "CA"}.at("100 Laurier Ave"), `there is no street "Laurier Ave" in OTTAWA; it has LAURIER AVE E, LAURIER AVE W`},
		{"two places", place{"Dublin", "", "D02 XY45", "IE"}.at("5 Merrion Square"), "it may be 5 MERRION SQUARE NORTH, DUBLIN, D02 XY45 or 5 MERRION SQUARE SOUTH, DUBLIN, D02 XY45"},
		{"two types", sydney.at("10 Macquarie"), "it may be 10 MACQUARIE PLACE, SYDNEY, NSW 2000 or 10 MACQUARIE STREET, SYDNEY, NSW 2000"},
		{"two cities", place{"London", "", "M1 5QA", "GB"}.at("10 Oxford St"), "it may be 10 OXFORD STREET, LONDON, W1B or 10 OXFORD STREET, LONDON, W1C, or others"},
		{"two German streets", berlin.with("", "", "10178").at("Alexander 5"), `there is no street "Alexander" in BERLIN`},
		{"two Paris streets", paris.with("", "", "75004").at("5 de l'Hôtel de Ville"), "it may be 5 PLACE DE L'HÔTEL DE VILLE, PARIS, 75004 or 5 QUAI DE L'HÔTEL DE VILLE, PARIS, 75004"},
		{"two Vienna streets", wien.at("Kärntner 5"), `there is no street "Kärntner" in WIEN`},
		{"too much", soma.at(strings.Repeat("9", 201)), "the street is longer than 200 bytes"},
		{"not text", soma.at("\xff"), "the street is not valid UTF-8"},
	} {
		t.Run(r.name, func(t *testing.T) {
			f := LabGuide().Check(r.civic)
			if f.Match != NoMatch || f.Why != r.why || f.Address != (Civic{}) || f.ESN != "" {
				t.Errorf("Check(%+v) = %+v\nwant %s", r.civic, f, r.why)
			}
		})
	}
}
