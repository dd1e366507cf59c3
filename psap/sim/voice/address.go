package voice

import (
	"strings"

	"callbox/sip/location"
)

// Address returns the address l word by word, abbreviations in full, numbers digit by digit: street, floor, unit,
// what else helps to find the place, city, state, postal code, and the country outside of the United States. It is
// empty when l has none.
func Address(l location.Lines) Words {
	country := strings.ToUpper(l.Country)
	return Join(Short,
		street(l.Street),
		floor(l.Floor),
		plainWords(l.Unit, unitWords),
		plainWords(l.Hint, unitWords),
		city(l.City),
		region(l.State, country),
		Words(nil).spell(strings.ReplaceAll(l.PostalCode, "-", "")),
		countryName(country),
	)
}

// Abbreviations as the United States and Canadian posts write them.
var (
	streetWords = map[string]string{
		"aly": "alley", "ave": "avenue", "av": "avenue", "blvd": "boulevard", "br": "branch", "brg": "bridge",
		"byp": "bypass", "cir": "circle", "ct": "court", "cres": "crescent", "ctr": "center", "dr": "drive",
		"expy": "expressway", "ext": "extension", "fwy": "freeway", "gdns": "gardens", "hts": "heights", "hwy": "highway",
		"ln": "lane", "lp": "loop", "mt": "mount", "ft": "fort", "pk": "park", "pkwy": "parkway", "pl": "place",
		"plz": "plaza", "pt": "point", "rd": "road", "rte": "route", "sq": "square", "sta": "station", "ter": "terrace",
		"terr": "terrace", "tpke": "turnpike", "trl": "trail", "wy": "way", "str": "strasse",
	}
	directionWords = map[string][]string{
		"n": {"north"}, "s": {"south"}, "e": {"east"}, "w": {"west"},
		"ne": {"north", "east"}, "nw": {"north", "west"}, "se": {"south", "east"}, "sw": {"south", "west"},
	}
	unitWords = map[string]string{
		"fl": "floor", "flr": "floor", "ste": "suite", "apt": "apartment", "rm": "room", "bldg": "building",
		"dept": "department", "bsmt": "basement", "ph": "penthouse", "lbby": "lobby", "uppr": "upper", "lowr": "lower",
		"frnt": "front", "no": "number", "lvl": "level",
	}
	namesOfRoads = map[string]bool{"rue": true, "avenue": true, "ave": true, "place": true, "boulevard": true, "blvd": true, "quai": true}
)

func street(text string) Words {
	var w Words
	tokens := tokens(text)
	named := false // a word of the street's own name has been said
	for i, t := range tokens {
		key := abbreviation(t)
		numeric := t[0] >= '0' && t[0] <= '9'
		last := i == len(tokens)-1
		switch direction, long := directionWords[key], streetWords[key]; {
		case key == "st" && (!named || namesOfRoads[abbreviation(tokens[i-1])]) && !last:
			w = append(w, "saint")
		case key == "st":
			w = append(w, "street")
		case direction != nil && (!named && !last && i > 0 || last && named):
			w = append(w, direction...)
		case long != "" && (named || last || key == "hwy" || key == "rte"):
			w = append(w, long)
		case len(t) == 1:
			w = w.spell(t)
		default:
			w = w.word(t, false)
		}
		named = named || !numeric && directionWords[key] == nil
	}
	return w
}

func floor(text string) Words {
	w := plainWords(text, unitWords)
	if len(w) == 0 {
		return nil
	}
	for _, word := range w {
		if word == "floor" || word == "level" || word == "etage" {
			return w
		}
	}
	if strings.HasSuffix(w[len(w)-1], "th") || strings.HasSuffix(w[len(w)-1], "st") || w[len(w)-1] == "ground" {
		return append(w, "floor")
	}
	return append(Words{"floor"}, w...)
}

