package b2bua

import (
	"fmt"
	"slices"
	"time"

	"callbox/sip/agent"
)

// The rules of the model for the legs beside the call's two.

// join: a target that has answered takes the call over as soon as no offer is under way.
func (m *model) join() {
	t := m.t
	if m.phase != phaseUp || t == nil || !t.ready || m.x != nil {
		return
	}
	owing := m.restore != nil && m.restore.to == m.a // the caller was to be offered what held before
	m.t, m.restore, m.step, m.owed = nil, nil, 0, false
	m.forsake()
	m.closeTry("answered")
	old := m.b
	m.b = t.leg
	m.b.asB = true
	if owing {
		defer m.offerBack(m.a, 0)
	}
	if old.seen != legAnswered {
		return
	}
	t.sub.tell(m, "200", true)
	if t.sub.over() {
		old.bye()
	} else {
		m.partings = append(m.partings, &modelParting{old, t.sub, m.now + partingTime})
	}
}

// beside takes what happens on a leg beside the call's two; false: it is none.
func (m *model) beside(h happening) bool {
	if m.t != nil && h.leg == m.t.leg {
		m.onTarget(h)
		return true
	}
	for _, p := range m.partings {
		if p.leg == h.leg {
			m.onParting(p, h)
			return true
		}
	}
	return false
}

func (m *model) onTarget(h happening) {
	m.covered[cell{h.kind, phaseTarget}]++
	t := m.t
	switch h.kind {
	case agent.KindProgress:
		if t.early == "" && h.body == bodyGood {
			t.early = h.fork
		}
		if t.early != "" && t.own && m.set["queue"] {
			t.due = 0
		}
		t.sub.tell(m, fmt.Sprint(h.status), false)
	case agent.KindAnswered:
		t.leg.seen, t.due = legAnswered, 0
		t.leg.begin(m.now, m.set["b-refreshes"], m.set["b-timed"])
		if t.ready = h.body == bodyGood || h.body == bodyNone && t.early != "" && t.early == h.fork; !t.ready {
			m.missed("failed")
		}
	case agent.KindFailed:
		t.leg.seen = legOver
		if h.status == 302 && t.own && m.set["follow"] && !t.moved {
			t.moved = true
			m.closeTry(h.outcome)
			m.ringTarget()
			return
		}
		if h.status == 422 && m.set["own"] && !t.raised {
			t.raised = true
			m.closeTry(h.outcome)
			m.ringTarget()
			return
		}
		m.missed(h.outcome)
	case agent.KindBye:
		t.leg.seen = legOver
		m.missed("failed")
	case agent.KindGone:
		t.leg.seen = legOver
		m.missed("unreachable")
	case agent.KindRequest:
		h.ask.answer(500)
	}
}

func (m *model) onParting(p *modelParting, h happening) {
	m.covered[cell{h.kind, phaseParting}]++
	switch h.kind {
	case agent.KindResponse:
		if p.sub.answered(m, h.id, h.status) && p.sub.over() {
			m.letGo(p)
		}
	case agent.KindBye, agent.KindGone:
		p.leg.seen = legOver
		m.letGo(p)
	case agent.KindRequest:
		h.ask.answer(500)
	}
}

func (m *model) letGo(p *modelParting) {
	m.partings = slices.DeleteFunc(m.partings, func(o *modelParting) bool { return o == p })
	if p.leg.seen == legAnswered {
		p.leg.bye()
	}
}

// besidesDue is when the first of these legs has waited long enough, 0 for never.
func (m *model) besidesDue() (due time.Duration) {
	if m.t != nil {
		due = m.t.due
	}
	for _, p := range m.partings {
		if due == 0 || p.due < due {
			due = p.due
		}
	}
	return due
}

func (m *model) besidesOver() {
	for _, p := range slices.Clone(m.partings) {
		if p.due <= m.now {
			m.covered[cell{kindBeside, phaseParting}]++
			m.letGo(p)
		}
	}
	t := m.t
	switch {
	case t == nil || t.due == 0 || t.due > m.now:
	case t.uri != "":
		m.missed("unreachable")
	default:
		m.covered[cell{kindBeside, phaseTarget}]++
		m.missed("timeout")
	}
}

func (m *model) dropBesides() {
	for _, p := range slices.Clone(m.partings) {
		m.letGo(p)
	}
	if m.t == nil || m.t.leg == nil {
		return
	}
	switch l := m.t.leg; l.seen {
	case legEarly:
		l.cancel()
	case legAnswered:
		l.bye()
	}
}
