package lost

import (
	"crypto/sha256"
	"strings"

	"callbox/routing/area"
	"callbox/routing/directory"
	"callbox/routing/numbering"
	"callbox/sip/location"
)

// nearEnough is how far, in metres, a known address may be to tell which country a point is in that no centre serves.
const nearEnough = 200_000

// served is who serves the place of a query.
type served struct {
	centre   *directory.PSAP
	country  string
	fallback bool       // nobody does: it is the country's emergency call centre
	level    area.Level // by what an address was found
}

func (s *Server) findService(d *directory.Snapshot, q *query) ([]byte, *Fault) {
	wanted, ok := label(q.service)
	if !ok {
		return nil, fault("serviceNotImplemented", "%s is no emergency service: ask for %s or a child of it", q.service, serviceSos)
	}
	if wanted == numbering.TestSos {
		return s.findTest(d, q)
	}
	found, f := serving(d, &q.where)
	if f != nil {
		return nil, f
	}
	service, substituted := q.service, false
	if number := d.Plan().Resolve(found.country, wanted); d.Plan().Label(found.country, number) != wanted || !strings.EqualFold(service, urnOf(wanted)) {
		service, substituted = urnOf(d.Plan().Label(found.country, number)), true
	}
	var a answer
	a.root("findServiceResponse")
	s.mapping(&a, d, q, mapping{
		id: found.centre.ID, name: found.centre.Name, service: service, uri: found.centre.URI,
		number: d.Plan().Resolve(found.country, wanted), centre: found.centre, bounded: !found.fallback,
	})
	if q.validate && q.where.civic != nil {
		validation(&a, d.Network(), &q.where, found)
	}
	if substituted || found.fallback {
		a.open("warnings", "source", s.o.Source)
		a.WriteString("\n")
		if substituted {
			a.empty("serviceSubstitution", "message", q.service+" has no centre or number of its own there: "+service+" takes its calls", "xml:lang", "en")
		}
		if found.fallback {
			a.empty("defaultMappingReturned", "message", "no call centre serves the place: its country's emergency call centre does", "xml:lang", "en")
		}
		a.close("warnings")
	}
	s.end(&a, q, "findServiceResponse")
	return a.Bytes(), nil
}

// findTest maps urn:service:test.sos to the test service, in countries that have one.
func (s *Server) findTest(d *directory.Snapshot, q *query) ([]byte, *Fault) {
	found, f := serving(d, &q.where)
	if f != nil {
		return nil, f
	}
	number, t := d.Plan().Resolve(found.country, numbering.TestSos), d.Test()
	if number == "" {
		return nil, fault("serviceNotImplemented", "there is no test service in %s", found.country)
	}
	var a answer
	a.root("findServiceResponse")
	s.mapping(&a, d, q, mapping{id: t.ID, name: t.Name, service: q.service, uri: t.URI, number: number})
	s.end(&a, q, "findServiceResponse")
	return a.Bytes(), nil
}

// end writes what ends every answer.
func (s *Server) end(a *answer, q *query, name string) {
	a.path(q.path, s.o.Source)
	if q.where.id != "" {
		a.empty("locationUsed", "id", q.where.id)
	}
	a.close(name)
}

// mapping is what an answer says of one centre.
type mapping struct {
	id, name, service, uri, number string
	centre                         *directory.PSAP // whose boundary may be told
	bounded                        bool
}

func (s *Server) mapping(a *answer, d *directory.Snapshot, q *query, m mapping) {
	now := s.o.Now()
	sum := sha256.Sum256([]byte(m.id + "\x00" + m.service))
	a.open("mapping", "expires", stamp(now.Add(s.o.Validity)), "lastUpdated", stamp(s.since(d.Network())),
		"source", s.o.Source, "sourceId", id(sum[:]))
	a.WriteString("\n")
	a.element("displayName", m.name, "xml:lang", "en")
	a.element("service", m.service)
	if m.bounded {
		s.boundary(a, d.Network(), q, m.centre)
	}
	a.element("uri", m.uri)
	a.element("serviceNumber", m.number)
	a.close("mapping")
}

// serving finds who serves a place: as decisions do, else the emergency call centre of its country.
func serving(d *directory.Snapshot, p *place) (served, *Fault) {
	n := d.Network()
	var found served
	if p.shape != nil {
		found.centre, found.country = byShape(n, *p.shape)
	} else {
		c := directory.CivicOf(p.civic)
		found.centre, found.level = n.Locate(area.Place{
			Country: c.Country, State: c.State, City: c.City, PostalCode: c.PostalCode, ESN: n.ESN(c),
		})
		found.country = area.Country(c.Country)
	}
	if found.centre != nil {
		found.country = area.Country(found.centre.Serves.Country)
		return found, nil
	}
	ecc, ok := d.ECC(found.country)
	if !ok {
		return served{}, fault("notFound", "no call centre here serves the place")
	}
	found.centre, found.fallback, found.level = ecc, true, area.ByCountry
	return found, nil
}

// byShape finds the centre of the greatest part of a shape, and where there is none the country by the nearest address.
func byShape(n *directory.Network, s location.Shape) (*directory.PSAP, string) {
	if p, _, ok := n.Covering(s); ok {
		return p, ""
	}
	near, _, _, ok := n.Nearest(s.Centroid(), nearEnough)
	if !ok {
		return nil, ""
	}
	return nil, area.Country(near.Country)
}

// urnOf returns the URN of a label.
func urnOf(label string) string { return "urn:service:" + label }
