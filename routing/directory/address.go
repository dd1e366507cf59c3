package directory

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"unique"

	"callbox/routing/area"
)

// Address is a civic address for emergency use, in a compact form: its own words stand in one string, those it shares
// with other addresses of its town are kept once for all of them.
type Address struct {
	text   string    // customer, street, secondary, postal code and ESN without anything between them
	ends   [4]uint16 // of all but the last in text
	sid    packedSID
	place  unique.Handle[place]
	served served
	named  bool // has a SID
}

// place is what the addresses of a town have in common.
type place struct{ city, state, country string }

// MakeAddress is a record in its compact form. Nobody serves it: an Editor finds out who does.
func MakeAddress(r AddressRecord) (*Address, error) {
	a := &Address{}
	return a, a.fill(&r)
}

// fill makes a of a record.
func (a *Address) fill(r *AddressRecord) error {
	sid, ok := packSID(sidAddress, r.SID)
	if !ok && r.SID != "" {
		return fmt.Errorf("address %.40q: is not the SID of an address", r.SID)
	}
	c := &r.Civic
	text := c.Customer + c.Street + c.Secondary + c.PostalCode + r.ESN
	if len(text) > math.MaxUint16 {
		return fmt.Errorf("address %s is too long: %d characters", r.SID, len(text))
	}
	*a = Address{text: text, sid: sid, named: ok, place: unique.Make(place{c.City, c.State, area.Country(c.Country)})}
	end := 0
	for i, part := range [...]string{c.Customer, c.Street, c.Secondary, c.PostalCode} {
		end += len(part)
		a.ends[i] = uint16(end)
	}
	return nil
}

// SID returns AD and 32 hex digits, "" for an address that has none. It allocates.
func (a *Address) SID() string {
	if !a.named {
		return ""
	}
	return a.sid.sid(sidAddress)
}

// is tells whether r is still the record that the address was made of.
func (a *Address) is(r *AddressRecord) bool {
	sid, named := packSID(sidAddress, r.SID)
	c := r.Civic
	c.Country = area.Country(c.Country)
	return a.sid == sid && a.named == named && a.Civic() == c && a.ESN() == r.ESN
}

// Civic returns the address by its parts. It allocates nothing.
func (a *Address) Civic() Civic {
	e := &a.ends
	var p place
	if a.place != (unique.Handle[place]{}) {
		p = a.place.Value()
	}
	return Civic{
		Customer: a.text[:e[0]], Street: a.text[e[0]:e[1]], Secondary: a.text[e[1]:e[2]], PostalCode: a.text[e[2]:e[3]],
		City: p.city, State: p.state, Country: p.country,
	}
}

// ESN returns the emergency service number of the address's street range, "" where none is known.
func (a *Address) ESN() string { return a.text[a.ends[3]:] }

// Line returns the address on one line, as Civic.Line does. It allocates.
func (a *Address) Line() string {
	return a.Civic().Line()
}

// Line returns the address on one line as people of its country write it: street, secondary, city, state and postal
// code, country. It allocates.
func (c Civic) Line() string {
	parts := make([]string, 0, 6)
	add := func(s string) {
		if s = strings.TrimSpace(s); s != "" {
			parts = append(parts, s)
		}
	}
	add(c.Street)
	add(c.Secondary)
	switch c.Country {
	case "FR", "DE", "AT":
		add(c.PostalCode + " " + c.City)
	case "US", "CA", "AU":
		add(c.City)
		add(c.State + " " + c.PostalCode)
	default:
		add(c.City)
		add(c.State)
		add(c.PostalCode)
	}
	add(c.Country)
	return strings.Join(parts, ", ")
}

// MarshalJSON writes the SID and the parts.
func (a *Address) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		SID string `json:"sid,omitempty"`
		Civic
	}{a.SID(), a.Civic()})
}
