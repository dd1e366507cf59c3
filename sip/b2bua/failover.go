package b2bua

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing"
	"callbox/sip/agent"
	"callbox/sip/call"
	"callbox/sip/sdp"
)

// attempt is the target being tried.
type attempt struct {
	target   *routing.Target
	index    int                // into the record's attempts
	open     bool               // in the record and not yet closed there
	farewell bool               // it is the announcement, no centre
	release  func()             // gives the centre's place back
	wanted   *routed            // the look-up under way
	stop     context.CancelFunc // ends it
	session  int                // the session interval to ask for in seconds, 0 for none
	raised   bool               // a 422 has changed that
	moved    bool               // a redirection was followed
	sealed   bool               // it came by TLS: nothing else may lead to where it sends the call
	fork     string             // the branch whose early description is in use
	early    *sdp.Session       // that description
	earlyRaw []byte             // its bytes as they came, to know it again
	updated  bool               // UPDATE has changed it, whatever the 2xx says
	desks    *desks             // a device that the centre has registered is tried; nil: its URI
}

// nextTarget tries the targets that are left until one is on its way.
func (c *bridge) nextTarget() {
	for c.phase != phaseOver {
		t, d := c.following()
		if t == nil {
			break
		}
		if c.try(t, d) {
			return
		}
	}
	if c.phase != phaseOver {
		c.exhausted()
	}
}

// try starts on a target, by a device that it has registered where d is not nil; false when it was passed over at once.
func (c *bridge) try(t *routing.Target, d *desks) bool {
	c.attempt = attempt{target: t, session: c.ownSession()}
	c.openAttempt()
	if t.Kind != routing.TargetTest { // the test service is no call centre
		if !c.e.o.Registry.InService(t.ID) {
			c.passOver("out_of_service", 0, "out of service")
			return false
		}
		release, ok := c.e.o.Registry.Acquire(t.ID)
		if !ok {
			c.passOver("busy", 0, "at capacity")
			return false
		}
		c.attempt.release = release
	}
	if d == nil {
		c.stepAt = time.Now().Add(c.ringTime(t))
		return c.locate(t)
	}
	return c.callDesk(t, d)
}

// locate finds the target's next hop. A host name may take a while, during which the caller can still hang up, so it
// is looked up beside the call's goroutine.
func (c *bridge) locate(t *routing.Target) bool {
	if literal(t.URI) {
		r, err := c.e.legs.Route(context.Background(), t.URI)
		return c.depart(t, r, err)
	}
	c.phase = phaseResolving
	ctx, cancel := context.WithCancel(context.Background())
	w := &routed{target: t}
	c.attempt.wanted, c.attempt.stop = w, cancel
	c.lookups.Add(1)
	go func() {
		defer c.lookups.Done()
		defer func() {
			if p := recover(); p != nil {
				w.err = fmt.Errorf("look up %q: defect: %v", t.URI, p)
			}
			c.box.post(event{kind: kindRouted, routed: w})
		}()
		w.route, w.err = c.e.legs.Route(ctx, t.URI)
	}()
	return true
}

// onRouted goes on when a look-up is done, unless the call has moved on without it.
func (c *bridge) onRouted(w *routed) {
	if w.branch != nil {
		c.onBranchRouted(w)
		return
	}
	if w != c.attempt.wanted {
		return
	}
	c.attempt.stop()
	c.attempt.wanted, c.attempt.stop = nil, nil
	if !c.depart(w.target, w.route, w.err) {
		c.nextTarget()
	}
}

// depart dials a target whose next hop is known, false when it was passed over.
func (c *bridge) depart(t *routing.Target, r agent.Route, err error) bool {
	if err = checkSealed(c.attempt.sealed, r, err); err != nil {
		if !c.attempt.farewell {
			c.passOver("unreachable", 0, err.Error())
		}
		return false
	}
	c.dial(t, r)
	return true
}

// dial sends the INVITE to a target.
func (c *bridge) dial(t *routing.Target, r agent.Route) {
	c.phase, c.route = phaseDialling, r
	if c.attempt.farewell {
		c.phase = phaseAnnouncing
	}
	c.b = party{
		name: call.LegB, state: legEarly, acked: c.offer != nil, offers: c.offers,
		local: c.e.advertised(r.Local), signalling: r.Remote.Addr().Unmap(), writer: newWriter(),
		secrecy: secrecyOf(security(t.SRTP)),
	}
	c.await(&c.b)
	out := c.invitation(t, r)
	if c.rec.PostDialMS == 0 {
		c.rec.PostDialMS = float64(time.Since(c.rec.StartedAt).Nanoseconds()) / 1e6
	}
	if !c.attempt.farewell {
		c.rec.FeeCents = c.plan.FeeCents // earned by the call that goes out
	}
	c.b.leg = c.e.legs.dial(out, c.box.post)
	c.reach(call.StateProgressing)
	c.note(call.Event{Leg: call.LegB, Kind: call.EventDialled, Target: t.ID, Detail: t.URI})
}

