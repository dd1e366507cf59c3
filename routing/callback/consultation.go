package callback

import (
	"context"

	"callbox/routing/directory"
	"callbox/sip/agent"
	"callbox/sip/b2bua"
)

// consultation is the way of a call from one call centre to another, by its ID: an agent asks whether that centre takes a
// caller over, before the caller is transferred. It rings that centre and nobody else, by its URI and wherever it
// has registered at once.
type consultation struct {
	to    *directory.PSAP
	ways  []agent.Route // where it has registered
	asked bool
}

// consult tells whether an INVITE is such a call. Whoever is no centre may dial what it likes: that is decided elsewhere.
func (p *Planner) consult(s *directory.Snapshot, r b2bua.CallbackRequest) (b2bua.CallbackDecision, bool) {
	to, ok := s.Centre(r.User)
	if !ok {
		return b2bua.CallbackDecision{}, false
	}
	w := p.whose(s, r)
	if !w.mine {
		return b2bua.CallbackDecision{}, false
	}
	t := &trail{}
	t.note("centre", w.outcome, "%s", w.saw)
	d := b2bua.CallbackDecision{Realm: w.realm, Status: w.status, Reason: w.reason, From: r.From.User, Consultation: true}
	if w.centre != nil {
		t.note("consultation", passed, "%s asks %s", w.centre.ID, to.ID)
		d.Centre, d.From, d.Number = w.centre.ID, w.centre.ID, to.ID
		d.Plan = &consultation{to: to, ways: p.registered(to)}
	}
	d.Trace = t.steps
	return d, true
}

// Next implements b2bua.CallbackPlan.
func (c *consultation) Next(context.Context, b2bua.StepOutcome) b2bua.Step {
	if c.asked {
		return b2bua.Step{Kind: b2bua.StepEnd}
	}
	c.asked = true
	at := b2bua.DialTarget{Name: c.to.ID, URI: c.to.URI, Ring: c.to.Ring, Secure: c.to.SRTP == directory.SRTPRequired}
	s := b2bua.Step{Kind: b2bua.StepDial, Dial: []b2bua.DialTarget{at}}
	for _, way := range c.ways {
		at.URI, at.Route = way.URI, &way
		s.Dial = append(s.Dial, at)
	}
	return s
}

// registered returns the ways to where a centre has registered.
func (p *Planner) registered(c *directory.PSAP) []agent.Route {
	if p.o.Centres == nil {
		return nil
	}
	return p.o.Centres.Centre(c.ID)
}

// Close implements b2bua.CallbackPlan.
func (c *consultation) Close() {}
