package hook

import "net/netip"

// internal tells whether an address is of a private network, of this machine or link, or of none that the public internet
// reaches (RFC 6890), also where it is wrapped in an address of IPv6 that leads to such a one.
func internal(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsValid() || a.IsPrivate() || !a.IsGlobalUnicast() {
		return true // loopback, link-local, multicast and unspecified addresses are no global ones
	}
	b := a.As16()
	if a.Is4() {
		v4 := a.As4()
		return reserved4(v4)
	}
	inner := func(at int) bool { return internal(netip.AddrFrom4([4]byte(b[at : at+4]))) }
	switch {
	case within(a, "2001:db8::/32"), within(a, "3fff::/20"), within(a, "100::/64"), within(a, "fec0::/10"), within(a, "5f00::/16"):
		return true
	case within(a, "64:ff9b:1::/48"): // a translator's own network (RFC 8215)
		return true
	case within(a, "64:ff9b::/96"): // NAT64
		return inner(12)
	case within(a, "2002::/16"): // 6to4
		return inner(2)
	case within(a, "2001::/32"): // Teredo names its server and, inverted, its client
		for i := range 4 {
			b[12+i] = ^b[12+i]
		}
		return inner(4) || inner(12)
	case within(a, "::/96"): // the compatible form, long withdrawn
		return inner(12)
	}
	return false
}

// reserved4 knows the networks of IPv4 that netip takes for global.
func reserved4(b [4]byte) bool {
	switch {
	case b[0] == 0, b[0] >= 240:
		return true
	case b[0] == 100 && b[1]&0xc0 == 64: // carriers' NAT
		return true
	case b[0] == 192 && b[1] == 0 && (b[2] == 0 || b[2] == 2):
		return true
	case b[0] == 192 && b[1] == 88 && b[2] == 99:
		return true
	case b[0] == 198 && (b[1]&0xfe == 18 || b[1] == 51 && b[2] == 100):
		return true
	case b[0] == 203 && b[1] == 0 && b[2] == 113:
		return true
	}
	return false
}

func within(a netip.Addr, network string) bool { return netip.MustParsePrefix(network).Contains(a) }
