package agent

import (
	"net"
	"strings"
	"testing"
	"time"
)

// rawUp is rawCall with the call answered and acknowledged; tag is the callee's.
func rawUp(t *testing.T) (p *rawPeer, l *Leg, s *side, tag string) {
	t.Helper()
	p, l, s, _ = rawCall(t)
	l.Answer(offer)
	tag = toTag(p.recvUntil("SIP/2.0 200"))
	p.send(p.request("ACK", newBranch(), 1, tag))
	s.expect(KindAcked)
	return p, l, s, tag
}

func TestACancelThatOvertakesItsReinviteOnAnotherWay(t *testing.T) {
	t.Parallel()
	p, l, s, tag := rawUp(t)
	m, err := l.a.parser.ParseSIP([]byte(strings.ReplaceAll(p.request("INVITE", newBranch(), 2, tag), "\n", "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	pk := readPacket(m)
	f := flow{transport: "udp", socket: l.a.sockets[0], remote: l.home.remote}
	tx, _ := l.a.newServerTx(f, pk)
	tx.cancel(pk) // on another socket's goroutine, before this one has come as far as the leg
	done := make(chan struct{})
	go func() { l.takeRequest(tx, f, pk); close(done) }()
	select {
	case <-done:
	case <-time.After(wait):
		t.Fatal("deadlock")
	}
	p.recvUntil("SIP/2.0 487")
	p.send(p.request("INVITE", newBranch(), 3, tag)) // the dialog goes on
	s.expect(KindRequest)
}

func TestARefusedReinviteDoesNotMoveTheTarget(t *testing.T) {
	t.Parallel()
	p, l, s, tag := rawUp(t)
	moved := func(branch string, cseq int) string {
		return strings.Replace(p.request("INVITE", branch, cseq, tag), "Contact: <sip:raw@", "Contact: <sip:moved@", 1)
	}
	branch := newBranch()
	p.send(moved(branch, 2))
	s.expect(KindRequest).Request.Respond(488, "Not Acceptable Here", Message{})
	p.recvUntil("SIP/2.0 488")
	p.send(p.request("ACK", branch, 2, tag))
	l.Send("INFO", Message{})
	p.send(answer(p.recvUntil("INFO sip:raw@"), "200 OK"))
	s.expect(KindResponse)
	p.send(moved(newBranch(), 3))
	s.expect(KindRequest).Request.Respond(200, "OK", offer)
	l.Send("INFO", Message{})
	p.recvUntil("INFO sip:moved@")
}

func TestNothingComesAfterTheLastEvent(t *testing.T) {
	t.Parallel()
	p := newPair(t, offer)
	p.up(t)
	id := p.out.Send("INFO", Message{})
	r := p.b.expect(KindRequest).Request
	p.in.Bye()
	p.a.expect(KindBye)
	p.b.expect(KindGone)
	r.Respond(200, "OK", Message{})
	p.out.takeResponse(id, "INFO", false, &packet{status: 200}, 200) // the same, now rather than soon
	p.a.quiet(0)
}

func TestAPeerWithoutTagsHasADialogToo(t *testing.T) {
	t.Parallel()
	t.Run("callee", func(t *testing.T) {
		t.Parallel()
		p, l, s, invite := rawCallee(t)
		ok := strings.Replace(answer(invite, "200 OK", "Contact: <sip:psap@"+p.addr()+">"), ";tag=rawcallee", "", 1)
		p.send(ok)
		p.recvUntil("ACK ")
		s.expect(KindAnswered)
		p.send(ok) // repeated, not another fork
		p.recvUntil("ACK ")
		s.quiet(0)
		l.Send("INFO", Message{})
		p.recvUntil("INFO ")
	})
	t.Run("caller", func(t *testing.T) {
		t.Parallel()
		got := make(chan *Incoming, 1)
		a := newTestAgent(t, func(in *Incoming) { got <- in })
		p, s := newRawPeer(t, a), newSide(t, "callee")
		p.send(strings.Replace(p.request("INVITE", newBranch(), 1, ""), ";tag=raw", "", 1))
		l := (<-got).Accept(s.sink)
		l.Answer(offer)
		p.send(strings.Replace(p.request("ACK", newBranch(), 1, toTag(p.recvUntil("SIP/2.0 200"))), ";tag=raw", "", 1))
		s.expect(KindAcked)
		l.Send("INFO", Message{})
		p.recvUntil("INFO ")
	})
}

func TestAContactOfATransportNobodySpeaksIsPassedOver(t *testing.T) {
	t.Parallel()
	p, _, s, invite := rawCallee(t)
	p.send(answer(invite, "200 OK", "Contact: <sip:psap@"+p.addr()+";transport=ws>"))
	p.recvUntil("ACK ")
	s.expect(KindAnswered)
}

func TestAChallengeIsAnsweredWhereItCameFrom(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	p, s := newRawPeer(t, nil), newSide(t, "caller")
	a.Dial(Outgoing{
		Route:   Route{URI: "sip:psap@" + p.addr(), Transport: "udp", Remote: p.conn.LocalAddr().(*net.UDPAddr).AddrPort()},
		From:    Address{User: "+14155550100"},
		Message: offer, Username: "alice", Password: "pass", Spent: 3,
	}, s.sink)
	invite := p.recvUntil("INVITE ")
	p.send(answer(invite, "183 Session Progress", "Contact: <sip:early@127.3.3.3>", "Record-Route: <sip:127.4.4.4;lr>"))
	s.expect(KindProgress)
	p.send(answer(invite, "407 Proxy Authentication Required", `Proxy-Authenticate: Digest realm="x", nonce="y", qop="auth"`))
	again := p.recvUntil("INVITE sip:psap@")
	if strings.Contains(header(again, "To"), "tag=") || header(again, "Route") != "" || header(again, "From") != header(invite, "From") {
		t.Errorf("the second INVITE is within a dialog:\n%s", again)
	}
	if header(again, "Max-Forwards") != "67" {
		t.Errorf("Max-Forwards: %s after 3 hops", header(again, "Max-Forwards"))
	}
}

func TestTimerCCancelsAndEndsWhatCrossesIt(t *testing.T) {
	t.Parallel()
	a := tunedAgent(t, func(a *Agent) { a.t1 = time.Millisecond }, nil, Listener{Network: "udp", Address: "127.0.0.1:0"})
	p, s := newRawPeer(t, nil), newSide(t, "caller")
	dialTo(t, a, "sip:psap@"+p.addr(), offer, s.sink)
	invite := p.recvUntil("INVITE ")
	p.send(answer(invite, "180 Ringing"))
	s.expect(KindProgress)
	if e := s.expect(KindFailed); e.Status != 408 || !e.Local {
		t.Errorf("failed with %+v", e)
	}
	p.recvUntil("CANCEL ")
	p.send(answer(invite, "200 OK", "Contact: <sip:psap@"+p.addr()+">"))
	p.recvUntil("ACK ")
	p.recvUntil("BYE ")
	s.quiet(0)
}

func TestATransactionOutlivesATimerThatWasOnItsWay(t *testing.T) {
	t.Parallel()
	p, l, s, invite := rawCallee(t)
	ok := answer(invite, "200 OK", "Contact: <sip:psap@"+p.addr()+">")
	p.send(ok)
	p.recvUntil("ACK ")
	s.expect(KindAnswered)
	l.dial.tx.fire() // timer A, too late to be stopped
	p.send(ok)
	p.recvUntil("ACK ")

	p, l, _, branch := rawCall(t)
	l.Reject(486, "Busy Here")
	p.recvUntil("SIP/2.0 486")
	p.send(p.request("ACK", branch, 1, ""))
	for !l.invite.confirmed() {
		l.invite.fire() // timer G
	}
	l.invite.fire()
	if l.a.findServerTx(&packet{method: "INVITE", via: via{branch: branch, host: "127.0.0.1", port: port(p)}}) == nil {
		t.Error("the transaction is gone before timer I")
	}
}

func (t *serverTx) confirmed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state == txConfirmed
}

func port(p *rawPeer) uint16 { return p.conn.LocalAddr().(*net.UDPAddr).AddrPort().Port() }

// rawTCPCallee answers a call by TCP; contact is its Contact field, with HERE for its own address.
func rawTCPCallee(t *testing.T, contact string) (ln *net.TCPListener, c *rawConn, l *Leg, s *side) {
	t.Helper()
	ln = rawServer(t)
	a := newTestAgent(t, nil, Listener{Network: "udp", Address: "127.0.0.1:0"}, tcpLoopback)
	s = newSide(t, "caller")
	l = dialTo(t, a, "sip:psap@"+ln.Addr().String()+";transport=tcp", offer, s.sink)
	c = accept(t, ln)
	invite := c.recv("INVITE ")
	c.send(answer(invite, "200 OK", "Contact: "+strings.ReplaceAll(contact, "HERE", ln.Addr().String())))
	return ln, c, l, s
}

func TestAConnectionThatWasLostIsMadeAgain(t *testing.T) {
	t.Parallel()
	for _, contact := range []string{"<sip:psap@HERE;transport=tcp>", "<sip:psap@psap.invalid;transport=tcp>"} {
		ln, c, l, s := rawTCPCallee(t, contact)
		c.recv("ACK ")
		s.expect(KindAnswered)
		c.Close()
		l.dial.tx.flow.stream.until(t)
		l.Bye()
		c = accept(t, ln)
		c.send(answer(c.recv("BYE "), "200 OK"))
		if e := s.expect(KindGone); e.Status != 200 {
			t.Errorf("%s: gone with %d", contact, e.Status)
		}
	}
}

// until waits until the agent knows that the connection is closed.
func (s *stream) until(t *testing.T) {
	t.Helper()
	select {
	case <-s.gone:
	case <-time.After(wait):
		t.Fatal("the connection is still open")
	}
}

func TestACalleeBehindAProxyThatLeavesTheWayIsReachedItself(t *testing.T) {
	t.Parallel()
	callee := rawServer(t)
	_, _, _, s := rawTCPCallee(t, "<sip:psap@"+callee.Addr().String()+";transport=tcp>")
	accept(t, callee).recv("ACK ")
	s.expect(KindAnswered)
}
