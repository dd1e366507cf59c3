package b2bua

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"callbox/sip/agent"
	"callbox/sip/call"
	"callbox/sip/media"
)

// lossyCall is one call through the whole stack, transactions and dialogs included, over a lossy link in fake time. Its
// line has what the people do, "c1:ring@100 c1:200@900 a:bye@4000" in milliseconds since the INVITE left or came, what
// the link does, and who is cut off from when on, "a:cut@2000" in milliseconds since the call began.
type lossyCall struct {
	w      *world
	link   *lossyLink
	line   []string
	agents map[string]*agent.Agent
	caller *far
	fars   []*far
}

// far is a leg as its far end has it.
type far struct {
	name     string
	leg      *agent.Leg
	finals   []int
	over     time.Time
	unheard  bool // its BYE was never answered
	mu       sync.Mutex
	asked    map[uint32]time.Time // its requests
	answered map[uint32]bool      // those that have their final answer
}

func newFar(name string) *far {
	return &far{name: name, asked: map[uint32]time.Time{}, answered: map[uint32]bool{}}
}

// broke stands for a final answer where a 481 ended a caller's early dialog.
const broke = 0

// lossyEnd is when the caller hangs up at the latest.
const lossyEnd = 90 * time.Second

// lossyPatience is how long a request within a call may wait for its final answer.
const lossyPatience = 45 * time.Second

// lossyRest is how long a leg may outlast the end of the call: a BYE that is repeated for 32 s, after a 200 that was.
const lossyRest = 70 * time.Second

func playLossy(t *testing.T, line []string, fate func(string, int) string) (x *lossyCall, wrong string) {
	x = &lossyCall{link: newLossyLink(fate), line: line, agents: map[string]*agent.Agent{}}
	synctest.Test(t, func(t *testing.T) {
		heard := &witness{TB: t}
		x.w = newWorld(heard, Options{})
		for _, name := range []string{"e", "a", "c1", "c2", "c3"} {
			x.add(t, name)
		}
		x.w.edge = newEdge(x.w.edge.o, agentDialer{x.agents["e"]}, x.w)
		x.plan()
		x.cut()
		x.dial()
		x.w.pass(lossyEnd)
		x.checkAnswers()
		x.hangUp()
		x.w.pass(lossyRest)
		x.goQuiet()
		x.w.pass(5 * time.Minute)
		x.check()
		wrong = strings.Join(heard.complaints, "\n")
		for _, a := range x.agents {
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		}
		x.abandon(t)
	})
	return x, wrong
}

func (x *lossyCall) abandon(t *testing.T) {
	p := player{w: x.w}
	p.abandon()
}

