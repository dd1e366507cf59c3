package area

import (
	"testing"
)

func TestHouseNumbersAreRead(t *testing.T) {
	for in, want := range map[string]house{
		"645":       {text: "645", number: 645, rank: rank(645, 0)},
		"00645":     {text: "645", number: 645, rank: rank(645, 0)},
		"221B":      {text: "221B", number: 221, rank: rank(221, 'B')},
		"55BIS":     {text: "55 BIS", number: 55, rank: rank(55, bis)},
		"37-01":     {text: "37-01", prefix: "37-", number: 1, rank: rank(1, 0)},
		"N6W23001":  {text: "N6W23001", prefix: "N6W", number: 23001, rank: rank(23001, 0)},
		"99999999":  {text: "99999999", number: 99999999, rank: rank(99999999, 0)},
		"100000000": {}, "5TH": {}, "": {}, "A": {}, "12AB": {}, "-5": {}, "1/2": {}, "é5": {}, "5é": {}, "W204N119123456-7": {},
		"99999999999999999999": {},
	} {
		if h, ok := parseHouse(in); h != want || ok != (want.text != "") {
			t.Errorf("parseHouse(%q) = %+v, %t, want %+v", in, h, ok, want)
		}
	}
}

func TestUnitsHaveAStandardForm(t *testing.T) {
	for in, want := range map[string]string{
		"Fl 21": "FL 21", "21st Floor": "FL 21", "Floor 21": "FL 21", "Third floor": "FL 3", "3 Floor": "FL 3", "Suite 500": "STE 500",
		"Ste. 500": "STE 500", "#5": "# 5", "# 5": "# 5", "Apt 3B": "APT 3B", "Apartment 3b": "APT 3B", "Unit 7": "UNIT 7",
		"Building C, Suite 5, 2nd floor": "BLDG C, STE 5, FL 2", "Suite 5 2nd Floor": "STE 5 FL 2", "Penthouse": "PH", "Rear": "REAR",
		"Front desk": "FRONT DESK", "1 FL 2 FL": "FL FL 1 2", "3. Étage": "3 ÉTAGE", "": "", " , ;": "", "Fl 2, FL 2": "FL 2",
	} {
		got := standardSecondary("", in)
		if in == "1 FL 2 FL" { // nonsense only has to settle
			want = got
		}
		if again := standardSecondary("", got); got != want || again != got {
			t.Errorf("standardSecondary(%q) = %q, want %q; again %q", in, got, want, again)
		}
	}
}

func TestStreetsAreTakenApart(t *testing.T) {
	us, ca, ie, fr, de := dialectOf("US"), dialectOf("CA"), dialectOf("IE"), dialectOf("FR"), dialectOf("DE")
	for _, r := range []struct {
		d         dialect
		in        string
		key, core string
	}{
		{us, "N. Harrison Street", "N HARRISON ST", "HARRISON"}, {us, "harrison st.", "HARRISON ST", "HARRISON"},
		{us, "North St", "NORTH ST", "NORTH"}, {us, "N St NW", "N ST NW", "N"}, {us, "Street", "STREET", "STREET"},
		{us, "Avenue B", "AVE B", "AVE B"}, {us, "Ave of the Americas", "AVE OF THE AMERICAS", "AVE OF THE AMERICAS"},
		{us, "Fifth Ave", "5 AVE", "5"}, {us, "Twenty-Second St", "22 ST", "22"}, {us, "42nd Street East", "42 ST E", "42"},
		{us, "Saint John Pl", "ST JOHN PL", "ST JOHN"}, {us, "The Embarcadero", "EMBARCADERO", "EMBARCADERO"},
		{us, "Mt. Vernon Hwy", "MT VERNON HWY", "MT VERNON"}, {us, "A & B Rd", "A AND B RD", "A AND B"},
		{us, "McAllister St", "MCALLISTER ST", "MCALLISTER"}, {us, "O'Farrell St", "OFARRELL ST", "OFARRELL"},
		{ca, "rue Laurier Ouest", "RUE LAURIER W", "LAURIER"}, {ca, "Avenue Road", "AVENUE RD", "AVENUE"},
		{ie, "O'Connell Street Lower", "OCONNELL ST LOWER", "OCONNELL"}, {ie, "Merrion Sq. N.", "MERRION SQ N", "MERRION"},
		{fr, "Av. des Champs-Élysées", "AVENUE DES CHAMPS ELYSEES", "DES CHAMPS ELYSEES"},
		{fr, "Pl. de l'Hôtel de Ville", "PLACE DE L HOTEL DE VILLE", "DE L HOTEL DE VILLE"},
		{de, "Kantstr.", "KANTSTRASSE", "KANTSTRASSE"}, {de, "Große Präsidentenstraße", "GROSSE PRASIDENTENSTRASSE", "GROSSE PRASIDENTENSTRASSE"},
		{us, "", "", ""}, {us, "...", "", ""},
	} {
		n := r.d.nameOf(r.in)
		if n.key != r.key || n.core != r.core || n.key[n.coreAt:n.coreAt+len(n.core)] != n.core {
			t.Errorf("nameOf(%q) = %+v, want %q, %q", r.in, n, r.key, r.core)
		}
		if d := divided(n.key, n.coreAt, len(n.core)); d != n {
			t.Errorf("divided(%q) = %+v, not %+v", n.key, d, n)
		}
	}
}

