package directory

import "fmt"

// PutLocation adds a location, or replaces the one of the same account and ID.
func (e *Editor) PutLocation(r LocationRecord) error {
	if r.ID == "" || r.AccountSID == "" {
		return fmt.Errorf("location %.50q of account %q has no ID or account", r.ID, r.AccountSID)
	}
	a, err := MakeAddress(AddressRecord{Civic: r.Civic, ESN: r.ESN})
	if err != nil {
		return fmt.Errorf("location %.50q: %w", r.ID, err)
	}
	l := &Location{ID: r.ID, AccountSID: shared(r.AccountSID), Address: a, Status: r.Status}
	if r.Point != nil {
		if err := r.Point.Check(); err != nil {
			return fmt.Errorf("location %.50q: %w", r.ID, err)
		}
		at := *r.Point
		l.Point = &at
	}
	e.find(l)
	e.s.locations.put(e.edit, accountID{l.AccountSID, l.ID}, l)
	return nil
}

// DeleteLocation takes a location out, if it is there.
func (e *Editor) DeleteLocation(accountSID, id string) {
	e.s.locations.remove(e.edit, accountID{accountSID, id})
}

// PutEndpoint adds an endpoint, or replaces the one of the same account and ID.
func (e *Editor) PutEndpoint(r EndpointRecord) error {
	if r.ID == "" || r.AccountSID == "" {
		return fmt.Errorf("endpoint %.50q of account %q has no ID or account", r.ID, r.AccountSID)
	}
	p := &Endpoint{
		ID: r.ID, AccountSID: shared(r.AccountSID), PIDFLO: r.PIDFLO, Callback: r.Callback, Name: r.Name, Language: shared(r.Language),
		LocationID: r.LocationID,
	}
	for _, g := range r.Groups {
		p.Groups = append(p.Groups, shared(g))
	}
	if r.Civic != nil {
		a, err := MakeAddress(AddressRecord{Civic: *r.Civic, ESN: r.ESN})
		if err != nil {
			return fmt.Errorf("endpoint %.50q: %w", r.ID, err)
		}
		a.served = e.locate(a)
		p.Address = a
	}
	e.s.endpoints.put(e.edit, accountID{p.AccountSID, p.ID}, p)
	return nil
}

// DeleteEndpoint takes an endpoint out, if it is there.
func (e *Editor) DeleteEndpoint(accountSID, id string) {
	e.s.endpoints.remove(e.edit, accountID{accountSID, id})
}

// find finds the centre that serves a location and its address.
func (e *Editor) find(l *Location) {
	l.Address.served = e.locate(l.Address)
	l.served = l.Address.served
	if l.Point == nil {
		return
	}
	if at := e.s.network.at(*l.Point); at != 0 {
		l.served = at
	}
}

// relocatePlaces is relocate for locations and endpoints.
func (e *Editor) relocatePlaces() {
	locations, endpoints := e.s.locations, e.s.endpoints
	locations.each(func(k accountID, l *Location) {
		next, address := *l, *l.Address
		next.Address = &address
		if e.find(&next); next.served != l.served || address.served != l.Address.served {
			e.s.locations.put(e.edit, k, &next)
		}
	})
	endpoints.each(func(k accountID, p *Endpoint) {
		if p.Address == nil {
			return
		}
		next, address := *p, *p.Address
		next.Address = &address
		if address.served = e.locate(&address); address.served != p.Address.served {
			e.s.endpoints.put(e.edit, k, &next)
		}
	})
}
