package ali

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"callbox/sip/location"
)

const (
	presenceNS = "urn:ietf:params:xml:ns:pidf"
	civicNS    = "urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"

	// oldCivicNS is the civic address of RFC 4119, before RFC 5139 revised it.
	oldCivicNS = "urn:ietf:params:xml:ns:pidf:geopriv10:civicLoc"
)

// PIDFLO returns r as a PIDF-LO document about entity, a URI such as
// "sip:+14155550100@edge.example", with the time it was made. The number is the
// contact of the presence tuple and the name the occupant (NAM).
func PIDFLO(r Record, entity string, at time.Time) []byte {
	c := r.lines().Civic()
	l := location.Location{Entity: entity, Civic: &c, Method: "Manual", Timestamp: at}
	if number := location.Tidy(r.Number); number != "" {
		l.Contact = "tel:" + number
	}
	return location.Build(l)
}

// ParsePIDFLO reads the first civic address of a PIDF-LO document, with the
// number in its contact if there is one. Document type declarations are refused,
// and with them every entity but the five of XML. The error wraps ErrTooLarge,
// ErrSyntax, or ErrNoCivic for a document with other kinds of location only.
func ParsePIDFLO(b []byte) (Record, error) {
	if len(b) > MaxSize {
		return Record{}, fmt.Errorf("location document: %w: %d bytes, the limit is %d", ErrTooLarge, len(b), MaxSize)
	}
	p := pidfParser{dec: xml.NewDecoder(bytes.NewReader(b)), civic: make(map[string]string)}
	if err := p.run(); err != nil {
		return Record{}, fmt.Errorf("location document: %w", err)
	}
	if !p.found {
		return Record{}, ErrNoCivic
	}
	return p.record(), nil
}

// pidfParser walks a document with the path of open elements.
type pidfParser struct {
	dec   *xml.Decoder
	path  []xml.Name
	text  strings.Builder
	found bool // a whole civic address was read
	civic map[string]string
	tel   string
}

func (p *pidfParser) run() error {
	for started := false; ; started = started || len(p.path) > 0 {
		token, err := p.dec.Token()
		if errors.Is(err, io.EOF) && started {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrSyntax, err)
		}
		switch token := token.(type) {
		case xml.Directive:
			return fmt.Errorf("%w: it has a document type declaration", ErrSyntax)
		case xml.StartElement:
			if len(p.path) == 0 && (started || token.Name != xml.Name{Space: presenceNS, Local: "presence"}) {
				return fmt.Errorf("%w: its root is not one presence element of PIDF", ErrSyntax)
			}
			if len(p.path) == maxDepth {
				return fmt.Errorf("%w: more than %d elements within one another", ErrTooLarge, maxDepth)
			}
			p.path = append(p.path, token.Name)
			p.text.Reset()
		case xml.CharData:
			if p.text.Len() <= 256 {
				p.text.Write(token)
			}
		case xml.EndElement:
			p.end(token.Name)
		}
	}
}

// end takes the text of the element that closes.
func (p *pidfParser) end(name xml.Name) {
	p.path = p.path[:len(p.path)-1]
	if len(p.path) == 0 {
		return
	}
	parent := p.path[len(p.path)-1]
	text := location.Tidy(p.text.String())
	p.text.Reset()
	switch {
	case isCivic(name):
		p.found = true
	case isCivic(parent) && name.Space == parent.Space && !p.found:
		if p.civic[name.Local] == "" {
			p.civic[name.Local] = text
		}
	case name == xml.Name{Space: presenceNS, Local: "contact"} && p.tel == "":
		p.tel = telephone(text)
	}
}

func isCivic(name xml.Name) bool {
	return name.Local == "civicAddress" && (name.Space == civicNS || name.Space == oldCivicNS)
}

// telephone returns the number of a tel, sip or sips URI, "" if it has none.
func telephone(uri string) string {
	scheme, rest, _ := strings.Cut(uri, ":")
	switch strings.ToLower(scheme) {
	case "tel":
	case "sip", "sips":
		rest, _, _ = strings.Cut(rest, "@")
	default:
		return ""
	}
	number, _, _ := strings.Cut(rest, ";")
	number = strings.NewReplacer("-", "", ".", "", "(", "", ")", "").Replace(number) // RFC 3966 section 5.1.1
	digits := strings.TrimPrefix(number, "+")
	if digits == "" || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	return number
}

func (p *pidfParser) record() Record {
	c := p.civic
	return record(p.tel, location.Civic{
		Country: c["country"], A1: c["A1"], A3: c["A3"], A6: c["A6"], PRM: c["PRM"], PRD: c["PRD"], RD: c["RD"], STS: c["STS"],
		POD: c["POD"], POM: c["POM"], HNO: c["HNO"], HNS: c["HNS"], LMK: c["LMK"], LOC: c["LOC"], FLR: c["FLR"], NAM: c["NAM"],
		PC: c["PC"], BLD: c["BLD"], UNIT: c["UNIT"], ROOM: c["ROOM"], PCN: c["PCN"],
	}.Lines())
}
