package routing

import (
	"fmt"

	"callbox/routing/area"
	"callbox/routing/directory"
	"callbox/sip/location"
)

// locate is rule 12: where help is needed, and which PSAP serves that. What a web hook said comes first, then what the INVITE
// says of its place, then a location that it names, then what the endpoint or number is registered with; what is outside
// every area does not count.
func (w *walk) locate() {
	r := &w.r
	silent := len(r.Locations) == 0 && len(r.LocationRefs) == 0 && r.LocationFault == ""
	switch {
	case w.unpaid:
		if !silent {
			w.note(ruleLocation, note{outcome: skipped, text: textPlaceUnregistered, a: w.d.Caller.Number})
		}
	case w.hook != nil && w.hook.endpoint == nil:
	case w.hook != nil:
		_ = w.placeOfHook() || w.placeOfEndpoint() || w.noPlace()
	case w.endpoint != nil:
		_ = w.placeOfInvite() || w.placeOfEndpoint() || w.noPlace()
	case silent:
		w.placeOfNumber()
	case w.d.Caller.Service == directory.ServiceNone:
		w.placeOfNumber()
		w.note(ruleLocation, note{outcome: skipped, text: textPlaceNoService, a: w.d.Caller.Number})
	case !w.placeOfInvite():
		w.placeOfNumber()
		w.note(ruleLocation, note{outcome: passed, text: textPlaceAddress, a: w.d.Caller.Address.Line()})
	}
	if w.bad == "" {
		w.bad = r.LocationFault
	}
}

// sayBad has the decision say why none of the INVITE's locations is of use, where that is so.
func (w *walk) sayBad() {
	if by := w.d.Place.By; by != PlaceValue && by != PlaceID {
		w.d.BadLocation = w.bad
	}
}

// placeOfNumber takes the registered address of a number.
func (w *walk) placeOfNumber() {
	address := w.d.Caller.Address
	w.d.Place.By, w.d.Place.Address = PlaceAddress, address
	w.first, w.level = w.s.Serving(address)
	if w.s.LoST() != nil {
		w.want(&w.d.Place, note{outcome: passed, text: textPlaceAddress, a: address.Line()})
	}
}

// noPlace notes that there is nowhere to send help to.
func (w *walk) noPlace() bool {
	w.note(ruleLocation, note{outcome: failed, text: textPlaceNone, a: w.endpoint.ID})
	return false
}

// settle makes a place that a PSAP serves the one that counts.
func (w *walk) settle(p Place, first *directory.PSAP, level area.Level, n note) bool {
	w.take(p, first, level)
	w.note(ruleLocation, n)
	return true
}

// take makes a place the one that counts.
func (w *walk) take(p Place, first *directory.PSAP, level area.Level) {
	w.d.Place, w.first, w.level = p, first, level
	if w.endpoint != nil {
		w.d.Caller.Address = p.Address
	}
}

// miss notes why a place does not count.
func (w *walk) miss(n note) bool {
	n.outcome = failed
	w.note(ruleLocation, n)
	return false
}

// placeOfEndpoint takes what the endpoint is registered with.
func (w *walk) placeOfEndpoint() bool {
	e := w.endpoint
	if e.LocationID != "" {
		l, ok := w.s.Location(w.account.SID, e.LocationID)
		if !ok {
			return w.miss(note{text: textLocationUnknown, a: e.LocationID}) || w.ownAddress()
		}
		return w.known(l, PlaceEndpoint) || w.ownAddress()
	}
	return w.ownAddress()
}

// ownAddress takes the address that an endpoint has of its own.
func (w *walk) ownAddress() bool {
	e := w.endpoint
	if e.Address == nil {
		return false
	}
	p := Place{By: PlaceEndpoint, Address: e.Address}
	n := note{outcome: passed, text: textPlaceOwn, a: e.Address.Line(), b: e.ID}
	w.want(&p, n)
	first, level := w.s.Serving(e.Address)
	if first == nil {
		return w.miss(note{text: textPlaceUnserved, a: e.Address.Line()})
	}
	return w.settle(p, first, level, n)
}

