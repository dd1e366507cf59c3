// Package callback finds the way back to somebody whose emergency call was lost: it knows a call centre that calls a
// number, and says step by step whom to ring: the phone that made the call, the origination URLs of the number's trunk,
// registered phones, the number's voice URL, a reception or security desk. It must not know how legs are rung, and fills
// in no call record but the trace of why a callback went where it went.
package callback

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing/directory"
	"callbox/routing/directory/store"
	"callbox/routing/numbering"
	"callbox/routing/twiml"
	"callbox/routing/webhook"
	"callbox/sip/agent"
	"callbox/sip/b2bua"
	"callbox/sip/call"
)

// Calls finds emergency calls.
type Calls interface {
	// Recent returns calls that were made for a number, or had it as their callback number, since then: live ones included,
	// newest first and not many. It may wait for a disk.
	Recent(ctx context.Context, number string, since time.Time) []call.Record
	// Get returns one call, live or ended.
	Get(id call.ID) (*call.Record, bool)
}

// Phone is a contact that is registered.
type Phone struct {
	Name  string // for the record: its address of record
	Route agent.Route
}

// Phones are the registered ones.
type Phones interface {
	// Registered returns the phones of an address of record at a domain, those to be rung first before others; user "" is
	// everybody of the domain. It must not block.
	Registered(domain *directory.Domain, user string) []Phone
}

// Centres are the call centres that have registered.
type Centres interface {
	// Centre returns the ways to where a centre has registered, by its ID. It must not block.
	Centre(id string) []agent.Route
	// CentreAt returns the ID of the centre that has registered from an address, by UDP or by the connection from it, ""
	// for none. It must not block.
	CentreAt(transport string, remote netip.AddrPort) string
}

// PANIs are the numbers that centres are shown in the place of callers'.
type PANIs interface {
	// Holder returns the emergency call that a centre is shown a number for, or was until a short while ago. It must not
	// block.
	Holder(centre, number string) (call.ID, bool)
}

// Router finds the way to where a URI leads, and back to where a request came from.
type Router interface {
	Route(ctx context.Context, uri string) (agent.Route, error)
	RouteBack(uri, transport string, remote, local netip.AddrPort, path []string) (agent.Route, error)
}

// Voice plays what a document says. Program returns the URI that plays verbs once and then hangs up, and what to call when
// it is not needed any more; note is told what cannot be played, on any goroutine.
type Voice interface {
	Program(verbs []twiml.Verb, note func(error)) (uri string, done func())
}

// Options join a Planner to the rest of the edge. Snapshot and Router are required.
type Options struct {
	Snapshot func() *directory.Snapshot
	Router   Router
	Store    *store.Store                          // of origination URLs and voice URLs; nil: there are none
	Calls    Calls                                 // nil: none is known
	Phones   Phones                                // nil: none is registered
	Centres  Centres                               // nil: none has registered
	PANIs    PANIs                                 // nil: there are none
	Webhook  *webhook.Client                       // nil: no voice URL is called
	Voice    Voice                                 // nil: documents that play something fail
	Token    func(account string) directory.Secret // auth token that signs webhooks; nil: none
	Rand     func() float64                        // in [0, 1), for weights; nil is math/rand
	Now      func() time.Time                      // nil is time.Now
	Logger   zerolog.Logger
}

// Planner recognises callbacks and plans them. Its methods are safe for concurrent use.
type Planner struct {
	o       Options
	centres atomic.Pointer[index]
	rows    rows
	changed chan struct{} // the directory has other centres: a token for Run
}

// New returns a planner. Run has to run for centres with host names to be known by their addresses, and for voice URLs to
// be known while the database is away.
func New(o Options) *Planner {
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Token == nil {
		o.Token = func(string) directory.Secret { return "" }
	}
	p := &Planner{o: o, changed: make(chan struct{}, 1)}
	p.rows.store = o.Store
	return p
}

// Callback implements b2bua.CallbackPlanner.
func (p *Planner) Callback(r b2bua.CallbackRequest) (b2bua.CallbackDecision, bool) {
	s := p.o.Snapshot()
	dialled, ok := dialledNumber(r.Scheme, r.User)
	if !ok {
		return p.consult(s, r)
	}
	w := p.whose(s, r)
	if !w.mine {
		return b2bua.CallbackDecision{}, false
	}
	t := &trail{}
	d := b2bua.CallbackDecision{Realm: w.realm, Status: w.status, Reason: w.reason, From: r.From.User}
	if w.centre != nil {
		d.Centre, d.From, d.SRTP = w.centre.ID, from(r, w.centre), w.centre.SRTP
	}
	t.note("centre", w.outcome, "%s", w.saw)
	if w.centre == nil {
		d.Trace = t.steps
		return d, true
	}
	all := forms(dialled, countryOf(w.centre))
	n := find(s, all)
	if n != nil {
		t.note("number", passed, "%s is a number of the account %s", n.E164, n.AccountSID)
		d.Number, d.Country, d.Account = n.E164, n.Country, n.AccountSID
		d.Trace, d.Plan = t.steps, newPlan(p, s, n, r, d, len(t.steps))
		return d, true
	}
	all = slices.DeleteFunc(all, func(f string) bool { return !numbering.Valid(f) })
	if len(all) == 0 {
		why := unknown([]string{dialled})
		t.note("number", failed, "%s", why)
		d.Status, d.Reason, d.Trace = 404, why, t.steps
		return d, true
	}
	d.Number, d.Trace = all[len(all)-1], t.steps
	plan := newPlan(p, s, nil, r, d, len(t.steps)) // which may wait for what is to be known of the number
	plan.forms = all
	d.Plan = plan
	return d, true
}

// Run follows what a callback needs and may not wait for: the addresses of centres with host names, and the small rows of
// the store. It returns when ctx ends.
func (p *Planner) Run(ctx context.Context) {
	const often = 30 * time.Second
	tick := time.NewTicker(often)
	defer tick.Stop()
	for {
		p.resolve(ctx)
		p.rows.follow(ctx)
		select {
		case <-ctx.Done():
			return
		case <-p.changed:
		case <-tick.C:
		}
	}
}
