package b2bua

import (
	"fmt"
	"strings"

	"callbox/sip/agent"
)

// peer is one leg as the agent would give it, with the far end played by the test. It behaves as the agent documents:
// what makes no sense in its state does nothing.
type peer struct {
	w         *world
	name      string
	uas       bool
	sink      func(event)
	out       agent.Outgoing // of a dialled leg
	state     legState
	cancelled bool
	said      []saying // what the edge said, not yet expected
	finals    int
	nextID    uint32
	sends     map[uint32]string
	asked     []*ask
	owes      bool // an ACK for a 2xx of the edge is still to come
}

// saying is one thing the edge said on a leg.
type saying struct {
	what    string // "progress 180", "answer 200", "send INVITE", "cancel", "bye", ...
	id      uint32
	message agent.Message
}

func (s saying) String() string { return s.what }

func (p *peer) say(what string, m agent.Message) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.said = append(p.said, saying{what: what, message: m})
}

func (p *peer) CallID() string { return "call-" + p.name }

func (p *peer) DialogID() (callID, localTag, remoteTag string) {
	if p.uas {
		return "a-leg", "edge-a", "tag-a"
	}
	return p.CallID(), "edge-" + p.name, "tag-" + p.name
}

func (p *peer) Progress(status int, _ string, m agent.Message) {
	if p.uas && p.state == legEarly {
		p.say(fmt.Sprintf("progress %d", status), m)
	}
}

func (p *peer) Answer(m agent.Message) {
	if p.uas && p.state == legEarly {
		p.state, p.finals, p.owes = legAnswered, p.finals+1, true
		p.say("answer 200", m)
	}
}

func (p *peer) Reject(status int, _ string, h ...agent.Header) {
	if p.uas && p.state == legEarly {
		p.state, p.finals = legOver, p.finals+1
		p.say(fmt.Sprintf("reject %d", status), agent.Message{Headers: h})
	}
}

func (p *peer) Ack(m agent.Message) { p.say("ack", m) }

func (p *peer) Prack(fork string, m agent.Message) { p.say("prack "+fork, m) }

func (p *peer) Cancel(h ...agent.Header) {
	if !p.uas && p.state == legEarly && !p.cancelled {
		p.cancelled = true
		p.say("cancel", agent.Message{Headers: h})
	}
}

func (p *peer) Bye(h ...agent.Header) {
	if p.state == legAnswered {
		p.state = legOver
		p.say("bye", agent.Message{Headers: h})
	}
}

func (p *peer) Send(method string, m agent.Message) uint32 {
	p.nextID++
	refusal := 0
	switch {
	case p.state != legAnswered:
		refusal = 481
	case method == "INVITE" && p.inviting():
		refusal = 491
	}
	if refusal != 0 {
		p.emit(event{kind: agent.KindResponse, id: p.nextID, status: refusal, local: true})
		return p.nextID
	}
	if p.sends == nil {
		p.sends = map[uint32]string{}
	}
	p.sends[p.nextID] = method
	p.w.mu.Lock()
	p.said = append(p.said, saying{what: "send " + method, id: p.nextID, message: m})
	p.w.mu.Unlock()
	return p.nextID
}

// inviting tells whether an INVITE is under way in the dialog, so that another has to wait.
func (p *peer) inviting() bool {
	for _, method := range p.sends {
		if method == "INVITE" {
			return true
		}
	}
	for _, q := range p.asked {
		if q.name == "INVITE" && q.answers == 0 {
			return true
		}
	}
	return p.owes
}

func (p *peer) CancelSend(uint32) { p.say("cancel request", agent.Message{}) }

// done tells whether nothing is left of the leg.
func (p *peer) done() bool { return p.state == legOver || p.state == legEarly && p.cancelled }

func (p *peer) emit(ev event) {
	ev.leg = p
	p.sink(ev)
}

// does emits an event and lets the edge act on it.
func (p *peer) does(ev event) {
	p.emit(ev)
	p.w.settle()
}

