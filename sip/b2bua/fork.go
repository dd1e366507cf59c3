package b2bua

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/agent"
	"callbox/sip/call"
	"callbox/sip/sdp"
)

// fork is the purpose of the branches that a callback rings at once. The first that answers becomes leg B.
type fork struct {
	c      *bridge
	to     DialTarget
	until  time.Time // end of its ring time
	plain  bool      // rung without session timers after a 422
	moved  bool      // rung where a redirection sent it
	sealed bool      // that one came by TLS and keys for SRTP go there: TLS alone may lead to it
	tag    string    // the branch of its own whose early description is in use
	early  *sdp.Session
	raw    []byte // its bytes as they came
}

// ringAll rings everybody of the step.
func (c *bridge) ringAll() {
	b := c.back
	b.heard, b.outcome = nil, StepOutcome{Kind: b.step.Kind}
	if c.phase != phaseUp {
		c.phase = phaseDialling
	}
	for _, to := range b.step.Dial {
		ring := cmp.Or(to.Ring, c.e.o.Ring)
		c.ringOne(&fork{c: c, to: to, until: time.Now().Add(ring)}, to.URI, to.Route)
	}
	c.forksLeft()
}

// ringOne rings one, for what is left of its ring time.
func (c *bridge) ringOne(f *fork, uri string, route *agent.Route) {
	c.reach(call.StateProgressing)
	t := &routing.Target{ID: f.to.Name, URI: uri}
	if f.to.Secure {
		t.SRTP = directory.SRTPRequired
	}
	c.startBranch(t, f, max(time.Until(f.until), time.Millisecond), route, nil)
}

// invite implements purpose.
func (f *fork) invite(b *branch) agent.Outgoing {
	if rec := &f.c.rec; rec.PostDialMS == 0 {
		rec.PostDialMS = float64(time.Since(rec.StartedAt).Nanoseconds()) / 1e6
	}
	return f.c.callbackInvitation(f, b)
}

// on implements purpose.
func (f *fork) on(b *branch, ev event) {
	switch ev.kind {
	case agent.KindProgress:
		f.c.onForkProgress(f, b, ev)
	case agent.KindAnswered:
		f.c.onForkAnswered(f, b, ev)
	}
}

// lost implements purpose. A 6xx speaks for the one that sent it: a phone that somebody has set to decline everything must
// not keep the others from ringing. A redirection is followed once where the target may send one.
func (f *fork) lost(b *branch, l loss) {
	c := f.c
	c.quieten(f)
	c.e.count.passedOver.Add(1)
	c.note(call.Event{Leg: call.LegB, Kind: call.EventPassedOver, Target: f.to.Name, Status: l.status, Detail: l.detail})
	c.log(levelInfo, call.LegB).Str("target", f.to.Name).Str("outcome", l.outcome).Int("sip_status", l.status).
		Str("detail", l.detail).Msg("target of a callback passed over")
	again := &fork{c: c, to: f.to, until: f.until, plain: f.plain, moved: f.moved}
	switch {
	case l.status == 422 && !f.plain && c.ownSession() > 0:
		again.plain = true
		c.ringOne(again, b.target.URI, &b.route)
		return
	case l.contact != "" && f.to.Redirects && !f.moved:
		again.moved, again.sealed = true, seals(b.target, b.route)
		c.ringOne(again, l.contact, nil)
		return
	}
	c.back.outcome.worsen(l)
	c.forksLeft()
}

// as makes a branch leg B, and its early media that of the attempt, for what do does.
func (c *bridge) as(f *fork, b *branch, do func()) {
	legB, at := c.b, c.attempt
	c.b, c.attempt = b.party, attempt{target: b.target, fork: f.tag, early: f.early, earlyRaw: f.raw}
	do()
	b.party, f.tag, f.early, f.raw = c.b, c.attempt.fork, c.attempt.early, c.attempt.earlyRaw
	c.b, c.attempt = legB, at
}

