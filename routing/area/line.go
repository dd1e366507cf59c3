package area

import (
	"strings"
)

// line is one way to read a street line.
type line struct {
	house     house
	street    string // as entered
	name      name
	secondary string // standard form
	moved     bool   // the house number is not where the country writes it
}

// maxLines bounds the ways to read one line.
const maxLines = 16

// readLine returns the ways to read a street line, the likelier first. The house number may have a part of its own,
// another part of the line or its end may be a unit; which of them is meant only the guide can tell.
func readLine(d dialect, country, street, secondary string) []line {
	var lines []line
	add := func(h house, name, unit string, moved bool) {
		n := d.nameOf(name)
		if len(lines) < maxLines && n.key != "" {
			lines = append(lines, line{h, name, n, standardSecondary(unit, secondary), moved})
		}
	}
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
				add(h.house, strings.Join(h.street, " "), strings.Trim(h.unit+", "+unit, ", "), h.moved)
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
	var found []reading
	add := func(h house, ok bool, street []string, unit string, moved bool) {
		if ok && len(street) > 0 {
			found = append(found, reading{h, street, unit, moved})
		}
	}
	n := len(words)
	if n == 0 {
		return nil
	}
	first, last := number(words[0]), number(words[n-1])
	front := func(moved bool) {
		h, ok := parseHouse(first)
		if ok && n > 2 && isFraction(words[1]) {
			f, good := h.withSuffix(words[1])
			add(f, good, words[2:], "", moved)
		}
		add(h, ok, words[1:], "", moved)
		if ok && n > 2 && !isFraction(words[1]) {
			f, good := h.withSuffix(number(words[1]))
			add(f, good, words[2:], "", moved)
		}
		h, ok = several(first)
		add(h, ok, words[1:], "", moved)
		if spelt := spelled[first]; spelt != "" {
			h, ok = parseHouse(spelt)
			add(h, ok, words[1:], "", moved)
		}
		if unit, num, ok := unitBefore(country, first); ok {
			h, good := parseHouse(num)
			add(h, good, words[1:], unit, moved)
		}
	}
	behind := func(moved bool) {
		h, ok := parseHouse(last)
		add(h, ok, words[:n-1], "", moved)
		if n > 2 {
			if h, ok := parseHouse(number(words[n-2])); ok {
				f, good := h.withSuffix(last)
				add(f, good, words[:n-2], "", moved)
			}
		}
		h, ok = several(last)
		add(h, ok, words[:n-1], "", moved)
	}
	if d.behind {
		behind(false)
		front(true)
	} else {
		front(false)
		behind(true)
	}
	add(house{}, true, words, "", false)
	return found
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
