package agent

import (
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// starvingListener finds no descriptor for its first connections.
type starvingListener struct {
	net.Listener
	left atomic.Int32
}

func (l *starvingListener) Accept() (net.Conn, error) {
	if l.left.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return l.Listener.Accept()
}

func TestWithoutDescriptorsTheConnectionThatIsMissedLeastIsGivenUp(t *testing.T) {
	t.Parallel()
	told := make(chan error, 10)
	a, err := New(Options{OnInvite: func(*Incoming) {}, Logger: zerolog.Nop(), Starved: func(err error) { told <- err }})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	starving := &starvingListener{Listener: ln}
	l := &boundListener{Listener: Listener{Network: "tcp"}, bound: netip.MustParseAddrPort(ln.Addr().String())}
	connect := func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp4", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	silent := connect()
	taken, err := starving.Listener.Accept()
	if err != nil || !a.goStream(taken, &boundListener{Listener: Listener{Network: "tcp"}}) {
		t.Fatalf("the first connection is not taken: %v", err)
	}
	starving.left.Store(1)
	a.spawn(func() { a.accept(l, starving) })
	if err := <-told; !errors.Is(err, syscall.EMFILE) {
		t.Errorf("told %v", err)
	}
	silent.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := silent.Read(make([]byte, 1)); err == nil || errors.Is(err, syscall.EAGAIN) || isTimeout(err) {
		t.Errorf("the silent connection is still there: %v", err)
	}
	next := connect()
	if _, err := next.Write([]byte("\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	next.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := next.Read(make([]byte, 2)); err != nil {
		t.Errorf("the next connection is not taken: %v", err)
	}
	ln.Close()
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

func TestTheKernelIsAskedForEachPeerAnew(t *testing.T) {
	t.Parallel()
	k := newKernel()
	defer k.close()
	here := []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil && !p.Addr().IsLinkLocalUnicast() {
			here = append(here, p.Addr())
		}
	}
	for range 2 {
		for _, ours := range here { // packets to an address of this machine leave from it
			if got, ok := k.towards(ours); !ok || got != ours {
				t.Errorf("towards %v: %v, %v", ours, got, ok)
			}
		}
	}
}

func TestTheKernelAnswersWithoutDescriptors(t *testing.T) {
	t.Parallel()
	k := newKernel()
	defer k.close()
	four := k.four
	for range 100 {
		if got, ok := k.towards(netip.MustParseAddr("127.0.0.1")); !ok || got != peerLoopback4 {
			t.Fatalf("%v, %v", got, ok)
		}
	}
	if k.four != four {
		t.Error("another socket was opened")
	}
}

func TestTheKernelOpensNothingAfterTheEnd(t *testing.T) {
	t.Parallel()
	k := newKernel()
	k.close()
	for _, peer := range []string{"127.0.0.1", "::1"} {
		if got, ok := k.towards(netip.MustParseAddr(peer)); ok {
			t.Errorf("towards %s: %v", peer, got)
		}
	}
	if k.four >= 0 || k.six >= 0 {
		t.Errorf("sockets %d and %d were opened", k.four, k.six)
		k.close()
	}
}
