package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"callbox/sip/audio"
)

// maxListeners is how many may listen to one session.
const maxListeners = 8

// ErrListeners is wrapped by the error of Session.Listen when as many listen as may.
var ErrListeners = errors.New("too many listen already")

// Listener is somebody beside the two peers of a session who hears both mixed and, if he barges in, is heard by both. It
// understands G.711 by its static payload types and passes over whatever else is spoken. It works in goroutines of its own
// with sockets of its own: what becomes of it touches nothing of the session but what is said to it. Its methods are safe
// for concurrent use.
type Listener struct {
	s     *Session
	barge bool
	conn  *net.UDPConn
	port  uint16
	begun chan struct{} // closed by Start
	done  chan struct{} // closed by Close
	end   sync.Once

	mu    sync.Mutex // taken after the session's, never before it
	up    bool
	codec audio.Codec // spoken to the listener
	latch latch
	heard [2]line // what the peers of sides A and B say
	said  [2]line // what the listener says, into the stream from side A and that from side B
	mix   mixer   // of the session's worker
}

// Listen opens a port for somebody who is to hear the session's two peers, and with barge to be heard by them. Nothing is
// sent before Start. It ends with the session. The error wraps ErrNoPorts, ErrListeners or ErrClosed, or is the kernel's.
func (s *Session) Listen(barge bool) (*Listener, error) {
	r := s.relay
	r.mu.RLock() // so that Close of the relay waits for the goroutines, or they are not started
	defer r.mu.RUnlock()
	if r.closed {
		return nil, ErrClosed
	}
	l := &Listener{s: s, barge: barge, begun: make(chan struct{}), done: make(chan struct{})}
	var err error
	l.port, err = r.ports.take(func(port uint16) (err error) {
		l.conn, err = r.binding.listen(port)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open media of a listener: %w", err)
	}
	s.mu.Lock()
	switch {
	case s.closed:
		err = ErrClosed
	case len(s.listeners) >= maxListeners:
		err = ErrListeners
	default:
		s.listeners = append(s.listeners, l)
	}
	s.mu.Unlock()
	if err != nil {
		l.shut()
		return nil, fmt.Errorf("open media of a listener: %w", err)
	}
	r.wg.Go(l.receive)
	r.wg.Go(l.send)
	return l, nil
}

// listen opens a socket as Go has them.
func (b binding) listen(port uint16) (*net.UDPConn, error) {
	network, at := "udp4", net.UDPAddr{Port: int(port)}
	if b.v6 {
		network = "udp"
	}
	if b.addr.IsValid() {
		at.IP = b.addr.AsSlice()
	}
	return net.ListenUDP(network, &at)
}

// Port returns the port for the SDP sent to the listener. RTCP is neither sent nor taken.
func (l *Listener) Port() uint16 { return l.port }

// Start tells where the listener takes media, and in which codec. Another call moves it there.
func (l *Listener) Start(rem Remote, codec audio.Codec) {
	rtp := l.s.sides[0].usable(rem.RTP)
	if rtp.Port() == l.port && l.s.onThisHost(rtp.Addr()) {
		rtp = netip.AddrPort{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.latch.announce(rtp, rem.Signalling.Unmap(), l.s.relay.clock(), l.s.relay.relearn)
	l.codec = codec
	if !l.up {
		l.up = true
		close(l.begun)
	}
}

// Close ends listening. A second call does nothing.
func (l *Listener) Close() {
	l.s.mu.Lock()
	l.s.listeners = slices.DeleteFunc(l.s.listeners, func(o *Listener) bool { return o == l })
	l.s.mu.Unlock()
	l.shut()
}

// shut closes what the listener has of its own.
func (l *Listener) shut() {
	l.end.Do(func() {
		close(l.done)
		l.conn.Close()
		l.s.relay.ports.give(l.port)
	})
}

// shutListeners ends everybody who listens, with the session.
func (s *Session) shutListeners() {
	s.mu.Lock()
	all := s.listeners
	s.listeners = nil
	s.mu.Unlock()
	for _, l := range all {
		l.shut()
	}
}

// tapped lets those who listen hear an RTP packet of a side, and puts into it, in place, what they say. mu is held.
func (s *Session) tapped(side int, b []byte) {
	codec, payload := g711(b)
	if payload == nil {
		return
	}
	seq := binary.BigEndian.Uint16(b[2:])
	for _, l := range s.listeners {
		l.hear(side, codec, seq, payload)
	}
	for _, l := range s.listeners {
		if l.barge {
			l.speak(side, codec, payload)
		}
	}
}

// g711 returns the payload of an RTP packet in G.711, nil of any other.
func g711(b []byte) (audio.Codec, []byte) {
	codec := audio.Codec(b[1] & 0x7f)
	if codec != audio.PCMU && codec != audio.PCMA || !validRTP(b) {
		return 0, nil
	}
	n := rtpHeaderLen + 4*int(b[0]&0x0f)
	if b[0]&0x10 != 0 {
		n += 4 + 4*int(binary.BigEndian.Uint16(b[n+2:]))
	}
	end := len(b)
	if b[0]&0x20 != 0 {
		end -= int(b[len(b)-1])
	}
	if n >= end {
		return 0, nil
	}
	return codec, b[n:end]
}

// hear keeps what a side says for the next frame to the listener.
func (l *Listener) hear(side int, codec audio.Codec, seq uint16, payload []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.up && l.heard[side].fresh(seq) {
		l.heard[side].put(l.mix.decode(codec, payload))
	}
}

// speak mixes what the listener says into what a side says to the other.
func (l *Listener) speak(side int, codec audio.Codec, payload []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mix.begin(len(payload))
	if !l.mix.add(&l.said[side]) {
		return // bit for bit what it was
	}
	l.mix.addSamples(l.mix.decode(codec, payload))
	codec.Encode(payload, l.mix.result())
}

// receive takes what the listener says.
func (l *Listener) receive() {
	buf := make([]byte, maxPacket+1)
	var mix mixer
	for {
		n, from, err := l.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			select {
			case <-l.done:
				return
			default:
				continue // word from the network that a packet of ours did not arrive
			}
		}
		b := buf[:n]
		if n > maxPacket || classify(b) != kindRTP {
			continue
		}
		codec, payload := g711(b)
		l.mu.Lock()
		h := parseRTP(b)
		from = netip.AddrPortFrom(from.Addr().Unmap().WithZone(""), from.Port())
		known := l.up && l.latch.accept(from, h.ssrc, l.s.relay.clock(), l.s.relay.relearn) != verdictDrop
		if known && l.barge && payload != nil && l.said[0].fresh(h.seq) {
			pcm := mix.decode(codec, payload)
			l.said[0].put(pcm)
			l.said[1].put(pcm)
		}
		l.mu.Unlock()
	}
}

// frameCatchUp is how many frames a listener gets at once after the machine stood still; beyond them he misses some.
const frameCatchUp = 5

// send sends what the peers say, mixed, a frame each 20 ms.
func (l *Listener) send() {
	select {
	case <-l.begun:
	case <-l.done:
		return
	}
	t := time.NewTicker(audio.FrameTime)
	defer t.Stop()
	out := stream{ssrc: rand.Uint32(), seq: uint16(rand.Uint32()), timestamp: rand.Uint32(), mark: true}
	var mix mixer
	for due := time.Now(); ; {
		select {
		case <-l.done:
			return
		case now := <-t.C:
			if late := now.Add(-frameCatchUp * audio.FrameTime); due.Before(late) {
				due = late
			}
			for ; !due.After(now); due = due.Add(audio.FrameTime) {
				l.sendFrame(&out, &mix)
			}
		}
	}
}

// sendFrame sends one frame. It is never waited for: a datagram that the network does not take is lost.
func (l *Listener) sendFrame(out *stream, mix *mixer) {
	l.mu.Lock()
	mix.begin(audio.FrameSamples)
	mix.add(&l.heard[0])
	mix.add(&l.heard[1])
	codec, to := l.codec, l.latch.source
	if !to.IsValid() {
		to = l.latch.announced
	}
	l.mu.Unlock()
	b := out.packet(codec, mix.result())
	if to.IsValid() {
		_, _ = l.conn.WriteToUDPAddrPort(b, to)
	}
}

// stream is the RTP sent to a listener.
type stream struct {
	ssrc, timestamp uint32
	seq             uint16
	mark            bool // the first packet of the talk
	buf             [rtpHeaderLen + audio.FrameSamples]byte
}

// packet writes the next packet; it is good until the one after.
func (s *stream) packet(codec audio.Codec, pcm []int16) []byte {
	b := s.buf[:]
	b[0], b[1] = 0x80, byte(codec)
	if s.mark {
		b[1] |= 0x80
		s.mark = false
	}
	binary.BigEndian.PutUint16(b[2:], s.seq)
	binary.BigEndian.PutUint32(b[4:], s.timestamp)
	binary.BigEndian.PutUint32(b[8:], s.ssrc)
	codec.Encode(b[rtpHeaderLen:], pcm)
	s.seq++
	s.timestamp += audio.FrameSamples
	return b
}
