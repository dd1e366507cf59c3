package agent

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// socketBuffer is asked of the kernel for UDP sockets: with the default a burst of INVITEs is dropped before anybody
// reads it.
const socketBuffer = 4 << 20

// maxDatagram is the largest UDP payload.
const maxDatagram = 65535

// udpSocket is one UDP listener.
type udpSocket struct {
	conn     *net.UDPConn
	out      datagramWriter // conn, but for a link
	listener *boundListener
	local    netip.AddrPort
	in       *batchReader
	refusal  []byte // written by serve: one at a time
}

func listenUDP(addr netip.AddrPort) (*net.UDPConn, error) {
	network := "udp4"
	if addr.Addr().Is6() {
		network = "udp6"
	}
	conn, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return nil, err
	}
	// The kernel gives what it may; less is only more loss under a burst.
	conn.SetReadBuffer(socketBuffer)
	conn.SetWriteBuffer(socketBuffer)
	stampArrivals(conn)
	return conn, nil
}

// serve reads datagrams until the socket is closed. Messages are taken in the order of takeBatch, on this goroutine.
func (s *udpSocket) serve(a *Agent) {
	defer s.in.close()
	for {
		batch, err := s.in.read()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // a transient error of one datagram must not end the listener
			a.log.Warn().Err(err).Str("listener", s.local.String()).Msg("udp read failed")
			if !a.pause(10 * time.Millisecond) {
				return
			}
			continue
		}
		a.takeBatch(s, batch)
	}
}

// pause waits, or returns false at once when the agent closes.
func (a *Agent) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-a.done:
		return false
	}
}

func (a *Agent) takeDatagram(s *udpSocket, d *datagram) {
	a.datagram(flow{transport: "udp", socket: s, remote: d.from}, d)
}

// datagram takes one UDP payload.
func (a *Agent) datagram(f flow, d *datagram) {
	defer a.recovered("datagram")
	b := bytes.TrimLeft(d.bytes, "\r\n")
	if isKeepalive(b) {
		if answer := answerSTUN(b, f.remote); answer != nil && a.opts.OnRegister != nil {
			_ = f.send(answer) // the phone asks again
		}
		return
	}
	m, err := a.parse(b)
	if err != nil {
		a.unparsed(f, b, err)
		return
	}
	p := readPacket(m)
	p.waited, p.judged = d.waited, d.judged
	a.receive(f, p)
}

// isKeepalive recognises CRLF, NUL and STUN keepalives, none of which is SIP.
func isKeepalive(b []byte) bool {
	if len(b) < 16 {
		return true // no SIP message is this short
	}
	return b[0] < ' '
}

func portString(p uint16) string { return strconv.Itoa(int(p)) }
