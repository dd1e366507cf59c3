// Package psap keeps the registry of call centres: which are up, down, drained or full. It probes them with SIP OPTIONS
// through a Prober and knows nothing of SIP messages or of where calls are routed.
package psap

import (
	"context"
	"time"

	"callbox/routing/directory"

	"github.com/rs/zerolog"
)

// Prober sends OPTIONS to a SIP URI and returns the final status.
type Prober interface {
	Options(ctx context.Context, uri string) (int, error)
}

// Options configure a Registry. The zero value probes nothing until a Prober is set.
type Options struct {
	Prober   Prober
	Interval time.Duration    // between probes of one centre; 0 is 10 s
	Timeout  time.Duration    // of one probe; 0 is 2 s
	Failures int              // in a row until a centre is down; 0 is 3
	Logger   zerolog.Logger   // changes only
	Clock    func() time.Time // nil is time.Now
}

// Registry holds the state of every centre. Its methods are safe for concurrent use.
type Registry struct{}

// Status is the state of one centre.
type Status struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	URI       string    `json:"uri"`
	State     string    `json:"state"` // up, down, drained or unknown
	InService bool      `json:"in_service"`
	Active    int       `json:"active_calls"`
	Capacity  int       `json:"capacity,omitempty"` // 0 is no limit
	Failures  int       `json:"failures,omitempty"` // probes failed in a row
	Detail    string    `json:"detail,omitempty"`   // what the last probe saw
	ProbedAt  time.Time `json:"probed_at,omitzero"`
	ChangedAt time.Time `json:"changed_at,omitzero"`
}

// New returns a registry without centres.
func New(o Options) *Registry { return &Registry{} }

// Set replaces the centres; those that stay keep their state and calls.
func (r *Registry) Set(centres []directory.PSAP) {}

// InService tells whether a centre may be given calls. It takes no lock; an unknown or not yet probed centre is in service.
func (r *Registry) InService(id string) bool { return true }

// Drain takes a centre out of service until Restore; calls in progress stay. It reports whether the centre exists.
func (r *Registry) Drain(id string) bool { return false }

// Restore ends Drain.
func (r *Registry) Restore(id string) bool { return false }

// Acquire takes one of the centre's places for a call, false when it is full. release must be called once when the
// call left the centre; more calls of it do nothing.
func (r *Registry) Acquire(id string) (release func(), ok bool) { return func() {}, true }

// List returns every centre in the directory's order.
func (r *Registry) List() []Status { return nil }

// Run probes until ctx ends and waits for its probes.
func (r *Registry) Run(ctx context.Context) {}
