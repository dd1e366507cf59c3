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
	text   string    // customer, street, secondary and postal code without anything between them
	ends   [3]uint16 // of customer, street and secondary in text
	sid    packedSID
	place  unique.Handle[place]
	served unique.Handle[served]
}

// place is what the addresses of a town and zone have in common.
type place struct{ city, state, country, esn string }

// served says which centre serves an address.
type served struct {
	centre string // ID, "" for none
	level  area.Level
}

// MakeAddress is a record in its compact form. Nobody serves it: an Editor finds out who does.
func MakeAddress(r AddressRecord) (*Address, error) {
	sid, ok := packSID(sidAddress, r.SID)
	if !ok && r.SID != "" {
		return nil, fmt.Errorf("address %.40q: is not the SID of an address", r.SID)
	}
	c := &r.Civic
	text := c.Customer + c.Street + c.Secondary + c.PostalCode
	if len(text) > math.MaxUint16 {
		return nil, fmt.Errorf("address %s is too long: %d characters", r.SID, len(text))
	}
	ends := [3]uint16{}
	for i, n := 0, 0; i < len(ends); i++ {
		n += len([...]string{c.Customer, c.Street, c.Secondary}[i])
		ends[i] = uint16(n)
	}
	return &Address{
		text: text, ends: ends, sid: sid, place: unique.Make(place{c.City, c.State, area.Country(c.Country), r.ESN}),
	}, nil
}

// SID returns AD and 32 hex digits, "" for an address that has none. It allocates.
func (a *Address) SID() string {
	if a.sid == (packedSID{}) {
		return ""
	}
	return a.sid.sid(sidAddress)
}

// Civic returns the address by its parts. It allocates nothing.
func (a *Address) Civic() Civic {
	p, e := a.where(), &a.ends
	return Civic{
		Customer: a.text[:e[0]], Street: a.text[e[0]:e[1]], Secondary: a.text[e[1]:e[2]], PostalCode: a.text[e[2]:],
		City: p.city, State: p.state, Country: p.country,
	}
}

// ESN returns the emergency service number of the address's street range, "" where none is known.
func (a *Address) ESN() string { return a.where().esn }

func (a *Address) where() place {
	if a.place == (unique.Handle[place]{}) {
		return place{}
	}
	return a.place.Value()
}

// Line returns the address on one line as people of its country write it: street, secondary, city, state and postal
// code, country. It allocates.
func (a *Address) Line() string {
	c := a.Civic()
	parts := []string{c.Street}
	if c.Secondary != "" {
		parts = append(parts, c.Secondary)
	}
	switch c.Country {
	case "FR", "DE", "AT":
		parts = append(parts, c.PostalCode+" "+c.City)
	case "US", "CA", "AU":
		parts = append(parts, c.City, c.State+" "+c.PostalCode)
	default:
		parts = append(parts, c.City)
		if c.State != "" {
			parts = append(parts, c.State)
		}
		parts = append(parts, c.PostalCode)
	}
	return strings.Join(append(parts, c.Country), ", ")
}

// MarshalJSON writes the SID and the parts.
func (a *Address) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		SID string `json:"sid,omitempty"`
		Civic
	}{a.SID(), a.Civic()})
}
