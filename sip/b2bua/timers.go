package b2bua

import (
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"callbox/sip/agent"
	"callbox/sip/call"
	"callbox/sip/sdp"
)

// Session timers (RFC 4028) are kept leg by leg: each agrees on its own interval and refresher, and neither side hears
// of the other's. The edge asks for none unless it is configured to, takes what a peer asks for, refreshes where that is
// its part, and ends the call where a peer does not.

// refresh is what a message says about session timers.
type refresh struct {
	able      bool   // its sender speaks them
	seconds   int    // Session-Expires, 0 for none
	minimum   int    // Min-SE, 0 for none
	refresher string // uac, uas or ""
}

func refreshOf(m agent.Message) refresh {
	r := refresh{able: lists(m, "timer")}
	seconds, params, _ := strings.Cut(m.Get("Session-Expires"), ";")
	r.seconds, r.minimum = deltaSeconds(seconds), deltaSeconds(m.Get("Min-SE"))
	for one := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(one, "=")
		if value = strings.ToLower(strings.TrimSpace(value)); is(strings.TrimSpace(name), "refresher") && (value == "uac" || value == "uas") {
			r.refresher = value
		}
	}
	return r
}

// takesReliable tells whether the sender of an INVITE takes reliable provisional answers (RFC 3262), and whether it takes
// no others.
func takesReliable(m agent.Message) (takes, only bool) {
	only = listed(m, "100rel", "Require")
	return only || listed(m, "100rel", "Supported"), only
}

// lists tells whether a message names an option tag in Supported or Require.
func lists(m agent.Message, tag string) bool {
	return listed(m, tag, "Supported") || listed(m, tag, "Require")
}

func listed(m agent.Message, tag, in string) bool {
	for _, h := range m.Headers {
		if !is(h.Name, in) {
			continue
		}
		for one := range strings.SplitSeq(h.Value, ",") {
			if is(strings.TrimSpace(one), tag) {
				return true
			}
		}
	}
	return false
}

// deltaSeconds reads a number of seconds and what may stand behind it, 0 for what is none.
func deltaSeconds(s string) int {
	s, _, _ = strings.Cut(s, ";")
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 31)
	if err != nil {
		return 0
	}
	return int(n)
}

// session is the timer that runs on a leg.
type session struct {
	seconds  int
	minimum  int       // the largest Min-SE that its peer told
	ours     bool      // the edge refreshes
	due      time.Time // when it does, or when it has waited for its peer long enough
	asked    uint32    // the UPDATE under way, 0 for none
	byInvite bool      // its peer has refused UPDATE
}

// Limits of refreshing.
const (
	longestWait  = 32 // seconds before its end that a session counts as not refreshed (RFC 4028 section 10)
	refreshAgain = 4 * time.Second
)

// start begins an interval anew.
func (s *session) start() {
	left := s.seconds - min(longestWait, s.seconds/3)
	if s.ours {
		left = s.seconds / 2
	}
	s.due, s.asked = time.Now().Add(time.Duration(left)*time.Second), 0
}

// header is what a request or a 2xx says about the timer.
func (s *session) header(ours, theirs string) agent.Header {
	who := theirs
	if s.ours {
		who = ours
	}
	return header("Session-Expires", strconv.Itoa(s.seconds)+";refresher="+who)
}

// ownSession is the interval that the edge asks for by itself, in seconds; 0: none.
func (c *bridge) ownSession() int { return int(c.e.o.SessionExpires / time.Second) }

// askTimer adds to the header fields of an INVITE that a session timer is asked for, unless seconds is 0.
func (c *bridge) askTimer(h []agent.Header, seconds int) []agent.Header {
	if seconds == 0 {
		return h
	}
	return append(h, header("Session-Expires", strconv.Itoa(seconds)), header("Min-SE", strconv.Itoa(c.e.minSession)))
}

// tooShort refuses an interval below the minimum (RFC 4028 section 9). Who does not speak timers has not chosen it and
// does not know 422.
func (c *bridge) tooShort(r refresh) *fault {
	if !r.able || r.seconds == 0 || r.seconds >= c.e.minSession {
		return nil
	}
	least := strconv.Itoa(c.e.minSession)
	return &fault{
		status: 422, sentence: "Session-Expires has to be " + least + " seconds or more",
		headers: []agent.Header{header("Min-SE", least)},
	}
}

