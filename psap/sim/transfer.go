package sim

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"callbox/sip/agent"
)

// Transfer is where the agent of a simulated centre sends a caller.
type Transfer struct {
	To       string        // user part of Refer-To: the ID of a call centre in the edge's directory
	URI      string        // where the agent calls that centre for an attended transfer; "" is a centre of this simulator
	After    time.Duration // from the answer on; 0: only when it is asked for
	Attended bool          // the agent calls it first and has that call replaced (RFC 5589 section 7)
	HangUp   bool          // the agent hangs up once REFER was accepted
}

// ErrNoCall is returned where a centre does not speak on a call.
var ErrNoCall = errors.New("the simulated call centre does not speak on this call")

// ErrTransferring is returned where the call is being transferred already.
var ErrTransferring = errors.New("the simulated call centre is transferring this call already")

// Transfer has a centre send the caller of a call that it has answered to another. What comes of it is in Calls.
func (s *Server) Transfer(callID, centre string, t Transfer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.live {
		if c.info.CallID == callID && c.info.Centre == centre && c.out == nil && c.talking() {
			if c.move(true) {
				return ErrTransferring
			}
			c.post(message{transfer: &t})
			return nil
		}
	}
	return ErrNoCall
}

// talking tells whether the call is answered and nobody has hung up.
func (c *session) talking() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.info.State == StateAnswered && c.info.EndedBy == ""
}

// move says whether a transfer is under way from now on, and returns whether one was.
func (c *session) move(now bool) (before bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, c.moving = c.moving, now
	return before
}

// referral is a transfer under way.
type referral struct {
	Transfer
	request uint32   // ID of the REFER, 0 before
	consult *session // the agent's call to the other centre, nil for none
}

// transfer begins a transfer, by a call to the other centre where it is attended.
func (c *session) transfer(t Transfer) {
	if c.referring != nil {
		return
	}
	if c.info.State != StateAnswered || c.out != nil {
		c.move(false)
		return
	}
	c.move(true)
	c.referring = &referral{Transfer: t}
	if !t.Attended {
		c.refer(nil)
		return
	}
	uri := cmp.Or(t.URI, "sip:"+t.To+"@"+c.server.Addr().String())
	consult, err := c.server.consult(c, uri)
	if err != nil {
		c.referred("consultation failed: " + err.Error())
		return
	}
	c.referring.consult = consult
}

// refer sends the REFER.
func (c *session) refer(replaces *agent.Replaces) {
	to := agent.Address{Scheme: "sip", User: c.referring.To, Host: c.peer.Addr().Unmap().String(), Port: c.peer.Port()}
	value := "<" + to.String() + ">"
	if replaces != nil {
		value = "<" + to.String() + "?" + replaces.Escaped() + ">"
	}
	by := agent.Address{Scheme: "sip", User: c.info.Centre, Host: c.offer.local.String()}
	c.note(func(i *Call) { i.TransferTo, i.Transfer = c.referring.To, "" })
	c.referring.request = c.leg.Send("REFER", agent.Message{Headers: []agent.Header{
		{Name: "Refer-To", Value: value}, {Name: "Referred-By", Value: "<" + by.String() + ">"},
	}})
}

// onResponse takes the answer to REFER.
func (c *session) onResponse(e agent.Event) {
	r := c.referring
	if r == nil || r.request == 0 || e.ID != r.request {
		return
	}
	if e.Status >= 300 {
		c.referred(strings.TrimSpace(strconv.Itoa(e.Status) + " " + e.Reason))
		return
	}
	if r.HangUp {
		c.referred("accepted")
		c.bye()
	}
}

// notified takes a NOTIFY about the transfer, whose body is the status line of what came of it (RFC 3515 section 2.4.5).
func (c *session) notified(m agent.Message) {
	kind, _, _ := strings.Cut(m.ContentType, ";")
	line, _, _ := bytes.Cut(m.Body, []byte("\n"))
	status, ok := strings.CutPrefix(strings.TrimSpace(string(line)), "SIP/2.0 ")
	if !ok || !strings.EqualFold(strings.TrimSpace(kind), "message/sipfrag") || c.referring == nil {
		return
	}
	if strings.HasPrefix(strings.ToLower(m.Get("Subscription-State")), "terminated") {
		c.referred(status)
		return
	}
	c.note(func(i *Call) { i.Transfer = status })
}

// referred ends a transfer. Who has taken the caller over ends the call; without, the agent goes on.
func (c *session) referred(outcome string) {
	r := c.referring
	c.referring = nil
	c.note(func(i *Call) { i.TransferTo, i.Transfer, c.moving = r.To, outcome, false })
	if r.consult != nil { // if it was not replaced
		r.consult.post(message{timer: timeoutHangUp})
	}
}

// consult has the agent of a call call another centre.
func (s *Server) consult(of *session, uri string) (*session, error) {
	s.mu.Lock()
	a := s.agent
	s.mu.Unlock()
	route, err := a.Route(context.Background(), uri)
	if err != nil {
		return nil, err
	}
	script := callingBack(of.script)
	script.Greeting = "This is {name}."
	c := newSession(s, &agent.Incoming{
		RequestURI: agent.Address{User: of.info.Centre}, Local: netip.AddrPortFrom(route.Local, 0),
	}, script, delivered{})
	c.info.Outgoing, c.info.Dialled, c.consults = true, uri, of
	body, err := c.describe()
	if err != nil {
		c.closeMedia()
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.live) >= s.o.MaxCalls {
		c.closeMedia()
		return nil, ErrBusy
	}
	c.info.Name = s.nameOf(of.info.Centre, script)
	l := a.Dial(agent.Outgoing{
		Route: route, From: agent.Address{Scheme: "sip", User: of.info.Centre}, Message: withSDP(body),
	}, c.sink)
	c.leg, c.out = l, l
	c.info.SIPCallID, c.info.CallID = l.CallID(), l.CallID()
	s.live[c] = struct{}{}
	s.calls.Go(func() { c.run(s.ctx) })
	return c, nil
}

// consulted tells the call that another was made for how that stands.
func (c *session) consulted(r *agent.Replaces, why string) {
	if c.consults != nil {
		c.consults.post(message{consultation: &consultation{c, r, why}})
	}
}

// consultation is the outcome of the agent's call to the centre that is to take a caller over.
type consultation struct {
	session  *session
	replaces *agent.Replaces // its dialog as that centre knows it; nil: it failed
	why      string
}

// onConsultation sends the REFER once the other centre has answered the agent.
func (c *session) onConsultation(x *consultation) {
	switch {
	case c.referring == nil || c.referring.consult != x.session || c.referring.request != 0:
	case x.replaces == nil:
		c.referred("consultation failed: " + x.why)
	default:
		c.refer(x.replaces)
	}
}

// replaced finds the call whose place an INVITE takes (RFC 3891 section 3): one that is answered.
func (s *Server) replaced(r *agent.Replaces) (*session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.live {
		if l, ok := c.leg.(*agent.Leg); ok && r.Is(l) {
			return c, !r.EarlyOnly && c.talking()
		}
	}
	return nil, false
}
