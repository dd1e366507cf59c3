// Package ali is what the call-taker sees of a caller: the record of automatic
// location identification, and its form on the wire, a PIDF-LO document
// (RFC 4119, 5139, 5491) in a part of the INVITE's body beside the SDP.
//
// It must not know about SIP messages, the directory or how a call is routed.
package ali

import (
	"errors"
	"strings"

	"callbox/sip/location"
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
	MaxSize  = location.MaxSize // bytes of a location document or of a body
	MaxParts = 64               // parts of a multipart body, those within parts too

	maxNested = 4 // multiparts within one another
)

// Errors of the parsers, wrapped with what was wrong.
var (
	ErrTooLarge    = location.ErrTooLarge
	ErrSyntax      = location.ErrSyntax
	ErrNoCivic     = errors.New("location has no civic address")
	ErrUnsupported = errors.New("unsupported body")
)

// Line returns the record on one line, without control characters:
// "+14155550100, Ada King, 645 Harrison St, Floor 2, San Francisco, CA 94105, US".
func (r Record) Line() string {
	return joined(r.Number, r.Name, r.Address())
}

// Address returns the location alone on one line, without number and name.
func (r Record) Address() string { return r.lines().String() }

// WithSecondary returns r with Floor, Unit and Location taken from the second
// line of a street address, such as "Fl 21, Suite 400B". What it cannot place
// goes to Location, so that no word is lost.
func (r Record) WithSecondary(line string) Record {
	return record(r.Number, r.lines().WithSecondary(line))
}

func (r Record) lines() location.Lines {
	return location.Lines{
		Name: r.Name, Street: r.Street, Floor: r.Floor, Unit: r.Unit, Hint: r.Location,
		City: r.City, State: r.State, PostalCode: r.PostalCode, Country: r.Country,
	}
}

func record(number string, l location.Lines) Record {
	return Record{
		Number: number, Name: l.Name, Street: l.Street, Floor: l.Floor, Unit: l.Unit, Location: l.Hint,
		City: l.City, State: l.State, PostalCode: l.PostalCode, Country: l.Country,
	}
}

func joined(fields ...string) string {
	kept := fields[:0]
	for _, field := range fields {
		if field = location.Tidy(field); field != "" {
			kept = append(kept, field)
		}
	}
	return strings.Join(kept, ", ")
}
