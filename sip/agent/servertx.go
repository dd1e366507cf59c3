package agent

import (
	"strconv"
	"sync"
	"time"
)

// The timers of RFC 3261 section 17, as multiples of T1.
const (
	defaultT1 = 500 * time.Millisecond
	t2Factor  = 8   // T2, the largest retransmission interval: 4 s
	t4Factor  = 10  // T4, how long a message stays in the network: 5 s
	giveUp    = 64  // timers B, F, H, J, L and M: 32 s
	timerC    = 360 // how long an INVITE that rang may stay unanswered: 180 s
)

type txState uint8

const (
	txTrying txState = iota // server: no final answer yet; client: nothing came yet
	txProceeding
	txAccepted  // an INVITE has its 2xx (RFC 6026)
	txCompleted // a final answer was given or taken
	txConfirmed // the ACK for a failing INVITE came
	txGone
)

// serverTx is a server transaction (RFC 3261 section 17.2, RFC 6026). It absorbs retransmissions and repeats final
// answers of 300 and more to an INVITE; a 2xx is repeated by the leg.
type serverTx struct {
	a        *Agent
	key      string
	method   string
	cseq     uint32
	flow     flow // where answers go
	toTag    string
	mergeKey string // see merge; guarded by Agent.txMu
	refusal  int    // its place among the refusals if it is there; guarded by refusals.mu

	mu       sync.Mutex
	state    txState
	req      *packet // until its final answer is given
	last     []byte  // the last answer sent
	timer    *time.Timer
	interval time.Duration
	deadline time.Time
	onCancel func(Message) // set by the owner of a pending INVITE
	canceled *packet       // the CANCEL that came
}

// serverKey identifies a server transaction (RFC 3261 section 17.2.3); an ACK or CANCEL has its INVITE's.
func serverKey(p *packet) string {
	method := p.method
	if method == "ACK" || method == "CANCEL" {
		method = "INVITE"
	}
	if len(p.via.branch) > len(magicCookie) && p.via.branch[:len(magicCookie)] == magicCookie {
		return p.via.branch + " " + p.via.host + ":" + portString(p.via.port) + " " + method
	}
	// RFC 2543: no unique branch, so what stays the same over retransmissions.
	return p.callID + " " + p.from.tag + " " + strconv.FormatUint(uint64(p.cseq), 10) + " " + p.via.host + " " + method + " " + p.uri
}

// newServerTx registers a transaction for p, or returns the existing one and false.
func (a *Agent) newServerTx(f flow, p *packet) (*serverTx, bool) {
	key := serverKey(p)
	a.txMu.Lock()
	defer a.txMu.Unlock()
	if t := a.serverTxs[key]; t != nil {
		return t, false
	}
	t := &serverTx{a: a, key: key, method: p.method, cseq: p.cseq, req: p, flow: replyFlow(f, p), toTag: p.to.tag}
	if t.toTag == "" {
		t.toTag = newTag()
	}
	a.serverTxs[key] = t
	return t, true
}

func (a *Agent) findServerTx(p *packet) *serverTx {
	key := serverKey(p)
	a.txMu.Lock()
	defer a.txMu.Unlock()
	return a.serverTxs[key]
}

func (t *serverTx) invite() bool { return t.method == "INVITE" }

// respond sends an answer; it returns false when a final one was given before.
func (t *serverTx) respond(status int, reason, contact string, m Message) bool {
	_, ok := t.respondBytes(status, reason, contact, m)
	return ok
}

