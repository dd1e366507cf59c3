// Package lost is both sides of LoST, the protocol that asks which call centre serves a place (RFC 5222): a server over the
// areas that decisions use, and a client that asks another server before them. It owns queries, mappings and their life.
// It must not decide calls.
package lost

import (
	"fmt"
	"strings"

	"callbox/sip/location/xmltree"
)

// Names of the protocol.
const (
	Namespace   = "urn:ietf:params:xml:ns:lost1"
	ContentType = "application/lost+xml"

	profileGeodetic = "geodetic-2d"
	profileCivic    = "civic"

	urnService = "urn:"
	serviceSos = "urn:service:sos"
)

// Limits of what is read.
const (
	MaxQuery    = 64 << 10 // bytes
	maxVias     = 32
	maxURI      = 1024 // bytes
	maxURIs     = 16
	maxWarnings = 8
)

// Fault is an error of the protocol: the element's name and what is wrong, with the mend.
type Fault struct {
	Name        string // badRequest, notFound, …
	Message     string
	Unsupported string // profiles, for locationProfileUnrecognized
}

// Error returns the fault as one sentence.
func (f *Fault) Error() string { return f.Name + ": " + f.Message }

func fault(name, format string, args ...any) *Fault {
	return &Fault{Name: name, Message: fmt.Sprintf(format, args...)}
}

// child returns the first element of the protocol's namespace within e.
func child(e *xmltree.Element, name string) *xmltree.Element { return e.Child(Namespace, name) }

// isBool reads an xsd:boolean; anything else is false.
func isBool(s string) bool {
	s = strings.TrimSpace(s)
	return s == "true" || s == "1"
}
