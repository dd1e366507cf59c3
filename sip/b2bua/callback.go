package b2bua

import (
	"context"
	"net/netip"
	"time"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/agent"
	"callbox/sip/call"
)

// CallbackPlanner tells the calls of call centres to the numbers they were given from all others, and where they go.
type CallbackPlanner interface {
	// Callback says what becomes of an INVITE from a call centre to a number, false where it is no such call. It must not
	// block.
	Callback(CallbackRequest) (CallbackDecision, bool)
}

// CallbackRequest is an INVITE as a CallbackPlanner wants to see it.
type CallbackRequest struct {
	routing.Request
	Peer     netip.AddrPort // where it really came from
	Priority string         // the header field's value, "" for none
	Original call.ID        // the emergency call that the centre names, "" for none
	Call     call.ID        // of this call
}

// CallbackDecision is what becomes of a centre's call. Without a Plan it is refused with Status and Reason, or challenged
// for Realm where that is set.
type CallbackDecision struct {
	Status  int
	Reason  string
	Realm   string
	Plan    CallbackPlan
	Centre  string         // its ID
	From    string         // user part of From towards whoever is called: the centre's number or ID
	Number  string         // the number called, E.164
	Country string         // of the number
	Account string         // SID of the number's account
	SRTP    directory.SRTP // of the centre's leg
	Trace   []call.Step    // what led to this

	Consultation bool // it calls another centre, which gets no Priority: psap-callback
}

// CallbackPlan gives the steps of one callback, one at a time. Its methods are called from one goroutine at a time, and
// not the call's.
type CallbackPlan interface {
	// Next returns the step after one that ended so; at the beginning last is the zero value. It may block until ctx ends,
	// as it does when the centre hangs up.
	Next(ctx context.Context, last StepOutcome) Step
	// Close is called once when the call is over.
	Close()
}

// StepKind says what a Step does.
type StepKind uint8

// The kinds of steps.
const (
	StepEnd    StepKind = iota // nothing is left to try: the centre's call ends
	StepDial                   // ring everybody in Dial at once; the first who answers has the call
	StepPlay                   // as StepDial, with something that speaks rather than somebody
	StepReject                 // refuse the call, or hang up once it was answered
)

// Step is one thing a callback does.
type Step struct {
	Kind   StepKind
	Dial   []DialTarget
	Limit  time.Duration // the one who answered is hung up on after that, as if it had; 0: never
	GoesOn bool          // once the one who answered has hung up, Next is asked again instead of the call ending
	Status int           // of StepReject, and of StepEnd; 0: by what the last targets answered
	Reason string        // its sentence
	Owner  Owner         // whose number is called, once that is known
	Of     call.ID       // the emergency call this calls back about, once it is known
	Trace  []call.Step   // what led to this step, for the record
}

// Owner is whose number a callback calls.
type Owner struct{ Account, Country, Number string }

// DialTarget is one leg that is rung.
type DialTarget struct {
	Name      string         // for the record: pbx, alice@phones.example, ...
	URI       string         // sip or sips
	Route     *agent.Route   // the way to a phone that is registered; nil: as the URI says
	Headers   []agent.Header // more for its INVITE
	From      string         // user part of From, "" for that of the decision
	Ring      time.Duration  // 0: the edge's usual ring time
	Username  string         // digest credentials, "" for none
	Password  string
	Secure    bool // SRTP is required; the URI or Route sees to TLS
	Redirects bool // one redirection of it is followed, in what is left of its ring time
}

// StepOutcome is how a step ended.
type StepOutcome struct {
	Kind     StepKind      // of the step, StepEnd at the beginning
	Answered bool          // somebody answered, and has hung up since
	Outcome  string        // answered, busy, failed, timeout or unreachable: of those that rang, what says most
	Status   int           // the SIP status that came with it
	Name     string        // of the target that answered
	Duration time.Duration // from its answer on
}

// callback is what a call knows that a centre began.
type callback struct {
	CallbackDecision
	trace    []call.Step
	step     Step
	outcome  StepOutcome
	asked    *planned           // the question to the plan that is open
	stop     context.CancelFunc // ends it
	heard    *fork              // the one whose early media the centre hears
	answered time.Time          // when the leg B of this step was
	until    time.Time          // end of what its limit allows, zero for never
	last     StepOutcome        // of the last step that rang somebody, for the final answer
}

// planned is the answer of a plan.
type planned struct{ step Step }

