// Package ali is what the call-taker sees of a caller: the record of automatic
// location identification, and its form on the wire, a PIDF-LO document
// (RFC 4119, 5139, 5491) in a part of the INVITE's body beside the SDP.
//
// It must not know about SIP messages, the directory or how a call is routed.
package ali

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Record is one caller with a dispatchable location. Every field may be empty.
type Record struct {
	Number     string // callback number, E.164 with +
	Name       string // who lives or works there
	Street     string // house number and street in the order of the country: "645 Harrison St", "Hauptstraße 5"
	Floor      string // without the word: "21", "Ground"
	Unit       string // suite, apartment or flat with its word: "Suite 400B"
	Location   string // anything more that helps to find the place: "rear entrance"
	City       string
	State      string // state, province or region
	PostalCode string
	Country    string // ISO 3166 two letters
}

// Limits of what the parsers of this package accept.
const (
	MaxSize  = 64 << 10 // bytes of a location document or of a body
	MaxParts = 16       // parts of a multipart body
	maxDepth = 32       // elements within one another
	maxField = 256      // bytes of one field of a Record
)

// Errors of the parsers, wrapped with what was wrong.
var (
	ErrTooLarge    = errors.New("too large")
	ErrSyntax      = errors.New("malformed")
	ErrNoCivic     = errors.New("location has no civic address")
	ErrUnsupported = errors.New("unsupported body")
)

// Line returns the record on one line, without control characters:
// "+14155550100, Ada King, 645 Harrison St, Floor 2, San Francisco, CA 94105, US".
func (r Record) Line() string { return joined(", ", r.Number, r.Name, r.Address()) }

// Address returns the location alone on one line, without number and name.
func (r Record) Address() string {
	floor := tidy(r.Floor)
	if floor != "" && !strings.Contains(strings.ToLower(floor), "fl") {
		floor = "Floor " + floor
	}
	return joined(", ", r.Street, floor, r.Unit, r.Location, r.City,
		joined(" ", r.State, r.PostalCode), r.Country)
}

func joined(separator string, fields ...string) string {
	kept := fields[:0]
	for _, field := range fields {
		if field = tidy(field); field != "" {
			kept = append(kept, field)
		}
	}
	return strings.Join(kept, separator)
}

// tidy makes text fit for one line of a screen or an element of a document: runs
// of spaces and control characters become one space, what is not UTF-8 a
// replacement character, and the end is cut after maxField bytes.
func tidy(text string) string {
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

func (r Record) tidied() Record {
	return Record{
		Number: tidy(r.Number), Name: tidy(r.Name),
		Street: tidy(r.Street), Floor: tidy(r.Floor), Unit: tidy(r.Unit), Location: tidy(r.Location),
		City: tidy(r.City), State: tidy(r.State), PostalCode: tidy(r.PostalCode), Country: tidy(r.Country),
	}
}
