package b2bua

import (
	"time"

	"callbox/sip/call"
)

// The rules of the model for a call that is up.

// modelExchange is the one offer/answer exchange under way.
type modelExchange struct {
	from, to  *modelLeg // from is nil for an offer of the edge's own
	ask       *modelAsk // nil when it was withdrawn or is the edge's own
	id        uint32
	method    string
	offerless bool
	acking    bool // the 2xx was passed back, its ACK is to come
	refreshes bool // of the edge's own, to refresh a session
	timed     bool // from asks for a session timer
	asB       bool // what from had said before
	tries     int  // of the edge's own: how often it has crossed another
}

// modelRelayed is a request that was passed on as it is.
type modelRelayed struct {
	ask *modelAsk
	to  *modelLeg
	id  uint32
}

func (m *model) other(l *modelLeg) *modelLeg {
	if l == m.a {
		return m.b
	}
	return m.a
}

// acked: the caller's ACK makes the call complete; where the centre made the offer, the ACK has the answer to it.
func (m *model) acked(h happening) {
	x := m.x
	switch {
	case h.leg == m.a && !m.a.acked:
		m.a.acked = true
		if m.b.acked {
			return
		}
		if h.body != bodyGood {
			m.end(call.EndBadRequest, 0)
			return
		}
		m.b.acked = true
		m.b.say("ack")
	case x == nil || x.from != h.leg || !x.acking:
	default:
		m.x = nil
		if x.offerless {
			x.to.say("ack")
		}
		if x.offerless && h.body == bodyGood {
			m.restore = nil
			x.from.asB, x.to.asB = true, true
		}
	}
}

func (m *model) neverAcked(h happening) {
	if !m.leaves(h.leg) {
		m.end(call.EndNoAck, 0)
	}
}

func (m *model) hungUp(h happening) {
	h.leg.seen = legOver
	if h.leg == m.a {
		m.end(call.EndCallerHungUp, 0)
	} else if !m.leaves(h.leg) {
		m.end(call.EndCalleeHungUp, 0)
	}
}

func (m *model) lost(h happening) {
	h.leg.seen = legOver
	m.lose(h.leg)
}

func (m *model) lose(l *modelLeg) {
	if !m.leaves(l) {
		m.end(call.EndLegLost, 500)
	}
}

func (m *model) lastedTooLong(happening) { m.end(call.EndTimeLimit, 0) }

func (m *model) mediaSilent(happening) {
	if m.t == nil || !m.t.alone {
		m.end(call.EndMediaTimeout, 0)
	}
}

// quiet: a side that sends nothing while the other does is asked whether it is there.
func (m *model) quiet(h happening) {
	l := m.a
	if h.side == call.LegB {
		l = m.b
	}
	if l.probing == 0 && l.seen == legAnswered {
		l.probing = m.send(l, "OPTIONS")
	}
}

// always answers what is answered alike in every phase.
func (m *model) always(q *modelAsk) bool {
	switch q.method {
	case "REFER":
		m.refer(q)
	case "NOTIFY":
		q.answer(481)
	default:
		return false
	}
	return true
}

func (m *model) tooEarly(h happening) {
	switch q := h.ask; {
	case m.always(q), m.refreshedOne(q):
	case q.method == "PRACK":
		m.pracked(q)
	case q.method == "UPDATE":
		m.updatedEarly(q)
	default:
		q.answer(500)
	}
}

func (m *model) requested(h happening) {
	q, to := h.ask, m.other(h.leg)
	switch {
	case m.always(q):
	case q.leg.seen == legOver:
		q.answer(481)
	case m.refreshedOne(q):
	case q.method == "PRACK":
		m.pracked(q)
	case to.seen != legAnswered:
		m.unjoined(q)
	case q.method == "INVITE", q.method == "UPDATE" && q.body != bodyNone:
		m.exchange(q, to)
	case len(m.relayed) == 16:
		q.answer(500)
	default:
		m.relayed = append(m.relayed, modelRelayed{q, to, m.send(to, q.method)})
	}
}

// exchange passes an offer on, one at a time and none before the caller's ACK.
func (m *model) exchange(q *modelAsk, to *modelLeg) {
	switch {
	case m.x != nil || !m.a.acked:
		q.answer(491)
	case q.body == bodyBad:
		q.answer(400)
	case q.timed && q.body == bodyGood && q.leg.asB && m.restore == nil: // it says the same again
		q.answer(200)
		m.agreed(q.leg, true)
	default:
		m.offer(&modelExchange{from: q.leg, to: to, ask: q, method: q.method, offerless: q.body == bodyNone, timed: q.timed})
	}
}

