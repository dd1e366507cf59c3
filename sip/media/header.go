package media

import "encoding/binary"

// maxPacket is the longest datagram relayed, in bytes: what an Ethernet frame carries. Voice never comes near it, and
// a longer one could only leave in fragments.
const maxPacket = 1500

const (
	rtpHeaderLen  = 12
	rtcpHeaderLen = 8 // RTCP's common header and the SSRC that every first packet of a compound has
)

// packetKind is what the first bytes of a datagram say it is.
type packetKind uint8

const (
	kindJunk packetKind = iota // STUN, DTLS, noise, or a header that contradicts the datagram's length
	kindRTP
	kindRTCP
)

// rtpHeader is the part of an RTP header that the relay acts on:
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|V=2|P|X|  CC   |M|     PT      |       sequence number         |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                           timestamp                           |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|           synchronization source (SSRC) identifier            |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type rtpHeader struct {
	seq         uint16
	payloadType uint8
	timestamp   uint32
	ssrc        uint32
}

// classify tells RTP from RTCP by the second byte as RFC 5761 section 4 does for ports that carry both, and from
// everything else by the version. RTP that claims more header than there is datagram is junk.
func classify(b []byte) packetKind {
	if len(b) < rtcpHeaderLen || b[0]>>6 != 2 {
		return kindJunk
	}
	if b[1] >= 192 && b[1] <= 223 {
		if validRTCP(b) {
			return kindRTCP
		}
		return kindJunk
	}
	if !validRTP(b) {
		return kindJunk
	}
	return kindRTP
}

// validRTP says whether the fixed header, the CSRC list, the header extension and the padding fit into b (RFC 3550
// section 5.1).
func validRTP(b []byte) bool {
	if len(b) < rtpHeaderLen {
		return false
	}
	n := rtpHeaderLen + 4*int(b[0]&0x0f)
	if b[0]&0x10 != 0 {
		if len(b) < n+4 {
			return false
		}
		n += 4 + 4*int(binary.BigEndian.Uint16(b[n+2:]))
	}
	if b[0]&0x20 != 0 && len(b) >= n {
		n += int(b[len(b)-1])
	}
	return len(b) >= n
}

// validRTCP says whether b is a chain of RTCP packets whose lengths end where b ends (RFC 3550 section 6.1). A first
// packet other than a report is let through, since RFC 5506 allows it.
func validRTCP(b []byte) bool {
	if len(b) < rtcpHeaderLen {
		return false
	}
	for len(b) > 0 {
		if len(b) < 4 || b[0]>>6 != 2 || b[1] < 192 || b[1] > 223 {
			return false
		}
		n := 4 + 4*int(binary.BigEndian.Uint16(b[2:]))
		if n > len(b) {
			return false
		}
		b = b[n:]
	}
	return true
}

// rtcpBYE is the packet type of BYE (RFC 3550 section 6.6).
const rtcpBYE = 203

// withoutBYE takes the BYE packets out of what classify called RTCP, in place. Nothing may be left.
func withoutBYE(b []byte) []byte {
	kept := b[:0]
	for len(b) > 0 {
		n := 4 + 4*int(binary.BigEndian.Uint16(b[2:]))
		if b[1] != rtcpBYE {
			kept = append(kept, b[:n]...)
		}
		b = b[n:]
	}
	return kept
}

// parseRTP reads the header of a datagram that classify called RTP.
func parseRTP(b []byte) rtpHeader {
	_ = b[rtpHeaderLen-1]
	return rtpHeader{
		payloadType: b[1] & 0x7f,
		seq:         binary.BigEndian.Uint16(b[2:]),
		timestamp:   binary.BigEndian.Uint32(b[4:]),
		ssrc:        binary.BigEndian.Uint32(b[8:]),
	}
}
