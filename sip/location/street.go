package location

import "strings"

// house is a house number as RFC 5139 keeps it: HNO is the number, HNS what
// follows it ("A", "1/2", "-12").
type house struct{ number, suffix string }

func (h house) String() string {
	if standsAlone(h.suffix) {
		return h.number + " " + h.suffix
	}
	return h.number + h.suffix
}

// standsAlone reports whether a suffix is a word of its own: "5 bis", "123 1/2".
func standsAlone(suffix string) bool {
	switch suffix {
	case "bis", "ter", "quater", "1/4", "1/2", "3/4":
		return true
	}
	return false
}

// splitStreet takes the house number off a street line. It stands in front in
// the countries that write it there, else at the end; a line without one is all
// road.
func splitStreet(street, country string) (h house, road string) {
	words := strings.Fields(street)
	if numberTrails(country) {
		return splitTrailing(words)
	}
	return splitLeading(words)
}

func splitLeading(words []string) (house, string) {
	if len(words) < 2 {
		return house{}, strings.Join(words, " ")
	}
	h, ok := parseHouse(strings.TrimSuffix(words[0], ","))
	if !ok {
		return house{}, strings.Join(words, " ")
	}
	rest := words[1:]
	// "123 1/2 Main St", "5 bis, rue de Rivoli"
	if next := strings.TrimSuffix(rest[0], ","); h.suffix == "" && len(rest) > 1 && standsAlone(next) {
		h.suffix, rest = next, rest[1:]
	}
	return h, strings.Join(rest, " ")
}

func splitTrailing(words []string) (house, string) {
	for _, size := range []int{2, 1} { // "5 a" before "5"
		if len(words) <= size {
			continue
		}
		cut := len(words) - size
		last := strings.Join(words[cut:], "")
		if size == 2 && !oneLetter(words[cut+1]) {
			continue
		}
		if h, ok := parseHouse(last); ok {
			return h, strings.TrimSuffix(strings.Join(words[:cut], " "), ",")
		}
	}
	return house{}, strings.Join(words, " ")
}

// parseHouse reads "645", "10A", "37-12", "1/2/3", "5bis". An ordinal such as
// "5th" is a road.
func parseHouse(word string) (house, bool) {
	digits := 0
	for digits < len(word) && word[digits] >= '0' && word[digits] <= '9' {
		digits++
	}
	number, suffix := word[:digits], word[digits:]
	switch {
	case digits == 0:
		return house{}, false
	case suffix == "" || oneLetter(suffix) || suffix[0] == '-' || suffix[0] == '/':
		return house{number, suffix}, true
	case suffix == "bis" || suffix == "ter":
		return house{number: word}, true
	}
	return house{}, false
}

func oneLetter(s string) bool {
	return len(s) == 1 && (s[0] >= 'a' && s[0] <= 'z' || s[0] >= 'A' && s[0] <= 'Z')
}

// joinStreet is the inverse of splitStreet.
func joinStreet(h house, road, country string) string {
	if h.number == "" {
		return joined(" ", road, h.suffix)
	}
	if numberTrails(country) {
		return joined(" ", road, h.String())
	}
	return joined(" ", h.String(), road)
}

// numberTrails reports whether addresses of the country put the house number
// behind the street.
func numberTrails(country string) bool {
	switch strings.ToUpper(country) {
	case "DE", "AT", "CH", "LI", "NL", "BE", "DK", "NO", "SE", "FI", "IS", "EE", "LV", "LT",
		"PL", "CZ", "SK", "HU", "SI", "HR", "RS", "BA", "RO", "BG", "GR", "TR", "IT", "ES", "PT",
		"BR", "AR", "CL", "MX":
		return true
	}
	return false
}
