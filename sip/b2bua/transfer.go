package b2bua

import (
	"time"

	"github.com/rs/zerolog"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/agent"
	"callbox/sip/call"
	"callbox/sip/sdp"
)

// Transfers says where a call centre may send a caller.
type Transfers interface {
	// Referral returns the target of a Refer-To, given what deliver says of the caller; false where nobody may be sent
	// there. It must not block.
	Referral(to agent.ReferTo, deliver directory.Delivery) (routing.Target, bool)
}

const (
	maxTransfers = 10 // of one call: two centres that send a caller to and fro are stopped some time
	maxReferrals = 50 // REFERs of one call that are looked at
)

// partingTime is how long the centre that has transferred a call may take to hear that it has.
const partingTime = 4 * time.Second

// transfer is the purpose of the branch to the centre that is to take the place of leg B. It lasts from the REFER until
// the centre that sent it knows the outcome.
type transfer struct {
	c       *bridge
	by      string // ID of the centre that sent REFER
	target  routing.Target
	headers []agent.Header // of its INVITE, for an attended transfer
	sub     *subscription
	branch  *branch // what rings, or has answered and waits to be joined; nil for none
	alone   bool    // that centre has hung up
	failed  bool    // the target did not take the call, and the centre has yet to hear so

	session  int           // the session interval to ask for in seconds, 0 for none
	raised   bool          // a 422 has changed that
	route    *agent.Route  // to the target, where it is known
	moved    bool          // a redirection was followed
	sealed   bool          // it came by TLS: nothing else may lead to where it sends the call
	ways     []agent.Route // where the target has registered, those not tried yet; its URI comes last
	desk     bool          // it rings at one of those
	uri      bool          // that is of use
	until    time.Time     // end of the ring time that all ways share
	fork     string        // the branch of the forked INVITE whose early description is known
	early    *sdp.Session  // that description
	answer   *sdp.Session  // of its 2xx, nil before
	asked    *sdp.Session  // what it was offered
	rest     []routing.Target
	resolved bool // rest is set
}

// bereft tells whether the caller has nobody to talk to: the centre has hung up, and the call goes on to another. Leg B is
// then what is left of that centre's.
func (c *bridge) bereft() bool { return c.transfer != nil && c.transfer.alone }

// onRefer takes REFER. Only the centre may transfer, and only to where the directory says.
func (c *bridge) onRefer(p *party, r request) {
	var to agent.ReferTo
	var target routing.Target
	f := c.mayTransfer(p)
	if f == nil {
		to, target, f = c.referral(r.message())
	}
	if f != nil {
		respond(r, f.status, append(f.headers, warning(f.sentence))...)
		return
	}
	t := &transfer{
		c: c, by: c.attempt.target.ID, target: target, sub: subscribed(p.leg, r, c.transfers == 0), session: c.ownSession(),
	}
	accepted := []agent.Header(nil)
	if t.sub.off {
		accepted = append(accepted, header("Refer-Sub", "false"))
	}
	r.Respond(202, phrase(202), agent.Message{Headers: accepted})
	c.transfer = t
	c.transfers++
	c.e.count.transfers.Add(1)
	t.headers = referred(r.message(), t.by, hostOf(c.b.local))
	c.note(call.Event{Leg: call.LegB, Kind: call.EventTransferring, Target: target.ID, Detail: target.URI})
	t.sub.tell(100, "Trying", false)
	if to.Replaces != nil {
		if c.consultation(t, *to.Replaces) {
			return
		}
		t.replace(*to.Replaces)
		t.ring() // the dialog to be replaced is where Refer-To says
		return
	}
	t.ringCentre()
}

