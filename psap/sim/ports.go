package sim

import (
	"fmt"
	"net"
	"net/netip"
	"sync"

	"callbox/sip/fault"
)

// ports opens the sockets of media. Each call has one socket for RTP; RTCP that does not share it comes to one socket
// of the server, as does all media of calls that do not read theirs.
type ports struct {
	min, max uint16
	shared   *net.UDPConn
	drained  sync.WaitGroup
	listen   func(network string, addr *net.UDPAddr) (*net.UDPConn, error)

	mu   sync.Mutex
	next uint16
}

func openPorts(first, last uint16) (*ports, error) {
	p := &ports{min: first, max: last, next: first, listen: net.ListenUDP}
	conn, err := p.open(netip.Addr{})
	if err != nil {
		return nil, err
	}
	p.shared = conn
	p.drained.Go(func() {
		buf := make([]byte, 2048)
		for {
			if _, _, err := conn.ReadFromUDPAddrPort(buf); err != nil && !transient(err) {
				return
			}
		}
	})
	return p, nil
}

// sharedPort returns the port of the shared socket.
func (p *ports) sharedPort() uint16 { return portOf(p.shared) }

func portOf(c *net.UDPConn) uint16 { return c.LocalAddr().(*net.UDPAddr).AddrPort().Port() }

// open returns a socket on addr, of any address when that is not valid, with a port of the range.
func (p *ports) open(addr netip.Addr) (*net.UDPConn, error) {
	network, ip := "udp", net.IP(nil)
	if addr.IsValid() {
		ip = addr.AsSlice()
	}
	if p.min == 0 {
		return p.listen(network, &net.UDPAddr{IP: ip, Zone: addr.Zone()})
	}
	var last error
	for range int(p.max) - int(p.min) + 1 {
		conn, err := p.listen(network, &net.UDPAddr{IP: ip, Zone: addr.Zone(), Port: int(p.pick())})
		if err == nil {
			return conn, nil
		}
		if fault.Descriptors(err) {
			return nil, err
		}
		last = err
	}
	return nil, fmt.Errorf("no RTP port from %d to %d is free: %w", p.min, p.max, last)
}

func (p *ports) pick() uint16 {
	p.mu.Lock()
	defer p.mu.Unlock()
	port := p.next
	if p.next++; p.next > p.max || p.next == 0 {
		p.next = p.min
	}
	return port
}

func (p *ports) close() {
	_ = p.shared.Close() // what is left of a UDP socket that fails to close is nothing
	p.drained.Wait()
}
