package agent

import (
	"slices"
	"strings"
)

// dialling is the INVITE of a UAC leg that has no final answer yet.
type dialling struct {
	out      Outgoing
	tx       *clientTx
	tried    bool // credentials were given once
	cancel   bool // Cancel was called
	reason   []Header
	settled  bool              // a 2xx came
	answered string            // its tag
	heard    map[string]uint32 // RSeq of the last reliable provisional answer, by tag
	offered  map[string]bool   // the branches that made an offer in one
	owed     []*packet         // those whose PRACK the owner sends
}

// offers tells whether the INVITE holds an offer.
func (o *Outgoing) offers() bool { return len(o.Message.Body) > 0 && !o.Late }

// addressed returns the Request-URI and the Route of the INVITE (RFC 3261 section 8.1.2).
func (o *Outgoing) addressed() (uri string, routes []string) {
	if o.Service == "" {
		return o.Route.URI, o.Route.path()
	}
	hop, _, _ := strings.Cut(o.Route.URI, "?")
	if u, err := parseURI(hop); err == nil {
		if _, loose := u.param("lr"); !loose {
			hop += ";lr"
		}
	}
	return o.Service, append(slices.Clone(o.Route.path()), "<"+hop+">")
}

// Dial sends an INVITE and returns its leg at once; everything after comes to sink.
func (a *Agent) Dial(o Outgoing, sink Sink) *Leg {
	l := &Leg{
		a: a, callID: token(16), tag: newTag(), sink: sink, localSeq: 1,
		dial: &dialling{out: o}, inv: inviteOurs, back: o.Route.back,
	}
	l.target, l.routes = o.addressed()
	a.remember(l)
	l.mu.Lock()
	defer l.mu.Unlock()
	if !a.spawn(func() { l.connect(o.Route) }) {
		l.over(Event{Kind: KindFailed, Local: true, Status: 503, Reason: "Service Unavailable"})
	}
	return l
}

// connect finds the flow and sends the INVITE.
func (l *Leg) connect(r Route) {
	defer l.a.recovered("dial")
	f, err := l.a.flowTo(l.a.ctx, r)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state == legOver {
		return
	}
	if err != nil {
		l.a.log.Debug().Err(err).Str("uri", r.URI).Msg("target cannot be reached")
		l.over(Event{Kind: KindFailed, Local: true, Status: 503, Reason: "Service Unavailable", Cause: err.Error()})
		return
	}
	if l.dial.cancel {
		l.over(Event{Kind: KindFailed, Local: true, Status: 487, Reason: "Request Terminated"})
		return
	}
	l.home = f
	l.identify(f)
	l.sendInvite(Header{})
}

// identify writes From and To for the flow the INVITE goes by.
func (l *Leg) identify(f flow) { l.local, l.remote = l.a.identities(l.dial.out, f) }

func nameAddr(a Address) string {
	s := "<" + a.String() + ">"
	if a.Display != "" {
		s = `"` + quoted.Replace(clean(a.Display)) + `" ` + s
	}
	return s
}

// sendInvite sends the INVITE, with credentials the second time. l.mu is held.
func (l *Leg) sendInvite(auth Header) {
	branch, m, seq := newBranch(), l.dial.out.Message, l.localSeq
	tags := l.a.tags()
	if l.dial.out.offers() { // else an offer could come in a provisional answer: for the owner to say that it takes one
		tags += ", 100rel"
	}
	for _, tag := range l.dial.out.Tags {
		tags += ", " + tag
	}
	m = m.supporting(tags)
	if auth.Name != "" {
		m = m.With(auth.Name, auth.Value)
	}
	frozen := &Leg{a: l.a, callID: l.callID, local: l.local, tag: l.tag, remote: l.remote, target: l.target, routes: l.routes, spent: l.dial.out.Spent}
	var tx *clientTx
	tx = l.a.newClientTx("INVITE", branch, func(p *packet, status int) { l.takeAnswer(tx, p, status) })
	l.dial.tx = tx
	tx.send(l.home, func(f flow) []byte { return frozen.build(f, "INVITE", branch, seq, m) })
}

// takeAnswer takes what the INVITE's transaction received.
func (l *Leg) takeAnswer(tx *clientTx, p *packet, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := l.dial
	if tx != d.tx {
		return
	}
	switch {
	case p == nil:
		l.takeFailure(Event{Kind: KindFailed, Local: true, Status: status, Reason: localReason(status), Cause: tx.failure(status)})
	case status == 100:
	case status < 200:
		l.takeProgress(p)
	case status < 300:
		l.takeOK(p)
	case (status == 401 || status == 407) && l.authenticate(p):
	default:
		e := Event{Kind: KindFailed, Status: status, Reason: p.reason, Message: p.message}
		if status < 400 {
			e.Contact = p.contact
		}
		l.takeFailure(e)
	}
}

