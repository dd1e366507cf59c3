package b2bua

import (
	"bytes"
	"time"

	"callbox/sip/agent"
	"callbox/sip/call"
	"callbox/sip/sdp"
)

// told is the last provisional answer the caller was given, as far as it decides what the caller hears.
type told uint8

const (
	toldNothing  told = iota
	toldProgress      // 183 or the like without media
	toldRinging       // 180: the caller's own phone makes the ringing
	toldMedia         // early media plays
)

// onProgress takes a target's provisional answers.
func (c *bridge) onProgress(ev event) {
	if ev.offer {
		c.onEarlyOffer(ev)
		return
	}
	if c.phase != phaseDialling && c.phase != phaseAnnouncing || ev.status == 199 { // 199: a branch ended, RFC 6228
		return
	}
	c.deskStirs()
	if c.attempt.early != nil && c.attempt.fork != ev.fork {
		return // another branch of a forked INVITE plays already; its ringing would cut that off
	}
	s := c.earlyMedia(ev)
	if c.attempt.updated { // it says again what UPDATE has changed
		s = nil
	}
	if s != nil && c.phase == phaseDialling && c.attempt.target.Policy.QueueAnswers {
		c.stepAt = time.Time{} // the centre's queue has the call: no more ring time
	}
	hide := c.phase == phaseDialling && c.attempt.target.Policy.HideEarlyMedia
	switch {
	case s != nil && !hide:
		c.passEarlyMedia(ev, s)
	case c.phase == phaseAnnouncing: // it is heard or it is nothing
	case ev.status == 180 || hide:
		c.note(call.Event{Leg: call.LegB, Kind: call.EventRinging, Target: c.attempt.target.ID, Status: ev.status})
		c.ring()
	case c.told == toldNothing && !c.silent():
		c.told = toldProgress
		c.a.leg.Progress(ev.status, ev.reason, agent.Message{Headers: c.callHeaders()})
	}
}

// earlyMedia returns the description in a provisional answer; a caller that made no offer cannot take one.
func (c *bridge) earlyMedia(ev event) *sdp.Session {
	if c.offer == nil || len(ev.message.Body) == 0 {
		return nil
	}
	s, _, f := c.b.offered(ev.message, sdp.RoleAnswer)
	if f != nil {
		return nil
	}
	return s
}

// passEarlyMedia lets the caller hear what a target plays before it answers.
func (c *bridge) passEarlyMedia(ev event, s *sdp.Session) {
	same := c.attempt.early != nil && bytes.Equal(c.attempt.earlyRaw, ev.message.Body)
	if same && c.told == toldMedia {
		return
	}
	if !same {
		c.note(call.Event{Leg: call.LegB, Kind: call.EventEarlyMedia, Target: c.attempt.target.ID, Status: ev.status})
		c.attempt.fork, c.attempt.early, c.attempt.earlyRaw = ev.fork, s, ev.message.Body
		c.connect(&c.a, &c.b, c.offer, s)
	}
	c.told = toldMedia
	m := c.writeAnswer(&c.a, s, c.offer)
	c.remember(s, &m)
	m.Headers = pass(c.callHeaders(), ev.message, inEarlyMedia)
	c.a.leg.Progress(ev.status, ev.reason, m)
}

// ring lets the caller hear ringing, unless that is what it hears already.
func (c *bridge) ring() {
	if c.told == toldRinging || c.silent() {
		return
	}
	c.told = toldRinging
	c.a.leg.Progress(180, phrase(180), agent.Message{Headers: c.callHeaders()})
}

// onAnswered takes a target's 2xx.
func (c *bridge) onAnswered(ev event) {
	c.b.state = legAnswered
	if c.phase != phaseDialling { // an announcement that answers is at its end too
		c.noTarget("")
		return
	}
	s, f := c.answerOf(ev)
	if f != nil {
		c.declineOffer(s)
		c.passOver("failed", ev.status, "answered with a body of no use: "+f.sentence)
		c.nextTarget()
		return
	}
	if c.attempt.early != nil && c.attempt.fork != ev.fork {
		c.media.side(call.LegB).Reset() // another branch answered than was heard
	}
	c.learn(&c.b, ev.message)
	var m agent.Message
	switch {
	case c.given != nil:
		m = c.confirm(s)
	case c.offer != nil:
		c.settle(&c.a, &c.b, c.offer, s)
		m = c.writeAnswer(&c.a, s, c.offer)
	default:
		c.secure(&c.b, s, sdp.RoleOffer)
		c.b.said = s
		audio, _ := s.Audio()
		c.point(&c.b, audio, false)
		m = c.writeOffer(&c.a, s)
	}
	m = c.withReport(m, ev.message)
	m.Headers = append(pass(c.callHeaders(), ev.message, inAnswer), c.agree(&c.a, c.asked)...)
	if c.plan.BadLocation != "" {
		m.Headers = append(m.Headers, geolocationError)
	}
	c.up(ev)
	c.a.leg.Answer(m)
	c.startListeners()
}

