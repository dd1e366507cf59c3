package b2bua

import (
	"runtime/debug"
	"time"

	"github.com/rs/zerolog"

	"callbox/sip/agent"
	"callbox/sip/call"
)

// ending is how a call ends.
type ending struct {
	reason   call.EndReason
	status   int            // final answer to a caller that has none yet; 0: 500
	cause    int            // of the Reason header for legs that were not told by their peer; 0: none
	sentence string         // why, for people
	headers  []agent.Header // Reason as the peer gave it, for the other leg
}

// end ends the call: every leg gets the one message that its state asks for, and whoever still waits for an answer
// gets one. It does nothing to a call that is over.
func (c *bridge) end(x ending) {
	if c.phase == phaseOver {
		return
	}
	answered := c.phase == phaseUp
	c.over(x.reason)
	if len(x.headers) == 0 && x.cause != 0 {
		x.headers = []agent.Header{reason(x.cause, x.sentence)}
	}
	if answered {
		c.rec.SIPReason = x.sentence
	}
	c.answerPending()
	c.dropA(x)
	c.closeAttempt("cancelled", 0)
	c.declineOffer(c.b.said)
	c.dropB(x.headers...)
	c.dropBranches(x.headers...)
	c.endCallback()
	c.endAsking()
}

// over sets the end reason; the first one counts.
func (c *bridge) over(why call.EndReason) {
	if c.phase == phaseOver {
		return
	}
	c.phase, c.rec.EndReason, c.rec.EndedAt = phaseOver, why, time.Now()
}

// answerPending answers the requests that were passed on and will not be answered from the other side any more (RFC
// 3261 section 15.1.2).
func (c *bridge) answerPending() {
	if x := c.exchange; x != nil {
		c.exchange = nil
		if !x.acking {
			respond(x.request, 487)
			x.to.leg.CancelSend(x.id)
		} else if x.offerless {
			c.ackLast(x)
		}
	}
	for _, r := range c.relayed {
		respond(r.request, 487)
	}
	c.relayed = nil
}

// dropA ends the caller's leg.
func (c *bridge) dropA(x ending) {
	switch c.a.state {
	case legEarly:
		status := x.status
		if status == 0 {
			status = 500
		}
		h := c.refusalHeaders(x.sentence)
		if status == 503 {
			h = append(h, header("Retry-After", c.e.retryAfter))
		}
		c.rec.SIPStatus, c.rec.SIPReason = status, x.sentence
		c.a.leg.Reject(status, phrase(status), h...)
	case legAnswered:
		c.a.leg.Bye(x.headers...)
	}
	if c.a.state != legNone {
		c.a.state = legOver
	}
}

// dropB gives up whatever leg B is. What still comes from it is stale from then on.
func (c *bridge) dropB(h ...agent.Header) {
	switch c.b.state {
	case legEarly:
		c.b.leg.Cancel(h...)
	case legAnswered:
		c.b.leg.Bye(h...)
	}
	c.b = party{name: call.LegB, state: legOver}
}

// onCancelled takes CANCEL: the agent has answered it, and the INVITE with 487. It may have crossed our 200, which
// then never left.
func (c *bridge) onCancelled(ev event) {
	c.a.state = legOver
	c.unanswered(487)
	c.note(call.Event{Leg: call.LegA, Kind: call.EventCancelled})
	c.end(ending{reason: call.EndCallerCancelled, headers: pass(nil, ev.message, inBye)})
}

// unanswered takes back in the record that the call was answered.
func (c *bridge) unanswered(status int) {
	c.rec.AnsweredAt, c.rec.AnsweredBy = time.Time{}, ""
	c.rec.SIPStatus = status
}

// onBye takes BYE from either side.
func (c *bridge) onBye(p *party, ev event) {
	p.state = legOver
	if c.leaves(p) {
		return
	}
	x := ending{reason: call.EndCallerHungUp, headers: pass(nil, ev.message, inBye)}
	switch {
	case p == &c.a && c.phase != phaseUp: // BYE in an early dialog (RFC 3261 section 15); the agent answered both
		c.rec.SIPStatus = 487
		x.reason = call.EndCallerCancelled
	case p == &c.b && c.phase != phaseUp:
		c.lostTarget()
		return
	case p == &c.b && c.goesOn():
		return
	case p == &c.b:
		x.reason = call.EndCalleeHungUp
	}
	c.end(x)
}

// onGone takes the loss of a dialog.
func (c *bridge) onGone(p *party) {
	p.state = legOver
	if p == &c.b && c.phase != phaseUp {
		c.lostTarget()
		return
	}
	if p == &c.b && c.goesOn() {
		return
	}
	c.lose(p)
}

// lostTarget goes on to the next target when the leg to this one broke before it answered.
func (c *bridge) lostTarget() {
	if c.phase == phaseAnnouncing {
		c.noTarget("")
		return
	}
	c.passOver("unreachable", 0, "the connection broke")
	c.nextTarget()
}

// lose ends the call because a side's dialog is no more.
func (c *bridge) lose(p *party) {
	if c.leaves(p) {
		return
	}
	c.end(ending{reason: call.EndLegLost, status: 500, cause: 408, sentence: "the connection to the other side was lost"})
}

func (c *bridge) onAckTimeout(p *party) {
	if c.leaves(p) {
		return
	}
	c.end(ending{reason: call.EndNoAck, cause: 408, sentence: "no ACK came"})
}

// abort tears a call down that ran into a defect of ours. Each step is guarded by itself: the defect may lie in one.
func (c *bridge) abort() {
	c.phase = phaseSetup // the defect may have come in the middle of an end
	x := ending{reason: call.EndInternal, status: 500, cause: 500, sentence: "internal error"}
	c.over(x.reason)
	c.guard(func() {
		if c.a.state == legNone {
			c.rec.SIPStatus, c.rec.SIPReason = x.status, x.sentence
			c.inv.Refuse(x.status, phrase(x.status), c.refusalHeaders(x.sentence)...)
		}
	})
	c.guard(c.answerPending)
	c.guard(func() { c.dropA(x) })
	c.guard(func() { c.closeAttempt("cancelled", 0) })
	c.guard(func() { c.dropB(reason(x.cause, x.sentence)) })
	c.guard(func() { c.dropBranches(reason(x.cause, x.sentence)) })
	c.guard(c.endCallback)
	c.guard(c.endAsking)
}

// guard runs one step of the end of a call; the others are taken even if it fails.
func (c *bridge) guard(step func()) {
	defer func() {
		if p := recover(); p != nil {
			c.e.count.panics.Add(1)
			c.log(zerolog.ErrorLevel, call.LegA).Interface("panic", p).Bytes("stack", debug.Stack()).Msg("defect at the end of a call")
		}
	}()
	step()
}

// finish is the end of the call's goroutine: the record goes out once, everything the call held is given back.
func (c *bridge) finish() {
	c.guard(c.box.close)
	if c.timer != nil {
		c.timer.Stop()
	}
	c.guard(c.closeRecord)
	if c.shelved {
		c.e.o.NG.Data.End(string(c.rec.ID))
	}
	c.lookups.Wait()
	c.guard(c.closePlan)
}
