package callback

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"time"

	"callbox/routing/directory"
	"callbox/routing/twiml"
	"callbox/routing/webhook"
	"callbox/sip/agent"
	"callbox/sip/b2bua"
)

// fetch is a URL that a document is asked of.
type fetch struct{ url, method, fallbackURL, fallbackMethod string }

// document is TwiML that is being carried out.
type document struct {
	w        *plan
	run      *twiml.Run
	settings directory.CallbackSettings
	dialled  bool   // the last step was of a <Dial>
	answered bool   // the call centre's call has been
	reached  bool   // somebody has answered, rather than something
	dials    int    // how many there were
	done     func() // of what was given to the voice last
}

// voice is the stage of the number's voice URL, else that of the first of its domains with one. The provider ignores the
// voice URL of a number on a trunk; here it is better than nobody, once the trunk has led nowhere.
func (w *plan) voice(domains []*directory.Domain) stage {
	return func(ctx context.Context) (b2bua.Step, bool) {
		if n := w.row; n.VoiceURL != "" {
			var s directory.CallbackSettings
			if len(domains) > 0 {
				s = domains[0].Settings.Callback
			}
			w.trail.note("voice_url", applied, "the voice URL of %s is asked", w.n.E164)
			return w.document(ctx, fetch{n.VoiceURL, n.VoiceMethod, n.VoiceFallbackURL, n.VoiceFallbackMethod}, s)
		}
		for _, d := range domains {
			if r := w.small.domains[d.SID]; r.VoiceURL != "" {
				w.trail.note("voice_url", applied, "the voice URL of %s is asked", d.Name)
				return w.document(ctx, fetch{r.VoiceURL, r.VoiceMethod, r.VoiceFallbackURL, r.VoiceFallbackMethod}, d.Settings.Callback)
			}
		}
		w.trail.note("voice_url", skipped, "neither %s nor one of its domains has a voice URL", w.n.E164)
		return b2bua.Step{}, false
	}
}

// document begins with the document of a URL.
func (w *plan) document(ctx context.Context, f fetch, s directory.CallbackSettings) (b2bua.Step, bool) {
	if w.p.o.Webhook == nil {
		w.trail.note("document", failed, "voice URLs are not called here")
		return b2bua.Step{}, false
	}
	if w.doc != nil {
		w.doc.close()
	}
	d := &document{w: w, settings: s}
	if !d.load(ctx, f, nil) {
		return b2bua.Step{}, false
	}
	w.doc = d
	return d.next(ctx, b2bua.StepOutcome{})
}

// mostWarnings is how many of one document's are in the trace.
const mostWarnings = 10

// load asks for a document and makes it the one that is carried out.
func (d *document) load(ctx context.Context, f fetch, more url.Values) bool {
	w := d.w
	form := d.form(more)
	ask := func(method, u string) webhook.Request {
		return webhook.Request{Method: cmp.Or(method, "POST"), URL: u, Form: form, AuthToken: string(w.p.o.Token(w.n.AccountSID))}
	}
	var doc *twiml.Document
	resp, err := w.p.o.Webhook.CallOr(ctx, ask(f.method, f.url), ask(f.fallbackMethod, f.fallbackURL), func(r webhook.Response) (err error) {
		if err = twiml.CheckContentType(r.ContentType); err == nil {
			doc, err = twiml.Parse(r.Body)
		}
		return err
	})
	if resp.Fallback != nil {
		w.trail.note("document", failed, "the fallback URL is asked: %s", resp.Fallback)
	}
	if err == nil && d.run == nil {
		d.run, err = twiml.NewRun(doc, resp.URL)
	} else if err == nil {
		err = d.run.Load(doc, resp.URL)
	}
	if err != nil {
		w.trail.note("document", failed, "%s", err)
		return false
	}
	w.trail.note("document", passed, "answered with %d verbs after %s", len(doc.Verbs), resp.Elapsed.Round(1e6))
	for i, warning := range doc.Warnings {
		if i == mostWarnings {
			w.trail.note("document", passed, "there are %d more warnings like these", len(doc.Warnings)-i)
			break
		}
		w.trail.note("document", passed, "%s", warning)
	}
	return true
}

// form is what every request to a voice URL carries.
func (d *document) form(more url.Values) url.Values {
	w := d.w
	status := "ringing"
	if d.answered {
		status = "in-progress"
	}
	f := url.Values{
		"CallSid": {string(w.r.Call)}, "AccountSid": {w.n.AccountSID}, "From": {w.d.From}, "Caller": {w.d.From}, "To": {w.n.E164},
		"Called": {w.n.E164}, "CallStatus": {status}, "Direction": {"inbound"}, "ApiVersion": {"2010-04-01"},
	}
	for k, v := range more {
		f[k] = v
	}
	return f
}

