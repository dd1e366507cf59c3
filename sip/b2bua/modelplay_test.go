package b2bua

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/agent"
	"callbox/sip/call"
	"callbox/sip/media"
)

// player plays one call to the edge and to the model, and compares.
type player struct {
	m      *model
	w      *world
	asks   map[*modelAsk]*ask
	batch  []event  // what the edge has not seen yet
	played []string // the words that were possible
}

// witness keeps what a check complains of, so that a call can be played again and again without failing the test.
type witness struct {
	testing.TB
	complaints []string
}

type witnessGone struct{}

func (t *witness) Helper()        {}
func (t *witness) Error(a ...any) { t.complaints = append(t.complaints, fmt.Sprint(a...)) }
func (t *witness) Errorf(s string, a ...any) {
	t.complaints = append(t.complaints, fmt.Sprintf(s, a...))
}
func (t *witness) Fatalf(s string, a ...any) {
	t.Errorf(s, a...)
	panic(witnessGone{})
}

// playCall plays the words that source gives until it gives none, lets the caller hang up, and returns what is wrong,
// "" for nothing.
func playCall(t *testing.T, set []string, source func(*model) string) (p *player, wrong string) {
	p = &player{asks: map[*modelAsk]*ask{}}
	defer func() {
		if r := recover(); r != nil { // goroutines are left over
			wrong = fmt.Sprint(r)
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		heard := &witness{TB: t}
		func() {
			defer func() {
				if r := recover(); r != nil && r != (witnessGone{}) {
					panic(r)
				}
			}()
			p.start(heard, set)
			for text := source(p.m); text != "" && len(heard.complaints) == 0; text = source(p.m) {
				p.step(text)
			}
			p.finish()
		}()
		wrong = strings.Join(heard.complaints, "\n")
		p.abandon()
	})
	return p, wrong
}

// abandon ends a call that went wrong.
func (p *player) abandon() {
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	_ = p.w.edge.Drain(gone) // the error says that calls were up
	p.w.running.Wait()
}

// start makes the world as the settings say, and the INVITE.
func (p *player) start(t testing.TB, set []string) {
	p.m = newModel(map[string]bool{})
	for _, s := range set {
		p.m.set[s] = true
	}
	p.m = newModel(p.m.set)
	is := p.m.set
	o := Options{MaxDuration: modelLongest, LimitEmergency: is["limited"]}
	if is["own"] {
		o.SessionExpires = halfAnHour
	}
	if is["announce"] {
		o.Announce = func() string { return p.uri(true) }
	}
	p.w = newWorld(t, o)
	p.plan()
	offer, headers := offerA, []agent.Header(nil)
	if is["offerless"] {
		offer = ""
	}
	if is["nonsense"] {
		offer = bodyBad
	}
	switch {
	case is["strict"]:
		headers = append(headers, reliableOnly)
	case is["100rel"]:
		headers = append(headers, header("Supported", "100rel"))
	}
	headers = append(headers, p.timing(is["a-refreshes"], is["a-timed"])...)
	if is["ng"] {
		p.w.next(directory.NG911{Priority: "esnet.1"})
	}
	if is["located"] {
		p.w.inviteWith(withPlace(offer, headers))
	} else {
		p.w.invite(offer, headers...)
	}
	p.m.begin()
	p.compare("INVITE")
}

// withPlace is an INVITE that says where its caller is, in a part of its body.
func withPlace(offer string, headers []agent.Header) agent.Message {
	m := agent.Message{ContentType: "multipart/mixed;boundary=b", Headers: append(geo(), headers...)}
	raw := "--b\r\nContent-Type: application/pidf+xml\r\nContent-ID: <home@pbx>\r\n\r\n<no location/>\r\n"
	if offer != "" {
		raw += "--b\r\nContent-Type: application/sdp\r\n\r\n" + offer + "\r\n"
	}
	m.Body = []byte(raw + "--b--")
	return m
}

// timing is what a message of a far end says about session timers, and whether it takes UPDATE.
func (p *player) timing(uac, uas bool) (h []agent.Header) {
	switch {
	case uac:
		h = headers([]string{timerAble, byUAC})
	case uas:
		h = headers([]string{timerAble, byUAS})
	}
	switch {
	case p.m.set["noupdates"]:
		h = append(h, headers([]string{takesNone})...)
	case p.m.set["updates"]:
		h = append(h, headers([]string{takesIt})...)
	}
	return h
}

