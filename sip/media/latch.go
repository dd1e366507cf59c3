package media

import (
	"net/netip"
	"time"
)

// verdict is what a latch says of one packet.
type verdict uint8

const (
	verdictDrop   verdict = iota // a stranger's
	verdictPass                  // the peer's, and nothing changes
	verdictLatch                 // the peer's first: media to it goes here from now on
	verdictSwitch                // the peer moved here
)

// rank is how much speaks for a source. A source of a higher rank takes over from one of a lower rank at once; between
// equals the newcomer must prove itself.
type rank uint8

const (
	rankStranger rank = iota
	rankHost          // the host that SDP named or that SIP came from, on another port
	rankPeer          // the very address SDP named, or a source that proved itself
)

// latch decides which source of RTP is the peer (symmetric RTP, RFC 4961, with a guard against hijack). It is a pure
// state machine: addresses, SSRCs and times go in, verdicts come out. DESIGN.md tells the rules in words.
type latch struct {
	announced netip.AddrPort // where SDP said the peer is; not valid when it did not
	near      netip.Addr     // where the peer's SIP comes from; not valid when unknown
	keyed     bool           // only what is protected with the peer's key comes here: nobody is a stranger

	source netip.AddrPort // the latched source; not valid while there is none
	ssrc   uint32         // its SSRC
	rank   rank           // what speaks for it
	heard  time.Duration  // when it was last heard

	home     netip.AddrPort // the source that another took over from by nothing but its SSRC; it may come back at once
	homeSSRC uint32

	patience time.Duration // until when only a host that is known may be latched first

	former      netip.AddrPort // the source before a new announcement: heard, but followed no more before formerUntil
	formerUntil time.Duration

	barred     netip.AddrPort // the source of the target before this one, which may go on sending for a while
	barredSSRC uint32
}

// strangerPatience is how long the peer has to be heard before a host that nobody announced may take its place, in
// relearn times: a stranger who sends first must not hear the call, a phone behind two NATs must not stay mute.
const strangerPatience = 2

// announce takes a new SDP address. The same address again changes nothing, and neither does an address that is not
// valid; another one unlatches, unless it is the very source that is latched.
func (l *latch) announce(addr netip.AddrPort, near netip.Addr, now, relearn time.Duration) {
	l.near = near
	if addr == l.announced || !addr.IsValid() {
		return
	}
	l.announced, l.patience = addr, now+strangerPatience*relearn
	l.home = netip.AddrPort{}
	if !l.source.IsValid() {
		return
	}
	if l.source == addr {
		l.rank = rankPeer
		return
	}
	l.former, l.formerUntil = l.source, now+relearn
	l.source, l.rank = netip.AddrPort{}, rankStranger
}

// expect starts the wait for the peer anew, since only now there is something for it to hear. A stranger who came
// before has to wait like any other: who sends to every port of a range while a call rings must not hear its answer.
func (l *latch) expect(now, relearn time.Duration) {
	if !l.announced.IsValid() && !l.near.IsValid() {
		return // nobody could be preferred
	}
	l.patience = now + strangerPatience*relearn
	if l.rank == rankStranger {
		l.source = netip.AddrPort{}
	}
}

// reset forgets the peer. What it still sends is dropped until the next peer is latched.
func (l *latch) reset() {
	if l.source.IsValid() {
		l.barred, l.barredSSRC = l.source, l.ssrc
	}
	*l = latch{barred: l.barred, barredSSRC: l.barredSSRC}
}

// accept judges an RTP packet from src. Only one that is not dropped changes the latch.
func (l *latch) accept(src netip.AddrPort, ssrc uint32, now, relearn time.Duration) verdict {
	if src == l.source {
		l.heard, l.ssrc = now, ssrc
		return verdictPass
	}
	if !l.source.IsValid() {
		return l.first(src, ssrc, now)
	}
	if src == l.home && ssrc == l.homeSSRC {
		l.follow(src, ssrc, rankPeer, now)
		return verdictSwitch
	}
	r := l.rankOf(src)
	if r > l.rank {
		l.follow(src, ssrc, r, now)
		return verdictSwitch
	}
	if r == rankStranger && l.direct() {
		return verdictDrop
	}
	if ssrc == l.ssrc && now-l.heard >= relearn {
		home, homeSSRC := l.home, l.homeSSRC
		if !home.IsValid() {
			home, homeSSRC = l.source, l.ssrc
		}
		l.follow(src, ssrc, rankPeer, now)
		l.home, l.homeSSRC = home, homeSSRC
		return verdictSwitch
	}
	return verdictDrop
}

