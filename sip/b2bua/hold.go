package b2bua

import (
	"callbox/sip/call"
	"callbox/sip/sdp"
)

// A side on hold must come back. A side that resumes by a re-INVITE without an offer leaves the direction to the other,
// and that may well offer what it was left with, recvonly or inactive: then neither side would ever take the hold back,
// and the call-taker would not be heard again. So the edge keeps what each side wants by itself, and where the other
// wants to talk it offers that.

// wishes notes what each side wants by an offer and its answer. One that answers with all that was offered has not said.
func wishes(offerer, answerer *party, offer, answer sdp.Direction) {
	offerer.wants = offer
	if answer == sdp.SendRecv || answer != offer.Reverse() {
		answerer.wants = answer
	}
}

// reopen returns the offer that p made when it was asked for one, as the other side is to have it.
func (c *bridge) reopen(p *party, s *sdp.Session) *sdp.Session {
	if m, _ := s.Audio(); m.Direction == sdp.SendRecv || p.wants != sdp.SendRecv {
		return s
	}
	return s.Directed(sdp.SendRecv)
}

// reopened ends an exchange in which that was done: where the other side takes more than p has offered, p is offered it.
func (c *bridge) reopened(p *party, offer, answer *sdp.Session) {
	om, _ := offer.Audio()
	am, _ := answer.Audio()
	p.wants = sdp.SendRecv
	if am.Direction != am.Direction.Within(om.Direction.Reverse()) {
		c.owed = append(c.owed, p)
	}
}

// checkHold tells the media whether silence is meant, and the world when that changes.
func (c *bridge) checkHold(by *party, first bool) {
	held := c.flow != sdp.SendRecv
	if held == c.held && !first {
		return
	}
	c.media.Hold(held)
	if held != c.held {
		kind := call.EventResumed
		if held {
			kind = call.EventHeld
		}
		c.note(call.Event{Leg: by.name, Kind: kind})
	}
	c.held = held
}
