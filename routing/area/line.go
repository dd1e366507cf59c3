package area

import (
	"strings"
)

// line is one way to read a street line.
type line struct {
	house  house
	street string // as entered
	unit   string // as entered
	moved  bool   // the house number is not where the country writes it
	name   name   // of street, once somebody asked
}

// named returns the street's name taken apart.
func (l *line) named(d dialect) name {
	if l.name.key == "" {
		l.name = d.nameOf(l.street)
	}
	return l.name
}

// maxLines bounds the ways to read one line.
const maxLines = 16

// readLine returns the ways to read a street line, the likelier first. The house number may have a part of its own,
// another part of the line or its end may be a unit; which of them is meant only the guide can tell.
func readLine(d dialect, country, street string) []line {
	var lines []line
	parts := splitParts(street)
	for i, part := range parts {
		if i == 3 {
			break
		}
		var others []string
		others = append(append(others, parts[:i]...), parts[i+1:]...)
		rest := strings.Join(others, ", ")
		for _, u := range splitUnit(strings.Fields(part)) {
			unit := strings.Trim(u.unit+", "+rest, ", ")
			for _, h := range readHouse(d, country, u.words) {
				if len(lines) < maxLines {
					lines = append(lines, line{house: h.house, street: strings.Join(h.street, " "), unit: strings.Trim(h.unit+", "+unit, ", "), moved: h.moved})
				}
			}
		}
	}
	return lines
}

// splitParts splits a line at commas.
func splitParts(s string) []string {
	var parts []string
	for p := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || r == ';' || r == '\n' }) {
		if p = strings.TrimSpace(p); p != "" {
			parts = append(parts, p)
		}
	}
	return parts
}

// reading is a house number and what is left of the line.
type reading struct {
	house  house
	street []string
	unit   string
	moved  bool
}

// readHouse returns the ways to find a house number in words; the last is that there is none.
func readHouse(d dialect, country string, words []string) []reading {
	if len(words) == 0 {
		return nil
	}
	f := finder{d: d, country: country, words: words}
	if d.behind {
		f.behind(false)
		f.before(true)
	} else {
		f.before(false)
		f.behind(true)
	}
	return append(f.found, reading{street: words})
}

// finder looks for the house number in the words of a line.
type finder struct {
	d       dialect
	country string
	words   []string
	found   []reading
}

// add notes a reading unless it is none: no number, or nothing else.
func (f *finder) add(h house, ok bool, street []string, unit string, moved bool) {
	if ok && len(street) > 0 {
		f.found = append(f.found, reading{h, street, unit, moved})
	}
}

func (f *finder) before(moved bool) {
	w, first := f.words, number(f.words[0])
	h, ok := parseHouse(first)
	if ok && len(w) > 2 && isFraction(w[1]) {
		more, good := h.withSuffix(w[1])
		f.add(more, good, w[2:], "", moved)
	}
	f.add(h, ok, w[1:], "", moved)
	if ok && len(w) > 2 && !isFraction(w[1]) {
		more, good := h.withSuffix(number(w[1]))
		if _, direction := f.d.direction(number(w[1])); !direction || !f.d.english { // 110 W Laurier is not 110W
			f.add(more, good, w[2:], "", moved)
		}
	}
	if f.country != "CA" { // there it is a unit
		h, ok = several(first)
		f.add(h, ok, w[1:], "", moved)
	}
	if digits := spelled[first]; digits != "" {
		h, ok = parseHouse(digits)
		f.add(h, ok, w[1:], "", moved)
	}
	if unit, num, ok := unitBefore(f.country, first); ok {
		h, good := parseHouse(num)
		f.add(h, good, w[1:], unit, moved)
	}
}

func (f *finder) behind(moved bool) {
	w, n := f.words, len(f.words)
	last := number(w[n-1])
	h, ok := parseHouse(last)
	f.add(h, ok, w[:n-1], "", moved)
	if n > 2 {
		if h, ok := parseHouse(number(w[n-2])); ok {
			more, good := h.withSuffix(last)
			f.add(more, good, w[:n-2], "", moved)
		}
	}
	h, ok = several(last)
	f.add(h, ok, w[:n-1], "", moved)
	if num, unit, ok := unitBehind(f.country, last); ok {
		h, good := parseHouse(num)
		f.add(h, good, w[:n-1], unit, moved)
	}
}

// number makes a word fit for parseHouse.
func number(w string) string { return strings.ToUpper(strings.Trim(w, ".,")) }

func isFraction(w string) bool { _, ok := fractionRanks[w]; return ok }

var spelled = map[string]string{
	"ONE": "1", "TWO": "2", "THREE": "3", "FOUR": "4", "FIVE": "5", "SIX": "6", "SEVEN": "7", "EIGHT": "8",
	"NINE": "9", "TEN": "10",
}

// unitBefore splits a unit from the number it stands before: 7/483 in Australia, 500-110 in Canada.
func unitBefore(country, w string) (unit, num string, ok bool) {
	switch country {
	case "AU", "NZ":
		unit, num, ok = strings.Cut(w, "/")
	case "CA":
		unit, num, ok = strings.Cut(w, "-")
	}
	if _, good := parseHouse(unit); !ok || !good {
		return "", "", false
	}
	return "UNIT " + unit, num, true
}

// unitBehind splits a unit from the number it stands behind: 2/14 and 2/3/14, with the stair between, in Austria.
func unitBehind(country, w string) (num, unit string, ok bool) {
	num, unit, ok = strings.Cut(w, "/")
	if country != "AT" || !ok || unit == "" {
		return "", "", false
	}
	stair, door, both := strings.Cut(unit, "/")
	if both {
		return num, "STIEGE " + stair + " TOP " + door, true
	}
	return num, "TOP " + unit, true
}