func TestOnlyMisspellingsAreClose(t *testing.T) {
	for _, r := range []struct {
		a, b string
		want int
	}{
		{"HARRISON", "HARISON", 1}, {"HARRISON", "HARRSION", 1}, {"HARRISON", "HARISSON", 2}, {"HARRISON", "GARRISON", 1},
		{"HARRISON", "MADISON", 0}, {"HARRISON", "HARRISON", 0}, {"ELM", "ELMS", 0}, {"OAK", "OAT", 0}, {"MAIN", "MAINE", 1},
		{"MAIN", "PAINE", 0}, {"5", "6", 0}, {"AVE B", "AVE C", 0}, {"FM1234", "FM1235", 0}, {"17 JUNI", "18 JUNI", 0}, {"KANT STRASSE", "KANTSTRASSE", 1},
		{"1 2", "12", 0}, {"DU FAUBOURG", "FAUBOURG", 1}, {"DE LA PAIX", "PAIX", 1}, {"DE LA", "DU", 0},
		{"TELEGRAPH HILL", "TELEGRAF HILL", 2}, {"TELEGRAPH HILL", "TELEGRAPH HALT", 0}, {"OLIVER PLUNKETT", "OLIVR PLUNKET", 2},
		{"OLIVER PLUNKETT", "OLIVR PLUNKTE", 0}, {"VAN NESS", "VON NESS", 0}, {"KÄRNTNER", "KÄRTNER", 1},
	} {
		if got := distance(r.a, r.b); got != r.want || distance(r.b, r.a) != r.want {
			t.Errorf("distance(%q, %q) = %d, want %d", r.a, r.b, got, r.want)
		}
	}
}

func TestPostalCodesHaveAStandardForm(t *testing.T) {
	for _, r := range []struct{ country, in, want string }{
		{"US", "94105-1234", "94105"}, {"US", "94105", "94105"}, {"US", "941", "941"}, {"CA", "k1p1j1", "K1P 1J1"}, {"CA", "K1P", "K1P"},
		{"GB", "sw1a2aa", "SW1A 2AA"}, {"GB", "M1 1AE", "M1 1AE"}, {"GB", "SW1A", "SW1A"}, {"IE", "d02a272", "D02 A272"}, {"IE", "D02", "D02"},
		{"DE", " 11011 ", "11011"}, {"NL", "1012  ab", "1012 AB"}, {"US", "", ""},
	} {
		if got := postalForm(r.country, r.in); got != r.want || postalForm(r.country, got) != got {
			t.Errorf("postalForm(%s, %q) = %q, want %q", r.country, r.in, got, r.want)
		}
	}
}

func TestEverySuffixOfThePostalServiceIsKnown(t *testing.T) {
	// Of appendix C1: the names and some of the more surprising ways to write them.
	for word, want := range map[string]string{
		"STREET": "ST", "STRT": "ST", "AVENUE": "AVE", "AVN": "AVE", "BOULEVARD": "BLVD", "ROAD": "RD", "DRIVE": "DR", "LANE": "LN",
		"COURT": "CT", "PLACE": "PL", "TERRACE": "TER", "CIRCLE": "CIR", "PARKWAY": "PKWY", "HIGHWAY": "HWY", "WAY": "WAY",
		"SQUARE": "SQ", "PLAZA": "PLZ", "CROSSING": "XING", "TRAIL": "TRL", "EXPRESSWAY": "EXPY", "FREEWAY": "FWY", "TURNPIKE": "TPKE",
		"ALLEY": "ALY", "CAUSEWAY": "CSWY", "CENTRE": "CTR", "HEIGHTS": "HTS", "JUNCTION": "JCT", "MOUNTAIN": "MTN", "ROUTE": "RTE",
		"SPRINGS": "SPGS", "STRAVENUE": "STRA", "THROUGHWAY": "TRWY", "VIADUCT": "VIA", "WELLS": "WLS", "MEADOWS": "MDWS", "LOOP": "LOOP",
	} {
		if got := kinds()[word]; got != want || kinds()[want] != want {
			t.Errorf("%s is %q, want %q", word, got, want)
		}
	}
	if n := len(kinds()); n < 500 {
		t.Errorf("%d ways to write a suffix", n)
	}
}
