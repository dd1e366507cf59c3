package routing

import (
	"fmt"
	"math"

	"callbox/routing/area"
	"callbox/routing/directory"
	"callbox/sip/location"
)

// nearestLimit is how far from a point a known address may be to tell a dispatcher where that is, in metres.
const nearestLimit = 500

// covering returns the PSAP whose area a point is in or, where it is not certain, the one with the largest share of where
// it may be; nil for none.
func (w *walk) covering(s *location.Shape, centre location.Point) (*directory.PSAP, area.Level, float64) {
	if first, share, ok := w.s.Covering(*s); ok {
		return first, area.ByBoundary, share
	}
	first, level := w.at(centre) // its outline may be none that a map has
	return first, level, 1
}

// at returns the PSAP whose area a point is in, nil for none.
func (w *walk) at(p location.Point) (*directory.PSAP, area.Level) {
	if first, ok := w.s.At(p); ok {
		return first, area.ByBoundary
	}
	return nil, area.None
}

// outside is the note of a point that is in no area. Where the point with its numbers exchanged is in one, it says so: a
// longitude such as New York's is in the range of latitudes.
func (w *walk) outside(words string, p location.Point) note {
	exchanged := location.Point{Lat: p.Lon, Lon: p.Lat}
	if math.Abs(exchanged.Lat) <= 90 {
		if first, _ := w.at(exchanged); first != nil {
			return note{text: textPlaceSwapped, a: words, b: first.ID, c: shown(&exchanged, 0)}
		}
	}
	return note{text: textPlaceOutside, a: words}
}

// byCivic returns the PSAP that serves a civic address, with the ESN that the address guides know for it.
func (w *walk) byCivic(c directory.Civic) (*directory.PSAP, area.Level) {
	return w.s.Locate(area.Place{
		Country: c.Country, State: c.State, City: c.City, PostalCode: c.PostalCode, ESN: w.s.Network().ESN(c),
	})
}

// describe finds the known address next to a place of which no more than a point is known.
func (w *walk) describe(p *Place) {
	if p.Address != nil || p.Civic != nil || p.Point == nil {
		return
	}
	if c, at, metres, ok := w.s.Nearest(*p.Point, nearestLimit); ok {
		p.Nearest = &Nearest{Civic: c, Point: at, Metres: metres}
	}
}

// orUnsaid is how a location was determined, for a sentence.
func orUnsaid(method string) string {
	if method == "" {
		return "not said"
	}
	return method
}

// shown is a point for people, with what it may be off.
func shown(p *location.Point, uncertainty float64) string {
	s := fmt.Sprintf("%.5f, %.5f", p.Lat, p.Lon)
	if uncertainty > 0 {
		s += fmt.Sprintf(" within %.0f m", uncertainty)
	}
	return s
}
