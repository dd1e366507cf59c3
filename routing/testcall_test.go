package routing

import (
	"net/netip"
	"testing"

	"callbox/routing/directory"
)

func TestATestCallByURNKnowsWhoWouldBeRung(t *testing.T) {
	t.Parallel()
	s := directory.Lab(netip.AddrPort{})
	for _, r := range []struct{ name, number, scheme, user, want string }{
		{"the centre of the address", "+14155550100", "urn", "service:test.sos", "psap-sf"},
		{"as 911 from there would", "+14155550100", "sip", "911", ""},
		{"933 is another test", "+14155550100", "sip", "933", ""},
		{"an emergency by URN is none", "+14155550100", "urn", "service:sos", ""},
		{"the ECC without an address", "+14155550102", "urn", "service:test.sos", "ecc-us"},
	} {
		q := request(r.number, r.user, "lab.sip.us1.twilio.com")
		q.Scheme = r.scheme
		d := Decide(s, nil, q)
		if d.TestCentre != r.want {
			t.Errorf("%s: %q, %s", r.name, d.TestCentre, d.Reason)
		}
		if r.scheme == "sip" && r.user == "911" && d.Targets[0].ID != "psap-sf" {
			t.Errorf("911 rings %s", d.Targets[0].ID)
		}
	}
}
