package b2bua

import (
	"context"

	"callbox/sip/agent"
	"callbox/sip/call"
)

// Edge owns every call. Its methods are safe for concurrent use.
type Edge struct{ o Options }

// New returns an edge that takes calls through Invite.
func New(o Options) (*Edge, error) { return &Edge{o: o.withDefaults()}, nil }

// Invite takes a new INVITE and returns when its call is over: it is the agent's OnInvite, and the agent's goroutine
// becomes the goroutine of the call.
func (e *Edge) Invite(in *agent.Incoming) {}

// Calls returns a snapshot of every call that is up.
func (e *Edge) Calls() []call.Record { return nil }

// Active returns how many calls are up, those in set-up included.
func (e *Edge) Active() int { return 0 }

// Metrics returns the counters as they stand.
func (e *Edge) Metrics() Metrics { return Metrics{} }

// Drain refuses new work with 503 and returns when the last call has ended. Emergency calls are still taken as long as
// calls are up. When ctx ends, the calls left are ended with call.EndShutdown and Drain returns ctx's error. After
// Drain the edge takes no more calls.
func (e *Edge) Drain(ctx context.Context) error { return nil }
