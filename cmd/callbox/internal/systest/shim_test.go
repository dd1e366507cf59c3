package systest

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	lossyCalls   = flag.Int("lossy.calls", 36, "calls that TestCallsOverALossyNetwork places")
	lossyPercent = flag.Int("lossy.percent", 15, "percent of the datagrams that are lost; half as many are doubled, as many are late")
	lossySeed    = flag.Uint64("lossy.seed", 1, "seed of what is lost")
)

// shim is a network between the edge and one peer that loses, doubles and delays datagrams: a kernel without netem has
// none. Each side takes the shim for the other, addresses within the messages included, so that everything goes through.
type shim struct {
	conn                      *net.UDPConn
	self, edge, peer          []byte // host:port as in messages, equally long
	toEdge, toPeer            *net.UDPAddr
	mu                        sync.Mutex
	r                         *rand.Rand
	running                   sync.WaitGroup
	closed                    atomic.Bool
	passed, lost, twice, late int
}

// startShim joins the edge and a peer. The peer is reached at port of a host that newShimHosts gave.
func startShim(t *testing.T, seed uint64, self, edge, peer string) *shim {
	t.Helper()
	if len(self) != len(edge) || len(self) != len(peer) {
		t.Fatalf("%s, %s and %s are not equally long: messages would change their length", self, edge, peer)
	}
	s := &shim{
		self: []byte(self), edge: []byte(edge), peer: []byte(peer), toEdge: resolve(t, edge), toPeer: resolve(t, peer),
		r: rand.New(rand.NewPCG(seed, 0)),
	}
	var err error
	if s.conn, err = net.ListenUDP("udp4", resolve(t, self)); err != nil {
		t.Fatal(err)
	}
	if err := s.conn.SetReadBuffer(1 << 20); err != nil {
		t.Fatal(err)
	}
	s.running.Go(s.carry)
	t.Cleanup(func() {
		s.closed.Store(true)
		_ = s.conn.Close()
		s.running.Wait()
	})
	return s
}

func resolve(t *testing.T, address string) *net.UDPAddr {
	t.Helper()
	a, err := net.ResolveUDPAddr("udp4", address)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// carry takes what either side sends to the other, rewritten as the other is to see it.
func (s *shim) carry() {
	buf := make([]byte, 65536)
	for {
		n, from, err := s.conn.ReadFromUDP(buf)
		if s.closed.Load() {
			return
		}
		if err != nil { // the peer's port is closed: ICMP
			continue
		}
		near, far, to := s.edge, s.peer, s.toPeer
		if from.IP.Equal(s.toPeer.IP) && from.Port == s.toPeer.Port {
			near, far, to = s.peer, s.edge, s.toEdge
		}
		b := bytes.ReplaceAll(bytes.Clone(buf[:n]), s.self, far)
		s.pass(bytes.ReplaceAll(b, near, s.self), to)
	}
}

// pass decides what becomes of a datagram.
func (s *shim) pass(b []byte, to *net.UDPAddr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passed++
	n := s.r.IntN(200)
	copies, wait := 1, time.Duration(0)
	switch p := *lossyPercent; {
	case n < 2*p:
		s.lost++
		return
	case n < 3*p:
		s.twice++
		copies = 2
	case n < 5*p:
		s.late++
		wait = time.Duration(20+s.r.IntN(200)) * time.Millisecond
	}
	for range copies {
		if wait == 0 {
			_, _ = s.conn.WriteToUDP(b, to) // an error is one more loss
			wait = time.Duration(s.r.IntN(20)) * time.Millisecond
			continue
		}
		time.AfterFunc(wait, func() { _, _ = s.conn.WriteToUDP(b, to) })
	}
}

// sameLength returns a loopback host of the test's own that is written as long as like is.
func sameLength(like string) string {
	for {
		if host := newHost(); len(host) == len(like) {
			return host
		}
	}
}