// maxLegs bounds how many legs one callback may ring one after the other: a document that always redirects to another
// must not go on for ever.
const maxLegs = 100

// callback takes an INVITE of a call centre that calls a number back, false where it is no such call.
func (c *bridge) callback() bool {
	p := c.e.o.Callbacks
	if p == nil {
		return false
	}
	original := call.ID(c.in.Message.Get(headerCall))
	d, mine := p.Callback(CallbackRequest{
		Request: c.question(), Peer: c.in.Source, Priority: c.in.Message.Get("Priority"), Original: original, Call: c.rec.ID,
	})
	if !mine {
		return false
	}
	c.back = &callback{CallbackDecision: d, trace: d.Trace}
	c.recordCallback()
	switch {
	case d.Realm != "":
		c.rec.SIPStatus, c.rec.SIPReason = 407, d.Reason
		c.over(call.EndRefused)
		c.inv.Challenge(d.Realm, c.callHeaders()...)
	case d.Plan == nil:
		c.refuse(call.EndRefused, d.Status, d.Reason)
	case !d.Consultation && c.e.comesBack(c, original):
		c.refuse(call.EndRefused, 482, "this callback leads back to the edge itself: one of those that it rings, such as an origination "+
			"URL, is the edge's own address")
	default:
		f := c.tooShort(refreshOf(c.in.Message))
		if f == nil {
			f = c.protect(security(d.SRTP))
		}
		if f != nil {
			c.refuse(call.EndBadRequest, f.status, f.sentence, f.headers...)
			return true
		}
		c.takeLeg()
		if c.openMedia() {
			c.askPlan()
		}
	}
	return true
}

// comesBack notes that a call is a callback, and tells whether it is a leg of another that has come back here: those name
// their call. A leg that came from this machine itself may look like a centre's, and each of them would ring all there is anew.
func (e *Edge) comesBack(c *bridge, named call.ID) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	c.ringsBack = true
	other := e.calls[named]
	return other != nil && other.ringsBack
}

// recordCallback writes down whose call this is.
func (c *bridge) recordCallback() {
	d := &c.back.CallbackDecision
	r := &c.rec
	r.State, r.Direction, r.Verdict = call.StateDecided, call.DirectionCallback, "callback"
	r.Centre, r.Account, r.Country, r.Caller = d.Centre, d.Account, d.Country, d.From
	switch {
	case d.Realm != "":
		r.Verdict = routing.VerdictChallenge.String()
	case d.Plan == nil:
		r.Verdict = routing.VerdictRefuse.String()
	}
	c.note(call.Event{Kind: call.EventCallback, Target: d.Centre, Status: d.Status, Detail: d.Number})
	c.log(levelInfo, call.LegA).Str("verdict", r.Verdict).Str("source", r.Source).Str("centre", d.Centre).
		Str("number", d.Number).Int("sip_status", d.Status).Str("sentence", d.Reason).Msg("callback decided")
}

// askPlan has the plan say what comes next, beside the call's goroutine: it may have to ask a database or a web server.
func (c *bridge) askPlan() {
	b := c.back
	ctx, stop := context.WithCancel(context.Background())
	answer, last, plan := &planned{}, b.outcome, b.Plan
	b.asked, b.stop = answer, stop
	b.outcome = StepOutcome{}
	c.lookups.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				c.e.count.panics.Add(1)
				c.log(levelError, call.LegA).Interface("panic", p).Msg("plan of a callback failed by a defect")
				answer.step = Step{Kind: StepReject, Status: 500, Reason: "internal error"}
			}
			c.box.post(event{kind: kindPlanned, planned: answer})
		}()
		answer.step = plan.Next(ctx, last)
	})
}

// onPlanned takes the next step.
func (c *bridge) onPlanned(p *planned) {
	b := c.back
	if p != b.asked {
		return
	}
	b.stop()
	b.asked, b.stop = nil, nil
	b.step = p.step
	b.trace = append(b.trace, p.step.Trace...)
	if p.step.Of != "" {
		c.rec.CallbackOf = p.step.Of
	}
	switch o := p.step.Owner; {
	case o.Account != "":
		c.rec.Account, c.rec.Country, b.Number = o.Account, o.Country, o.Number
	case p.step.Kind == StepReject && c.rec.Account == "" && !b.Consultation: // it is nobody's number
		c.rec.Verdict = routing.VerdictRefuse.String()
	}
	for _, s := range p.step.Trace {
		c.note(call.Event{Kind: call.EventStep, Detail: s.Name + ": " + s.Outcome + ": " + s.Saw})
	}
	switch p.step.Kind {
	case StepDial, StepPlay:
		switch {
		case len(c.rec.Attempts)+len(p.step.Dial) > maxLegs:
			c.unreached("too many legs were rung")
		case c.phase == phaseUp && c.a.said == nil:
			c.unreached("the call centre's ACK has not come, which is to say where it wants its media")
		default:
			c.ringAll()
		}
	case StepReject:
		c.reject(p.step)
	default:
		c.unreached(p.step.Reason)
	}
}

