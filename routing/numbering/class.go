package numbering

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Class says what sort of line a phone number is.
type Class string

// The classes, in the provider's words. A number that could be on either sort of line, as all of the US and Canada, is
// Local, and so is one of a block that no plan has assigned, as the numbers for fiction.
const (
	Local    Class = "local"
	Mobile   Class = "mobile"
	TollFree Class = "toll-free"
)

// ClassOf returns the class of an E.164 number. Outside of the North American plan it is slow and allocates.
func ClassOf(e164 string) Class {
	if strings.HasPrefix(e164, "+1") && len(e164) == 12 { // also where the rest of the number is for fiction
		if tollFree[e164[2:5]] {
			return TollFree
		}
		return Local
	}
	n, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return Local
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.MOBILE:
		return Mobile
	case phonenumbers.TOLL_FREE:
		return TollFree
	}
	return Local
}

// tollFree are the area codes of the North American plan whose calls the called side pays.
var tollFree = map[string]bool{"800": true, "833": true, "844": true, "855": true, "866": true, "877": true, "888": true}

// Spoken returns an E.164 number as people of the North American plan write it, "(808) 925-5327"; one of another plan stays
// as it is.
func Spoken(e164 string) string {
	if len(e164) != 12 || !strings.HasPrefix(e164, "+1") || strings.Trim(e164[1:], "0123456789") != "" {
		return e164
	}
	return "(" + e164[2:5] + ") " + e164[5:8] + "-" + e164[8:]
}

// AreaCode tells whether s is an area code of the North American plan, and the country it is in: "US" for those of
// toll-free numbers, which several countries share.
func AreaCode(s string) (country string, ok bool) {
	if len(s) != 3 || s[0] < '2' || s[0] > '9' || s[1] < '0' || s[1] > '9' || s[2] < '0' || s[2] > '9' {
		return "", false
	}
	n, err := phonenumbers.Parse("+1"+s+"2345678", "")
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return "", false
	}
	return Country("+1" + s + "2345678")
}