// plan writes the decision and the registry.
func (p *player) plan() {
	is, w := p.m.set, p.w
	var ids []string
	for n := range p.m.targets {
		ids = append(ids, p.m.targetID(n+1))
		w.registry.out[ids[n]], w.registry.full[ids[n]] = is[fmt.Sprint("out", n+1)], is[fmt.Sprint("full", n+1)]
	}
	w.plan = emergency(ids...)
	if is["test"] {
		w.plan = testCall()
	}
	for i := range w.plan.Targets {
		w.plan.Targets[i].Policy = directory.AnswerPolicy{
			FollowRedirects: is["follow"], HideEarlyMedia: is["hide"], QueueAnswers: is["queue"],
		}
		if is["slow"] {
			w.plan.Targets[i].Ring = modelSlow
		}
	}
	if is["named"] {
		w.plan.Targets[0].URI = p.uri(false)
		w.routes[p.uri(false)], w.routes[p.uri(true)] = make(chan error, 1), make(chan error, 1)
	}
	w.routes[referNamed] = make(chan error, 1)
	if is["refused"] {
		w.plan.Verdict, w.plan.Status, w.plan.Reason = routing.VerdictRefuse, 403, "no"
	}
	w.questions = p.m.questions
	if is["defect"] {
		w.decide = func(routing.Request) routing.Decision { panic("defect") }
	}
	if is["noports"] {
		w.noMedia = errors.New("no ports")
	}
}

// uri is where the first target or the announcement is, by name or address.
func (p *player) uri(farewell bool) string {
	user, host := "psap", "127.0.0.1:5070"
	if farewell {
		user = "announce"
	}
	if p.m.set["named"] {
		host = "lab.example"
	}
	return "sip:" + user + "@" + host
}

// step lets one thing happen.
func (p *player) step(text string) {
	name, crossing := strings.CutPrefix(text, "&")
	if !crossing || !strings.Contains(name, ":") {
		p.flush()
	}
	w, l, ok := p.m.find(name)
	switch {
	case !ok, w.kind == kindReplied && p.m.phase != phaseAsking, w.kind == kindRouted && p.m.phase != phaseResolving && !p.m.looking():
		return
	case l != nil:
		for _, h := range l.happens(w) {
			p.m.queue = append(p.m.queue, h)
			p.batch = append(p.batch, p.real(h))
		}
	case w.wait > 0:
		p.m.pass(w.wait)
		p.w.pass(w.wait)
	case w.kind == kindReplied:
		p.w.replies <- routing.Reply{Status: 200}
		p.w.settle()
		p.m.queue = append(p.m.queue, happening{word: w})
		p.m.look()
	case w.kind == kindRouted:
		var err error
		if w.status != 200 {
			err = errors.New("no such host")
		}
		if p.m.looking() {
			p.w.routes[p.m.t.uri] <- err
			p.w.settle()
			p.m.found(w.status == 200)
			break
		}
		p.w.routes[p.uri(p.m.farewell)] <- err
		p.w.settle()
		p.m.queue = append(p.m.queue, happening{word: w})
		p.m.look()
	default:
		p.m.queue = append(p.m.queue, happening{word: w})
		p.batch = append(p.batch, ofNoLeg(w))
	}
	p.played = append(p.played, text)
}

// ofNoLeg is the edge's view of a notice of the media or of the end of the edge.
func ofNoLeg(w word) event {
	switch w.kind {
	case kindNotice:
		return event{kind: kindNotice, notice: media.Notice{Kind: media.NoticeTimeout}}
	case kindQuiet:
		return event{kind: kindNotice, notice: media.Notice{Kind: media.NoticeSilence, Side: w.side}}
	}
	return event{kind: w.kind}
}

