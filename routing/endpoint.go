package routing

import (
	"fmt"
	"slices"
	"strings"

	"callbox/routing/directory"
	"callbox/routing/numbering"
	"callbox/sip/location"
)

// endpointOf is the endpoint of the account that an identity's user names, nil for none and where the host's provider has
// none. An AEUI of digits alone may stand behind a plus, as a PBX writes it that takes it for a number.
func (w *walk) endpointOf(user string) *directory.Endpoint {
	if w.settings().Provider != directory.ProviderBandwidth {
		return nil
	}
	if e, ok := w.s.Endpoint(w.account.SID, user); ok {
		return e
	}
	if digits, ok := strings.CutPrefix(user, "+"); ok && strings.Trim(digits, "0123456789") == "" {
		if e, ok := w.s.Endpoint(w.account.SID, digits); ok {
			return e
		}
	}
	return nil
}

// setEndpoint makes the call an endpoint's. It is delivered as the calls of a number with e911 are.
func (w *walk) setEndpoint(e *directory.Endpoint) {
	w.endpoint = e
	w.d.Country = w.countryOf(e)
	w.d.Caller = Caller{
		Number: e.Callback, Callback: e.Callback, Name: e.Name, Country: w.d.Country, Endpoint: e, Service: directory.ServiceE911,
		Source: w.d.Trace.by,
	}
	w.d.Notify = alsoTold(w.d.Notify, w.s.Told(e))
}

// alsoTold adds who is told of an endpoint's calls to who is told of its host's, each once.
func alsoTold(host, groups []directory.Notification) []directory.Notification {
	all := slices.Clip(host)
	for _, n := range groups {
		if !slices.ContainsFunc(host, func(h directory.Notification) bool { return h.Kind == n.Kind && h.To == n.To }) {
			all = append(all, n)
		}
	}
	return all
}

// countryOf is the country whose emergency numbers an endpoint dials and whose ECC it reaches: that of its address or
// location, else of its callback number.
func (w *walk) countryOf(e *directory.Endpoint) string {
	plan := w.s.Plan()
	address := e.Address
	if l, ok := w.s.Location(w.account.SID, e.LocationID); ok {
		address = l.Address
	}
	if address != nil {
		if country := address.Civic().Country; plan.Has(country) {
			return country
		}
	}
	if country, ok := numbering.Country(e.Callback); ok && plan.Has(country) {
		return country
	}
	return hookCountry
}

// hookCaller is rules 5 and 6 of a designated number: the endpoint that the hook named, or nobody but whoever called.
func (w *walk) hookCaller() {
	w.note(ruleUnregistered, note{outcome: skipped, text: textEndpointNoFee})
	number := w.calling()
	if !numbering.Valid(number) {
		number = ""
	}
	h := w.hook
	if h.endpoint == nil {
		w.note(ruleCaller, note{outcome: failed, text: textHookNobody, a: orNothing(number)})
		w.d.Country = hookCountry
		w.d.Caller = Caller{Number: number, Callback: number, Country: hookCountry}
		return
	}
	w.setEndpoint(h.endpoint)
	c := &w.d.Caller
	if h.callback != "" {
		c.Callback = h.callback
	}
	if c.Callback == "" {
		c.Callback = number // the phone that dialled can be called
	}
	c.Number = c.Callback
	if h.name != "" {
		c.Name = h.name
	}
	w.note(ruleCaller, note{outcome: applied, text: textHookCaller, a: h.endpoint.ID, b: orNothing(c.Name), c: orNothing(c.Callback)})
}

// placeOfHook takes where a hook says that help is needed.
func (w *walk) placeOfHook() bool {
	h := w.hook
	if h.point == nil {
		return w.known(h.location, PlaceHook)
	}
	p := Place{By: PlaceHook, Point: h.point}
	first, level := w.at(*h.point)
	n := note{outcome: applied, text: textHookPoint, a: shown(h.point, 0)}
	if h.location != nil {
		within, distance := w.within()
		n.b, n.c = distance, h.location.ID
		switch {
		case within:
			n.text = textHookWithin
			p.Address, p.LocationID = h.location.Address, h.location.ID
			if first == nil {
				first, level = w.s.ServingLocation(h.location)
			}
		case distance == "":
			n.text = textHookUnmeasured
		default:
			n.text = textHookBeyond
		}
	}
	w.want(&p, n)
	if first == nil {
		return w.miss(w.outside(n.a, *h.point))
	}
	w.describe(&p)
	return w.settle(p, first, level, n)
}

// within tells whether a hook's point is at its location, and how far from that, "" where nobody knows.
func (w *walk) within() (at bool, distance string) {
	l, known := w.hook.location, location.Point{}
	if l.Point != nil {
		known = *l.Point
	} else {
		var ok bool
		if known, ok = w.s.Geocode(l.Address.Civic()); !ok {
			return false, ""
		}
	}
	metres := location.Distance(known, *w.hook.point)
	return metres <= w.hook.radius, fmt.Sprintf("%.0f m (radius %.0f m)", metres, w.hook.radius)
}
