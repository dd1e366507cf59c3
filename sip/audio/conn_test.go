package audio

import (
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
)

var (
	here  = netip.MustParseAddrPort("192.0.2.1:4000")
	there = netip.MustParseAddrPort("192.0.2.2:5000")
)

// fakeConn is a socket on a network of channels.
type fakeConn struct {
	in     chan []byte
	closed chan struct{}
	once   sync.Once

	mu   sync.Mutex
	sent []sent
	peer *fakeConn // gets what is sent
	err  error     // of sending
}

type sent struct {
	at time.Time
	to netip.AddrPort
	b  []byte
}

func newFakeConn() *fakeConn {
	return &fakeConn{in: make(chan []byte, 1000), closed: make(chan struct{})}
}

func (c *fakeConn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	select {
	case p := <-c.in:
		return copy(b, p), there, nil
	case <-c.closed:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

func (c *fakeConn) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, c.err
	}
	p := append([]byte(nil), b...)
	c.sent = append(c.sent, sent{time.Now(), to, p})
	if c.peer != nil {
		c.peer.in <- p
	}
	return len(b), nil
}

func (c *fakeConn) Close() error { c.once.Do(func() { close(c.closed) }); return nil }

// packets returns what was sent as RTP, and forgets it.
func (c *fakeConn) packets(t *testing.T) []rtp.Packet {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []rtp.Packet
	for _, s := range c.sent {
		var p rtp.Packet
		if s.b[1] >= 192 && s.b[1] <= 223 {
			continue
		}
		if err := p.Unmarshal(s.b); err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	c.sent = nil
	return list
}

// heard collects what a stream hears.
type heard struct {
	mu     sync.Mutex
	pcm    []int16
	digits string
	firsts int
}

func (h *heard) hear(pcm []int16) { h.mu.Lock(); defer h.mu.Unlock(); h.pcm = append(h.pcm, pcm...) }
func (h *heard) digit(d byte)     { h.mu.Lock(); defer h.mu.Unlock(); h.digits += string(rune(d)) }
func (h *heard) first()           { h.mu.Lock(); defer h.mu.Unlock(); h.firsts++ }