// first judges a packet while nothing is latched.
func (l *latch) first(src netip.AddrPort, ssrc uint32, now time.Duration) verdict {
	if src != l.announced {
		if l.rankOf(src) == rankStranger && now < l.patience && src != l.former {
			return verdictDrop
		}
		if src == l.barred && ssrc == l.barredSSRC {
			return verdictDrop
		}
		if src == l.former && now < l.formerUntil {
			return verdictPass
		}
	}
	if l.rankOf(src) == rankStranger && l.direct() {
		l.follow(src, ssrc, rankStranger, now)
		return verdictPass
	}
	v := verdictLatch
	if l.former.IsValid() && l.former != src {
		v = verdictSwitch
	}
	l.follow(src, ssrc, l.rankOf(src), now)
	return v
}

func (l *latch) follow(src netip.AddrPort, ssrc uint32, r rank, now time.Duration) {
	l.source, l.ssrc, l.rank, l.heard = src, ssrc, r, now
	l.former, l.barred, l.home = netip.AddrPort{}, netip.AddrPort{}, netip.AddrPort{}
}

// direct tells that SDP names the host that SIP comes from. Then there is no NAT, and media reaches the peer where SDP
// says. A stranger may still be the peer, sending from another address of its machine, and is heard; but media does not
// follow it: a caller who only listens must not lose the call to whoever sends first.
func (l *latch) direct() bool { return l.announced.IsValid() && l.announced.Addr() == l.near }

func (l *latch) rankOf(src netip.AddrPort) rank {
	switch {
	case src == l.announced:
		return rankPeer
	case src.Addr() == l.announced.Addr(), src.Addr() == l.near, l.keyed:
		return rankHost
	}
	return rankStranger
}

// acceptMuxed judges RTCP that came to the RTP port. RTCP never latches: its SSRC proves nothing about the stream.
// It does show that a latched source is alive, which keeps others from taking its place.
func (l *latch) acceptMuxed(src netip.AddrPort, now time.Duration) verdict {
	switch {
	case src == l.source:
		l.heard = now
		return verdictPass
	case src == l.announced, !l.source.IsValid() && l.rankOf(src) > rankStranger:
		return verdictPass
	}
	return verdictDrop
}

// rtcpLatch decides which source on the RTCP port is the peer. RTCP is too rare for first come, first served: a
// forged report could arrive seconds before the peer's first. So it must come from the address SDP named for RTCP,
// which takes over at once, or from the host that the RTP latch trusts.
type rtcpLatch struct {
	announced netip.AddrPort
	source    netip.AddrPort
	heard     time.Duration
}

// rtcpRelearn is how long a source of RTCP must have been silent before another port of its host may take its place, in
// relearn times: reports are seconds apart (RFC 3550 section 6.2), so that a short silence says nothing.
const rtcpRelearn = 30

// announce takes a new SDP address for RTCP; a changed one forgets the source.
func (l *rtcpLatch) announce(addr netip.AddrPort) {
	if addr != l.announced {
		*l = rtcpLatch{announced: addr}
	}
}

// accept judges an RTCP packet from src beside the RTP latch of the same side.
func (l *rtcpLatch) accept(src netip.AddrPort, rtp *latch, now, relearn time.Duration) verdict {
	if src == l.source {
		l.heard = now
		return verdictPass
	}
	if src != l.announced {
		known := rtp.rankOf(src) > rankStranger
		if rtp.source.IsValid() {
			known = src.Addr() == rtp.source.Addr()
		}
		if !known || l.source.IsValid() && now-l.heard < rtcpRelearn*relearn {
			return verdictDrop
		}
	}
	v := verdictLatch
	if l.source.IsValid() {
		v = verdictSwitch
	}
	l.source, l.heard = src, now
	return v
}
