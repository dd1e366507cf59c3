// Package agent gives the rest of callbox its SIP legs: it owns listeners, transactions, dialogs and digest
// authentication, and is the only importer of sipgo. It must not know about routing or calls.
package agent

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"hash/maphash"
	"net"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/rs/zerolog"

	outage "callbox/sip/fault"
)

// Listener is one socket to take SIP on.
type Listener struct {
	Network   string // udp, tcp, tls, ws or wss
	Address   string // host:port to bind, IPv6 in brackets; port 0 picks one
	Advertise string // host or host:port to write into Via and Contact; "" finds the local address towards each peer

	ClientAuth tls.ClientAuthType // of tls and wss listeners, against Options.TLS.ClientCAs
}

// Options configure an Agent. OnInvite is required.
type Options struct {
	Listeners []Listener
	TLS       *tls.Config // for tls and wss listeners; use GetCertificate to change certificates without a restart
	ClientTLS *tls.Config // for outgoing TLS; nil verifies against the system's roots
	Origins   []string    // hosts, with * as a wildcard, whose pages may connect to ws and wss listeners besides their own
	UserAgent string      // Server and User-Agent header; "" leaves them out
	Logger    zerolog.Logger
	OnInvite  func(*Incoming) // a new INVITE; called on a goroutine of its own
	Replaces  bool            // INVITEs with Replaces (RFC 3891) are for OnInvite to understand; else they are plain ones
	Ready     func() bool     // OPTIONS outside a dialog: 200 while true or nil, else 503
	OnOptions func(Keepalive) // told of OPTIONS outside a dialog, which is answered whatever it does; must not block; may be nil

	// Urgent tells whether an INVITE is a call for help, by user and host of its Request-URI and where it comes from. It
	// is asked when not all can be taken, before anything was checked, and must be quick; nil takes all for it.
	Urgent func(user, host string, source netip.Addr) bool

	// OnRegister takes a REGISTER; called on a goroutine of its own. nil answers 405.
	OnRegister func(*Registration)

	NonceLife  time.Duration // how long the nonce of a challenge is good for; 0 is five minutes
	Algorithms []string      // digest algorithms that are offered, in this order; nil is Algorithms()

	// Starved is told when no file descriptor is left for a connection; nil tells the log each time.
	Starved func(error)
}

// Agent is one SIP user agent: its sockets and all dialogs on them. Its methods are safe for concurrent use.
type Agent struct {
	opts   Options
	log    zerolog.Logger
	parser *sip.Parser
	t1     time.Duration
	nonces *nonces

	algorithms []string // of digest challenges
	habits     *habits

	bound   []*boundListener // set by Start
	sockets []*udpSocket
	closers []func() error

	txMu      sync.Mutex
	serverTxs map[string]*serverTx
	clientTxs map[string]*clientTx
	merged    map[string]*serverTx // INVITEs that make calls, by mergeKey
	early     earlyCancels
	urgent    lateness
	other     lateness
	turned    *turnedAway
	registers registers
	shown     *turnedAway // nonces, see proves
	strikes   *strikes
	tooMany   [len(retries)][]byte // see endings
	refused   refusals
	seed      maphash.Seed // for tags and keys that only have to differ

	legMu sync.RWMutex
	legs  map[string]*Leg // by local tag

	streams  *connections
	patience streamPatience

	peers  peerCache
	names  *names
	kernel *kernel
	absent absences
	count  counters

	waiting  atomic.Int32  // INVITEs whose owner has not begun
	requests chan struct{} // places of those outside a dialog that wait for an answer

	ctx    context.Context // ends with Close; for dialling
	cancel context.CancelFunc
	done   <-chan struct{}
	wgMu   sync.Mutex // orders spawn against Close
	wg     sync.WaitGroup
}

// New returns an agent that is not listening yet.
func New(o Options) (*Agent, error) {
	if o.OnInvite == nil {
		return nil, errors.New("agent: OnInvite is required")
	}
	for _, l := range o.Listeners {
		switch l.Network {
		case "udp", "tcp", "ws":
		case "tls", "wss":
			if o.TLS == nil {
				return nil, fmt.Errorf("agent: listener %s %s needs a TLS configuration", l.Network, l.Address)
			}
		default:
			return nil, fmt.Errorf("agent: unknown network %q of listener %s: udp, tcp, tls, ws or wss", l.Network, l.Address)
		}
	}
	algorithms, err := offered(o.Algorithms)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	a := &Agent{
		opts: o, log: o.Logger, t1: defaultT1, nonces: newNonces(o.NonceLife), algorithms: algorithms, habits: newHabits(), seed: maphash.MakeSeed(),
		serverTxs: make(map[string]*serverTx), merged: make(map[string]*serverTx), clientTxs: make(map[string]*clientTx),
		legs: make(map[string]*Leg), streams: newConnections(), patience: usualPatience,
		urgent: lateness{patience: patience, floor: floor}, other: lateness{patience: otherPatience},
		turned: newTurnedAway(), registers: newRegisters(), shown: newTurnedAway(), strikes: newStrikes(), tooMany: endings(o.UserAgent),
		requests: make(chan struct{}, maxRequests), ctx: ctx, cancel: cancel, done: ctx.Done(),
	}
	a.names, a.kernel = newNames(ctx, net.DefaultResolver, a.spawn), newKernel()
	a.closers = append(a.closers, a.kernel.close)
	a.absent = absences{try: bindable, why: make(map[string]*outage.Episode)}
	// Only Content-Length is read by sipgo, for framing: the other fields are read strictly by readPacket.
	all := sip.DefaultHeadersParser()
	a.parser = sip.NewParser(sip.WithHeadersParsers(map[string]sip.HeaderParser{
		"content-length": all["content-length"], "l": all["l"],
	}))
	return a, nil
}

