package b2bua

import (
	"slices"
	"time"

	"callbox/sip/agent"
	"callbox/sip/call"
	"callbox/sip/sdp"
)

// offerOn writes what the caller said last as an offer to the target of a transfer.
func (t *transfer) offerOn(p *party) agent.Message {
	t.asked = t.c.unheld()
	return t.c.writeOffer(p, t.asked)
}

// unheld is what the caller said last, as the target of a transfer is to have it: a caller whom the centre holds is one who
// talks; one who holds by itself is not.
func (c *bridge) unheld() *sdp.Session {
	if audio, _ := c.a.said.Audio(); audio.Direction == sdp.SendOnly || audio.Direction == sdp.SendRecv {
		return c.a.said
	}
	return c.a.said.Directed(sdp.SendRecv)
}

// leaves takes it that a side is gone, and tells whether the call goes on all the same: a centre that has asked for a
// transfer may hang up at once, and the caller then waits for whoever comes.
func (c *bridge) leaves(p *party) bool {
	t := c.transfer
	if p != &c.b || t == nil || c.phase != phaseUp {
		return false
	}
	if t.alone {
		return true
	}
	if c.b.state == legAnswered {
		c.b.leg.Bye(reason(408, "the connection was lost"))
	}
	c.b.state, c.b.session = legOver, nil
	t.alone, t.sub.off = true, true
	c.forsake(&c.b)
	c.forsakeExchange()
	c.owed = slices.DeleteFunc(c.owed, func(p *party) bool { return p == &c.b })
	if release := c.attempt.release; release != nil {
		release()
		c.attempt.release = nil
	}
	c.media.Hold(true)
	c.media.side(call.LegB).Reset()
	if t.branch != nil {
		c.await(&t.branch.party)
	}
	c.note(call.Event{Leg: call.LegB, Kind: call.EventTransferring, Target: t.target.ID, Detail: t.by + " has hung up"})
	if t.failed {
		t.goOn()
	} else {
		c.hear(t)
	}
	return true
}

// forsakeExchange ends what an offer needs of a centre that is gone. What the caller has to say to it is waited for.
func (c *bridge) forsakeExchange() {
	if c.restore != nil && c.restore.to == &c.b {
		c.restore, c.stepAt = nil, time.Time{}
	}
	x := c.exchange
	switch {
	case x == nil:
	case x.to == &c.b && !x.acking:
		c.exchange = nil
		respond(x.request, 500, header("Retry-After", "2"), warning("the other side has left"))
	case x.from == &c.b && x.acking:
		c.exchange = nil
		if x.offerless {
			c.ackLast(x)
		}
	case x.from == &c.b:
		respond(x.request, 487)
		x.request = nil
		x.to.leg.CancelSend(x.id)
	}
}

// hear lets a caller whose centre has hung up hear what the target plays before it answers.
func (c *bridge) hear(t *transfer) {
	if !c.bereft() || t.branch == nil || t.early == nil || t.answer != nil || t.target.Policy.HideEarlyMedia {
		return
	}
	m, _ := t.early.Audio()
	c.secure(&t.branch.party, t.early, sdp.RoleAnswer)
	c.point(&t.branch.party, m, false)
}

// joinTransfer makes the target that has answered leg B, unless an offer is under way: whoever made it would get its
// answer from somebody else.
func (c *bridge) joinTransfer() {
	t := c.transfer
	if t == nil || t.answer == nil || c.exchange != nil || c.phase != phaseUp {
		return
	}
	old, was := c.b, c.b.said
	told := len(c.owed) == 0 && (c.restore == nil || c.restore.to != &c.a) // the caller knows what was said
	c.transfer, c.restore, c.stepAt = nil, nil, time.Time{}
	c.forsake(&c.b)
	b, s := t.branch, t.answer
	c.adopt(b)
	c.media.side(call.LegB).Reset()
	c.secure(&c.b, s, sdp.RoleAnswer)
	c.b.said = s
	audio, _ := s.Audio()
	caller, _ := c.a.said.Audio()
	c.point(&c.b, audio, audio.Mux && caller.Mux)
	c.rec.AnsweredBy, c.rec.SIPCallIDB = b.target.ID, c.b.leg.CallID()
	c.note(call.Event{Leg: call.LegB, Kind: call.EventTransferred, Target: b.target.ID, Status: 200})
	c.part(old, t.sub)
	c.checkHold(&c.b, true)
	switch c.owed = nil; {
	case stale(t.asked, s, c.unheld()):
		c.owed = []*party{&c.a}
		c.offerBack(&c.b, c.unheld(), 0)
	case !told || differs(caller, was, s):
		c.offerBack(&c.a, s, 0)
	}
}

// stale tells whether a target's answer to asked does not fit what the caller would offer it now: it has held or resumed
// since, or takes other codecs.
func stale(asked, answer, now *sdp.Session) bool {
	o, _ := asked.Audio()
	s, _ := answer.Audio()
	n, _ := now.Audio()
	return o.Direction != n.Direction || slices.ContainsFunc(s.Formats, func(f string) bool { return !slices.Contains(n.Formats, f) })
}

// differs tells whether a caller who was told was has to be told s: who talks has changed, or the codecs that both sides
// of the call take.
func differs(caller sdp.Media, was, s *sdp.Session) bool {
	o, _ := was.Audio()
	n, _ := s.Audio()
	if o.Direction != n.Direction {
		return true
	}
	common := func(formats []string) (both []string) {
		for _, f := range formats {
			if slices.Contains(caller.Formats, f) {
				both = append(both, f)
			}
		}
		slices.Sort(both)
		return both
	}
	return !slices.Equal(common(o.Formats), common(n.Formats))
}

// forsake answers what waits for an answer of a side that has left, or that would be for it.
func (c *bridge) forsake(p *party) {
	kept := c.relayed[:0]
	for _, r := range c.relayed {
		switch p {
		case r.to:
			respond(r.request, 500, header("Retry-After", "2"), warning("the other side has left"))
		case r.from:
			respond(r.request, 487)
		default:
			kept = append(kept, r)
		}
	}
	c.relayed = kept
}

// parting is the purpose of the leg to a centre that has transferred its call, until it has heard so.
type parting struct {
	c   *bridge
	sub *subscription
}

// part tells the centre that its transfer has succeeded, and lets it go.
func (c *bridge) part(old party, sub *subscription) {
	if old.state != legAnswered {
		return
	}
	sub.tell(200, "OK", true)
	if sub.over() {
		old.leg.Bye(goneOver())
		return
	}
	c.branches = append(c.branches, &branch{
		party: old, purpose: &parting{c, sub}, record: -1, due: time.Now().Add(partingTime),
	})
}

// goneOver is why a centre gets BYE whose call another has taken over.
func goneOver() agent.Header {
	return agent.Header{Name: "Reason", Value: `SIP;cause=200;text="the call was transferred"`}
}

// invite implements purpose; the leg is there already.
func (p *parting) invite(*branch) agent.Outgoing { return agent.Outgoing{} }

// on implements purpose.
func (p *parting) on(b *branch, ev event) {
	if ev.kind == agent.KindResponse && p.sub.answered(ev.id, ev.status) && p.sub.over() {
		p.c.dropBranch(b, "", 0, goneOver())
	}
}

// lost implements purpose.
func (p *parting) lost(*branch, loss) {}
