package media

import (
	"net"
	"net/netip"
	"time"

	"callbox/sip/call"
)

// Remote is where a peer's SDP said that it takes media.
type Remote struct {
	// RTP is where the peer takes RTP. Not valid (a host name in SDP, or none yet): wait until the peer is heard.
	// An unspecified address is a hold of the old kind (RFC 3264 section 8.4): nothing is sent until the next Remote.
	RTP  netip.AddrPort
	RTCP netip.AddrPort // not valid: RTP's address and the next port (RFC 3550 section 11)
	Mux  bool           // the peer takes RTCP on its RTP port (RFC 5761)

	// Signalling is the address the peer's SIP came from. It may be left out; where it is known, a peer behind a NAT is
	// preferred to a stranger while neither has proved itself.
	Signalling netip.Addr

	// Keys are set where SRTP was agreed on. The same key again goes on: rollover counter and replay window stay.
	Keys *Keys

	// Web is set for a browser, whose keys come by DTLS and whose address by ICE: Keys, RTP and RTCP do not count then,
	// but for an RTP that asks for no media.
	Web *Web

	// ClockRate gives the RTP clock of a payload type in Hz for the jitter; 0 or a nil function means 8000. It is
	// called with the session locked and only when the payload type changes, so it must be quick and pure.
	ClockRate func(payloadType uint8) uint32
}

// Side is the half of a session that faces one leg.
type Side struct {
	s    *Session
	leg  call.Leg
	port uint16 // RTP; RTCP is the next
	fds  [2]int // RTP, RTCP

	latch latch
	rtcp  rtcpLatch
	in    *opener // what comes is SRTP; nil: RTP
	out   *sealer // what goes out is SRTP; nil: RTP
	was   *sealer // of our key before, which comes back when a re-INVITE is taken back
	web   *web    // the peer is a browser; in is set then
	flow  flow    // what comes from this side's peer
	clock func(uint8) uint32

	to     [2]sockaddr // where RTP and RTCP to the peer go, kept in step with the latches
	mux    bool
	muted  bool
	told   bool          // SetRemote was called since the last Reset
	quiet  time.Duration // since when no RTP has come from this side, or since its silence was last noticed
	heard  bool          // NoticeFirstPacket was given since the last Reset
	notice bool          // it is due
}

// Ports returns the local ports of the side, for the SDP sent to its leg.
func (sd *Side) Ports() (rtp, rtcp uint16) { return sd.port, sd.port + 1 }

// SetRemote tells where SDP said the peer is. A changed address relatches, the same one changes nothing. An address
// that no media may go to (multicast, port 0, this session's own ports) counts as not valid.
func (sd *Side) SetRemote(rem Remote) {
	rtp, rtcp := sd.usable(rem.RTP), sd.usable(rem.RTCP)
	if !rtcp.IsValid() && rtp.IsValid() && rtp.Port() < 1<<16-1 {
		rtcp = netip.AddrPortFrom(rtp.Addr(), rtp.Port()+1)
	}
	defer sd.s.fitRTCP()
	sd.s.mu.Lock()
	defer sd.s.mu.Unlock()
	now := sd.s.relay.clock()
	first := !sd.told
	if first {
		sd.told = true
		sd.s.listen(now)
	}
	sd.mux, sd.clock = rem.Mux || rem.Web != nil, rem.ClockRate
	if first && sd.out != nil && rem.Keys != nil && !sd.out.key.equal(rem.Keys.send) {
		sd.out = nil // another leg's: this peer has heard nothing yet, so its rollover counters are 0
	}
	if rem.Web != nil {
		rtp, rtcp = netip.AddrPort{}, netip.AddrPort{}
		sd.meet(*rem.Web)
	} else {
		sd.part()
		sd.secure(rem.Keys)
	}
	sd.flow.rate = 0 // asks the new clock
	sd.muted = rem.RTP.IsValid() && rem.RTP.Addr().Unmap().IsUnspecified()
	sd.latch.announce(rtp, rem.Signalling.Unmap(), now, sd.s.relay.relearn)
	if rtcp.IsValid() {
		sd.rtcp.announce(rtcp)
	}
	sd.retarget(nil, nil)
	if first {
		sd.s.expect(now)
	}
}

// Await drops what comes until SetRemote tells with which key it is protected, or that it is not: SRTP from a peer
// that has not answered must not pass for RTP.
func (sd *Side) Await() {
	sd.s.mu.Lock()
	defer sd.s.mu.Unlock()
	sd.in = &opener{}
}

