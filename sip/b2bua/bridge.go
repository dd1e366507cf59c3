package b2bua

import (
	"net/netip"
	"runtime/debug"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing"
	"callbox/sip/agent"
	"callbox/sip/call"
	"callbox/sip/media"
	"callbox/sip/sdp"
)

// phase is what a call is busy with. It only ever moves forward, but for dialling, which is left and entered again
// with every target.
type phase uint8

const (
	phaseSetup      phase = iota // nothing is on its way to a target
	phaseAsking                  // somebody outside is asked what the decision has to know
	phaseResolving               // a target's host name is being looked up
	phaseDialling                // leg B waits for its final answer
	phaseAnnouncing              // every target failed: leg B plays the announcement as early media
	phaseUp                      // leg A was answered
	phaseOver                    // the end reason is set
)

// legState is how far a leg has come, as far as we have seen.
type legState uint8

const (
	legNone     legState = iota
	legEarly             // without a final answer
	legAnswered          // a 2xx was sent or received
	legOver              // nothing more may be said on it
)

// party is one of the two legs with what its peer told about itself.
type party struct {
	name       call.Leg
	leg        leg
	state      legState
	acked      bool       // A: our 2xx was acknowledged. B: there is no ACK left for us to send
	local      netip.Addr // our address on this leg, for SDP
	signalling netip.Addr // where its SIP comes from
	writer     *sdp.Writer
	secrecy
	said      *sdp.Session  // the description the peer gave in the last exchange that succeeded
	wants     sdp.Direction // of media, as far as it depends on this side
	session   *session      // the session timer that runs on this leg, nil for none
	updates   bool          // it takes UPDATE: its Allow says so
	noUpdates bool          // it takes none: its Allow says so
	offers    int           // B: which of the caller's offers it was asked with
	probe     probe         // is it still there?
}

// bridge is one call: all of its state, owned by the goroutine that runs it.
type bridge struct {
	e        *Edge
	in       *agent.Incoming
	inv      invite
	box      mailbox
	phase    phase
	plan     routing.Decision
	rec      call.Record
	decided  bool            // plan is set
	asking   *asking         // what the decision waits for, nil for nothing
	idHeader [1]agent.Header // X-Callbox-Call, on every answer to the caller
	media    mediaSession

	a, b     party
	branches []*branch    // legs beside these two
	offer    *sdp.Session // what the caller's INVITE offered, nil when it left the offer to the centre
	about    particulars  // of the caller's INVITE, for every centre
	asked    refresh      // what the caller's INVITE says about session timers
	reliable bool         // the caller takes reliable provisional answers (RFC 3262)
	strict   bool         // and no others
	given    *given       // the description it has had in one
	offers   int          // how often the caller has changed its offer since the INVITE
	owed     []*party     // who is to be made an offer once the call is up
	told     told         // the last provisional answer that the caller hears
	announce string       // URI of the announcement

	shelved              bool      // its additional data can be had by URL
	transfer             *transfer // under way; nil for none
	transfers, referrals int       // there were
	back                 *callback // a centre's call to a number it was given; nil for every other call
	ringsBack            bool      // it is one that was taken; guarded by the edge's mu
	attempt              attempt
	upcoming             int            // index of the next target
	desks                *desks         // of the target before that, where its next way is to be tried first
	route                agent.Route    // of the last target dialled
	lookups              sync.WaitGroup // its members post kindRouted

	exchange *exchange     // the offer/answer exchange under way in the dialogs
	restore  *exchange     // an offer of our own that is to be made again
	relayed  []relayed     // requests passed on that wait for their answer
	flow     sdp.Direction // agreed by that; SendRecv unless someone is on hold
	held     bool

	timer   *time.Timer
	armed   time.Time // what timer waits for
	stepAt  time.Time // end of the ring time or of the announcement; in a call that is up, when to make an offer again
	limitAt time.Time // end of set-up, or of the longest duration
}

func newBridge(e *Edge, in *agent.Incoming, inv invite) *bridge {
	c := &bridge{e: e, in: in, inv: inv, box: newMailbox(&e.count.dropped, e.late)}
	c.a.name, c.b.name = call.LegA, call.LegB
	c.startRecord()
	return c
}

// run is the life of the call.
func (c *bridge) run() {
	defer c.finish()
	defer c.recover()
	c.begin()
	for c.phase != phaseOver {
		c.arm()
		select {
		case <-c.box.wake:
			for c.phase != phaseOver {
				ev, ok := c.box.next()
				if !ok {
					break
				}
				c.handle(ev)
				c.joinTransfer()
			}
		case <-c.clock():
			c.armed = time.Time{}
			c.tick(time.Now())
			c.joinTransfer()
		}
	}
}

// recover turns a defect of ours into the end of this one call.
func (c *bridge) recover() {
	p := recover()
	if p == nil {
		return
	}
	c.e.count.panics.Add(1)
	c.log(zerolog.ErrorLevel, call.LegA).Interface("panic", p).Bytes("stack", debug.Stack()).Msg("call ended by a defect")
	c.abort()
}

