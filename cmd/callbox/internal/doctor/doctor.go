package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"callbox/sip/agent"
	"callbox/sip/audio"
)

// Options say how to listen. Listeners are required.
type Options struct {
	Wanted
	Listeners   []agent.Listener
	TLS         *tls.Config   // of tls listeners
	Password    string        // of Wanted.User; "" challenges nobody
	Algorithms  []string      // of digest that are offered; empty is the edge's default
	Origination []string      // SIP URIs that callbacks go to
	Timeout     time.Duration // listens at most so long; 0 is five minutes
	Talk        time.Duration // hangs up so long after the ACK; 0 is three seconds
	UserAgent   string
	Logger      zerolog.Logger
	Said        func(line string) // what happens as it happens, for a person; must not block; may be nil
	Ready       func([]agent.Listener)
}

// Bounds of what is remembered.
const (
	maxCalls      = 200
	maxKeepalives = 1000
	maxRegistered = 100
	maxBacks      = 50
)

// ward is one run: the PBX under examination.
type ward struct {
	o     Options
	agent *agent.Agent
	pacer *audio.Pacer
	ctx   context.Context // ends with the run

	mu      sync.Mutex // guards the rest
	seen    Seen
	begun   int // calls and questions of ours that are under way
	changed chan struct{}
	backs   sync.WaitGroup
}

// Run listens until every wanted number has come and its calls are over, or until the time is up, or ctx ends, and
// returns what it saw. The error is about listening.
func Run(ctx context.Context, o Options) (Seen, error) {
	o.Timeout, o.Talk = cmp.Or(o.Timeout, 5*time.Minute), cmp.Or(o.Talk, 3*time.Second)
	if o.Said == nil {
		o.Said = func(string) {}
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	w := &ward{o: o, pacer: audio.NewPacer(), ctx: ctx, changed: make(chan struct{}, 1)}
	defer w.pacer.Close()
	a, err := agent.New(agent.Options{
		Listeners: o.Listeners, TLS: o.TLS, UserAgent: o.UserAgent, Logger: o.Logger, Algorithms: o.Algorithms,
		OnInvite: w.invite, OnRegister: w.register, OnOptions: w.keepalive,
	})
	if err != nil {
		return Seen{}, err
	}
	w.agent = a
	if err := a.Start(); err != nil {
		return Seen{}, err
	}
	if o.Ready != nil {
		o.Ready(a.Addrs())
	}
	for _, uri := range o.Origination {
		w.tryBack(Back{To: uri}, func(ctx context.Context) (agent.Route, error) { return a.Route(ctx, uri) })
	}
	w.wait()
	cancel()
	w.settle()
	err = a.Close()
	w.backs.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen.For = time.Since(start)
	return w.seen, err
}

// wait returns when all is seen, or the time is up.
func (w *ward) wait() {
	for !w.complete() {
		select {
		case <-w.changed:
		case <-w.ctx.Done():
			return
		}
	}
}

// settle lets calls that are up end in order; they were told by the context.
func (w *ward) settle() {
	limit := time.After(2 * time.Second)
	for {
		w.mu.Lock()
		busy := w.begun > 0
		w.mu.Unlock()
		if !busy {
			return
		}
		select {
		case <-w.changed:
		case <-limit:
			return
		}
	}
}

// complete tells whether every wanted number has come, and nothing is under way.
func (w *ward) complete() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.begun > 0 {
		return false
	}
	for _, n := range w.o.Dialled {
		if dialled(w.o.Wanted, w.seen, n).State != OK {
			return false
		}
	}
	return len(w.o.Dialled) > 0
}

// change changes what was seen and wakes wait.
func (w *ward) change(f func(*Seen)) {
	w.mu.Lock()
	f(&w.seen)
	w.mu.Unlock()
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// under counts what is under way: 1 begins something, -1 ends it.
func (w *ward) under(n int) { w.change(func(*Seen) { w.begun += n }) }

// keepalive notes OPTIONS.
func (w *ward) keepalive(k agent.Keepalive) {
	first := false
	w.change(func(s *Seen) {
		first = len(s.Keepalives) == 0
		if len(s.Keepalives) < maxKeepalives {
			s.Keepalives = append(s.Keepalives, Keepalive(k))
		}
	})
	if first {
		w.o.Said(fmt.Sprintf("OPTIONS from %s by %s", k.Source, k.Transport))
	}
}

// tryBack asks with OPTIONS whether a call back would arrive, once for each place.
func (w *ward) tryBack(b Back, route func(context.Context) (agent.Route, error)) {
	fresh := false
	w.change(func(s *Seen) {
		fresh = len(s.Backs) < maxBacks && !slices.ContainsFunc(s.Backs, func(x Back) bool { return x.To == b.To })
		if fresh {
			b.Why = "the run ended before an answer came"
			s.Backs = append(s.Backs, b)
			w.begun++
		}
	})
	if !fresh {
		return
	}
	w.backs.Go(func() {
		defer w.under(-1)
		ctx, cancel := context.WithTimeout(w.ctx, 6*time.Second)
		defer cancel()
		r, err := route(ctx)
		var reply agent.Reply
		if err == nil {
			reply, err = w.agent.Request(ctx, "OPTIONS", agent.Outgoing{Route: r, Message: agent.Message{}.With("Accept", "application/sdp")})
		}
		b.Status, b.Why = reply.Status, ""
		switch {
		case err != nil && ctx.Err() != nil:
			b.Why = "no answer within 6 s"
		case err != nil:
			b.Why = err.Error()
		}
		w.change(func(s *Seen) {
			for i := range s.Backs {
				if s.Backs[i].To == b.To {
					s.Backs[i] = b
				}
			}
		})
	})
}

// tryContact tries the way back to a Contact: by the connection it came by, where there is one.
func (w *ward) tryContact(contact, transport string, source, local netip.AddrPort) {
	w.tryBack(Back{To: contact, Source: source.Addr()}, func(ctx context.Context) (agent.Route, error) {
		if transport == "udp" {
			return w.agent.Route(ctx, contact)
		}
		return w.agent.RouteBack(contact, transport, source, local, nil)
	})
}

// routeBack is the way to a registered contact.
func (w *ward) routeBack(r *agent.Registration, uri string) func(context.Context) (agent.Route, error) {
	transport, source, local, path := r.Transport, r.Source, r.Local, slices.Clone(r.Path)
	return func(context.Context) (agent.Route, error) {
		return w.agent.RouteBack(uri, transport, source, local, path)
	}
}
