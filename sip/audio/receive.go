package audio

import (
	"net/netip"

	"github.com/pion/rtp"
)

const (
	// reorderDepth is how many packets later than its turn a packet may come: 100 ms.
	reorderDepth = 5

	// maxJump is how far a sequence number may jump before the sender is taken to have started anew.
	maxJump = 500

	// maxFailures is how many reads may fail in a row before the socket is given up.
	maxFailures = 100

	// maxFill is the longest loss that is made up for by silence: one second.
	maxFill = 50
)

// receiver puts packets in order. It belongs to the goroutine of a stream.
type receiver struct {
	started bool
	ssrc    uint32
	next    uint16 // the sequence number whose turn it is
	held    [reorderDepth + 1]heldPacket
	events  eventReceiver
	pcm     []int16
	jitter  jitter
}

// heldPacket is a packet that came before its turn.
type heldPacket struct {
	used    bool
	audio   bool
	payload []byte
}

// receive reads the socket until it is closed.
func (s *Stream) receive() {
	defer close(s.done)
	buf := make([]byte, maxPacket)
	s.receiver.pcm = make([]int16, maxPacket)
	for failed := 0; failed < maxFailures; {
		n, from, err := s.o.Conn.ReadFromUDPAddrPort(buf)
		switch {
		case err == nil:
			failed = 0
			s.take(buf[:n], from)
		case s.over():
			s.flush()
			return
		default:
			failed++ // an ICMP error as a rule, which the next packet may not meet
		}
	}
}

func (s *Stream) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// take handles one datagram.
func (s *Stream) take(b []byte, from netip.AddrPort) {
	if len(b) >= 8 && b[0]>>6 == 2 && b[1] >= 192 && b[1] <= 223 { // RFC 5761 section 4
		s.mu.Lock()
		if _, err := s.in.open(b, true); err != nil {
			s.stats.PacketsForged++
		} else {
			s.stats.RTCPReceived++
		}
		s.mu.Unlock()
		return
	}
	s.mu.Lock()
	b, err := s.in.open(b, false)
	if err != nil {
		s.stats.PacketsForged++
		s.mu.Unlock()
		return
	}
	var p rtp.Packet
	err = p.Unmarshal(b)
	f := s.flow
	audio := err == nil && f.Receive && p.PayloadType == f.Payload && len(p.Payload) > 0
	known := audio || err == nil && f.Event != 0 && p.PayloadType == f.Event
	if !known {
		s.stats.PacketsStrange++
		s.mu.Unlock()
		return
	}
	first := s.stats.PacketsReceived == 0
	s.stats.PacketsReceived++
	s.stats.BytesReceived += uint64(len(p.Payload))
	s.learned = from
	s.reports.heard(&s.receiver.jitter, p.Header)
	s.mu.Unlock()
	if first && s.o.First != nil {
		s.o.First()
	}
	s.sort(&p, f, audio)
}

// sort delivers the packet, or holds it until its turn.
func (s *Stream) sort(p *rtp.Packet, f Flow, audio bool) {
	r := &s.receiver
	ahead := int(int16(p.SequenceNumber - r.next))
	if !r.started || p.SSRC != r.ssrc || ahead > maxJump || ahead < -maxJump {
		s.flush()
		r.events.reset()
		r.started, r.ssrc, r.next, ahead = true, p.SSRC, p.SequenceNumber, 0
	}
	if !audio {
		if d, ok := r.events.receive(p.Timestamp, p.Payload); ok && s.o.Digit != nil {
			s.o.Digit(d)
		}
	}
	if ahead < 0 {
		s.count(0, 1)
		return
	}
	for ; ahead > reorderDepth; ahead-- { // what is missing will not come any more
		s.advance(f, ahead-reorderDepth <= maxFill)
	}
	slot := &r.held[int(p.SequenceNumber)%len(r.held)]
	if slot.used {
		s.count(0, 1)
		return
	}
	slot.used, slot.audio, slot.payload = true, audio, append(slot.payload[:0], p.Payload...)
	for r.held[int(r.next)%len(r.held)].used {
		s.advance(f, false)
	}
}

// advance delivers the packet whose turn it is. One that never came is counted as lost and, with fill, heard as
// silence.
func (s *Stream) advance(f Flow, fill bool) {
	r := &s.receiver
	slot := &r.held[int(r.next)%len(r.held)]
	r.next++
	switch {
	case slot.used && slot.audio:
		s.hear(r.pcm[:f.Codec.Decode(r.pcm, slot.payload)])
	case !slot.used:
		s.count(1, 0)
		if fill {
			clear(r.pcm[:FrameSamples])
			s.hear(r.pcm[:FrameSamples])
		}
	}
	slot.used = false
}

// flush delivers what is held, for no more is coming in this sequence.
func (s *Stream) flush() {
	s.mu.Lock()
	f := s.flow
	s.mu.Unlock()
	r := &s.receiver
	last := -1
	for i := range reorderDepth + 1 {
		if r.held[(int(r.next)+i)%len(r.held)].used {
			last = i
		}
	}
	for range last + 1 {
		s.advance(f, true)
	}
}

func (s *Stream) hear(pcm []int16) {
	if s.o.Heard != nil {
		s.o.Heard(pcm)
	}
}

func (s *Stream) count(lost, late uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.PacketsLost += lost
	s.stats.PacketsLate += late
}
