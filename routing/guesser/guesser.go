// Package guesser says what counts as one guesser of passwords, for those who slow guessing down: of API keys and tokens,
// and of SIP credentials.
package guesser

import "net/netip"

// Network is what one guesser has: an IPv4 address, or an IPv6 /64, whose addresses its host may choose among. That of the
// zero Addr is the zero Prefix.
func Network(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return p
}