// Start binds every listener and serves them. On an error nothing stays bound.
func (a *Agent) Start() error {
	var serve []func()
	for _, l := range a.opts.Listeners {
		f, err := a.bind(l)
		if err != nil && a.excuse(l, err) {
			continue
		}
		if err != nil {
			for _, c := range a.closers {
				c()
			}
			for _, s := range a.sockets {
				s.in.close()
			}
			a.bound, a.sockets, a.closers = nil, nil, nil
			return fmt.Errorf("listen on %s %s: %w", l.Network, l.Address, err)
		}
		serve = append(serve, f)
	}
	for _, f := range serve {
		a.spawn(f)
	}
	return nil
}

func (a *Agent) bind(l Listener) (serve func(), err error) {
	addr, err := resolveListen(l.Address)
	if err != nil {
		return nil, err
	}
	b := &boundListener{Listener: l, tls: a.serverTLS(l)}
	if l.Network == "udp" {
		conn, err := listenUDP(addr)
		if err != nil {
			return nil, err
		}
		b.bound = conn.LocalAddr().(*net.UDPAddr).AddrPort()
		in, err := newBatchReader(conn, addr.Addr().Is6())
		if err != nil {
			conn.Close()
			return nil, err
		}
		s := &udpSocket{conn: conn, out: conn, in: in, listener: b, local: b.bound}
		a.sockets = append(a.sockets, s)
		a.closers = append(a.closers, conn.Close)
		serve = func() { s.serve(a) }
	} else {
		network := "tcp4"
		if addr.Addr().Is6() {
			network = "tcp6"
		}
		ln, err := net.Listen(network, addr.String())
		if err != nil {
			return nil, err
		}
		b.bound = ln.Addr().(*net.TCPAddr).AddrPort()
		a.closers = append(a.closers, ln.Close)
		serve = func() { a.accept(b, ln) }
		if l.Network == "ws" || l.Network == "wss" {
			serve = func() { a.serveWebSocket(b, ln) }
		}
	}
	b.bound = netip.AddrPortFrom(b.bound.Addr().Unmap(), b.bound.Port())
	a.bound = append(a.bound, b)
	return serve, nil
}

// resolveListen reads host:port; an empty host is the IPv4 wildcard, a name is looked up.
func resolveListen(s string) (netip.AddrPort, error) {
	host, _, err := net.SplitHostPort(s)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if host == "" {
		s = "0.0.0.0" + s
	}
	t, err := net.ResolveTCPAddr("tcp", s)
	if err != nil {
		return netip.AddrPort{}, err
	}
	ap := t.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), nil
}

// Addrs returns the bound listeners with their real ports.
func (a *Agent) Addrs() []Listener {
	out := make([]Listener, len(a.bound))
	for i, b := range a.bound {
		out[i] = b.Listener
		out[i].Address = b.bound.String()
	}
	return out
}

// Close stops listening and drops every dialog without a word to the peers; end legs with Bye first. It waits for the
// agent's goroutines.
func (a *Agent) Close() error {
	a.wgMu.Lock()
	a.cancel()
	a.wgMu.Unlock()
	var errs []error
	for _, c := range a.closers {
		if err := c(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	a.streams.close()
	for _, t := range a.pending() {
		t.stop()
	}
	a.wg.Wait()
	return errors.Join(errs...)
}

// pending returns everything that holds a timer.
func (a *Agent) pending() []interface{ stop() } {
	var out []interface{ stop() }
	a.txMu.Lock()
	for _, t := range a.serverTxs {
		out = append(out, t)
	}
	for _, t := range a.clientTxs {
		out = append(out, t)
	}
	a.txMu.Unlock()
	a.legMu.RLock()
	defer a.legMu.RUnlock()
	for _, l := range a.legs {
		out = append(out, l)
	}
	return out
}

func (a *Agent) closing() bool { return a.ctx.Err() != nil }

// spawn runs f on a goroutine that Close waits for; false when the agent is closing.
func (a *Agent) spawn(f func()) bool {
	a.wgMu.Lock()
	defer a.wgMu.Unlock()
	if a.closing() {
		return false
	}
	a.wg.Go(f)
	return true
}

// recovered keeps a defect met while handling one message from ending the process: sipgo itself recovers nothing.
func (a *Agent) recovered(where string) {
	if r := recover(); r != nil {
		a.log.Error().Str("where", where).Str("panic", strings.TrimSpace(fmt.Sprint(r))).Bytes("stack", debug.Stack()).
			Msg("defect while handling sip")
	}
}
