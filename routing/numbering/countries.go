package numbering

import "github.com/nyaruka/phonenumbers"

// Countries finds the country of many numbers, as Country does, and remembers it by blocks: numbers that differ in the
// last four digits only are of one country, since no plan hands out less to another one. It is not safe for concurrent
// use.
type Countries struct {
	blocks map[string]string // country, "" for none, by a number without its last four digits and by its length
}

// NewCountries returns a Countries that remembers nothing yet.
func NewCountries() *Countries { return &Countries{blocks: make(map[string]string)} }

// maxBlocks bounds what Countries remembers; it then begins anew.
const maxBlocks = 1 << 16

// Of returns the country of an E.164 number, as Country does.
func (c *Countries) Of(s string) (string, bool) {
	if !Valid(s) {
		return "", false
	}
	var key [1 + maxDigits]byte // the length stands where the "+" does
	n := copy(key[:], s[:len(s)-4])
	key[0] = byte(len(s))
	if country, ok := c.blocks[string(key[:n])]; ok {
		return country, country != ""
	}
	country, ok := Country(s)
	if !ok {
		country = ""
	}
	if len(c.blocks) == maxBlocks {
		clear(c.blocks)
	}
	c.blocks[string(key[:n])] = country
	return country, ok
}

// SamePlan tells whether two countries share a calling code, so that a number of one may be used in the other, as a
// toll-free number of North America is.
func SamePlan(a, b string) bool {
	code := phonenumbers.GetCountryCodeForRegion(a)
	return a == b || code != 0 && code == phonenumbers.GetCountryCodeForRegion(b)
}
