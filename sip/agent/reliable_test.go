package agent

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// rawReliable is a raw caller's INVITE with these header fields, taken by a leg.
func rawReliable(t *testing.T, extra ...string) (p *rawPeer, l *Leg, s *side, branch string) {
	t.Helper()
	return rawReliableWithT1(t, defaultT1, extra...) // a slow machine has 32 s for the PRACK
}

func rawReliableWithT1(t *testing.T, t1 time.Duration, extra ...string) (p *rawPeer, l *Leg, s *side, branch string) {
	t.Helper()
	got := make(chan *Incoming, 1)
	a := newAgentWithT1(t, t1, func(in *Incoming) { got <- in })
	p, s, branch = newRawPeer(t, a), newSide(t, "callee"), newBranch()
	p.send(p.request("INVITE", branch, 1, "", extra...))
	in := <-got
	in.Mark(Header{"X-Mark", "yes"})
	return p, in.Accept(s.sink), s, branch
}

// withBody gives a message a session description.
func withBody(m string) string {
	return strings.Replace(m, "Content-Length: 0\n\n",
		fmt.Sprintf("Content-Type: application/sdp\nContent-Length: %d\n\n%s", len(offer.Body), strings.ReplaceAll(string(offer.Body), "\r\n", "\n")), 1)
}

// only sees to it that for a moment nothing comes but what was repeated.
func (p *rawPeer) only(repeated string) {
	p.t.Helper()
	buf := make([]byte, 65536)
	p.conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	for {
		n, _, err := p.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		if !strings.HasPrefix(string(buf[:n]), repeated) {
			p.t.Fatalf("unexpected message:\n%s", buf[:n])
		}
	}
}

// pracks acknowledges a provisional answer.
func (p *rawPeer) pracks(cseq int, provisional string) string {
	return p.request("PRACK", newBranch(), cseq, toTag(provisional), "RAck: "+header(provisional, "RSeq")+" "+header(provisional, "CSeq"))
}

const ableOfReliable, mustBeReliable = "Supported: timer,100rel", "Require: 100rel"

func TestWhichProvisionalAnswersAreReliable(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		invite   []string
		m        Message
		reliable bool
	}{
		{nil, offer, false},
		{[]string{"Supported: timer"}, offer, false},
		{[]string{ableOfReliable}, offer, true},
		{[]string{"k: 100REL"}, offer, true},
		{[]string{ableOfReliable}, Message{}, false},
		{[]string{ableOfReliable}, Message{}.With("Require", "100rel"), true},
		{nil, Message{}.With("Require", "100rel"), false},
		{[]string{mustBeReliable}, Message{}, true},
		{[]string{mustBeReliable}, offer, true},
	} {
		p, l, _, _ := rawReliable(t, tt.invite...)
		l.Progress(183, "Session Progress", tt.m)
		m := p.recvUntil("SIP/2.0 183")
		if got := header(m, "RSeq") != "" && header(m, "Require") == "100rel"; got != tt.reliable {
			t.Errorf("to %v: reliable is %v, want %v:\n%s", tt.invite, got, tt.reliable, m)
		}
		if !tt.reliable && header(m, "Require") != "" {
			t.Errorf("it requires what was not offered:\n%s", m)
		}
		if tt.reliable && (header(m, "Contact") == "" || !strings.Contains(header(m, "Allow"), "PRACK")) {
			t.Errorf("no Contact, or no PRACK in Allow:\n%s", m)
		}
	}
}

func TestAReliableAnswerIsRepeatedUntilItsPrackAndTheNextWaits(t *testing.T) {
	t.Parallel()
	p, l, s, _ := rawReliable(t, mustBeReliable)
	l.Progress(180, "Ringing", Message{})
	l.Progress(183, "Session Progress", offer)
	first := p.recvUntil("SIP/2.0 18")
	if again := p.recvUntil("SIP/2.0 18"); again != first {
		t.Fatalf("before the PRACK came\n%s\nnot the first once more\n%s", again, first)
	}
	for _, wrong := range []string{"", "x", header(first, "RSeq") + " 2 INVITE", "1 1 INVITE", header(first, "RSeq") + " 1 UPDATE"} {
		p.send(p.request("PRACK", newBranch(), 2, toTag(first), "RAck: "+wrong))
		p.recvUntil("SIP/2.0 481")
	}
	prack := p.pracks(3, first)
	p.send(prack)
	if ok := p.recvUntil("SIP/2.0 200"); header(ok, "CSeq") != "3 PRACK" {
		t.Errorf("the PRACK was answered\n%s", ok)
	}
	second := p.recvUntil("SIP/2.0 183")
	n, _ := strconv.Atoi(header(first, "RSeq"))
	if header(second, "RSeq") != strconv.Itoa(n+1) {
		t.Errorf("RSeq %s after %d", header(second, "RSeq"), n)
	}
	p.send(prack) // repeated, its 200 was lost
	p.recvUntil("SIP/2.0 200")
	p.send(p.pracks(4, first)) // the same once more is another matter
	p.recvUntil("SIP/2.0 481")
	p.send(p.pracks(5, second))
	p.recvUntil("SIP/2.0 200")
	s.quiet(0)
	l.Answer(offer)
	if m := p.recvUntil("SIP/2.0 200"); !strings.Contains(header(m, "Supported"), "100rel") {
		t.Errorf("100rel is not in Supported of\n%s", m)
	}
}