// answerOf returns the description in a 2xx. A centre that gave it in early media may have left it out.
func (c *bridge) answerOf(ev event) (*sdp.Session, *fault) {
	role := sdp.RoleAnswer
	if !c.b.acked { // it was asked without one
		role = sdp.RoleOffer
	}
	s, _, f := c.b.offered(ev.message, role)
	switch {
	case c.given != nil && !c.given.settled:
		return nil, &fault{sentence: "the caller has not answered an offer made before"}
	case c.attempt.updated && c.attempt.fork == ev.fork:
		return c.attempt.early, nil
	case f != nil:
		return nil, f
	case s != nil:
		return s, nil
	case c.attempt.early != nil && c.attempt.fork == ev.fork:
		return c.attempt.early, nil
	}
	return nil, &fault{sentence: "no session description"}
}

// up enters the phase in which both legs talk.
func (c *bridge) up(ev event) {
	now := time.Now()
	t := c.attempt.target
	c.phase, c.stepAt, c.limitAt = phaseUp, time.Time{}, time.Time{}
	if limit := c.e.o.MaxDuration; limit > 0 && (!c.spared() || c.e.o.LimitEmergency) {
		c.limitAt = now.Add(limit)
	}
	c.a.state = legAnswered
	c.reach(call.StateAnswered)
	c.rec.AnsweredAt, c.rec.AnsweredBy, c.rec.SIPCallIDB = now, t.ID, c.b.leg.CallID()
	c.rec.SIPStatus = 200
	c.markAttempt("answered", ev.status)
	c.note(call.Event{Leg: call.LegB, Kind: call.EventAnswered, Target: t.ID, Status: ev.status})
	if c.offer != nil {
		c.checkHold(&c.a, true)
	}
	// What only the set-up needed must not stay in memory for the length of the call.
	c.about = c.about.kept(c.e.inInvite)
	c.attempt.early, c.attempt.earlyRaw, c.route, c.in, c.inv = nil, nil, agent.Route{}, nil, nil
}

// spared tells whether the call may last as long as it likes: somebody's need is at its end.
func (c *bridge) spared() bool { return c.plan.Emergency || c.back != nil }

// onInitialAck takes the caller's ACK for our 200. Where the caller left the offer to the centre, it holds the answer.
func (c *bridge) onInitialAck(ev event) {
	c.a.acked = true
	if c.b.acked {
		return
	}
	offer := c.b.said
	s, _, f := c.a.offered(ev.message, sdp.RoleAnswer)
	if f == nil && s == nil {
		f = &fault{sentence: "the ACK has no session description"}
	}
	if f != nil {
		c.declineOffer(offer)
		c.end(ending{reason: call.EndBadRequest, cause: 488, sentence: f.sentence})
		return
	}
	c.settle(&c.b, &c.a, offer, s)
	c.b.acked = true
	c.b.leg.Ack(c.writeAnswer(&c.b, s, offer))
	c.checkHold(&c.b, true)
}

// declineOffer acknowledges the 2xx of a centre that was asked for an offer and cannot be given a real answer: RFC
// 3261 section 13.2.2.4 wants one all the same before the BYE.
func (c *bridge) declineOffer(offer *sdp.Session) {
	if c.b.acked || c.b.state != legAnswered {
		return
	}
	c.b.acked = true
	var m agent.Message
	if offer != nil {
		if body, _, err := c.b.writer.Answer(offer, c.b.accept(c.local(&c.b), offer), sdp.Supported(), sdp.Inactive, 0); err == nil {
			m = agent.Message{ContentType: typeSDP, Body: body}
		}
	}
	c.b.leg.Ack(m)
}
