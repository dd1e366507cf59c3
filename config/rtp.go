package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"callbox/config/strict"
)

// String renders p as 30000-39999.
func (p PortRange) String() string { return fmt.Sprintf("%d-%d", p.Min, p.Max) }

// MarshalText renders p as String does.
func (p PortRange) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads p from two port numbers with a hyphen between. Whether the range makes sense is checked later.
func (p *PortRange) UnmarshalText(text []byte) error {
	low, high, ok := strings.Cut(string(text), "-")
	from, err1 := strconv.ParseUint(strings.TrimSpace(low), 10, 16)
	to, err2 := strconv.ParseUint(strings.TrimSpace(high), 10, 16)
	if !ok || err1 != nil || err2 != nil {
		return &strict.Invalid{Message: "is not a range of ports", Mend: "write two ports up to 65535 with a hyphen between, such as 30000-39999"}
	}
	p.Min, p.Max = uint16(from), uint16(to)
	return nil
}

// Size returns how many ports p has.
func (p PortRange) Size() int { return max(0, int(p.Max)-int(p.Min)+1) }

// Contains tells whether port is in p.
func (p PortRange) Contains(port uint16) bool { return p.Min <= port && port <= p.Max }

// AdvertiseTo returns the address to name in SDP towards peer: the advertised one of peer's IP version. The zero Addr
// means none is set, and the local address towards peer is to be found.
func (r RTP) AdvertiseTo(peer netip.Addr) netip.Addr {
	for _, a := range r.Advertise {
		if a.Is4() == peer.Unmap().Is4() {
			return a
		}
	}
	return netip.Addr{}
}