func (x *lossyCall) add(t *testing.T, name string) {
	take := func(in *agent.Incoming) { x.centre(name, in) }
	if name == "e" {
		take = func(in *agent.Incoming) { x.w.edge.Invite(in) }
	}
	a, err := agent.New(agent.Options{OnInvite: take, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	x.agents[name] = a
	x.link.join(name, a.Attach)
}

// plan is an emergency call over three centres, without the address: the INVITE stays small enough for UDP.
func (x *lossyCall) plan() {
	x.w.plan = emergency("c1", "c2", "c3")
	for i := range x.w.plan.Targets {
		t := &x.w.plan.Targets[i]
		t.URI, t.Deliver.Address = "sip:"+t.ID+"@"+endpoint(t.ID).String(), false
	}
}

func (x *lossyCall) dial() {
	r, err := x.agents["a"].Route(x.w.t.Context(), "sip:911@"+endpoint("e").String())
	if err != nil {
		x.w.t.Fatalf("%v", err)
	}
	x.caller = newFar("a")
	x.fars = append(x.fars, x.caller)
	x.caller.leg = x.agents["a"].Dial(agent.Outgoing{Route: r, From: agent.Address{User: "+14155550100"}, Message: sdpMessage(offerA)}, x.caller.sink)
	x.act(x.caller)
}

// cut notes who is off the network from when on.
func (x *lossyCall) cut() {
	for _, text := range x.line {
		who, at, ok := strings.Cut(text, ":cut@")
		if ms, err := strconv.Atoi(at); ok && err == nil {
			x.link.cuts[who] = time.Now().Add(time.Duration(ms) * time.Millisecond)
		}
	}
}

// centre takes an INVITE at a call centre.
func (x *lossyCall) centre(name string, in *agent.Incoming) {
	f := newFar(name)
	x.w.mu.Lock()
	x.fars = append(x.fars, f)
	x.w.mu.Unlock()
	f.leg = in.Accept(f.sink)
	x.act(f)
}

// act lets a far end do what the line says of it, each thing in its time.
func (x *lossyCall) act(f *far) {
	for _, text := range x.line {
		who, rest, ok := strings.Cut(text, ":")
		what, at, timed := strings.Cut(rest, "@")
		ms, err := strconv.Atoi(at)
		if !ok || !timed || err != nil || who != f.name {
			continue
		}
		if what == "cut" {
			continue
		}
		time.AfterFunc(time.Duration(ms)*time.Millisecond, func() { f.do(what) })
	}
}

func (f *far) do(what string) {
	switch what {
	case "ring":
		f.leg.Progress(180, "Ringing", agent.Message{})
	case "early":
		f.leg.Progress(183, "Session Progress", sdpMessage(answerB))
	case "200":
		f.leg.Answer(sdpMessage(answerB))
	case "486":
		f.leg.Reject(486, "Busy Here")
	case "503":
		f.leg.Reject(503, "Service Unavailable")
	case "cancel":
		f.leg.Cancel()
	case "bye":
		f.leg.Bye()
	case "reinvite":
		f.send("INVITE", sdpMessage(with(offerA, "sendonly", 4000)))
	case "reinvite0":
		f.send("INVITE", agent.Message{})
	case "update":
		f.send("UPDATE", sdpMessage(offerA))
	case "info":
		f.send("INFO", agent.Message{ContentType: "application/dtmf-relay", Body: []byte("Signal=1")})
	case "refer":
		f.send("REFER", agent.Message{Headers: []agent.Header{header("Refer-To", "<sip:x@example.com>")}})
	}
}

// send notes when a request went out.
func (f *far) send(method string, m agent.Message) {
	id := f.leg.Send(method, m)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked[id] = time.Now()
}

// unanswered counts the requests that have waited too long for their answer.
func (f *far) unanswered() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, at := range f.asked {
		if !f.answered[id] && time.Since(at) > lossyPatience {
			n++
		}
	}
	return n
}

// sink answers what the edge asks and keeps the books.
func (f *far) sink(e agent.Event) {
	switch e.Kind {
	case agent.KindAnswered:
		f.finals = append(f.finals, e.Status)
	case agent.KindFailed:
		f.finals = append(f.finals, e.Status)
		f.over = time.Now()
	case agent.KindCancelled, agent.KindBye:
		f.over = time.Now()
	case agent.KindGone:
		if len(f.finals) == 0 { // its early dialog broke, and it waits for no answer any more
			f.finals = append(f.finals, broke)
		}
		f.over, f.unheard = time.Now(), e.Local
	case agent.KindAckTimeout:
		e.Leg.Bye()
	case agent.KindResponse:
		f.mu.Lock()
		f.answered[e.ID] = true
		f.mu.Unlock()
		if e.Status == 200 {
			e.Leg.Ack(sdpMessage(answerB)) // counts for an INVITE without an offer only
		}
	case agent.KindRequest:
		m := agent.Message{}
		if e.Request.Method == "INVITE" || e.Request.Method == "UPDATE" {
			m = sdpMessage(answerB)
		}
		e.Request.Respond(200, "OK", m)
	}
}

// goQuiet: who was cut off sends no media either, and the other side has given up.
func (x *lossyCall) goQuiet() {
	if len(x.link.cuts) > 0 && x.w.media != nil && x.w.edge.Active() > 0 {
		x.w.media.notify(media.Notice{Kind: media.NoticeTimeout})
	}
}

func (x *lossyCall) hangUp() {
	x.caller.leg.Cancel()
	x.caller.leg.Bye()
}

// checkAnswers: on a leg that is up, every request has its answer in time.
func (x *lossyCall) checkAnswers() {
	for _, f := range x.fars {
		if n := f.unanswered(); n > 0 && f.over.IsZero() && !f.rejected(x.line) && len(x.link.cuts) == 0 {
			x.w.t.Errorf("%d requests of %s have no answer", n, f.name)
		}
	}
}

// check is what must hold when everything has come to rest.
func (x *lossyCall) check() {
	t := x.w.t
	if n := x.w.edge.Active(); n != 0 {
		t.Errorf("%d calls still up", n)
	}
	for name, a := range x.agents {
		_, cut := x.link.cuts[name]
		if m := a.Metrics(); !cut && (m.Legs != 0 || m.Transactions != 0) {
			t.Errorf("%s has %d legs and %d transactions left", name, m.Legs, m.Transactions)
		}
	}
	x.w.mu.Lock()
	records := slices.Clone(x.w.records)
	x.w.mu.Unlock()
	if _, cut := x.link.cuts["a"]; cut && len(records) == 0 {
		return // its INVITE was lost
	}
	if len(records) != 1 {
		t.Errorf("%d records, want 1", len(records))
		return
	}
	r := records[0]
	if m := x.w.media; m != nil && m.closed != 1 || x.w.registry.taken != x.w.registry.given {
		t.Errorf("media or places are left over")
	}
	x.checkFinal(r)
	for _, f := range x.fars {
		x.checkFar(f, r)
	}
	p := player{w: x.w, m: newModel(nil)}
	p.checkPromise(r)
}

// checkFinal holds what the caller heard against the record.
func (x *lossyCall) checkFinal(r call.Record) {
	t := x.w.t
	if len(x.caller.finals) != 1 {
		t.Errorf("the caller got the final answers %v, want one", x.caller.finals)
		return
	}
	if _, cut := x.link.cuts["a"]; cut {
		if r.EndReason == call.EndMediaTimeout && x.link.seen["a>e:ACK/1"] == 0 {
			t.Errorf("no ACK came, and yet the call went on until its media was missed")
		}
		return
	}
	if r.SIPStatus != x.caller.finals[0] && !x.crossed(r) {
		t.Errorf("the caller heard %d, the record says %d", x.caller.finals[0], r.SIPStatus)
	}
	if r.EndReason == call.EndNoAck {
		t.Errorf("no ACK came, though the link loses %d copies of one at the most", mostLosses)
	}
}

// checkFar holds a far end to having ended in time, and heard.
func (x *lossyCall) checkFar(f *far, r call.Record) {
	if _, cut := x.link.cuts[f.name]; cut {
		return
	}
	if f.unheard {
		x.w.t.Errorf("the BYE of %s was not answered", f.name)
	}
	if f != x.caller && f.over.IsZero() && !f.rejected(x.line) || f.over.Sub(r.EndedAt) > lossyRest {
		x.w.t.Errorf("the leg of %s ended at %v, the call at %v", f.name, f.over, r.EndedAt)
	}
}

// crossed: the caller gave up while its 200 was under way, or its early dialog broke.
func (x *lossyCall) crossed(r call.Record) bool {
	return r.SIPStatus == 200 && x.caller.finals[0] == 487 || x.caller.finals[0] == broke
}

// rejected: a centre that refuses hears no more of the call.
func (f *far) rejected(line []string) bool {
	return slices.ContainsFunc(line, func(s string) bool {
		return strings.HasPrefix(s, f.name+":486") || strings.HasPrefix(s, f.name+":503")
	})
}

func at(who, what string, ms int) string { return fmt.Sprintf("%s:%s@%d", who, what, ms) }
