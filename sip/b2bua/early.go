package b2bua

import (
	"bytes"

	"callbox/sip/agent"
	"callbox/sip/call"
	"callbox/sip/sdp"
)

// Offers and answers before the call is answered: reliable provisional answers (RFC 3262) and UPDATE (RFC 3311). The
// agent sends, repeats and acknowledges them, leg by leg; what they say is decided here, and each leg for itself.

// given is the description that the caller has had in a reliable provisional answer. It holds: a later one, the 2xx's
// too, is not looked at by the caller (RFC 3261 section 13.2.1), so that what a centre says differently is offered to the
// caller once the call is answered.
type given struct {
	session *sdp.Session // what the centre said
	body    []byte       // as the caller has it
	offer   bool         // it is an offer, to a caller that made none
	fork    string       // offer: the branch that made it
	by      leg          // offer: and its leg
	settled bool         // offer and answer are both there
}

// remember keeps the first description that goes to a caller reliably, and takes others out of m.
func (c *bridge) remember(s *sdp.Session, m *agent.Message) {
	switch {
	case !c.reliable:
	case c.given == nil:
		c.given = &given{session: s, body: m.Body, settled: true}
	default:
		m.ContentType, m.Body = "", nil
	}
}

// silent tells whether nothing may be told to the caller yet: its INVITE requires every provisional answer to be
// reliable and made no offer, so that the first of them would have to hold one (RFC 3261 section 13.2.1).
func (c *bridge) silent() bool { return c.offer == nil && c.given == nil && c.strict }

// onEarlyOffer takes an offer that a centre makes in a reliable provisional answer. It goes to the caller in the same
// way, and the caller's PRACK brings the answer. Only one can be on its way; another branch's is declined for now.
func (c *bridge) onEarlyOffer(ev event) {
	s, _, f := c.b.offered(ev.message, sdp.RoleOffer)
	if f != nil || s == nil || c.phase != phaseDialling || c.given != nil || c.offer != nil || !c.reliable {
		c.declineEarly(ev, s)
		return
	}
	c.attempt.fork, c.attempt.early, c.attempt.earlyRaw = ev.fork, s, ev.message.Body
	audio, _ := s.Audio()
	c.secure(&c.b, s, sdp.RoleOffer)
	c.point(&c.b, audio, false)
	c.note(call.Event{Leg: call.LegB, Kind: call.EventEarlyMedia, Target: c.attempt.target.ID, Status: ev.status})
	m := c.writeOffer(&c.a, s)
	c.given = &given{session: s, body: m.Body, offer: true, fork: ev.fork, by: c.b.leg}
	c.told = toldMedia
	m.Headers = pass(c.callHeaders(), ev.message, inEarlyMedia)
	c.a.leg.Progress(ev.status, ev.reason, m)
}

// declineEarly answers an early offer that nobody takes up: no media for now.
func (c *bridge) declineEarly(ev event, s *sdp.Session) {
	var m agent.Message
	if s != nil {
		if body, _, err := c.b.writer.Answer(s, c.b.accept(c.local(&c.b), s), sdp.Supported(), sdp.Inactive, 0); err == nil {
			m = agent.Message{ContentType: typeSDP, Body: body}
		}
	}
	ev.leg.Prack(ev.fork, m)
}

// onPrack takes a PRACK with a description: the answer to the offer in a provisional answer, or a new offer (RFC 3262
// section 5).
func (c *bridge) onPrack(p *party, r request) {
	g := c.given
	switch {
	case p != &c.a || g == nil:
		respond(r, 481, warning("nothing here waits for PRACK"))
	case g.settled:
		c.updateEarly(p, r)
	default:
		c.onEarlyAnswer(g, r)
	}
}

// onEarlyAnswer goes on with the call as if the caller had made the offer that it has answered with.
func (c *bridge) onEarlyAnswer(g *given, r request) {
	s, _, f := c.a.offered(r.message(), sdp.RoleAnswer)
	if f == nil && s == nil {
		f = &fault{status: 488, sentence: "the PRACK has no session description"}
	}
	if f != nil {
		respond(r, f.status, append(f.headers, warning(f.sentence))...)
		c.end(ending{reason: call.EndBadRequest, status: 488, cause: 488, sentence: f.sentence})
		return
	}
	g.settled = true
	audio, _ := s.Audio()
	c.secure(&c.a, s, sdp.RoleAnswer)
	c.point(&c.a, audio, audio.Mux)
	c.offer, c.a.said = s, s
	if c.b.leg == g.by && c.b.state == legEarly {
		c.settle(&c.b, &c.a, g.session, s)
		c.b.acked, c.b.offers = true, c.offers
		c.b.leg.Prack(g.fork, c.writeAnswer(&c.b, s, g.session))
	}
	respond(r, 200)
}

