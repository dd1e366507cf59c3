package agent

import (
	"strings"
	"testing"
)

func TestAStormOfReinvitesReachesTheOwnerOnceAndLeavesLittleBehind(t *testing.T) {
	t.Parallel()
	p, l, s, tag := rawUp(t)
	const storm = 500
	p.send(p.request("INVITE", newBranch(), 2, tag))
	r := s.expect(KindRequest).Request
	p.recvUntil("SIP/2.0 100")
	for i := range storm {
		p.send(p.request("INVITE", newBranch(), 3+i, tag))
		m := p.recvUntil("SIP/2.0 ")
		if !strings.HasPrefix(m, "SIP/2.0 500 ") || header(m, "Retry-After") == "" {
			t.Fatalf("while another is under way, a re-INVITE is answered\n%s", m)
		}
	}
	s.quiet(0)
	held := 0
	l.a.refused.mu.Lock()
	for _, t := range l.a.refused.ring {
		if t != nil {
			held++
		}
	}
	l.a.refused.mu.Unlock()
	if held != storm { // the oldest go when maxRefused are kept
		t.Errorf("%d of %d refused re-INVITEs are kept within bounds", held, storm)
	}
	r.Respond(200, "OK", offer)
	p.recvUntil("SIP/2.0 200")
	p.send(p.request("ACK", newBranch(), 2, tag))
	s.expect(KindAcked)
	l.Send("INVITE", offer)
	p.recvUntil("INVITE ")
	p.send(p.request("INVITE", newBranch(), 600, tag))
	p.recvUntil("SIP/2.0 491")
	l.Bye()
	p.send(answer(p.recvUntil("BYE "), "200 OK"))
	s.expect(KindGone)
}
