package agent

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
)

// flow is the way to one peer: a UDP socket and its address, or a connection.
type flow struct {
	transport string // udp, tcp, tls, ws or wss
	socket    *udpSocket
	stream    *stream
	remote    netip.AddrPort
	host      string // whom a certificate has to name when a connection is made; "" is the address
}

// hostname is whom a TLS connection for this flow has to reach.
func (f flow) hostname() string {
	if f.host != "" {
		return f.host
	}
	return f.remote.Addr().String()
}

// peer is who a verified certificate of the peer's is of, "" for none.
func (f flow) peer() string {
	if f.stream == nil {
		return ""
	}
	return f.stream.peer
}

var errFlowGone = errors.New("the connection is closed")

// send writes one message. On a stream it queues it; a queue that is full closes the connection.
func (f flow) send(b []byte) error {
	if f.stream != nil {
		return f.stream.send(b)
	}
	if f.socket == nil {
		return errFlowGone
	}
	_, err := f.socket.out.WriteToUDPAddrPort(b, f.remote)
	return err
}

func (f flow) reliable() bool { return f.stream != nil }

// alive tells whether a message can still be sent. A UDP flow always is.
func (f flow) alive() bool { return f.stream == nil || !f.stream.closed() }

// local is our address on this flow, with the unspecified address resolved towards the peer.
func (f flow) local(a *Agent) netip.AddrPort {
	var l netip.AddrPort
	if f.stream != nil {
		l = f.stream.local
	} else if f.socket != nil {
		l = f.socket.local
	}
	if !l.Addr().IsValid() || l.Addr().IsUnspecified() {
		return netip.AddrPortFrom(a.localTowards(f.remote.Addr()), l.Port())
	}
	return l
}

// sentBy is the host and port that we write into Via on this flow.
func (f flow) sentBy(a *Agent) string {
	if f.socket != nil {
		return f.socket.listener.hostport(f.local(a))
	}
	return a.contactHost(f)
}

// contactHost is the host:port where requests of this flow's transport reach us: a listener's, since a connection that
// we opened cannot be connected to.
func (a *Agent) contactHost(f flow) string {
	if f.socket != nil {
		return f.socket.listener.hostport(f.local(a))
	}
	local := f.local(a)
	if l := a.listenerFor(f.transport, local.Addr()); l != nil {
		return l.hostport(netip.AddrPortFrom(local.Addr(), l.bound.Port()))
	}
	return local.String()
}

// bound is a listener with the address it really got.
type boundListener struct {
	Listener
	bound netip.AddrPort
	tls   *tls.Config // of its connections
}

// hostport is what the listener advertises to a peer that sees us at local.
func (l *boundListener) hostport(local netip.AddrPort) string {
	if l.Advertise == "" {
		return local.String()
	}
	host, port, err := net.SplitHostPort(l.Advertise)
	if err != nil {
		return net.JoinHostPort(l.Advertise, portString(local.Port()))
	}
	return net.JoinHostPort(host, port)
}

// listenerFor finds the listener of a transport that serves an address family, the one bound to local if there is one.
func (a *Agent) listenerFor(transport string, local netip.Addr) *boundListener {
	var best *boundListener
	for _, l := range a.bound {
		if l.Network != transport || l.bound.Addr().Is4() != local.Is4() {
			continue
		}
		if l.bound.Addr() == local {
			return l
		}
		if best == nil {
			best = l
		}
	}
	return best
}