func sdpMessage(body string, headers ...agent.Header) agent.Message {
	m := agent.Message{Headers: headers, Body: []byte(body)}
	if body != "" {
		m.ContentType = typeSDP
	}
	return m
}

// What the far ends do.

func (p *peer) rings() { p.progresses(180, "", "") }

func (p *peer) progresses(status int, body, fork string) {
	p.does(event{kind: agent.KindProgress, status: status, reason: "x", fork: fork, message: sdpMessage(body)})
}

func (p *peer) answers(body string, headers ...agent.Header) { p.answersAs("", body, headers...) }

func (p *peer) answersAs(fork, body string, headers ...agent.Header) {
	p.state = legAnswered
	p.does(event{kind: agent.KindAnswered, status: 200, reason: "OK", fork: fork, message: sdpMessage(body, headers...)})
}

func (p *peer) fails(status int, headers ...agent.Header) {
	p.state = legOver
	p.does(event{kind: agent.KindFailed, status: status, reason: "no", message: agent.Message{Headers: headers}})
}

// dies is a failure that the agent made itself.
func (p *peer) dies(status int) {
	p.state = legOver
	p.does(event{kind: agent.KindFailed, status: status, local: true, reason: "gone"})
}

func (p *peer) cancels(headers ...agent.Header) {
	if p.state == legEarly {
		p.state, p.finals = legOver, p.finals+1
		p.does(event{kind: agent.KindCancelled, message: agent.Message{Headers: headers}})
	}
}

func (p *peer) acks(body string) {
	p.owes = false
	p.does(event{kind: agent.KindAcked, message: sdpMessage(body)})
}

func (p *peer) neverAcks() {
	p.owes = false
	p.does(event{kind: agent.KindAckTimeout})
}

func (p *peer) byes(headers ...agent.Header) {
	p.state = legOver
	p.does(event{kind: agent.KindBye, message: agent.Message{Headers: headers}})
}

func (p *peer) isGone() {
	p.state = legOver
	p.does(event{kind: agent.KindGone, status: 481})
}

// responds answers what the edge sent.
func (p *peer) responds(to saying, status int, body string, headers ...agent.Header) {
	p.w.t.Helper()
	if to.id == 0 {
		p.w.t.Fatalf("%q is no request", to.what)
	}
	delete(p.sends, to.id)
	p.does(event{kind: agent.KindResponse, id: to.id, status: status, reason: "x", message: sdpMessage(body, headers...)})
}

// ask is a request of the far end within the dialog.
type ask struct {
	p       *peer
	name    string
	m       agent.Message
	answers int
	status  int
	answer  agent.Message
}

func (q *ask) method() string         { return q.name }
func (q *ask) cseq() uint32           { return 7 }
func (q *ask) message() agent.Message { return q.m }

func (q *ask) Respond(status int, _ string, m agent.Message) {
	q.p.w.mu.Lock()
	defer q.p.w.mu.Unlock()
	if q.answers == 0 {
		q.p.owes = q.p.owes || q.name == "INVITE" && status < 300 && q.p.state == legAnswered
		q.status, q.answer = status, m
		q.answers++
	}
}

// asks sends a request within the dialog.
func (p *peer) asks(method, body string, headers ...agent.Header) *ask {
	return p.asksWith(method, sdpMessage(body, headers...))
}

func (p *peer) asksWith(method string, m agent.Message) *ask {
	q := &ask{p: p, name: method, m: m}
	p.asked = append(p.asked, q)
	p.does(event{kind: agent.KindRequest, request: q})
	return q
}

// withdraws cancels a re-INVITE.
func (p *peer) withdraws(q *ask) {
	if q.answers == 0 {
		q.status, q.answers = 487, 1
		p.does(event{kind: agent.KindRequestGone, request: q})
	}
}

