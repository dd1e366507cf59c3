package agent

import (
	"net"
	"strings"
	"testing"
)

// elsewhere is a raw peer on another address of this machine.
func elsewhere(t *testing.T, p *rawPeer) *rawPeer {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 9)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &rawPeer{t: t, conn: conn, to: p.to}
}

// anywhere has a request written as p would write it, but answered to whoever sends it.
func anywhere(msg string) string { return strings.Replace(msg, ";branch=", ";rport;branch=", 1) }

func TestRequestsWithinACallFromAnotherAddressAreRefused(t *testing.T) {
	t.Parallel()
	p, l, s, _ := rawCall(t)
	thief := elsewhere(t, p)
	l.Answer(offer)
	tag := toTag(p.recvUntil("SIP/2.0 200"))
	p.send(p.request("ACK", newBranch(), 1, tag))
	s.expect(KindAcked)
	for _, method := range []string{"BYE", "INVITE", "INFO"} {
		thief.send(anywhere(p.request(method, newBranch(), 2, tag)))
		if got := thief.recv(); !strings.HasPrefix(got, "SIP/2.0 403") {
			t.Errorf("%s from elsewhere was answered\n%s", method, got)
		}
	}
	s.quiet(0)
	if n := l.a.Metrics().Strange; n != 3 {
		t.Errorf("%d strange requests counted, want 3", n)
	}
	p.send(p.request("BYE", newBranch(), 3, tag))
	s.expect(KindBye)
}

func TestACancelFromAnotherAddressCancelsNothing(t *testing.T) {
	t.Parallel()
	p, l, s, branch := rawCall(t)
	thief := elsewhere(t, p)
	cancel := p.request("CANCEL", branch, 1, "")
	thief.send(cancel) // the answer goes to the INVITE's port at the thief's address: nobody is there
	l.Progress(180, "Ringing", Message{})
	p.recvUntil("SIP/2.0 180")
	s.quiet(0)
	p.send(cancel)
	s.expect(KindCancelled)
}

func TestAPeerMayMoveToItsContactOrBeNamed(t *testing.T) {
	t.Parallel()
	l := &Leg{target: "sip:a@127.0.0.2:5060", routes: []string{"<sip:127.0.0.3;lr>"}, home: flow{remote: addrPortOf(loopback(1), 5060)}}
	for i, want := range map[byte]bool{1: true, 2: true, 3: true, 4: false} {
		if got := l.knows(loopback(i)); got != want {
			t.Errorf("127.0.0.%d is known: %v", i, got)
		}
	}
	l.target = "sip:a@pbx.example.com"
	if !l.knows(loopback(4)) {
		t.Error("a name may stand for any address")
	}
}

func TestACopyOfAnInviteThatTookAnotherWayMakesNoSecondCall(t *testing.T) {
	t.Parallel()
	p, l, s, _ := rawCall(t)
	p.send(p.request("INVITE", newBranch(), 1, ""))
	if got := p.recvUntil("SIP/2.0 4"); !strings.HasPrefix(got, "SIP/2.0 482") {
		t.Errorf("the copy was answered\n%s", got)
	}
	l.Answer(offer)
	p.send(p.request("INVITE", newBranch(), 1, "")) // and after the answer
	p.recvUntil("SIP/2.0 482")
	s.quiet(0)
}

func TestAnInviteMayComeAgainAfterItWasRefused(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	p := newRawPeer(t, a)
	for range 2 {
		p.send(p.request("INVITE", newBranch(), 1, ""))
		p.recvUntil("SIP/2.0 480")
	}
}

func TestAFailureOfOurOwnSaysWhy(t *testing.T) {
	t.Parallel()
	a, s := newTestAgent(t, nil), newSide(t, "caller")
	dialTo(t, a, "sip:psap@127.0.0.1:1;transport=tcp", offer, s.sink)
	if e := s.expect(KindFailed); !strings.Contains(e.Cause, "connection refused") {
		t.Errorf("cause %q", e.Cause)
	}
	silent := newRawPeer(t, nil)
	dialTo(t, a, "sip:psap@"+silent.addr(), offer, s.sink)
	if e := s.expect(KindFailed); e.Cause != "no answer from "+silent.addr() {
		t.Errorf("cause %q", e.Cause)
	}
}
