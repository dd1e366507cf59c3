package agent

import (
	"strconv"
	"strings"
	"time"
)

// Reliable provisional answers (RFC 3262), as a UAS sends them. Where the peer requires them every 1xx above 100 is one,
// where it supports them those with a session description. One is out at a time:
//
//	Progress ─> out ─ repeated after T1, 2*T1, 4*T1, ... ─ 64*T1 over ─> 504
//	                └ PRACK ─> 200; the next of queue, or the 2xx that waited for it

// maxReliable bounds the provisional answers that wait for the PRACK of the one before; more replace the last.
const maxReliable = 8

// reliably is what a UAS leg keeps of them. A peer that knows nothing of 100rel has none.
type reliably struct {
	must     bool   // the INVITE says Require: 100rel
	seq      uint32 // RSeq of the last one sent
	out      *okay  // the one that waits for its PRACK; nil: none
	body     bool   // it has a session description, for which a 2xx waits
	deciding bool   // its PRACK has one, which the owner has not answered yet
	queue    []provisional
	answer   *Message // the 2xx that waits
}

type provisional struct {
	status  int
	reason  string
	message Message
}

// newReliably reads whether the sender of an INVITE takes reliable provisional answers, nil for no.
func newReliably(p *packet) *reliably {
	r := &reliably{must: hasTag(p.require, "100rel")}
	if r.must {
		return r
	}
	for _, h := range p.message.Headers {
		if strings.EqualFold(h.Name, "Supported") && hasTag(splitList(h.Value), "100rel") {
			return r
		}
	}
	return nil
}

func hasTag(tags []string, tag string) bool {
	for _, t := range tags {
		if strings.EqualFold(strings.TrimSpace(t), tag) {
			return true
		}
	}
	return false
}

// wants tells whether a provisional answer goes reliably; its owner may want it of any by Require: 100rel.
func (r *reliably) wants(m Message) bool {
	return r != nil && (r.must || len(m.Body) > 0 || strings.EqualFold(m.Get("Require"), "100rel"))
}

// sendReliable sends a provisional answer reliably, once the one before is acknowledged. l.mu is held.
func (l *Leg) sendReliable(p provisional) {
	r := l.rel
	switch {
	case r.answer != nil: // the final answer is on its way
	case r.out == nil && !r.deciding:
		l.sendOut(p)
	case len(r.queue) == maxReliable:
		r.queue[maxReliable-1] = p
	default:
		r.queue = append(r.queue, p)
	}
}

func (l *Leg) sendOut(p provisional) {
	r := l.rel
	if r.seq == 0 {
		r.seq = newRSeq()
	} else {
		r.seq++
	}
	m := p.message.without("Require").With("Require", "100rel").With("RSeq", strconv.FormatUint(uint64(r.seq), 10))
	if m.Get("Allow") == "" { // UPDATE is of use from here on (RFC 3311 section 5.1)
		m = m.With("Allow", allow)
	}
	b, ok := l.invite.respondBytes(p.status, p.reason, l.contact(l.invite.flow), m)
	if !ok {
		return
	}
	o := &okay{flow: l.invite.flow, bytes: b, interval: l.a.t1, deadline: time.Now().Add(giveUp * l.a.t1)}
	r.out, r.body = o, len(m.Body) > 0
	o.timer = time.AfterFunc(o.interval, func() { l.fireReliable(o) })
}

// fireReliable repeats a provisional answer, on streams too: a proxy behind may use UDP. When no PRACK comes the INVITE
// is refused (RFC 3262 section 3).
func (l *Leg) fireReliable(o *okay) {
	defer l.a.recovered("timer")
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rel == nil || l.rel.out != o || l.state != legEarly {
		return
	}
	if now := time.Now(); now.Before(o.deadline) {
		o.flow.send(o.bytes)
		o.interval *= 2
		o.timer.Reset(min(o.interval, o.deadline.Sub(now)))
		return
	}
	h := append([]Header{warning("no PRACK came for a provisional answer")}, l.mark...)
	l.invite.respond(504, "Server Time-out", "", Message{Headers: h})
	l.over(Event{Kind: KindPrackTimeout, Status: 504})
}

// takePrack takes the PRACK for the provisional answer that is out. One without a body is answered here.
func (l *Leg) takePrack(t *serverTx, p *packet) {
	r := l.rel
	if r == nil || r.out == nil || !rackIs(p.message.Get("RAck"), r.seq, l.invite.cseq) {
		t.respond(481, "Call/Transaction Does Not Exist", "", Message{Headers: []Header{warning("no provisional answer waits for this PRACK")}})
		return
	}
	r.out.timer.Stop()
	r.out = nil
	if len(p.message.Body) > 0 {
		r.deciding = true
		l.emit(Event{Kind: KindRequest, Request: &Request{Method: p.method, Message: p.message, leg: l, tx: t}})
		return
	}
	t.respond(200, "OK", "", Message{})
	l.prackDone()
}

// rackIs tells whether a RAck names an answer: its RSeq, and the CSeq of the INVITE.
func rackIs(rack string, seq, cseq uint32) bool {
	f := strings.Fields(rack)
	return len(f) == 3 && f[0] == strconv.FormatUint(uint64(seq), 10) && f[1] == strconv.FormatUint(uint64(cseq), 10) && f[2] == "INVITE"
}

// prackDone goes on when a provisional answer is acknowledged: with the 2xx that waited, else with the next.
func (l *Leg) prackDone() {
	r := l.rel
	switch {
	case r == nil || r.deciding || l.state != legEarly:
	case r.answer != nil:
		m := *r.answer
		r.answer = nil
		l.sendAnswer(m)
	case len(r.queue) > 0:
		next := r.queue[0]
		r.queue = r.queue[1:]
		l.sendOut(next)
	}
}

// holdAnswer keeps a 2xx back while a session description waits for its PRACK (RFC 3262 section 3). Any other
// provisional answer is given up with the 2xx; a PRACK for it is still taken.
func (l *Leg) holdAnswer(m Message) bool {
	r := l.rel
	if r == nil {
		return false
	}
	r.queue = nil
	if r.deciding || r.out != nil && r.body {
		r.answer = &m
		return true
	}
	r.stop()
	return false
}

// stop ends the repeating.
func (r *reliably) stop() {
	if r != nil && r.out != nil {
		r.out.timer.Stop()
	}
}