func localReason(status int) string {
	if status == 408 {
		return "Request Timeout"
	}
	return "Service Unavailable"
}

func (l *Leg) takeFailure(e Event) {
	if l.state == legEarly {
		l.inv = inviteNone
		l.over(e)
	}
}

func (l *Leg) takeProgress(p *packet) {
	if l.state != legEarly {
		return
	}
	if l.remoteTag == "" && p.to.tag != "" {
		l.establish(p)
	}
	take, offer := l.heardReliably(p)
	if take && !l.dial.cancel {
		l.emit(Event{Kind: KindProgress, Offer: offer, Status: p.status, Reason: p.reason, Fork: p.to.tag, Message: p.message})
	}
}

// takeOK takes a 2xx: the first one makes the dialog, the same one again has its ACK repeated, and one from another
// fork is ACKed and ended at once (RFC 3261 section 13.2.2.4).
func (l *Leg) takeOK(p *packet) {
	d := l.dial
	if d.settled {
		switch {
		case p.to.tag != d.answered:
			l.endFork(p)
		default:
			l.sendRaw(l.acks[p.cseq])
		}
		return
	}
	if l.state == legOver { // given up before
		l.endFork(p)
		return
	}
	d.settled, d.answered = true, p.to.tag
	l.establish(p)
	if d.cancel {
		l.endFork(p)
		l.over(Event{Kind: KindFailed, Local: true, Status: 487, Reason: "Request Terminated"})
		return
	}
	l.state = legUp
	l.acks = map[uint32][]byte{p.cseq: nil}
	if d.out.offers() {
		l.ack(p.cseq, Message{})
	}
	d.out, d.heard, d.offered, d.owed = Outgoing{}, nil, nil, nil
	l.emit(Event{Kind: KindAnswered, Status: p.status, Reason: p.reason, Fork: p.to.tag, Message: p.message})
}

// authenticate answers a challenge, once.
func (l *Leg) authenticate(p *packet) bool {
	d := l.dial
	if d.tried || d.out.Username == "" || d.cancel || l.state != legEarly {
		return false
	}
	target, routes := d.out.addressed()
	h, ok := answerChallenge(p.auth, "INVITE", target, d.out.Username, d.out.Password)
	if !ok {
		return false
	}
	d.tried = true
	l.localSeq++
	// What a provisional answer said of a dialog is void: this INVITE asks for one anew.
	l.identify(l.home)
	l.remoteTag, l.target, l.routes = "", target, routes
	l.sendInvite(h)
	return true
}

// endFork ends a dialog that nobody wants: ACK, then BYE.
func (l *Leg) endFork(p *packet) {
	fork := &Leg{a: l.a, callID: l.callID, local: l.local, tag: l.tag, home: l.home, target: l.target, back: l.back, state: legUp}
	fork.sink = func(Event) {}
	fork.establish(p)
	fork.localSeq = max(p.cseq, l.localSeq) // beyond its PRACKs
	fork.ack(p.cseq, Message{})
	fork.sendBye(l.dial.reason)
}

// ack sends the ACK for a 2xx and keeps it. l.mu is held.
func (l *Leg) ack(seq uint32, m Message) {
	f := l.nextHop()
	b := l.build(f, "ACK", newBranch(), seq, m)
	if l.acks != nil {
		l.acks[seq] = b
	}
	if l.inv == inviteOurs {
		l.inv = inviteNone
	}
	l.sendOn(f, b)
}

// sendRaw repeats an ACK.
func (l *Leg) sendRaw(b []byte) {
	if b != nil {
		l.sendOn(l.nextHop(), b)
	}
}

// sendOn sends a message outside any transaction, making the connection first where there is none.
func (l *Leg) sendOn(f flow, b []byte) {
	if f.stream != nil || f.socket != nil {
		f.send(b)
		return
	}
	l.a.spawn(func() {
		if s, err := l.a.dial(l.a.ctx, f.transport, f.remote, f.hostname()); err == nil {
			s.send(b)
		}
	})
}

// Cancel gives up a UAC leg that has no final answer: CANCEL is sent as soon as a 1xx allows it (RFC 3261 section
// 9.1), and a 2xx that crosses it is ACKed and ended by BYE. The leg then ends with KindFailed (487 as a rule).
func (l *Leg) Cancel(headers ...Header) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.uas || l.state != legEarly || l.dial.cancel {
		return
	}
	l.dial.cancel, l.dial.reason = true, headers
	if l.dial.tx != nil {
		l.dial.tx.sendCancel(headers)
	}
}
