package b2bua

import (
	"strings"
	"testing"
	"testing/synctest"

	"callbox/routing"
	"callbox/sip/agent"
	"callbox/sip/call"
	"callbox/sip/location"
)

// pidfAt is a document that says a point.
func pidfAt(lat, lon float64) string {
	return string(location.Build(location.Location{
		Entity: "pres:ada@example.com", Method: "GPS", Shape: &location.Shape{Centre: location.Point{Lat: lat, Lon: lon}},
	}))
}

// pidfOf is a document that says a point over and over.
func pidfOf(times int) string {
	one := pidfAt(1, 2)
	start, end := strings.Index(one, "<tuple"), strings.Index(one, "</tuple>")+len("</tuple>")
	return one[:start] + strings.Repeat(one[start:end], times) + one[end:]
}

func TestWhatTheINVITESaysOfThePlace(t *testing.T) {
	doc := func(id, text string) string {
		return "\r\n--b\r\nContent-Type: application/pidf+xml\r\nContent-ID: <" + id + ">\r\n\r\n" + text
	}
	base64 := "\r\n--b\r\nContent-Transfer-Encoding: base64\r\nContent-Type: application/pidf+xml\r\nContent-ID: <coded@x>\r\n\r\nPHg+\r\n"
	rows := []struct {
		name      string
		parts     string // behind the description; "" for none
		headers   []string
		locations string
		refs      string
		routing   routing.GeolocationRouting
		fault     string
	}{
		{name: "nothing"},
		{name: "routing alone", headers: []string{"Geolocation-Routing: yes"}},
		{name: "a value", parts: doc("a@b", pidfAt(37.7, -122.4)), headers: []string{"Geolocation: <cid:a@b>", "Geolocation-Routing: yes"},
			locations: "37.700000,-122.400000", routing: routing.GeolocationRoutingYes},
		{name: "several, in the order of their values", parts: doc("a@b", pidfAt(1, 2)) + doc("c@d", pidfAt(3, 4)),
			headers:   []string{"Geolocation: <cid:c%40d>, <https://lis.example/x?y>", "Geolocation: <geo:5,6>,<cid:a@b>,<cid:a@b>", "Geolocation-Routing: maybe"},
			locations: "3.000000,4.000000 5.000000,6.000000 1.000000,2.000000", refs: "x", routing: routing.GeolocationRoutingNo},
		{name: "a location of the account", headers: []string{"Geolocation: mainCampus"}, refs: "mainCampus"},
		{name: "a document that no value names", parts: doc("a@b", pidfAt(1, 2)), locations: "1.000000,2.000000"},
		{name: "one that another value names instead", parts: doc("a@b", pidfAt(1, 2)), headers: []string{"Geolocation: <cid:c@d>"},
			fault: `no part of the body has the Content-ID "c@d" that Geolocation names`},
		{name: "a bad one beside a good one", parts: doc("a@b", "<no xml") + doc("c@d", pidfAt(1, 2)), headers: []string{"Geolocation: <cid:a@b>,<cid:c@d>"},
			locations: "1.000000,2.000000", fault: "location document: "},
		{name: "what its transfer encoding spoils", parts: base64, headers: []string{"Geolocation: <cid:coded@x>"}, fault: "location document: "},
		{name: "more parts than are read", parts: strings.Repeat("\r\n--b\r\n\r\nx", 40), headers: []string{"Geolocation: <cid:a@b>"},
			fault: "multipart body too large: more than 32 parts; no part of the body has the Content-ID"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, Options{})
				m := sdpMessage(offerA)
				if r.parts != "" {
					m = agent.Message{ContentType: "multipart/mixed;boundary=b",
						Body: []byte("--b\r\nContent-Type: application/sdp\r\n\r\n" + offerA + r.parts + "\r\n--b--")}
				}
				m.Headers = headers(r.headers)
				w.inviteWith(m).cancels()
				w.settle()
				q := w.asked[0]
				var points []string
				for _, l := range q.Locations {
					p, _ := l.Point()
					points = append(points, p.String())
				}
				if got := strings.Join(points, " "); got != r.locations || strings.Join(q.LocationRefs, " ") != r.refs || q.Geolocation != r.routing {
					t.Errorf("locations %q, names %q, routing %v", got, q.LocationRefs, q.Geolocation)
				}
				if !strings.HasPrefix(q.LocationFault, r.fault) || (r.fault == "") != (q.LocationFault == "") {
					t.Errorf("fault %q", q.LocationFault)
				}
				w.running.Wait()
			})
		})
	}
}

func TestOfManyPlacesOfAnINVITEAFewAreLookedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Options{})
		m := agent.Message{ContentType: "multipart/mixed;boundary=b", Headers: headers([]string{"Geolocation: <cid:a@b>,<cid:c@d>,<geo:5,6>"})}
		m.Body = []byte("--b\r\nContent-Type: application/sdp\r\n\r\n" + offerA)
		for _, id := range []string{"a@b", "c@d"} {
			m.Body = append(m.Body, "\r\n--b\r\nContent-Type: application/pidf+xml\r\nContent-ID: <"+id+">\r\n\r\n"+pidfOf(20)...)
		}
		m.Body = append(m.Body, "\r\n--b--"...)
		w.inviteWith(m).cancels()
		w.settle()
		if q := w.asked[0]; len(q.Locations) != maxPlaces || !strings.Contains(q.LocationFault, "more than 32 locations") {
			t.Errorf("%d locations, fault %q", len(q.Locations), q.LocationFault)
		}
		w.running.Wait()
	})
}

func TestABadLocationIsToldOnceInTheFinalAnswer(t *testing.T) {
	const told = `Geolocation-Error: 100;code="Cannot Process Location"`
	for _, bad := range []string{"", "it cannot be read"} {
		play(t, func(w *world) {
			w.plan.BadLocation = bad
			a := w.invite(offerA)
			b := w.b(1)
			b.rings()
			lacks(a, a.expect("progress 180").message, told)
			b.answers(answerB, header("Geolocation-Error", "200"))
			final := a.expect("answer 200").message
			if n := len(fields(final, "Geolocation-Error")); n > 1 || (n == 1) != (bad != "") {
				t.Errorf("%q: %d of Geolocation-Error", bad, n)
			}
			a.acks("")
			a.byes()
		})
		play(t, func(w *world) {
			w.plan.BadLocation = bad
			a := w.invite(offerA)
			for i := range 3 {
				w.b(i + 1).fails(503)
			}
			final := a.expect("reject 503").message
			if n := len(fields(final, "Geolocation-Error")); n > 1 || (n == 1) != (bad != "") {
				t.Errorf("%q: %d of Geolocation-Error", bad, n)
			}
			w.ended(call.EndNoTarget)
		})
	}
}
