package sim_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"callbox/psap/sim"
	"callbox/sip/agent"
	"callbox/sip/sdp"
)

// edge is a caller that knows the ID of its call, as the edge would give it one.
func (c *caller) call(s *sim.Server, user, id string, headers ...agent.Header) *agent.Leg {
	c.t.Helper()
	m := agent.Message{ContentType: "application/sdp", Body: offered(sdp.SendRecv)}.With("X-Callbox-Call", id)
	for _, h := range headers {
		m = m.With(h.Name, h.Value)
	}
	return c.invite(s, user, false, m)
}

// refer takes the REFER of a centre and accepts it.
func (c *caller) refer() agent.ReferTo {
	c.t.Helper()
	r := c.expect(agent.KindRequest).Request
	to, err := agent.ReadRefer(r.Message)
	if r.Method != "REFER" || err != nil || r.Message.Get("Referred-By") == "" {
		c.t.Fatalf("%s: %v, Referred-By %q", r.Method, err, r.Message.Get("Referred-By"))
	}
	r.Respond(202, "Accepted", agent.Message{})
	return to
}

// callAt returns the newest call at a centre that is so.
func callAt(t *testing.T, s *sim.Server, centre string, so func(sim.Call) bool) sim.Call {
	t.Helper()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for timeout := time.After(wait); ; {
		calls := s.Calls()
		for i := len(calls) - 1; i >= 0; i-- {
			if calls[i].Centre == centre && so(calls[i]) {
				return calls[i]
			}
		}
		select {
		case <-poll.C:
		case <-timeout:
			t.Fatalf("no such call at %s: %+v", centre, calls)
		}
	}
}

func notify(leg *agent.Leg, status, state string) {
	leg.Send("NOTIFY", agent.Message{
		Headers:     []agent.Header{{Name: "Event", Value: "refer"}, {Name: "Subscription-State", Value: state}},
		ContentType: "message/sipfrag;version=2.0", Body: []byte("SIP/2.0 " + status + "\r\n"),
	})
}

func TestAnAgentTransfersTheCaller(t *testing.T) {
	t.Parallel()
	s := startLab(t, sim.Options{})
	s.SetScript("ecc-us", sim.Script{})
	c := newCaller(t)
	if err := s.Transfer("CA1", "ecc-us", sim.Transfer{To: "psap-sf"}); !errors.Is(err, sim.ErrNoCall) {
		t.Errorf("before the call: %v", err)
	}
	leg := c.call(s, "ecc-us", "CA1")
	c.expect(agent.KindAnswered)
	if err := s.Transfer("CA1", "ecc-us", sim.Transfer{To: "psap-sf"}); err != nil {
		t.Fatal(err)
	}
	if to := c.refer(); to.Target.User != "psap-sf" || to.Target.Host != "127.0.0.1" || to.Target.Port == 0 || to.Replaces != nil {
		t.Errorf("Refer-To is %+v", to)
	}
	if err := s.Transfer("CA1", "ecc-us", sim.Transfer{To: "psap-oakland"}); !errors.Is(err, sim.ErrTransferring) {
		t.Errorf("while another is under way: %v", err)
	}
	notify(leg, "180 Ringing", "active;expires=60")
	if e := c.expect(agent.KindResponse); e.Status != 200 {
		t.Errorf("NOTIFY was answered %d", e.Status)
	}
	callAt(t, s, "ecc-us", func(c sim.Call) bool { return c.TransferTo == "psap-sf" && c.Transfer == "180 Ringing" })
	notify(leg, "486 Busy Here", "terminated;reason=noresource")
	c.expect(agent.KindResponse)
	callAt(t, s, "ecc-us", func(c sim.Call) bool { return c.Transfer == "486 Busy Here" && c.State == sim.StateAnswered })
	if err := s.Transfer("CA1", "ecc-us", sim.Transfer{To: "psap-oakland", HangUp: true}); err != nil { // again, and away
		t.Fatal(err)
	}
	c.refer()
	c.expect(agent.KindBye)
}

