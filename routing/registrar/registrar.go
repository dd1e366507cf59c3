// Package registrar owns where the users of SIP domains are: the bindings of their phones (RFC 3261 section 10, RFC 5626),
// who may make them, how long they last, and their way into the store and back. It must not know SIP messages, nor who
// calls a phone.
package registrar

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing/directory"
	"callbox/routing/directory/store"
	"callbox/sip/fault"
)

// Options are what a Registrar needs. Directory is required.
type Options struct {
	Directory func() *directory.Snapshot // in force; must not block
	Store     Store                      // nil keeps bindings in memory alone
	Guard     *Guard                     // nil makes one
	Logger    zerolog.Logger

	MinExpires     time.Duration // 60 s when 0; less is answered 423
	MaxExpires     time.Duration // 24 h when 0; more is cut to it
	DefaultExpires time.Duration // 1 h when 0
	MaxBindings    int           // of one AOR, 10 when 0

	Keepalive      string        // KeepaliveOptions when "", KeepaliveCRLF or KeepaliveOff
	KeepaliveEvery time.Duration // 25 s when 0
	Prober         Prober        // nil sends no keepalives
}

// Store keeps bindings over a restart and shares them between edges.
type Store interface {
	PutRegistrations(ctx context.Context, rows []store.Registration) error
	Registrations(ctx context.Context, since int64, except string) (rows []store.Registration, rev int64, err error)
	ForgetRegistrations(ctx context.Context, before int64) error
}

// Registrar keeps bindings. Its methods are safe for concurrent use.
type Registrar struct {
	o     Options
	guard *Guard
	name  string // of this process, as writer of rows

	mu   sync.RWMutex
	aors map[aorKey]*aor

	writer  writer
	read    int64 // revision of the store that was read; Load's, then follow's
	quiet   silences
	fault   fault.Episode
	count   counters
	started atomic.Bool
}

// aorKey names an AOR: the user of a domain, whatever host form of it was written.
type aorKey struct{ domain, user string }

// New returns a registrar without any bindings. Run fills it from the store.
func New(o Options) *Registrar {
	o.MinExpires = orElse(o.MinExpires, time.Minute)
	o.MaxExpires = max(o.MinExpires, orElse(o.MaxExpires, 24*time.Hour))
	o.DefaultExpires = min(max(orElse(o.DefaultExpires, time.Hour), o.MinExpires), o.MaxExpires)
	o.MaxBindings = orElse(o.MaxBindings, 10)
	o.KeepaliveEvery = orElse(o.KeepaliveEvery, 25*time.Second)
	if o.Keepalive == "" {
		o.Keepalive = KeepaliveOptions
	}
	if o.Guard == nil {
		o.Guard = NewGuard(o.Logger)
	}
	return &Registrar{
		o: o, guard: o.Guard, name: store.NewSID("ED"), aors: make(map[aorKey]*aor),
		writer: newWriter(), quiet: silences{since: make(map[string]time.Time)},
	}
}

func orElse[T comparable](v, other T) T {
	var zero T
	if v == zero {
		return other
	}
	return v
}

// Register decides a REGISTER and does what it asks for. A new binding, one whose way has changed and one that was removed
// are in the store when it returns, unless the database is away; see DESIGN.md. It may block for that, two seconds at most.
func (r *Registrar) Register(ctx context.Context, q Request) Answer {
	a := r.register(ctx, q)
	r.count.answered(a)
	return a
}

func (r *Registrar) register(ctx context.Context, q Request) Answer {
	d, refused := r.home(q)
	if d == nil {
		return refused
	}
	key := aorKey{d.sid, q.User}
	if q.Again {
		return r.list(key)
	}
	if a, ok := r.authenticate(d, q); !ok {
		return a
	}
	for _, c := range q.Contacts {
		if c.Scheme != "sip" && c.Scheme != "sips" {
			return refusal(400, "Bad Request", "Contact names no SIP URI, so that calls could not be sent there", 0)
		}
	}
	of := r.hold(key)
	defer r.release(of)
	of.turn.Lock() // one REGISTER of an AOR at a time, so that each finds what the one before has left
	defer of.turn.Unlock()
	now := time.Now()
	if !of.rate.AllowN(now, 1) {
		a := refusal(503, "Service Unavailable", fmt.Sprintf("sip:%s@%s registers more often than %d times a second", q.User, d.name, aorRate), codeRate)
		a.RetryAfter = 1
		return a
	}
	c, refused, ok := r.apply(now, d, of.list(now), q)
	if !ok {
		return refused
	}
	of.bindings.Store(&c.next)
	r.keep(ctx, c)
	a := listing(now, c.next)
	a.Outbound = c.outbound && q.Outbound
	return a
}

// list answers with what there is.
func (r *Registrar) list(key aorKey) Answer {
	now := time.Now()
	if of := r.find(key); of != nil {
		return listing(now, of.list(now))
	}
	return listing(now, nil)
}

func listing(now time.Time, bindings []*Binding) Answer {
	a := Answer{Status: 200, Reason: "OK", Contacts: make([]Contact, len(bindings))}
	for i, b := range bindings {
		left := (b.Expires.Sub(now) + time.Second - 1) / time.Second
		a.Contacts[i] = Contact{URI: b.URI, Q: b.Q, Expires: int(left), Instance: b.Instance, RegID: b.RegID}
	}
	return a
}

// authenticate checks the credentials of a REGISTER. The AOR must be that of the user who proves to know the password.
func (r *Registrar) authenticate(d *home, q Request) (Answer, bool) {
	challenge := Answer{Status: 401, Reason: "Unauthorized", Realm: directory.Realm}
	if q.Proof == nil {
		return challenge, false
	}
	p := r.guard.Begin(q.Source, q.Proof)
	right := d.proves(p)
	stale := !right && p.Stale()
	p.End()
	switch {
	case stale:
		return challenge, false
	case !right:
		return forbidden("wrong user name or password", codeCredentials), false
	case p.Username() != q.User && d.sid != centreSID:
		return forbidden(fmt.Sprintf("user %s registers sip:%s@%s and no other address", p.Username(), p.Username(), d.name), codeCredentials), false
	}
	return Answer{}, true
}
