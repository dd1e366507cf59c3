package agent

import (
	"strings"
	"sync"
	"time"
)

// clientTx is a client transaction (RFC 3261 section 17.1, RFC 6026).
type clientTx struct {
	a       *Agent
	key     string
	method  string
	flow    flow
	request []byte
	// took takes each answer, in order: provisional ones, the final one, and repeated or forked 2xx to an INVITE. With
	// nil, nothing usable came: status says 408 for silence, 503 for a transport that failed.
	took func(p *packet, status int)

	mu            sync.Mutex
	state         txState
	ack           []byte // for a final answer of 300 or more
	timer         *time.Timer
	interval      time.Duration
	deadline      time.Time
	cancelWaits   bool // CANCEL is to be sent when a 1xx comes
	canceled      bool // CANCEL was sent
	cancelHeaders []Header
	cause         error // of a failure on this side
}

// safeUDP is the largest request that goes by UDP unasked (RFC 3261 section 18.1.1, path MTU unknown).
const safeUDP = 1300

// newClientTx registers a transaction that has sent nothing yet.
func (a *Agent) newClientTx(method, branch string, took func(*packet, int)) *clientTx {
	t := &clientTx{a: a, key: branch + " " + method, method: method, took: took}
	a.txMu.Lock()
	a.clientTxs[t.key] = t
	a.txMu.Unlock()
	return t
}

// request starts a client transaction. It returns at once; see send.
func (a *Agent) request(f flow, method, branch string, build func(f flow) []byte, took func(*packet, int)) *clientTx {
	t := a.newClientTx(method, branch, took)
	t.send(f, build)
	return t
}

// send sends the request: build writes it for the flow it goes by, with the transaction's branch in its Via. One too
// large for UDP goes by TCP if the peer takes that, and a flow without a connection gets one; both elsewhere, so that
// nothing waits here. took is never called before send returns.
func (t *clientTx) send(f flow, build func(f flow) []byte) {
	t.mu.Lock() // streamLost looks at every transaction
	t.flow = f
	t.mu.Unlock()
	if f.transport != "udp" && f.stream == nil {
		t.later(func() { t.dialThenStart(f, build) })
		return
	}
	b := build(f)
	if f.transport == "udp" && len(b) > safeUDP && !t.a.refusesTCP(f.remote) {
		t.later(func() { t.startByTCP(f, build, b) })
		return
	}
	if err := t.start(f, b); err != nil {
		t.later(func() { t.fail(503, err) })
	}
}

func (t *clientTx) later(f func()) {
	t.a.spawn(func() {
		defer t.a.recovered("request")
		f()
	})
}

// startByTCP sends a large request by TCP, or after all by UDP when the peer takes no TCP.
func (t *clientTx) startByTCP(f flow, build func(f flow) []byte, udp []byte) {
	tcp := flow{transport: "tcp", remote: f.remote}
	var err error
	if tcp.stream, err = t.a.dial(t.a.ctx, "tcp", f.remote, f.hostname()); err == nil {
		err = t.start(tcp, build(tcp))
	} else {
		t.a.noteTCPRefused(f.remote)
		err = t.start(f, udp)
	}
	if err != nil {
		t.fail(503, err)
	}
}

// dialThenStart makes the connection that a request needs, then sends it.
func (t *clientTx) dialThenStart(f flow, build func(f flow) []byte) {
	var err error
	if f.stream, err = t.a.dial(t.a.ctx, f.transport, f.remote, f.hostname()); err == nil {
		err = t.start(f, build(f))
	}
	if err != nil {
		t.a.log.Debug().Err(err).Str("remote", f.remote.String()).Msg("request not sent")
		t.fail(503, err)
	}
}

// start writes the request and starts the timers.
func (t *clientTx) start(f flow, b []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state == txGone {
		return nil
	}
	t.flow, t.request = f, b
	t.deadline = time.Now().Add(giveUp * t.a.t1)
	t.interval = t.a.t1
	if f.reliable() {
		t.interval = giveUp * t.a.t1
		f.stream.requests.Store(true)
	}
	t.timer = time.AfterFunc(t.interval, t.fire)
	return f.send(b)
}

// fire repeats the request (timers A and E), gives up (B, C and F), or forgets the transaction (D, K and M).
func (t *clientTx) fire() {
	defer t.a.recovered("timer")
	t.mu.Lock()
	now := time.Now()
	switch {
	case t.state == txGone:
		t.mu.Unlock()
	case !now.Before(t.deadline):
		t.expire()
	case t.state >= txAccepted: // it was on its way when the answer came
		t.timer.Reset(t.deadline.Sub(now))
		t.mu.Unlock()
	default:
		if t.state == txTrying || t.method != "INVITE" {
			t.repeat()
		} else {
			t.interval = t.deadline.Sub(now)
		}
		t.timer.Reset(min(t.interval, t.deadline.Sub(now)))
		t.mu.Unlock()
	}
}

// repeat sends the request again on UDP and doubles the interval.
func (t *clientTx) repeat() {
	if !t.flow.reliable() {
		t.flow.send(t.request)
	}
	t.interval *= 2
	if t.method != "INVITE" {
		t.interval = min(t.interval, t2Factor*t.a.t1)
	}
}

// expire ends a transaction whose time is over, and unlocks t.mu. An INVITE that rang (timer C) is cancelled, and its
// transaction waits for what crosses the CANCEL: a 2xx must still be acknowledged and ended (RFC 3261 section 16.8).
func (t *clientTx) expire() {
	rang := t.method == "INVITE" && t.state == txProceeding && !t.canceled
	waiting := t.state < txAccepted
	if !rang {
		t.gone()
	}
	t.mu.Unlock()
	if rang {
		t.sendCancel(nil)
	}
	if waiting {
		t.took(nil, 408)
	}
}