func (t *serverTx) respondBytes(status int, reason, contact string, m Message) ([]byte, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state >= txAccepted {
		return nil, false
	}
	b := t.a.response(t.flow, t.req, t.toTag, status, reason, contact, m)
	t.last = b
	silent := t.state == txTrying
	switch {
	case status < 200:
		t.state = txProceeding
	case t.invite() && status < 300:
		t.state, t.last = txAccepted, nil // the leg repeats it
		t.end(giveUp * t.a.t1)
	case t.invite():
		t.state = txCompleted
		t.unmerge()
		t.deadline = time.Now().Add(giveUp * t.a.t1)
		t.interval = t.a.t1
		if silent || t.flow.reliable() {
			// Whoever has heard nothing yet repeats its INVITE and so hears this again; repeating it unasked would
			// let a forged source point us at somebody (RFC 3261 section 26.3.2.4).
			t.interval = 0
			t.arm(giveUp * t.a.t1)
		} else {
			t.arm(t.interval)
		}
	default:
		t.state = txCompleted
		t.end(giveUp * t.a.t1)
	}
	if status >= 200 {
		// An answered transaction must not hold on to its request, nor to the call that it made.
		t.req, t.onCancel, t.canceled = nil, nil, nil
	}
	if err := t.flow.send(b); err != nil {
		t.a.log.Debug().Err(err).Int("sip_status", status).Msg("answer not sent")
	}
	return b, true
}

// end lets the transaction live on to absorb retransmissions; on a stream there are none.
func (t *serverTx) end(after time.Duration) {
	if t.flow.reliable() && t.state != txAccepted {
		t.gone()
		return
	}
	t.deadline = time.Now().Add(after)
	t.interval = 0
	t.arm(after)
}

func (t *serverTx) arm(d time.Duration) {
	if t.timer == nil {
		t.timer = time.AfterFunc(d, t.fire)
		return
	}
	t.timer.Reset(d)
}

// fire repeats a failing final answer to an INVITE (timer G) or ends the transaction (H, I, J, L).
func (t *serverTx) fire() {
	defer t.a.recovered("timer")
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	switch {
	case t.state == txGone:
	case !now.Before(t.deadline):
		t.gone()
	case t.interval == 0 || t.state != txCompleted: // it was on its way when an ACK came
		t.arm(t.deadline.Sub(now))
	default:
		t.flow.send(t.last)
		t.interval = min(2*t.interval, t2Factor*t.a.t1)
		t.arm(min(t.interval, t.deadline.Sub(now)))
	}
}

// gone forgets the transaction. t.mu is held.
func (t *serverTx) gone() {
	t.state = txGone
	if t.timer != nil {
		t.timer.Stop()
	}
	t.unmerge()
	if t.invite() {
		t.a.refused.remove(t)
	}
	t.a.txMu.Lock()
	if t.a.serverTxs[t.key] == t {
		delete(t.a.serverTxs, t.key)
	}
	t.a.txMu.Unlock()
}

// over tells whether the transaction is forgotten.
func (t *serverTx) over() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state == txGone
}

// again takes a retransmitted request. One that nobody has said anything to yet hears 100 if it is an INVITE (RFC 3261
// section 17.2.1).
func (t *serverTx) again() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last == nil && t.state == txTrying && t.invite() {
		t.state, t.last = txProceeding, t.a.response(t.flow, t.req, t.toTag, 100, "Trying", "", Message{})
	}
	if t.last != nil && (t.state == txProceeding || t.state == txCompleted) {
		t.flow.send(t.last)
	}
}

// acked takes an ACK that matches the transaction; it returns false when the ACK is for a 2xx, the dialog's business.
func (t *serverTx) acked() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch t.state {
	case txAccepted:
		return false
	case txCompleted:
		t.state = txConfirmed
		if t.flow.reliable() {
			t.gone()
		} else {
			t.end(t4Factor * t.a.t1)
		}
	}
	return true
}

// cancel takes the CANCEL for a pending INVITE: its owner is told, once, and answers it. A final answer given before
// wins.
func (t *serverTx) cancel(p *packet) {
	t.mu.Lock()
	if t.state >= txAccepted || t.canceled != nil {
		t.mu.Unlock()
		return
	}
	t.canceled = p
	f := t.onCancel
	t.mu.Unlock()
	if f != nil {
		f(p.message)
	}
}

// watchCancel sets what a CANCEL calls. One that came already is returned, and calls nothing.
func (t *serverTx) watchCancel(f func(Message)) (came *packet) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.onCancel = f
	if t.state < txAccepted {
		came = t.canceled
	}
	return came
}

// shed forgets a refused INVITE before its time.
func (t *serverTx) shed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state == txCompleted {
		t.gone()
	}
}

// stop ends the transaction when the agent closes.
func (t *serverTx) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gone()
}
