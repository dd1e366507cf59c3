package callback

import (
	"context"
	"slices"
	"time"

	"callbox/routing/directory"
	"callbox/routing/directory/store"
	"callbox/sip/b2bua"
	"callbox/sip/call"
)

// plan is the way of one callback: stages in order, each of which may give a step.
type plan struct {
	p      *Planner
	s      *directory.Snapshot
	n      *directory.Number // the one called back; until begin has found it nil where it is none of the directory
	forms  []string          // what may have been dialled in that case
	hosts  []string          // SIDs of the trunks and domains to go by, nil: those of the number
	users  []string          // names of the phone beside its number
	r      b2bua.CallbackRequest
	d      b2bua.CallbackDecision
	trail  trail
	begun  bool
	stages []stage
	doc    *document // the one that is being carried out

	original *call.Record // the emergency call this is about, nil where none is known
	small    small
	row      store.Number
}

// stage is one thing to try. It returns false when there is nothing of its kind, which it has noted.
type stage func(ctx context.Context) (b2bua.Step, bool)

// How many may ring: one phone that made a call after the other, and all phones of a domain.
const (
	maxCallers = 5
	maxPhones  = 10
)

func newPlan(p *Planner, s *directory.Snapshot, n *directory.Number, r b2bua.CallbackRequest, d b2bua.CallbackDecision, rules int) *plan {
	return &plan{p: p, s: s, n: n, r: r, d: d, trail: trail{rules: rules}}
}

// Next implements b2bua.CallbackPlan.
func (w *plan) Next(ctx context.Context, last b2bua.StepOutcome) b2bua.Step {
	if !w.begun {
		w.begun = true
		if why := w.begin(ctx); why != "" {
			return b2bua.Step{Kind: b2bua.StepReject, Status: 404, Reason: why, Trace: w.trail.take()}
		}
	}
	step, ok := b2bua.Step{}, false
	if w.doc != nil {
		step, ok = w.doc.next(ctx, last)
	}
	for !ok && ctx.Err() == nil {
		if len(w.stages) == 0 {
			step, ok = b2bua.Step{Kind: b2bua.StepEnd, Reason: "nobody could be reached at " + w.n.E164}, true
			break
		}
		next := w.stages[0]
		w.stages = w.stages[1:]
		step, ok = next(ctx)
	}
	step.Trace = w.trail.take()
	if w.original != nil {
		step.Of = w.original.ID
	}
	step.Owner = b2bua.Owner{Account: w.n.AccountSID, Country: w.n.Country, Number: w.n.E164}
	return step
}

// Close implements b2bua.CallbackPlan.
func (w *plan) Close() {
	if w.doc != nil {
		w.doc.close()
	}
}

// begin finds out what the way depends on, and lays it out. It returns why there is none, "" otherwise.
func (w *plan) begin(ctx context.Context) string {
	var calls []call.Record
	if w.n != nil {
		calls = w.findOriginal(ctx)
	} else {
		calls = w.findOwner(ctx)
	}
	if w.n == nil {
		why := unknown(w.forms)
		w.trail.note("number", failed, "%s", why)
		return why
	}
	var asked bool
	w.small, w.row, asked = w.p.rows.of(ctx, w.n.E164)
	if w.row.AccountSID != w.n.AccountSID { // somebody else's, whose voice URL is not to be asked
		w.row = store.Number{}
	}
	if !asked {
		w.trail.note("store", failed, "the database cannot be asked now: origination and voice URLs are those last known")
	}
	trunks, domains := w.trunks(), w.domains()
	w.stages = append(w.stages, w.callers(calls))
	for _, t := range trunks {
		w.stages = append(w.stages, w.trunk(t)...)
	}
	w.stages = append(w.stages, w.phones(domains), w.voice(domains))
	w.stages = append(w.stages, w.fallbacks(trunks, domains)...)
	return ""
}

