package area

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Country returns a country code in upper case without spaces around it.
func Country(s string) string { return strings.ToUpper(strings.TrimSpace(s)) }

// Word returns a name of a place fit for comparison: upper case, without accents and punctuation, one space between
// words. "Saint-Étienne" and "SAINT ETIENNE" are the same.
func Word(s string) string {
	if w, ok := asciiWord(s); ok {
		return w
	}
	var b strings.Builder
	gap := false
	for _, r := range norm.NFD.String(strings.ToValidUTF8(s, " ")) { // NFD leaves what follows a wrong byte as it is
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r):
			if gap && b.Len() > 0 {
				b.WriteByte(' ')
			}
			gap = false
			if r == 'ß' {
				b.WriteString("SS")
				continue
			}
			b.WriteRune(unicode.ToUpper(r))
		case unicode.Is(unicode.Mn, r), r == '\'', r == '’', r == '.':
			// part of the word before: accents, O'Fallon, St. Louis
		default:
			gap = true
		}
	}
	return b.String()
}

// asciiWord is Word for text without other letters, which most is, and leaves as it is what is in order already.
func asciiWord(s string) (string, bool) {
	tidy := s == "" || s[0] != ' ' && s[len(s)-1] != ' '
	for i := range len(s) {
		switch c := s[i]; {
		case c >= utf8.RuneSelf:
			return "", false
		case 'A' <= c && c <= 'Z', isDigit(c), c == ' ' && tidy && s[i-1] != ' ':
		default:
			tidy = false
		}
	}
	if tidy {
		return s, true
	}
	b := make([]byte, 0, len(s))
	gap := false
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		switch {
		case 'A' <= c && c <= 'Z', isDigit(c):
			if gap && len(b) > 0 {
				b = append(b, ' ')
			}
			gap = false
			b = append(b, c)
		case c == '\'', c == '.':
		default:
			gap = true
		}
	}
	return string(b), true
}

// State returns a state's or province's code where the country has a table of them, else its name as Word writes it.
func State(country, s string) string {
	w := Word(s)
	if code, ok := stateCode(Country(country), w); ok {
		return code
	}
	return w
}

// ESN returns an emergency service number without the zeros and spaces that fixed columns fill it up with.
func ESN(s string) string {
	s = strings.ToUpper(strings.TrimSpace(s))
	if short := strings.TrimLeft(s, "0"); short != "" {
		return short
	}
	return s
}

// PostalCode returns a postal code in upper case, letters and digits only: "k1p 1j1" is "K1P1J1".
func PostalCode(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		}
		return -1
	}, s)
}

// Keys returns a postal code and the areas it lies in that people route by, the most exact first: US ZIP+4, ZIP and
// sectional centre (3 digits); Canadian code, forward sortation area (3) and its shorter prefixes; UK code, outward
// code and area letters, so that SW1 does not take SW1A; elsewhere every shorter prefix of two characters or more.
func Keys(country, code string) []string {
	c := PostalCode(code)
	if c == "" {
		return nil
	}
	switch Country(country) {
	case "US":
		return prefixes(c, 5, 3)
	case "CA":
		return prefixes(c, 3, 2, 1)
	case "GB", "GG", "JE", "IM":
		return ukKeys(c)
	case "IE":
		return prefixes(c, 3)
	}
	keys := []string{c}
	for n := len(c) - 1; n >= 2; n-- {
		keys = append(keys, c[:n])
	}
	return keys
}

// prefixes returns c and its prefixes of the given lengths.
func prefixes(c string, lengths ...int) []string {
	keys := []string{c}
	for _, n := range lengths {
		if len(c) > n {
			keys = append(keys, c[:n])
		}
	}
	return keys
}

// ukKeys splits a UK postcode: the inward code is always a digit and two letters at the end.
func ukKeys(c string) []string {
	keys := []string{c}
	if n := len(c); n >= 5 && isDigit(c[n-3]) && !isDigit(c[n-2]) && !isDigit(c[n-1]) {
		c = c[:n-3]
		keys = append(keys, c)
	}
	if i := strings.IndexFunc(c, unicode.IsDigit); i > 0 {
		keys = append(keys, c[:i])
	}
	return keys
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// postalForm writes a postal code the way its country does: ZIP+4 as ZIP, K1P 1J1, SW1A 2AA, D02 A272; elsewhere as it
// is, in upper case.
func postalForm(country, code string) string {
	c := PostalCode(code)
	switch country {
	case "US", "PR":
		if len(c) == 9 {
			return c[:5]
		}
		return c
	case "CA":
		if len(c) == 6 {
			return c[:3] + " " + c[3:]
		}
		return c
	case "GB", "GG", "JE", "IM":
		if k := ukKeys(c); len(k) > 1 && len(k[1]) == len(c)-3 {
			return k[1] + " " + c[len(k[1]):]
		}
		return c
	case "IE":
		if len(c) == 7 {
			return c[:3] + " " + c[3:]
		}
		return c
	}
	return upper(code)
}