// onForkProgress lets the centre hear one that rings: the first with early media, until that one fails.
func (c *bridge) onForkProgress(f *fork, b *branch, ev event) {
	if h := c.back.heard; ev.status == 199 || h != nil && h != f {
		return
	}
	if c.phase != phaseUp {
		c.as(f, b, func() { c.onProgress(ev) })
	} else if s, _, bad := b.offered(ev.message, sdp.RoleAnswer); bad == nil && s != nil && !bytes.Equal(f.raw, ev.message.Body) {
		f.tag, f.early, f.raw = ev.fork, s, ev.message.Body // the centre's call was answered before: it just hears
		c.connect(&c.a, &b.party, c.a.said, s)
	}
	if f.early != nil {
		c.back.heard = f
	}
}

// onForkAnswered gives the call to the first that answers, and ends the others.
func (c *bridge) onForkAnswered(f *fork, b *branch, ev event) {
	var s *sdp.Session
	var bad *fault
	c.as(f, b, func() { s, bad = c.answerOf(ev) })
	if bad != nil {
		c.loseBranch(b, loss{outcome: "failed", status: ev.status, detail: "answered with a body of no use: " + bad.sentence})
		return
	}
	back := c.back
	if h := back.heard; h != nil && h != f { // what came of this one before its answer was seen is heard on: no reset else
		c.media.side(call.LegB).Reset()
	}
	back.heard, back.answered = nil, time.Now()
	if back.step.Limit > 0 {
		back.until = back.answered.Add(back.step.Limit)
	}
	for _, o := range c.forks() {
		if o != b {
			c.dropBranch(o, "cancelled", 0, reasonElsewhere())
		}
	}
	o := &back.outcome
	o.Answered, o.Outcome, o.Status, o.Name = true, "answered", ev.status, f.to.Name
	c.adopt(b)
	c.attempt.fork, c.attempt.early = f.tag, f.early
	if c.phase == phaseUp {
		c.takeOver(s, ev)
		return
	}
	c.onAnswered(ev)
}

// takeOver joins a leg that has answered to a centre whose call was answered before. The leg's description is offered to
// the centre, which may have agreed on another codec with whoever spoke before.
func (c *bridge) takeOver(s *sdp.Session, ev event) {
	c.learn(&c.b, ev.message)
	c.settle(&c.a, &c.b, c.a.said, s)
	c.checkHold(&c.b, true)
	c.rec.AnsweredBy, c.rec.SIPCallIDB = c.attempt.target.ID, c.b.leg.CallID()
	c.note(call.Event{Leg: call.LegB, Kind: call.EventAnswered, Target: c.attempt.target.ID, Status: ev.status})
	c.attempt.early, c.attempt.earlyRaw = nil, nil
	switch {
	case !c.a.acked:
		c.restoreLater(&exchange{to: &c.a})
	case c.exchange != nil:
		c.owed = []*party{&c.a}
	default:
		c.offerBack(&c.a, s, 0)
	}
}

// quieten forgets the early media of a fork: the centre, who heard it, hears ringing again.
func (c *bridge) quieten(f *fork) {
	if c.back.heard != f {
		return
	}
	c.back.heard = nil
	c.media.side(call.LegB).Reset()
	for _, b := range c.forks() { // what the others said of SRTP holds for them
		c.await(&b.party)
	}
	if c.told == toldMedia && c.phase == phaseDialling {
		c.ring()
	}
}

// forks returns the branches that ring for the callback.
func (c *bridge) forks() (all []*branch) {
	for _, b := range c.branches {
		if _, ok := b.purpose.(*fork); ok {
			all = append(all, b)
		}
	}
	return all
}

// forksLeft asks the plan for more when nobody rings any longer.
func (c *bridge) forksLeft() {
	b := c.back
	if c.phase == phaseOver || len(c.forks()) > 0 || b.asked != nil || b.outcome.Answered {
		return
	}
	b.last = b.outcome
	c.askPlan()
}

// telling are the words for why somebody was not reached, those first that say least about it.
var telling = []string{"", "unreachable", "failed", "timeout", "busy"}

// worsen notes what became of one of those that rang.
func (o *StepOutcome) worsen(l loss) {
	if slices.Index(telling, l.outcome) > slices.Index(telling, o.Outcome) {
		o.Outcome, o.Status = l.outcome, l.status
	}
}