// updateEarly takes an offer within an early dialog. The other side need not agree to it before it is answered, when it
// hears of what has changed.
func (c *bridge) updateEarly(p *party, r request) {
	m := r.message()
	if p == &c.a && (c.given == nil || !c.given.settled) || p == &c.b && (c.attempt.early == nil || c.offer == nil) {
		respond(r, 500, header("Retry-After", "3"), warning("the offer before is not answered yet"))
		return
	}
	offer, _, f := p.offered(m, sdp.RoleOffer)
	if f == nil && offer == nil {
		f = &fault{status: 488, sentence: "no session description"}
	}
	if f != nil {
		respond(r, f.status, append(f.headers, warning(f.sentence))...)
		return
	}
	p.learn(m)
	var answer agent.Message
	if p == &c.a {
		answer = c.changeCaller(offer)
	} else {
		answer = c.changeCentre(offer)
	}
	c.note(call.Event{Leg: p.name, Kind: call.EventReoffered, Detail: r.method()})
	r.Respond(200, phrase(200), answer)
}

func (c *bridge) changeCaller(offer *sdp.Session) agent.Message {
	g := c.given
	c.offer = offer
	c.offers++ // what is being rung was asked with the one before
	audio, _ := offer.Audio()
	early, _ := g.session.Audio()
	c.secure(&c.a, offer, sdp.RoleOffer)
	c.point(&c.a, audio, audio.Mux && early.Mux)
	answer := c.writeAnswer(&c.a, g.session, offer)
	g.body = answer.Body
	return answer
}

func (c *bridge) changeCentre(offer *sdp.Session) agent.Message {
	a := &c.attempt
	a.early, a.earlyRaw, a.updated = offer, nil, true
	audio, _ := offer.Audio()
	mine, _ := c.offer.Audio()
	c.secure(&c.b, offer, sdp.RoleOffer)
	c.point(&c.b, audio, audio.Mux && mine.Mux)
	c.b.said = offer
	if !c.reliable && c.told == toldMedia {
		m := c.writeAnswer(&c.a, offer, c.offer)
		m.Headers = c.callHeaders()
		c.a.leg.Progress(183, "Session Progress", m)
	}
	return c.writeAnswer(&c.b, c.offer, offer)
}

// confirm is the 2xx to a caller that has had its description before. Where that is another than the centre's, or the
// centre was asked with another offer than the caller's last, that side is made an offer once the call is up.
func (c *bridge) confirm(s *sdp.Session) agent.Message {
	g := c.given
	c.given = nil
	if c.b.acked {
		c.settle(&c.a, &c.b, c.offer, s)
	} else { // it was asked before the caller had answered another centre's offer
		c.settle(&c.b, &c.a, s, c.offer)
		c.b.acked = true
		c.b.leg.Ack(c.writeAnswer(&c.b, c.offer, s))
	}
	if c.b.offers != c.offers {
		c.owed = append(c.owed, &c.b)
	}
	if !s.Same(g.session) && !bytes.Equal(c.writeAnswer(&c.a, s, c.offer).Body, g.body) {
		c.owed = append(c.owed, &c.a)
	}
	if g.offer {
		return agent.Message{}
	}
	return agent.Message{ContentType: typeSDP, Body: g.body}
}

// payOwed makes the offers that had to wait for the caller's ACK, one at a time.
func (c *bridge) payOwed() {
	if len(c.owed) == 0 || c.phase != phaseUp || !c.a.acked || c.exchange != nil || c.restore != nil {
		return
	}
	to := c.owed[0]
	c.owed = c.owed[1:]
	c.offerBack(to, c.peer(to).said, 0)
}

// onPrackTimeout: the agent has refused the INVITE. A 2xx may have waited, which then never left.
func (c *bridge) onPrackTimeout(ev event) {
	c.a.state = legOver
	c.unanswered(ev.status)
	c.rec.SIPReason = "no PRACK came"
	c.end(ending{reason: call.EndNoAck, cause: ev.status, sentence: c.rec.SIPReason})
}