func TestA200WaitsForThePrackOfADescriptionOnly(t *testing.T) {
	t.Parallel()
	t.Run("with a description", func(t *testing.T) {
		t.Parallel()
		p, l, s, _ := rawReliable(t, ableOfReliable)
		l.Progress(183, "Session Progress", offer)
		l.Answer(offer)
		l.Progress(180, "Ringing", Message{})
		first := p.recvUntil("SIP/2.0 183")
		if m := p.recvUntil("SIP/2.0 "); !strings.HasPrefix(m, "SIP/2.0 18") { // repeated, and nothing else
			t.Fatalf("before the PRACK came\n%s", m)
		}
		p.send(p.pracks(2, first))
		p.recvUntil("SIP/2.0 200")
		ok := p.recvUntil("SIP/2.0 200")
		p.send(p.request("ACK", newBranch(), 1, toTag(ok)))
		s.expect(KindAcked)
	})
	t.Run("without one", func(t *testing.T) {
		t.Parallel()
		p, l, s, _ := rawReliable(t, mustBeReliable)
		l.Progress(180, "Ringing", Message{})
		first := p.recvUntil("SIP/2.0 180")
		l.Answer(offer)
		ok := p.recvUntil("SIP/2.0 200")
		p.send(p.pracks(2, first)) // it crossed the 200
		for header(p.recvUntil("SIP/2.0 200"), "CSeq") != "2 PRACK" {
		}
		p.send(p.request("ACK", newBranch(), 1, toTag(ok)))
		s.expect(KindAcked)
	})
}

func TestWithoutPrackTheInviteIsRefused(t *testing.T) {
	t.Parallel()
	p, l, s, branch := rawReliableWithT1(t, 20*time.Millisecond, mustBeReliable)
	l.Progress(180, "Ringing", Message{})
	if e := s.expect(KindPrackTimeout); e.Status != 504 {
		t.Errorf("the owner hears %+v", e)
	}
	m := p.recvUntil("SIP/2.0 504")
	if header(m, "X-Mark") != "yes" {
		t.Errorf("the refusal has no mark:\n%s", m)
	}
	p.send(p.request("ACK", branch, 1, toTag(m)))
	l.Answer(offer) // too late for everything
	l.Bye()
	s.quiet(0)
}

func TestWhatComesWhileA200Waits(t *testing.T) {
	t.Parallel()
	t.Run("CANCEL", func(t *testing.T) {
		t.Parallel()
		p, l, s, branch := rawReliable(t, ableOfReliable)
		l.Progress(183, "Session Progress", offer)
		l.Answer(offer)
		p.recvUntil("SIP/2.0 183")
		p.send(p.request("CANCEL", branch, 1, ""))
		p.recvUntil("SIP/2.0 487")
		s.expect(KindCancelled)
	})
	t.Run("Bye", func(t *testing.T) {
		t.Parallel()
		p, l, s, _ := rawReliable(t, ableOfReliable)
		l.Progress(183, "Session Progress", offer)
		l.Answer(offer)
		p.recvUntil("SIP/2.0 183")
		l.Bye(Header{"Reason", "SIP;cause=480"})
		if m := p.recvUntil("SIP/2.0 480"); header(m, "Reason") == "" || header(m, "X-Mark") == "" {
			t.Errorf("the answer lacks something:\n%s", m)
		}
		s.expect(KindGone)
	})
}

func TestAPrackWithADescriptionIsTheOwnersToAnswer(t *testing.T) {
	t.Parallel()
	p, l, s, _ := rawReliable(t, ableOfReliable)
	l.Progress(183, "Session Progress", offer)
	l.Answer(offer)
	first := p.recvUntil("SIP/2.0 183")
	p.send(withBody(p.pracks(2, first)))
	e := s.expect(KindRequest)
	if e.Request.Method != "PRACK" || len(e.Request.Message.Body) == 0 {
		t.Fatalf("the owner hears of %+v", e.Request)
	}
	p.only("SIP/2.0 183") // neither the PRACK's answer nor the INVITE's
	e.Request.Respond(200, "OK", offer)
	if m := p.recvUntil("SIP/2.0 200"); header(m, "CSeq") != "2 PRACK" || !strings.Contains(m, "v=0") {
		t.Errorf("the PRACK is answered\n%s", m)
	}
	for header(p.recvUntil("SIP/2.0 200"), "CSeq") != "1 INVITE" {
	}
}

