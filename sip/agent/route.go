package agent

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// peerCache keeps what was learnt about peers: our address towards them, and which of them take no TCP.
type peerCache struct {
	local peerFacts[netip.Addr, netip.Addr]
	ours  peerFacts[netip.Addr, bool] // which addresses are this machine's
	noTCP peerFacts[netip.AddrPort, bool]
}

// peerFacts is one thing that was learnt about some peers, each for a while. When it is full it starts anew.
type peerFacts[K comparable, V any] struct {
	mu sync.Mutex
	of map[K]peerFact[V]
}

type peerFact[V any] struct {
	value V
	until time.Time
}

// get returns what was learnt last, and whether it still holds; what no longer holds is better than nothing.
func (f *peerFacts[K, V]) get(k K) (value V, known, holds bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fact, known := f.of[k]
	return fact.value, known, known && time.Now().Before(fact.until)
}

func (f *peerFacts[K, V]) put(k K, value V, ttl time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of == nil || len(f.of) >= peerMax {
		f.of = make(map[K]peerFact[V])
	}
	f.of[k] = peerFact[V]{value, time.Now().Add(ttl)}
}

const (
	peerMax      = 4096 // of each fact
	localTTL     = 10 * time.Second
	noTCPTTL     = time.Minute
	outgoingPort = 9 // discard; the connected socket that asks for our address sends nothing
)

// localTowards returns the address that packets to peer leave from.
func (a *Agent) localTowards(peer netip.Addr) netip.Addr {
	if peer.IsLoopback() {
		if peer.Is4() {
			return peerLoopback4
		}
		return netip.IPv6Loopback()
	}
	local, known, holds := a.peers.local.get(peer)
	if holds {
		return local
	}
	found, there := a.kernel.towards(peer)
	switch {
	case there:
		local = found
	case known: // the last that is known
	case peer.Is4():
		local = netip.IPv4Unspecified()
	default:
		local = netip.IPv6Unspecified()
	}
	a.peers.local.put(peer, local, localTTL)
	return local
}

var peerLoopback4 = netip.AddrFrom4([4]byte{127, 0, 0, 1})

func (a *Agent) noteTCPRefused(peer netip.AddrPort) { a.peers.noTCP.put(peer, true, noTCPTTL) }

func (a *Agent) refusesTCP(peer netip.AddrPort) bool {
	_, _, refuses := a.peers.noTCP.get(peer)
	return refuses
}

func addrPortOf(ip netip.Addr, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(ip.Unmap(), port)
}

func defaultPort(transport string) uint16 {
	if transport == "tls" {
		return 5061
	}
	return 5060
}

// Route resolves a SIP or SIPS URI to its next hop. It returns at once for IP literals and for names that were
// looked up lately; for others it waits for DNS, until ctx ends.
func (a *Agent) Route(ctx context.Context, target string) (Route, error) {
	u, err := parseURI(target)
	if err != nil {
		return Route{}, fmt.Errorf("route %q: %w", target, err)
	}
	if u.Scheme != "sip" && u.Scheme != "sips" {
		return Route{}, fmt.Errorf("route %q: %w", target, errScheme(u.Scheme))
	}
	r := Route{URI: target, Transport: u.transport()}
	if r.Transport != "udp" && r.Transport != "tcp" && r.Transport != "tls" {
		return Route{}, fmt.Errorf("route %q: transport %q is not spoken here: udp, tcp or tls", target, r.Transport)
	}
	r.Remote, err = a.resolveHop(ctx, u, r.Transport)
	if err != nil {
		return Route{}, fmt.Errorf("route %q: %w", target, err)
	}
	r.Local = a.localTowards(r.Remote.Addr())
	return r, nil
}

// resolveHop finds the address of a URI's host: a literal, or what its name leads to. Of several addresses it is the
// first that a listener reaches, IPv4 before IPv6.
func (a *Agent) resolveHop(ctx context.Context, u uri, transport string) (netip.AddrPort, error) {
	if ip, ok := u.literal(); ok {
		port := u.Port
		if port == 0 {
			port = defaultPort(transport)
		}
		return netip.AddrPortFrom(ip, port), nil
	}
	hops, err := a.names.find(ctx, nameKey{transport, u.Host, u.Port})
	if err != nil {
		return netip.AddrPort{}, err
	}
	best, merit := hops[0], -1
	for _, h := range hops {
		m := 0
		if a.listensLike(transport, h.Addr()) {
			m += 2
		}
		if h.Addr().Is4() {
			m++
		}
		if m > merit {
			best, merit = h, m
		}
	}
	return best, nil
}

