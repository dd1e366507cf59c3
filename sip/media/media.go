// Package media owns the RTP and RTCP of every call: the port range, the sockets, the relay between a call's two
// sides, symmetric latching, the figures of each direction and the media time-out. It must not know SIP or SDP: it is
// told addresses and tells what it heard. Nothing above it may know how packets are carried. See DESIGN.md beside it.
package media

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"time"

	"github.com/rs/zerolog"

	"callbox/sip/call"
)

// ErrClosed is returned by Relay.Open after Relay.Close.
var ErrClosed = errors.New("media relay is closed")

// The values that Options' zero fields stand for.
const (
	DefaultPortMin    = 30000
	DefaultPortMax    = 39999
	DefaultTimeout    = 30 * time.Second
	DefaultQuarantine = 10 * time.Second
	DefaultRelearn    = 500 * time.Millisecond
)

// Options configures a Relay. The zero value works.
type Options struct {
	PortMin, PortMax uint16         // UDP range, both inclusive; RTP takes the even ports, RTCP the odd ones; 0: the defaults
	Bind             netip.Addr     // local address; zero: IPv6 wildcard for both families, IPv4 where there is no IPv6
	Timeout          time.Duration  // silence of both sides after which NoticeTimeout is given; 0: DefaultTimeout, negative: never
	Quarantine       time.Duration  // how long a closed session's ports rest; 0: DefaultQuarantine, negative: not at all
	Relearn          time.Duration  // silence of a source before another with its SSRC may follow it; 0: DefaultRelearn
	Workers          int            // packet loops; 0: GOMAXPROCS
	Logger           zerolog.Logger // control events only, never a packet

	Clock func() time.Duration // monotonic time since any fixed moment; nil: the process's
	Rand  func(n int) int      // a random number below n; nil: math/rand/v2
}

func (o Options) withDefaults() Options {
	o.PortMin = cmp.Or(o.PortMin, DefaultPortMin)
	o.PortMax = cmp.Or(o.PortMax, DefaultPortMax)
	o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	o.Quarantine = cmp.Or(o.Quarantine, DefaultQuarantine)
	o.Relearn = cmp.Or(o.Relearn, DefaultRelearn)
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Clock == nil {
		start := time.Now()
		o.Clock = func() time.Duration { return time.Since(start) }
	}
	if o.Rand == nil {
		o.Rand = rand.IntN
	}
	return o
}

// NoticeKind says what the relay noticed.
type NoticeKind uint8

// The kinds of notice.
const (
	NoticeFirstPacket NoticeKind = iota + 1 // the first RTP packet of a side was accepted; again after Side.Reset
	NoticeTimeout                           // no RTP from either side for Options.Timeout; once a session
	NoticeSilence                           // no RTP from one side for twice Options.Timeout, while the other speaks; again each such time
	NoticeUnsecured                         // a browser's media cannot be secured; Reason says why
)

// Notice is one thing the relay noticed about a session.
type Notice struct {
	Kind NoticeKind
	Side call.Leg // NoticeFirstPacket: the side that was heard; NoticeSilence, NoticeUnsecured: the one that was not

	Reason string // NoticeUnsecured
}
