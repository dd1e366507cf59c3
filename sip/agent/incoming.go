package agent

import (
	"hash/maphash"
	"strings"
	"sync"
)

// takeInvite makes an Incoming of an INVITE outside any dialog.
func (a *Agent) takeInvite(f flow, p *packet) {
	if p.contact == "" && !strings.HasPrefix(p.via.branch, magicCookie) {
		p.contact = p.from.spec // RFC 2543 did without Contact
	}
	if p.contact == "" {
		a.refuse(f, p, badRequest("no Contact header field: nothing could be sent within the call"))
		return
	}
	target, err := parseURI(p.uri)
	if err != nil { // inspect has read it before
		return
	}
	if a.tooLate(f, p, target) {
		a.count.shed.Add(1)
		a.reply(f, p, "", 503, "Service Unavailable", Message{Headers: tooMany(maphash.String(a.seed, p.via.branch))})
		return
	}
	t, isNew := a.newServerTx(f, p)
	if !isNew {
		t.again()
		return
	}
	if a.early.take(a.earlyKey(f, p)) {
		t.respond(487, "Request Terminated", "", Message{})
		return
	}
	if !a.merge(t, p) {
		t.respond(482, "Loop Detected", "", Message{Headers: []Header{warning("a copy of this INVITE came another way and is taken")}})
		return
	}
	proof, flaw := a.credentials(f, p)
	in := &Incoming{
		CallID: p.callID, Source: f.remote, Local: f.local(a), Transport: f.transport, MaxForwards: p.maxForwards,
		RequestURI: target.Address, From: p.from.uri.Address, To: p.to.uri.Address, Contact: p.contact, Route: p.route,
		Message: p.message, Peer: f.peer(), Proof: proof, Replaces: a.replacesIn(p),
		invite: &serverInvite{agent: a, tx: t, flow: f, packet: p, flaw: flaw},
	}
	if in.MaxForwards < 0 {
		in.MaxForwards = usualHops
	}
	a.waiting.Add(1)
	ok := a.spawn(func() {
		a.waiting.Add(-1)
		grow(0)
		defer a.recovered("invite")
		taken := false
		defer func() {
			if !taken { // OnInvite panicked: the caller must not be left waiting
				t.respond(500, "Server Internal Error", "", Message{})
			}
		}()
		a.opts.OnInvite(in)
		taken = true
	})
	if !ok {
		a.waiting.Add(-1)
		t.respond(503, "Service Unavailable", "", Message{})
	}
}

// grow makes room on the stack for what a call needs. The stack of a new goroutine doubles on the way there, and is copied
// and adjusted each time, frame by frame: here it is empty yet.
//
//go:noinline
func grow(i int) byte {
	var room [12 << 10]byte
	return room[i]
}

// serverInvite is the transaction behind an Incoming.
type serverInvite struct {
	agent  *Agent
	tx     *serverTx
	flow   flow
	packet *packet
	flaw   string // what is wrong with the credentials, see newProof
	mark   []Header
}

// Mark sets header fields for the answers that the agent gives by itself once the INVITE is accepted: 487 to an INVITE
// that was cancelled. It comes before Accept.
func (in *Incoming) Mark(headers ...Header) { in.invite.mark = headers }

// Flaw says what is wrong with the credentials that came where none could be used, "" else.
func (in *Incoming) Flaw() string { return in.invite.flaw }

// Accept takes the INVITE and answers 100: from here on its events go to sink, and its owner answers it with
// Leg.Progress, Leg.Answer or Leg.Reject. A CANCEL that came before is the first event.
func (in *Incoming) Accept(sink Sink) *Leg {
	return in.invite.agent.newServerLeg(in.invite, sink)
}

// Refuse answers with a final status of 300 or more. It blocks for nothing. The answer is repeated when the INVITE is,
// not unasked.
func (in *Incoming) Refuse(status int, reason string, headers ...Header) {
	i := in.invite
	i.agent.strikes.add(i.flow.remote.Addr())
	if i.tx.respond(status, reason, "", Message{Headers: headers}) {
		i.agent.refused.add(i.tx)
	}
}

// Challenge answers 407, as Twilio does, with a fresh nonce for realm; it says stale when the credentials sent were
// right in form but too old, or were used before, and in words what is wrong with those that could not be used.
func (in *Incoming) Challenge(realm string, headers ...Header) {
	stale := in.Proof != nil && in.Proof.Stale()
	h := append(in.invite.agent.challenges("Proxy-Authenticate", realm, in.invite.packet, in.Source.Addr(), stale, in.invite.flaw), headers...)
	in.Refuse(407, "Proxy Authentication Required", h...)
}

// maxRefused bounds the refused INVITEs that are remembered: anybody can have an INVITE refused.
const maxRefused = 16384

// refusals remembers which INVITEs were refused, the oldest first, and forgets that one when there are too many. When
// it is repeated after that, it is decided anew. Transactions that have ended by themselves are not held.
type refusals struct {
	mu   sync.Mutex
	ring []*serverTx
	next int
}

func (r *refusals) add(t *serverTx) {
	r.mu.Lock()
	if r.ring == nil {
		r.ring = make([]*serverTx, maxRefused)
	}
	old := r.ring[r.next]
	r.ring[r.next], t.refusal = t, r.next
	r.next = (r.next + 1) % len(r.ring)
	r.mu.Unlock()
	if old != nil {
		old.shed()
	}
	if t.over() { // its ACK was faster
		r.remove(t)
	}
}

// remove lets go of a transaction that has ended.
func (r *refusals) remove(t *serverTx) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ring != nil && r.ring[t.refusal] == t {
		r.ring[t.refusal] = nil
	}
}
