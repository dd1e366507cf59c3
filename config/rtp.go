package config

import (
	"fmt"
	"net/netip"
	"slices"
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

// Advertised returns the addresses to name in SDP, at most one of each IP version: those set, and where none of its
// version is, the one address that media is bound to. A version without one is left to the local address towards the
// peer.
func (r RTP) Advertised() []netip.Addr {
	bind := r.Bind.Unmap()
	if !bind.IsValid() || bind.IsUnspecified() {
		return r.Advertise
	}
	for _, a := range r.Advertise {
		if a.Is4() == bind.Is4() {
			return r.Advertise
		}
	}
	return append(slices.Clone(r.Advertise), bind)
}
