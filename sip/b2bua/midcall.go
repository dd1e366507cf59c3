package b2bua

import (
	"slices"
	"time"

	"github.com/rs/zerolog"

	"callbox/sip/agent"
	"callbox/sip/call"
	"callbox/sip/media"
	"callbox/sip/sdp"
)

// exchange is the one offer/answer exchange under way in the dialogs of a call that is up: a re-INVITE, or an UPDATE
// with an offer, on its way from one leg to the other.
//
//	asking:  the request was passed on; its answer is awaited
//	acking:  a 2xx to a re-INVITE was passed back; its ACK is awaited
type exchange struct {
	from, to  *party  // from is nil when the request is our own
	request   request // what from waits for an answer to; nil when it was cancelled or is our own
	method    string
	id        uint32         // of the request sent to to
	offer     *sdp.Session   // of from, or of to when from left it to the other side
	offerless bool           // the offer comes in the 2xx, the answer in the ACK
	refresh   refresh        // what from says about session timers
	headers   []agent.Header // of from that pass
	refreshes bool           // our own, to refresh a session
	opened    bool           // offerless: the offer goes on as sendrecv
	acking    bool
	before    *sdp.Session // what from said until a 2xx passed
	kept      *media.Keys  // of from until then
	tries     int          // of our own, how often it has crossed another before
}

// onRequest takes a request within a dialog.
func (c *bridge) onRequest(p, other *party, r request) {
	method := r.method()
	switch {
	case method == "REFER":
		c.onRefer(p, r)
	case method == "NOTIFY":
		respond(r, 481, warning("nothing here waits for "+method))
	case c.phase == phaseUp && p.state == legOver: // a centre that has left its call to another
		respond(r, 481)
	case method == "UPDATE" && len(r.message().Body) == 0:
		c.refreshed(p, r)
	case method == "PRACK":
		c.onPrack(p, r)
	case method == "UPDATE" && c.phase != phaseUp:
		c.updateEarly(p, r)
	case c.phase != phaseUp || other.state != legAnswered:
		c.unjoined(p, other, r)
	case method == "INVITE", method == "UPDATE":
		c.startExchange(p, other, r)
	case method == "INFO", method == "MESSAGE":
		c.relay(p, other, r)
	default:
		respond(r, 405, header("Allow", allowed))
	}
}

// startExchange passes a re-INVITE or UPDATE on. One exchange runs at a time, in either direction: RFC 3261 section
// 14.2 and RFC 3311 section 5.2 have 491 for an offer that crosses another. An UPDATE gets it too that does not wait
// for the answer to its sender's own offer, where the RFC has 500: after 491 phones try again, after 500 some hang up.
func (c *bridge) startExchange(p, other *party, r request) {
	m := r.message()
	if c.exchange != nil || !c.a.acked {
		respond(r, 491)
		return
	}
	asked := refreshOf(m)
	f := c.tooShort(asked)
	var offer *sdp.Session
	if f == nil {
		offer, _, f = p.offered(m, sdp.RoleOffer)
	}
	if f != nil {
		respond(r, f.status, append(f.headers, warning(f.sentence))...)
		return
	}
	x := &exchange{
		from: p, to: other, request: r, method: r.method(), offer: offer, offerless: offer == nil, refresh: asked,
		headers: pass(nil, m, inDialog),
	}
	p.learn(m)
	if c.repeats(p, other, x) {
		c.answerRepeat(p, other, x)
		return
	}
	c.send(x)
}

// send sends the request of an exchange on. An UPDATE goes to a side that takes none as a re-INVITE.
func (c *bridge) send(x *exchange) {
	var out agent.Message
	if !x.offerless {
		out = c.writeOffer(x.to, x.offer)
	}
	out.Headers = append(slices.Clip(x.headers), x.to.sessionHeaders()...)
	method := x.method
	if x.to.noUpdates {
		method = "INVITE"
	}
	x.id = x.to.leg.Send(method, out)
	c.exchange = x
}

