package lost

import (
	"errors"
	"slices"
	"strings"

	"callbox/routing/numbering"
	"callbox/sip/location"
	"callbox/sip/location/xmltree"
)

// query is a request as far as this server needs it.
type query struct {
	name     string // of the root: findService, …
	service  string // URN as it was asked for, "" for none
	path     []string
	where    place
	value    bool // the boundary is wanted by value
	validate bool
	key      string // of getServiceBoundary
}

// place is the location of a query that is used: the first whose profile is known.
type place struct {
	id      string
	profile string
	shape   *location.Shape
	civic   *location.Civic
	tokens  []string // of the address, as they stand there
}

// readQuery reads a request.
func readQuery(doc []byte) (*query, *Fault) {
	root, err := xmltree.Parse(doc, xmltree.Limits{Bytes: MaxQuery})
	if err != nil {
		return nil, fault("badRequest", "%v", err)
	}
	q := &query{name: root.Local}
	located := q.name == "findService" || q.name == "listServicesByLocation"
	if root.Space != Namespace || !located && q.name != "listServices" && q.name != "getServiceBoundary" {
		return nil, fault("badRequest", "the root is %q of namespace %q: send findService, listServices, listServicesByLocation or "+
			"getServiceBoundary of %s", location.Tidy(root.Local), location.Tidy(root.Space), Namespace)
	}
	if s := child(root, "service"); s != nil {
		q.service = location.Tidy(s.Text)
	}
	for via := range child(root, "path").Children() {
		if len(q.path) == maxVias {
			return nil, fault("badRequest", "the path has more than %d servers", maxVias)
		}
		if via.Is(Namespace, "via") {
			q.path = append(q.path, location.Tidy(via.Attr("source")))
		}
	}
	q.validate = isBool(root.Attr("validateLocation"))
	q.value = strings.TrimSpace(root.Attr("serviceBoundary")) == "value"
	q.key = location.Tidy(root.Attr("key"))
	switch {
	case q.name == "findService" && q.service == "":
		return q, fault("badRequest", "there is no service: add <service>%s</service>", serviceSos)
	case q.name == "getServiceBoundary" && q.key == "":
		return q, fault("badRequest", "there is no key: give that of a serviceBoundaryReference")
	case located:
		return q, q.locate(root)
	}
	return q, nil
}

// locate takes the first location of a profile that is known.
func (q *query) locate(root *xmltree.Element) *Fault {
	var unknown []string
	seen := false
	for e := range root.Children() {
		if !e.Is(Namespace, "location") {
			continue
		}
		seen = true
		profile := location.Tidy(e.Attr("profile"))
		if profile == "" {
			profile = guess(e)
		}
		if profile != profileGeodetic && profile != profileCivic {
			if !slices.Contains(unknown, profile) {
				unknown = append(unknown, profile)
			}
			continue
		}
		q.where = place{id: location.Tidy(e.Attr("id")), profile: profile}
		return q.where.read(e)
	}
	if !seen {
		return fault("badRequest", "there is no location: add one of profile %s or %s", profileGeodetic, profileCivic)
	}
	f := fault("locationProfileUnrecognized", "no location has a profile known here: send %s or %s", profileGeodetic, profileCivic)
	f.Unsupported = strings.Join(unknown, " ")
	return f
}

// guess returns the profile of a location that names none (RFC 5222 section 12.1).
func guess(e *xmltree.Element) string {
	for c := range e.Children() {
		switch {
		case c.Local == "civicAddress":
			return profileCivic
		case location.IsShape(c):
			return profileGeodetic
		}
	}
	return "unknown"
}

// read takes what is in a location element.
func (p *place) read(e *xmltree.Element) *Fault {
	for c := range e.Children() {
		if p.profile == profileCivic {
			if c.Local != "civicAddress" {
				continue
			}
			civic := location.ReadCivic(c)
			for one := range c.Children() {
				if one.Space == c.Space && len(p.tokens) < 64 {
					p.tokens = append(p.tokens, one.Local)
				}
			}
			if civic.Country == "" {
				return fault("locationInvalid", "the civicAddress has no country: add its ISO code of two letters")
			}
			p.civic = &civic
			return nil
		}
		s, err := location.ReadShape(c)
		switch {
		case errors.Is(err, location.ErrSRS):
			return fault("SRSInvalid", "%s: %v", location.Tidy(c.Local), err)
		case err != nil:
			return fault("locationInvalid", "%s: %v", location.Tidy(c.Local), err)
		case s.Kind == location.KindSphere || s.Kind == location.KindEllipsoid || s.Kind == location.KindPrism:
			return fault("locationInvalid", "%s is not of the profile %s: send a Circle, an Ellipse or a Polygon", s.Kind, profileGeodetic)
		}
		p.shape = &s
		return nil
	}
	return fault("locationInvalid", "the location %q has nothing of the profile %s in it", p.id, p.profile)
}

// label returns the label of a service URN, false for one that is no emergency service.
func label(urn string) (string, bool) {
	if len(urn) < len(urnService) || !strings.EqualFold(urn[:len(urnService)], urnService) {
		return "", false
	}
	return numbering.ServiceURN(urn[len(urnService):])
}
