package systest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"callbox/sip/call"
)

func TestCancelWhileRingingReachesTheCentre(t *testing.T) {
	t.Parallel()
	l, psap := between(t, settings{}, centre{scenario: "uas_rings.xml"})
	said := l.call(t, caller{scenario: "cancel_ringing.xml", to: "911", hold: 300 * time.Millisecond})
	_, id := said.answer()
	if r := l.record(t, id); r.EndReason != call.EndCallerCancelled || r.SIPStatus != 487 {
		t.Errorf("the call ended by %v, status %d", r.EndReason, r.SIPStatus)
	}
	if _, ok := psap.stop(t).find(func(m message) bool { return m.received && m.isRequest("CANCEL") }); !ok {
		t.Error("the centre got no CANCEL")
	}
	var tags []string
	for _, m := range said {
		if _, tag, ok := strings.Cut(m.header("To"), ";tag="); ok && m.received && m.method() == "INVITE" {
			tags = append(tags, tag)
		}
	}
	for _, tag := range tags {
		if tag != tags[0] {
			t.Errorf("the answers to one INVITE have different To tags: %v", tags)
		}
	}
}

func TestCancelRightAfterTryingEndsTheCall(t *testing.T) {
	t.Parallel()
	l, psap := between(t, settings{}, centre{scenario: "uas_rings.xml"})
	l.call(t, caller{scenario: "cancel_trying.xml", to: "911"})
	if r := l.record(t, l.theCall(t)); r.EndReason != call.EndCallerCancelled {
		t.Errorf("the call ended by %v", r.EndReason)
	}
	_ = psap // whether it heard of the call at all depends on who was faster
}

func TestCancelThatCrossesTheAnswerLeavesNothingUp(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{directory: directoryOf(t, target{id: "psap-first", uri: "sip:psap-at-once@sim"}, target{id: "ecc-us", uri: "sip:ecc-us@sim"})})
	w := dialWire(t, l.sip())
	ends := map[string]int{}
	for i := range 40 {
		w.n = i
		branch := fmt.Sprintf("cross%d", i)
		invite := w.request("INVITE", 1, branch, newDialog, w.offer())
		w.send(t, invite)
		if i%2 == 1 { // half of them wait for a sign of life, and a little
			if _, ok := w.receive(t, 5*time.Second); !ok {
				t.Fatal("no answer to INVITE")
			}
			<-time.After(rand.N(30 * time.Millisecond))
		}
		w.send(t, w.request("CANCEL", 1, branch, newDialog, ""))
		ends[w.settle(t, branch)]++
	}
	t.Logf("INVITEs ended with %v", ends)
	eventually(t, 10*time.Second, "all calls end", func() error {
		for _, r := range l.calls(t) {
			if r.State != call.StateEnded {
				return fmt.Errorf("call %s is %v", r.ID, r.State)
			}
		}
		return nil
	})
	if all := l.calls(t); len(all) != 40 {
		t.Errorf("%d calls on record, want 40", len(all))
	}
}

// settle waits for the INVITE's final answer, acknowledges it, hangs up if it was a 200, and returns its status.
func (w *wire) settle(t *testing.T, branch string) string {
	t.Helper()
	id := fmt.Sprintf("wire-%d-", w.n)
	for {
		m, ok := w.receive(t, 10*time.Second)
		if !ok {
			t.Fatalf("no final answer to INVITE %s", branch)
		}
		if !strings.HasPrefix(m.header("Call-ID"), id) || m.method() != "INVITE" || strings.HasPrefix(m.start, "SIP/2.0 1") {
			continue
		}
		if m.isStatus("200") {
			w.send(t, w.request("ACK", 1, branch+"ack", m.header("To"), ""))
			w.send(t, w.request("BYE", 2, branch+"bye", m.header("To"), ""))
		} else {
			w.send(t, w.request("ACK", 1, branch, m.header("To"), ""))
		}
		return strings.Fields(m.start)[1]
	}
}
