package agent

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
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
	for range 3000 { // the last answer may be here before it is noted
		if unbounded(l.a) == 0 {
			break
		}
		l.a.pause(10 * time.Millisecond)
	}
	if n := unbounded(l.a); n != 0 {
		t.Errorf("%d of %d refused re-INVITEs are kept without bounds", n, storm)
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

// unbounded counts the refused re-INVITEs that are remembered, but are not among those of which the oldest go.
func unbounded(a *Agent) (n int) {
	a.txMu.Lock()
	held := slices.Collect(maps.Values(a.serverTxs))
	a.txMu.Unlock()
	a.refused.mu.Lock()
	defer a.refused.mu.Unlock()
	for _, tx := range held {
		if tx.cseq > 2 && !slices.Contains(a.refused.ring, tx) {
			n++
		}
	}
	return n
}
