package agent

import (
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// Registration is a REGISTER. Its owner must call Accept, Refuse or Challenge once, and soon: what comes again meanwhile is
// dropped, and 1024 at most may wait.
type Registration struct {
	Source     netip.AddrPort // where it really came from
	Local      netip.AddrPort // our address that it came to
	Transport  string         // udp, tcp, tls, ws or wss
	RequestURI Address
	From, To   Address // To is the AOR
	CallID     string
	CSeq       uint32
	Contacts   []Contact // none asks for the bindings that there are
	Star       bool      // Contact: *, which removes all
	Expires    int       // the header field in seconds, -1 for none
	Path       []string  // proxies on the way back, the first is the next hop (RFC 3327)
	Direct     bool      // it came straight from the phone, not through a proxy
	Supported  []string  // option tags
	UserAgent  string
	Proof      *Proof // digest credentials that can be used, nil for none

	// Again tells that this very request was accepted a moment ago and comes once more, since the answer got lost: it is to be
	// answered with what there is, and to change nothing. Its proof was used up by then.
	Again bool

	agent    *Agent
	flow     flow
	packet   *packet
	flaw     string
	key      string
	answered atomic.Bool
}

// maxRegisters bounds the REGISTERs whose owner has not answered yet.
const maxRegisters = 1024

// registers is what the agent knows of REGISTERs. They have no transactions: one that is repeated is told by what is kept
// here, in bounded memory however many phones there are.
type registers struct {
	mu       sync.Mutex
	pending  map[string]struct{}
	accepted *turnedAway // for 32 s, those that came by UDP
}

func newRegisters() registers {
	return registers{pending: make(map[string]struct{}), accepted: newTurnedAway()}
}

// begin notes that a REGISTER is with its owner: busy where it is already, full where there is no room.
func (r *registers) begin(key string) (busy, full bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, busy = r.pending[key]; busy || len(r.pending) >= maxRegisters {
		return busy, !busy
	}
	r.pending[key] = struct{}{}
	return false, false
}

func (r *registers) end(key string) {
	r.mu.Lock()
	delete(r.pending, key)
	r.mu.Unlock()
}

// takeRegister hands a REGISTER to Options.OnRegister.
func (a *Agent) takeRegister(f flow, p *packet) {
	if a.opts.OnRegister != nil && a.tooLateToRegister(f, p) {
		a.shedRegister(f, p)
		return
	}
	r, fl := a.newRegistration(f, p)
	switch {
	case fl != nil:
		a.strikes.add(f.remote.Addr())
		a.refuse(f, p, fl)
		return
	case a.opts.OnRegister == nil:
		a.reply(f, p, "", 405, "Method Not Allowed", Message{}.With("Allow", allow))
		return
	}
	switch busy, full := a.registers.begin(r.key); {
	case busy:
		return
	case full:
		a.shedRegister(f, p)
		return
	}
	a.waiting.Add(1)
	ok := a.spawn(func() {
		a.waiting.Add(-1)
		defer a.recovered("register")
		taken := false
		defer func() {
			if !taken { // OnRegister panicked
				r.Refuse(500, "Server Internal Error")
			}
		}()
		a.opts.OnRegister(r)
		taken = true
	})
	if !ok {
		a.waiting.Add(-1)
		a.registers.end(r.key)
	}
}

func (a *Agent) shedRegister(f flow, p *packet) {
	a.count.shed.Add(1)
	a.reply(f, p, "", 503, "Service Unavailable", Message{Headers: tooMany(uint64(p.cseq))})
}

// tooLateToRegister is tooLate for a REGISTER, which is never urgent.
func (a *Agent) tooLateToRegister(f flow, p *packet) bool {
	if p.judged {
		return false
	}
	if a.strikes.out(f.remote.Addr()) && !a.provesAny(p.auth, f.remote.Addr()) {
		return a.crowded(rankStruck, p.waited)
	}
	return a.busy(p.waited) && a.crowded(rankOther, p.waited)
}

// newRegistration reads a REGISTER.
func (a *Agent) newRegistration(f flow, p *packet) (*Registration, *fault) {
	target, err := parseURI(p.uri)
	if err != nil {
		return nil, badRequest("the Request-URI cannot be read")
	}
	r := &Registration{
		Source: f.remote, Local: f.local(a), Transport: f.transport, RequestURI: target.Address,
		From: p.from.uri.Address, To: p.to.uri.Address, CallID: p.callID, CSeq: p.cseq, Expires: -1,
		Direct: len(p.vias) == 1, agent: a, flow: f, packet: p,
	}
	var fl *fault
	if r.Contacts, r.Star, fl = parseContacts(p.contacts); fl != nil {
		return nil, fl
	}
	for _, h := range p.message.Headers {
		if fl = r.header(h); fl != nil {
			return nil, fl
		}
	}
	if r.Star && r.Expires != 0 {
		return nil, badRequest("Contact: * needs Expires: 0")
	}
	// To belongs to it: who registers as one user must not be shown another's bindings as those of a request repeated.
	r.key = serverKey(p) + " " + p.callID + " " + strconv.FormatUint(uint64(p.cseq), 10) + " " + f.remote.String() + " " + r.To.String()
	r.Again = !f.reliable() && a.registers.accepted.has(f.remote, []byte(r.key))
	r.Proof, r.flaw = r.agent.credentials(f, p)
	return r, nil
}

// header takes one of the header fields that a registrar looks at.
func (r *Registration) header(h Header) *fault {
	switch strings.ToLower(h.Name) {
	case "expires":
		n, ok := parseExpires(h.Value)
		if !ok {
			return badRequest("Expires cannot be read: it is a number of seconds")
		}
		r.Expires = n
	case "supported":
		r.Supported = append(r.Supported, splitList(h.Value)...)
	case "user-agent":
		r.UserAgent = h.Value[:min(len(h.Value), 128)]
	case "path":
		for _, v := range splitList(h.Value) {
			if _, err := parseParty(v); err != nil || len(r.Path) == maxPath {
				return badRequest("Path cannot be read, or has more than %d values", maxPath)
			}
			r.Path = append(r.Path, v)
		}
	}
	return nil
}

// maxPath bounds the proxies on the way back to a phone.
const maxPath = 8

// Flaw says what is wrong with the credentials that came where none could be used, "" else.
func (r *Registration) Flaw() string { return r.flaw }

// Supports tells whether the phone has named an option tag.
func (r *Registration) Supports(tag string) bool {
	for _, s := range r.Supported {
		if strings.EqualFold(s, tag) {
			return true
		}
	}
	return false
}

// Challenge answers 401 with a fresh nonce for realm, for each algorithm (RFC 8760); see Incoming.Challenge.
func (r *Registration) Challenge(realm string, headers ...Header) {
	stale := r.Proof != nil && r.Proof.Stale()
	h := r.agent.challenges("WWW-Authenticate", realm, r.packet, r.Source.Addr(), stale, r.flaw)
	r.answer(401, "Unauthorized", "", append(h, headers...))
	r.agent.strikes.add(r.Source.Addr())
}

// Refuse answers with a final status of 300 or more.
func (r *Registration) Refuse(status int, reason string, headers ...Header) {
	r.answer(status, reason, "", headers)
	if status == 403 || status == 404 {
		r.agent.strikes.add(r.Source.Addr())
	}
}

// Accept answers 200 with all bindings that the AOR has now. The phone's connection is kept from then on.
func (r *Registration) Accept(bindings []Contact, headers ...Header) {
	if !r.flow.reliable() {
		r.agent.registers.accepted.add(r.Source, []byte(r.key))
	}
	values := make([]string, len(bindings))
	longest := 0
	for i, b := range bindings {
		values[i] = b.String()
		longest = max(longest, b.Expires)
	}
	if len(r.Path) > 0 {
		headers = append(headers, Header{"Path", strings.Join(r.Path, ", ")})
	}
	r.agent.streams.keep(r.flow.stream)
	r.flow.stream.lastFor(longest)
	r.answer(200, "OK", strings.Join(values, ", "), headers)
	r.agent.strikes.forgive(r.Source.Addr())
}

// answer answers once.
func (r *Registration) answer(status int, reason, contact string, headers []Header) {
	if r.answered.Swap(true) {
		return
	}
	a := r.agent
	a.registers.end(r.key)
	back := replyFlow(r.flow, r.packet)
	if err := back.send(a.response(back, r.packet, a.replyTag(r.packet), status, reason, contact, Message{Headers: headers})); err != nil {
		a.log.Debug().Err(err).Int("sip_status", status).Msg("answer not sent")
	}
}