func (m *model) responded(h happening) {
	if x := m.x; x != nil && x.to == h.leg && x.id == h.id && !x.acking {
		m.exchanged(x, h)
		return
	}
	if m.t != nil && h.leg == m.b && m.t.sub.answered(m, h.id, h.status) {
		m.closeTransfer()
		return
	}
	if t := h.leg.timer; t != nil && t.asked == h.id {
		t.asked = 0
		if h.status < 300 {
			m.agreed(h.leg, false)
		} else {
			m.notRefreshed(h, "UPDATE")
		}
		return
	}
	if h.id == h.leg.probing {
		h.leg.probing = 0
		if h.status == 481 || h.local {
			m.lose(h.leg)
		}
		return
	}
	for i, r := range m.relayed {
		if r.to != h.leg || r.id != h.id {
			continue
		}
		m.relayed = append(m.relayed[:i:i], m.relayed[i+1:]...)
		r.ask.answer(passed(h.status))
		if h.status == 481 {
			m.lose(r.to)
		}
		return
	}
}

// passed is an answer as the other side gets it: redirections and challenges are not for it.
func passed(status int) int {
	if status == 302 || status == 401 || status == 407 {
		return 403
	}
	return status
}

// exchanged takes the answer to an offer.
func (m *model) exchanged(x *modelExchange, h happening) {
	if h.status < 300 {
		m.agreed(x.to, false)
	}
	switch {
	case h.status >= 300 && x.refreshes:
		m.x = nil
		m.notRefreshed(h, "INVITE")
	case h.status >= 300:
		m.x = nil
		x.ask.answer(passed(h.status))
		if x.from == nil && h.status == 491 && x.tries < 5 {
			m.restoreLater(x)
		}
		if h.status == 481 || h.status == 408 {
			m.lose(x.to)
		}
	case x.ask == nil:
		m.x = nil
		if h.body == bodyGood && (x.from == nil || x.offerless) {
			x.to.asB = true
		}
		m.undo(x)
	case h.body != bodyGood:
		m.x = nil
		x.ask.answer(500)
		m.undo(x)
	default:
		x.ask.answer(h.status)
		m.agreed(x.from, x.timed)
		if !x.offerless {
			m.restore = nil
			x.asB, x.from.asB, x.to.asB = x.from.asB, true, true
		}
		if x.acking = x.method == "INVITE"; !x.acking {
			m.x = nil
		}
	}
}

// undo: x.to took a change that the other side will never know of.
func (m *model) undo(x *modelExchange) {
	switch {
	case x.from == nil:
	case x.offerless:
		x.to.say("ack")
	default:
		m.offerBack(x.to, 0)
	}
}

func (m *model) offerBack(to *modelLeg, tries int) {
	if to.seen != legAnswered {
		return
	}
	m.offer(&modelExchange{to: to, method: "INVITE", tries: tries})
}

// offer sends the request of an exchange on, as re-INVITE to a side that takes no UPDATE.
func (m *model) offer(x *modelExchange) {
	method := x.method
	if m.set["noupdates"] {
		method = "INVITE"
	}
	x.id = m.send(x.to, method)
	m.x = x
}

// restoreLater: the edge's own offer crossed another and waits as RFC 3261 section 14.1 says.
func (m *model) restoreLater(x *modelExchange) {
	m.restore, m.step = x, m.now+3*time.Second
	if x.to == m.a {
		m.step = m.now + time.Second
	}
}

func (m *model) restoreNow(happening) {
	x := m.restore
	switch {
	case x == nil:
	case m.x != nil:
		m.restoreLater(x)
	default:
		m.restore = nil
		m.offerBack(x.to, x.tries+1)
	}
}

// withdrawn: the CANCEL of a re-INVITE. Our 2xx may have been passed back without effect.
func (m *model) withdrawn(h happening) {
	x := m.x
	switch {
	case x == nil || x.ask != h.ask:
	case !x.acking:
		x.ask = nil
		x.to.say("cancel request")
	case x.offerless:
		m.x = nil
		x.to.say("ack")
	default:
		x.from.asB = x.asB
		m.offerBack(x.to, 0)
	}
}