// mayTransfer finds what speaks against a transfer whatever its target is.
func (c *bridge) mayTransfer(p *party) *fault {
	later := []agent.Header{header("Retry-After", "2")}
	c.referrals++
	switch {
	case p == &c.a && c.plan.Emergency:
		return &fault{status: 403, sentence: "a caller cannot transfer an emergency call"}
	case !c.plan.Emergency && c.back != nil:
		return &fault{status: 603, sentence: "a callback cannot be transferred"}
	case !c.plan.Emergency:
		return &fault{status: 603, sentence: "calls to the test service cannot be transferred"}
	case c.e.o.Transfers == nil:
		return &fault{status: 603, sentence: "transfer by the call centre is not configured"}
	case c.phase != phaseUp || p.state != legAnswered || !c.a.acked:
		return &fault{status: 500, sentence: "the call is not answered yet", headers: later}
	case c.transfer != nil && (!c.transfer.failed || c.transfer.sub.next != ""): // it has yet to be told of that one
		return &fault{status: 491, sentence: "another transfer is under way", headers: later}
	case c.transfers >= maxTransfers || c.referrals > maxReferrals:
		return &fault{status: 603, sentence: "the call was transferred too often"}
	}
	return nil
}

// referral reads where a REFER wants the caller.
func (c *bridge) referral(m agent.Message) (agent.ReferTo, routing.Target, *fault) {
	to, err := agent.ReadRefer(m)
	if err != nil {
		status := 400
		if e, ok := err.(*agent.ReferError); ok {
			status = e.Status
		}
		return to, routing.Target{}, &fault{status: status, sentence: err.Error()}
	}
	target, ok := c.e.o.Transfers.Referral(to, c.plan.Targets[0].Deliver)
	if !ok {
		return to, target, &fault{status: 403, sentence: "an emergency call can be transferred to call centres of the directory only"}
	}
	return to, target, nil
}

// referred is what the target hears about who sent the caller (RFC 3892): what the centre says, else what we know.
func referred(m agent.Message, by, host string) []agent.Header {
	if said := m.Get("Referred-By"); said != "" && len(said) <= 256 {
		return []agent.Header{header("Referred-By", said)}
	}
	return []agent.Header{header("Referred-By", "<"+agent.Address{Scheme: "sip", User: by, Host: host}.String()+">")}
}

// ringCentre dials the target where it has registered, then by its URI.
func (t *transfer) ringCentre() {
	t.ways, t.uri = t.c.e.o.Centres(t.target.ID)
	t.until = time.Now().Add(t.c.ringTime(&t.target))
	t.ring()
}

// ring dials the target where it is in service and has room.
func (t *transfer) ring() {
	c := t.c
	registry := c.e.o.Registry
	if !registry.InService(t.target.ID) {
		t.missed(loss{outcome: "out_of_service", status: 480, detail: "out of service"})
		return
	}
	release, ok := registry.Acquire(t.target.ID)
	if !ok {
		t.missed(loss{outcome: "busy", status: 486, detail: "at capacity"})
		return
	}
	target, due := t.target, time.Now().Add(c.ringTime(&t.target))
	switch {
	case t.route != nil: // as it rang before
	case len(t.ways) > 0:
		t.desk, t.route, t.ways, due = true, &t.ways[0], t.ways[1:], knockUntil(t.until)
	case t.desk:
		t.desk, due = false, t.until
	}
	if t.desk {
		target = *atDesk(&target, *t.route)
	}
	t.fork, t.early, t.answer = "", nil, nil
	t.branch = c.startBranch(&target, t, time.Until(due), t.route, release)
	t.route = nil
	if c.bereft() {
		c.await(&t.branch.party)
	}
	c.rec.Attempts[t.branch.record].TransferredBy = t.by
}

// missed is a target that was not dialled at all.
func (t *transfer) missed(l loss) {
	now := time.Now()
	t.c.rec.Attempts = append(t.c.rec.Attempts, call.Attempt{
		Target: t.target.ID, URI: t.target.URI, StartedAt: now, EndedAt: now, Outcome: l.outcome, TransferredBy: t.by,
	})
	t.lost(nil, l)
}

// invite implements purpose: the target gets of the caller what the first centre got.
func (t *transfer) invite(b *branch) agent.Outgoing {
	out, h := t.c.delivery(b.target, b.route, t.offerOn(&b.party))
	out.Message.Headers = t.c.askTimer(append(h, t.headers...), t.session)
	return out
}

// on implements purpose.
func (t *transfer) on(b *branch, ev event) {
	switch ev.kind {
	case agent.KindProgress:
		t.onProgress(b, ev)
	case agent.KindAnswered:
		t.onAnswered(b, ev)
	}
}

