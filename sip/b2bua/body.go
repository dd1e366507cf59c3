package b2bua

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"

	"callbox/sip/agent"
	"callbox/sip/body"
	"callbox/sip/media"
	"callbox/sip/sdp"
)

const typeSDP = "application/sdp"

// fault is why a message cannot be taken: the answer to it, and a sentence for people.
type fault struct {
	status   int
	sentence string
	headers  []agent.Header
}

// description returns the session description in a message and its body taken apart; either may be absent. A body of
// nothing but a description is not taken apart. What else is in a body, or cannot be read of it, is no fault.
func description(m agent.Message) (s *sdp.Session, parts body.Body, f *fault) {
	if len(m.Body) == 0 {
		return nil, body.Body{}, nil
	}
	raw, parts, f := find(m)
	if f != nil || raw == nil {
		return nil, parts, f
	}
	s, err := sdp.Parse(raw)
	switch {
	case errors.Is(err, sdp.ErrTooLarge):
		return nil, parts, &fault{status: 488, sentence: "the session description is too large"}
	case err != nil:
		return nil, parts, &fault{status: 400, sentence: err.Error()}
	}
	return s, parts, nil
}

// find looks for the session description in a body. A location without one leaves the offer to the other side.
func find(m agent.Message) (raw []byte, parts body.Body, f *fault) {
	if coding := m.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, parts, &fault{
			status: 415, sentence: "the body has to be sent without a content encoding",
			headers: []agent.Header{header("Accept-Encoding", "identity")},
		}
	}
	if strings.EqualFold(m.ContentType, typeSDP) {
		return m.Body, parts, nil
	}
	parts, err := body.Split(m.ContentType, m.Body)
	i := parts.Session()
	switch {
	case i >= 0: // whatever else it is
		if raw, err = parts.Content(i); err != nil {
			return nil, parts, &fault{status: 400, sentence: err.Error()}
		}
		if !parts.Multipart() && parts.Err == nil {
			parts = body.Body{}
		}
		return raw, parts, nil
	case err != nil:
		return nil, parts, &fault{status: 400, sentence: err.Error()}
	case parts.Find(body.PIDF) >= 0:
		return nil, parts, nil
	}
	return nil, parts, &fault{
		status: 415, sentence: "the body has to be application/sdp, alone or in a multipart body",
		headers: []agent.Header{header("Accept", "application/sdp, multipart/mixed, application/pidf+xml")},
	}
}

// local is what we say about ourselves on a leg.
func (c *bridge) local(p *party) sdp.Local {
	rtp, rtcp := c.media.side(p.name).Ports()
	return sdp.Local{Addr: p.local, RTP: rtp, RTCP: rtcp, Loopback: c.plan.TestCentre != ""}
}

// writeOffer returns s as an offer on leg p.
func (c *bridge) writeOffer(p *party, s *sdp.Session) agent.Message {
	return agent.Message{ContentType: typeSDP, Body: p.writer.Rewrite(nil, s, p.propose(c.local(p)), sdp.RoleOffer)}
}

// writeAnswer returns s as the answer on leg p to the offer that p made.
func (c *bridge) writeAnswer(p *party, s, offer *sdp.Session) agent.Message {
	l := p.accept(c.local(p), offer)
	l.Answers = offer
	return agent.Message{ContentType: typeSDP, Body: p.writer.Rewrite(nil, s, l, sdp.RoleAnswer)}
}

// point tells the media where a peer takes its packets.
func (c *bridge) point(p *party, m sdp.Media, mux bool) {
	if p.state == legOver {
		return
	}
	c.media.side(p.name).SetRemote(media.Remote{
		RTP: m.RTP, RTCP: m.RTCP, Mux: mux, Signalling: p.signalling, ClockRate: clockRate(m), Keys: p.keys,
		Web: p.browser.remote(),
	})
}

// settle puts an offer/answer exchange that succeeded into effect: where media goes, and who is on hold. Until then
// the media stays as it was, so that an exchange that fails has nothing to undo.
func (c *bridge) settle(offerer, answerer *party, offer, answer *sdp.Session) {
	c.connect(offerer, answerer, offer, answer)
	offerer.said, answerer.said = offer, answer
	om, _ := offer.Audio()
	am, _ := answer.Audio()
	c.flow = am.Direction.Within(om.Direction.Reverse())
	wishes(offerer, answerer, om.Direction, am.Direction)
}

// connect points the media both ways.
func (c *bridge) connect(offerer, answerer *party, offer, answer *sdp.Session) {
	om, _ := offer.Audio()
	am, _ := answer.Audio()
	mux := om.Mux && am.Mux
	c.secure(offerer, offer, sdp.RoleOffer)
	c.secure(answerer, answer, sdp.RoleAnswer)
	c.point(offerer, om, mux)
	c.point(answerer, am, mux)
}

// clockRate returns the clocks of a line's payload types, nil where all run at the usual 8000 Hz: most calls then keep
// no function and no description alive.
func clockRate(m sdp.Media) func(uint8) uint32 {
	for _, f := range m.Formats {
		pt, err := strconv.ParseUint(f, 10, 7)
		if err != nil {
			continue
		}
		if rate := m.ClockRate(uint8(pt)); rate != 0 && rate != 8000 {
			return m.ClockRate
		}
	}
	return nil
}

// advertised is the address of ours to write into SDP where the leg's own is local.
func (e *Edge) advertised(local netip.Addr) netip.Addr {
	local = local.Unmap()
	for _, a := range e.o.Advertise {
		if a.Is4() == local.Is4() {
			return a
		}
	}
	return local
}

// newWriter starts the session descriptions of a new leg.
func newWriter() *sdp.Writer { return sdp.NewWriter(rand.Uint64()) }
