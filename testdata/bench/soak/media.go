package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// stream is one side's RTP of one call. Each packet says whose it is, so that what reaches another call is seen.
type stream struct {
	from   *sockets
	conn   *net.UDPConn
	call   uint32
	centre bool
	period time.Duration

	to       atomic.Pointer[netip.AddrPort]
	quiet    atomic.Bool // on hold
	sent     atomic.Int64
	got      atomic.Int64
	foreign  atomic.Int64 // packets of nobody in this call
	stranger atomic.Pointer[string]
	stopping chan struct{}
	once     sync.Once
	done     sync.WaitGroup
}

const rtpHeader = 12

// sockets opens a socket for each stream on the next even port in order, as the odd one is for its RTCP. A port is used
// again only long after its call: the edge may send for a while to a phone that is gone.
type sockets struct {
	host  netip.Addr
	last  atomic.Uint32
	noise atomic.Int64 // packets of nobody that came before the first of the call
}

// The ports of callers and centres, which follow one another in a circle.
const firstOwn, ownPorts = 40000, 20000

func (s *sockets) open() (conn *net.UDPConn, err error) {
	for range 100 { // somebody else may have some
		at := netip.AddrPortFrom(s.host, uint16(firstOwn+2*s.last.Add(1)%ownPorts))
		if conn, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(at)); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

func newStream(from *sockets, call int, centre bool) (*stream, error) {
	conn, err := from.open()
	if err != nil {
		return nil, err
	}
	s := &stream{from: from, conn: conn, call: uint32(call), centre: centre, period: 100 * time.Millisecond, stopping: make(chan struct{})}
	if call%5 == 0 {
		s.period = 20 * time.Millisecond
	}
	s.done.Go(s.read)
	return s, nil
}

// description is the offer or answer that names where the stream is received.
func (s *stream) description() string {
	at := s.conn.LocalAddr().(*net.UDPAddr).AddrPort()
	return fmt.Sprintf("v=0\r\no=- 3745 3745 IN IP4 %s\r\ns=-\r\nc=IN IP4 %[1]s\r\nt=0 0\r\nm=audio %d RTP/AVP 0 8 101\r\n"+
		"a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=sendrecv\r\n%s%d\r\n",
		at.Addr(), at.Port(), mark, s.call)
}

// start begins to send to where a description says; when it runs already, it only changes where.
func (s *stream) start(sdp []byte) error {
	to, err := mediaAddress(sdp)
	if err != nil {
		return err
	}
	if s.to.Swap(&to) == nil {
		s.done.Go(s.write)
	}
	return nil
}

func (s *stream) stop() {
	s.once.Do(func() {
		close(s.stopping)
		s.conn.Close()
	})
	s.done.Wait()
}

// side is what the two sides' packets begin with.
func side(centre bool) byte {
	if centre {
		return 'P'
	}
	return 'C'
}

func (s *stream) write() {
	b := make([]byte, rtpHeader+160)
	b[0] = 0x80
	binary.BigEndian.PutUint32(b[8:], source(s.call, side(s.centre)))
	b[rtpHeader] = side(s.centre)
	binary.BigEndian.PutUint32(b[rtpHeader+1:], s.call)
	tick := time.NewTicker(s.period)
	defer tick.Stop()
	for seq := uint16(1); ; seq++ {
		if !s.quiet.Load() {
			binary.BigEndian.PutUint16(b[2:], seq)
			binary.BigEndian.PutUint32(b[4:], uint32(seq)*160)
			if _, err := s.conn.WriteToUDPAddrPort(b, *s.to.Load()); err == nil {
				s.sent.Add(1)
			}
		}
		select {
		case <-tick.C:
		case <-s.stopping:
			return
		}
	}
}

func (s *stream) read() {
	b := make([]byte, 2048)
	for {
		n, from, err := s.conn.ReadFromUDPAddrPort(b)
		if err != nil {
			select {
			case <-s.stopping:
				return
			default: // the edge's port is closed already: ICMP says so
			}
			continue
		}
		if n < rtpHeader+5 || b[1] >= 192 && b[1] <= 223 {
			continue // RTCP (RFC 5761 section 4)
		}
		ours := b[rtpHeader] == 'P' || b[rtpHeader] == 'C'
		ours = ours && binary.BigEndian.Uint32(b[8:]) == source(binary.BigEndian.Uint32(b[rtpHeader+1:]), b[rtpHeader])
		switch {
		case s.call == simulated && !ours:
			s.got.Add(1)
		case ours && b[rtpHeader] == side(!s.centre) && binary.BigEndian.Uint32(b[rtpHeader+1:]) == s.call:
			s.got.Add(1)
		case !ours && s.got.Load() == 0:
			s.from.noise.Add(1) // the edge cannot know better before it has heard the peer
		default:
			s.foreign.Add(1)
			first := fmt.Sprintf("at %s from %s, %d bytes: %x", s.conn.LocalAddr(), from, n, b[:min(n, 20)])
			s.stranger.CompareAndSwap(nil, &first)
		}
	}
}

// source is the SSRC of one side of a call.
func source(call uint32, side byte) uint32 { return call<<1 | uint32(side&1) }

// simulated is the call number of a stream whose other side speaks.
const simulated = 1 << 30

// alone tells who else was heard in a call.
func (s *stream) alone() error {
	if n := s.foreign.Load(); n > 0 {
		return fmt.Errorf("%d RTP packets that are not of this call, the first %s", n, *s.stranger.Load())
	}
	return nil
}

// flowed tells whether too little came in a call that both sides have spoken in all the time.
func (s *stream) flowed() error {
	if sent, got := s.sent.Load(), s.got.Load(); got < sent*8/10-5 {
		return fmt.Errorf("%d RTP packets sent, %d came", sent, got)
	}
	return nil
}

// mark is the attribute that says which call a description belongs to: parameters of a format pass everywhere.
const mark = "a=fmtp:8 call="

// callNumber reads which call an INVITE of the edge belongs to. A B2BUA has a Call-ID of its own, but hands on what the
// caller's description says.
func callNumber(b []byte) (int, error) {
	_, rest, _ := strings.Cut(string(b), mark)
	digits, _, _ := strings.Cut(rest, "\r")
	return strconv.Atoi(digits)
}

// mediaAddress returns where a description wants its audio.
func mediaAddress(sdp []byte) (netip.AddrPort, error) {
	var host string
	var port uint64
	for line := range strings.Lines(string(sdp)) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "c=IN IP4 "); ok {
			host = rest
		}
		if rest, ok := strings.CutPrefix(line, "m=audio "); ok && port == 0 {
			first, _, _ := strings.Cut(rest, " ")
			port, _ = strconv.ParseUint(first, 10, 16)
		}
	}
	at, err := netip.ParseAddr(host)
	if err != nil || port == 0 {
		return netip.AddrPort{}, fmt.Errorf("no media address in %q", sdp)
	}
	return netip.AddrPortFrom(at, uint16(port)), nil
}
