package sim

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
)

func TestPortsComeFromTheirRange(t *testing.T) {
	first := freeRange(t, 4)
	p, err := openPorts(first, first+3)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	seen := map[uint16]bool{p.sharedPort(): true}
	var open []*net.UDPConn
	for range 3 {
		conn, err := p.open(netip.MustParseAddr("127.0.0.1"))
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, conn)
		port := portOf(conn)
		if port < first || port > first+3 || seen[port] {
			t.Errorf("port %d of %d to %d, after %v", port, first, first+3, seen)
		}
		seen[port] = true
	}
	if conn, err := p.open(netip.Addr{}); err == nil {
		t.Errorf("a fifth port of four was opened: %v", conn.LocalAddr())
	}
	free := portOf(open[1])
	for _, c := range open {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 { // it goes round, so that a port rests before it is used again
		conn, err := p.open(netip.Addr{})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		seen[portOf(conn)] = false
	}
	if seen[free] {
		t.Errorf("port %d was not used again", free)
	}
}

func TestALackOfDescriptorsForMediaIsToldAtOnce(t *testing.T) {
	t.Parallel()
	tries := 0
	p := &ports{min: 20000, max: 20009, next: 20000, listen: func(string, *net.UDPAddr) (*net.UDPConn, error) {
		tries++
		return nil, &net.OpError{Op: "listen", Err: syscall.EMFILE}
	}}
	var told []error
	c := &session{server: &Server{ports: p, o: Options{Starved: func(err error) { told = append(told, err) }}}}
	if err := c.openMedia(); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("opened: %v", err)
	}
	if len(told) != 1 || !errors.Is(told[0], syscall.EMFILE) || tries != 1 {
		t.Errorf("told %v after %d tries", told, tries)
	}
}

// freeRange returns the first of n free UDP ports in a row.
func freeRange(t *testing.T, n uint16) uint16 {
	t.Helper()
	for first := uint16(20000); first < 60000; first += n {
		free := true
		for port := first; port < first+n && free; port++ {
			conn, err := net.ListenUDP("udp", &net.UDPAddr{Port: int(port)})
			if free = err == nil; free {
				conn.Close()
			}
		}
		if free {
			return first
		}
	}
	t.Fatal("no ports are free")
	return 0
}