// handle is the state machine: every event there is, and who takes it.
func (c *bridge) handle(ev event) {
	switch ev.kind {
	case kindNotice:
		c.onNotice(ev.notice)
	case kindRouted:
		c.onRouted(ev.routed)
	case kindPlanned:
		c.onPlanned(ev.planned)
	case kindReplied:
		c.onReplied(ev.asked)
	case kindPeek:
		r := c.snapshot()
		ev.peek.done(&r)
	case kindFarLeg:
		c.onFarLeg(ev.far)
	case kindConsulted:
		c.onConsulted(ev.consulted)
	case kindShutdown:
		c.end(ending{reason: call.EndShutdown, status: 503, cause: 503, sentence: "the edge is going down"})
	default:
		switch ev.leg {
		case c.a.leg:
			c.handleA(ev)
		case c.b.leg:
			c.handleB(ev)
		default:
			if b := c.branchOf(ev.leg); b != nil {
				c.handleBranch(b, ev)
			} else {
				c.onStale(ev)
			}
		}
		c.payOwed()
	}
}

// handleA takes the events of the caller's leg.
func (c *bridge) handleA(ev event) {
	switch ev.kind {
	case agent.KindCancelled:
		c.onCancelled(ev)
	case agent.KindAcked:
		c.onAcked(&c.a, ev)
	case agent.KindPrackTimeout:
		c.onPrackTimeout(ev)
	default:
		c.handleDialog(&c.a, &c.b, ev)
	}
}

// handleB takes the events of the leg to the target being tried, or to the one that answered.
func (c *bridge) handleB(ev event) {
	switch ev.kind {
	case agent.KindProgress:
		c.onProgress(ev)
	case agent.KindAnswered:
		c.onAnswered(ev)
	case agent.KindFailed:
		c.onFailed(ev)
	case agent.KindAcked:
		c.onAcked(&c.b, ev)
	default:
		c.handleDialog(&c.b, &c.a, ev)
	}
}

// handleDialog takes what may come on either leg once there is a dialog.
func (c *bridge) handleDialog(p, other *party, ev event) {
	switch ev.kind {
	case agent.KindRequest:
		c.onRequest(p, other, ev.request)
	case agent.KindRequestGone:
		c.onRequestGone(ev.request)
	case agent.KindResponse:
		c.onResponse(p, ev)
	case agent.KindAckTimeout:
		c.onAckTimeout(p)
	case agent.KindBye:
		c.onBye(p, ev)
	case agent.KindGone:
		c.onGone(p)
	}
}

// onStale takes events of a leg to a target that was passed over. Its 2xx may have been on the way when it was
// cancelled.
func (c *bridge) onStale(ev event) {
	if ev.leg != nil {
		c.e.late(ev)
	}
}

func (c *bridge) onNotice(n media.Notice) {
	switch n.Kind {
	case media.NoticeFirstPacket:
		c.note(call.Event{Leg: n.Side, Kind: call.EventMediaUp})
	case media.NoticeTimeout:
		if c.phase == phaseUp && !c.bereft() {
			c.end(ending{reason: call.EndMediaTimeout, cause: 408, sentence: "no media from either side"})
		}
	case media.NoticeUnsecured:
		c.onUnsecured(n)
	case media.NoticeSilence:
		c.onSilence(n)
	}
}

// notify takes the media's notices on the media's goroutines.
func (c *bridge) notify(n media.Notice) { c.box.post(event{kind: kindNotice, notice: n}) }

// tick looks at what the clock has made due.
func (c *bridge) tick(now time.Time) {
	if !c.limitAt.IsZero() && !now.Before(c.limitAt) {
		c.limitAt = time.Time{}
		c.onLimit()
		return
	}
	if !c.stepAt.IsZero() && !now.Before(c.stepAt) {
		c.stepAt = time.Time{}
		c.onStepOver()
	}
	if c.phase != phaseOver {
		c.tickDial(now)
	}
	if c.phase != phaseOver {
		c.tickBranches(now)
		c.onRefreshDue(now)
	}
}

// onLimit ends a set-up or a call that took too long. An emergency call goes on while there are call centres that were
// not asked: one that kept it in its queue, or rang for long, must not cost the caller the others.
func (c *bridge) onLimit() {
	if c.phase == phaseUp {
		c.end(ending{reason: call.EndTimeLimit, cause: 480, sentence: "the longest duration of a call was reached"})
		return
	}
	if c.back != nil {
		c.unreached("nobody took the callback within the time for a set-up")
		return
	}
	if c.phase == phaseAsking {
		c.limitAt = time.Now().Add(c.e.o.SetupLimit)
		c.unheard()
		return
	}
	if c.plan.Emergency && c.upcoming < len(c.plan.Targets) {
		c.limitAt = time.Now().Add(c.e.o.SetupLimit)
		c.passOver("timeout", 0, "no answer within the time for a set-up")
		c.nextTarget()
		return
	}
	c.closeAttempt("timeout", 0)
	c.noTarget("no call centre answered in time")
}

// arm sets the call's only timer to whatever is due first. A call that is up and unlimited has none running.
func (c *bridge) arm() {
	due := c.stepAt
	for _, at := range [...]time.Time{c.limitAt, c.refreshAt(), c.dialLimit()} {
		if due.IsZero() || !at.IsZero() && at.Before(due) {
			due = at
		}
	}
	if b := c.branchesDue(); due.IsZero() || !b.IsZero() && b.Before(due) {
		due = b
	}
	if due.Equal(c.armed) {
		return
	}
	c.armed = due
	switch {
	case due.IsZero():
		c.timer.Stop() // armed was set, so there is one
	case c.timer == nil:
		c.timer = time.NewTimer(time.Until(due))
	default:
		c.timer.Reset(time.Until(due))
	}
}

func (c *bridge) clock() <-chan time.Time {
	if c.timer == nil {
		return nil
	}
	return c.timer.C
}

// peer returns the party that is not p.
func (c *bridge) peer(p *party) *party {
	if p == &c.a {
		return &c.b
	}
	return &c.a
}
