package b2bua

import "callbox/sip/call"

// The rules of the model for offers and answers before the call is answered. Every good body says the same, so that
// what the caller has had reliably never differs from what the centre says in the end.

// modelGiven is the description that the caller has had in a reliable provisional answer.
type modelGiven struct {
	offer   bool // the caller is to answer it
	settled bool
	by      *modelLeg
	fork    string
}

func (m *model) reliable() bool { return m.set["100rel"] || m.set["strict"] }

// silent: every provisional answer has to be reliable, and the first would have to hold an offer.
func (m *model) silent() bool { return m.set["strict"] && !m.offered && m.given == nil }

// earlyOffer: a centre that was asked without an offer makes one. One is passed on, others are declined.
func (m *model) earlyOffer(h happening) {
	if m.phase != phaseDialling || m.given != nil || m.offered || !m.reliable() || h.body != bodyGood {
		h.leg.say("prack " + h.fork)
		return
	}
	m.early, m.hears = h.fork, toldMedia
	m.given = &modelGiven{offer: true, by: m.b, fork: h.fork}
	m.progressA(h.status)
}

// pracked: a PRACK with a description answers the offer that is out, or makes a new one.
func (m *model) pracked(q *modelAsk) {
	g := m.given
	switch {
	case q.leg != m.a || g == nil:
		q.answer(481)
	case g.settled:
		m.updatedEarly(q)
	case q.body != bodyGood:
		q.answer(400)
		m.end(call.EndBadRequest, 488)
	default:
		g.settled, m.offered = true, true
		if b := m.b; b != nil && b == g.by && b.seen == legEarly {
			b.acked, b.offers = true, m.offers
			b.say("prack " + g.fork)
		}
		q.answer(200)
	}
}

// updatedEarly: an offer within an early dialog is answered by the edge, once the offer before has its answer.
func (m *model) updatedEarly(q *modelAsk) {
	fromA := q.leg == m.a
	switch {
	case fromA && (m.given == nil || !m.given.settled), !fromA && (m.early == "" || !m.offered):
		q.answer(500)
		return
	case q.body != bodyGood:
		q.answer(400)
		return
	case fromA:
		m.offers++
		m.a.asB = true
	default:
		m.updated = true
		if !m.reliable() && m.hears == toldMedia {
			m.progressA(183)
		}
	}
	q.answer(200)
}

// confirm: a centre answers whose caller has had its description before.
func (m *model) confirm() {
	if m.given == nil {
		return
	}
	m.given = nil
	if !m.b.acked {
		m.b.acked = true
		m.b.say("ack")
	}
	m.owed = m.b.offers != m.offers
}

func (m *model) noPrack(happening) {
	m.a.seen = legOver
	m.end(call.EndNoAck, 504)
	m.status = 504
}
