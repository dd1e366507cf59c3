package numbering

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// E164 is a strict E.164 number as a value, so that one can be made without allocating. The zero value is none.
type E164 struct {
	text [1 + maxDigits]byte
	n    uint8
}

// MakeE164 returns s as a value, the zero value where it is not E.164.
func MakeE164(s string) (e E164) {
	if Valid(s) {
		e.n = uint8(copy(e.text[:], s))
	}
	return e
}

// Bytes returns the text of e, which is valid as long as e is.
func (e *E164) Bytes() []byte { return e.text[:e.n] }

// String returns the number, "" for none.
func (e E164) String() string { return string(e.text[:e.n]) }

// international returns "+", a calling code and the digits of a national number, false where that is not E.164.
func international(code, national string) (e E164, ok bool) {
	if 1+len(code)+len(national) > len(e.text) {
		return e, false
	}
	e.text[0] = '+'
	n := 1 + copy(e.text[1:], code)
	n += copy(e.text[n:], national)
	e.n = uint8(n)
	ok = n > minDigits && e.text[1] != '0'
	return e, ok
}

// dialling is how numbers of a calling code are written within its countries.
type dialling struct {
	code  string // 1
	trunk string // what stands before a national number, "" for nothing
}

// diallings are those of countries, each once.
func diallings(countries map[string]*national) (all []dialling) {
	for _, country := range slices.Sorted(maps.Keys(countries)) {
		code := phonenumbers.GetCountryCodeForRegion(country)
		d := dialling{strconv.Itoa(code), phonenumbers.GetNddPrefixForRegion(country, true)}
		if code != 0 && !slices.Contains(all, d) {
			all = append(all, d)
		}
	}
	return all
}

// The longest number written out: a prefix, and room for separators.
const maxWritten = 40

// Written is a telephone number as people and PBXs write it, without its visual separators.
type Written struct {
	digits [maxDigits + 5]byte // with a prefix such as 0011
	n      uint8
	plus   bool
}

// ReadWritten takes the digits out of a user part: an optional "+" and ASCII digits with the visual separators of RFC 3966
// between them. It is false for anything else. It allocates nothing.
func ReadWritten(s string) (w Written, ok bool) {
	if len(s) > maxWritten {
		return w, false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			if int(w.n) == len(w.digits) {
				return w, false
			}
			w.digits[w.n] = c
			w.n++
		case c == '+' && i == 0:
			w.plus = true
		case strings.IndexByte(separators, c) < 0:
			return w, false
		}
	}
	return w, w.n > 0
}

// Readings calls yield with each E.164 number that w may stand for, until that returns false: what follows a prefix for
// calls abroad (00, 011, 0011), all of it where only the plus is missing, and a national number of each calling code of
// the plan, with its trunk prefix where it has one. Some come twice; most are nobody's. It allocates nothing.
func (p *Plan) Readings(w *Written, yield func(E164) bool) {
	digits := string(w.digits[:w.n])
	try := func(code, rest string) bool {
		e, ok := international(code, rest)
		return !ok || yield(e)
	}
	if w.plus {
		try("", digits)
		return
	}
	for _, abroad := range [...]string{"0011", "011", "00"} {
		if rest, ok := strings.CutPrefix(digits, abroad); ok && !try("", rest) {
			return
		}
	}
	if !try("", digits) {
		return
	}
	for _, d := range p.diallings {
		if d.code == northAmerica && isNANP(digits) && !try(d.code, digits) {
			return
		}
		if rest, ok := strings.CutPrefix(digits, d.trunk); ok && rest != digits == (d.trunk != "") && !try(d.code, rest) {
			return
		}
	}
}

// northAmerica is the calling code whose national numbers are also written without their trunk prefix.
const northAmerica = "1"

// isNANP tells whether digits have the shape of a national number of the North American plan.
func isNANP(digits string) bool {
	return len(digits) == 10 && digits[0] >= '2' && digits[3] >= '2'
}

// Guess returns the one number that w most likely stands for, whosever it is: false where there is no telling, as of a
// national number outside of the North American plan.
func (p *Plan) Guess(w *Written) (E164, bool) {
	digits := string(w.digits[:w.n])
	switch {
	case w.plus:
		return international("", digits)
	case strings.HasPrefix(digits, "0011"):
		return E164{}, false // 00 and 11, or 0011
	case strings.HasPrefix(digits, "011"):
		return international("", digits[3:])
	case strings.HasPrefix(digits, "00"):
		return international("", digits[2:])
	case isNANP(digits) && p.Has("US"):
		return international(northAmerica, digits)
	case len(digits) == 11 && digits[0] == '1' && isNANP(digits[1:]):
		return international("", digits)
	}
	return E164{}, false
}