// answer takes a response.
func (t *clientTx) answer(p *packet) {
	t.mu.Lock()
	switch {
	case t.state == txGone || t.timer == nil:
		t.mu.Unlock()
		return
	case t.state == txCompleted: // a retransmission: the ACK was lost
		if t.ack != nil {
			t.flow.send(t.ack)
		}
		t.mu.Unlock()
		return
	case t.state == txAccepted && p.status >= 300, t.state == txAccepted && p.status < 200:
		t.mu.Unlock()
		return
	case p.status < 200:
		if t.method == "INVITE" && !t.canceled && (t.state == txTrying || p.status > 100) { // RFC 3261 section 16.7
			t.deadline = time.Now().Add(timerC * t.a.t1)
			t.timer.Reset(timerC * t.a.t1)
		}
		t.state = txProceeding
	case t.method == "INVITE" && p.status < 300:
		if t.state != txAccepted {
			t.linger(txAccepted, giveUp*t.a.t1)
		}
	case t.method == "INVITE":
		t.ack = t.ackFor(p)
		t.flow.send(t.ack)
		t.linger(txCompleted, giveUp*t.a.t1)
	default:
		t.linger(txCompleted, t4Factor*t.a.t1)
	}
	cancel := t.cancelWaits && t.state == txProceeding
	t.cancelWaits = t.cancelWaits && !cancel
	t.mu.Unlock()
	if cancel {
		t.sendCancel(t.cancelHeaders)
	}
	t.took(p, p.status)
}

// linger keeps the transaction for answers that come again. The request is not needed any more.
func (t *clientTx) linger(s txState, d time.Duration) {
	t.state, t.request = s, nil
	if t.flow.reliable() && s == txCompleted {
		t.gone()
		return
	}
	t.deadline = time.Now().Add(d)
	t.timer.Reset(d)
}

// fail ends the transaction without an answer.
func (t *clientTx) fail(status int, cause error) {
	t.mu.Lock()
	t.cause = cause
	waiting := t.state < txAccepted
	t.gone()
	t.mu.Unlock()
	if waiting {
		t.took(nil, status)
	}
}

// sendCancel sends the CANCEL of this INVITE in a transaction of its own, by the way the INVITE went, and shortens the
// wait for the INVITE's answer. Before a 1xx it waits for one (RFC 3261 section 9.1).
func (t *clientTx) sendCancel(headers []Header) {
	t.mu.Lock()
	if t.state >= txAccepted || t.canceled {
		t.mu.Unlock()
		return
	}
	if t.state == txTrying {
		t.cancelWaits, t.cancelHeaders = true, headers
		t.mu.Unlock()
		return
	}
	t.canceled = true
	t.deadline = time.Now().Add(giveUp * t.a.t1)
	t.timer.Reset(giveUp * t.a.t1)
	f := t.flow
	b := t.derive("CANCEL", "", headers)
	t.mu.Unlock()
	branch, _, _ := strings.Cut(t.key, " ")
	t.a.request(f, "CANCEL", branch, func(flow) []byte { return b }, func(*packet, int) {})
}

// gone forgets the transaction. t.mu is held.
func (t *clientTx) gone() {
	t.state = txGone
	if t.timer != nil {
		t.timer.Stop()
	}
	t.a.txMu.Lock()
	delete(t.a.clientTxs, t.key)
	t.a.txMu.Unlock()
}

// ackFor writes the ACK for a final answer of 300 or more: the INVITE's own lines with the answer's To (RFC 3261
// section 17.1.1.3).
func (t *clientTx) ackFor(p *packet) []byte { return t.derive("ACK", p.to.raw, nil) }

// derive writes the ACK or CANCEL of this INVITE: same Request-URI, top Via, From, To, Call-ID, CSeq number and Route.
func (t *clientTx) derive(method, to string, headers []Header) []byte {
	var w writer
	head, _, _ := strings.Cut(string(t.request), "\r\n\r\n")
	first, rest, _ := strings.Cut(head, "\r\n")
	_, first, _ = strings.Cut(first, " ")
	w.line(method, " ", first)
	for line := range strings.SplitSeq(rest, "\r\n") {
		name, value, _ := strings.Cut(line, ": ")
		switch name {
		case "Via", "From", "Call-ID", "Max-Forwards", "Route":
			w.line(line)
		case "To":
			if to != "" {
				value = to
			}
			w.field("To", value)
		case "CSeq":
			n, _, _ := strings.Cut(value, " ")
			w.field("CSeq", n+" "+method)
		}
	}
	w.fields(headers)
	return w.body(Message{})
}

// streamLost fails the transactions that wait for an answer on a connection that closed.
func (a *Agent) streamLost(s *stream) {
	a.txMu.Lock()
	var lost []*clientTx
	for _, t := range a.clientTxs {
		lost = append(lost, t)
	}
	a.txMu.Unlock()
	for _, t := range lost {
		t.mu.Lock()
		mine := t.flow.stream == s && t.state < txAccepted
		t.mu.Unlock()
		if mine {
			t.fail(503, errFlowGone)
		}
	}
}

// stop ends the transaction when the agent closes.
func (t *clientTx) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gone()
}

// failure says in words why nothing came.
func (t *clientTx) failure(status int) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.cause != nil:
		return t.cause.Error()
	case status == 408:
		return "no answer from " + t.flow.remote.String()
	}
	return ""
}