// onProgress tells the centre. A caller whose centre has hung up hears what the target plays.
func (t *transfer) onProgress(b *branch, ev event) {
	if ev.status == 199 {
		return
	}
	if t.desk {
		b.due = t.until
	}
	if t.early == nil {
		if s, _, f := b.offered(ev.message, sdp.RoleAnswer); f == nil && s != nil {
			t.fork, t.early = ev.fork, s
		}
	}
	if t.early != nil && t.target.Policy.QueueAnswers {
		b.due = time.Time{} // the centre's queue has the call: no more ring time
	}
	t.sub.tell(ev.status, ev.reason, false)
	t.c.hear(t)
}

// onAnswered has the target take the call over as soon as nothing stands in the way.
func (t *transfer) onAnswered(b *branch, ev event) {
	s, _, f := b.offered(ev.message, sdp.RoleAnswer)
	if f == nil && s == nil && t.early != nil && t.fork == ev.fork {
		s = t.early
	}
	if f == nil && s == nil {
		f = &fault{sentence: "no session description"}
	}
	if f != nil {
		t.c.loseBranch(b, loss{outcome: "failed", status: 488, detail: "answered with a body of no use: " + f.sentence})
		return
	}
	t.c.learn(&b.party, ev.message)
	t.answer = s
}

// lost implements purpose: the caller stays with the centre, or goes on to those of the decision where that has gone.
func (t *transfer) lost(b *branch, l loss) {
	c := t.c
	t.branch, t.early, t.answer = nil, nil, nil
	if l.status == 422 && !t.raised && t.session > 0 {
		t.raised, t.session, t.route = true, l.least, &b.route
		t.ring()
		return
	}
	if l.contact != "" && t.target.Policy.FollowRedirects && !t.moved {
		t.moved, t.sealed = true, seals(&t.target, b.route)
		t.target.Direct(l.contact)
		t.ring()
		return
	}
	if b != nil && t.desk && time.Now().Before(t.until) && (len(t.ways) > 0 || t.uri) {
		c.note(call.Event{Leg: call.LegB, Kind: call.EventPassedOver, Target: t.target.ID, Status: l.status, Detail: l.detail})
		t.raised, t.session = false, c.ownSession()
		if c.bereft() {
			c.media.side(call.LegB).Reset()
		}
		t.ring()
		return
	}
	c.e.count.transfersFailed.Add(1)
	c.note(call.Event{Leg: call.LegB, Kind: call.EventTransferFailed, Target: t.target.ID, Status: l.status, Detail: l.detail})
	c.log(zerolog.WarnLevel, call.LegB).Str("target", t.target.ID).Str("outcome", l.outcome).Int("sip_status", l.status).
		Str("detail", l.detail).Msg("transfer failed")
	if c.bereft() {
		c.media.side(call.LegB).Reset()
		t.goOn()
		return
	}
	status := l.status
	if status < 300 {
		status = map[string]int{"timeout": 408, "busy": 486}[l.outcome]
	}
	if status == 0 {
		status = 503
	}
	t.failed = true
	t.sub.tell(status, phrase(status), true)
	t.close()
}

// close ends the transfer when the centre knows that it failed. Until then its BYE may have been on the way before it
// heard, and must not end the call.
func (t *transfer) close() {
	if t.failed && t.sub.over() && t.c.transfer == t {
		t.c.transfer = nil
	}
}

// goOn tries the centres of the decision in turn, for a caller whose centre has hung up and whose target failed.
func (t *transfer) goOn() {
	c := t.c
	if !t.resolved {
		t.resolved, t.headers = true, nil
		for i := range c.plan.Targets {
			if c.plan.Targets[i].ID != t.target.ID {
				t.rest = append(t.rest, c.plan.Targets[i])
			}
		}
	}
	if len(t.rest) == 0 {
		c.end(ending{
			reason: call.EndNoTarget, cause: 480, sentence: "the transfer failed, and no other call centre took the call",
		})
		return
	}
	t.target, t.rest = t.rest[0], t.rest[1:]
	t.failed, t.moved, t.sealed, t.raised, t.desk, t.session = false, false, false, false, false, c.ownSession()
	c.note(call.Event{Leg: call.LegB, Kind: call.EventTransferring, Target: t.target.ID, Detail: t.target.URI})
	t.ringCentre()
}