// agree settles the timer of a leg when a request of its peer's that may refresh it is answered 2xx, and returns what
// the answer says.
func (c *bridge) agree(p *party, r refresh) []agent.Header {
	was := p.session
	s := session{seconds: r.seconds, minimum: r.minimum, ours: true}
	if was != nil {
		s.ours, s.byInvite, s.minimum = was.ours, was.byInvite, max(was.minimum, r.minimum)
	}
	switch {
	case r.seconds >= c.e.minSession:
	case was != nil && (r.able || was.ours): // it has said nothing new
		s.seconds = was.seconds
	case r.able && c.e.o.SessionExpires > 0:
		s.seconds = max(c.ownSession(), r.minimum, c.e.minSession)
	default:
		p.session = nil
		return nil
	}
	switch {
	case !r.able, r.refresher == "uas":
		s.ours = true
	case r.refresher == "uac":
		s.ours = false
	}
	s.start()
	p.session = &s
	h := []agent.Header{s.header("uas", "uac")}
	if r.able {
		h = append(h, header("Require", "timer"))
	}
	return h
}

// learn settles the timer of a leg by the 2xx to a request of ours that refreshes it.
func (c *bridge) learn(p *party, m agent.Message) {
	p.learn(m)
	r := refreshOf(m)
	switch {
	case r.seconds > 0:
		s := session{seconds: max(r.seconds, c.e.minSession), ours: r.refresher != "uas"}
		if p.session != nil {
			s.minimum, s.byInvite = p.session.minimum, p.session.byInvite
		}
		s.start()
		p.session = &s
	case p.session != nil && p.session.ours: // to go on does no harm
		p.session.start()
	default:
		p.session = nil
	}
}

// learn notes what a peer says it can do, in an INVITE, a 2xx or a request within the dialog.
func (p *party) learn(m agent.Message) {
	said := false
	takes := false
	for _, h := range m.Headers {
		if !is(h.Name, "Allow") {
			continue
		}
		said = true
		for one := range strings.SplitSeq(h.Value, ",") {
			takes = takes || strings.TrimSpace(one) == "UPDATE"
		}
	}
	if said {
		p.updates, p.noUpdates = takes, !takes
	}
}

// sessionHeaders are what a request of ours says about the timer of its leg.
func (p *party) sessionHeaders() []agent.Header {
	s := p.session
	if s == nil {
		return nil
	}
	h := []agent.Header{s.header("uac", "uas")}
	if s.minimum > 0 {
		h = append(h, header("Min-SE", strconv.Itoa(s.minimum)))
	}
	return h
}

// raise takes the minimum of a 422, false where it says nothing new.
func (p *party) raise(m agent.Message) bool {
	least := deltaSeconds(m.Get("Min-SE"))
	if p.session == nil || least <= p.session.seconds {
		return false
	}
	p.session.seconds, p.session.minimum = least, least
	return true
}

// refreshAt is when a timer of either leg is due, zero for never.
func (c *bridge) refreshAt() (at time.Time) {
	if c.phase != phaseUp {
		return at
	}
	for _, p := range []*party{&c.a, &c.b} {
		if s := p.session; s != nil && p.state == legAnswered && (at.IsZero() || s.due.Before(at)) {
			at = s.due
		}
	}
	return at
}

// onRefreshDue looks at both timers.
func (c *bridge) onRefreshDue(now time.Time) {
	for _, p := range []*party{&c.a, &c.b} {
		s := p.session
		switch {
		case c.phase != phaseUp || s == nil || p.state != legAnswered || now.Before(s.due):
		case s.ours:
			c.refresh(p)
		case c.leaves(p):
		default:
			c.end(ending{reason: call.EndSessionExpired, cause: 408, sentence: p.called() + " did not refresh the session in time"})
		}
	}
}

// called is what people call the peer of a leg.
func (p *party) called() string {
	if p.name == call.LegA {
		return "the caller"
	}
	return "the call centre"
}

