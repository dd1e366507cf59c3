package sim

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"callbox/sip/agent"
)

// Dial is a call that a simulated centre makes.
type Dial struct {
	Centre string // the user part that the centre is called by
	URI    string // whom it calls: sip or sips, with the edge as its host
	About  string // the ID of the emergency call that it calls back about, "" for none
}

// What keeps a centre from calling.
var (
	ErrNoCentre = errors.New("there is no simulated call centre of this name")
	ErrBusy     = errors.New("the simulator has as many calls as it takes, or is going down")
)

// Dial has a centre call somebody back: it says who it is, then does what its script has for the time after the
// greeting. It returns the Call-ID of the centre's INVITE at once; what becomes of the call is in Calls.
func (s *Server) Dial(ctx context.Context, d Dial) (sipCallID string, err error) {
	script, ok := s.Script(d.Centre)
	if !ok {
		return "", ErrNoCentre
	}
	s.mu.Lock()
	a := s.agent
	s.mu.Unlock()
	if a == nil {
		return "", ErrBusy
	}
	route, err := a.Route(ctx, d.URI)
	if err != nil {
		return "", fmt.Errorf("call back: %w", err)
	}
	c := newSession(s, &agent.Incoming{
		RequestURI: agent.Address{User: d.Centre}, Local: netip.AddrPortFrom(route.Local, 0),
	}, callingBack(script), delivered{})
	c.info.Outgoing, c.info.Dialled = true, d.URI
	body, err := c.describe()
	if err != nil {
		c.closeMedia()
		return "", fmt.Errorf("call back: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.live) >= s.o.MaxCalls {
		c.closeMedia()
		return "", ErrBusy
	}
	c.info.Name = s.nameOf(d.Centre, script)
	m := withSDP(body).With("Priority", "psap-callback")
	if d.About != "" {
		m = m.With("X-Callbox-Call", d.About)
	}
	l := a.Dial(agent.Outgoing{Route: route, From: agent.Address{Scheme: "sip", User: d.Centre}, Message: m}, c.sink)
	c.leg, c.out = l, l
	c.info.SIPCallID, c.info.CallID = l.CallID(), l.CallID()
	s.live[c] = struct{}{}
	s.calls.Go(func() { c.run(s.ctx) })
	return c.info.SIPCallID, nil
}

// callingBack is what a centre with this script does when it calls.
func callingBack(s Script) Script {
	s.Answer, s.Service, s.ReadBack, s.EarlyMedia = OutcomeAnswer, "", false, false
	s.Greeting = "This is {name}. We are calling you again." // in words that the built-in voice has
	return s
}

// dialled takes what happens on a call that the centre makes.
func (c *session) dialled(e agent.Event) (over bool) {
	if id := e.Message.Get("X-Callbox-Call"); id != "" {
		c.server.mu.Lock() // others look for the call by its ID
		c.note(func(i *Call) { i.CallID = id })
		c.server.mu.Unlock()
	}
	switch e.Kind {
	case agent.KindProgress:
		c.acked(e.Message) // early media
	case agent.KindAnswered:
		c.offer.waiting = true // the answer may differ from what came early
		c.acked(e.Message)
		c.rang = true
		if d := c.script.HangUpAfter; d > 0 {
			c.hangUp = time.AfterFunc(d, func() { c.post(message{timer: timeoutHangUp}) })
		}
		c.note(func(i *Call) { i.State, i.AnsweredAt, i.Status = StateAnswered, time.Now(), e.Status })
		callID, ours, theirs := c.out.DialogID()
		c.consulted(&agent.Replaces{CallID: callID, ToTag: theirs, FromTag: ours}, "")
		return c.advance()
	case agent.KindFailed:
		c.consulted(nil, e.Reason)
		c.endedBy("caller", e.Status)
		return true
	}
	return false
}

// abandon gives up a call of the centre's that nobody has answered; the leg's KindFailed ends the session.
func (c *session) abandon() {
	c.endedBy("centre", 487)
	c.out.Cancel()
	c.wait(maxClosing, timeoutRefused)
}