// rawProgress is a reliable answer of a raw callee.
func rawProgress(p *rawPeer, invite, fork string, seq int) string {
	return withBody(strings.Replace(answer(invite, "183 Session Progress", "Require: 100rel", "RSeq: "+strconv.Itoa(seq),
		"Contact: <sip:"+fork+"@"+p.addr()+">"), "tag=rawcallee", "tag="+fork, 1))
}

func TestReliableAnswersAreAcknowledgedInOrder(t *testing.T) {
	t.Parallel()
	p, l, s, invite := rawCallee(t)
	if !strings.Contains(header(invite, "Supported"), "100rel") {
		t.Errorf("100rel is not in Supported of\n%s", invite)
	}
	p.send(rawProgress(p, invite, "one", 7))
	prack := p.recvUntil("PRACK sip:one@")
	if header(prack, "RAck") != "7 1 INVITE" || header(prack, "CSeq") != "2 PRACK" || toTag(prack) != "one" {
		t.Errorf("PRACK\n%s", prack)
	}
	s.expect(KindProgress)
	p.send(rawProgress(p, invite, "one", 7)) // its PRACK is on the way
	p.send(rawProgress(p, invite, "one", 9)) // 8 has not come yet
	p.send(rawProgress(p, invite, "one", 8))
	for header(prack, "RAck") == "7 1 INVITE" { // repeated until it is answered
		prack = p.recvUntil("PRACK ")
	}
	if header(prack, "RAck") != "8 1 INVITE" {
		t.Errorf("PRACK\n%s", prack)
	}
	s.expect(KindProgress)
	s.quiet(0)
	p.send(answer(prack, "200 OK"))
	p.send(rawProgress(p, invite, "two", 100)) // another branch counts for itself
	for header(prack, "RAck") != "100 1 INVITE" {
		prack = p.recvUntil("PRACK ")
	}
	s.expect(KindProgress)
	p.send(answer(prack, "481 No Such Call")) // not our business
	p.send(strings.Replace(answer(invite, "200 OK", "Contact: <sip:one@"+p.addr()+">"), "tag=rawcallee", "tag=one", 1))
	p.recvUntil("ACK sip:one@")
	s.expect(KindAnswered)
	l.Bye()
	if bye := p.recvUntil("BYE "); header(bye, "CSeq") != "5 BYE" {
		t.Errorf("BYE does not count on from the PRACKs:\n%s", bye)
	}
}

func TestAnOfferInAReliableAnswerWaitsForItsOwner(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	p, s := newRawPeer(t, nil), newSide(t, "caller")
	l := dialTo(t, a, "sip:psap@"+p.addr(), Message{}, s.sink)
	invite := p.recvUntil("INVITE ")
	if strings.Contains(header(invite, "Supported"), "100rel") {
		t.Errorf("unasked, an offer could come in a provisional answer:\n%s", invite)
	}
	p.send(rawProgress(p, invite, "one", 1))
	e := s.expect(KindProgress)
	if !e.Offer || e.Fork != "one" {
		t.Fatalf("progress %+v", e)
	}
	p.send(rawProgress(p, invite, "one", 1))
	p.only("INVITE ") // repeated while the machine was slow
	s.quiet(0)
	l.Prack("other", offer)
	l.Prack("one", offer)
	if prack := p.recvUntil("PRACK "); header(prack, "RAck") != "1 1 INVITE" || !strings.Contains(prack, "v=0") {
		t.Errorf("PRACK\n%s", prack)
	}
	p.send(rawProgress(p, invite, "one", 2)) // the offer is answered: this one is not
	if e := s.expect(KindProgress); e.Offer {
		t.Error("a second offer in the same branch")
	}
}

func TestTwoAgentsProgressReliably(t *testing.T) {
	t.Parallel()
	p := newPair(t, offer)
	p.in.Progress(183, "Session Progress", offer)
	p.in.Progress(183, "Session Progress", offer)
	p.in.Answer(offer)
	p.a.expect(KindProgress)
	p.a.expect(KindAnswered)
	p.b.expect(KindAcked)
	p.out.Bye()
	p.b.expect(KindBye)
	p.a.expect(KindGone)
}
