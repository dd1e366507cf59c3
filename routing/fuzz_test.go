package routing

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"callbox/routing/directory"
	"callbox/sip/location"
)

func FuzzDecide(f *testing.F) {
	lab, strange := directory.Lab(netip.AddrPort{}), odd(f)
	f.Add("sip", "911", hostLab, "sip", "+14155550100", hostLab, "udp", "alice", "Callbox-lab-911", "", []byte{127, 0, 0, 1})
	f.Add("urn", "service:sos.fire", hostTrunk, "sip", "+14155550102", "x", "tls", "alice", "Callbox-lab-911", "psap-sf", []byte{127, 0, 0, 1})
	f.Add("tel", "9-3-3;a=b", hostStore, "sips", "anonymous", "anonymous.invalid", "tcp", "", "", "ecc-us", make([]byte, 16))
	f.Add("sip", "112", "open.sip.twilio.com", "sip", "+33155500100", "", "", "bob", "x", "psap-sf psap-oakland", []byte{})
	f.Fuzz(func(t *testing.T, scheme, user, host, fromScheme, fromUser, fromHost, transport, name, password, out string, source []byte) {
		addr, _ := netip.AddrFromSlice(source)
		req := Request{
			Source: addr, Transport: transport, Scheme: scheme, User: user, Host: host,
			From: Identity{fromScheme, fromUser, fromHost}, Proof: knows(name, directory.Secret(password)),
		}
		if name == "" {
			req.Proof = nil
		}
		for _, s := range []*directory.Snapshot{lab, strange} {
			alone := Decide(s, down(out), req)
			check(t, alone)
			req := req
			req.Claims = []Claim{{directory.SourceAsserted, Identity{fromScheme, name, fromHost}}, {directory.SourceDiversion, Identity{scheme, user, host}}}
			d := Decide(s, down(out), req)
			check(t, d)
			if d.Caller != alone.Caller && alone.Caller.Number != "" && alone.Caller.Source == directory.SourceFrom && !alone.Caller.Replaced {
				t.Errorf("From is %q, and a claim makes it %q", alone.Caller.Number, d.Caller.Number)
			}
		}
	})
}

// check holds what is true of every decision.
func check(t *testing.T, d Decision) {
	t.Helper()
	calls := d.Verdict == VerdictPSAP || d.Verdict == VerdictECC || d.Verdict == VerdictTest
	asks := d.Verdict == VerdictAsk
	if calls != (len(d.Targets) > 0) || (calls || asks) != (d.Status == 0) || (calls || asks) == (d.Status >= 400) {
		t.Errorf("verdict %s, status %d, %d targets", d.Verdict, d.Status, len(d.Targets))
	}
	if (d.Verdict == VerdictRefuse) != (d.Reason != "") || (d.Verdict == VerdictChallenge) != (d.Realm != "") {
		t.Errorf("verdict %s, reason %q, realm %q", d.Verdict, d.Reason, d.Realm)
	}
	if (d.FeeCents != 0) != (d.Warning != 0) || d.FeeCents != 0 && (d.Verdict != VerdictECC || d.Caller.Address != nil || !d.Emergency) {
		t.Errorf("fee %d, warning %d, verdict %s", d.FeeCents, d.Warning, d.Verdict)
	}
	seen := map[string]bool{}
	for i, target := range d.Targets {
		if seen[target.ID] || target.ID == "" || target.URI == "" || target.Ring <= 0 {
			t.Errorf("target %+v", target)
		}
		seen[target.ID] = true
		if last := i == len(d.Targets)-1; d.Emergency && last != (target.Kind == TargetECC) {
			t.Errorf("target %d of %d is %s", i, len(d.Targets), target.Kind)
		}
	}
	if asks != (d.Question != nil && d.Reply == nil) || asks && (d.Question.Hook == nil || d.Question.To == "") {
		t.Errorf("verdict %s, question %+v", d.Verdict, d.Question)
	}
	if p := d.Place; p.By == PlaceNone && p != (Place{}) || p.By != PlaceNone && p.Address == nil && p.Civic == nil && p.Point == nil {
		t.Errorf("place %+v", p)
	}
	if d.BadLocation != "" && (d.Place.By == PlaceValue || d.Place.By == PlaceID) {
		t.Errorf("place %+v, though %s", d.Place, d.BadLocation)
	}
	numbered := d.Caller.Number != "" || d.Caller.Endpoint != nil || strings.HasPrefix(d.Dialled, "+")
	if calls && (!numbered || d.Country == "" || d.Dialled == "" || d.Service == "") {
		t.Errorf("caller %+v, country %q, dialled %q, service %q", d.Caller, d.Country, d.Dialled, d.Service)
	}
	if Text(d) == "" {
		t.Error("no text")
	}
}

// FuzzDecideWhere calls from places, by endpoints and to designated numbers.
func FuzzDecideWhere(f *testing.F) {
	strange := odd(f)
	f.Add("alicePhone0001", "911", "GPS", "nycOffice", "", "alicePhone0001", "sfOffice", "", 38.2, -117.2, 10.0, 200, uint8(3))
	f.Add("+14155550100", "+19195550911", "", "", "line 1", "alicePhone0001", "", "+12125550188", 37.7841, -122.3964, 50.0, 404, uint8(31))
	f.Add("anonymous", "+19195550912", "", "unserved", "x", "barePhone00001", "unserved", "Eve", 91.0, 500.0, -1.0, 0, uint8(255))
	f.Fuzz(func(t *testing.T, from, user, method, id, fault, aeui, hookID, callback string, lat, lon, radius float64, status int, bits uint8) {
		r := request(from, user, hostBandwidth)
		p := location.Point{Lat: lat, Lon: lon}
		if shape := location.NewCircle(p, radius); shape.Check() == nil && bits&1 != 0 { // the edge drops others
			r.Locations = append(r.Locations, location.Location{Shape: &shape, Method: method})
		}
		if bits&2 != 0 {
			r.Locations = append(r.Locations, location.Location{Civic: &location.Civic{RD: id, A3: "New York", A1: "NY", Country: "US"}})
		}
		if bits&4 != 0 {
			r.LocationRefs = append(r.LocationRefs, id, hookID)
		}
		r.LocationFault, r.Geolocation = fault, GeolocationRouting(bits>>3&3)
		d := Decide(strange, nil, r)
		check(t, d)
		for range 2 {
			if d.Verdict != VerdictAsk {
				return
			}
			r.Replies = append(r.Replies, Reply{
				Kind: d.Question.Kind, Status: status, AEUI: aeui, LocationID: hookID, Callback: callback, Name: method,
				Body: []byte(fault), Elapsed: time.Duration(bits) * time.Millisecond,
			})
			if bits&32 != 0 {
				r.Replies[0].Point = &p
			}
			if bits&64 != 0 {
				r.Replies[0].Radius = &radius
			}
			if bits&128 != 0 {
				r.Replies[0].Err = fault
			}
			d = Decide(strange, nil, r)
			check(t, d)
		}
		if d.Verdict == VerdictAsk {
			t.Errorf("it asks for ever: %+v", d.Question)
		}
	})
}
