package agent

import (
	"crypto/tls"
	"strings"
	"testing"
)

// pair is a call between two agents, up to the point where the callee has its leg.
type pair struct {
	caller, callee *Agent
	a, b           *side // caller's and callee's events
	out, in        *Leg
	incoming       *Incoming
}

func newPair(t *testing.T, m Message, listeners ...Listener) *pair {
	t.Helper()
	got := make(chan *Incoming, 1)
	p := &pair{a: newSide(t, "caller"), b: newSide(t, "callee")}
	p.callee = newTestAgent(t, func(in *Incoming) { got <- in }, listeners...)
	callerListeners := []Listener{{Network: "udp", Address: "127.0.0.1:0"}}
	p.caller = newTestAgent(t, nil, callerListeners...)
	p.caller.opts.ClientTLS = &tls.Config{InsecureSkipVerify: true}
	p.out = dialTo(t, p.caller, p.callee.uri("psap"), m, p.a.sink)
	p.incoming = <-got
	p.in = p.incoming.Accept(p.b.sink)
	return p
}

func (p *pair) up(t *testing.T) {
	t.Helper()
	p.in.Answer(offer)
	p.a.expect(KindAnswered)
	p.b.expect(KindAcked)
}

func TestACallIsRungAnsweredAndEndedByTheCaller(t *testing.T) {
	t.Parallel()
	p := newPair(t, offer.With("Priority", "emergency"))
	if got := p.incoming.From.User; got != "+14155550100" {
		t.Errorf("From user = %q", got)
	}
	if got := p.incoming.RequestURI.User; got != "psap" {
		t.Errorf("Request-URI user = %q", got)
	}
	if got := p.incoming.Message.Get("priority"); got != "emergency" {
		t.Errorf("Priority = %q", got)
	}
	p.in.Progress(180, "Ringing", Message{})
	if e := p.a.expect(KindProgress); e.Status != 180 || e.Fork == "" {
		t.Errorf("progress = %d, fork %q", e.Status, e.Fork)
	}
	p.up(t)
	p.out.Bye(Header{"Reason", `Q.850;cause=16`})
	if e := p.b.expect(KindBye); e.Message.Get("Reason") == "" {
		t.Error("BYE lost its Reason")
	}
	if e := p.a.expect(KindGone); e.Status != 200 {
		t.Errorf("BYE answered %d", e.Status)
	}
}

func TestTheCalleeEndsTheCall(t *testing.T) {
	t.Parallel()
	p := newPair(t, offer)
	p.up(t)
	p.in.Bye()
	p.a.expect(KindBye)
	p.b.expect(KindGone)
}

func TestALegThatIsRejectedGivesTheStatusAndHeaders(t *testing.T) {
	t.Parallel()
	p := newPair(t, offer)
	p.in.Reject(486, "Busy Here", Header{"Retry-After", "5"})
	e := p.a.expect(KindFailed)
	if e.Status != 486 || e.Reason != "Busy Here" || e.Local || e.Message.Get("Retry-After") != "5" {
		t.Errorf("failed with %+v", e)
	}
	p.b.quiet(0)
}

func TestCancelEndsAnUnansweredCallOnBothSides(t *testing.T) {
	t.Parallel()
	p := newPair(t, offer)
	p.in.Progress(180, "Ringing", Message{})
	p.a.expect(KindProgress)
	p.out.Cancel()
	p.b.expect(KindCancelled)
	if e := p.a.expect(KindFailed); e.Status != 487 {
		t.Errorf("cancelled INVITE answered %d", e.Status)
	}
	p.in.Answer(offer) // too late: nothing happens
	p.a.quiet(0)
}

func TestAnOfferlessInviteIsAckedByItsOwner(t *testing.T) {
	t.Parallel()
	p := newPair(t, Message{})
	p.in.Answer(offer)
	p.a.expect(KindAnswered)
	p.b.quiet(p.callee.t1)
	p.out.Ack(offer)
	if e := p.b.expect(KindAcked); string(e.Message.Body) != string(offer.Body) {
		t.Errorf("ACK body = %q", e.Message.Body)
	}
}

func TestReinviteUpdateAndInfoPassInBothDirections(t *testing.T) {
	t.Parallel()
	p := newPair(t, offer)
	p.up(t)
	for _, c := range []struct {
		name     string
		from     *Leg
		src, dst *side
		method   string
	}{
		{"caller", p.out, p.a, p.b, "INVITE"}, {"callee", p.in, p.b, p.a, "INVITE"},
		{"caller", p.out, p.a, p.b, "UPDATE"}, {"callee", p.in, p.b, p.a, "INFO"},
	} {
		id := c.from.Send(c.method, offer)
		r := c.dst.expect(KindRequest)
		if r.Request.Method != c.method || string(r.Request.Message.Body) != string(offer.Body) {
			t.Fatalf("%s %s arrived as %s", c.name, c.method, r.Request.Method)
		}
		r.Request.Respond(200, "OK", offer)
		if e := c.src.expect(KindResponse); e.ID != id || e.Status != 200 {
			t.Fatalf("%s %s answered %d for %d", c.name, c.method, e.Status, e.ID)
		}
		if c.method == "INVITE" {
			c.dst.expect(KindAcked)
		}
	}
}