// onFailed takes a target's final refusal, or that it cannot be reached.
func (c *bridge) onFailed(ev event) {
	c.b.state = legOver
	switch {
	case c.phase == phaseAnnouncing:
		c.noTarget("")
	case c.phase != phaseDialling:
	case ev.status == 422 && !ev.local && !c.attempt.raised && c.attempt.session > 0:
		// A refused refresh interval must not cost an emergency call: the same target again with its own, or without.
		c.attempt.raised, c.attempt.session = true, deltaSeconds(ev.message.Get("Min-SE"))
		c.hushed()
		c.dial(c.attempt.target, c.route)
	case c.redirects(ev):
		c.follow(ev.contact)
	default:
		outcome, detail := failure(ev)
		c.passOver(outcome, ev.status, detail)
		c.nextTarget()
	}
}

// redirects tells whether a target's answer sends the call elsewhere and may. One redirection is followed, so that two
// centres cannot pass a caller to and fro.
func (c *bridge) redirects(ev event) bool {
	return ev.status >= 300 && ev.status < 400 && !ev.local && ev.contact != "" && !c.attempt.moved &&
		c.attempt.target.Policy.FollowRedirects
}

// follow tries the address that a target sent the call to, in what is left of its ring time.
func (c *bridge) follow(uri string) {
	t := *c.attempt.target
	t.Direct(uri) // RFC 3261 section 8.1.3.4: its Contact is the new Request-URI
	c.attempt.target, c.attempt.moved, c.attempt.sealed = &t, true, seals(&t, c.route)
	c.hushed()
	if !c.locate(&t) {
		c.nextTarget()
	}
}

// failure says in the record's words what a target's final answer means. Every one of them hands the call on, even
// 6xx: one centre cannot speak for the others.
func failure(ev event) (outcome, detail string) {
	switch {
	case ev.local && ev.status == 408:
		return "timeout", "nothing came back"
	case ev.local && ev.cause != "": // a certificate that is not believed, say: nobody guesses that
		return "unreachable", ev.reason + ": " + ev.cause
	case ev.local:
		return "unreachable", ev.reason
	case ev.status == 486 || ev.status == 600:
		return "busy", ev.reason
	case ev.status < 400:
		return "failed", ev.reason + "; redirection is not followed"
	}
	return "failed", ev.reason
}

// onStepOver ends a target's ring time, the announcement, or the wait after an offer of our own that crossed another.
func (c *bridge) onStepOver() {
	switch c.phase {
	case phaseUp:
		c.restoreNow()
	case phaseAsking:
		c.unheard()
	case phaseAnnouncing:
		c.noTarget("")
	case phaseResolving:
		if c.attempt.farewell {
			c.noTarget("")
			return
		}
		c.passOver("unreachable", 0, "its host name could not be looked up in time")
		c.nextTarget()
	case phaseDialling:
		c.passOver("timeout", 0, "no answer within its ring time")
		c.nextTarget()
	}
}

// passOver leaves the target being tried: its leg is given up, its media forgotten, and the caller goes on hearing
// ringing.
func (c *bridge) passOver(outcome string, status int, detail string) {
	t := c.attempt.target
	c.desks = c.attempt.desks
	c.e.count.passedOver.Add(1)
	c.closeAttempt(outcome, status)
	c.dropB(reason(480, "another call centre is tried"))
	c.note(call.Event{Leg: call.LegB, Kind: call.EventPassedOver, Target: t.ID, Status: status, Detail: detail})
	c.log(zerolog.WarnLevel, call.LegB).Str("target", t.ID).Str("outcome", outcome).
		Int("sip_status", status).Str("detail", detail).Msg("target passed over")
	c.phase, c.stepAt = phaseSetup, time.Time{}
	c.hushed()
}

// hushed forgets the early media of an INVITE that failed: the caller, who heard it, hears ringing again.
func (c *bridge) hushed() {
	c.attempt.fork, c.attempt.early, c.attempt.earlyRaw, c.attempt.updated = "", nil, nil, false
	c.media.side(call.LegB).Reset()
	if c.told == toldMedia {
		c.ring()
	}
}

// exhausted is reached when every target failed: the caller is told by voice where early media can carry it.
func (c *bridge) exhausted() {
	c.log(zerolog.WarnLevel, call.LegA).Int("targets", len(c.plan.Targets)).Msg("every target failed")
	if c.announce == "" || c.offer == nil {
		c.noTarget("")
		return
	}
	c.e.count.announced.Add(1)
	c.attempt = attempt{target: &routing.Target{ID: "announcement", URI: c.announce}, farewell: true}
	c.announce = "" // once
	c.stepAt = time.Now().Add(c.e.o.AnnounceLimit)
	if !c.locate(c.attempt.target) {
		c.noTarget("")
	}
}

// noTarget gives the caller the final answer of a call that no one took.
func (c *bridge) noTarget(sentence string) {
	if sentence == "" {
		sentence = fmt.Sprintf("none of %d call centres could take the call", len(c.plan.Targets))
	}
	if c.plan.Verdict == routing.VerdictTest {
		sentence = "the test service could not take the call"
	}
	c.end(ending{reason: call.EndNoTarget, status: 503, cause: 480, sentence: sentence})
}

// literal tells whether a SIP URI names its host by address, so that no look-up can block.
func literal(uri string) bool {
	_, rest, _ := strings.Cut(uri, ":")
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	if i := strings.IndexAny(rest, ";?"); i >= 0 {
		rest = rest[:i]
	}
	if _, err := netip.ParseAddrPort(rest); err == nil {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(rest, "[]"))
	return err == nil
}
