package b2bua

import (
	"fmt"
	"slices"
	"time"

	"callbox/sip/agent"
	"callbox/sip/call"
)

// The rules of the model for a call that its centre sends on to another.

// modelTransfer is a transfer under way.
type modelTransfer struct {
	sub    *modelSub
	target string
	uri    string    // that is being looked up, "" for none
	leg    *modelLeg // to the target, nil while there is none
	due    time.Duration
	ring   time.Duration
	early  string // branch of its early media
	moved  bool
	raised bool     // rung again after a 422
	own    bool     // it is a centre of the decision
	rest   []string // those left of it, for a caller whose centre has hung up
	alone  bool     // so it is
	failed bool     // and the centre does not know yet
	ready  bool     // the target has answered
}

// modelSub is what the centre is told: one NOTIFY at a time.
type modelSub struct {
	leg        *modelLeg
	off, final bool
	out        uint32
	last, next string
}

// modelParting is a centre that is being told that it has been replaced.
type modelParting struct {
	leg *modelLeg
	sub *modelSub
	due time.Duration
}

// The phases of the legs beside the call's two, for the count of what chance reaches.
const (
	phaseTarget phase = iota + 100
	phaseParting
	phaseAlone // the caller has nobody to talk to
)

// reached are the places beside the table that chance has to come to.
var reached = []cell{
	{agent.KindProgress, phaseTarget}, {agent.KindAnswered, phaseTarget}, {agent.KindFailed, phaseTarget},
	{agent.KindRequest, phaseTarget}, {agent.KindBye, phaseTarget}, {agent.KindGone, phaseTarget},
	{agent.KindResponse, phaseParting}, {agent.KindRequest, phaseParting}, {agent.KindBye, phaseParting},
	{kindBeside, phaseParting}, {kindBeside, phaseTarget}, {kindRouted, phaseTarget}, {agent.KindAnswered, phaseAlone},
	{agent.KindBye, phaseAlone}, {agent.KindFailed, phaseAlone}, {agent.KindRequest, phaseAlone},
}

// Kinds of REFER, in the place of its body.
const (
	bodyQuiet = "quiet" // without NOTIFY
	bodyNamed = "named" // to a host name

	referNamed = "sip:psap-new@lab.example"
)

var referWords = map[string][]string{
	bodyGood: {"Refer-To: <sip:psap-new@callbox>"}, bodyQuiet: {"Refer-To: <sip:psap-new@callbox>", "Refer-Sub: false"},
	bodyNamed: {"Refer-To: <" + referNamed + ">"},
}

func (m *model) refer(q *modelAsk) {
	m.referrals++
	switch {
	case q.leg == m.a && m.emergency():
		q.answer(403)
	case !m.emergency():
		q.answer(603)
	case m.phase != phaseUp || q.leg.seen != legAnswered || !m.a.acked:
		q.answer(500)
	case m.t != nil && (!m.t.failed || m.t.sub.next != ""):
		q.answer(491)
	case m.transfers == 10 || m.referrals > 50:
		q.answer(603)
	case q.body == bodyBad:
		q.answer(400)
	default:
		q.answer(202)
		m.transfers++
		m.t = &modelTransfer{
			sub: &modelSub{leg: m.b, off: q.body == bodyQuiet}, target: "psap-new", ring: 20 * time.Second,
		}
		if q.body == bodyNamed {
			m.t.uri = referNamed
		}
		m.t.sub.tell(m, "100", false)
		m.ringTarget()
	}
}

func (s *modelSub) tell(m *model, line string, final bool) {
	switch {
	case s.off || s.final || line == s.last && !final:
	case s.out != 0:
		s.next, s.final = line, final
	default:
		s.final = final
		s.send(m, line)
	}
}

func (s *modelSub) send(m *model, line string) {
	s.last, s.next = line, ""
	s.out = m.send(s.leg, "NOTIFY")
}

func (s *modelSub) answered(m *model, id uint32, status int) bool {
	if s.out == 0 || s.out != id {
		return false
	}
	s.out = 0
	if status == 481 {
		s.off = true
	} else if s.next != "" {
		s.send(m, s.next)
	}
	return true
}

