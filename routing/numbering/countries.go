package numbering

import "github.com/nyaruka/phonenumbers"

// Countries finds the country of many numbers, as Country does, and whether they are Possible, and remembers it by blocks:
// numbers that differ in the last four digits only are of one country, since no plan hands out less to another one. It
// is not safe for concurrent use.
type Countries struct {
	blocks map[string]block // by a number without its last four digits and by its length
}

// block is what numbers have in common that differ in the last four digits only.
type block struct {
	country  string // "" for none
	possible bool
}

// NewCountries returns a Countries that remembers nothing yet.
func NewCountries() *Countries { return &Countries{blocks: make(map[string]block)} }

// maxBlocks bounds what Countries remembers; it then begins anew.
const maxBlocks = 1 << 16

// Of returns the country of an E.164 number, as Country does.
func (c *Countries) Of(s string) (string, bool) {
	b := c.block(s)
	return b.country, b.country != ""
}

// Possible is the function Possible.
func (c *Countries) Possible(s string) bool { return c.block(s).possible }

func (c *Countries) block(s string) block {
	if !Valid(s) {
		return block{}
	}
	var key [1 + maxDigits]byte // the length stands where the "+" does
	n := copy(key[:], s[:len(s)-4])
	key[0] = byte(len(s))
	if b, ok := c.blocks[string(key[:n])]; ok {
		return b
	}
	b := block{possible: Possible(s)}
	if country, ok := Country(s); ok {
		b.country = country
	}
	if len(c.blocks) == maxBlocks {
		clear(c.blocks)
	}
	c.blocks[string(key[:n])] = b
	return b
}

// SamePlan tells whether two countries share a calling code, so that a number of one may be used in the other, as a
// toll-free number of North America is.
func SamePlan(a, b string) bool {
	code := phonenumbers.GetCountryCodeForRegion(a)
	return a == b || code != 0 && code == phonenumbers.GetCountryCodeForRegion(b)
}