func city(text string) Words {
	var w Words
	for i, t := range tokens(text) {
		switch key := abbreviation(t); {
		case key == "st" && i == 0:
			w = append(w, "saint")
		case (key == "ft" || key == "mt") && i == 0:
			w = append(w, streetWords[key])
		default:
			w = w.word(t, false)
		}
	}
	return w
}

// plainWords reads text with the abbreviations of one table.
func plainWords(text string, table map[string]string) Words {
	var w Words
	for _, t := range tokens(text) {
		if long := table[abbreviation(t)]; long != "" {
			w = append(w, long)
		} else if len(t) == 1 {
			w = w.spell(t)
		} else {
			w = w.word(t, false)
		}
	}
	return w
}

func tokens(text string) []string {
	return strings.FieldsFunc(fold(text), func(c rune) bool {
		return c <= ' ' || c == ',' || c == ';' || c == '(' || c == ')' || c == '"'
	})
}

func abbreviation(token string) string { return strings.ToLower(strings.TrimRight(token, ".")) }

// region returns a state or province by name where its letters are known, else as it stands, short ones spelled.
func region(text, country string) Words {
	name := ""
	switch key := strings.ToUpper(strings.TrimSpace(text)); country {
	case "", "US":
		name = usStates[key]
	case "CA":
		name = caProvinces[key]
	case "AU":
		name = auStates[key]
	}
	if name != "" {
		return strings.Fields(name)
	}
	if len(text) <= 3 {
		return Words(nil).spell(text)
	}
	return plainWords(text, nil)
}

func countryName(country string) Words {
	if country == "US" {
		return nil
	}
	if name := countries[country]; name != "" {
		return strings.Fields(name)
	}
	return Words(nil).spell(country)
}

var (
	countries = map[string]string{
		"CA": "canada", "GB": "united kingdom", "IE": "ireland", "AU": "australia", "FR": "france", "DE": "germany", "AT": "austria",
	}
	caProvinces = map[string]string{
		"AB": "alberta", "BC": "british columbia", "MB": "manitoba", "NB": "new brunswick", "NL": "newfoundland and labrador",
		"NS": "nova scotia", "NT": "northwest territories", "NU": "nunavut", "ON": "ontario", "PE": "prince edward island",
		"QC": "quebec", "SK": "saskatchewan", "YT": "yukon",
	}
	auStates = map[string]string{
		"ACT": "australian capital territory", "NSW": "new south wales", "NT": "northern territory", "QLD": "queensland",
		"SA": "south australia", "TAS": "tasmania", "VIC": "victoria", "WA": "western australia",
	}
	usStates = map[string]string{
		"AL": "alabama", "AK": "alaska", "AZ": "arizona", "AR": "arkansas", "CA": "california", "CO": "colorado",
		"CT": "connecticut", "DE": "delaware", "DC": "district of columbia", "FL": "florida", "GA": "georgia", "HI": "hawaii",
		"ID": "idaho", "IL": "illinois", "IN": "indiana", "IA": "iowa", "KS": "kansas", "KY": "kentucky", "LA": "louisiana",
		"ME": "maine", "MD": "maryland", "MA": "massachusetts", "MI": "michigan", "MN": "minnesota", "MS": "mississippi",
		"MO": "missouri", "MT": "montana", "NE": "nebraska", "NV": "nevada", "NH": "new hampshire", "NJ": "new jersey",
		"NM": "new mexico", "NY": "new york", "NC": "north carolina", "ND": "north dakota", "OH": "ohio", "OK": "oklahoma",
		"OR": "oregon", "PA": "pennsylvania", "PR": "puerto rico", "RI": "rhode island", "SC": "south carolina",
		"SD": "south dakota", "TN": "tennessee", "TX": "texas", "UT": "utah", "VT": "vermont", "VA": "virginia",
		"WA": "washington", "WV": "west virginia", "WI": "wisconsin", "WY": "wyoming",
	}
)