// listensLike tells whether requests to ip can leave by a listener: those over UDP need one of the same family.
func (a *Agent) listensLike(transport string, ip netip.Addr) bool {
	if transport != "udp" {
		return true
	}
	for _, s := range a.sockets {
		if s.local.Addr().Is4() == ip.Is4() {
			return true
		}
	}
	return false
}

// flowTo makes the flow for a route. It blocks while a connection is made; a UDP flow is there at once.
func (a *Agent) flowTo(ctx context.Context, r Route) (flow, error) {
	switch {
	case r.back != nil:
		return a.flowBack(ctx, r)
	case r.Transport == "udp":
		return a.udpFlow(r.Remote)
	}
	host := r.Remote.Addr().String()
	if u, err := parseURI(r.URI); err == nil {
		host = u.Host
	}
	s, err := a.dial(ctx, r.Transport, r.Remote, host)
	if err != nil {
		return flow{}, err
	}
	return flow{transport: r.Transport, stream: s, remote: r.Remote, host: host}, nil
}

// udpFlow finds the UDP socket that reaches remote: one bound to our address towards it, else any of its family.
func (a *Agent) udpFlow(remote netip.AddrPort) (flow, error) {
	local := a.localTowards(remote.Addr())
	var best *udpSocket
	for _, s := range a.sockets {
		ip := s.local.Addr()
		if ip.Is4() != remote.Addr().Is4() {
			continue
		}
		if ip == local {
			best = s
			break
		}
		if ip.IsUnspecified() || best == nil {
			best = s
		}
	}
	if best == nil {
		return flow{}, fmt.Errorf("no udp listener reaches %s", remote)
	}
	return flow{transport: "udp", socket: best, remote: remote}, nil
}

// Options sends OPTIONS to target and returns the status of the final answer. It blocks until then or until ctx ends.
func (a *Agent) Options(ctx context.Context, target string) (status int, err error) {
	r, err := a.Route(ctx, target)
	if err != nil {
		return 0, err
	}
	return a.Probe(ctx, r)
}

// Probe is Options by a route.
func (a *Agent) Probe(ctx context.Context, r Route) (status int, err error) {
	target := r.URI
	f, err := a.flowTo(ctx, r)
	if err != nil {
		return 0, fmt.Errorf("probe %q: %w", target, err)
	}
	tag, callID := newTag(), token(12)
	p, err := a.ask(ctx, f, "OPTIONS", func(f flow, branch string) []byte {
		var w writer
		us := a.contactHost(f)
		w.line("OPTIONS ", target, " SIP/2.0")
		a.viaLine(&w, f, branch)
		for _, p := range r.path() {
			w.field("Route", p)
		}
		w.field("From", "<sip:callbox@"+us+">;tag="+tag)
		w.field("To", "<"+target+">")
		w.field("Call-ID", callID)
		w.field("CSeq", "1 OPTIONS")
		w.field("Max-Forwards", "70")
		w.field("Contact", "<sip:callbox@"+us+">")
		w.field("Accept", "application/sdp")
		return w.body(Message{})
	})
	switch {
	case err == nil:
		return p.status, nil
	case unanswered(err) != 0:
		return unanswered(err), nil
	case errors.Is(err, errFlowGone):
		return 0, err
	}
	return 0, fmt.Errorf("probe %q: %w", target, err)
}

func (a *Agent) viaLine(w *writer, f flow, branch string) {
	name := map[string]string{"udp": "UDP", "tcp": "TCP", "tls": "TLS", "ws": "WS", "wss": "WSS"}[f.transport]
	rport := ""
	if !f.reliable() {
		rport = ";rport"
	}
	w.field("Via", "SIP/2.0/"+name+" "+f.sentBy(a)+";branch="+branch+rport)
}
