package bandwidth

import (
	"encoding/xml"
	"net/http"

	"callbox/routing/area"
	"callbox/routing/bandwidth/wire"
	"callbox/routing/directory/store"
)

// codeNotGeocoded is the provider's for an address that cannot be found.
const codeNotGeocoded = 12110

type geocodeRequest struct {
	Address
}

type geocodeResponse struct {
	XMLName  xml.Name `xml:"GeocodeRequestResponse"`
	Error    string   `xml:"ErrorMessage,omitempty"`
	Geocoded Address  `xml:"GeocodedAddress"`
	Request  Address  `xml:"RequestAddress"`
}

// geocode answers how an address stands in the guide: 200 where it is there, 409 with the adjustments where one thing must
// be another, 400 where nothing like it is. It writes nothing.
func (a *api) geocode(_ *store.Tx, r *wire.Request) (wire.Reply, error) {
	var in geocodeRequest
	if err := r.Read(&in, "RequestAddress"); err != nil {
		return wire.Reply{}, err
	}
	if err := in.limits(); err != nil {
		return wire.Reply{}, err
	}
	if in.line() == "" {
		return wire.Reply{}, wire.Bad(wire.CodeRequired, "AddressLine1 is required")
	}
	for _, p := range []struct {
		name string
		at   *wire.Text
	}{{"City", in.City}, {"StateCode", in.StateCode}} {
		if value(p.at) == "" {
			return wire.Reply{}, wire.Bad(wire.CodeRequired, "%s is required", p.name)
		}
	}
	if err := in.checkPlace(); err != nil {
		return wire.Reply{}, err
	}
	found := a.o.Guide().Check(in.civic())
	if found.Match == area.NoMatch {
		return wire.Reply{}, wire.Bad(codeNotGeocoded, "This address could not be validated / geocoded: %s", found.Why)
	}
	out := geocodeResponse{Geocoded: addressOf(found.Address), Request: asked(in.Address)}
	out.Geocoded.AddressLine1 = text(found.Address.Street)
	if found.Match == area.Exact {
		return wire.OK(out), nil
	}
	out.Error = "Some adjustments are required to allow the address to pass geocoding:"
	if differences := in.differences(out.Geocoded); differences != "" {
		out.Error += differences
	} else {
		out.Error += " " + found.Why
	}
	return wire.Reply{Status: http.StatusConflict, Body: out}, nil
}

// asked is a request's address as the answer repeats it: without its empty elements, and with both its forms.
func asked(in Address) Address {
	country, _ := in.country()
	line := in.line()
	for _, p := range in.parts() {
		if value(*p.at) == "" {
			*p.at = nil
		}
	}
	in.AddressLine1, in.Country = text(line), text(country)
	return in
}
