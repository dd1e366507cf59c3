package b2bua

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/agent"
	"callbox/sip/call"
)

// branch is a leg beside the call's two: a target that is rung together with others, a centre that is to take another's
// place, somebody who listens. It faces the same way as leg B and names its ports. It is a member of bridge.branches
// until it is lost, dropped or adopted.
type branch struct {
	party
	purpose purpose
	target  *routing.Target // nil for a leg that was not dialled as a branch
	route   agent.Route
	record  int                // index into the record's attempts, -1 for none
	release func()             // gives the centre's place back; nil for none
	wanted  *routed            // the look-up under way
	stop    context.CancelFunc // ends it
	due     time.Time          // end of its ring time; zero: never
	sealed  bool               // only TLS may lead to it
}

// purpose is what a branch is for, told what becomes of it on the call's goroutine. Only invite may be called from within
// startBranch.
type purpose interface {
	// invite writes the branch's INVITE once its next hop is known. A body is taken for an offer.
	invite(b *branch) agent.Outgoing
	// on takes KindProgress, KindAnswered and KindResponse. What was answered is in the state legAnswered.
	on(b *branch, ev event)
	// lost tells that the branch is no more: refused, unreachable, its ring time over, or hung up. It has left the call.
	lost(b *branch, l loss)
}

// loss is why a branch is no more, in the words of call.Attempt.
type loss struct {
	outcome string
	status  int
	detail  string
	least   int    // the session interval that a 422 asks for, in seconds
	contact string // where a redirection sends the call, "" for none
}

// startBranch dials a target beside the call's legs. release gives back its place and may be nil; a ring time of 0 is
// for ever. A route that is known already saves the look-up.
func (c *bridge) startBranch(t *routing.Target, p purpose, ring time.Duration, route *agent.Route, release func()) *branch {
	b := &branch{
		party: party{name: call.LegB, secrecy: secrecyOf(security(t.SRTP))}, purpose: p, target: t, release: release, record: len(c.rec.Attempts),
	}
	c.rec.Attempts = append(c.rec.Attempts, call.Attempt{Target: t.ID, URI: t.URI, StartedAt: time.Now()})
	if ring > 0 {
		b.due = time.Now().Add(ring)
	}
	switch p := p.(type) {
	case *fork:
		b.sealed = p.sealed
	case *transfer:
		b.sealed = p.sealed
	}
	c.branches = append(c.branches, b)
	w := &routed{target: t, branch: b}
	b.wanted = w
	switch {
	case route != nil:
		w.route = *route
		c.onBranchRouted(w)
	case literal(t.URI):
		if w.route, w.err = c.wayTo(context.Background(), b); w.err == nil {
			c.onBranchRouted(w)
		} else {
			c.box.post(event{kind: kindRouted, routed: w})
		}
	default:
		c.lookUp(b, w)
	}
	return b
}

// lookUp finds the address of a branch's host name beside the call's goroutine.
func (c *bridge) lookUp(b *branch, w *routed) {
	ctx, cancel := context.WithCancel(context.Background())
	b.stop = cancel
	c.lookups.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				w.err = fmt.Errorf("look up %q: defect: %v", w.target.URI, p)
			}
			c.box.post(event{kind: kindRouted, routed: w})
		}()
		w.route, w.err = c.wayTo(ctx, b)
	})
}

// errOpen is why a redirection from TLS to something else is not followed.
var errOpen = errors.New("the way there is not TLS, and the call is secure")

// wayTo finds the next hop of a branch.
func (c *bridge) wayTo(ctx context.Context, b *branch) (agent.Route, error) {
	r, err := c.e.legs.Route(ctx, b.target.URI)
	return r, checkSealed(b.sealed, r, err)
}

// checkSealed adds to the outcome of a look-up that only TLS would do.
func checkSealed(sealed bool, r agent.Route, err error) error {
	if err == nil && sealed && !encrypted(r.Transport) {
		return errOpen
	}
	return err
}

// seals tells whether a target that redirects from a hop may send the call to TLS alone: it gets the keys of SRTP.
func seals(t *routing.Target, from agent.Route) bool {
	return t.SRTP == directory.SRTPRequired && encrypted(from.Transport)
}

func encrypted(transport string) bool { return transport == "tls" || transport == "wss" }

// onBranchRouted dials a branch whose next hop is known, unless the call has moved on without it.
func (c *bridge) onBranchRouted(w *routed) {
	b := w.branch
	if b.wanted != w {
		return
	}
	b.wanted = nil
	if b.stop != nil {
		b.stop()
	}
	if w.err != nil {
		c.loseBranch(b, loss{outcome: "unreachable", detail: w.err.Error()})
		return
	}
	b.route = w.route
	b.local, b.signalling, b.writer = c.e.advertised(w.route.Local), w.route.Remote.Addr().Unmap(), newWriter()
	out := b.purpose.invite(b)
	b.acked, b.offers = len(out.Message.Body) > 0 && !out.Late, c.offers
	b.leg = c.e.legs.dial(out, c.box.post)
	b.state = legEarly
	c.note(call.Event{Leg: call.LegB, Kind: call.EventDialled, Target: b.target.ID, Detail: b.target.URI})
}

