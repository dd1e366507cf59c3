package routing

import (
	"net/netip"
	"testing"

	"callbox/routing/directory"
)

func TestWhatIsUrgentIsAskedForWhereItCouldBeHad(t *testing.T) {
	t.Parallel()
	s := directory.Lab(netip.AddrPort{})
	inside, outside := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("198.51.100.7")
	for _, tc := range []struct {
		user, host string
		source     netip.Addr
		want       bool
	}{
		{"911", hostLab, inside, true},
		{"999", hostLab, inside, true},
		{"911", hostTrunk, inside, true},
		{"911", hostPhones, inside, true}, // who has to prove it first has its chance
		{"urn:service:sos.fire", "", inside, true},
		{"URN:service:sos", "", inside, true},
		{"933", hostLab, inside, false},
		{"urn:service:test.sos", "", inside, false},
		{"urn:service:counseling", "", inside, false},
		{"+14155550123", hostLab, inside, false},
		{"", hostLab, inside, false},
		{"911", "example.org", inside, false},
		{"911", "", inside, false},
		{"911", hostLab, outside, false},
		{"+19195550911", hostLab, inside, true}, // a designated number of the account
		{"9195550911", hostTrunk, inside, true},
		{"+19195550911", hostLab, outside, false},
		{"+19195550911", "example.org", inside, false},
		{"+19195550912", hostLab, inside, false},
	} {
		if got := Urgent(s, tc.user, tc.host, tc.source); got != tc.want {
			t.Errorf("%s at %q from %v: %v, want %v", tc.user, tc.host, tc.source, got, tc.want)
		}
	}
}