// onExchanged takes the final answer to the request of the exchange.
func (c *bridge) onExchanged(x *exchange, ev event) {
	if ev.status < 300 {
		c.learn(x.to, ev.message)
	}
	switch {
	case ev.status == 422 && (x.request != nil || x.from == nil) && x.tries < maxRestores && x.to.raise(ev.message): // its interval is this leg's business
		x.tries++
		c.send(x)
	case ev.status >= 300:
		c.exchange = nil
		c.failExchange(x, ev)
	case x.request == nil:
		c.exchange = nil
		c.undoExchange(x, ev)
	default:
		c.passExchange(x, ev)
	}
}

// passExchange hands a 2xx back to where the request came from.
func (c *bridge) passExchange(x *exchange, ev event) {
	role := sdp.RoleAnswer
	if x.offerless {
		role = sdp.RoleOffer
	}
	s, _, f := x.to.offered(ev.message, role)
	if f != nil || s == nil {
		c.exchange = nil
		respond(x.request, 500, warning("the other side accepted without a session description of use"))
		c.undoExchange(x, ev)
		return
	}
	var m agent.Message
	if x.offerless {
		x.offer = s
		shown := c.reopen(x.to, s)
		x.opened = shown != s
		m = c.writeOffer(x.from, shown)
	} else {
		x.before, x.kept = x.from.said, x.from.keys
		c.settle(x.from, x.to, x.offer, s)
		m = c.writeAnswer(x.from, s, x.offer)
		c.reoffered(x)
	}
	m.Headers = append(pass(nil, ev.message, inAnswer), c.agree(x.from, x.refresh)...)
	if x.acking = x.method == "INVITE"; !x.acking {
		c.exchange = nil
	}
	x.request.Respond(ev.status, ev.reason, m)
}

// failExchange hands a refusal back. Nothing was changed, so nothing has to be restored.
func (c *bridge) failExchange(x *exchange, ev event) {
	if x.refreshes {
		c.refreshFailed(x.to, ev, "INVITE")
		return
	}
	status, reason := passable(ev)
	if x.request != nil {
		x.request.Respond(status, reason, agent.Message{Headers: pass(nil, ev.message, inAnswer)})
	} else if x.from == nil && ev.status == 491 && x.tries < maxRestores {
		c.restoreLater(x)
	} else if x.from == nil {
		c.log(zerolog.WarnLevel, x.to.name).Int("sip_status", ev.status).
			Msg("media could not be restored")
	}
	if ev.status == 481 || ev.status == 408 {
		c.lose(x.to) // RFC 3261 section 12.2.1.2
	}
}

// undoExchange is needed when one side took a change that the other will not have: its CANCEL crossed the 2xx, or the
// 2xx was of no use. The side that changed is offered what held before.
func (c *bridge) undoExchange(x *exchange, ev event) {
	if x.from == nil { // our own offer of that kind was taken
		if s, _, f := x.to.offered(ev.message, sdp.RoleAnswer); f == nil && s != nil {
			c.settle(c.peer(x.to), x.to, x.offer, s)
			c.checkHold(x.to, false)
		}
		return
	}
	if x.offerless { // to offered; it must get an answer in the ACK
		c.ackOffer(x.to, ev.message)
		return
	}
	c.offerBack(x.to, x.from.said, 0)
}

// offerBack offers a side what held before.
func (c *bridge) offerBack(to *party, said *sdp.Session, tries int) {
	if to.state != legAnswered { // a centre that has left its call to another
		return
	}
	c.send(&exchange{to: to, method: "INVITE", offer: said, tries: tries})
}

// maxRestores is how often an offer of our own is made again that crossed an offer of its peer.
const maxRestores = 5

// restoreLater waits as RFC 3261 section 14.1 says: 2.1 to 4 s for the side that chose the Call-ID, less than 2 s for
// the other, so that two who crossed do not cross again.
func (c *bridge) restoreLater(x *exchange) {
	wait := 3 * time.Second
	if x.to == &c.a {
		wait = time.Second
	}
	c.restore, c.stepAt = x, time.Now().Add(wait)
}

