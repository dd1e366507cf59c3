package agent

import (
	"math/rand/v2"
	"slices"
)

// newServerLeg makes the leg of an accepted INVITE.
func (a *Agent) newServerLeg(in *serverInvite, sink Sink) *Leg {
	p := in.packet
	l := &Leg{
		a: a, uas: true, callID: p.callID, local: p.to.raw, tag: in.tx.toTag, sink: sink,
		remote: p.from.raw, remoteTag: p.from.tag, remoteSeq: p.cseq, target: p.contact,
		routes: slices.Clone(p.recordRoute), home: in.flow, direct: len(p.vias) == 1,
		invite: in.tx, inv: inviteTheirs, mark: in.mark, rel: newReliably(p),
	}
	in.tx.respond(100, "Trying", "", Message{})
	a.remember(l)
	a.streams.keep(in.flow.stream)
	a.strikes.forgive(in.flow.remote.Addr())
	if c := in.tx.watchCancel(l.cancelled); c != nil {
		l.cancelled(c.message)
	}
	return l
}

// cancelled answers the INVITE 487 and ends the leg.
func (l *Leg) cancelled(m Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state != legEarly {
		return
	}
	l.invite.respond(487, "Request Terminated", "", Message{Headers: l.mark})
	l.over(Event{Kind: KindCancelled, Message: m})
}

// Progress sends a 1xx above 100 (UAS): reliably where the peer requires that, or supports it and m has a body or says
// Require: 100rel. Such a one waits for the PRACK of the one before.
func (l *Leg) Progress(status int, reason string, m Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.uas || l.state != legEarly || status <= 100 || status >= 200 {
		return
	}
	if l.rel.wants(m) {
		l.sendReliable(provisional{status, reason, m})
	} else {
		l.invite.respond(status, reason, l.contact(l.invite.flow), m.without("Require"))
	}
}

// Answer sends 200 and repeats it until the ACK comes (UAS). It waits for the PRACK of a session description that was
// sent reliably; a CANCEL that comes meanwhile wins.
func (l *Leg) Answer(m Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.uas && l.state == legEarly && !l.holdAnswer(m) {
		l.sendAnswer(m)
	}
}

func (l *Leg) sendAnswer(m Message) {
	b, ok := l.invite.respondBytes(200, "OK", l.contact(l.invite.flow), l.a.dialogHeaders(m))
	if !ok {
		return
	}
	l.state = legUp
	l.repeatOK(l.invite.cseq, l.invite.flow, b)
}

// dialogHeaders adds what a 2xx to an INVITE or UPDATE says about us (RFC 3261 section 13.3.1.4).
func (a *Agent) dialogHeaders(m Message) Message {
	if m.Get("Allow") == "" {
		m = m.With("Allow", allow)
	}
	return m.supporting(a.tags() + ", 100rel")
}

// Reject sends a final status of 300 or more (UAS). The leg is over and gives no further event.
func (l *Leg) Reject(status int, reason string, headers ...Header) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.uas || l.state != legEarly || status < 300 {
		return
	}
	l.state = legOver
	l.invite.respond(status, reason, "", Message{Headers: headers})
	l.clear()
	l.a.forget(l)
}

// Request is a request within a dialog that waits for its answer.
type Request struct {
	Method  string
	CSeq    uint32
	Message Message

	leg     *Leg
	tx      *serverTx
	contact string // the target that a 2xx makes the dialog's
}

// Respond answers the request: a final status, once. A 2xx to a re-INVITE is repeated until its ACK, which comes as
// KindAcked.
func (r *Request) Respond(status int, reason string, m Message) {
	l := r.leg
	l.mu.Lock()
	defer l.mu.Unlock()
	contact := ""
	if r.Method == "INVITE" || r.Method == "UPDATE" || r.Method == "REFER" {
		contact = l.contact(r.tx.flow)
	}
	if (r.Method == "INVITE" || r.Method == "UPDATE") && status < 300 {
		m = l.a.dialogHeaders(m)
	}
	b, ok := r.tx.respondBytes(status, reason, contact, m)
	if ok && status >= 200 && status < 300 {
		l.refresh(r.contact) // a request that is refused changes nothing (RFC 3261 section 14.2)
	}
	if ok && r.Method == "PRACK" && status >= 200 && l.rel != nil {
		l.rel.deciding = false
		l.prackDone()
	}
	if !ok || r.Method != "INVITE" || status < 200 {
		return
	}
	if status < 300 && l.state != legOver {
		l.repeatOK(r.tx.cseq, r.tx.flow, b)
	} else if l.inv == inviteTheirs {
		l.inv = inviteNone
	}
}

