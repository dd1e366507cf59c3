package b2bua

import (
	"slices"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/agent"
	"callbox/sip/call"
)

// maxEvents bounds the events kept in a record: an endless stream of INFO must not grow it. The last place is for the
// end.
const maxEvents = 200

// usualEvents is how many a call has that is answered by its first centre.
const usualEvents = 8

// maxContact bounds the Contact that is kept. A longer one is nothing that a callback could be sent to.
const maxContact = 512

// startRecord writes down what the INVITE tells.
func (c *bridge) startRecord() {
	in := c.in
	c.rec = call.Record{
		ID: call.NewID(), StartedAt: time.Now(), Source: in.Source.String(), Transport: in.Transport, PeerName: in.Peer,
		SIPCallID: in.CallID, From: who(in.From), Dialled: in.RequestURI.User, Domain: dialledHost(in),
		Attempts: []call.Attempt{}, Trace: []call.Step{}, Events: make([]call.Event, 0, usualEvents),
	}
	if len(in.Contact) <= maxContact {
		c.rec.Contact = in.Contact
	}
	if in.RequestURI.Scheme == "urn" {
		c.rec.Dialled = "urn:" + in.RequestURI.User
	}
	c.idHeader[0] = header(headerCall, string(c.rec.ID))
}

// who is From as an operator knows it.
func who(a agent.Address) string {
	if a.User == "" {
		return a.Host
	}
	return a.User
}

// recordPlan writes down what was decided.
func (c *bridge) recordPlan() {
	d := &c.plan
	c.rec.Verdict = d.Verdict.String()
	c.rec.Account, c.rec.ErrorCode, c.rec.Warning = d.Account, d.Code, d.Warning
	c.rec.Caller, c.rec.CallerReplaced, c.rec.Country = d.Caller.Number, d.Caller.Replaced, d.Country
	if d.Caller.Number != "" || d.Caller.Endpoint != nil {
		c.rec.Service = d.Caller.Service.String()
	}
	if e := d.Caller.Endpoint; e != nil {
		c.rec.Endpoint, c.rec.CallerName, c.rec.CallbackNumber = e.ID, d.Caller.Name, d.Caller.Callback
	}
	c.rec.Place, c.rec.Asked, c.rec.BadLocation = d.Place.Told(), d.Asked(), d.BadLocation
	if d.Caller.Source != directory.SourceFrom {
		c.rec.CallerSource = d.Caller.Source.String()
	}
	if a := d.Caller.Address; a != nil {
		c.rec.Address = a.Line()
	}
	if d.Verdict == routing.VerdictAsk {
		return
	}
	c.rec.State = call.StateDecided
	c.note(call.Event{Kind: call.EventDecided, Status: d.Status, Detail: c.rec.Verdict})
}

// note tells one event to the record, the observer and the log.
func (c *bridge) note(ev call.Event) {
	ev.At, ev.Call = time.Now(), c.rec.ID
	if n := len(c.rec.Events); n < maxEvents-1 || ev.Kind == call.EventEnded && n < maxEvents {
		c.rec.Events = append(c.rec.Events, ev)
	}
	if o := c.e.o.Observer; o != nil {
		o.Observe(ev)
	}
	c.tell(ev)
	c.e.o.Logger.Debug().Str("call_id", string(ev.Call)).Str("leg", ev.Leg.String()).Str("kind", string(ev.Kind)).
		Str("target", ev.Target).Int("sip_status", ev.Status).Str("detail", ev.Detail).Msg("call event")
}

// reach moves the record's state forward; a call never goes back.
func (c *bridge) reach(s call.State) { c.rec.State = max(c.rec.State, s) }

// snapshot is the record as it stands, safe to hand out.
func (c *bridge) snapshot() call.Record {
	r := c.rec
	r.Attempts, r.Events = slices.Clone(r.Attempts), slices.Clone(r.Events)
	r.Trace = c.trace()
	if c.media != nil {
		r.Media = c.media.Stats()
	}
	return r
}

// trace is what led to where the call went: the rules of the decision, or those of a callback's plan.
func (c *bridge) trace() []call.Step {
	switch {
	case c.back != nil:
		return slices.Clone(c.back.trace)
	case c.decided:
		return c.plan.Trace.Steps()
	}
	return c.rec.Trace
}

// closeRecord completes the record and hands it over.
func (c *bridge) closeRecord() {
	r := &c.rec
	if c.media != nil {
		r.Media = c.media.Close()
	}
	if r.AnsweredAt.IsZero() { // silence means nothing where nobody talked
		r.Media.OneWay, r.Media.NoMedia = false, false
	} else {
		r.DurationMS = r.EndedAt.Sub(r.AnsweredAt).Milliseconds()
	}
	r.Trace = c.trace()
	r.State = call.StateEnded
	c.note(call.Event{Kind: call.EventEnded, Status: r.SIPStatus, Detail: r.EndReason.String()})
	c.log(zerolog.InfoLevel, call.LegA).Str("end_reason", r.EndReason.String()).Int("sip_status", r.SIPStatus).
		Str("sentence", r.SIPReason).Str("answered_by", r.AnsweredBy).Int64("duration_ms", r.DurationMS).
		Bool("one_way", r.Media.OneWay).Bool("no_media", r.Media.NoMedia).Msg("call ended")
	if rec := c.e.o.Recorder; rec != nil {
		rec.Append(*r)
	}
}

// openAttempt starts the record of a target.
func (c *bridge) openAttempt() {
	t := c.attempt.target
	c.attempt.index = len(c.rec.Attempts)
	c.attempt.open = true
	c.rec.Attempts = append(c.rec.Attempts, call.Attempt{Target: t.ID, URI: t.URI, StartedAt: time.Now()})
}

// markAttempt writes down what became of the target being tried, the first word counts.
func (c *bridge) markAttempt(outcome string, status int) {
	if !c.attempt.open {
		return
	}
	c.attempt.open = false
	a := &c.rec.Attempts[c.attempt.index]
	a.EndedAt, a.Outcome, a.Status = time.Now(), outcome, status
}

// closeAttempt lets go of the target being tried: its place, and the look-up of its address.
func (c *bridge) closeAttempt(outcome string, status int) {
	c.markAttempt(outcome, status)
	if stop := c.attempt.stop; stop != nil {
		stop()
	}
	if release := c.attempt.release; release != nil {
		release()
	}
	c.attempt = attempt{target: c.attempt.target}
}

// log starts a line about the call; what concerns all of it is told of leg A.
func (c *bridge) log(level zerolog.Level, leg call.Leg) *zerolog.Event {
	return c.e.o.Logger.WithLevel(level).Str("call_id", string(c.rec.ID)).Str("leg", leg.String())
}

// logDecision is the one line at the beginning.
func (c *bridge) logDecision() {
	d := &c.plan
	c.log(zerolog.InfoLevel, call.LegA).Str("verdict", c.rec.Verdict).Str("source", c.rec.Source).
		Str("from", c.rec.From).Str("dialled", c.rec.Dialled).Str("domain", c.rec.Domain).Str("caller", c.rec.Caller).
		Int("targets", len(d.Targets)).Int("sip_status", d.Status).Str("sentence", d.Reason).Msg("call decided")
}
