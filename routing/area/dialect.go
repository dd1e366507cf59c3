package area

import (
	"slices"
	"strconv"
	"strings"
)

// dialect is how a country writes its streets.
type dialect struct {
	behind bool // the house number stands behind the street
	short  bool // standard forms have the postal service's abbreviations, and neither accents nor punctuation
	english, french,
	german bool
}

// dialectOf returns the dialect of a normalised country. What is said of no country in particular is taken as it is
// written.
func dialectOf(country string) dialect {
	switch country {
	case "US", "PR":
		return dialect{short: true, english: true}
	case "CA":
		return dialect{short: true, english: true, french: true}
	case "GB", "GG", "JE", "IM", "IE", "AU", "NZ":
		return dialect{english: true}
	case "FR", "MC", "LU":
		return dialect{french: true}
	case "DE", "AT", "CH", "LI":
		return dialect{german: true, behind: true}
	case "NL", "BE", "DK", "NO", "SE", "FI", "IS", "EE", "LV", "LT", "PL", "CZ", "SK", "HU", "SI", "HR", "RS", "BA",
		"RO", "BG", "GR", "TR", "IT", "ES", "PT", "BR", "AR", "CL", "MX":
		return dialect{behind: true}
	}
	return dialect{}
}

// name is a street's name taken apart and made fit for comparison.
type name struct {
	key               string // everything: "N HARRISON ST"
	core              string // "HARRISON"
	coreAt            int    // of core in key
	before, kind, end string // "N", "ST", ""; a French kind stands before the core, as in "RUE EDDY"
}

// nameOf takes a street's name apart. Both a guide's lines and what people enter pass through here, so that a doubtful
// division ("SOUTH PARK") is the same on both sides.
func (d dialect) nameOf(street string) name { return d.divide(street, true) }

// divide does so, and takes the last word for a type only if asked to: what is entered as "South Park" may be a street
// whose type is missing.
func (d dialect) divide(street string, typed bool) name {
	words := d.words(street)
	n := name{}
	var front []string
	if d.french && len(words) > 1 && (!d.english || len(words) > 2 || kinds()[words[1]] == "") { // Toronto has an Avenue Road
		if k, ok := frenchKinds()[words[0]]; ok {
			n.kind, words = k, words[1:]
			front = []string{k}
		}
	}
	var back []string
	if d.english && len(words) > 1 {
		if dir, ok := d.direction(words[len(words)-1]); ok {
			n.end, words = dir, words[:len(words)-1]
		}
		if k, ok := kinds()[words[len(words)-1]]; ok && typed && n.kind == "" && len(words) > 1 {
			n.kind, words = k, words[:len(words)-1]
			back = append(back, k)
		}
		if dir, ok := d.direction(words[0]); ok && len(words) > 1 {
			n.before, words = dir, words[1:]
			front = append(front, dir)
		}
	}
	if n.end != "" {
		back = append(back, n.end)
	}
	n.core = strings.Join(d.fold(words), " ")
	if len(front) > 0 {
		n.coreAt = len(strings.Join(front, " ")) + 1
	}
	n.key = strings.Join(slices.Concat(front, []string{n.core}, back), " ")
	return n
}

// divided is a key that nameOf made, taken apart again.
func divided(key string, coreAt, coreSize int) name {
	n := name{key: key, core: key[coreAt : coreAt+coreSize], coreAt: coreAt}
	for w := range strings.FieldsSeq(key[:coreAt]) {
		if isDirection(w) {
			n.before = w
		} else {
			n.kind = w
		}
	}
	for w := range strings.FieldsSeq(key[coreAt+coreSize:]) {
		if isDirection(w) {
			n.end = w
		} else {
			n.kind = w
		}
	}
	return n
}

func isDirection(w string) bool {
	return slices.ContainsFunc(directions[:], func(d directional) bool { return d.short == w })
}

// words splits a street's name as Word does, minding what is no letter but means something.
func (d dialect) words(street string) []string {
	words := d.plain(street)
	if d.english && len(words) > 1 && words[0] == "THE" {
		words = words[1:]
	}
	return words
}

// plain splits a street's name into words of plain letters.
func (d dialect) plain(street string) []string {
	if strings.Contains(street, "&") {
		street = strings.ReplaceAll(street, "&", " and ")
	}
	if d.french && strings.ContainsAny(street, "'’") {
		words := strings.Fields(strings.ReplaceAll(street, "’", "'"))
		for i, w := range words {
			if len(w) > 2 && strings.ContainsAny(w[:1], "DdLl") && w[1] == '\'' {
				words[i] = w[:1] + " " + w[2:] // l'Hôtel, but O'Connor
			}
		}
		street = strings.Join(words, " ")
	}
	return strings.Fields(Word(street))
}

// direction returns the short form of a directional: N for NORTH.
func (d dialect) direction(word string) (string, bool) {
	for _, dir := range directions {
		if word == dir.short || word == dir.english || d.french && dir.french != "" && word == dir.french {
			return dir.short, true
		}
	}
	return "", false
}

// directional is a direction before or behind a street's name.
type directional struct{ short, english, french string }

