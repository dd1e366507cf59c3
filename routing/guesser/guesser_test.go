package guesser

import (
	"net/netip"
	"testing"
)

func TestAnIPv6SiteIsOneSourceAndMappedIPv4IsIPv4(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true},
		{"2001:db8::1", "2001:db8:0:1::1", false},
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
		{"fe80::1%eth0", "fe80::1%eth1", true},
	} {
		if a, b := Network(netip.MustParseAddr(tt.a)), Network(netip.MustParseAddr(tt.b)); (a == b) != tt.same {
			t.Errorf("%s is %s, %s is %s; the same: %v", tt.a, a, tt.b, b, !tt.same)
		}
	}
	if Network(netip.Addr{}).IsValid() {
		t.Error("nobody has a network")
	}
}