// known takes a location of the account.
func (w *walk) known(l *directory.Location, by PlaceSource) bool {
	p := Place{By: by, Address: l.Address, Point: l.Point, LocationID: l.ID}
	n := note{outcome: applied, text: textPlaceID, a: l.ID, b: l.Address.Line()}
	switch by {
	case PlaceEndpoint:
		n.outcome, n.text, n.c = passed, textPlaceEndpoint, w.endpoint.ID
	case PlaceHook:
		n.text = textHookLocation
	}
	w.want(&p, n)
	first, level := w.s.ServingLocation(l)
	if l.Point != nil && level != area.ByBoundary {
		if at, by := w.at(*l.Point); at != nil {
			first, level = at, by
		}
	}
	if first == nil {
		return w.miss(note{text: textLocationUnserved, a: l.ID, b: l.Address.Line()})
	}
	return w.settle(p, first, level, n)
}

// placeOfInvite takes what the INVITE says of its place, by value before by ID.
func (w *walk) placeOfInvite() bool {
	r := &w.r
	if len(r.Locations) == 0 && len(r.LocationRefs) == 0 && r.LocationFault == "" {
		return false
	}
	switch rule := w.settings().Location.Routing; {
	case rule == directory.RouteNever:
		return w.miss(note{text: textPlaceNever, a: w.d.Domain})
	case r.Geolocation == GeolocationRoutingNo:
		return w.miss(note{text: textPlaceForbidden})
	case rule == directory.RouteAsTold && r.Geolocation != GeolocationRoutingYes:
		return w.miss(note{text: textPlaceNotTold, a: w.d.Domain})
	}
	if r.LocationFault != "" {
		w.miss(note{text: textPlaceUnreadable, a: r.LocationFault})
		w.bad = r.LocationFault
	}
	for i := range r.Locations {
		if w.value(&r.Locations[i]) {
			return true
		}
	}
	for _, id := range r.LocationRefs {
		if w.reference(id) {
			return true
		}
	}
	return false
}

// reference takes a location that the INVITE names.
func (w *walk) reference(id string) bool {
	if w.settings().Provider != directory.ProviderBandwidth {
		return w.miss(note{text: textPlaceIDElsewhere, a: id, b: w.d.Domain})
	}
	l, ok := w.s.Location(w.account.SID, id)
	switch {
	case !ok:
		w.miss(note{text: textLocationUnknown, a: id})
	case l.Status == directory.Invalid:
		w.miss(note{text: textLocationInvalid, a: id})
	case w.known(l, PlaceID):
		return true
	}
	if w.bad == "" {
		w.bad = w.d.Trace.last(ruleLocation)
	}
	return false
}

// value takes a location that the INVITE holds: its shape by the areas that centres serve, else its civic address.
func (w *walk) value(l *location.Location) bool {
	p := Place{By: PlaceValue, Value: l}
	var n note
	var civic directory.Civic
	if l.Civic != nil {
		civic = directory.CivicOf(l.Civic)
		p.Civic = &civic
		n = note{outcome: applied, text: textPlaceCivic, a: civic.Line(), b: orUnsaid(l.Method)}
	}
	byAddress := n
	if l.Shape != nil {
		centre := l.Shape.Centroid()
		p.Point, p.Uncertainty = &centre, l.Shape.Uncertainty()
		n = note{outcome: applied, text: textPlacePoint, a: shown(p.Point, p.Uncertainty), b: orUnsaid(l.Method)}
	}
	if p.Point == nil && p.Civic == nil {
		return false
	}
	w.want(&p, n)
	if p.Point != nil {
		first, level, share := w.covering(l.Shape, *p.Point)
		if first != nil {
			if share < 1 {
				n.text, n.c = textPlaceShare, fmt.Sprintf("%.0f %%", 100*share)
			}
			w.describe(&p)
			return w.settle(p, first, level, n)
		}
		w.miss(w.outside(n.a, *p.Point))
	}
	if p.Civic != nil {
		if first, level := w.byCivic(civic); first != nil {
			return w.settle(p, first, level, byAddress)
		}
		w.miss(note{text: textPlaceUnserved, a: civic.Line()})
	}
	if w.bad == "" {
		w.bad = w.d.Trace.last(ruleLocation)
	}
	return false
}
