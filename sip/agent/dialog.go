package agent

import (
	"slices"
	"strconv"
	"sync"
	"time"
)

// Leg is one dialog, or one on its way to be. All methods return at once; those that make no sense in the leg's state
// do nothing. After KindFailed, KindCancelled, KindPrackTimeout, KindBye or KindGone no more events come.
type Leg struct {
	a      *Agent
	uas    bool
	callID string
	local  string // our From or To value without tag
	tag    string // our tag

	mu       sync.Mutex
	state    legState
	sink     Sink
	queue    []Event
	draining bool

	remote    string // the peer's From or To value, tag included
	remoteTag string
	localSeq  uint32
	remoteSeq uint32
	target    string   // remote target: the peer's Contact
	routes    []string // route set, in sending order
	home      flow     // where the peer was last seen: used when the target says nothing usable
	spent     int      // hops behind the INVITE that is written
	back      *wayBack // UAC: the peer is a registered phone
	direct    bool     // the INVITE came straight from its maker, so that home is the peer's real address

	mark       []Header  // UAS: on the answers we give by ourselves
	invite     *serverTx // UAS: the INVITE that made the leg
	dial       *dialling // UAC: the INVITE that makes it
	rel        *reliably // UAS: provisional answers that wait for PRACK, nil where the peer knows none
	okays      map[uint32]*okay
	sends      map[uint32]*clientTx // by Send's ID
	acks       map[uint32][]byte    // ACKs sent, by CSeq, to repeat when a 2xx comes again; nil while the owner owes one
	inv        inviteState
	nextID     uint32
	byeing     bool // Bye was called
	byeHeaders []Header
}

type legState uint8

const (
	legEarly legState = iota
	legUp
	legEnding // BYE was sent, or waits for the ACK
	legOver
)

// inviteState is which INVITE is under way within the dialog (RFC 3261 section 14).
type inviteState uint8

const (
	inviteNone inviteState = iota
	inviteOurs
	inviteTheirs
)

// CallID returns the leg's Call-ID header field.
func (l *Leg) CallID() string { return l.callID }

// emit queues an event and delivers what is queued, unless another goroutine is at it: events come to the sink one at
// a time and in order, with no lock held, so that the sink may call the leg. l.mu is held on entry and on return.
func (l *Leg) emit(e Event) {
	e.Leg = l
	l.queue = append(l.queue, e)
	if l.draining {
		return
	}
	l.draining = true
	for len(l.queue) > 0 {
		next := l.queue[0]
		l.queue = l.queue[1:]
		l.mu.Unlock()
		l.deliver(next)
		l.mu.Lock()
	}
	l.queue = nil
	l.draining = false
	if l.state == legOver { // a transaction may hold on to the leg for 32 s, which must not be the whole call
		l.sink, l.mark = func(Event) {}, nil
		if l.dial != nil {
			l.dial.out = Outgoing{}
		}
	}
}

func (l *Leg) deliver(e Event) {
	defer l.a.recovered("leg event")
	l.sink(e)
}

// over ends the leg with its last event. l.mu is held.
func (l *Leg) over(e Event) {
	if l.state == legOver {
		return
	}
	if l.uas && l.state == legEarly { // the early dialog broke (481 to an UPDATE): its INVITE still waits for an answer
		l.invite.respond(500, "Server Internal Error", "", Message{Headers: l.mark})
	}
	l.state = legOver
	l.clear()
	l.a.forget(l)
	l.emit(e)
}

func (l *Leg) clear() {
	for _, o := range l.okays {
		o.timer.Stop()
	}
	l.okays, l.acks = nil, nil
	l.rel.stop()
	l.rel = nil
}

// stop ends the leg's timers when the agent closes.
func (l *Leg) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = legOver
	l.clear()
}

func (a *Agent) leg(tag string) *Leg {
	a.legMu.RLock()
	defer a.legMu.RUnlock()
	return a.legs[tag]
}

func (a *Agent) remember(l *Leg) {
	a.legMu.Lock()
	a.legs[l.tag] = l
	a.legMu.Unlock()
}

func (a *Agent) forget(l *Leg) {
	a.legMu.Lock()
	if a.legs[l.tag] == l { // a fork that was not wanted shares its leg's tag
		delete(a.legs, l.tag)
	}
	a.legMu.Unlock()
}

// matches tells whether a request within a dialog belongs to this leg (RFC 3261 section 12.2.2).
func (l *Leg) matches(p *packet) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return p.callID == l.callID && (p.from.tag == l.remoteTag || l.remoteTag == "" && l.state == legEarly)
}

