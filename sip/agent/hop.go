package agent

import (
	"net/netip"
)

// nextHop is the flow for a request within the dialog (RFC 3261 section 12.2.1.1): the connection the peer uses, while
// it lives; else the first route or the target if that is an address literal; else where the peer was last seen. A
// Contact that names another address than the one its owner sends from stands behind a NAT, and the real address is
// used.
func (l *Leg) nextHop() flow {
	u, ok := l.hop()
	if !ok {
		return l.lastSeen()
	}
	transport := u.transport()
	if l.back != nil && len(l.routes) == 0 && u.Host == l.back.host {
		return l.lastSeen() // by the flow it registered by, whatever its Contact says
	}
	ip, literal := u.literal()
	if !literal || !spoken(transport) {
		return l.lastSeen()
	}
	port := u.Port
	if port == 0 {
		port = defaultPort(transport)
	}
	at := addrPortOf(ip, port)
	if l.home.stream != nil && l.home.alive() && l.keepsHome(u, at) {
		return l.home
	}
	if transport != "udp" {
		if s := l.a.streams.to(transport, at); s != nil {
			return flow{transport: transport, stream: s, remote: s.remote}
		}
		f := flow{transport: transport, remote: at} // to be dialled
		if at == l.home.remote {
			f.host = l.home.host
		}
		return f
	}
	if natted := l.direct && len(l.routes) == 0 && ip != l.home.remote.Addr(); natted && l.home.socket != nil {
		return l.home
	}
	f, err := l.a.udpFlow(at)
	if err != nil {
		return l.lastSeen()
	}
	if l.home.socket != nil {
		f.socket = l.home.socket
	}
	return f
}

// hop is the URI that requests go to: the first route, or the target.
func (l *Leg) hop() (uri, bool) {
	hop := l.target
	if len(l.routes) > 0 {
		r, err := parseParty(l.routes[0])
		if err != nil {
			return uri{}, false
		}
		hop = r.spec
	}
	u, err := parseURI(hop)
	return u, err == nil
}

// keepsHome tells whether the connection to the peer serves for what names at. A caller's does, since nobody can
// connect to one behind a NAT. What we connected to may have been a proxy that does not stay in the way, which shows
// by another address, unless that is a private one of a callee behind a NAT.
func (l *Leg) keepsHome(u uri, at netip.AddrPort) bool {
	if _, named := u.param("transport"); named && u.transport() != l.home.transport {
		return false
	}
	if l.uas || at == l.home.remote || l.home.stream.taken && at.Addr() == l.home.remote.Addr() {
		return true
	}
	return at.Addr().IsPrivate() && !l.home.remote.Addr().IsPrivate() && !l.home.remote.Addr().IsLoopback()
}

// lastSeen is the way to where the peer was last seen; a connection that is gone is made again.
func (l *Leg) lastSeen() flow {
	f := l.home
	if !f.alive() {
		f.stream = nil
	}
	return f
}

func spoken(transport string) bool {
	return transport == "udp" || transport == "tcp" || transport == "tls"
}