// withdrawsLate cancels a re-INVITE while the 2xx to it waits in the call's mailbox: the agent has said 487 already, and
// what the edge then answers does nothing.
func (p *peer) withdrawsLate(q *ask, other *peer, passed saying, body string) {
	delete(other.sends, passed.id)
	q.status, q.answers = 487, 1
	other.emit(event{kind: agent.KindResponse, id: passed.id, status: 200, reason: "OK", message: sdpMessage(body)})
	p.does(event{kind: agent.KindRequestGone, request: q})
}

// got checks the answer to a request.
func (q *ask) got(status int) agent.Message {
	q.p.w.t.Helper()
	q.p.w.settle()
	if q.status != status {
		q.p.w.t.Fatalf("%s of leg %s was answered %d, want %d (%v)", q.name, q.p.name, q.status, status, q.answer.Headers)
	}
	return q.answer
}

// What the edge must have said.

// expect takes the next thing the edge said, which must be this.
func (p *peer) expect(what string) saying {
	p.w.t.Helper()
	p.w.settle()
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	if len(p.said) == 0 {
		p.w.t.Fatalf("the edge said nothing to %s, want %q", p.name, what)
	}
	s := p.said[0]
	if s.what != what {
		p.w.t.Fatalf("the edge said %v to %s, want %q", p.said, p.name, what)
	}
	p.said = p.said[1:]
	return s
}

// silent checks that the edge has said nothing more.
func (p *peer) silent() {
	p.w.t.Helper()
	p.w.settle()
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	if len(p.said) > 0 {
		p.w.t.Fatalf("the edge said %v to %s, want nothing", p.said, p.name)
	}
}

// has checks that a message holds all of these in headers or body.
func has(p *peer, m agent.Message, wants ...string) {
	p.w.t.Helper()
	text := text(m)
	for _, want := range wants {
		if !strings.Contains(text, want) {
			p.w.t.Errorf("to %s: %q is missing in\n%s", p.name, want, text)
		}
	}
}

// lacks checks that a message holds none of these.
func lacks(p *peer, m agent.Message, nots ...string) {
	p.w.t.Helper()
	text := text(m)
	for _, not := range nots {
		if strings.Contains(text, not) {
			p.w.t.Errorf("to %s: %q must not be in\n%s", p.name, not, text)
		}
	}
}

func text(m agent.Message) string {
	var b strings.Builder
	for _, h := range m.Headers {
		b.WriteString(h.Name + ": " + h.Value + "\n")
	}
	return b.String() + "Content-Type: " + m.ContentType + "\n\n" + string(m.Body)
}

// fakeInvite is an INVITE before its leg is taken.
type fakeInvite struct {
	w      *world
	said   []saying
	finals int
}

func (in *fakeInvite) accept(sink func(event), _ ...agent.Header) leg {
	in.w.caller.sink = sink
	in.w.caller.state = legEarly
	return in.w.caller
}

func (in *fakeInvite) Refuse(status int, _ string, h ...agent.Header) {
	in.finals++
	in.said = append(in.said, saying{what: fmt.Sprintf("refuse %d", status), message: agent.Message{Headers: h}})
}

func (in *fakeInvite) Challenge(realm string, h ...agent.Header) {
	in.finals++
	in.said = append(in.said, saying{what: "challenge " + realm, message: agent.Message{Headers: h}})
}

// refused checks that the INVITE was turned down before its leg was taken.
func (w *world) refused(status int, wants ...string) {
	w.t.Helper()
	w.settle()
	if len(w.inv.said) != 1 || w.inv.said[0].what != fmt.Sprintf("refuse %d", status) {
		w.t.Fatalf("the INVITE was answered %v, want a refusal with %d", w.inv.said, status)
	}
	has(w.caller, w.inv.said[0].message, wants...)
}

// headers reads "Name: value" lines.
func headers(lines []string) []agent.Header {
	var all []agent.Header
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		all = append(all, header(name, value))
	}
	return all
}