// findOriginal finds the emergency call that this is about: the one that the centre names, else the latest one made for
// the number. It returns all calls for the number within the longest window, newest first.
func (w *plan) findOriginal(ctx context.Context) []call.Record {
	if w.p.o.Calls == nil {
		return nil
	}
	if id := w.r.Original; id != "" && w.original == nil {
		if r, ok := w.p.o.Calls.Get(id); ok && r.Caller == w.n.E164 && r.Direction == call.DirectionEmergency && w.owns(r) {
			w.original = r
			w.trail.note("original_call", passed, "it is about %s, which the call centre names", id)
		} else {
			w.trail.note("original_call", failed, "%s, which the call centre names, is no emergency call of %s", id, w.n.E164)
		}
	}
	calls := w.p.o.Calls.Recent(ctx, w.n.E164, w.p.o.Now().Add(-w.longestWindow()))
	calls = slices.DeleteFunc(calls, func(r call.Record) bool { return !w.owns(&r) })
	if w.original == nil && len(calls) > 0 {
		w.original = &calls[0]
		w.trail.note("original_call", passed, "it is about %s of %s, the latest emergency call of %s", w.original.ID,
			w.original.StartedAt.UTC().Format(time.TimeOnly), w.n.E164)
	}
	if w.original == nil {
		w.trail.note("original_call", skipped, "no emergency call of %s is known", w.n.E164)
	}
	return calls
}

// owns tells whether a call was made by the account of the number: another's endpoint or web service may give the number as
// its callback number.
func (w *plan) owns(r *call.Record) bool { return r.Account == "" || r.Account == w.n.AccountSID }

// longestWindow is the longest time after a call that a domain has its phone rung first for.
func (w *plan) longestWindow() (longest time.Duration) {
	for _, d := range w.s.Domains() {
		if w.onDomain(d) {
			longest = max(longest, d.Settings.Callback.Window)
		}
	}
	return max(longest, time.Hour)
}

// onTrunk tells whether the number is reached by a trunk.
func (w *plan) onTrunk(t *directory.Trunk) bool {
	return w.n.OnTrunk(t) && (w.hosts == nil || slices.Contains(w.hosts, t.SID))
}

// onDomain tells whether the number is reached by a domain.
func (w *plan) onDomain(d *directory.Domain) bool {
	return w.n.OnDomain(d) && (w.hosts == nil || slices.Contains(w.hosts, d.SID))
}

// trunks are those of the number: of several, the one that the emergency call came by is first.
func (w *plan) trunks() (all []*directory.Trunk) {
	var by *directory.Trunk
	if w.original != nil {
		by, _ = w.s.Trunk(w.original.Domain)
	}
	for _, t := range w.s.Trunks() {
		switch {
		case !w.onTrunk(t):
		case by != nil && t.SID == by.SID:
			all = append([]*directory.Trunk{t}, all...)
		default:
			all = append(all, t)
		}
	}
	return all
}

// domains are those of the number, in the same order.
func (w *plan) domains() (all []*directory.Domain) {
	var by *directory.Domain
	if w.original != nil {
		by, _ = w.s.Domain(w.original.Domain)
	}
	for _, d := range w.s.Domains() {
		switch {
		case !w.onDomain(d):
		case by != nil && d.SID == by.SID:
			all = append([]*directory.Domain{d}, all...)
		default:
			all = append(all, d)
		}
	}
	return all
}

// rung is a step that rings targets as the settings say: all of them at once, or the first, with the others left as
// stages of their own.
func (w *plan) rung(targets []b2bua.DialTarget, s directory.CallbackSettings) b2bua.Step {
	for i := range targets {
		if targets[i].Ring == 0 {
			targets[i].Ring = s.Ring
		}
	}
	if s.Fork == directory.ForkSerial {
		var rest []stage
		for _, t := range targets[1:] {
			rest = append(rest, func(context.Context) (b2bua.Step, bool) {
				w.trail.note("phones", applied, "rings %s next", t.Name)
				return b2bua.Step{Kind: b2bua.StepDial, Dial: []b2bua.DialTarget{t}}, true
			})
		}
		w.stages = append(rest, w.stages...)
		targets = targets[:1]
	}
	return b2bua.Step{Kind: b2bua.StepDial, Dial: targets}
}