func TestAScriptTransfersByItselfAndByAKey(t *testing.T) {
	t.Parallel()
	s := startLab(t, sim.Options{})
	script, err := s.ReadScript("ecc-us", []byte(`{ring: 0s, transfer: {to: psap-sf, after: 10ms}, keys: {"2": transfer}}`))
	if err != nil {
		t.Fatal(err)
	}
	s.SetScript("ecc-us", script)
	c := newCaller(t)
	leg := c.call(s, "ecc-us", "CA1")
	if to := c.refer(); to.Target.User != "psap-sf" {
		t.Errorf("Refer-To is %+v", to)
	}
	notify(leg, "603 Decline", "terminated;reason=noresource")
	callAt(t, s, "ecc-us", func(c sim.Call) bool { return c.Transfer == "603 Decline" })
	leg.Send("INFO", agent.Message{ContentType: "application/dtmf-relay", Body: []byte("Signal=2\r\n")})
	c.refer()
	leg.Bye()
	for src, want := range map[string]string{
		`{transfer: {to: "sip:a@b"}}`: "transfer.to", `{transfer: {after: -1s, to: a}}`: "transfer.after",
	} {
		if _, err := s.ReadScript("ecc-us", []byte(src)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want a word about %s", src, err, want)
		}
	}
}

func TestAnAttendedTransferIsOfTheCallThatTheAgentMade(t *testing.T) {
	t.Parallel()
	s := startLab(t, sim.Options{})
	s.SetScript("ecc-us", sim.Script{})
	s.SetScript("psap-sf", sim.Script{})
	c := newCaller(t)
	c.call(s, "ecc-us", "CA1")
	c.expect(agent.KindAnswered)
	if err := s.Transfer("CA1", "ecc-us", sim.Transfer{To: "psap-sf", Attended: true}); err != nil {
		t.Fatal(err)
	}
	to := c.refer()
	if to.Replaces == nil {
		t.Fatal("Refer-To has no Replaces")
	}
	consultation := callAt(t, s, "psap-sf", func(c sim.Call) bool { return c.State == sim.StateAnswered })
	if consultation.SIPCallID != to.Replaces.CallID {
		t.Errorf("the agent spoke with psap-sf on %s, and replaces %s", consultation.SIPCallID, to.Replaces.CallID)
	}
	other := newCaller(t)
	other.call(s, "psap-sf", "CA1", agent.Header{Name: "Replaces", Value: to.Replaces.String()}, agent.Header{Name: "Require", Value: "replaces"})
	other.expect(agent.KindAnswered)
	callAt(t, s, "psap-sf", func(c sim.Call) bool { return c.SIPCallID == consultation.SIPCallID && c.State == sim.StateEnded })
	callAt(t, s, "ecc-us", func(c sim.Call) bool { return c.Outgoing && c.State == sim.StateEnded })
	other.call(s, "psap-sf", "CA1", agent.Header{Name: "Replaces", Value: to.Replaces.String()})
	if e := other.expect(agent.KindFailed); e.Status != 481 {
		t.Errorf("what is over was replaced: %d", e.Status)
	}
}

func TestAConsultationThatFailsEndsTheTransfer(t *testing.T) {
	t.Parallel()
	s := startLab(t, sim.Options{})
	s.SetScript("ecc-us", sim.Script{})
	s.SetScript("psap-sf", sim.Script{Answer: sim.OutcomeBusy})
	c := newCaller(t)
	c.call(s, "ecc-us", "CA1")
	c.expect(agent.KindAnswered)
	if err := s.Transfer("CA1", "ecc-us", sim.Transfer{To: "psap-sf", Attended: true}); err != nil {
		t.Fatal(err)
	}
	callAt(t, s, "ecc-us", func(c sim.Call) bool { return c.Transfer == "consultation failed: Busy Here" })
}
