package location

import "strings"

// Namespaces of the documents. What counts is the URI, never the prefix.
const (
	PresenceNS  = "urn:ietf:params:xml:ns:pidf"
	DataModelNS = "urn:ietf:params:xml:ns:pidf:data-model"
	GeoprivNS   = "urn:ietf:params:xml:ns:pidf:geopriv10"
	CivicNS     = "urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"
	ExtendedNS  = "urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr:ext" // RFC 6848
	GMLNS       = "http://www.opengis.net/gml"
	GeoShapeNS  = "http://www.opengis.net/pidflo/1.0"

	// oldCivicNS is the civic address of RFC 4119, before RFC 5139 revised it.
	oldCivicNS = "urn:ietf:params:xml:ns:pidf:geopriv10:civicLoc"
)

// Set puts the text of an element where it belongs: into its field, or among the extensions. The first of several
// elements of one name counts.
func (c *Civic) Set(space, name, value string) {
	value = Tidy(value)
	if name == "country" {
		value = strings.ToUpper(value)
	}
	var field *string
	switch space {
	case CivicNS, oldCivicNS:
		field = c.field(name)
	case ExtendedNS:
		field = c.extension(name)
	}
	switch {
	case value == "":
	case field == nil && len(c.Extensions) < maxExtensions:
		c.Extensions = append(c.Extensions, Extension{space, name, value})
	case field != nil && *field == "":
		*field = value
	}
}

// maxExtensions is how many extensions of an address are kept.
const maxExtensions = 32
