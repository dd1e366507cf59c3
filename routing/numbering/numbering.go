// Package numbering owns what phone numbers mean: strict E.164, the country of a number, which short numbers are
// emergency or test numbers in which country, and what the service URNs of RFC 5031 stand for there. It knows no
// accounts and no calls.
package numbering

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Bounds of an E.164 number's digits. The lower one is the shortest subscriber number Twilio takes.
const (
	minDigits = 8
	maxDigits = 15
)

// Valid tells whether s is strict E.164: "+", then 8 to 15 ASCII digits, the first of them not 0. It allocates nothing.
func Valid(s string) bool {
	if len(s) < 1+minDigits || len(s) > 1+maxDigits || s[0] != '+' || s[1] == '0' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Country returns the ISO 3166-1 alpha-2 code of an E.164 number's country, false where s is not E.164 or its country
// calling code belongs to none. Numbers of a shared calling code that no plan has assigned count for its main country,
// so toll-free +1800 numbers are US. It is slow and allocates: find the country when a number is provisioned, not
// when it calls.
func Country(s string) (string, bool) {
	if !Valid(s) {
		return "", false
	}
	n, err := phonenumbers.Parse(s, "")
	if err != nil {
		return "", false
	}
	region := phonenumbers.GetRegionCodeForNumber(n)
	if !isCountry(region) {
		region = phonenumbers.GetRegionCodeForCountryCode(int(n.GetCountryCode()))
	}
	return region, isCountry(region)
}

// isCountry leaves out the codes libphonenumber uses for "unknown" (ZZ) and for networks of no country (001).
func isCountry(region string) bool {
	return len(region) == 2 && region != phonenumbers.UNKNOWN_REGION
}

// Number takes the telephone-subscriber out of a SIP user part or of what follows tel: (RFC 3261 section 19.1.6,
// RFC 3966 section 3): parameters after the first ";" go, and so do visual separators. It allocates only where there
// are separators between digits, and leaves what is no phone number recognisable as such.
func Number(user string) string {
	if i := strings.IndexByte(user, ';'); i >= 0 {
		user = user[:i]
	}
	if len(user) > 64 || !strings.ContainsAny(user, separators) {
		return user
	}
	digits := make([]byte, 0, len(user)) // byte by byte: what is not UTF-8 must stay as it came
	for i := range len(user) {
		if strings.IndexByte(separators, user[i]) < 0 {
			digits = append(digits, user[i])
		}
	}
	return string(digits)
}

// separators are the visual-separators of RFC 3966.
const separators = "-.()"
