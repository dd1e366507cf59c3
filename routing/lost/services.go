package lost

import (
	"strings"

	"callbox/routing/directory"
	"callbox/routing/numbering"
)

// listServices tells which services are known here at all: those at the top, or those below one.
func (s *Server) listServices(d *directory.Snapshot, q *query) ([]byte, *Fault) {
	list, f := below(q.service, func(l string) bool { return hasService(d.Plan(), l) })
	if f != nil {
		return nil, f
	}
	var a answer
	a.root("listServicesResponse")
	a.services(list)
	s.end(&a, q, "listServicesResponse")
	return a.Bytes(), nil
}

// listServicesByLocation tells which services there are at a place.
func (s *Server) listServicesByLocation(d *directory.Snapshot, q *query) ([]byte, *Fault) {
	found, f := serving(d, &q.where)
	if f != nil {
		return nil, f
	}
	list, f := below(q.service, func(l string) bool {
		number := d.Plan().Resolve(found.country, l)
		return number != "" && d.Plan().Label(found.country, number) == l
	})
	if f != nil {
		return nil, f
	}
	var a answer
	a.root("listServicesByLocationResponse")
	a.services(list)
	s.end(&a, q, "listServicesByLocationResponse")
	return a.Bytes(), nil
}

// services writes a list, which may be empty.
func (a *answer) services(list []string) {
	a.open("serviceList")
	a.text(strings.Join(list, " "))
	a.close("serviceList")
}

// below returns the services directly below one that are there; without one those at the top.
func below(service string, there func(label string) bool) ([]string, *Fault) {
	candidates := []string{numbering.Sos, numbering.TestSos}
	if service != "" {
		l, ok := label(service)
		switch {
		case !ok:
			return nil, fault("serviceNotImplemented", "%s is no emergency service: ask for %s or a child of it", service, serviceSos)
		case l != numbering.Sos || !strings.EqualFold(service, serviceSos):
			candidates = nil // nothing is below them
		default:
			candidates = numbering.Labels()
		}
	}
	var list []string
	for _, l := range candidates {
		if there(l) {
			list = append(list, urnOf(l))
		}
	}
	return list, nil
}

// hasService tells whether a service has a number of its own in some country.
func hasService(plan *numbering.Plan, l string) bool {
	for _, country := range plan.Countries() {
		if number := plan.Resolve(country, l); number != "" && plan.Label(country, number) == l {
			return true
		}
	}
	return false
}