// secure takes the keys of an exchange, nil for none. mu is held.
func (sd *Side) secure(k *Keys) {
	sd.latch.keyed = k != nil
	if k == nil {
		sd.in, sd.flow.suite = nil, 0
		sd.seal(nil)
		return
	}
	if sd.in == nil || !sd.in.key.equal(k.receive) {
		sd.in = newOpener(k.receive, sd.in)
	}
	if sd.out == nil || !sd.out.key.equal(k.send) {
		sd.seal(&k.send)
	}
	sd.flow.suite = k.receive.Suite
}

// seal protects what goes out with another key, nil for none. The key before that goes on where it was: its numbers must
// not come twice. mu is held.
func (sd *Side) seal(k *Key) {
	now, was := sd.out, sd.was
	switch {
	case k == nil:
		sd.out = nil
	case was != nil && was.key.equal(*k):
		was.goOn(now)
		sd.out = was
	default:
		sd.out = newSealer(*k, now)
	}
	if now != nil {
		sd.was = now
	}
}

// expect tells both latches that there is something to hear, once both sides are known. mu is held.
func (s *Session) expect(now time.Duration) {
	if !s.sides[0].told || !s.sides[1].told {
		return
	}
	for i := range s.sides {
		s.sides[i].latch.expect(now, s.relay.relearn)
		s.sides[i].retarget(nil, nil)
	}
}

// Reset forgets the peer: its announced address, its latched source and its SSRC. For the next target. Counts go on.
func (sd *Side) Reset() {
	defer sd.s.fitRTCP()
	sd.s.mu.Lock()
	defer sd.s.mu.Unlock()
	sd.latch.reset()
	sd.rtcp = rtcpLatch{}
	sd.part()
	sd.in = nil // out stays, since the next target of a fork has the same key of ours, which counts on
	sd.flow.restart()
	sd.mux, sd.muted, sd.told, sd.heard, sd.notice, sd.clock = false, false, false, false, false, nil
	sd.retarget(nil, nil)
}

// usable returns addr, unmapped, or the zero AddrPort when no media may go there.
func (sd *Side) usable(addr netip.AddrPort) netip.AddrPort {
	ip := addr.Addr().Unmap().WithZone("")
	if !ip.IsValid() || addr.Port() == 0 || ip.IsUnspecified() || ip.IsMulticast() || sd.s.own(ip, addr.Port()) {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(ip, addr.Port())
}

// own says whether ip and port are one of the session's own sockets, which would make packets run in a circle.
func (s *Session) own(ip netip.Addr, port uint16) bool {
	mine := false
	for i := range s.sides {
		mine = mine || port == s.sides[i].port || port == s.sides[i].port+1
	}
	return mine && s.onThisHost(ip)
}

// onThisHost says whether packets to ip come to this session's machine.
func (s *Session) onThisHost(ip netip.Addr) bool {
	if bound := s.relay.binding.addr; bound.IsValid() && !bound.IsUnspecified() {
		return ip == bound.WithZone("")
	}
	if ip.IsLoopback() {
		return true
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return true // better a peer that must be heard first than a circle
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.Equal(net.IP(ip.AsSlice())) {
			return true
		}
	}
	return false
}

// retarget rebuilds where RTP and RTCP to the peer go. rtp and rtcp are the raw sources of a packet that has just
// moved the RTP or RTCP latch, which keep the zone of a link-local address, or nil.
func (sd *Side) retarget(rtp, rtcp *sockaddr) {
	if sd.web != nil {
		sd.to[0] = sd.web.path(sd.muted)
		return
	}
	v6 := sd.s.relay.binding.v6
	set := func(to, raw *sockaddr, source, announced netip.AddrPort) {
		switch {
		case sd.muted:
			*to = sockaddr{}
		case raw != nil:
			*to = *raw
		case source.IsValid():
			if to.n == 0 || to.addrPort() != source {
				*to = newSockaddr(source, v6)
			}
		default:
			*to = newSockaddr(announced, v6)
		}
	}
	set(&sd.to[0], rtp, sd.latch.source, sd.latch.announced)
	set(&sd.to[1], rtcp, sd.rtcp.source, sd.rtcp.announced)
}

// index is the side's place in its session.
func (sd *Side) index() int {
	if sd.leg == call.LegB {
		return 1
	}
	return 0
}
