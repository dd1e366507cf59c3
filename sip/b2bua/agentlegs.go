package b2bua

import (
	"context"

	"callbox/sip/agent"
)

// leg is what a call needs of one of its legs; *agent.Leg is one.
type leg interface {
	CallID() string
	DialogID() (callID, localTag, remoteTag string)
	Progress(status int, reason string, m agent.Message)
	Answer(m agent.Message)
	Reject(status int, reason string, headers ...agent.Header)
	Ack(m agent.Message)
	Prack(fork string, m agent.Message)
	Cancel(headers ...agent.Header)
	Bye(headers ...agent.Header)
	Send(method string, m agent.Message) (id uint32)
	CancelSend(id uint32)
}

// request is a request within a dialog that waits for its answer. Two of the same request compare equal.
type request interface {
	method() string
	cseq() uint32
	message() agent.Message
	Respond(status int, reason string, m agent.Message)
}

// invite is an INVITE that has not been taken yet.
type invite interface {
	accept(sink func(event), marks ...agent.Header) leg // marks go on the answers the agent gives by itself
	Refuse(status int, reason string, headers ...agent.Header)
	Challenge(realm string, headers ...agent.Header)
}

// dialer makes the legs to the call centres.
type dialer interface {
	Route(ctx context.Context, uri string) (agent.Route, error)
	dial(o agent.Outgoing, sink func(event)) leg
}

// The adapters below are all that knows the agent's concrete types: the agent hands out *agent.Leg and *agent.Request,
// where the state machine takes the interfaces above so that tests can play the peers.

type agentDialer struct{ *agent.Agent }

func (a agentDialer) dial(o agent.Outgoing, sink func(event)) leg { return a.Dial(o, adapt(sink)) }

type agentInvite struct{ *agent.Incoming }

func (in agentInvite) accept(sink func(event), marks ...agent.Header) leg {
	in.Mark(marks...)
	return in.Accept(adapt(sink))
}

type agentRequest struct{ *agent.Request }

func (r agentRequest) method() string         { return r.Method }
func (r agentRequest) cseq() uint32           { return r.CSeq }
func (r agentRequest) message() agent.Message { return r.Message }

func adapt(sink func(event)) agent.Sink {
	return func(e agent.Event) {
		ev := event{
			kind: e.Kind, id: e.ID, status: e.Status, reason: e.Reason, local: e.Local, cause: e.Cause,
			contact: e.Contact, fork: e.Fork, offer: e.Offer, message: e.Message,
		}
		if e.Leg != nil {
			ev.leg = e.Leg
		}
		if e.Request != nil {
			ev.request = agentRequest{e.Request}
		}
		sink(ev)
	}
}