// restoreNow makes our own offer again, unless an exchange has put things right since.
func (c *bridge) restoreNow() {
	x := c.restore
	switch {
	case x == nil:
	case c.exchange != nil:
		c.restoreLater(x)
	default:
		c.restore = nil
		c.offerBack(x.to, c.peer(x.to).said, x.tries+1)
	}
}

// ackOffer acknowledges a 2xx with an offer by what the other party said last.
func (c *bridge) ackOffer(p *party, m agent.Message) {
	said := c.peer(p).said
	s, _, f := p.offered(m, sdp.RoleOffer)
	if f != nil || s == nil {
		p.leg.Ack(agent.Message{})
		return
	}
	audio, _ := s.Audio()
	c.secure(p, s, sdp.RoleOffer)
	c.point(p, audio, false)
	p.said = s
	p.leg.Ack(c.writeAnswer(p, said, s))
}

// onAcked takes the ACK for a 2xx of ours.
func (c *bridge) onAcked(p *party, ev event) {
	x := c.exchange
	switch {
	case c.phase != phaseUp:
	case p == &c.a && !c.a.acked:
		c.onInitialAck(ev)
	case x == nil || x.from != p || !x.acking:
	default:
		c.exchange = nil
		if x.offerless {
			c.finishOfferless(x, ev)
		}
	}
}

// finishOfferless ends a re-INVITE without an offer: the offer came with the 2xx, the answer with the ACK.
func (c *bridge) finishOfferless(x *exchange, ev event) {
	s, _, f := x.from.offered(ev.message, sdp.RoleAnswer)
	if f != nil || s == nil {
		c.ackLast(x)
		return
	}
	c.settle(x.to, x.from, x.offer, s)
	x.to.leg.Ack(c.writeAnswer(x.to, s, x.offer))
	if x.opened {
		c.reopened(x.to, x.offer, s)
	}
	c.reoffered(x)
}

// ackLast acknowledges the offer that x.to made when x.from was asked and gave no answer of use: what x.from said last
// holds on.
func (c *bridge) ackLast(x *exchange) {
	x.to.leg.Ack(c.writeAnswer(x.to, x.from.said, x.offer))
}

func (c *bridge) reoffered(x *exchange) {
	c.restore = nil
	c.note(call.Event{Leg: x.from.name, Kind: call.EventReoffered, Detail: x.method})
	c.checkHold(x.from, false)
}

// onRequestGone takes the CANCEL of a re-INVITE; the agent has answered both.
func (c *bridge) onRequestGone(r request) {
	x := c.exchange
	switch {
	case x == nil || x.request != r:
	case x.acking: // our 2xx never left, and no ACK will come
		c.takeBack(x)
	default:
		x.request = nil
		x.to.leg.CancelSend(x.id)
	}
}

// takeBack undoes an exchange that was in effect here when it turned out that its CANCEL had come before.
func (c *bridge) takeBack(x *exchange) {
	c.exchange = nil
	if x.offerless {
		c.ackLast(x)
		return
	}
	x.from.said, x.from.keys = x.before, x.kept
	was, _ := x.before.Audio()
	other, _ := x.to.said.Audio()
	c.point(x.from, was, was.Mux && other.Mux)
	c.offerBack(x.to, x.before, 0)
}

// onResponse takes the final answer to a request we passed on.
func (c *bridge) onResponse(p *party, ev event) {
	if x := c.exchange; x != nil && x.to == p && x.id == ev.id && !x.acking {
		c.onExchanged(x, ev)
		return
	}
	if t := c.transfer; t != nil && p == &c.b && t.sub.answered(ev.id, ev.status) {
		t.close()
		return
	}
	if p.session != nil && p.session.asked == ev.id {
		c.onRefreshed(p, ev)
		return
	}
	if p.probe.out && p.probe.id == ev.id {
		c.onProbed(p, ev)
		return
	}
	for i, r := range c.relayed {
		if r.to == p && r.id == ev.id {
			c.relayed = append(c.relayed[:i], c.relayed[i+1:]...)
			c.passAnswer(r, ev)
			return
		}
	}
}
