package b2bua

import (
	"time"

	"github.com/rs/zerolog"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/agent"
	"callbox/sip/call"
	outage "callbox/sip/fault"
	"callbox/sip/sdp"
)

// begin takes the INVITE as far as the first target: what it says is checked, the call decided, the caller's leg
// taken, media opened.
func (c *bridge) begin() {
	c.note(call.Event{Leg: call.LegA, Kind: call.EventReceived, Detail: c.rec.Dialled})
	if f := c.check(); f != nil {
		c.refuse(call.EndBadRequest, f.status, f.sentence, f.headers...)
		return
	}
	if c.callback() {
		return
	}
	if c.decide(c.question()) {
		c.carryOut()
	}
}

// carryOut does what was decided.
func (c *bridge) carryOut() {
	d := &c.plan
	c.recordPlan()
	c.logDecision()
	switch {
	case d.Verdict == routing.VerdictChallenge && c.a.state == legNone:
		c.rec.SIPStatus, c.rec.SIPReason = d.Status, d.Reason
		c.over(call.EndRefused)
		c.inv.Challenge(d.Realm, c.callHeaders()...)
		return
	case d.Verdict == routing.VerdictChallenge:
		c.turnAway(call.EndRefused, 403, "the credentials are no longer right")
		return
	case d.Verdict == routing.VerdictRefuse:
		c.turnAway(call.EndRefused, d.Status, d.Reason)
		return
	case !d.Emergency && c.e.isDraining():
		c.turnAway(call.EndShutdown, 503, "the edge is going down and takes emergency calls only",
			header("Retry-After", c.e.retryAfter))
		return
	}
	taken := c.a.state != legNone
	if !taken && !c.admit() {
		return
	}
	if d.Emergency {
		c.announce = c.e.o.Announce()
	}
	if taken || c.openMedia() {
		c.nextTarget()
	}
}

// admit takes the caller's leg, unless the INVITE wants what cannot be.
func (c *bridge) admit() bool {
	f := c.tooShort(refreshOf(c.in.Message))
	if f == nil {
		f = c.protect(required(c.plan.Secure))
	}
	if f != nil {
		c.refuse(call.EndBadRequest, f.status, f.sentence, f.headers...)
		return false
	}
	c.takeLeg()
	return true
}

// turnAway refuses an INVITE whether its leg was taken or not.
func (c *bridge) turnAway(why call.EndReason, status int, sentence string, extra ...agent.Header) {
	if c.a.state == legNone {
		c.refuse(why, status, sentence, extra...)
		return
	}
	c.end(ending{reason: why, status: status, sentence: sentence})
}

// check finds what an INVITE must not have, and keeps its offer and location.
func (c *bridge) check() *fault {
	offer, parts, f := description(c.in.Message)
	if f == nil && offer != nil {
		f = hopeless(offer)
	}
	if f != nil {
		return f
	}
	c.offer = offer
	c.about = particulars{headers: c.in.Message.Headers, hops: c.in.MaxForwards, parts: parts, device: c.in.Message.Get("User-Agent")}
	return nil
}

// question is the INVITE as Decide wants to see it.
func (c *bridge) question() routing.Request {
	in := c.in
	q := routing.Request{
		Source: in.Source.Addr().Unmap(), Port: in.Source.Port(), Transport: in.Transport,
		Scheme: in.RequestURI.Scheme, User: in.RequestURI.User, Host: dialledHost(in),
		From: routing.Identity{Scheme: in.From.Scheme, User: in.From.User, Host: in.From.Host},
	}
	if in.Proof != nil {
		q.Proof = &remembered{Proof: in.Proof}
	}
	c.where(&q)
	for _, c := range in.Message.Claims() {
		q.Claims = append(q.Claims, routing.Claim{
			Source: sourceOf(c.Header), Identity: routing.Identity{Scheme: c.Scheme, User: c.User, Host: c.Host},
		})
	}
	return q
}

// sourceOf is what a decision calls a header field that bears an identity.
func sourceOf(header string) directory.IdentitySource {
	for s := directory.SourceAsserted; s < directory.SourceDiversion; s++ {
		if s.Header() == header {
			return s
		}
	}
	return directory.SourceDiversion
}

// dialledHost is the host that was dialled; urn: and tel: have none, so To and From have to tell.
func dialledHost(in *agent.Incoming) string {
	switch {
	case in.RequestURI.Host != "":
		return in.RequestURI.Host
	case in.To.Host != "":
		return in.To.Host
	}
	return in.From.Host
}

// refuse answers an INVITE whose leg was not taken.
func (c *bridge) refuse(why call.EndReason, status int, sentence string, extra ...agent.Header) {
	h := append(c.refusalHeaders(sentence), extra...)
	c.rec.SIPStatus, c.rec.SIPReason = status, sentence
	c.over(why)
	c.inv.Refuse(status, phrase(status), h...)
}

func (c *bridge) takeLeg() {
	in := c.in
	c.a.state = legEarly
	c.a.local = c.e.advertised(in.Local.Addr())
	c.a.signalling = in.Source.Addr().Unmap()
	c.a.writer = newWriter()
	c.asked = refreshOf(in.Message)
	c.a.learn(in.Message)
	c.reliable, c.strict = takesReliable(in.Message)
	c.a.leg = c.inv.accept(c.box.post, c.callHeaders()...)
}

// openMedia opens the media and starts the clock of the set-up; false where the call has ended for lack of ports.
func (c *bridge) openMedia() bool {
	var err error
	if c.media, err = c.e.media.open(c.notify); err != nil {
		c.withoutMedia(err)
		return false
	}
	c.media.Hold(true) // while it rings, silence is not a fault
	if c.offer != nil {
		m, _ := c.offer.Audio()
		c.secure(&c.a, c.offer, sdp.RoleOffer)
		c.point(&c.a, m, m.Mux)
	} else {
		c.await(&c.a)
	}
	if limit := c.e.o.SetupLimit; limit > 0 {
		c.limitAt = time.Now().Add(limit)
	}
	return true
}

// withoutMedia refuses a call that could not be heard. The next one may be luckier.
func (c *bridge) withoutMedia(err error) {
	if told := c.e.o.NoMedia; told != nil {
		told(err)
	} else {
		c.log(zerolog.ErrorLevel, call.LegA).Err(err).Msg("no media for a call")
	}
	sentence := "no media ports are free"
	if outage.Descriptors(err) {
		sentence = "no file descriptors are left for media"
	}
	c.end(ending{reason: call.EndNoPorts, status: 503, sentence: sentence})
}
