package agent

import "net/netip"

// datagramWriter is what an agent needs of a UDP socket to answer and to ask; *net.UDPConn is one.
type datagramWriter interface {
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
}

// Attach gives the agent a way for datagrams that is no socket, before anything else is asked of it: what it sends from
// local goes to send, which must not block or keep b, and what comes for it is handed to take, one at a time. Tests play
// calls over links that lose, repeat and reorder with it, in fake time.
func (a *Agent) Attach(local netip.AddrPort, send func(b []byte, to netip.AddrPort)) (take func(b []byte, from netip.AddrPort)) {
	b := &boundListener{Listener: Listener{Network: "udp", Address: local.String()}, bound: local}
	s := &udpSocket{out: link(send), listener: b, local: local}
	a.bound, a.sockets = append(a.bound, b), append(a.sockets, s)
	return func(b []byte, from netip.AddrPort) { a.takeBatch(s, []datagram{{bytes: b, from: from}}) }
}

type link func(b []byte, to netip.AddrPort)

// WriteToUDPAddrPort sends b.
func (l link) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	l(b, to)
	return len(b), nil
}
