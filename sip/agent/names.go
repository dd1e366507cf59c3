package agent

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	outage "callbox/sip/fault"
)

// How long what DNS said is good for. After namesFresh it is asked again; a call waits namesPatience for that and then
// goes where the name led last, however long ago: a call centre that has moved is found by the next target, while no
// call gets through without any address (the idea of RFC 8767).
const (
	namesFresh    = 30 * time.Second
	namesPatience = 500 * time.Millisecond
	namesLimit    = 10 * time.Second // of one look-up
	namesRecheck  = 10 * time.Second // after one that failed
	namesForgot   = 10 * time.Minute // nobody asks for a name any more that was not asked for so long
	namesMax      = 4096
	namesTargets  = 8 // of an SRV answer that are looked at
)

// resolver is what names need of DNS; *net.Resolver is one.
type resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
}

// names remembers where host names led.
type names struct {
	dns   resolver
	spawn func(func()) bool
	ctx   context.Context // ends every look-up

	mu    sync.Mutex
	known map[nameKey]*name
}

type nameKey struct {
	transport, host string
	port            uint16 // 0: by SRV, or the transport's own
}

// name is guarded by names.mu, but for its fault.
type name struct {
	key    nameKey
	hops   []netip.AddrPort // the last that were found, nil before the first
	srv    bool             // by an SRV record
	err    error            // why the last look-up failed
	again  time.Time        // when to look it up again
	used   time.Time        // when it was asked for
	asking chan struct{}    // closed when the look-up under way is done, nil when none is
	fault  outage.Episode
}

func newNames(ctx context.Context, dns resolver, spawn func(func()) bool) *names {
	return &names{dns: dns, spawn: spawn, ctx: ctx, known: make(map[nameKey]*name)}
}

// find returns the addresses of a name, those of old where DNS does not answer. It blocks while there are none, until ctx
// ends.
func (s *names) find(ctx context.Context, key nameKey) ([]netip.AddrPort, error) {
	s.mu.Lock()
	n := s.entry(key)
	now := time.Now()
	n.used = now
	if n.hops != nil && now.Before(n.again) {
		defer s.mu.Unlock()
		return n.hops, nil
	}
	asking, known := s.ask(n), n.hops != nil
	s.mu.Unlock()
	var patience <-chan time.Time // nil: as long as ctx lasts
	if known {
		t := time.NewTimer(namesPatience)
		defer t.Stop()
		patience = t.C
	}
	select {
	case <-asking:
	case <-patience:
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case n.hops != nil:
		return n.hops, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	return nil, n.err
}

// entry returns the entry of a key. mu is held.
func (s *names) entry(key nameKey) *name {
	if n := s.known[key]; n != nil {
		return n
	}
	if len(s.known) >= namesMax {
		s.forget()
	}
	n := &name{key: key}
	s.known[key] = n
	return n
}

// forget makes room for a name. One that led nowhere goes first, then the longest unused: no crowd of names that somebody
// makes up takes the last address of a centre. mu is held.
func (s *names) forget() {
	var least *name
	for _, n := range s.known {
		switch {
		case n.asking != nil:
		case least == nil, n.hops == nil && least.hops != nil,
			(n.hops == nil) == (least.hops == nil) && n.used.Before(least.used):
			least = n
		}
	}
	if least != nil {
		delete(s.known, least.key)
	}
}

// ask starts a look-up unless one is under way, and returns what is closed when it is done. mu is held.
func (s *names) ask(n *name) <-chan struct{} {
	if n.asking != nil {
		return n.asking
	}
	done := make(chan struct{})
	n.asking = done
	if !s.spawn(func() { s.lookUp(n, done) }) {
		n.asking, n.err = nil, errFlowGone
		close(done)
	}
	return done
}

// lookUp asks DNS and keeps what it says. What it said before stays while it says nothing, and also where it says that
// there is no such name: somebody who takes a centre's name away by mistake must not take its calls.
func (s *names) lookUp(n *name, done chan struct{}) {
	ctx, cancel := context.WithTimeout(s.ctx, namesLimit)
	defer cancel()
	s.mu.Lock()
	srv := n.srv
	s.mu.Unlock()
	hops, srv, err := resolve(ctx, s.dns, n.key, srv)
	s.mu.Lock()
	defer s.mu.Unlock()
	defer close(done)
	n.asking, n.err = nil, err
	now := time.Now()
	if err == nil {
		n.hops, n.srv, n.again = hops, srv, now.Add(namesFresh)
		n.fault.End()
		return
	}
	n.again = now.Add(namesRecheck)
	if s.ctx.Err() == nil {
		n.fault.Begin(err, now)
	}
}

// faults returns the names that DNS does not know or answers for while somebody wants them, and looks them up again when
// it is time, so that the end is seen.
func (s *names) faults() []outage.Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []outage.Report
	now := time.Now()
	for _, n := range s.known {
		r, there := n.fault.Report()
		if !there || now.Sub(n.used) >= namesForgot {
			continue
		}
		r.Subject = n.key.host
		if n.hops == nil {
			r.Problem += "; no address of it is known"
		} else {
			r.Problem += "; its last address is used"
		}
		out = append(out, r)
		if !now.Before(n.again) {
			s.ask(n)
		}
	}
	return out
}

// resolve finds the addresses of a name: without a port by SRV first (RFC 3263 section 4.2), then those of the first target
// that has any. hadSRV tells that it had an SRV record when it was found last: then a failure to get that is no reason to
// use the transport's own port.
func resolve(ctx context.Context, dns resolver, key nameKey, hadSRV bool) (hops []netip.AddrPort, srv bool, err error) {
	targets := []*net.SRV{{Target: key.host, Port: key.port}}
	if key.port == 0 {
		targets[0].Port = defaultPort(key.transport)
		service, proto := "sip", key.transport
		if key.transport == "tls" {
			service, proto = "sips", "tcp"
		}
		_, records, err := dns.LookupSRV(ctx, service, proto, key.host)
		var none *net.DNSError
		switch {
		case len(records) > 0: // some may be bad, which is an error, too
			targets, srv = records[:min(len(records), namesTargets)], true
		case hadSRV && err != nil && !(errors.As(err, &none) && none.IsNotFound):
			return nil, true, err
		}
	}
	for i, t := range targets { // in the order of RFC 2782
		found, failed := addresses(ctx, dns, t, len(targets)-i)
		if failed == nil {
			return found, srv, nil
		}
		if err == nil {
			err = failed
		}
	}
	return nil, srv, err
}

// addresses looks up a target, the first of so many that are left: it leaves the others their share of the time.
func addresses(ctx context.Context, dns resolver, target *net.SRV, left int) (hops []netip.AddrPort, err error) {
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(left))
		defer cancel()
	}
	ips, err := dns.LookupNetIP(ctx, "ip", target.Target)
	if err != nil {
		return nil, err
	}
	if len(ips) == 0 {
		return nil, errors.New("the name has no address")
	}
	for _, ip := range ips {
		hops = append(hops, netip.AddrPortFrom(ip.Unmap(), target.Port))
	}
	return hops, nil
}

// NameFaults returns the host names of peers that DNS does not answer for just now, each with why, since when, and
// whether there is an address of old.
func (a *Agent) NameFaults() []outage.Report { return a.names.faults() }