// callers is the stage of the phones that made emergency calls for the number by a domain, the newest alone and before all
// others.
func (w *plan) callers(calls []call.Record) stage {
	return func(context.Context) (b2bua.Step, bool) {
		targets, settings := w.callersOf(calls)
		if len(targets) == 0 {
			w.trail.note("phone", skipped, "no phone has called for %s by a domain lately", w.n.E164)
			return b2bua.Step{}, false
		}
		w.trail.note("phone", applied, "rings %s, which made the last call for %s", targets[0].Name, w.n.E164)
		if rest := targets[1:]; len(rest) > 0 {
			w.stages = append([]stage{func(context.Context) (b2bua.Step, bool) {
				w.trail.note("phone", applied, "rings %d other phones that have called for %s", len(rest), w.n.E164)
				return w.rung(rest, settings), true
			}}, w.stages...)
		}
		targets[0].Ring = settings.Ring
		return b2bua.Step{Kind: b2bua.StepDial, Dial: targets[:1]}, true
	}
}

// callersOf returns the phones that made calls within the window of their domain, newest first, each once.
func (w *plan) callersOf(calls []call.Record) (targets []b2bua.DialTarget, settings directory.CallbackSettings) {
	seen := map[string]bool{}
	for _, r := range calls {
		d, ok := w.s.Domain(r.Domain)
		if !ok || r.Contact == "" || seen[r.Contact+" "+r.Source] || len(targets) == maxCallers {
			continue
		}
		seen[r.Contact+" "+r.Source] = true
		if w.p.o.Now().Sub(r.StartedAt) > d.Settings.Callback.Window {
			continue
		}
		t, err := w.phoneOf(d, r)
		if err != nil {
			w.trail.note("phone", failed, "%s called, but there is no way back to it: %s", r.From, err)
			continue
		}
		if len(targets) == 0 {
			settings = d.Settings.Callback
		}
		targets = append(targets, t)
	}
	return targets, settings
}

// phoneOf is the phone that made a call, by the way that it came.
func (w *plan) phoneOf(d *directory.Domain, r call.Record) (b2bua.DialTarget, error) {
	source, err := parseSource(r.Source)
	if err != nil {
		return b2bua.DialTarget{}, err
	}
	if w.p.o.Phones != nil { // one that is registered is reached as it registered
		for _, phone := range w.p.o.Phones.Registered(d, "") {
			if phone.Route.Remote == source && phone.Route.Transport == r.Transport {
				return b2bua.DialTarget{Name: phone.Name, URI: phone.Route.URI, Route: &phone.Route, Secure: d.Secure}, nil
			}
		}
	}
	route, err := w.p.o.Router.RouteBack(r.Contact, r.Transport, source, noAddr, nil)
	if err != nil {
		return b2bua.DialTarget{}, err
	}
	return b2bua.DialTarget{Name: r.From + " at " + r.Source, URI: r.Contact, Route: &route, Secure: d.Secure}, nil
}

// phones is the stage of the registered ones: those that have the number as their name, else all of the number's domains.
func (w *plan) phones(domains []*directory.Domain) stage {
	return func(context.Context) (b2bua.Step, bool) {
		if w.p.o.Phones == nil {
			return b2bua.Step{}, false
		}
		for _, users := range [][]string{append([]string{w.n.E164, w.n.E164[1:]}, w.users...), {""}} {
			for _, d := range domains {
				var targets []b2bua.DialTarget
				for _, user := range users {
					targets = append(targets, registered(w.p.o.Phones.Registered(d, user), d.Secure)...)
				}
				if len(targets) > 0 {
					return w.ringPhones(d, targets), true
				}
			}
		}
		w.trail.note("phones", skipped, "no phone of the domains of %s is registered", w.n.E164)
		return b2bua.Step{}, false
	}
}

func (w *plan) ringPhones(d *directory.Domain, targets []b2bua.DialTarget) b2bua.Step {
	all := len(targets)
	targets = targets[:min(all, maxPhones)]
	how := "at once"
	if d.Settings.Callback.Fork == directory.ForkSerial {
		how = "one after the other"
	}
	w.trail.note("phones", applied, "rings %d of %d registered phones of %s %s", len(targets), all, d.Name, how)
	return w.rung(targets, d.Settings.Callback)
}

// registered makes targets of phones. One that registered in the clear before its domain became secure is left out: it
// would be sent the keys of its media in the clear.
func registered(phones []Phone, secure bool) (all []b2bua.DialTarget) {
	for _, p := range phones {
		if secure && p.Route.Transport != "tls" && p.Route.Transport != "wss" {
			continue
		}
		all = append(all, b2bua.DialTarget{Name: p.Name, URI: p.Route.URI, Route: &p.Route, Secure: secure})
	}
	return all
}