// refresh sends UPDATE where the peer takes it, since that cannot cross an offer; else a re-INVITE with the description
// that holds, once no exchange is under way.
func (c *bridge) refresh(p *party) {
	s := p.session
	switch {
	case s.asked != 0: // its transaction's time-out comes first
		s.due = time.Now().Add(refreshAgain)
	case p.updates && !s.byInvite:
		s.due = time.Now().Add(time.Duration(s.seconds) * time.Second)
		s.asked = p.leg.Send("UPDATE", agent.Message{Headers: p.sessionHeaders()})
	case c.exchange != nil || !c.a.acked || c.peer(p).said == nil || c.back != nil && c.peer(p).state != legAnswered:
		s.due = time.Now().Add(refreshAgain)
	default:
		s.due = time.Now().Add(time.Duration(s.seconds) * time.Second)
		x := &exchange{to: p, method: "INVITE", offer: c.peer(p).said, refreshes: true}
		c.send(x)
	}
}

// onRefreshed takes the answer to an UPDATE that refreshed a session.
func (c *bridge) onRefreshed(p *party, ev event) {
	p.session.asked = 0
	if ev.status < 300 {
		c.learn(p, ev.message)
		return
	}
	c.refreshFailed(p, ev, "UPDATE")
}

// refreshFailed decides what becomes of a session whose refresh was not taken. A peer that is gone ends the call; one
// that refuses is there, so the call goes on and it is asked again: by re-INVITE where it refused an UPDATE.
func (c *bridge) refreshFailed(p *party, ev event, method string) {
	s := p.session
	wait := refreshAgain
	switch {
	case ev.status == 408 && c.leaves(p):
		return
	case ev.status == 408:
		c.end(ending{reason: call.EndSessionExpired, cause: 408, sentence: p.called() + " did not answer a refresh of the session"})
		return
	case ev.status == 481:
		c.lose(p)
		return
	case s == nil:
		return
	case ev.status == 422 && p.raise(ev.message):
		wait = 0
	case ev.status == 491 && p == &c.a: // RFC 3261 section 14.1: we did not choose its Call-ID
		wait = time.Second
	case ev.status == 491, ev.status == 500, ev.status == 503:
	case method == "UPDATE":
		s.byInvite, wait = true, 0
	default:
		wait = time.Duration(s.seconds) * time.Second / 2
	}
	c.log(zerolog.DebugLevel, p.name).Int("sip_status", ev.status).Str("method", method).Msg("session refresh refused")
	s.due = time.Now().Add(wait)
}

// refreshed answers an UPDATE without an offer: it concerns its own leg only, before the answer too.
func (c *bridge) refreshed(p *party, r request) {
	m := r.message()
	if f := c.tooShort(refreshOf(m)); f != nil {
		respond(r, f.status, append(f.headers, warning(f.sentence))...)
		return
	}
	p.learn(m)
	var h []agent.Header
	if c.phase == phaseUp {
		h = c.agree(p, refreshOf(m))
	}
	respond(r, 200, h...)
}

// repeats tells whether a re-INVITE only refreshes the session: it says the same as before.
func (c *bridge) repeats(p, other *party, x *exchange) bool {
	return x.method == "INVITE" && x.refresh.seconds > 0 && x.offer != nil && p.said != nil && other.said != nil &&
		c.restore == nil && x.offer.Same(p.said)
}

// answerRepeat answers it as its sender was answered before.
func (c *bridge) answerRepeat(p, other *party, x *exchange) {
	m := c.writeAnswer(p, other.said, x.offer)
	m.Headers = c.agree(p, x.refresh)
	x.request.Respond(200, phrase(200), m)
}

// unjoined answers a request of a side that has nobody on the other, not yet or not for the moment. Its session must not run
// out over that: a refresh of what holds is answered, and one that cannot be shows that its sender is there.
func (c *bridge) unjoined(p, other *party, r request) {
	asked := refreshOf(r.message())
	if c.phase == phaseUp && asked.seconds >= c.e.minSession && c.exchange == nil && c.a.acked {
		offer, _, f := p.offered(r.message(), sdp.RoleOffer)
		x := &exchange{from: p, to: other, request: r, method: r.method(), offer: offer, refresh: asked}
		if f == nil && c.repeats(p, other, x) {
			p.learn(r.message())
			c.answerRepeat(p, other, x)
			return
		}
		if p.session != nil && !p.session.ours {
			p.session.start()
		}
	}
	respond(r, 500, header("Retry-After", "3"), warning("the call is not answered yet"))
}
