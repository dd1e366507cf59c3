package area

import (
	"slices"
	"strconv"
	"strings"
)

// units are the words for a part of a building, with their abbreviation in USPS Publication 28, appendix C2. After
// those of the second kind nothing needs to follow.
var (
	units = map[string]string{
		"APARTMENT": "APT", "APT": "APT", "BUILDING": "BLDG", "BLDG": "BLDG", "DEPARTMENT": "DEPT", "DEPT": "DEPT",
		"FLOOR": "FL", "FLR": "FL", "FL": "FL", "SUITE": "STE", "STE": "STE", "ROOM": "RM", "RM": "RM", "UNIT": "UNIT",
		"FLAT": "FLAT", "LEVEL": "LEVEL", "OFFICE": "OFC", "OFC": "OFC", "#": "#", "SPACE": "SPC", "SPC": "SPC",
		"TRAILER": "TRLR", "TRLR": "TRLR", "LOT": "LOT", "PENTHOUSE": "PH", "PH": "PH", "HANGAR": "HNGR", "HNGR": "HNGR",
		"PIER": "PIER", "SLIP": "SLIP", "STOP": "STOP", "TOP": "TOP", "STIEGE": "STIEGE", "BUREAU": "BUREAU",
		"SHOP": "SHOP", "WING": "WING", "WARD": "WARD", "TOWER": "TOWER", "GATE": "GATE",
	}
	bareUnits = map[string]string{
		"BASEMENT": "BSMT", "BSMT": "BSMT", "PENTHOUSE": "PH", "PH": "PH", "LOBBY": "LBBY", "LBBY": "LBBY",
		"REAR": "REAR", "FRONT": "FRNT", "FRNT": "FRNT", "UPPER": "UPPR", "UPPR": "UPPR", "LOWER": "LOWR", "LOWR": "LOWR",
	}
)

// split is a line with its unit taken off.
type split struct {
	words []string
	unit  string
}

// splitUnit returns the ways to take a unit off the line, the first with none taken.
func splitUnit(words []string) []split {
	words = splitMarks(words)
	ways := []split{{words, ""}}
	for i := 1; i < len(words); i++ {
		if isUnit(words[i:]) {
			ways = append(ways, split{words[:i], strings.Join(words[i:], " ")})
			break
		}
	}
	if n := 2; len(words) > n && isUnit(words[:n]) { // Flat 3 221B Baker Street
		ways = append(ways, split{words[n:], strings.Join(words[:n], " ")})
	}
	return ways
}

// splitMarks makes "#5" and "½" words of their own.
func splitMarks(words []string) []string {
	s := strings.Join(words, " ")
	if strings.ContainsAny(s, "#½¼¾") {
		s = strings.NewReplacer("#", " # ", "½", " 1/2 ", "¼", " 1/4 ", "¾", " 3/4 ").Replace(s)
	}
	return strings.Fields(s)
}

// isUnit tells whether words begin with a part of a building.
func isUnit(words []string) bool {
	w := number(words[0])
	if len(words) == 1 {
		return bareUnits[w] != ""
	}
	next := number(words[1])
	if units[w] != "" {
		return isMark(next)
	}
	return units[next] == "FL" && (ordinal(w) != "" || ordinals[w] > 0)
}

// isMark tells whether w can name a unit: it has a digit or is a letter.
func isMark(w string) bool { return strings.ContainsAny(w, "0123456789") || len(w) == 1 }

// standardSecondary returns the standard form of a unit that stood in the street line and of the secondary line.
func standardSecondary(unit, secondary string) string {
	var out []string
	for _, part := range append(splitParts(unit), splitParts(secondary)...) {
		if s := standardUnit(part); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return strings.Join(out, ", ")
}

// standardUnit writes one part: "21st Floor" is FL 21, "Suite 500" STE 500, "#5" # 5.
func standardUnit(part string) string {
	words := splitMarks(strings.Fields(upper(part)))
	for range 4 { // a word that moves can make the next one move
		next := standardWords(words)
		if slices.Equal(next, words) {
			break
		}
		words = next
	}
	return strings.Join(words, " ")
}

func standardWords(words []string) []string {
	var out []string
	for i := 0; i < len(words); i++ {
		w := words[i]
		next, after := "", ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		if i+2 < len(words) {
			after = words[i+2]
		}
		switch {
		case units[next] == "FL" && !isMark(after) && cardinal(w) != "":
			out = append(out, "FL", cardinal(w))
			i++
		case units[w] != "":
			out = append(out, units[w])
		case bareUnits[w] != "" && len(words) == 1:
			out = append(out, bareUnits[w])
		default:
			out = append(out, w)
		}
	}
	return out
}

// cardinal returns the number of an ordinal or number, "" for another word.
func cardinal(w string) string {
	if n := ordinals[w]; n > 0 {
		return strconv.Itoa(n)
	}
	if o := ordinal(w); o != "" {
		return o
	}
	if w != "" && strings.Trim(w, "0123456789") == "" {
		return w
	}
	return ""
}
