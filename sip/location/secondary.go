package location

import "strings"

// takeSecondary moves what it knows of one chunk to l and returns the rest.
func (l *Lines) takeSecondary(words []string) string {
	var rest []string
	for i := 0; i < len(words); i++ {
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		switch kind := designator(words[i]); {
		case kind == floorWord && next != "" && designator(next) == noWord && l.Floor == "":
			l.Floor = next
			i++
		case kind == noWord && designator(next) == floorWord && l.Floor == "" &&
			(i+2 == len(words) || designator(words[i+2]) != noWord):
			l.Floor = cardinal(words[i]) // "21st Floor"
			i++
		case kind == unitWord && next != "" && designator(next) == noWord && l.Unit == "":
			l.Unit = words[i] + " " + next
			i++
		case kind == hashWord && l.Unit == "":
			l.Unit = words[i]
		default:
			rest = append(rest, words[i])
		}
	}
	return strings.Join(rest, " ")
}

// word kinds of a secondary address line
const (
	noWord = iota
	floorWord
	unitWord
	hashWord // "#12"
)

func designator(word string) int {
	if len(word) > 1 && word[0] == '#' {
		return hashWord
	}
	switch strings.TrimSuffix(strings.ToLower(word), ".") {
	case "fl", "flr", "floor", "level", "etage", "étage", "stock":
		return floorWord
	case "ste", "suite", "apt", "apartment", "unit", "flat", "room", "rm", "app", "wohnung", "whg", "top", "#":
		return unitWord
	}
	return noWord
}

// cardinal takes the ending off an ordinal: "21st" is floor 21, "3." floor 3.
func cardinal(word string) string {
	digits := strings.TrimRight(word, ".stndrhe")
	if digits != "" && strings.Trim(digits, "0123456789") == "" {
		return digits
	}
	return word
}
