// Package ali is what the call-taker sees of a caller: the record of automatic
// location identification, and its form on the wire, a PIDF-LO document
// (RFC 4119, 5139, 5491) in a part of the INVITE's body beside the SDP.
//
// It must not know about SIP messages, the directory or how a call is routed.
package ali

import (
	"errors"
	"time"
)

// Record is one caller with a dispatchable location. Every field may be empty.
type Record struct {
	Number     string // callback number, E.164 with +
	Name       string // who lives or works there
	Street     string // house number and street in the order of the country: "645 Harrison St", "Hauptstraße 5"
	Floor      string // "21", without the word
	Unit       string // suite, apartment or flat: "400B", without the word
	Location   string // anything more that helps to find the place: "rear entrance"
	City       string
	State      string // state, province or region
	PostalCode string
	Country    string // ISO 3166 two letters
}

// WithSecondary returns r with Floor, Unit and Location taken from the second
// line of a street address, such as "Fl 21, Suite 400B". Parts it cannot place
// go to Location, so that no word is lost.
func (r Record) WithSecondary(line string) Record { return r }

// Line returns the record on one line, without control characters:
// "+14155550100, Ada King, 645 Harrison St, Floor 2, San Francisco, CA 94105, US".
func (r Record) Line() string { return "" }

// Errors of the parsers, wrapped with what was wrong.
var (
	ErrTooLarge = errors.New("location document is too large")
	ErrSyntax   = errors.New("not a location document")
	ErrNoCivic  = errors.New("location has no civic address")
)

// PIDFLO returns r as a PIDF-LO document about entity, a URI such as
// "sip:+14155550100@edge.example", with the time it was made.
func PIDFLO(r Record, entity string, at time.Time) []byte { return nil }

// ParsePIDFLO reads the first civic address of a PIDF-LO document.
func ParsePIDFLO(b []byte) (Record, error) { return Record{}, ErrSyntax }

// Part is one part of a body.
type Part struct {
	ContentType string // media type in lower case, without parameters
	ID          string // Content-ID without the angle brackets
	Body        []byte
}

// Multipart returns a multipart/mixed body of an SDP part and a PIDF-LO part
// whose Content-ID is cid, and the value of its Content-Type header. A boundary
// that is not legal or occurs in a part is replaced by one that is and does not.
func Multipart(sdp, pidf []byte, cid, boundary string) (contentType string, body []byte) {
	return "", nil
}

// SplitMultipart returns the SDP and the PIDF-LO in a body; either may be nil.
// The body may be multipart or plain application/sdp or application/pidf+xml.
func SplitMultipart(contentType string, body []byte) (sdp, pidf []byte, err error) {
	return nil, nil, ErrSyntax
}

// Parts returns every part of a body in order; a body that is not multipart is
// one part.
func Parts(contentType string, body []byte) ([]Part, error) { return nil, ErrSyntax }

// ByReference returns the part that a Geolocation value such as "<cid:a@b>"
// points to (RFC 2392).
func ByReference(parts []Part, ref string) (Part, bool) { return Part{}, false }
