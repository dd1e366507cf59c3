package agent

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// rawCall brings a leg up to its Accept with a raw caller.
func rawCall(t *testing.T) (p *rawPeer, l *Leg, s *side, branch string) {
	t.Helper()
	got := make(chan *Incoming, 1)
	a := newTestAgent(t, func(in *Incoming) { got <- in })
	p, s, branch = newRawPeer(t, a), newSide(t, "callee"), newBranch()
	p.send(p.request("INVITE", branch, 1, ""))
	in := <-got
	in.Mark(Header{"X-Mark", "yes"})
	l = in.Accept(s.sink)
	p.recvUntil("SIP/2.0 100")
	return p, l, s, branch
}

func TestA200IsRepeatedUntilItsAckComes(t *testing.T) {
	t.Parallel()
	p, l, s, _ := rawCall(t)
	l.Answer(offer)
	first := p.recvUntil("SIP/2.0 200")
	if again := p.recvUntil("SIP/2.0 200"); again != first {
		t.Errorf("the repeated 200 differs:\n%s\n%s", first, again)
	}
	p.send(p.request("ACK", newBranch(), 1, toTag(first)))
	s.expect(KindAcked)
	for { // a 200 may have crossed the ACK
		p.conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		if _, _, err := p.conn.ReadFrom(make([]byte, 4096)); err != nil {
			break
		}
	}
	p.none(200 * time.Millisecond)
}

func TestWithoutAckTheOwnerIsToldAndByeStillEndsTheDialog(t *testing.T) {
	t.Parallel()
	p, l, s, _ := rawCall(t)
	l.Answer(offer)
	p.recvUntil("SIP/2.0 200")
	s.expect(KindAckTimeout)
	l.Bye()
	bye := p.recvUntil("BYE ")
	p.send(answer(bye, "200 OK"))
	s.expect(KindGone)
}

func TestByeWaitsForTheAck(t *testing.T) {
	t.Parallel()
	p, l, s, _ := rawCall(t)
	l.Answer(offer)
	ok := p.recvUntil("SIP/2.0 200")
	l.Bye()
	if m := p.recv(); strings.HasPrefix(m, "BYE") {
		t.Fatal("BYE went before the ACK")
	}
	p.send(p.request("ACK", newBranch(), 1, toTag(ok)))
	bye := p.recvUntil("BYE ")
	p.send(answer(bye, "200 OK"))
	s.expect(KindGone)
}

func TestAByeThatIsNeverAnsweredIsGivenUp(t *testing.T) {
	t.Parallel()
	p, l, s, _ := rawCall(t)
	l.Answer(offer)
	p.send(p.request("ACK", newBranch(), 1, toTag(p.recvUntil("SIP/2.0 200"))))
	s.expect(KindAcked)
	l.Bye()
	p.recvUntil("BYE ")
	p.recvUntil("BYE ") // repeated
	if e := s.expect(KindGone); !e.Local || e.Status != 408 {
		t.Errorf("gone with %+v", e)
	}
}

func TestAnEarlyDialogThatBreaksStillAnswersItsInvite(t *testing.T) {
	t.Parallel()
	p, l, s, _ := rawCall(t)
	l.Send("UPDATE", offer)
	p.send(answer(p.recvUntil("UPDATE "), "481 Call/Transaction Does Not Exist"))
	p.recvUntil("SIP/2.0 500")
	s.expect(KindResponse)
	s.expect(KindGone)
}

func TestACancelThatOvertookItsInviteCancelsIt(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, func(in *Incoming) { t.Error("the INVITE reached its owner") })
	p, branch := newRawPeer(t, a), newBranch()
	p.send(p.request("CANCEL", branch, 1, ""))
	p.recvUntil("SIP/2.0 481")
	p.send(p.request("INVITE", branch, 1, ""))
	p.recvUntil("SIP/2.0 487")
	p.send(p.request("ACK", branch, 1, ""))
}

func TestThe487ToACancelHasTheTagOfThe180(t *testing.T) {
	t.Parallel()
	p, l, s, branch := rawCall(t)
	l.Progress(180, "Ringing", Message{})
	ringing := p.recvUntil("SIP/2.0 180")
	p.send(p.request("CANCEL", branch, 1, ""))
	ok := p.recvUntil("SIP/2.0 200")
	terminated := p.recvUntil("SIP/2.0 487")
	if toTag(ok) != toTag(ringing) || toTag(terminated) != toTag(ringing) {
		t.Errorf("tags: 180 %q, 200 %q, 487 %q", toTag(ringing), toTag(ok), toTag(terminated))
	}
	if header(terminated, "X-Mark") != "yes" {
		t.Errorf("the 487 does not carry the owner's mark:\n%s", terminated)
	}
	again := p.recvUntil("SIP/2.0 487") // repeated until the ACK
	if again != terminated {
		t.Error("the repeated 487 differs")
	}
	p.send(p.request("ACK", branch, 1, toTag(terminated)))
	s.expect(KindCancelled)
}

func TestARetransmittedInviteGetsTheLastAnswerAgain(t *testing.T) {
	t.Parallel()
	p, l, _, branch := rawCall(t)
	l.Progress(180, "Ringing", Message{})
	first := p.recvUntil("SIP/2.0 180")
	p.send(p.request("INVITE", branch, 1, ""))
	if again := p.recv(); again != first {
		t.Errorf("got\n%s", again)
	}
	l.Reject(486, "Busy Here")
	p.recvUntil("SIP/2.0 486")
	p.send(p.request("ACK", branch, 1, ""))
}