// next goes on after a step of the document; false when the document has come to its end and nobody was reached by it.
func (d *document) next(ctx context.Context, last b2bua.StepOutcome) (b2bua.Step, bool) {
	d.release()
	d.answered = d.answered || last.Answered
	d.reached = d.reached || last.Answered && d.dialled
	out := d.outcome(last)
	for ctx.Err() == nil {
		m := d.run.Next(out)
		out, d.dialled = twiml.Outcome{}, false
		d.w.trail.note("document", applied, "%s", m.Line)
		switch m.Kind {
		case twiml.Prompt:
			step, ok := d.play(m.Verbs)
			if ok {
				return step, true
			}
		case twiml.DialOut:
			d.dialled = true
			if step, ok := d.dial(m.Dial); ok {
				return step, true
			}
			out = twiml.Outcome{Status: twiml.Failed}
		case twiml.RejectCall:
			d.end()
			if m.Busy {
				return b2bua.Step{Kind: b2bua.StepReject, Status: 486, Reason: "the number's voice URL rejects the call as busy"}, true
			}
			return b2bua.Step{Kind: b2bua.StepReject, Status: 603, Reason: "the number's voice URL rejects the call"}, true
		case twiml.Fetch:
			if !d.load(ctx, fetch{url: m.URL, method: m.Method}, m.Form) {
				return d.over()
			}
		default:
			return d.over()
		}
	}
	return b2bua.Step{}, false
}

// over is the end of the document. Where it has led to nobody, what comes after it is tried: a call centre that is played
// the opening hours has still to reach somebody.
func (d *document) over() (b2bua.Step, bool) {
	d.end()
	if d.reached {
		return b2bua.Step{Kind: b2bua.StepEnd, Reason: "the document has come to its end"}, true
	}
	return b2bua.Step{}, false
}

// end is the last of the document.
func (d *document) end() {
	d.close()
	d.w.doc = nil
	if d.reached {
		d.w.stages = nil
	}
}

// outcome is a step's end in the words of documents.
func (d *document) outcome(last b2bua.StepOutcome) twiml.Outcome {
	if !d.dialled {
		return twiml.Outcome{}
	}
	out := twiml.Outcome{Duration: last.Duration, Bridged: last.Answered}
	if last.Outcome != "" {
		out.CallSID = d.callSID()
	}
	switch {
	case last.Answered:
		out.Status = twiml.Completed
	case last.Outcome == "busy":
		out.Status = twiml.Busy
	case last.Outcome == "timeout":
		out.Status = twiml.NoAnswer
	default:
		out.Status = twiml.Failed
	}
	return out
}

// play is the step of verbs that are heard.
func (d *document) play(verbs []twiml.Verb) (b2bua.Step, bool) {
	if d.w.p.o.Voice == nil {
		d.w.trail.note("document", failed, "there is no voice here to play it: it is passed over")
		return b2bua.Step{}, false
	}
	uri, done := d.w.p.o.Voice.Program(verbs, func(err error) { d.w.trail.note("document", failed, "%s", err) })
	d.done = done
	return b2bua.Step{Kind: b2bua.StepPlay, Dial: []b2bua.DialTarget{{Name: "voice", URI: uri}}}, true
}

// dial is the step of a <Dial>, false where none of its targets can be rung.
func (d *document) dial(m *twiml.Dial) (b2bua.Step, bool) {
	var all []b2bua.DialTarget
	for _, t := range m.Targets {
		switch t := t.(type) {
		case *twiml.SIP:
			targets, why := d.w.reach(t.URI)
			if len(targets) == 0 {
				d.w.trail.note("document", failed, "%s: %s", nameOf(t.URI), why)
			}
			for _, one := range targets {
				one.Username, one.Password = t.User, t.Password
				for _, h := range t.Headers {
					one.Headers = append(one.Headers, agent.Header{Name: h.Name, Value: h.Value})
				}
				all = append(all, one)
			}
		case *twiml.Number:
			targets, why := d.w.reach(t.E164)
			if len(targets) == 0 {
				d.w.trail.note("document", failed, "%s: %s", t.E164, why)
			}
			all = append(all, targets...)
		}
	}
	if len(all) == 0 {
		return b2bua.Step{}, false
	}
	d.dials++
	caller := d.callerID(m.CallerID)
	names := make([]string, len(all))
	for i := range all {
		all[i].Ring, all[i].From, names[i] = m.Timeout, caller, all[i].Name
	}
	d.w.trail.note("document", applied, "rings %s as %s", strings.Join(names, ", "), d.callSID())
	s := b2bua.Step{Kind: b2bua.StepDial, Dial: all, GoesOn: true}
	if m.TimeLimit != usualLimit {
		s.Limit = m.TimeLimit
	}
	return s, true
}

// usualLimit is what the provider cuts a dialled call off after where the document does not say. Nobody cuts an emergency
// callback off whose document does not want it.
const usualLimit = 4 * time.Hour

// callerID is the number that a <Dial> shows to whom it calls, "" for the call centre's own: only the account's may be
// shown, and instead of any other the number that the call centre has called.
func (d *document) callerID(want string) string {
	if want == "" {
		return ""
	}
	if n, ok := d.w.s.Number(want); ok && n.AccountSID == d.w.n.AccountSID {
		return want
	}
	d.w.trail.note("document", failed, "callerId %.40q is no number of the account: %s is shown", want, d.w.n.E164)
	return d.w.n.E164
}

// callSID names the calls of the last <Dial>, which have one between them: they are legs of the centre's call and no
// calls of their own here.
func (d *document) callSID() string {
	h := sha256.Sum256(fmt.Appendf(nil, "%s dial %d", d.w.r.Call, d.dials))
	return "CA" + hex.EncodeToString(h[:16])
}

// release gives back what the voice was given.
func (d *document) release() {
	if d.done != nil {
		d.done()
		d.done = nil
	}
}

func (d *document) close() { d.release() }
