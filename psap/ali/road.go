package ali

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"callbox/sip/location"
)

// road is a street name in the parts that an MSAG keeps apart.
type road struct{ before, name, suffix, behind string }

// splitRoad takes directionals and suffix off a street name of the US or Canada where the address does not keep them
// apart by itself. Elsewhere they are part of the name. A name is never left empty: "North St" is the street called North.
func splitRoad(c location.Civic) road {
	name := c.RD
	if name == "" {
		name = c.A6
	}
	if c.PRD != "" || c.STS != "" || c.POD != "" {
		r := road{before: direction(c.PRD), suffix: streetSuffixes[bare(c.STS)], behind: direction(c.POD)}
		if r.suffix == "" {
			r.suffix = location.Tidy(c.STS)
		}
		r.name = location.Tidy(strings.Join([]string{c.PRM, c.STP, name, c.POM}, " "))
		return r
	}
	text := location.Tidy(strings.Join([]string{c.PRM, c.STP, name, c.POM}, " "))
	switch strings.ToUpper(c.Country) {
	case "US", "CA", "":
	default:
		return road{name: text}
	}
	words := strings.Fields(text)
	r := road{}
	if n := len(words); n > 1 && direction(words[n-1]) != "" {
		r.behind, words = direction(words[n-1]), words[:n-1]
	}
	if n := len(words); n > 1 && streetSuffixes[bare(words[n-1])] != "" {
		r.suffix, words = streetSuffixes[bare(words[n-1])], words[:n-1]
	}
	if len(words) > 1 && direction(words[0]) != "" {
		r.before, words = direction(words[0]), words[1:]
	}
	r.name = strings.Join(words, " ")
	return r
}

// bare is a word in capitals and without the marks of abbreviations: N.E. is NE.
func bare(word string) string {
	return strings.ToUpper(strings.NewReplacer(".", "", ",", "").Replace(word))
}

// direction returns N, SW and so on for a directional, "" for other words.
func direction(word string) string {
	switch w := bare(word); w {
	case "N", "S", "E", "W", "NE", "NW", "SE", "SW":
		return w
	case "NORTH", "SOUTH", "EAST", "WEST":
		return w[:1]
	case "NORTHEAST", "NORTHWEST", "SOUTHEAST", "SOUTHWEST":
		return w[:1] + w[5:6]
	}
	return ""
}

// streetSuffixes are the abbreviations of the US post for the suffixes that most streets have, by themselves and by
// their words in full.
var streetSuffixes = map[string]string{
	"ALLEY": "ALY", "ALY": "ALY", "AVENUE": "AVE", "AVE": "AVE", "AV": "AVE", "BOULEVARD": "BLVD", "BLVD": "BLVD",
	"BRIDGE": "BRG", "BRG": "BRG", "BYPASS": "BYP", "BYP": "BYP", "CIRCLE": "CIR", "CIR": "CIR", "COURT": "CT", "CT": "CT",
	"CRESCENT": "CRES", "CRES": "CRES", "CENTER": "CTR", "CENTRE": "CTR", "CTR": "CTR", "COVE": "CV", "CV": "CV",
	"DRIVE": "DR", "DR": "DR", "EXPRESSWAY": "EXPY", "EXPY": "EXPY", "FREEWAY": "FWY", "FWY": "FWY", "GARDENS": "GDNS",
	"GDNS": "GDNS", "HEIGHTS": "HTS", "HTS": "HTS", "HIGHWAY": "HWY", "HWY": "HWY", "LANE": "LN", "LN": "LN", "LOOP": "LOOP",
	"PARK": "PARK", "PARKWAY": "PKWY", "PKWY": "PKWY", "PLACE": "PL", "PL": "PL", "PLAZA": "PLZ", "PLZ": "PLZ",
	"POINT": "PT", "PT": "PT", "RIDGE": "RDG", "RDG": "RDG", "ROAD": "RD", "RD": "RD", "ROUTE": "RTE", "RTE": "RTE",
	"SQUARE": "SQ", "SQ": "SQ", "STREET": "ST", "ST": "ST", "TERRACE": "TER", "TER": "TER", "TRAIL": "TRL", "TRL": "TRL",
	"TURNPIKE": "TPKE", "TPKE": "TPKE", "WALK": "WALK", "WAY": "WAY",
}

// letters are those that do not come apart into one of ASCII and its accent.
var letters = strings.NewReplacer("ß", "SS", "ẞ", "SS", "Ø", "O", "ø", "O", "Æ", "AE", "æ", "AE", "Œ", "OE", "œ", "OE",
	"Ł", "L", "ł", "L", "Đ", "D", "đ", "D", "ð", "D", "Þ", "TH", "þ", "TH", "’", "'", "‘", "'", "–", "-", "—", "-")

// plain writes text in the capital ASCII letters that an ALI link carries; what has none becomes a question mark.
func plain(text string) string {
	var b strings.Builder
	for _, c := range norm.NFKD.String(letters.Replace(location.Tidy(text))) {
		switch {
		case c >= ' ' && c < 0x7f:
			b.WriteRune(c)
		case c >= 0x300 && c < 0x370: // an accent
		default:
			b.WriteByte('?')
		}
	}
	return strings.ToUpper(b.String())
}
