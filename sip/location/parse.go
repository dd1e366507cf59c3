package location

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"callbox/sip/location/xmltree"
)

// Limits of what Parse accepts.
const (
	MaxSize      = 64 << 10 // bytes of a document
	maxLocations = 32       // of a document
	maxProblems  = 8        // that an error repeats
)

// Errors of Parse. Beside them there are Problems.
var (
	ErrTooLarge = xmltree.ErrTooLarge
	ErrSyntax   = xmltree.ErrSyntax
	ErrSRS      = errors.New("coordinate reference system is not WGS84") // wrapped by what ReadShape says
	ErrNone     = errors.New("there is no location in the document: put a civicAddress or a shape into gp:location-info")
)

// Problems are what is wrong with locations of a document that can be read as a whole.
type Problems []Problem

// Problem is one location, or a part of one, that cannot be used.
type Problem struct {
	Where string // `tuple "x": Circle (line 7)`
	What  string // with the mend
}

// Error returns the problem as one sentence.
func (p Problem) Error() string { return p.Where + ": " + p.What }

// Error returns the first problems as one sentence.
func (p Problems) Error() string {
	said := make([]string, 0, maxProblems)
	for _, one := range p[:min(len(p), maxProblems)] {
		said = append(said, one.Error())
	}
	if len(p) > maxProblems {
		said = append(said, fmt.Sprintf("and %d more", len(p)-maxProblems))
	}
	return strings.Join(said, "; ")
}

// Parse reads a PIDF-LO document and returns its good locations in the order in which RFC 5491 section 3.4 prefers them:
// those of devices, then of tuples, then of persons, each in the order of the document. The error tells what is wrong
// with the others, as Problems, and there may be both. Where there is no location, it wraps ErrTooLarge, ErrSyntax or
// ErrNone, or is Problems.
//
// A civic address and a shape that stand together are one location. Of several shapes that stand together the last
// counts, since the coarser comes first (rule 7), of several addresses the first.
func Parse(doc []byte) ([]Location, error) {
	root, err := xmltree.Parse(doc, xmltree.Limits{Bytes: MaxSize})
	if err != nil {
		return nil, fmt.Errorf("location document: %w", err)
	}
	if !root.Is(PresenceNS, "presence") {
		return nil, fmt.Errorf("location document: line %d: %w: its root is %s of namespace %q, not presence of PIDF",
			root.Line, ErrSyntax, quoted(root.Local), Tidy(root.Space))
	}
	r := reader{entity: Tidy(root.Attr("entity"))}
	for _, kind := range [...]struct{ space, name string }{
		{DataModelNS, "device"}, {PresenceNS, "tuple"}, {DataModelNS, "person"},
	} {
		for e := range root.Children() {
			if e.Is(kind.space, kind.name) {
				r.read(e)
			}
		}
	}
	if !r.seen { // what holds the location is missing: read what there is
		r.read(root)
	}
	switch {
	case len(r.problems) > 0:
		return r.found, r.problems
	case len(r.found) == 0:
		return nil, ErrNone
	}
	return r.found, nil
}

// reader collects the locations of a document.
type reader struct {
	entity   string
	seen     bool // a tuple, device or person
	found    []Location
	problems Problems
}

// problem says what is wrong with element e of the location that is being read.
func (r *reader) problem(l *Location, e *xmltree.Element, err error) {
	where := cmp.Or(l.Element, "presence")
	if l.ID != "" {
		where += " " + quoted(l.ID)
	}
	r.problems = append(r.problems, Problem{fmt.Sprintf("%s: %s (line %d)", where, quoted(e.Local), e.Line), err.Error()})
}

// read takes what one tuple, device or person gives.
func (r *reader) read(e *xmltree.Element) {
	l := Location{ID: Tidy(e.Attr("id")), Entity: r.entity}
	if e.Local != "presence" {
		l.Element, r.seen = e.Local, true
	}
	r.walk(&l, e)
	switch {
	case l.Civic == nil && l.Shape == nil:
	case len(r.found) == maxLocations:
		r.problem(&l, e, fmt.Errorf("a document has at most %d locations: send fewer", maxLocations))
	default:
		r.found = append(r.found, l)
	}
}

// walk goes through what is within a tuple, device or person, but not through what is within a location.
func (r *reader) walk(l *Location, e *xmltree.Element) {
	for c := range e.Children() {
		switch {
		case isCivic(c):
			if l.Civic == nil {
				civic := ReadCivic(c)
				l.Civic = &civic
			}
		case IsShape(c):
			if s, err := ReadShape(c); err != nil {
				r.problem(l, c, err)
			} else {
				l.Shape = &s
			}
		default:
			r.particular(l, c)
			r.walk(l, c)
		}
	}
}

// particular takes what is said beside the place itself.
func (r *reader) particular(l *Location, e *xmltree.Element) {
	switch {
	case e.Is(GeoprivNS, "method"):
		l.Method = Tidy(e.Text)
	case e.Is(DataModelNS, "deviceID"):
		l.DeviceID = Tidy(e.Text)
	case e.Is(PresenceNS, "contact") && l.Contact == "":
		l.Contact = Tidy(e.Text)
	case e.Local == "timestamp" && (e.Space == PresenceNS || e.Space == DataModelNS):
		l.Timestamp, _ = time.Parse(time.RFC3339, strings.TrimSpace(e.Text)) // no reason to refuse the place
	case e.Is(confidenceNS, "confidence") && l.Shape != nil:
		if percent, err := number(e.Text); err == nil && percent > 0 && percent <= 100 { // or it is "unknown"
			l.Shape.Confidence = percent
		}
	case e.Is(GeoprivNS, "location-info"):
		if strange := unknown(e); strange != nil {
			r.problem(l, strange, errors.New("this is no kind of location of RFC 5139 or RFC 5491"))
		}
	}
}

// unknown returns the first element of a location-info where none of them is a location.
func unknown(info *xmltree.Element) (first *xmltree.Element) {
	for e := range info.Children() {
		if isCivic(e) || IsShape(e) || isGML(e.Space) {
			return nil
		}
		if first == nil {
			first = e
		}
	}
	return first
}

func isCivic(e *xmltree.Element) bool {
	return e.Local == "civicAddress" && (e.Space == CivicNS || e.Space == oldCivicNS)
}

// ReadCivic reads a civicAddress element. Elements that no RFC of ours has are kept as extensions.
func ReadCivic(e *xmltree.Element) Civic {
	c := Civic{Language: Tidy(e.Lang())}
	for one := range e.Children() {
		c.Set(one.Space, one.Local, one.Text)
	}
	return c
}

// quoted writes what a stranger sent into a sentence.
func quoted(text string) string {
	if text = Tidy(text); len(text) > 60 {
		text = strings.ToValidUTF8(text[:60], "") + "…"
	}
	return `"` + strings.ReplaceAll(text, `"`, "'") + `"`
}