func TestAByeBeforeTheAnswerCancelsTheCall(t *testing.T) {
	t.Parallel()
	p, l, s, _ := rawCall(t)
	l.Progress(180, "Ringing", Message{})
	p.send(p.request("BYE", newBranch(), 2, toTag(p.recvUntil("SIP/2.0 180"))))
	p.recvUntil("SIP/2.0 200")
	p.recvUntil("SIP/2.0 487")
	s.expect(KindCancelled)
}

// answer writes a raw peer's answer to a request it received.
func answer(req, status string, extra ...string) string {
	to := header(req, "To")
	if !strings.Contains(to, "tag=") {
		to += ";tag=rawcallee"
	}
	m := fmt.Sprintf("SIP/2.0 %s\nVia: %s\nFrom: %s\nTo: %s\nCall-ID: %s\nCSeq: %s\n",
		status, header(req, "Via"), header(req, "From"), to, header(req, "Call-ID"), header(req, "CSeq"))
	for _, e := range extra {
		m += e + "\n"
	}
	return m + "Content-Length: 0\n\n"
}

// rawCallee places a call to a raw peer and returns its INVITE.
func rawCallee(t *testing.T) (p *rawPeer, l *Leg, s *side, invite string) {
	t.Helper()
	a := newTestAgent(t, nil)
	p, s = newRawPeer(t, nil), newSide(t, "caller")
	l = dialTo(t, a, "sip:psap@"+p.addr(), offer, s.sink)
	return p, l, s, p.recvUntil("INVITE ")
}

func TestAnUnansweredInviteIsRepeatedAndGivenUp(t *testing.T) {
	t.Parallel()
	p, _, s, invite := rawCallee(t)
	if again := p.recvUntil("INVITE "); again != invite {
		t.Error("the repeated INVITE differs")
	}
	if e := s.expect(KindFailed); e.Status != 408 || !e.Local {
		t.Errorf("failed with %+v", e)
	}
}

func TestCancelWaitsForAProvisionalAnswer(t *testing.T) {
	t.Parallel()
	p, l, s, invite := rawCallee(t)
	l.Cancel(Header{"Reason", `SIP;cause=200;text="Call completed elsewhere"`})
	if m := p.recv(); strings.HasPrefix(m, "CANCEL") {
		t.Fatal("CANCEL went before any answer")
	}
	p.send(answer(invite, "100 Trying"))
	cancel := p.recvUntil("CANCEL ")
	if header(cancel, "Via") != header(invite, "Via") || header(cancel, "CSeq") != "1 CANCEL" || header(cancel, "Reason") == "" {
		t.Errorf("CANCEL is\n%s", cancel)
	}
	p.send(answer(cancel, "200 OK"))
	p.send(answer(invite, "487 Request Terminated"))
	if ack := p.recvUntil("ACK "); header(ack, "Via") != header(invite, "Via") {
		t.Errorf("ACK is\n%s", ack)
	}
	s.expect(KindFailed)
}

func TestA200ThatCrossesACancelIsAckedAndEnded(t *testing.T) {
	t.Parallel()
	p, l, s, invite := rawCallee(t)
	p.send(answer(invite, "180 Ringing"))
	s.expect(KindProgress)
	l.Cancel()
	p.send(answer(invite, "200 OK", "Contact: <sip:psap@"+p.addr()+">"))
	p.recvUntil("ACK ")
	p.send(answer(p.recvUntil("BYE "), "200 OK"))
	if e := s.expect(KindFailed); e.Status != 487 {
		t.Errorf("failed with %d", e.Status)
	}
}

func TestTheAckIsRepeatedForARepeated200AndAForkIsEnded(t *testing.T) {
	t.Parallel()
	p, _, s, invite := rawCallee(t)
	contact := "Contact: <sip:psap@" + p.addr() + ">"
	p.send(answer(invite, "200 OK", contact))
	ack := p.recvUntil("ACK ")
	s.expect(KindAnswered)
	p.send(answer(invite, "200 OK", contact))
	if again := p.recvUntil("ACK "); again != ack {
		t.Errorf("the repeated ACK differs:\n%s", again)
	}
	p.send(strings.Replace(answer(invite, "200 OK", contact), "tag=rawcallee", "tag=fork", 1))
	if m := p.recvUntil("ACK "); !strings.Contains(header(m, "To"), "tag=fork") {
		t.Errorf("ACK to the fork is\n%s", m)
	}
	if m := p.recvUntil("BYE "); !strings.Contains(header(m, "To"), "tag=fork") {
		t.Errorf("BYE to the fork is\n%s", m)
	}
	s.quiet(0)
}

func TestRecordRouteMakesTheRouteSet(t *testing.T) {
	t.Parallel()
	p, _, s, invite := rawCallee(t)
	p.send(answer(invite, "200 OK", "Contact: <sip:psap@127.9.9.9>", "Record-Route: <sip:127.8.8.8;lr>, <sip:"+p.addr()+";lr>"))
	ack := p.recvUntil("ACK ")
	s.expect(KindAnswered)
	// Reversed for the caller: the proxy nearest to it comes first.
	routes := "Route: <sip:" + p.addr() + ";lr>\r\nRoute: <sip:127.8.8.8;lr>\r\n"
	if !strings.HasPrefix(ack, "ACK sip:psap@127.9.9.9 ") || !strings.Contains(ack, routes) {
		t.Errorf("ACK is\n%s", ack)
	}
}

func TestAnAnswerWithAFaultStillCounts(t *testing.T) {
	t.Parallel()
	p, _, s, invite := rawCallee(t)
	broken := strings.Replace(answer(invite, "486 Busy Here"), "From: ", "From: <<", 1)
	p.send(broken)
	p.recvUntil("ACK ")
	if e := s.expect(KindFailed); e.Status != 486 {
		t.Errorf("failed with %d", e.Status)
	}
}
