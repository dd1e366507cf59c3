package hook

import (
	"net/netip"
	"testing"
)

func TestInternalAddresses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"8.8.8.8": false, "1.1.1.1": false, "203.0.114.1": false, "100.63.255.255": false, "100.128.0.0": false, "172.15.0.1": false, "172.32.0.1": false,
		"192.0.1.1": false, "198.17.0.1": false, "198.20.0.1": false, "223.255.255.255": false, "2606:4700::1111": false, "2001:4860:4860::8888": false,
		"64:ff9b::8.8.8.8": false, "2002:808:808::1": false, "::ffff:8.8.8.8": false,
		"127.0.0.1": true, "127.255.255.254": true, "0.0.0.0": true, "0.1.2.3": true, "10.0.0.1": true, "172.16.0.1": true, "172.31.255.255": true, "192.168.1.1": true,
		"169.254.169.254": true, "100.64.0.1": true, "100.127.255.255": true, "192.0.0.8": true, "192.0.2.1": true, "192.88.99.1": true, "198.18.0.1": true,
		"198.51.100.1": true, "203.0.113.9": true, "224.0.0.1": true, "239.255.255.255": true, "240.0.0.1": true, "255.255.255.255": true,
		"::1": true, "::": true, "fe80::1": true, "fe80::1%eth0": true, "fc00::1": true, "fd12:3456::1": true, "fec0::1": true, "ff02::1": true, "2001:db8::1": true,
		"::ffff:127.0.0.1": true, "::ffff:10.0.0.1": true, "64:ff9b::10.0.0.1": true, "64:ff9b::7f00:1": true, "64:ff9b:1::8.8.8.8": true, "2002:7f00:1::": true,
		"2002:c0a8:101::1": true, "::127.0.0.1": true, "2001:0:808:808::80ff:fffe": true, "2001:0:808:808::f7f7:f7f7": false, "2001:0:a00:1::f7f7:f7f7": true,
		"100::1": true, "3fff::1": true, "5f00::1": true,
	} {
		if got := internal(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if !internal(netip.Addr{}) {
		t.Error("no address is one that may be called")
	}
}
