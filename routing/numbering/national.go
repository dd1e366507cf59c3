package numbering

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// National returns the E.164 form of a number as it is dialled within a country: without its calling code, with or without
// the country's trunk prefix, or behind its international prefix. It is false where no such number can be. It is slow and
// allocates.
func National(s, country string) (string, bool) {
	if len(s) < minDigits-2 || len(s) > maxDigits+4 || strings.Trim(s, "0123456789") != "" {
		return "", false
	}
	n, err := phonenumbers.Parse(s, country)
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		return "", false
	}
	e164 := phonenumbers.Format(n, phonenumbers.E164)
	return e164, Valid(e164)
}