func (s *modelSub) over() bool { return s.off || s.final && s.out == 0 }

// ringTarget dials who is to take the call over.
func (m *model) ringTarget() {
	t := m.t
	m.tries = append(m.tries, modelTry{target: t.target})
	t.early, t.ready, t.leg = "", false, nil
	var n int
	if _, err := fmt.Sscanf(t.target, "psap%d", &n); err == nil {
		if out := m.set[fmt.Sprint("out", n)]; out || m.set[fmt.Sprint("full", n)] {
			if out {
				m.missed("out_of_service")
			} else {
				m.missed("busy")
			}
			return
		}
	}
	t.due = m.now + t.ring
	if t.uri == "" {
		m.dialTarget()
	}
}

func (m *model) dialTarget() {
	m.t.uri = ""
	m.t.leg = &modelLeg{name: fmt.Sprintf("b%d", len(m.legs)+1), state: legEarly, seen: legEarly, acked: true}
	m.legs = append(m.legs, m.t.leg)
}

func (m *model) looking() bool { return m.phase == phaseUp && m.t != nil && m.t.uri != "" }

// found is the answer to the look-up.
func (m *model) found(ok bool) {
	m.covered[cell{kindRouted, phaseTarget}]++
	if ok {
		m.dialTarget()
	} else {
		m.missed("unreachable")
	}
	m.join()
}

// missed: the target does not take the call.
func (m *model) missed(outcome string) {
	t := m.t
	m.closeTry(outcome)
	if l := t.leg; l != nil {
		if l.seen == legEarly {
			l.cancel()
		} else {
			l.bye()
		}
	}
	t.leg, t.uri, t.due, t.ready, t.early = nil, "", 0, false, ""
	if t.alone {
		m.goOn()
		return
	}
	t.failed = true
	t.sub.tell(m, "failed", true)
	m.closeTransfer()
}

func (m *model) closeTransfer() {
	if m.t.failed && m.t.sub.over() {
		m.t = nil
	}
}

// goOn: the caller has nobody, and the target has failed.
func (m *model) goOn() {
	t := m.t
	if !t.own {
		t.own = true
		for n := range m.targets {
			t.rest = append(t.rest, m.targetID(n+1))
		}
	}
	if len(t.rest) == 0 {
		m.end(call.EndNoTarget, 0)
		return
	}
	t.target, t.rest = t.rest[0], t.rest[1:]
	t.failed, t.moved, t.raised, t.ring = false, false, false, modelRing
	if m.set["slow"] {
		t.ring = modelSlow
	}
	if t.target == m.targetID(1) && m.set["named"] {
		t.uri = "sip:psap@lab.example"
	}
	m.ringTarget()
}

// leaves: a side is gone. True: the call goes on, because its centre had asked for a transfer.
func (m *model) leaves(l *modelLeg) bool {
	t := m.t
	if l != m.b || t == nil {
		return false
	}
	if t.alone {
		return true
	}
	if l.seen == legAnswered {
		l.bye()
	}
	l.seen, l.timer, t.alone, t.sub.off = legOver, nil, true, true
	m.forsake()
	m.forsakeExchange()
	m.owed = false
	if t.failed {
		m.goOn()
	}
	return true
}

// forsake answers what waits for the centre, or would go to it.
func (m *model) forsake() {
	m.relayed = slices.DeleteFunc(m.relayed, func(r modelRelayed) bool {
		switch m.b {
		case r.to:
			r.ask.answer(500)
		case r.ask.leg:
			r.ask.answer(487)
		default:
			return false
		}
		return true
	})
}

func (m *model) forsakeExchange() {
	if m.restore != nil && m.restore.to == m.b {
		m.restore, m.step = nil, 0
	}
	x := m.x
	switch {
	case x == nil:
	case x.to == m.b && !x.acking:
		m.x = nil
		x.ask.answer(500)
	case x.from == m.b && x.acking:
		m.x = nil
		if x.offerless {
			x.to.say("ack")
		}
	case x.from == m.b:
		x.ask.answer(487)
		x.ask = nil
		x.to.say("cancel request")
	}
}
