package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/net/ipv4"
)

const (
	sockets     = 4   // per side; one could not keep up, one per call would measure the generator
	payload     = 160 // 20 ms of G.711
	stampOffset = 20  // where in a packet its sending time stands
	marker      = 'B' // first payload byte of our own packets
)

// epoch is what the stamps in the packets count from; both sides live in this process.
var epoch = time.Now()

// stream is one direction of one call.
type stream struct {
	ssrc        uint32
	sequence    uint16
	destination *net.UDPAddr
	socket      int
	keys        *protection // nil: RTP
}

// side is all the callers, or all the call centres: a few sockets and the streams that leave by them.
type side struct {
	host    string
	base    int
	conns   []*ipv4.PacketConn
	streams []*stream
	keys    map[netip.AddrPort]*protection // of SRTP, by where the edge sends from
	seen    [sockets]struct {
		delays []int32 // microseconds
		count  atomic.Int64
	}
}

func newSide(host string, base int) (*side, error) {
	s := &side{host: host, base: base}
	for i := range sockets {
		c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(s.addrPort(i)))
		if err != nil {
			return nil, err
		}
		if err := c.SetReadBuffer(4 << 20); err != nil {
			return nil, err
		}
		s.conns = append(s.conns, ipv4.NewPacketConn(c))
	}
	return s, nil
}

func (s *side) addrPort(call int) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr(s.host), uint16(s.base+2*(call%sockets)))
}

// address returns where the side takes the media of a call.
func (s *side) address(call int) *net.UDPAddr { return net.UDPAddrFromAddrPort(s.addrPort(call)) }

// add starts a stream of a call to destination.
func (s *side) add(call int, destination *net.UDPAddr) {
	s.streams = append(s.streams, &stream{ssrc: uint32(call), socket: call % sockets, destination: destination})
}

func (s *side) sdp(call int) string {
	return fmt.Sprintf("v=0\r\no=- %[1]d %[1]d IN IP4 %[2]s\r\ns=-\r\nc=IN IP4 %[2]s\r\nt=0 0\r\nm=audio %[3]d RTP/AVP 0 101\r\n"+
		"a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=sendrecv\r\n",
		call, s.host, s.addrPort(call).Port())
}

// receive starts reading all sockets, until the process ends.
func (s *side) receive() {
	for i := range s.conns {
		go s.read(i)
	}
}

func (s *side) read(i int) {
	batch := make([]ipv4.Message, 64)
	for k := range batch {
		batch[k].Buffers = [][]byte{make([]byte, 2048)}
	}
	for {
		n, err := s.conns[i].ReadBatch(batch, 0)
		if err != nil {
			return
		}
		now := time.Since(epoch)
		for _, m := range batch[:n] {
			b := s.open(m.Buffers[0][:m.N], m.Addr)
			if len(b) < stampOffset+8 || b[12] != marker {
				continue
			}
			sent := time.Duration(binary.BigEndian.Uint64(b[stampOffset:]))
			s.seen[i].delays = append(s.seen[i].delays, int32((now-sent)/time.Microsecond))
			s.seen[i].count.Store(int64(len(s.seen[i].delays)))
		}
	}
}

// delays returns the delay of every packet received so far, in microseconds.
func (s *side) delays() []int32 {
	var all []int32
	for i := range s.seen {
		all = append(all, s.seen[i].delays[:s.seen[i].count.Load()]...)
	}
	return all
}

// stream sends every stream's packets until the given time. Streams are spread over the packet period, so that each
// millisecond sends its share.
func (s *side) stream(until time.Time, pps int, sent *atomic.Int64) {
	slots := make([][]*stream, int(time.Second/time.Millisecond)/pps)
	for i, st := range s.streams {
		slots[i%len(slots)] = append(slots[i%len(slots)], st)
	}
	out := make([]sender, sockets)
	for i := range out {
		out[i].conn = s.conns[i]
	}
	start := time.Now()
	for tick := 0; ; tick++ {
		at := start.Add(time.Duration(tick) * time.Millisecond)
		if at.After(until) {
			return
		}
		time.Sleep(time.Until(at))
		for _, st := range slots[tick%len(slots)] {
			out[st.socket].queue(st)
		}
		for i := range out {
			sent.Add(out[i].flush())
		}
	}
}

// sender batches the packets of one socket.
type sender struct {
	conn    *ipv4.PacketConn
	batch   []ipv4.Message
	buffers [][]byte
}

func (o *sender) queue(st *stream) {
	n := len(o.batch)
	if n == len(o.buffers) {
		o.buffers = append(o.buffers, make([]byte, 12+payload, 12+payload+16))
	}
	b := o.buffers[n]
	st.sequence++
	b[0], b[1], b[12] = 0x80, 0, marker
	binary.BigEndian.PutUint16(b[2:], st.sequence)
	binary.BigEndian.PutUint32(b[4:], uint32(st.sequence)*payload)
	binary.BigEndian.PutUint32(b[8:], st.ssrc)
	binary.BigEndian.PutUint64(b[stampOffset:], uint64(time.Since(epoch)))
	if st.keys != nil {
		b, _ = st.keys.send.EncryptRTP(b[:0], b, nil) // its own packets: there is nothing to fail
	}
	o.batch = append(o.batch, ipv4.Message{Buffers: [][]byte{b}, Addr: st.destination})
}

// flush sends the batch and returns how many packets left.
func (o *sender) flush() (sent int64) {
	for rest := o.batch; len(rest) > 0; {
		n, err := o.conn.WriteBatch(rest, 0)
		if err != nil {
			n = 1 // the first one is refused: leave it out
		} else {
			sent += int64(n)
		}
		rest = rest[n:]
	}
	o.batch = o.batch[:0]
	return sent
}