func TestAReinviteThatCrossesAnotherIsAnswered491(t *testing.T) {
	t.Parallel()
	p := newPair(t, offer)
	p.up(t)
	p.out.Send("INVITE", offer)
	r := p.b.expect(KindRequest)
	id := p.in.Send("INVITE", offer)
	if e := p.b.expect(KindResponse); e.ID != id || e.Status != 491 {
		t.Fatalf("crossing re-INVITE answered %d", e.Status)
	}
	r.Request.Respond(200, "OK", offer)
	p.a.expect(KindResponse)
	p.b.expect(KindAcked)
}

func TestACancelledReinviteLeavesTheCallUp(t *testing.T) {
	t.Parallel()
	p := newPair(t, offer)
	p.up(t)
	id := p.out.Send("INVITE", offer)
	r := p.b.expect(KindRequest)
	p.out.CancelSend(id)
	if e := p.b.expect(KindRequestGone); e.Request != r.Request {
		t.Error("the wrong request went")
	}
	if e := p.a.expect(KindResponse); e.Status != 487 {
		t.Errorf("re-INVITE answered %d", e.Status)
	}
	p.out.Send("INFO", Message{})
	p.b.expect(KindRequest)
}

func TestTCPAndTLSCarryACall(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp", "tls"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			var callee *Agent
			got := make(chan *Incoming, 1)
			cert := testCertificate(t)
			callee, err := New(Options{
				Listeners: []Listener{{Network: network, Address: "127.0.0.1:0"}},
				TLS:       &tls.Config{Certificates: []tls.Certificate{cert}},
				OnInvite:  func(in *Incoming) { got <- in },
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := callee.Start(); err != nil {
				t.Fatal(err)
			}
			defer callee.Close()
			caller := newTestAgent(t, nil)
			caller.opts.ClientTLS = &tls.Config{InsecureSkipVerify: true}
			a, b := newSide(t, "caller"), newSide(t, "callee")
			out := dialTo(t, caller, callee.uri("psap"), offer, a.sink)
			in := (<-got).Accept(b.sink)
			in.Answer(offer)
			a.expect(KindAnswered)
			b.expect(KindAcked)
			in.Bye()
			a.expect(KindBye)
			b.expect(KindGone)
			_ = out
		})
	}
}

func TestALargeRequestLeavesByTCPWhereThePeerTakesIt(t *testing.T) {
	t.Parallel()
	big := offer
	big.Body = append([]byte{}, offer.Body...)
	big.Body = append(big.Body, []byte(strings.Repeat("a=x:y\r\n", 300))...)
	t.Run("peer with TCP", func(t *testing.T) {
		t.Parallel()
		got := make(chan *Incoming, 1)
		callee := newTestAgent(t, func(in *Incoming) { got <- in }, Listener{Network: "tcp", Address: "127.0.0.1:0"})
		caller := newTestAgent(t, nil)
		a, b := newSide(t, "caller"), newSide(t, "callee")
		uri, _, _ := strings.Cut(callee.uri("psap"), ";")
		dialTo(t, caller, uri, big, a.sink)
		in := <-got
		if in.Transport != "tcp" || len(in.Message.Body) != len(big.Body) {
			t.Errorf("arrived by %s with %d bytes", in.Transport, len(in.Message.Body))
		}
		in.Accept(b.sink).Answer(offer)
		a.expect(KindAnswered)
		b.expect(KindAcked)
	})
	t.Run("peer without TCP", func(t *testing.T) {
		t.Parallel()
		p := newPair(t, big)
		if p.incoming.Transport != "udp" || len(p.incoming.Message.Body) != len(big.Body) {
			t.Errorf("arrived by %s with %d bytes", p.incoming.Transport, len(p.incoming.Message.Body))
		}
		p.in.Answer(big) // and a large answer to a UDP request goes out
		p.a.expect(KindAnswered)
		p.b.expect(KindAcked)
	})
}

func TestAnUnreachableTargetFailsAtOnce(t *testing.T) {
	t.Parallel()
	caller := newTestAgent(t, nil)
	a := newSide(t, "caller")
	dialTo(t, caller, "sip:psap@127.0.0.1:1;transport=tcp", offer, a.sink)
	if e := a.expect(KindFailed); e.Status != 503 || !e.Local {
		t.Errorf("failed with %+v", e)
	}
}
