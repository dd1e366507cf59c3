package b2bua

import (
	"strconv"

	"callbox/sip/agent"
	"callbox/sip/call"
)

// relayed is a request that was passed on as it is.
type relayed struct {
	request  request
	from, to *party
	id       uint32
}

// relayLimit is how many requests of a call may be on their way. A phone sends one INFO for each key that is pressed.
const relayLimit = 16

// relay passes a request on that changes nothing in the dialogs: INFO, MESSAGE.
func (c *bridge) relay(p, other *party, r request) {
	m := r.message()
	if len(c.relayed) >= relayLimit {
		respond(r, 500, header("Retry-After", "1"), warning("too many requests on their way"))
		return
	}
	out := agent.Message{Headers: pass(nil, m, inDialog), ContentType: m.ContentType, Body: m.Body}
	x := relayed{request: r, from: p, to: other}
	x.id = other.leg.Send(r.method(), out)
	c.relayed = append(c.relayed, x)
	if r.method() == "INFO" {
		c.note(call.Event{Leg: p.name, Kind: call.EventInfo, Detail: strconv.Itoa(len(m.Body)) + " bytes"})
	}
}

// passAnswer hands the final answer of a relayed request back.
func (c *bridge) passAnswer(x relayed, ev event) {
	status, reason := passable(ev)
	m := agent.Message{Headers: pass(nil, ev.message, inAnswer)}
	if ev.status < 300 {
		m.ContentType, m.Body = ev.message.ContentType, ev.message.Body
	}
	x.request.Respond(status, reason, m)
	if ev.status == 481 {
		c.lose(x.to) // RFC 3261 section 12.2.1.2; an INFO that got lost is no reason to cut a call off
	}
}

// passable is a final answer as it may be passed on: a redirection or a challenge is not for the one who would get it.
func passable(ev event) (status int, reason string) {
	if ev.status < 400 && ev.status >= 300 || ev.status == 401 || ev.status == 407 {
		return 403, phrase(403)
	}
	return ev.status, ev.reason
}