// takeRequest takes a request within the dialog.
func (l *Leg) takeRequest(t *serverTx, f flow, p *packet) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state == legOver {
		t.respond(481, "Call/Transaction Does Not Exist", "", Message{})
		return
	}
	if f.stream != nil || f.remote.Addr() == l.home.remote.Addr() {
		l.home = f // the peer's address behind a NAT can move
		l.a.streams.keep(f.stream)
	}
	if !l.inOrder(p) {
		t.respond(500, "Server Internal Error", "", Message{Headers: []Header{warning("CSeq is lower than one seen before")}})
		return
	}
	switch p.method {
	case "BYE":
		l.takeBye(t, p)
	case "OPTIONS":
		status, reason, m := l.a.capabilities()
		t.respond(status, reason, "", m)
	case "INVITE", "UPDATE":
		l.takeOffer(t, p)
	case "PRACK":
		l.takePrack(t, p)
	case "INFO", "REFER", "NOTIFY", "MESSAGE":
		l.emit(Event{Kind: KindRequest, Request: &Request{Method: p.method, CSeq: p.cseq, Message: p.message, leg: l, tx: t}})
	default:
		t.respond(501, "Not Implemented", "", Message{}.With("Allow", allow))
	}
}

// inOrder keeps the peer's CSeq (RFC 3261 section 12.2.2). What changes no session state may come late: a key press
// that was overtaken on the network is still a key press.
func (l *Leg) inOrder(p *packet) bool {
	if p.cseq >= l.remoteSeq {
		l.remoteSeq = p.cseq
		return true
	}
	return p.method != "INVITE" && p.method != "UPDATE"
}

func (l *Leg) takeBye(t *serverTx, p *packet) {
	if l.uas && l.state == legEarly { // RFC 3261 section 15.1.2
		t.respond(200, "OK", "", Message{})
		l.invite.respond(487, "Request Terminated", "", Message{Headers: l.mark})
		l.over(Event{Kind: KindCancelled, Message: p.message})
		return
	}
	if l.dial != nil && l.state == legEarly {
		t.respond(481, "Call/Transaction Does Not Exist", "", Message{})
		return
	}
	t.respond(200, "OK", "", Message{})
	l.over(Event{Kind: KindBye, Message: p.message})
}

// takeOffer takes a re-INVITE or UPDATE, minding glare (RFC 3261 section 14.2, RFC 3311 section 5.2).
func (l *Leg) takeOffer(t *serverTx, p *packet) {
	if p.method == "INVITE" {
		switch {
		case l.state == legEarly || l.inv == inviteTheirs:
			retry := Header{"Retry-After", portString(uint16(rand.IntN(10)))}
			t.respond(500, "Server Internal Error", "", Message{Headers: []Header{retry}})
			l.a.refused.add(t) // a storm of them must not fill the memory for 32 s
			return
		case l.inv == inviteOurs:
			t.respond(491, "Request Pending", "", Message{})
			l.a.refused.add(t)
			return
		}
		t.respond(100, "Trying", "", Message{})
		l.inv = inviteTheirs
	}
	if l.state == legEnding {
		t.respond(481, "Call/Transaction Does Not Exist", "", Message{})
		return
	}
	r := &Request{Method: p.method, CSeq: p.cseq, Message: p.message, leg: l, tx: t, contact: p.contact}
	if p.method == "INVITE" && t.watchCancel(func(Message) { l.reinviteCancelled(r) }) != nil {
		t.respond(487, "Request Terminated", "", Message{}) // its CANCEL came by a faster way
		l.inv = inviteNone
		return
	}
	l.emit(Event{Kind: KindRequest, Request: r})
}

func (l *Leg) reinviteCancelled(r *Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !r.tx.respond(487, "Request Terminated", "", Message{}) {
		return
	}
	l.inv = inviteNone
	if l.state != legOver {
		l.emit(Event{Kind: KindRequestGone, Request: r})
	}
}
