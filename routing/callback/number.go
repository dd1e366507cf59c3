package callback

import (
	"fmt"
	"strings"

	"callbox/routing/directory"
	"callbox/routing/numbering"
)

// shortest is how many digits a number has at least that somebody could be called back at; emergency numbers have fewer.
const shortest = 7

// dialledNumber returns the digits of what was dialled, with a + in front where there was one; false for what is no phone
// number, or one too short.
func dialledNumber(scheme, user string) (string, bool) {
	switch strings.ToLower(scheme) {
	case "sip", "sips", "tel":
	default:
		return "", false
	}
	number := numbering.Number(user)
	digits := strings.TrimPrefix(number, "+")
	if len(digits) < shortest || len(digits) > 20 || strings.Trim(digits, "0123456789") != "" {
		return "", false
	}
	return number, true
}

// forms are the E.164 numbers that a centre of a country may mean by what it has dialled, the likelier last.
func forms(dialled, country string) []string {
	if strings.HasPrefix(dialled, "+") {
		return []string{dialled}
	}
	all := []string{"+" + dialled}
	if e164, ok := numbering.National(dialled, country); ok {
		all = append(all, e164)
	}
	return all
}

// find returns the number of the directory that was dialled, nil for none.
func find(s *directory.Snapshot, forms []string) *directory.Number {
	for _, f := range forms {
		if n, ok := s.Number(f); ok {
			return n
		}
	}
	return nil
}

// unknown is the sentence that a centre reads whose number is nobody's.
func unknown(forms []string) string {
	return fmt.Sprintf("%s is no number of any account here, nor was it shown with an emergency call lately; dial the number that "+
		"the emergency call came with, such as %s", forms[len(forms)-1], "+14155550100")
}

// countryOf is the country whose way of dialling a centre uses.
func countryOf(c *directory.PSAP) string {
	if c.Country != "" {
		return c.Country
	}
	return c.Serves.Country
}
