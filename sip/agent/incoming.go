package agent

import "strings"

// takeInvite makes an Incoming of an INVITE outside any dialog.
func (a *Agent) takeInvite(t *serverTx, f flow) {
	p := t.req
	if p.contact == "" && !strings.HasPrefix(p.via.branch, magicCookie) {
		p.contact = p.from.spec // RFC 2543 did without Contact
	}
	if p.contact == "" {
		a.answerFault(t, badRequest("no Contact header field: nothing could be sent within the call"))
		return
	}
	if a.early.take(t.key) {
		t.respond(487, "Request Terminated", "", Message{})
		return
	}
	t.respond(100, "Trying", "", Message{})
	target, err := parseURI(p.uri)
	if err != nil { // inspect has read it before
		t.respond(400, "Bad Request", "", Message{})
		return
	}
	in := &Incoming{
		CallID: p.callID, Source: f.remote, Local: f.local(a), Transport: f.transport,
		RequestURI: target.Address, From: p.from.uri.Address, To: p.to.uri.Address,
		Message: p.message, Proof: newProof(a.nonces, "INVITE", p.auth),
		invite: &serverInvite{agent: a, tx: t, flow: f},
	}
	ok := a.spawn(func() {
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
		t.respond(503, "Service Unavailable", "", Message{})
	}
}

// serverInvite is the transaction behind an Incoming.
type serverInvite struct {
	agent *Agent
	tx    *serverTx
	flow  flow
}

// Accept takes the INVITE: from here on its events go to sink, and its owner answers it with Leg.Progress,
// Leg.Answer or Leg.Reject. A CANCEL that came before is the first event.
func (in *Incoming) Accept(sink Sink) *Leg {
	return in.invite.agent.newServerLeg(in.invite, sink)
}

// Refuse answers with a final status of 300 or more. It blocks for nothing.
func (in *Incoming) Refuse(status int, reason string, headers ...Header) {
	in.invite.tx.respond(status, reason, "", Message{Headers: headers})
}

// Challenge answers 407, as Twilio does, with a fresh nonce for realm; it says stale when the credentials sent were
// right in form but too old.
func (in *Incoming) Challenge(realm string, headers ...Header) {
	stale := in.Proof != nil && in.Proof.Stale()
	h := append(in.invite.agent.challenges(realm, stale), headers...)
	in.invite.tx.respond(407, "Proxy Authentication Required", "", Message{Headers: h})
}
