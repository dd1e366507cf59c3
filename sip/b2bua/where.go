package b2bua

import (
	"fmt"
	"strings"

	"callbox/routing"
	"callbox/sip/agent"
	"callbox/sip/body"
	"callbox/sip/location"
)

const (
	maxFault  = 512 // bytes of what is told of locations that cannot be read
	maxPlaces = 32  // locations of one INVITE that may route it
)

// geolocationError tells the caller that none of its locations could be used (RFC 6442 section 4.4.3).
var geolocationError = agent.Header{Name: "Geolocation-Error", Value: `100;code="Cannot Process Location"`}

// where writes what the INVITE says of where the caller is into a request. What cannot be read is told in LocationFault.
func (c *bridge) where(q *routing.Request) {
	var values, routings []string
	for _, h := range c.about.headers {
		switch {
		case is(h.Name, "Geolocation"):
			values = append(values, h.Value)
		case is(h.Name, "Geolocation-Routing"):
			routings = append(routings, h.Value)
		}
	}
	if len(values) == 0 && len(c.about.parts.Parts) == 0 {
		return
	}
	switch location.ParseGeolocationRouting(routings) {
	case "yes":
		q.Geolocation = routing.GeolocationRoutingYes
	case "no":
		q.Geolocation = routing.GeolocationRoutingNo
	}
	w := whereabouts{q: q, parts: c.about.parts, read: make(map[int]bool)}
	w.fault(w.parts.Err)
	refs, err := location.ParseGeolocation(values)
	for _, r := range refs {
		w.take(r)
	}
	w.fault(err)
	if len(values) == 0 { // a document that nothing names is the caller's all the same
		for i, p := range w.parts.Parts {
			if p.Type == body.PIDF {
				w.document(i)
			}
		}
	}
	q.LocationFault = strings.ToValidUTF8(w.faults[:min(len(w.faults), maxFault)], "")
}

// whereabouts collects the locations of an INVITE.
type whereabouts struct {
	q      *routing.Request
	parts  body.Body
	read   map[int]bool // the parts that were
	faults string
}

func (w *whereabouts) fault(err error) {
	switch {
	case err == nil || len(w.faults) > maxFault:
	case w.faults == "":
		w.faults = err.Error()
	default:
		w.faults += "; " + err.Error()
	}
}

// take reads one value of Geolocation.
func (w *whereabouts) take(r location.Reference) {
	if l, ok := r.Location(); ok {
		w.add(l)
		return
	}
	switch {
	case r.Kind == location.RefContent:
		i := w.parts.ByID("cid:" + r.ContentID)
		if i < 0 {
			w.fault(fmt.Errorf("no part of the body has the Content-ID %.100q that Geolocation names", r.ContentID))
			return
		}
		w.document(i)
	case r.LocationID != "":
		w.q.LocationRefs = append(w.q.LocationRefs, r.LocationID)
	}
}

// document reads one part of the body as a location, once.
func (w *whereabouts) document(i int) {
	if w.read[i] {
		return
	}
	w.read[i] = true
	doc, err := w.parts.Content(i)
	if err != nil {
		w.fault(err)
		return
	}
	found, err := location.Parse(doc)
	w.add(found...)
	w.fault(err)
}

// add takes locations as far as that many may be looked up for one call.
func (w *whereabouts) add(found ...location.Location) {
	if left := maxPlaces - len(w.q.Locations); len(found) > left {
		w.fault(fmt.Errorf("the INVITE has more than %d locations: the others do not count", maxPlaces))
		found = found[:left]
	}
	w.q.Locations = append(w.q.Locations, found...)
}
