package b2bua

import (
	"fmt"
	"time"

	"callbox/sip/call"
)

// The rules of the model up to the answer, and how a call ends.

const (
	modelRing     = 20 * time.Second
	modelSlow     = 4 * time.Minute
	modelSetup    = 3 * time.Minute
	modelQuestion = 15 * time.Second
	modelFarewell = 30 * time.Second
	modelLongest  = time.Hour
)

// begin takes the INVITE.
func (m *model) begin() {
	switch {
	case m.set["nonsense"]:
		m.refuse(call.EndBadRequest, 400)
		return
	case m.set["defect"]:
		m.refuse(call.EndInternal, 500)
		return
	case m.set["refused"] && m.questions == 0:
		m.refuse(call.EndRefused, 403)
		return
	}
	m.a.state, m.a.seen = legEarly, legEarly
	if m.set["noports"] {
		m.end(call.EndNoPorts, 503)
		return
	}
	m.limit = m.now + modelSetup
	m.decided()
}

// decided does what the decision says, or has it made anew when its question is answered.
func (m *model) decided() {
	switch {
	case m.questions > 0:
		m.phase, m.step = phaseAsking, m.now+modelQuestion
	case m.set["refused"]:
		m.end(call.EndRefused, 403)
	default:
		m.next()
	}
}

// replied takes the reply to a question, or goes on without it.
func (m *model) replied(happening) {
	m.questions--
	m.phase, m.step = phaseSetup, 0
	m.decided()
}

// refuse answers an INVITE whose leg is not taken.
func (m *model) refuse(why call.EndReason, status int) {
	m.a.say(fmt.Sprintf("refuse %d", status))
	m.phase, m.why, m.status = phaseOver, why, status
}

// next tries the targets that are left, in order, until one is on its way.
func (m *model) next() {
	for m.upcoming < m.targets {
		n := m.upcoming + 1
		m.upcoming++
		m.plain, m.moved = false, false
		m.tries = append(m.tries, modelTry{target: m.targetID(n)})
		switch {
		case m.emergency() && m.set[fmt.Sprint("out", n)]:
			m.passOver("out_of_service")
			continue
		case m.emergency() && m.set[fmt.Sprint("full", n)]:
			m.passOver("busy")
			continue
		}
		m.step = m.now + modelRing
		if m.set["slow"] {
			m.step = m.now + modelSlow
		}
		if n == 1 && m.set["named"] {
			m.phase = phaseResolving
			return
		}
		m.dial()
		return
	}
	m.exhausted()
}

func (m *model) targetID(n int) string {
	if m.set["test"] {
		return "933"
	}
	return fmt.Sprint("psap", n)
}

// exhausted: every target has failed, and the caller is told so by voice where early media can carry it.
func (m *model) exhausted() {
	if !m.set["announce"] || !m.emergency() || m.announced || !m.offered {
		m.noTarget(happening{})
		return
	}
	m.announced, m.farewell = true, true
	m.step = m.now + modelFarewell
	if m.set["named"] {
		m.phase = phaseResolving
		return
	}
	m.dial()
}

func (m *model) dial() {
	m.phase = phaseDialling
	if m.farewell {
		m.phase = phaseAnnouncing
	}
	m.b = &modelLeg{
		name: fmt.Sprintf("b%d", len(m.legs)+1), state: legEarly, seen: legEarly, acked: m.offered, asB: true,
		bodiless: !m.offered, offers: m.offers,
	}
	m.legs = append(m.legs, m.b)
}

func (m *model) routed(h happening) {
	switch {
	case h.status == 200:
		m.dial()
	case m.farewell:
		m.exhausted()
	default:
		m.passOver("unreachable")
		m.next()
	}
}

// passOver leaves the target being tried.
func (m *model) passOver(outcome string) {
	m.closeTry(outcome)
	m.dropB()
	m.phase, m.step = phaseSetup, 0
	m.hush()
}

func (m *model) closeTry(outcome string) {
	if n := len(m.tries); n > 0 && m.tries[n-1].outcome == "" {
		m.tries[n-1].outcome = outcome
	}
}

// dropB ends the leg to a target by what it has come to.
func (m *model) dropB() {
	if m.b == nil {
		return
	}
	switch m.b.seen {
	case legEarly:
		m.b.cancel()
	case legAnswered:
		if !m.b.acked {
			m.b.say("ack")
		}
		m.b.bye()
	}
	m.b = nil
}

