package agent

import (
	"encoding/binary"
	"net/netip"
)

// A phone keeps its NAT's binding alive by STUN on the SIP port (RFC 5626 section 3.5.2): a Binding request (RFC 5389), to
// which the answer is the address it came from.
//
//	|<- type ->|<- length ->|<- magic cookie ->|<- transaction, 96 bits ->|
const (
	stunHeader      = 20
	stunRequest     = 0x0001
	stunSuccess     = 0x0101
	stunCookie      = 0x2112A442
	stunXorMapped   = 0x0020
	maxStun         = 548 // the largest that is looked at
	stunFamilyIPv4  = 1
	stunFamilyIPv6  = 2
	stunAddressSize = 8 // of the attribute's value but for the address, with its own header
)

// answerSTUN returns the answer to a Binding request that came from an address, nil for anything else.
func answerSTUN(b []byte, from netip.AddrPort) []byte {
	if len(b) < stunHeader || len(b) > maxStun || binary.BigEndian.Uint16(b) != stunRequest ||
		int(binary.BigEndian.Uint16(b[2:])) != len(b)-stunHeader || binary.BigEndian.Uint32(b[4:]) != stunCookie {
		return nil
	}
	ip, family := from.Addr().Unmap().AsSlice(), byte(stunFamilyIPv4)
	if len(ip) == 16 {
		family = stunFamilyIPv6
	}
	out := make([]byte, 0, stunHeader+stunAddressSize+len(ip))
	out = binary.BigEndian.AppendUint16(out, stunSuccess)
	out = binary.BigEndian.AppendUint16(out, uint16(stunAddressSize+len(ip)))
	out = append(out, b[4:stunHeader]...)
	out = binary.BigEndian.AppendUint16(out, stunXorMapped)
	out = binary.BigEndian.AppendUint16(out, uint16(4+len(ip)))
	out = append(out, 0, family)
	out = binary.BigEndian.AppendUint16(out, from.Port()^(stunCookie>>16))
	for i, c := range ip {
		out = append(out, c^b[4+i])
	}
	return out
}
