package area

import (
	"strconv"
	"strings"
)

// house is a house number. Its last digits count; what stands before them ("37-" of Queens, "N6W" of Wisconsin) must be
// equal, what stands behind orders houses of one number.
type house struct {
	text   string // standard form, "" for none
	prefix string
	number uint32
	rank   uint64 // number and suffix, in the order along the street
	last   uint32 // of several numbers, "100-102"; else 0
}

// with puts the number where the country writes it.
func (h house) with(d dialect, street string) string {
	switch {
	case h.text == "":
		return street
	case d.behind:
		return street + " " + h.text
	}
	return h.text + " " + street
}

// The suffixes of one number in their order.
const (
	plain     = 0
	fractions = 1  // in sixtieths
	letters   = 64 // A is 65, as in ASCII
	bis       = 96
	noSuffix  = 0xFF // above every suffix: the end of a range that ends in a plain number
	maxNumber = 99_999_999
)

func rank(number uint32, suffix uint8) uint64 { return uint64(number)<<8 | uint64(suffix) }

var fractionRanks = map[string]uint8{
	"1/8": 7, "1/6": 10, "1/5": 12, "1/4": 15, "1/3": 20, "3/8": 22, "1/2": 30, "5/8": 37, "2/3": 40, "3/4": 45,
}

var wordSuffixes = map[string]uint8{"BIS": bis, "TER": bis + 1, "QUATER": bis + 2}

// suffixRank orders A, 1/2, BIS.
func suffixRank(s string) (uint8, bool) {
	if len(s) == 1 && 'A' <= s[0] && s[0] <= 'Z' {
		return s[0], true
	}
	if r, ok := wordSuffixes[s]; ok {
		return r, true
	}
	r, ok := fractionRanks[s]
	return r, ok
}

// parseHouse reads a house number in upper case and one piece: 645, 221B, 55BIS, 37-21, N6W23001.
func parseHouse(s string) (house, bool) {
	end := len(s)
	for end > 0 && !isDigit(s[end-1]) {
		end--
	}
	start := end
	for start > 0 && isDigit(s[start-1]) {
		start--
	}
	prefix, digits, suffix := s[:start], s[start:end], s[end:]
	number, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || number > maxNumber || !goodPrefix(prefix) {
		return house{}, false
	}
	h := house{prefix: prefix, number: uint32(number)}
	code := uint8(plain)
	if suffix != "" {
		var ok bool
		if code, ok = suffixRank(suffix); !ok || strings.Contains(suffix, "/") {
			return house{}, false
		}
	}
	h.rank = rank(h.number, code)
	h.text = prefix + strconv.FormatUint(number, 10)
	if prefix != "" {
		h.text = prefix + digits // 37-01 is not 37-1
	}
	if len(suffix) > 1 {
		h.text += " "
	}
	h.text += suffix
	return h, true
}

// goodPrefix tells whether s can stand before the number: "37-", "N6W", "W204N", "A".
func goodPrefix(s string) bool {
	if len(s) > 8 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isDigit(c) && c != '-' && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return s == "" || s[0] != '-'
}

// withSuffix adds a suffix that stands apart: 12 and 1/2, 55 and BIS, 1 and A.
func (h house) withSuffix(s string) (house, bool) {
	code, ok := suffixRank(s)
	if !ok || h.rank != rank(h.number, plain) || h.last != 0 {
		return house{}, false
	}
	h.rank = rank(h.number, code)
	if len(s) > 1 {
		h.text += " "
	}
	h.text += s
	return h, true
}

// several reads 100-102 as two numbers.
func several(s string) (house, bool) {
	a, b, ok := strings.Cut(s, "-")
	if !ok {
		return house{}, false
	}
	from, ok1 := parseHouse(a)
	to, ok2 := parseHouse(b)
	if !ok1 || !ok2 || from.text != a || to.text != b || from.prefix+to.prefix != "" || from.number >= to.number ||
		from.rank != rank(from.number, plain) || to.rank != rank(to.number, plain) {
		return house{}, false
	}
	from.text, from.last = s, to.number
	return from, true
}
