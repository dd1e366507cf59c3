package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"callbox/cmd/callbox/internal/web"
	"callbox/psap/sim"
	"callbox/routing"
	"callbox/routing/callback"
	"callbox/routing/directory"
	"callbox/routing/registrar"
	"callbox/sip/b2bua"
	"callbox/sip/call"
	"callbox/sip/cdr"
)

// buildCallbacks makes what plans the calls of centres to the numbers they were given. It comes before the edge.
func (a *App) buildCallbacks() {
	a.callbacks = callback.New(callback.Options{
		Snapshot: a.plan.snapshot.Load, Router: a.agent, Store: a.customers.store, Calls: pastCalls{a},
		Phones: registeredPhones{a.registrar, phones{a.agent}}, Centres: registeredCentres{a}, PANIs: shownNumbers{a}, Webhook: a.webhooks, Voice: a.speech, Token: a.authToken,
		Logger: a.part("callback"),
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { a.callbacks.Run(ctx) })
	a.started(func() error {
		cancel()
		running.Wait()
		return nil
	})
}

// guardedCallbacks slows those down who guess the credentials of call centres.
type guardedCallbacks struct{ app *App }

// Callback implements b2bua.CallbackPlanner.
func (g guardedCallbacks) Callback(r b2bua.CallbackRequest) (b2bua.CallbackDecision, bool) {
	if r.Proof != nil {
		attempt := g.app.plan.guard.Begin(r.Peer, r.Proof)
		defer attempt.End()
		r.Proof = attempt
	}
	return g.app.callbacks.Callback(r)
}

// registeredPhones are the contacts that the registrar has.
type registeredPhones struct {
	registrar *registrar.Registrar
	phones    phones
}

// Registered implements callback.Phones.
func (r registeredPhones) Registered(d *directory.Domain, user string) (all []callback.Phone) {
	users := []string{user}
	if user == "" {
		users = r.registrar.Users(d.Name)
	}
	for _, u := range users {
		for _, b := range r.registrar.Contacts(u, d.Name) {
			if route, err := r.phones.route(b); err == nil {
				all = append(all, callback.Phone{Name: u + "@" + d.Name, Route: route})
			}
		}
	}
	return all
}

// pastCalls finds emergency calls for callbacks.
type pastCalls struct{ app *App }

// Recent implements callback.Calls.
func (p pastCalls) Recent(ctx context.Context, number string, since time.Time) []call.Record {
	page, err := calls{p.app.edge, p.app.journal}.Page(ctx, cdr.Query{
		Limit: 50, Started: cdr.Span{From: since}, Match: func(r *call.Record) bool { return forHelp(r, number) },
	})
	if err != nil {
		p.app.log.Warn().Err(err).Msg("emergency calls of a number could not be looked for")
	}
	out := make([]call.Record, 0, len(page.Calls))
	for _, r := range page.Calls {
		out = append(out, *r)
	}
	return out
}

// forHelp tells whether a call was an emergency call for a number. One that was refused before any centre rang (its media would
// not do) is none: no dispatcher knows of it.
func forHelp(r *call.Record, number string) bool {
	return (r.Caller == number || r.CallbackNumber == number) && r.Direction == call.DirectionEmergency && len(r.Attempts) > 0 &&
		(r.Verdict == routing.VerdictPSAP.String() || r.Verdict == routing.VerdictECC.String())
}

// shownNumbers are the pANIs of the calls that are up.
type shownNumbers struct{ app *App }

// Holder implements callback.PANIs.
func (s shownNumbers) Holder(centre, number string) (call.ID, bool) {
	id, ok := s.app.screens.book.Holder(centre, number)
	return call.ID(id), ok
}

// Get implements callback.Calls.
func (p pastCalls) Get(id call.ID) (*call.Record, bool) {
	return calls{p.app.edge, p.app.journal}.Get(id)
}

// centreCallbacks has the simulated centres call back.
type centreCallbacks struct{ app *App }

// wanted is a centre and whom it is to call.
type wanted struct {
	centre directory.PSAP
	number string
	about  call.ID
}

// ask finds the centre, and the number of a call.
func (c centreCallbacks) ask(centre string, w web.Whom) (wanted, error) {
	p, ok := c.app.plan.snapshot.Load().Centre(centre)
	if !ok {
		return wanted{}, web.ErrNoCentre
	}
	q := wanted{centre: *p, number: w.Number, about: call.ID(w.CallID)}
	if w.CallID == "" {
		return q, nil
	}
	r, ok := calls{c.app.edge, c.app.journal}.Get(q.about)
	switch {
	case !ok:
		return q, &web.CallbackError{Status: http.StatusNotFound, Message: "no call " + w.CallID}
	case r.Caller == "" && r.Direction == call.DirectionEmergency:
		if q.number, ok = c.app.screens.book.Lent(centre, w.CallID); ok {
			return q, nil
		}
		fallthrough
	case r.Direction != call.DirectionEmergency:
		return q, &web.CallbackError{Status: http.StatusConflict, Message: "call " + w.CallID +
			" was made for no number: call back about an emergency call, or write number"}
	}
	q.number = r.Caller
	return q, nil
}

// request is the INVITE that the centre would send, as the planner sees it.
func (q wanted) request(at netip.AddrPort) b2bua.CallbackRequest {
	user := q.centre.ID
	return b2bua.CallbackRequest{
		Request: routing.Request{
			Source: at.Addr(), Transport: "udp", Scheme: "sip", User: q.number, From: routing.Identity{Scheme: "sip", User: user},
		},
		Peer: at, Priority: "psap-callback", Original: q.about,
	}
}

// ExplainCallback implements web.Callbacks.
func (c centreCallbacks) ExplainCallback(ctx context.Context, centre string, w web.Whom) (web.Callback, error) {
	q, err := c.ask(centre, w)
	if err != nil {
		return web.Callback{}, err
	}
	r, err := c.app.agent.Route(ctx, q.centre.URI)
	if err != nil {
		return web.Callback{}, &web.CallbackError{Status: http.StatusConflict, Message: fmt.Sprintf("the URI of %s leads nowhere: %v", centre, err)}
	}
	x, mine := c.app.callbacks.Explain(ctx, q.request(r.Remote))
	if !mine {
		return web.Callback{}, noNumber(q.number)
	}
	if x.Status != 0 {
		return web.Callback{}, &web.CallbackError{Status: x.Status, Message: x.Reason}
	}
	return web.Callback{PSAP: centre, Number: x.Number, CallbackOf: x.Of, Trace: x.Trace, Targets: x.Targets}, nil
}

func noNumber(number string) error {
	return &web.CallbackError{Status: http.StatusUnprocessableEntity, Message: fmt.Sprintf(
		"%.40q is no phone number: write E.164, such as +14155550100", number)}
}

// Callback implements web.Callbacks.
func (c centreCallbacks) Callback(ctx context.Context, centre string, w web.Whom) (web.Callback, error) {
	q, err := c.ask(centre, w)
	if err != nil {
		return web.Callback{}, err
	}
	server := c.app.simulator.server
	name, ok := simulatedName(q.centre.URI, server.Addr())
	if !ok || !c.app.simulator.enabled {
		return web.Callback{}, &web.CallbackError{Status: http.StatusConflict, Message: c.byItself(q)}
	}
	x, mine := c.app.callbacks.Explain(ctx, q.request(server.Addr()))
	switch {
	case !mine:
		return web.Callback{}, noNumber(q.number)
	case x.Status != 0:
		return web.Callback{}, &web.CallbackError{Status: x.Status, Message: x.Reason}
	}
	sipCallID, err := server.Dial(ctx, sim.Dial{Centre: name, URI: "sip:" + q.number + "@" + c.app.dialAddress(), About: string(x.Of)})
	if errors.Is(err, sim.ErrBusy) {
		return web.Callback{}, &web.CallbackError{Status: http.StatusServiceUnavailable, Message: err.Error()}
	}
	if err != nil {
		return web.Callback{}, err
	}
	return web.Callback{PSAP: centre, Number: x.Number, CallID: c.find(ctx, sipCallID), CallbackOf: x.Of}, nil
}

// find waits until the edge has the call of a SIP Call-ID, "" when it does not come.
func (c centreCallbacks) find(ctx context.Context, sipCallID string) call.ID {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		for _, r := range c.app.edge.Calls() {
			if r.SIPCallID == sipCallID {
				return r.ID
			}
		}
		for _, r := range c.app.journal.List(20) { // it may be over already
			if r.SIPCallID == sipCallID {
				return r.ID
			}
		}
		select {
		case <-ctx.Done():
			return ""
		case <-tick.C:
		}
	}
}

// dialAddress is where the simulated centres reach the edge: its first UDP listener, or TCP.
func (a *App) dialAddress() string {
	best := ""
	for _, l := range a.agent.Addrs() {
		at, err := netip.ParseAddrPort(l.Address)
		if err != nil || l.Network != "udp" && l.Network != "tcp" {
			continue
		}
		ip := at.Addr()
		if ip.IsUnspecified() && ip.Is4() {
			ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		} else if ip.IsUnspecified() {
			ip = netip.IPv6Loopback()
		}
		address := net.JoinHostPort(ip.String(), fmt.Sprint(at.Port()))
		if l.Network == "udp" {
			return address
		}
		if best == "" {
			best = address + ";transport=tcp"
		}
	}
	return best
}