var directions = [...]directional{
	{"N", "NORTH", "NORD"}, {"S", "SOUTH", "SUD"}, {"E", "EAST", ""}, {"W", "WEST", "OUEST"},
	{"NE", "NORTHEAST", ""}, {"NW", "NORTHWEST", ""}, {"SE", "SOUTHEAST", ""}, {"SW", "SOUTHWEST", ""},
	{"UPPER", "UPR", ""}, {"LOWER", "LWR", ""},
}

// fold makes the words of a core equal where people write them in more than one way.
func (d dialect) fold(words []string) []string {
	var out []string
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch {
		case d.english && i+1 < len(words) && tens[w] > 0 && ordinals[words[i+1]] > 0 && ordinals[words[i+1]] < 10:
			w = strconv.Itoa(tens[w] + ordinals[words[i+1]])
			i++
		case d.english && ordinals[w] > 0:
			w = strconv.Itoa(ordinals[w])
		case d.english && ordinal(w) != "":
			w = ordinal(w)
		case d.english && i == 0 && len(words) > 1 && leading[w] != "":
			w = leading[w] // Avenue B, Highway 1
		case d.german:
			w = germanWord(w)
		default:
			if short, ok := alike[w]; ok && (d.english || d.french) {
				w = short
			}
		}
		out = append(out, w)
	}
	return out
}

var (
	ordinals = map[string]int{
		"FIRST": 1, "SECOND": 2, "THIRD": 3, "FOURTH": 4, "FIFTH": 5, "SIXTH": 6, "SEVENTH": 7, "EIGHTH": 8, "NINTH": 9,
		"TENTH": 10, "ELEVENTH": 11, "TWELFTH": 12, "THIRTEENTH": 13, "FOURTEENTH": 14, "FIFTEENTH": 15, "SIXTEENTH": 16,
		"SEVENTEENTH": 17, "EIGHTEENTH": 18, "NINETEENTH": 19, "TWENTIETH": 20, "THIRTIETH": 30, "FORTIETH": 40,
		"FIFTIETH": 50, "SIXTIETH": 60, "SEVENTIETH": 70, "EIGHTIETH": 80, "NINETIETH": 90,
	}
	tens = map[string]int{
		"TWENTY": 20, "THIRTY": 30, "FORTY": 40, "FIFTY": 50, "SIXTY": 60, "SEVENTY": 70, "EIGHTY": 80, "NINETY": 90,
	}
	leading = map[string]string{
		"AVENUE": "AVE", "AV": "AVE", "HIGHWAY": "HWY", "ROUTE": "RTE", "RT": "RTE", "ROAD": "RD", "STREET": "ST",
	}
	alike = map[string]string{
		"SAINT": "ST", "SAINTE": "STE", "MOUNT": "MT", "FORT": "FT", "JUNIOR": "JR", "SENIOR": "SR", "DOCTOR": "DR",
		"FAUBOURG": "FG", "FBG": "FG", "GENERAL": "GEN", "GAL": "GEN",
	}
)

// ordinal returns the digits of a word such as 5TH or 22ND, "" for any other.
func ordinal(w string) string {
	if len(w) < 3 {
		return ""
	}
	digits, end := w[:len(w)-2], w[len(w)-2:]
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	switch end {
	case "ST", "ND", "RD", "TH":
		return digits
	}
	return ""
}

// umlauts makes Koeln of Köln, whose dots Word has taken off, and leaves one of the two.
var umlauts = strings.NewReplacer("AE", "A", "OE", "O", "UE", "U")

// germanWord writes a word the long way and its umlauts the short way: KOELNER STR is KOLNER STRASSE.
func germanWord(w string) string {
	switch w {
	case "SANKT", "SKT":
		return "ST"
	case "PL":
		return "PLATZ"
	case "DOKTOR":
		return "DR"
	}
	if stem, ok := strings.CutSuffix(w, "STR"); ok {
		w = stem + "STRASSE"
	}
	return umlauts.Replace(w)
}

// cityKey makes the name of a community fit for comparison: St. Louis is Saint Louis, Koeln is Köln.
func cityKey(s string) string {
	words := strings.Fields(Word(s))
	for i, w := range words {
		switch w {
		case "SAINT", "SANKT":
			words[i] = "ST"
		case "SAINTE":
			words[i] = "STE"
		case "MOUNT":
			words[i] = "MT"
		case "FORT":
			words[i] = "FT"
		}
	}
	return umlauts.Replace(strings.Join(words, " "))
}

// standard returns the standard form of a street's name that a guide gives in one piece.
func (d dialect) standard(street string) string {
	if !d.short {
		return upper(street)
	}
	words := d.plain(street)
	n := d.nameOf(street)
	last := len(words) - 1
	if n.end != "" && last > 0 {
		words[last] = n.end
		last--
	}
	if k, ok := kinds()[words[max(last, 0)]]; ok && n.kind == k && last > 0 {
		words[last] = k
	}
	if n.before != "" {
		if dir, ok := d.direction(words[0]); ok {
			words[0] = dir
		}
	}
	return strings.Join(words, " ")
}

// upper returns s in upper case with single spaces, without full stops.
func upper(s string) string {
	s = strings.ReplaceAll(strings.ToUpper(strings.ReplaceAll(s, ".", "")), "ß", "SS")
	return strings.Join(strings.Fields(s), " ")
}
