package b2bua

import (
	"cmp"

	"github.com/rs/zerolog"

	"callbox/sip/agent"
	"callbox/sip/sdp"
)

// priorityCallback is the value of Priority that marks a call centre's call (RFC 7090 section 5).
const priorityCallback = "psap-callback"

const (
	levelInfo  = zerolog.InfoLevel
	levelError = zerolog.ErrorLevel
)

// callbackOffer is what the legs of a callback are offered: what the centre's INVITE offered, or once that was answered
// what the centre said last. It is nil where the centre left the offer to whoever answers.
func (c *bridge) callbackOffer() *sdp.Session {
	if c.a.state == legAnswered {
		return c.a.said
	}
	return c.offer
}

// callbackInvitation writes the INVITE to one of those that a callback rings.
func (c *bridge) callbackInvitation(f *fork, b *branch) agent.Outgoing {
	from := cmp.Or(f.to.From, c.back.From)
	out := agent.Outgoing{
		Route: b.route, From: agent.Address{Scheme: "sip", User: from}, Username: f.to.Username, Password: f.to.Password,
	}
	h := make([]agent.Header, 0, 8)
	if !c.back.Consultation {
		h = append(h, header("Priority", priorityCallback))
	}
	h = append(h, c.idHeader[0], header("P-Asserted-Identity", "<sip:"+from+"@"+hostOf(b.local)+">"))
	h = append(h, f.to.Headers...)
	if c.in != nil { // until the centre's call is answered
		out.Spent = 71 - c.in.MaxForwards
		h = pass(h, c.in.Message, c.e.inInvite)
	}
	if c.back.heard == nil {
		c.await(&b.party)
	}
	if offer := c.callbackOffer(); offer != nil {
		out.Message = c.writeOffer(&b.party, offer)
	}
	asked := c.ownSession()
	if f.plain {
		asked = 0
	}
	out.Message.Headers = c.askTimer(h, asked)
	return out
}

// reasonElsewhere tells a phone that stops ringing that somebody else has taken the call (RFC 3326), so that it shows no
// missed call.
func reasonElsewhere() agent.Header {
	return agent.Header{Name: "Reason", Value: `SIP;cause=200;text="Call completed elsewhere"`}
}