// contact is our Contact on a flow.
func (l *Leg) contact(f flow) string {
	c := "<sip:callbox@" + l.a.contactHost(f)
	switch f.transport {
	case "udp":
	case "wss": // RFC 7118 section 5.2 has one word for both
		c += ";transport=ws"
	default:
		c += ";transport=" + f.transport
	}
	return c + ">"
}

// refresh takes the peer's Contact of a target refresh request or its 2xx (RFC 3261 section 12.2).
func (l *Leg) refresh(contact string) {
	if contact != "" {
		l.target = contact
	}
}

// establish takes route set, target and tag from the response that makes a UAC dialog.
func (l *Leg) establish(p *packet) {
	l.remote, l.remoteTag = p.to.raw, p.to.tag
	if u, err := parseURI(l.target); p.contact == "" && err == nil && u.Scheme == "urn" && len(l.routes) > 0 {
		if hop, err := parseParty(l.routes[len(l.routes)-1]); err == nil { // who names no Contact is where the INVITE went
			l.target = hop.spec
		}
	}
	l.refresh(p.contact)
	l.routes = slices.Clone(p.recordRoute)
	slices.Reverse(l.routes)
}

// build writes a request within the dialog for a flow.
func (l *Leg) build(f flow, method, branch string, seq uint32, m Message) []byte {
	w := writer{b: make([]byte, 0, 768+len(m.Body))}
	w.line(method, " ", l.target, " SIP/2.0")
	l.a.viaLine(&w, f, branch)
	for _, r := range l.routes {
		w.field("Route", r)
	}
	w.field("From", l.local+";tag="+l.tag)
	w.field("To", l.remote)
	w.field("Call-ID", l.callID)
	w.field("CSeq", strconv.FormatUint(uint64(seq), 10)+" "+method)
	w.field("Max-Forwards", strconv.Itoa(max(0, usualHops-l.spent)))
	if method != "BYE" && method != "ACK" && method != "INFO" {
		w.field("Contact", l.contact(f))
		w.field("Allow", allow)
	}
	if l.a.opts.UserAgent != "" {
		w.field("User-Agent", l.a.opts.UserAgent)
	}
	w.fields(m.Headers)
	return w.body(m)
}

// transmit starts a client transaction within the dialog; a connection that must be made first is made elsewhere. l.mu
// is held.
func (l *Leg) transmit(method string, seq uint32, m Message, took func(*packet, int)) *clientTx {
	f := l.nextHop()
	branch := newBranch()
	// The dialog's fields as they are now: a target refresh must not change a request that is being repeated.
	frozen := &Leg{
		a: l.a, callID: l.callID, local: l.local, tag: l.tag, remote: l.remote, target: l.target,
		routes: slices.Clone(l.routes),
	}
	return l.a.request(f, method, branch, func(f flow) []byte { return frozen.build(f, method, branch, seq, m) }, took)
}

// okay is a 2xx to an INVITE that is repeated until its ACK comes (RFC 3261 section 13.3.1.4), on streams too: a proxy
// behind may use UDP.
type okay struct {
	flow     flow
	bytes    []byte
	timer    *time.Timer
	interval time.Duration
	deadline time.Time
}

// repeatOK starts repeating a 2xx. l.mu is held.
func (l *Leg) repeatOK(seq uint32, f flow, b []byte) {
	o := &okay{flow: f, bytes: b, interval: l.a.t1, deadline: time.Now().Add(giveUp * l.a.t1)}
	if l.okays == nil {
		l.okays = make(map[uint32]*okay, 1)
	}
	l.okays[seq] = o
	o.timer = time.AfterFunc(o.interval, func() { l.fireOK(seq) })
}

func (l *Leg) fireOK(seq uint32) {
	defer l.a.recovered("timer")
	l.mu.Lock()
	defer l.mu.Unlock()
	o := l.okays[seq]
	if o == nil || l.state == legOver {
		return
	}
	if now := time.Now(); now.Before(o.deadline) {
		o.flow.send(o.bytes)
		o.interval = min(2*o.interval, t2Factor*l.a.t1)
		o.timer.Reset(min(o.interval, o.deadline.Sub(now)))
		return
	}
	delete(l.okays, seq)
	if l.inv == inviteTheirs {
		l.inv = inviteNone
	}
	if l.byeing {
		l.sendBye(nil)
		return
	}
	l.emit(Event{Kind: KindAckTimeout})
}

// takeAck takes the ACK for one of our 2xx.
func (l *Leg) takeAck(p *packet) {
	if !l.matches(p) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	o := l.okays[p.cseq]
	if o == nil || l.state == legOver {
		return
	}
	o.timer.Stop()
	delete(l.okays, p.cseq)
	if l.inv == inviteTheirs {
		l.inv = inviteNone
	}
	if l.byeing {
		l.sendBye(nil)
		return
	}
	l.emit(Event{Kind: KindAcked, Message: p.message})
}
