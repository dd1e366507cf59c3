package directory

import "testing"

func TestHostKeysMeetWhereLookUpsDo(t *testing.T) {
	suffixes := []string{"sip.lab.example"}
	names := []string{
		"lab.sip.twilio.com", "LAB.sip.us1.twilio.com", "lab.sip.dublin.twilio.com.", "lab.sip.lab.example", "other.sip.twilio.com",
		"lab.pstn.twilio.com", "lab.example", "10.0.0.5", "sip.twilio.com",
	}
	for _, a := range names {
		h := newHosts[int]("sip", suffixes)
		h.add(a, 1)
		if a != HostKey("", nil, a) { // the table is given normal names only
			h = newHosts[int]("sip", suffixes)
			h.add(HostKey("", nil, a), 1)
		}
		for _, b := range names {
			_, same := h.find(b)
			if got := HostKey("sip", suffixes, a) == HostKey("sip", suffixes, b); got != same {
				t.Errorf("%s and %s: one key is %t, one look-up is %t", a, b, got, same)
			}
		}
	}
}
