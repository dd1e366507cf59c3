package b2bua

import (
	"time"

	"callbox/sip/call"
)

// The session timers of the model: half an hour each, refreshed after a quarter, missed 32 s before the end.

// modelTimer is the session timer of one leg.
type modelTimer struct {
	ours     bool // the edge refreshes
	due      time.Duration
	asked    uint32 // the UPDATE under way
	byInvite bool   // UPDATE was refused
}

func (t *modelTimer) start(now time.Duration) {
	t.asked = 0
	if t.due = now + 15*time.Minute; !t.ours {
		t.due = now + 30*time.Minute - 32*time.Second
	}
}

// begin is what the INVITE and its answer agreed on.
func (l *modelLeg) begin(now time.Duration, theirs, ours bool) {
	if l.timer = nil; theirs || ours {
		l.timer = &modelTimer{ours: ours && (l.name != "a" || !theirs)}
		l.timer.start(now)
	}
}

// timed returns the leg whose timer is due first, nil for none.
func (m *model) timed() *modelLeg {
	if m.phase != phaseUp {
		return nil
	}
	switch a, b := m.a, m.b; {
	case a.timer == nil && b.timer == nil:
		return nil
	case b.timer == nil, a.timer != nil && a.timer.due <= b.timer.due:
		return a
	default:
		return b
	}
}

// agreed: a request that may refresh the session was answered 2xx. One that says nothing of timers ends the other
// side's part and leaves ours.
func (m *model) agreed(l *modelLeg, asked bool) {
	switch {
	case asked:
		byInvite := l.timer != nil && l.timer.byInvite
		l.timer = &modelTimer{byInvite: byInvite}
	case l.timer == nil || !l.timer.ours:
		l.timer = nil
		return
	}
	l.timer.start(m.now)
}

// refreshedOne answers an UPDATE without an offer, whatever the phase.
func (m *model) refreshedOne(q *modelAsk) bool {
	if q.method != "UPDATE" || q.body != bodyNone {
		return false
	}
	q.answer(200)
	if m.phase == phaseUp {
		m.agreed(q.leg, q.timed)
	}
	return true
}

func (m *model) timerDue(h happening) {
	l, t := h.leg, h.leg.timer
	switch {
	case t == nil || t.due > m.now:
	case !t.ours && m.leaves(l):
	case !t.ours:
		m.end(call.EndSessionExpired, 0)
	case t.asked != 0:
		t.due = m.now + 4*time.Second
	case m.set["updates"] && !m.set["noupdates"] && !t.byInvite:
		t.due = m.now + 30*time.Minute
		t.asked = m.send(l, "UPDATE")
	case m.x != nil || !m.a.acked:
		t.due = m.now + 4*time.Second
	default:
		t.due = m.now + 30*time.Minute
		m.offer(&modelExchange{to: l, method: "INVITE", refreshes: true})
	}
}

// notRefreshed: who refuses is there and is asked again.
func (m *model) notRefreshed(h happening, method string) {
	t := h.leg.timer
	switch {
	case h.status == 408 && m.leaves(h.leg):
	case h.status == 408:
		m.end(call.EndSessionExpired, 0)
	case h.status == 481:
		m.lose(h.leg)
	case t == nil:
	case h.status == 491 && h.leg == m.a:
		t.due = m.now + time.Second
	case h.status == 491:
		t.due = m.now + 4*time.Second
	case method == "UPDATE":
		t.byInvite, t.due = true, m.now
	default:
		t.due = m.now + 15*time.Minute
	}
}

// unjoined answers a request of a side that has nobody on the other: its session must not run out over that.
func (m *model) unjoined(q *modelAsk) {
	l := q.leg
	switch may := q.timed && m.phase == phaseUp && m.x == nil && m.a.acked; {
	case may && q.method == "INVITE" && q.body == bodyGood && l.asB && m.restore == nil:
		q.answer(200)
		m.agreed(l, true)
		return
	case may && l.timer != nil && !l.timer.ours:
		l.timer.start(m.now)
	}
	q.answer(500)
}