// branchOf returns the branch that a leg belongs to, nil for none.
func (c *bridge) branchOf(l leg) *branch {
	if l == nil {
		return nil
	}
	for _, b := range c.branches {
		if b.leg == l {
			return b
		}
	}
	return nil
}

// handleBranch takes the events of a branch's leg.
func (c *bridge) handleBranch(b *branch, ev event) {
	switch ev.kind {
	case agent.KindProgress, agent.KindResponse:
		b.purpose.on(b, ev)
	case agent.KindAnswered:
		b.state, b.due = legAnswered, time.Time{}
		b.purpose.on(b, ev)
	case agent.KindFailed:
		b.state = legOver
		outcome, detail := failure(ev)
		l := loss{outcome: outcome, status: ev.status, detail: detail}
		if ev.status == 422 && !ev.local {
			l.least = deltaSeconds(ev.message.Get("Min-SE"))
		}
		if ev.status < 400 {
			l.contact = ev.contact
		}
		c.loseBranch(b, l)
	case agent.KindBye:
		b.state = legOver
		c.loseBranch(b, loss{outcome: "failed", detail: "it hung up"})
	case agent.KindGone:
		b.state = legOver
		c.loseBranch(b, loss{outcome: "unreachable", detail: "the connection broke"})
	case agent.KindRequest:
		if l, ok := b.purpose.(*listener); ok && l.onRequest(b, ev.request) {
			return
		} // else it is not in the call yet, or not any more
		respond(ev.request, 500, header("Retry-After", "3"), warning("this side is not connected"))
	}
}

// loseBranch takes leave of a branch that failed, and tells its purpose.
func (c *bridge) loseBranch(b *branch, l loss) {
	c.dropBranch(b, l.outcome, l.status)
	b.purpose.lost(b, l)
}

// dropBranch gives a branch up by what its leg has come to. Its purpose is not told.
func (c *bridge) dropBranch(b *branch, outcome string, status int, h ...agent.Header) {
	c.branches = slices.DeleteFunc(c.branches, func(o *branch) bool { return o == b })
	b.wanted = nil
	if b.stop != nil {
		b.stop()
	}
	switch b.state {
	case legEarly:
		b.leg.Cancel(h...)
	case legAnswered:
		if !b.acked {
			b.leg.Ack(agent.Message{})
		}
		b.leg.Bye(h...)
	}
	b.state = legOver
	c.closeBranch(b, outcome, status)
	b.giveBack()
}

// closeBranch writes down what became of a branch; the first word counts.
func (c *bridge) closeBranch(b *branch, outcome string, status int) {
	if b.record < 0 {
		return
	}
	a := &c.rec.Attempts[b.record]
	a.EndedAt, a.Outcome, a.Status = time.Now(), outcome, status
	b.record = -1
}

// giveBack frees the place of the branch's centre.
func (b *branch) giveBack() {
	if b.release != nil {
		b.release()
		b.release = nil
	}
}

// dropBranches ends every branch, with the call.
func (c *bridge) dropBranches(h ...agent.Header) {
	for len(c.branches) > 0 {
		c.dropBranch(c.branches[0], "cancelled", 0, h...)
	}
}

// adopt makes an answered branch the call's leg B, with its place in the record and at its centre. Whatever was leg B
// has been dealt with, its media too, and where the new one takes media is for the caller of adopt to say.
func (c *bridge) adopt(b *branch) {
	c.branches = slices.DeleteFunc(c.branches, func(o *branch) bool { return o == b })
	c.closeAttempt("cancelled", 0)
	c.b = b.party
	c.attempt = attempt{target: b.target, release: b.release}
	c.closeBranch(b, "answered", 200)
}

// tickBranches ends the branches whose ring time is over.
func (c *bridge) tickBranches(now time.Time) {
	for i := 0; i < len(c.branches); {
		b := c.branches[i]
		if b.due.IsZero() || now.Before(b.due) {
			i++
			continue
		}
		b.due = time.Time{}
		l := loss{outcome: "timeout", detail: "no answer within its ring time"}
		if b.wanted != nil {
			l = loss{outcome: "unreachable", detail: "its host name could not be looked up in time"}
		}
		c.loseBranch(b, l)
		i = 0 // its purpose may have changed the list
	}
}

// branchesDue is when the first ring time of a branch ends, zero for never.
func (c *bridge) branchesDue() (due time.Time) {
	for _, b := range c.branches {
		if !b.due.IsZero() && (due.IsZero() || b.due.Before(due)) {
			due = b.due
		}
	}
	return due
}
