package notify

import (
	"strings"
	"testing"
	"time"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/call"
	"callbox/sip/location"
)

func TestFactsTellWhichEndpointNeedsHelpWhere(t *testing.T) {
	t.Parallel()
	point := location.Point{Lat: 35.7796, Lon: -78.6382}
	d := &routing.Decision{
		Emergency: true, Dialled: "911",
		Caller: routing.Caller{Endpoint: &directory.Endpoint{ID: "alicePhone0001"}, Name: "Alice\r\nBcc: x"},
		Place: routing.Place{
			By: routing.PlaceValue, Point: &point, Uncertainty: 30,
			Nearest: &routing.Nearest{Civic: directory.Civic{Street: "100 Elm St", City: "Raleigh", State: "NC", PostalCode: "27601", Country: "US"}, Metres: 12},
		},
	}
	said := func() (Facts, string, string) {
		f := factsOf(EventPlaced, time.Time{}, d, &call.Record{})
		return f, text(Notice{Facts: f}), form(Notice{Facts: f}).Encode()
	}
	f, lines, posted := said()
	if f.Caller != "alicePhone0001" || f.Callback != "" || f.Address != "" || f.Lat == &point.Lat {
		t.Errorf("%+v", f)
	}
	for _, want := range []string{
		"Point: 35.779600, -78.638200 within 30 m\r\n", "Nearest known address: 100 Elm St, Raleigh, NC 27601, US\r\n",
		"Endpoint: alicePhone0001\r\n", "Caller name: Alice  Bcc: x\r\n",
	} {
		if !strings.Contains(lines, want) {
			t.Errorf("%q is not in\n%s", want, lines)
		}
	}
	if strings.Contains(lines, "Call back") || strings.Contains(lines, "none is registered") || strings.Contains(posted, "CallbackNumber") {
		t.Errorf("%s\n%s", lines, posted)
	}
	for _, want := range []string{"Endpoint=alicePhone0001", "Latitude=35.7796", "Longitude=-78.6382", "Uncertainty=30", "NearestAddress=100+Elm"} {
		if !strings.Contains(posted, want) {
			t.Errorf("%q is not in %s", want, posted)
		}
	}
	d.Caller.Number, d.Caller.Callback = "+19195550100", "+19195550199"
	civic := directory.Civic{Street: "1 Main St", Secondary: "Floor 3", City: "Raleigh", State: "NC", Country: "US"}
	d.Place = routing.Place{By: routing.PlaceValue, Civic: &civic}
	f, lines, posted = said()
	if f.Address != "1 Main St, Floor 3, Raleigh, NC, US" || f.Secondary != "Floor 3" || f.Lat != nil || f.Caller != "+19195550100" {
		t.Errorf("%+v", f)
	}
	if !strings.Contains(lines, "Call back: +19195550199\r\n") || !strings.Contains(posted, "CallbackNumber=%2B19195550199") {
		t.Errorf("%s\n%s", lines, posted)
	}
}
