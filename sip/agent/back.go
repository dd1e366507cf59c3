package agent

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// wayBack is the flow of a phone that has registered (RFC 5626 section 5.3): its requests come and ours go by that one, since
// a NAT lets nothing else through.
type wayBack struct {
	local netip.AddrPort // our address that its REGISTER came to
	path  []string       // proxies between (RFC 3327)
	host  string         // of its Contact
}

// RouteBack is the route to a phone by the way its REGISTER came: uri is its Contact, the other arguments are those of the
// Registration. It blocks for nothing. By UDP the request leaves by the socket that the REGISTER came to, else by the
// connection the phone has made; where that is gone the request fails, unless the Contact names the very address the phone
// had, which is then connected to.
func (a *Agent) RouteBack(uri, transport string, remote, local netip.AddrPort, path []string) (Route, error) {
	u, err := parseURI(uri)
	if err != nil {
		return Route{}, fmt.Errorf("route back to %q: %w", uri, err)
	}
	if u.Scheme != "sip" && u.Scheme != "sips" {
		return Route{}, fmt.Errorf("route back to %q: %w", uri, errScheme(u.Scheme))
	}
	if !remote.IsValid() {
		return Route{}, fmt.Errorf("route back to %q: where it registered from is not known", uri)
	}
	for _, p := range path {
		if _, err := parseParty(p); err != nil {
			return Route{}, fmt.Errorf("route back to %q: its Path cannot be read", uri)
		}
	}
	target, _, _ := strings.Cut(uri, "?") // RFC 3261 section 19.1.5: header fields of a URI are no part of a Request-URI
	r := Route{URI: target, Transport: transport, Remote: remote, Local: local.Addr()}
	if !r.Local.IsValid() || r.Local.IsUnspecified() {
		r.Local = a.localTowards(remote.Addr())
	}
	r.back = &wayBack{local: local, path: slices.Clone(path), host: u.Host}
	return r, nil
}

// path is the proxies on the way back to a registered phone, as values of Route.
func (r Route) path() []string {
	if r.back == nil {
		return nil
	}
	return r.back.path
}

// errUnregistered says that the only way to a phone is gone.
var errUnregistered = errors.New("the connection that the phone registered by is closed")

// flowBack finds the flow of a route back.
func (a *Agent) flowBack(ctx context.Context, r Route) (flow, error) {
	if r.Transport == "udp" {
		if s := a.socketAt(r.back.local); s != nil {
			return flow{transport: "udp", socket: s, remote: r.Remote}, nil
		}
		return a.udpFlow(r.Remote)
	}
	if s := a.streams.to(r.Transport, r.Remote); s != nil {
		return flow{transport: r.Transport, stream: s, remote: r.Remote}, nil
	}
	u, err := parseURI(r.URI)
	ip, literal := u.literal()
	if err != nil || !literal || ip != r.Remote.Addr() || u.Port == 0 || r.Transport != "tcp" && r.Transport != "tls" {
		return flow{}, errUnregistered
	}
	at := netip.AddrPortFrom(ip, u.Port)
	s, err := a.dial(ctx, r.Transport, at, u.Host)
	if err != nil {
		return flow{}, err
	}
	return flow{transport: r.Transport, stream: s, remote: at, host: u.Host}, nil
}

// socketAt is the UDP socket that datagrams to local come to, nil where no listener of this agent has it.
func (a *Agent) socketAt(local netip.AddrPort) *udpSocket {
	var any *udpSocket
	for _, s := range a.sockets {
		if s.local.Port() != local.Port() || s.local.Addr().Is4() != local.Addr().Is4() {
			continue
		}
		if s.local.Addr() == local.Addr() {
			return s
		}
		if s.local.Addr().IsUnspecified() {
			any = s
		}
	}
	return any
}

// Owns tells whether local, which a REGISTER came to, is an address of one of this agent's listeners: other edges at one
// database have phones of their own.
func (a *Agent) Owns(transport string, local netip.AddrPort) bool {
	for _, l := range a.bound {
		if l.Network == transport && l.bound.Port() == local.Port() && l.bound.Addr().Is4() == local.Addr().Is4() &&
			(l.bound.Addr() == local.Addr() || l.bound.Addr().IsUnspecified() && a.isOurs(local.Addr())) {
			return true
		}
	}
	return false
}

// isOurs tells whether an address is this machine's, as of some seconds ago.
func (a *Agent) isOurs(ip netip.Addr) bool {
	if ip.IsLoopback() {
		return true
	}
	ours, _, holds := a.peers.ours.get(ip)
	if !holds {
		ours = a.absent.try(ip) == nil
		a.peers.ours.put(ip, ours, localTTL)
	}
	return ours
}

// Reaches tells whether a phone that registered from remote at local can still be reached by its own flow, as far as that can
// be told without asking it: by UDP whether one of our sockets is there, else whether the connection is open.
func (a *Agent) Reaches(transport string, remote, local netip.AddrPort) bool {
	if transport == "udp" {
		return a.socketAt(local) != nil
	}
	return a.streams.to(transport, remote) != nil
}

// Ping sends the keepalive of a server to a phone behind a NAT by UDP: CRLF, which is answered by nobody and keeps the NAT's
// binding.
func (a *Agent) Ping(r Route) error {
	if r.Transport != "udp" || r.back == nil {
		return errors.New("only registered phones on UDP are kept alive by CRLF")
	}
	f, err := a.flowBack(a.ctx, r)
	if err != nil {
		return err
	}
	return f.send([]byte("\r\n\r\n"))
}
