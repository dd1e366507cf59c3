package numbering

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Possible tells whether s is a number that a country's plan could give to a line: strict E.164, as long as numbers of
// its country are, and without a trunk prefix such as the 0 of +44(0)20. Numbers of the North American plan have ten
// digits after the 1, with an area code and an exchange of 200 to 999 each. Whether a block is in use does not matter:
// those for fiction are not. It allocates, and is for numbers that are provisioned.
func Possible(s string) bool {
	if !Valid(s) {
		return false
	}
	if strings.HasPrefix(s, "+1") {
		return len(s) == 12 && s[2] >= '2' && s[5] >= '2'
	}
	n, err := phonenumbers.Parse(s, "")
	return err == nil && phonenumbers.IsPossibleNumberWithReason(n) == phonenumbers.IS_POSSIBLE &&
		phonenumbers.Format(n, phonenumbers.E164) == s
}
