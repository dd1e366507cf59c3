package lost

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"callbox/sip/location"
	"callbox/sip/location/xmltree"
)

// Limits of what another server may answer.
const (
	MaxAnswer       = 512 << 10 // bytes
	maxAnswerCorner = 20_000    // corners of a boundary's ring
	maxAreas        = 64        // polygons or addresses of a boundary
)

// Mapping is another server's answer to findService.
type Mapping struct {
	DisplayName string
	URIs        []string  // at least one
	Expires     time.Time // zero where it does not expire or must not be kept
	NoCache     bool      // it must not be kept
	Forever     bool      // it does not expire
	Warnings    []string  // names with what they say

	Areas  [][][]location.Point // boundary by value: polygons, each its outer ring and its holes
	Civics []location.Civic     // likewise: addresses that match any of them have the same answer

	size int // of the document
}

// ParseMapping reads an answer to findService. The error is a *Fault where the server says that it has none.
func ParseMapping(doc []byte) (*Mapping, error) {
	root, err := xmltree.Parse(doc, xmltree.Limits{Bytes: MaxAnswer, Elements: 65536})
	if err != nil {
		return nil, fmt.Errorf("the answer cannot be read: %w", err)
	}
	if root.Space == Namespace {
		switch root.Local {
		case "errors":
			return nil, faultOf(root)
		case "redirect":
			return nil, fmt.Errorf("the server redirects to %s, which this edge does not follow: name that server", quoted(root.Attr("target")))
		case "findServiceResponse":
			m, err := readMapping(root)
			if err == nil {
				m.size = len(doc)
			}
			return m, err
		}
	}
	return nil, fmt.Errorf("the answer is %s of namespace %s, not findServiceResponse", quoted(root.Local), quoted(root.Space))
}

// faultOf reads an errors element.
func faultOf(root *xmltree.Element) *Fault {
	for e := range root.Children() {
		if e.Space == Namespace {
			return &Fault{Name: location.Tidy(e.Local), Message: location.Tidy(e.Attr("message"))}
		}
	}
	return &Fault{Name: "internalError", Message: "the server names no error"}
}

// readMapping takes the first mapping that has a URI.
func readMapping(root *xmltree.Element) (*Mapping, error) {
	var warnings []string
	for list := range root.Children() {
		if !list.Is(Namespace, "warnings") {
			continue
		}
		for e := range list.Children() {
			if len(warnings) < maxWarnings {
				warnings = append(warnings, location.Tidy(e.Local)+": "+location.Tidy(e.Attr("message")))
			}
		}
	}
	err := errors.New("the answer has no mapping")
	for e := range root.Children() {
		if !e.Is(Namespace, "mapping") {
			continue
		}
		m := &Mapping{Warnings: warnings}
		if err = m.read(e); err == nil {
			return m, nil
		}
	}
	return nil, err
}

func (m *Mapping) read(e *xmltree.Element) error {
	switch expires := strings.TrimSpace(e.Attr("expires")); expires {
	case "NO-CACHE":
		m.NoCache = true
	case "NO-EXPIRATION":
		m.Forever = true
	default:
		t, err := time.Parse(time.RFC3339, expires)
		if err != nil {
			m.NoCache = true // when it ends is not known
		}
		m.Expires = t
	}
	for c := range e.Children() {
		if c.Space != Namespace {
			continue
		}
		switch c.Local {
		case "displayName":
			if m.DisplayName == "" {
				m.DisplayName = location.Tidy(c.Text)
			}
		case "uri":
			if uri := strings.TrimSpace(c.Text); isURI(uri) && len(m.URIs) < maxURIs {
				m.URIs = append(m.URIs, uri)
			}
		case "serviceBoundary":
			m.bound(c)
		}
	}
	if len(m.URIs) == 0 {
		return errors.New("the answer's mapping has no uri")
	}
	return nil
}

// bound takes a boundary. One that cannot be read does not spoil the mapping, which then holds for its place alone.
func (m *Mapping) bound(e *xmltree.Element) {
	for c := range e.Children() {
		switch {
		case len(m.Areas)+len(m.Civics) == maxAreas:
			return
		case c.Local == "Polygon":
			if rings, err := location.ReadRings(c, maxAnswerCorner); err == nil {
				m.Areas = append(m.Areas, rings)
			}
		case c.Local == "civicAddress":
			if civic := location.ReadCivic(c); !civic.IsZero() {
				m.Civics = append(m.Civics, civic)
			}
		}
	}
}

// isURI tells whether text can be a URI at all.
func isURI(text string) bool {
	scheme, rest, ok := strings.Cut(text, ":")
	return ok && scheme != "" && rest != "" && len(text) <= maxURI &&
		!strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' || c == '<' || c == '>' || c == '"' })
}

// quoted writes what another server sent into a sentence.
func quoted(text string) string {
	return `"` + strings.ReplaceAll(location.Tidy(text), `"`, "'") + `"`
}
