package b2bua

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"callbox/sip/agent"
	"callbox/sip/call"
)

// shutdownGrace is how long Drain waits for calls it has told to end.
const shutdownGrace = 5 * time.Second

// Edge owns every call. Its methods are safe for concurrent use.
type Edge struct {
	o          Options
	legs       dialer
	media      mediaPlane
	retryAfter string // Options.RetryAfter in seconds
	minSession int    // Options.MinSession in seconds

	mu       sync.Mutex
	calls    map[call.ID]*bridge
	draining bool
	closed   bool          // takes no more calls at all
	idle     chan struct{} // closed when the last call ends while draining

	count struct{ calls, passedOver, dropped, panics, announced, lateAnswers, transfers, transfersFailed atomic.Uint64 }
}

// New returns an edge that takes calls through Invite.
func New(o Options) (*Edge, error) {
	switch {
	case o.Agent == nil:
		return nil, errors.New("b2bua: Options.Agent is missing")
	case o.Media == nil:
		return nil, errors.New("b2bua: Options.Media is missing")
	case o.Decider == nil:
		return nil, errors.New("b2bua: Options.Decider is missing")
	}
	return newEdge(o, agentDialer{o.Agent}, relayPlane{o.Media}), nil
}

func newEdge(o Options, legs dialer, plane mediaPlane) *Edge {
	o = o.withDefaults()
	return &Edge{
		o: o, legs: legs, media: plane, retryAfter: strconv.Itoa(int(o.RetryAfter.Seconds())),
		minSession: max(1, int(o.MinSession/time.Second)),
		calls:      make(map[call.ID]*bridge), idle: make(chan struct{}),
	}
}

// Invite takes a new INVITE and returns when its call is over: it is the agent's OnInvite, and the agent's goroutine
// becomes the goroutine of the call.
func (e *Edge) Invite(in *agent.Incoming) { e.take(in, agentInvite{in}) }

func (e *Edge) take(in *agent.Incoming, inv invite) {
	c := newBridge(e, in, inv)
	if !e.add(c) {
		inv.Refuse(503, phrase(503), header("Retry-After", e.retryAfter), header(headerCall, string(c.rec.ID)),
			warning("the edge is going down"))
		return
	}
	defer e.remove(c)
	c.run()
}

// add registers a call, unless the edge takes no more.
func (e *Edge) add(c *bridge) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.calls[c.rec.ID] = c
	e.count.calls.Add(1)
	return true
}

func (e *Edge) remove(c *bridge) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.calls, c.rec.ID)
	if e.draining && len(e.calls) == 0 {
		e.goIdle()
	}
}

// goIdle ends a drain. mu is held.
func (e *Edge) goIdle() {
	e.closed = true
	select {
	case <-e.idle:
	default:
		close(e.idle)
	}
}

// Calls returns a snapshot of every call that is up, each as its own goroutine sees it, in no order.
func (e *Edge) Calls() []call.Record {
	var (
		mu  sync.Mutex
		out []call.Record
		wg  sync.WaitGroup
	)
	p := &peek{done: func(r *call.Record) {
		if r != nil {
			mu.Lock()
			out = append(out, *r)
			mu.Unlock()
		}
		wg.Done()
	}}
	for _, c := range e.all() {
		wg.Add(1)
		c.box.post(event{kind: kindPeek, peek: p})
	}
	wg.Wait()
	return out
}

func (e *Edge) all() []*bridge {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make([]*bridge, 0, len(e.calls))
	for _, c := range e.calls {
		all = append(all, c)
	}
	return all
}

// Active returns how many calls are up, those in set-up included.
func (e *Edge) Active() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.calls)
}

// Metrics returns the counters as they stand.
func (e *Edge) Metrics() Metrics {
	return Metrics{
		Calls: e.count.calls.Load(), Active: e.Active(), PassedOver: e.count.passedOver.Load(),
		Dropped: e.count.dropped.Load(), Panics: e.count.panics.Load(), Announced: e.count.announced.Load(),
		LateAnswers: e.count.lateAnswers.Load(),
		Transfers:   e.count.transfers.Load(), TransfersFailed: e.count.transfersFailed.Load(),
	}
}

// Drain refuses new work with 503 and returns when the last call has ended. Emergency calls are still taken as long as
// calls are up. When ctx ends, the calls left are ended with call.EndShutdown and Drain returns ctx's error. After
// Drain the edge takes no more calls.
func (e *Edge) Drain(ctx context.Context) error {
	e.mu.Lock()
	e.draining = true
	if len(e.calls) == 0 {
		e.goIdle()
	}
	e.mu.Unlock()
	select {
	case <-e.idle:
		return nil
	case <-ctx.Done():
	}
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	for _, c := range e.all() {
		c.box.post(event{kind: kindShutdown})
	}
	grace := time.NewTimer(shutdownGrace)
	defer grace.Stop()
	select {
	case <-e.idle:
	case <-grace.C:
	}
	return ctx.Err()
}

func (e *Edge) isDraining() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.draining
}

// late takes what comes for a call that is over. A leg that was given up may still be answered, when its 2xx was on
// the way to us already; nobody else would end it.
func (e *Edge) late(ev event) {
	switch ev.kind {
	case agent.KindAnswered:
		e.count.lateAnswers.Add(1)
		ev.leg.Ack(agent.Message{}) // counts only for an INVITE without an offer
		ev.leg.Bye()
	case agent.KindRequest:
		respond(ev.request, 481)
	case kindPeek:
		ev.peek.done(nil)
	case kindFarLeg:
		ev.far.done(nil)
	}
}