// reject ends the call as the plan says.
func (c *bridge) reject(s Step) {
	status := s.Status
	if status < 300 || status > 699 {
		status = 603
	}
	c.finally(call.EndRefused, status, s.Reason)
}

// unreached ends a callback for which nobody is left: the centre is told what the last who were rung said.
func (c *bridge) unreached(sentence string) {
	status := c.back.step.Status
	if status == 0 {
		status = c.back.last.finalStatus()
	}
	if sentence == "" {
		sentence = "nobody could be reached at " + c.back.Number
	}
	c.finally(call.EndNoTarget, status, sentence)
}

// finally ends a callback by its plan. Where something has answered already, this is just its end.
func (c *bridge) finally(why call.EndReason, status int, sentence string) {
	x := ending{reason: why, status: status, cause: status, sentence: sentence}
	if c.phase == phaseUp {
		x.reason, x.cause = call.EndCalleeHungUp, 0
	}
	c.end(x)
}

// finalStatus is what a centre is told that reached nobody.
func (o StepOutcome) finalStatus() int {
	switch {
	case o.Outcome == "busy":
		return 486
	case o.Status == 603, o.Status == 404, o.Status == 488, o.Status == 604:
		return o.Status
	}
	return 480
}

// dialLimit is when the party that answered is to be hung up on, zero for never.
func (c *bridge) dialLimit() time.Time {
	if c.back == nil {
		return time.Time{}
	}
	return c.back.until
}

// tickDial hangs up on the party that answered when the limit of its step is reached.
func (c *bridge) tickDial(now time.Time) {
	at := c.dialLimit()
	if at.IsZero() || now.Before(at) {
		return
	}
	c.back.until = time.Time{}
	const sentence = "the time limit of the dialled call was reached"
	if !c.hasMore() {
		c.end(ending{reason: call.EndTimeLimit, cause: 480, sentence: sentence})
		return
	}
	c.leaveB(false, reason(480, sentence))
}

// goesOn tells whether the plan has more once the party that answered is gone, and asks it then.
func (c *bridge) goesOn() bool {
	if !c.hasMore() {
		return false
	}
	c.leaveB(true)
	return true
}

// hasMore tells whether the plan can be asked for more once the party that answered is gone.
func (c *bridge) hasMore() bool {
	b := c.back
	if b == nil || c.phase != phaseUp || !b.step.GoesOn && b.step.Kind != StepPlay || c.a.state != legAnswered {
		return false
	}
	return c.a.said != nil // else the centre left the offer to that party, and its answer has not come yet
}

// leaveB hangs up on the party that answered, unless it is gone, and asks the plan for more.
func (c *bridge) leaveB(gone bool, h ...agent.Header) {
	b := c.back
	b.outcome.Duration, b.until = time.Since(b.answered), time.Time{}
	x, said := c.exchange, c.b.said
	c.answerPending()
	c.restore, c.stepAt = nil, time.Time{}
	if x != nil && x.from == &c.b && x.offerless && !x.acking { // the centre's offer, if it comes, needs an answer in an ACK
		x.request, c.exchange = nil, x
	}
	if gone {
		c.b.state = legOver
	}
	c.dropB(h...)
	c.b.acked, c.b.said = true, said // nobody waits for the centre's ACK any more; what it was told last holds until then
	c.media.side(call.LegB).Reset()
	c.media.Hold(true) // until somebody else is there
	c.askPlan()
}

// endCallback ends the question to the plan that is open.
func (c *bridge) endCallback() {
	if b := c.back; b != nil && b.stop != nil {
		b.stop()
		b.stop, b.asked = nil, nil
	}
}

// closePlan is the last thing that the plan of a callback hears.
func (c *bridge) closePlan() {
	if c.back != nil && c.back.Plan != nil {
		c.back.Plan.Close()
	}
}