// hush: the caller, who may have heard the target's early media, hears ringing.
func (m *model) hush() {
	m.early, m.updated = "", false
	if m.hears == toldMedia {
		m.ring()
	}
}

func (m *model) ring() {
	if m.hears != toldRinging && !m.silent() {
		m.hears = toldRinging
		m.progressA(180)
	}
}

func (m *model) progressA(status int) {
	if m.a.state == legEarly {
		m.a.say(fmt.Sprintf("progress %d", status))
	}
}

func (m *model) progress(h happening) {
	if h.offer {
		m.earlyOffer(h)
		return
	}
	if m.early != "" && m.early != h.fork {
		return // another branch is heard
	}
	heard := h.body == bodyGood && m.offered && !m.updated
	if heard && m.phase == phaseDialling && m.set["queue"] {
		m.step = 0
	}
	hidden := m.phase == phaseDialling && m.set["hide"]
	switch {
	case heard && !hidden:
		if m.early == "" || m.hears != toldMedia {
			m.early, m.hears = h.fork, toldMedia
			if m.given == nil && m.reliable() {
				m.given = &modelGiven{settled: true}
			}
			m.progressA(h.status)
		}
	case m.phase == phaseAnnouncing:
	case h.status == 180 || hidden:
		m.ring()
	case m.hears == toldNothing && !m.silent():
		m.hears = toldProgress
		m.progressA(h.status)
	}
}

func (m *model) failed(h happening) {
	m.b.seen = legOver
	switch {
	case h.status == 422 && !m.plain && m.set["own"]:
		m.plain = true
		m.hush()
		m.dial()
	case h.status == 302 && !m.moved && m.set["follow"]:
		m.moved = true
		m.hush()
		m.dial()
	default:
		m.passOver(h.outcome)
		m.next()
	}
}

func (m *model) ringOver(happening) {
	switch {
	case m.farewell:
		m.noTarget(happening{})
	case m.phase == phaseResolving:
		m.passOver("unreachable")
		m.next()
	default:
		m.passOver("timeout")
		m.next()
	}
}

// setupOver: nobody has answered in all that time. Centres that were not asked yet still are: an emergency call is not
// given up before.
func (m *model) setupOver(happening) {
	if m.emergency() && m.upcoming < m.targets {
		m.limit = m.now + modelSetup
		m.passOver("timeout")
		m.next()
		return
	}
	m.closeTry("timeout")
	m.noTarget(happening{})
}

func (m *model) noTarget(happening) { m.end(call.EndNoTarget, 503) }

func (m *model) farewellAnswered(h happening) {
	m.b.seen = legAnswered
	m.noTarget(h)
}

func (m *model) answered(h happening) {
	m.b.seen = legAnswered
	told := m.early != "" && m.early == h.fork
	ofUse := h.body == bodyGood || told && (h.body == bodyNone || m.updated)
	if !ofUse || m.given != nil && !m.given.settled {
		m.passOver("failed")
		m.next()
		return
	}
	m.confirm()
	m.closeTry("answered")
	m.phase, m.step, m.limit = phaseUp, 0, 0
	m.a.begin(m.now, m.set["a-refreshes"], m.set["a-timed"])
	m.b.begin(m.now, m.set["b-refreshes"], m.set["b-timed"])
	if !m.emergency() || m.set["limited"] {
		m.limit = m.now + modelLongest
	}
	m.status, m.a.seen = 200, legAnswered
	if m.a.state == legEarly {
		m.a.state, m.a.owes = legAnswered, true
		m.a.say("answer 200")
	}
}

func (m *model) cancelled(happening) {
	m.a.seen = legOver
	m.end(call.EndCallerCancelled, 487)
	m.status = 487
}

func (m *model) shutdown(happening) { m.end(call.EndShutdown, 503) }

// end ends the call: whoever waits for an answer gets one, every leg the one message that its state asks for.
func (m *model) end(why call.EndReason, status int) {
	m.phase, m.why = phaseOver, why
	if x := m.x; x != nil && !x.acking {
		x.ask.answer(487)
		x.to.say("cancel request")
	} else if x != nil && x.offerless {
		x.to.say("ack")
	}
	for _, r := range m.relayed {
		r.ask.answer(487)
	}
	switch m.a.seen {
	case legEarly:
		m.status = status
		if m.a.state == legEarly {
			m.a.state = legOver
			m.a.say(fmt.Sprintf("reject %d", status))
		}
	case legAnswered:
		m.a.bye()
	}
	m.closeTry("cancelled")
	m.dropB()
	m.dropBesides()
}