// real is the edge's view of a happening; the far end is in the state that the model has it in.
func (p *player) real(h happening) event {
	to := p.w.caller
	if i := slices.Index(p.m.legs, h.leg); i >= 0 {
		to = p.w.b(i + 1)
	}
	to.state = h.leg.state
	ev := event{kind: h.kind, leg: to, status: h.status, local: h.local, fork: h.fork, offer: h.offer, reason: "x", id: h.id}
	body := h.body
	if body == bodyGood {
		body = answerB
	}
	ev.message = sdpMessage(body)
	switch h.kind {
	case agent.KindAnswered:
		ev.message.Headers = p.timing(p.m.set["b-timed"], p.m.set["b-refreshes"] && !p.m.set["b-timed"])
	case agent.KindFailed:
		if h.status == 302 {
			ev.contact = "sip:else@127.0.0.1:5071"
		}
	case agent.KindCancelled, agent.KindPrackTimeout:
		to.finals++
	case agent.KindAcked, agent.KindAckTimeout:
		to.owes = false
	case agent.KindRequest:
		if h.timed {
			ev.message.Headers = p.timing(true, false)
		}
		if h.method == "REFER" {
			ev.message = agent.Message{Headers: headers(referWords[h.body])}
		}
		q := &ask{p: to, name: h.method, m: ev.message}
		p.asks[h.ask] = q
		to.asked = append(to.asked, q)
		ev.request = q
	case agent.KindRequestGone:
		q := p.asks[h.ask]
		q.status, q.answers = 487, 1
		ev.request = q
	case agent.KindResponse:
		delete(to.sends, h.id)
	}
	return ev
}

// flush lets the edge and the model look at what has happened.
func (p *player) flush() {
	p.m.look()
	p.w.deliver(p.batch)
	p.batch = nil
	last := "INVITE"
	if n := len(p.played); n > 0 {
		last = p.played[n-1]
	}
	p.compare(last)
}

// finish lets the caller hang up and looks at what is left.
func (p *player) finish() {
	p.flush()
	p.step("a:cancel")
	p.step("a:bye")
	p.flush()
	p.w.pass(time.Second)
	if p.w.edge.Active() != 0 {
		p.w.t.Fatalf("the call is still up: %v", p.w.caller.said)
	}
	p.w.running.Wait()
	p.w.checkInvariants()
	p.compareRecord()
}

func (p *player) compareRecord() {
	r := p.w.record()
	var tries []modelTry
	for _, at := range r.Attempts {
		tries = append(tries, modelTry{at.Target, at.Outcome})
	}
	if r.EndReason != p.m.why || r.SIPStatus != p.m.status || !slices.Equal(tries, p.m.tries) {
		p.w.t.Errorf("the record says %v, status %d, targets %v; the model %v, %d, %v", r.EndReason, r.SIPStatus, tries,
			p.m.why, p.m.status, p.m.tries)
	}
	p.checkPromise(r)
}

// checkPromise holds whatever the model says: an emergency call that got as far as its targets ends unanswered only
// when the caller gave up, the edge was stopped, or every target was tried.
func (p *player) checkPromise(r call.Record) {
	if !p.m.emergency() || !r.AnsweredAt.IsZero() {
		return
	}
	switch r.EndReason {
	case call.EndCallerCancelled, call.EndShutdown, call.EndNoPorts, call.EndBadRequest, call.EndRefused, call.EndInternal:
	case call.EndNoAck:
		if r.SIPStatus != 504 {
			p.w.t.Errorf("an emergency call ended for want of an ACK, but was answered %d", r.SIPStatus)
		}
	case call.EndNoTarget:
		if len(r.Attempts) != len(p.w.plan.Targets) {
			p.w.t.Errorf("an emergency call was given up after %d of %d targets", len(r.Attempts), len(p.w.plan.Targets))
		}
	default:
		p.w.t.Errorf("an emergency call ended unanswered by %v", r.EndReason)
	}
}

// compare holds what the edge has said so far against the model.
func (p *player) compare(last string) {
	p.w.settle()
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	if len(p.w.dialled) != len(p.m.legs) {
		p.w.t.Errorf("after %s: %d targets were dialled, the model has %d", last, len(p.w.dialled), len(p.m.legs))
		return
	}
	p.compareLeg(last, p.w.caller, p.m.a, p.w.inv.said)
	for i, b := range p.w.dialled {
		p.compareLeg(last, b, p.m.legs[i], nil)
	}
}

func (p *player) compareLeg(last string, real *peer, l *modelLeg, before []saying) {
	var said []string
	for _, s := range slices.Concat(before, real.said) {
		said = append(said, s.what)
	}
	if !slices.Equal(said, l.said) {
		p.w.t.Errorf("after %s: the edge has said %q to %s, the model %q", last, said, l.name, l.said)
	}
	for i, q := range l.asks {
		if got := real.asked[i].status; got != q.status {
			p.w.t.Errorf("after %s: %s of %s (number %d) was answered %d, by the model %d", last, q.method, l.name, i+1, got, q.status)
		}
	}
}
