package location

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxField is how many bytes of one element of an address are kept.
const maxField = 256

// Civic is a civic address by its elements, named as RFC 5139 names them; the last group is of RFC 6848. Every field
// may be empty. Text is on one line and without control characters.
type Civic struct {
	Language string // of the words, as in xml:lang
	Country  string // ISO 3166, two capital letters
	A1       string // state, province, region
	A2       string // county, parish
	A3       string // city, township
	A4       string // city division, borough
	A5       string // neighbourhood, block
	A6       string // group of streets; in RFC 4119 the street itself
	PRM      string // road pre-modifier: "Old"
	PRD      string // leading street direction: "N"
	RD       string // primary road: "Harrison"
	STS      string // trailing street suffix: "St"
	POD      string // trailing street direction: "SW"
	POM      string // road post-modifier: "Extended"
	RDSEC    string // road section
	RDBR     string // road branch
	RDSUBBR  string // road sub-branch
	HNO      string // house number, digits
	HNS      string // house number suffix: "A", "1/2"
	LMK      string // landmark or vanity address
	LOC      string // additional location information: "rear entrance"
	FLR      string // floor
	NAM      string // residence and office occupant
	PC       string // postal code
	BLD      string // building
	UNIT     string // unit: apartment, suite
	ROOM     string // room
	SEAT     string // seat: desk, cubicle
	PLC      string // type of place (RFC 4589): "office"
	PCN      string // postal community name
	POBOX    string // post office box
	ADDCODE  string // additional code

	PN  string // post number that is attributed to a lamp post or utility pole
	MP  string // milepost
	STP string // street type prefix: "Rue"
	HNP string // house number prefix: "Z"

	Extensions []Extension // elements of other namespaces, and of these that have no field
}

// Extension is an element of a civic address that has no field in Civic.
type Extension struct {
	Space, Name string // namespace URI and local name
	Value       string
}

// IsZero tells whether no element of the address is given.
func (c Civic) IsZero() bool {
	for _, name := range elements {
		if *c.field(name) != "" {
			return false
		}
	}
	return c.PN == "" && c.MP == "" && c.STP == "" && c.HNP == "" && len(c.Extensions) == 0
}

// Matches tells whether every element that pattern has is alike in c; others do not matter.
func (c *Civic) Matches(pattern *Civic, alike func(a, b string) bool) bool {
	for _, name := range elements {
		if v := *pattern.field(name); v != "" && !alike(v, *c.field(name)) {
			return false
		}
	}
	for _, name := range extended {
		if v := *pattern.extension(name); v != "" && !alike(v, *c.extension(name)) {
			return false
		}
	}
	return len(pattern.Extensions) == 0
}

// elements are the names of RFC 5139 in the order of its schema.
var elements = [...]string{
	"country", "A1", "A2", "A3", "A4", "A5", "A6", "PRM", "PRD", "RD", "STS", "POD", "POM", "RDSEC", "RDBR", "RDSUBBR",
	"HNO", "HNS", "LMK", "LOC", "FLR", "NAM", "PC", "BLD", "UNIT", "ROOM", "SEAT", "PLC", "PCN", "POBOX", "ADDCODE",
}

// extended are the names of RFC 6848.
var extended = [...]string{"PN", "MP", "STP", "HNP"}

// field returns where the element of a name is kept, nil for a name that no RFC of ours has.
func (c *Civic) field(name string) *string {
	switch len(name) {
	case 2:
		return c.short(name)
	case 3:
		return c.long(name)
	}
	switch name {
	case "country":
		return &c.Country
	case "RDSEC":
		return &c.RDSEC
	case "RDBR":
		return &c.RDBR
	case "RDSUBBR":
		return &c.RDSUBBR
	case "UNIT":
		return &c.UNIT
	case "ROOM":
		return &c.ROOM
	case "SEAT":
		return &c.SEAT
	case "POBOX":
		return &c.POBOX
	case "ADDCODE":
		return &c.ADDCODE
	}
	return nil
}

func (c *Civic) short(name string) *string {
	switch name {
	case "A1":
		return &c.A1
	case "A2":
		return &c.A2
	case "A3":
		return &c.A3
	case "A4":
		return &c.A4
	case "A5":
		return &c.A5
	case "A6":
		return &c.A6
	case "RD":
		return &c.RD
	case "PC":
		return &c.PC
	}
	return nil
}

func (c *Civic) long(name string) *string {
	switch name {
	case "PRM":
		return &c.PRM
	case "PRD":
		return &c.PRD
	case "STS":
		return &c.STS
	case "POD":
		return &c.POD
	case "POM":
		return &c.POM
	case "HNO":
		return &c.HNO
	case "HNS":
		return &c.HNS
	case "LMK":
		return &c.LMK
	case "LOC":
		return &c.LOC
	case "FLR":
		return &c.FLR
	case "NAM":
		return &c.NAM
	case "BLD":
		return &c.BLD
	case "PLC":
		return &c.PLC
	case "PCN":
		return &c.PCN
	}
	return nil
}

// extension returns where an element of RFC 6848 is kept, nil for another name.
func (c *Civic) extension(name string) *string {
	switch name {
	case "PN":
		return &c.PN
	case "MP":
		return &c.MP
	case "STP":
		return &c.STP
	case "HNP":
		return &c.HNP
	}
	return nil
}

// Tidy makes text fit for one line of a screen or an element of an address: runs of spaces and control characters become
// one space, what is not UTF-8 a replacement character, and the end is cut after 256 bytes.
func Tidy(text string) string {
	if tidied(text) {
		return text
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = strings.Join(strings.FieldsFunc(text, func(c rune) bool {
		return unicode.IsSpace(c) || !unicode.IsGraphic(c)
	}), " ")
	if len(text) <= maxField {
		return text
	}
	end := maxField
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return strings.TrimRight(text[:end], " ")
}

// tidied tells whether text is ASCII that Tidy would leave as it is.
func tidied(text string) bool {
	last := byte(' ')
	for i := range len(text) {
		c := text[i]
		if c < ' ' || c >= 0x7f || c == ' ' && last == ' ' {
			return false
		}
		last = c
	}
	return len(text) <= maxField && (text == "" || last != ' ')
}

// joined puts the fields that are not empty together.
func joined(separator string, fields ...string) string {
	kept := fields[:0]
	for _, field := range fields {
		if field = Tidy(field); field != "" {
			kept = append(kept, field)
		}
	}
	return strings.Join(kept, separator)
}
