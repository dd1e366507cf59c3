package twilio

import (
	"errors"
	"fmt"
	"net/netip"
)

// ipAddress reads the address of an ACL entry. The provider takes IPv4 only; ours takes IPv6, too, since the PBXs of a lab
// call from there.
func ipAddress(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	switch {
	case s == "":
		return a, errors.New("it is empty")
	case err != nil:
		return a, errors.New("it must be an IPv4 or IPv6 address, such as 192.0.2.1; the length of a network goes into CidrPrefixLength")
	case a.Zone() != "":
		return a, errors.New("it must not have a zone")
	case a.Is4In6():
		return a, fmt.Errorf("it must be written as IPv4, %s", a.Unmap())
	case a.IsUnspecified(), a.IsMulticast():
		return a, errors.New("no host can call from it")
	}
	return a, nil
}

// checkPrefixLength holds a prefix length to its address. 0 would let everybody in.
func checkPrefixLength(a netip.Addr, length int) error {
	if length < 1 || length > a.BitLen() {
		return fmt.Errorf("it must be between 1 and %d for %s", a.BitLen(), a)
	}
	return nil
}
