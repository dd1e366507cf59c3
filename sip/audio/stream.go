package audio

import (
	"math/rand/v2"
	"net/netip"
	"sync"

	"github.com/pion/rtp"
)

// Conn is the socket of a stream; *net.UDPConn is one.
type Conn interface {
	Writer
	ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error)
	Close() error
}

// Writer sends datagrams.
type Writer interface {
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
}

// StreamOptions configure a Stream. Conn and Pacer are required.
type StreamOptions struct {
	Conn   Conn   // for RTP, and for RTCP that shares its port; the stream closes it
	RTCP   Writer // sends RTCP that has a port of its own; may be shared by streams; nil sends none
	Pacer  *Pacer
	Source Source        // what is sent; nil sends nothing but digits
	Heard  func([]int16) // what is heard, in order, what was lost as silence; the slice is valid during the call only
	Digit  func(byte)    // a DTMF digit that was heard
	First  func()        // the first audio packet came
	CNAME  string        // of RTCP; "" is callbox
	Random func() uint64 // for SSRC, sequence number and timestamp; nil is math/rand/v2
}

// Flow says where a stream sends and what.
type Flow struct {
	Remote  netip.AddrPort // where RTP goes; not valid means to wherever the peer's packets come from
	RTCP    netip.AddrPort // where RTCP goes; equal to Remote when the port is shared; not valid sends none
	Codec   Codec
	Payload uint8 // payload type of Codec
	Event   uint8 // payload type of telephone-event, 0 for none
	Send    bool
	Receive bool
	Keys    *Keys // of SRTP; nil is plain RTP. The same keys again go on.
}

// Stats are the figures of a stream.
type Stats struct {
	PacketsSent     uint64
	BytesSent       uint64 // RTP payload
	SendErrors      uint64
	PacketsReceived uint64
	BytesReceived   uint64 // RTP payload
	PacketsLost     uint64 // never came, or too late
	PacketsLate     uint64 // came after their turn, or twice
	PacketsStrange  uint64 // not RTP, or of no payload type agreed on
	PacketsForged   uint64 // not protected with the key agreed on, or a copy
	RTCPReceived    uint64 // on the RTP port
}

// Stream is an RTP session of G.711 on one socket: a Pacer sends, and a goroutine of the stream's own receives. Its
// callbacks run on those goroutines and must not block, nor call the stream.
type Stream struct {
	o     StreamOptions
	phase int // of the pacer

	mu       sync.Mutex // guards all below
	flow     Flow
	stats    Stats
	closed   bool
	learned  netip.AddrPort // where packets come from
	events   eventSender
	header   rtp.Header
	mark     bool // the next packet begins a talk spurt
	pcm      [FrameSamples]int16
	packet   []byte
	reports  reports
	receiver receiver
	out, in  protection

	done chan struct{}
}

// maxPacket is the largest datagram that is read whole.
const maxPacket = 1500

// NewStream starts a stream that receives at once and sends nothing until Set. Close ends it.
func NewStream(o StreamOptions) *Stream {
	random := o.Random
	if random == nil {
		random = rand.Uint64
	}
	seed := random()
	s := &Stream{o: o, mark: true, done: make(chan struct{}), packet: make([]byte, 0, 12+FrameSamples)}
	s.header = rtp.Header{Version: 2, SSRC: uint32(seed), SequenceNumber: uint16(seed >> 32), Timestamp: uint32(random())}
	s.header.SequenceNumber &= 1<<15 - 1 // so that a peer who misses the first packets misses no wrap (RFC 4568 section 6.4)
	s.reports.until = firstReport
	o.Pacer.add(s)
	go s.receive()
	return s
}

// Set changes where and what the stream sends and takes. Digits that wait to be sent stay. The error is of its keys;
// the stream is then as it was.
func (s *Stream) Set(f Flow) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var send, receive *Key
	if f.Keys != nil {
		send, receive = &f.Keys.Send, &f.Keys.Receive
	}
	out := s.out
	if err := out.set(send); err != nil {
		return err
	}
	if err := s.in.set(receive); err != nil {
		return err
	}
	s.flow, s.out = f, out
	return nil
}

// SendDigit queues a DTMF digit to be sent as events (RFC 4733). It reports false when d is no digit, no payload type
// was agreed on, or 64 digits wait already.
func (s *Stream) SendDigit(d byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.flow.Event != 0 && s.events.push(d)
}

// Sending tells whether digits are still waiting to be sent.
func (s *Stream) Sending() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.events.queue) > 0
}

// Stats returns the figures so far.
func (s *Stream) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// Close says goodbye by RTCP, closes the socket and waits for the stream's goroutine. No callback runs after it. It
// must not be called from one.
func (s *Stream) Close() {
	s.o.Pacer.remove(s)
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		s.report(true)
		_ = s.o.Conn.Close() // what is left of a UDP socket that fails to close is nothing
	}
	s.mu.Unlock()
	<-s.done
}

// tick sends one frame. The pacer calls it.
func (s *Stream) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.header.Timestamp += FrameSamples
	s.pulse()
	if !s.flow.Send || !s.remote().IsValid() {
		s.mark = true
		return
	}
	e, repeats, silent, first := s.events.next(s.header.Timestamp)
	if silent {
		for range repeats {
			s.sendEvent(e, first)
		}
		s.mark = true
		return
	}
	if s.o.Source == nil || !s.o.Source.Frame(s.pcm[:]) {
		s.mark = true
		return
	}
	h := s.header
	h.Marker, h.PayloadType = s.mark, s.flow.Payload
	s.mark = false
	b := s.begin(h)
	n := len(b)
	b = b[:n+FrameSamples]
	s.flow.Codec.Encode(b[n:], s.pcm[:])
	s.send(b, FrameSamples)
}

func (s *Stream) sendEvent(e event, first bool) {
	h := s.header
	h.Marker, h.PayloadType, h.Timestamp = first, s.flow.Event, s.events.timestamp
	b := e.append(s.begin(h))
	s.send(b, 4)
}

// begin returns the stream's packet buffer with the header in it.
func (s *Stream) begin(h rtp.Header) []byte {
	b := s.packet[:12]
	if _, err := h.MarshalTo(b); err != nil {
		return s.packet[:0] // cannot be: a header without extensions takes 12 bytes
	}
	return b
}

func (s *Stream) send(b []byte, payload int) {
	s.header.SequenceNumber++
	b, err := s.out.seal(b, false)
	if err == nil {
		_, err = s.o.Conn.WriteToUDPAddrPort(b, s.remote())
	}
	if err != nil {
		s.stats.SendErrors++
		return
	}
	s.stats.PacketsSent++
	s.stats.BytesSent += uint64(payload)
}

func (s *Stream) remote() netip.AddrPort {
	if s.flow.Remote.IsValid() {
		return s.flow.Remote
	}
	return s.learned
}
