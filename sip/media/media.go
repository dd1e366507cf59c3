// Package media owns the RTP and RTCP of every call: the port range, the sockets, the relay between a call's two
// sides, symmetric latching, the figures of each direction and the media time-out. It must not know SIP or SDP: it is
// told addresses and tells what it heard. Nothing above it may know how packets are carried. See DESIGN.md beside it.
package media

import (
	"net/netip"
	"time"

	"github.com/rs/zerolog"

	"callbox/sip/call"
)

// Options configures a Relay. The zero value works: ports 30000 to 39999, dual-stack wildcard, the default times, a
// worker per processor and no log.
type Options struct {
	PortMin, PortMax uint16         // UDP range, both inclusive; RTP takes the even ports, RTCP the odd ones
	Bind             netip.Addr     // local address; zero: IPv6 wildcard for both families, IPv4 where there is no IPv6
	Timeout          time.Duration  // silence of both sides after which NoticeTimeout is given; 0: 30 s, negative: never
	Quarantine       time.Duration  // how long a closed session's ports rest; 0: 10 s, negative: not at all
	Relearn          time.Duration  // silence of a latched source before another with its SSRC may follow it; 0: 500 ms
	Logger           zerolog.Logger // control events only, never a packet
	Workers          int            // packet loops; 0: GOMAXPROCS
}

// NoticeKind says what the relay noticed.
type NoticeKind uint8

// The kinds of notice.
const (
	NoticeFirstPacket NoticeKind = iota + 1 // the first RTP packet of a side was accepted; again after Side.Reset
	NoticeTimeout                           // no RTP from either side for Options.Timeout; once a session
)

// Notice is one thing the relay noticed about a session.
type Notice struct {
	Kind NoticeKind
	Side call.Leg // NoticeFirstPacket: the side that was heard
}

// Remote is where a peer's SDP said that it takes media.
type Remote struct {
	RTP  netip.AddrPort // not valid (a host name in SDP, or nothing yet): wait until the peer is heard
	RTCP netip.AddrPort // not valid: RTP's address and the next port (RFC 3550 section 11)
	Mux  bool           // the peer takes RTCP on its RTP port (RFC 5761)

	// Signalling is the address the peer's SIP came from. It may be left out; where it is known, a peer behind a NAT is
	// preferred to a stranger while neither has proved itself.
	Signalling netip.Addr

	// ClockRate gives the RTP clock of a payload type in Hz for the jitter; 0 or a nil function means 8000. It is
	// called with the session locked and only when the payload type changes, so it must be quick and pure.
	ClockRate func(payloadType uint8) uint32
}

// Relay carries the media of all calls.
type Relay struct{ o Options }

// New starts a relay.
func New(o Options) (*Relay, error) { return &Relay{o: o}, nil }

// Open takes two port pairs and starts relaying between them. notify is called from the relay's own goroutines, must
// not block, may call the session's methods, and may be nil. The error wraps ErrNoPorts when the range is exhausted.
func (r *Relay) Open(notify func(Notice)) (*Session, error) { return &Session{}, nil }

// Close ends every session and stops the relay's goroutines.
func (r *Relay) Close() error { return nil }

// Session is the media of one call.
type Session struct{ sides [2]Side }

// Side returns the half of the session that faces leg l.
func (s *Session) Side(l call.Leg) *Side {
	if l == call.LegB {
		return &s.sides[1]
	}
	return &s.sides[0]
}

// Hold suspends the media time-out, and starts it afresh when it ends.
func (s *Session) Hold(on bool) {}

// Stats returns the figures so far; it may be called at any time.
func (s *Session) Stats() call.Media { return call.Media{} }

// Close stops the session, puts its ports into quarantine and returns the final figures. Calling it again returns
// the same figures.
func (s *Session) Close() call.Media { return call.Media{} }

// Side is the half of a session that faces one leg.
type Side struct{ s *Session }

// Ports returns the local ports of the side, for the SDP sent to its leg.
func (sd *Side) Ports() (rtp, rtcp uint16) { return 0, 0 }

// SetRemote tells where SDP said the peer is. A changed address relatches; the same one changes nothing.
func (sd *Side) SetRemote(rem Remote) {}

// Reset forgets the peer: its announced address, its latched source and its SSRC. For the next target.
func (sd *Side) Reset() {}
