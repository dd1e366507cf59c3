// Package xmltree reads the small XML documents that strangers send into a tree. It resolves namespaces, bounds what it
// reads, and refuses document types, so that there are no entities but the five of XML and nothing to fetch. It knows
// no vocabulary: what elements mean is its users' business.
//
// A document comes within an INVITE and is read before the call is routed; encoding/xml takes ten times as long. The tests
// hold the two against each other.
package xmltree

import (
	"errors"
	"fmt"
	"iter"
)

// Limits bound what is read of a document.
type Limits struct {
	Bytes    int
	Elements int // 0 is MaxElements
}

// Limits of every document.
const (
	MaxDepth      = 32   // elements within one another
	MaxElements   = 4096 // in all, unless there are other Limits
	maxAttributes = 64   // of one element, namespace declarations included
	maxBindings   = 128  // namespace prefixes in force at one place
)

// Errors of Parse, wrapped with the line and what is wrong there.
var (
	ErrTooLarge = errors.New("too large")
	ErrSyntax   = errors.New("malformed")
)

// xmlNS is what the prefix xml stands for.
const xmlNS = "http://www.w3.org/XML/1998/namespace"

// Element is an element of a document. Its strings share memory with one another.
type Element struct {
	Space string // namespace URI, "" for none
	Local string
	Text  string // its own character data, without the pieces that are white space only
	Line  int    // where it starts, from 1
	Attrs []Attr

	first, last, next *Element
}

// Attr is an attribute. Namespace declarations are none.
type Attr struct {
	Space, Local string // Space is "" for an attribute without prefix
	Value        string
}

// Is tells whether the element has this name.
func (e *Element) Is(space, local string) bool { return e.Local == local && e.Space == space }

// Attr returns the value of an attribute without prefix, "" where there is none.
func (e *Element) Attr(local string) string {
	for i := range e.Attrs {
		if a := &e.Attrs[i]; a.Local == local && a.Space == "" {
			return a.Value
		}
	}
	return ""
}

// Lang returns the value of xml:lang, "" where there is none.
func (e *Element) Lang() string {
	for _, a := range e.Attrs {
		if a.Local == "lang" && a.Space == xmlNS {
			return a.Value
		}
	}
	return ""
}

// Children goes through the elements directly within e, in order. A nil element has none.
func (e *Element) Children() iter.Seq[*Element] {
	return func(yield func(*Element) bool) {
		if e == nil {
			return
		}
		for c := e.first; c != nil; c = c.next {
			if !yield(c) {
				return
			}
		}
	}
}

// Child returns the first element of a name directly within e, nil where there is none.
func (e *Element) Child(space, local string) *Element {
	if e == nil {
		return nil
	}
	for c := e.first; c != nil; c = c.next {
		if c.Is(space, local) {
			return c
		}
	}
	return nil
}

// Descendants goes through all elements within e in the order of the document.
func (e *Element) Descendants() iter.Seq[*Element] {
	return func(yield func(*Element) bool) { e.walk(yield) }
}

func (e *Element) walk(yield func(*Element) bool) bool {
	for c := e.first; c != nil; c = c.next {
		if !yield(c) || !c.walk(yield) {
			return false
		}
	}
	return true
}

func (p *parser) syntax(format string, args ...any) error {
	return fmt.Errorf("line %d: %w: %s", p.line(), ErrSyntax, fmt.Sprintf(format, args...))
}

func (p *parser) tooLarge(format string, args ...any) error {
	return fmt.Errorf("line %d: %w: %s", p.line(), ErrTooLarge, fmt.Sprintf(format, args...))
}
