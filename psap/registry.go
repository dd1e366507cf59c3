// Package psap keeps the registry of call centres: which are up, down, drained or full. It probes them with SIP OPTIONS
// through a Prober and knows nothing of SIP messages or of where calls are routed.
package psap

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"callbox/routing/directory"

	"github.com/rs/zerolog"
)

// Prober sends OPTIONS to a SIP URI and returns the status of the final answer. It blocks until then or until ctx ends.
type Prober interface {
	Options(ctx context.Context, uri string) (int, error)
}

// Options configure a Registry. The zero value works and probes nothing: without a Prober every centre that is not
// drained is in service.
type Options struct {
	Prober   Prober
	Interval time.Duration    // between probes of one centre; 0 is 10 s
	Timeout  time.Duration    // of one probe; 0 is 2 s
	Failures int              // in a row until a centre is down; 0 is 3
	Logger   zerolog.Logger   // changes only
	Clock    func() time.Time // nil is time.Now
	Rand     func() float64   // in [0, 1), spreads the probes; nil is math/rand

	// Registered tells whether a centre has registered: it is in service then whatever becomes of probes of its URI. It must
	// not block. nil: none has.
	Registered func(id string) bool
}

// Registry holds the state of every centre. Its methods are safe for concurrent use.
type Registry struct {
	o     Options
	mu    sync.Mutex // held by writers of table and of a state's probe figures
	table atomic.Pointer[table]
	wake  chan struct{} // a new centre wants its first probe
}

// table is the centres of one Set. It never changes.
type table struct {
	order []*entry
	byID  map[string]*entry
}

// entry is a centre of a table. Its state outlives the table.
type entry struct {
	directory.PSAP
	*state
}

// state is what is known of a centre.
type state struct {
	down    atomic.Bool
	drained atomic.Bool
	active  atomic.Int64
	probing atomic.Bool

	// guarded by Registry.mu
	failures  int
	detail    string
	probedAt  time.Time
	changedAt time.Time
}

// Status is the state of one centre.
type Status struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	URI        string    `json:"uri"`
	ECC        bool      `json:"ecc"`
	State      string    `json:"state"` // up, down, drained, or unknown until probed; one that is registered is up
	InService  bool      `json:"in_service"`
	Registered bool      `json:"registered"` // here: its calls go to where it has
	Active     int       `json:"active_calls"`
	Capacity   int       `json:"capacity,omitempty"`        // 0 is no limit
	SRTP       string    `json:"srtp"`                      // of its calls' media: off, optional or required
	Failures   int       `json:"probe_failures"`            // in a row
	Detail     string    `json:"probe_detail,omitempty"`    // what the last probe saw
	ProbedAt   time.Time `json:"probed_at,omitzero"`        // the last probe's end
	ChangedAt  time.Time `json:"state_changed_at,omitzero"` // the last change up, down, drained or restored
}

// New returns a registry without centres. Call Set, then Run.
func New(o Options) *Registry {
	if o.Interval <= 0 {
		o.Interval = 10 * time.Second
	}
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Second
	}
	if o.Failures <= 0 {
		o.Failures = 3
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	if o.Registered == nil {
		o.Registered = func(string) bool { return false }
	}
	r := &Registry{o: o, wake: make(chan struct{}, 1)}
	r.table.Store(&table{byID: map[string]*entry{}})
	return r
}

// Set replaces the centres. Those that stay, by ID, keep their calls and whether they are drained, and if their URI is
// the same what probes found.
func (r *Registry) Set(centres []directory.PSAP) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.table.Load()
	next := &table{order: make([]*entry, 0, len(centres)), byID: make(map[string]*entry, len(centres))}
	for _, p := range centres {
		e := &entry{PSAP: p, state: &state{}}
		if was, ok := old.byID[p.ID]; ok {
			e.state = was.state
			if was.URI != p.URI || !p.Probe {
				e.forget()
			}
		}
		next.order = append(next.order, e)
		next.byID[p.ID] = e
	}
	r.table.Store(next)
	select {
	case r.wake <- struct{}{}:
	default: // Run has not taken the last one yet and will see this table
	}
}

// forget drops what probes found; Registry.mu is held.
func (s *state) forget() {
	s.down.Store(false)
	s.failures, s.detail, s.probedAt = 0, "", time.Time{}
}

// InService tells whether a centre may be given calls: it is neither down nor drained. One that is unknown or not yet
// probed is in service, and so is one that has registered. It takes no lock.
func (r *Registry) InService(id string) bool {
	e, ok := r.table.Load().byID[id]
	return !ok || !e.drained.Load() && (!e.down.Load() || r.o.Registered(id))
}

// Answers tells whether a centre's URI leads to it, as far as probes know. It takes no lock.
func (r *Registry) Answers(id string) bool {
	e, ok := r.table.Load().byID[id]
	return !ok || !e.down.Load()
}

// Drain takes a centre out of service until Restore; calls in progress stay. It reports whether the centre exists.
func (r *Registry) Drain(id string) bool { return r.setDrained(id, true, "call centre drained") }

// Restore ends Drain. It reports whether the centre exists.
func (r *Registry) Restore(id string) bool { return r.setDrained(id, false, "call centre restored") }

func (r *Registry) setDrained(id string, drained bool, message string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.table.Load().byID[id]
	if ok && e.drained.Swap(drained) != drained {
		e.changedAt = r.o.Clock()
		r.o.Logger.Info().Str("psap", id).Msg(message)
	}
	return ok
}

// Acquire takes one of the centre's places for a call, false when all are taken. release must be called once when the
// call has left the centre; calling it again does nothing. A centre that is unknown has no limit.
func (r *Registry) Acquire(id string) (release func(), ok bool) {
	e, known := r.table.Load().byID[id]
	if !known {
		return func() {}, true
	}
	if e.active.Add(1) > int64(e.Capacity) && e.Capacity > 0 {
		e.active.Add(-1)
		return nil, false
	}
	var done atomic.Bool
	s := e.state
	return func() {
		if !done.Swap(true) {
			s.active.Add(-1)
		}
	}, true
}

// List returns every centre in the directory's order.
func (r *Registry) List() []Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	order := r.table.Load().order
	list := make([]Status, len(order))
	for i, e := range order {
		registered := r.o.Registered(e.ID)
		list[i] = Status{
			ID: e.ID, Name: e.Name, URI: e.URI, ECC: e.ECC, State: e.word(registered), Registered: registered,
			InService: !e.drained.Load() && (!e.down.Load() || registered),
			Active:    int(e.active.Load()), Capacity: e.Capacity, SRTP: e.SRTP.String(), Failures: e.failures, Detail: e.detail,
			ProbedAt: e.probedAt, ChangedAt: e.changedAt,
		}
	}
	return list
}

// word names the state; Registry.mu is held.
func (s *state) word(registered bool) string {
	switch {
	case s.drained.Load():
		return "drained"
	case registered:
		return "up"
	case s.down.Load():
		return "down"
	case s.probedAt.IsZero():
		return "unknown"
	}
	return "up"
}
