package systest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"callbox/sip/call"
)

// TestCallsOverALossyNetwork places calls over a network that loses every seventh datagram on either side of the edge,
// doubles and delays others, to a centre that is down and then to one that hangs up after a while. Callers talk, cancel
// before and about the answer, hang up at once, hold, wait for the end: every one hears one final answer, every call ends
// and has one record that says the same, and the edge holds nothing afterwards.
func TestCallsOverALossyNetwork(t *testing.T) {
	t.Parallel()
	l := prepareLab(t, settings{})
	near, far, host := sameLength(l.host), sameLength(l.host), sameLength(l.host)
	l.configure(t, settings{
		directory: directoryOf(t, target{id: "psap-first", uri: "sip:psap-down@" + far + ":6063"},
			target{id: "psap-second", uri: "sip:psap-hangs-up@" + far + ":6063"}, target{id: "ecc-us", uri: "sip:ecc-us@sim"}),
		probeInterval: -1,
	})
	l.start(t)
	callerSide := startShim(t, *lossySeed, near+":6062", l.host+":6060", host+":6060")
	centreSide := startShim(t, *lossySeed+1, far+":6063", l.host+":6060", l.host+":6070")
	before := l.metrics(t)
	p := startPersistent(t, host+":6060", near+":6062")

	var living, listening sync.WaitGroup
	stop := make(chan struct{})
	calls, started := make([]*held, *lossyCalls), time.Now()
	for n := range calls {
		calls[n] = p.place(n)
		living.Add(1)
		listening.Go(func() {
			r := rand.New(rand.NewPCG(*lossySeed, uint64(n)))
			h := calls[n]
			h.idle(time.Duration(n) * 30 * time.Millisecond)
			if did, ok := h.live(r); !ok {
				t.Errorf("%s: %s; it heard\n%s", h.id, did, strings.Join(h.heard, "\n"))
			}
			living.Done()
			h.listen(stop)
		})
	}
	living.Wait()
	t.Logf("%d calls in %v; caller's side: %v; centre's side: %v", len(calls), time.Since(started).Round(time.Second), callerSide, centreSide)
	l.leftClean(t, before)
	close(stop)
	listening.Wait()
	l.compareRecords(t, calls)
}

// leftClean waits until the edge holds what it held before. A BYE that nobody answers is repeated for 32 s.
func (l *lab) leftClean(t *testing.T, before map[string]float64) {
	t.Helper()
	eventually(t, 45*time.Second, "everything is given back", func() error {
		m := l.metrics(t)
		for name, most := range map[string]float64{
			"callbox_calls_active": 0, "callbox_media_sessions": 0, "callbox_sip_legs": 0, `callbox_media_ports{state="in_use"}`: 0,
			"callbox_panics_total": 0, "callbox_cdr_dropped_total": 0, "callbox_events_dropped_total": 0,
			"go_goroutines": before["go_goroutines"] + 5, "process_open_fds": before["process_open_fds"] + 5,
		} {
			if got, ok := m[name]; !ok || got > most {
				return fmt.Errorf("%s is %v (%v), want at most %v", name, got, ok, most)
			}
		}
		return nil
	})
}

// compareRecords holds every caller's experience against the journal.
func (l *lab) compareRecords(t *testing.T, calls []*held) {
	t.Helper()
	records := map[string][]call.Record{}
	for line := range strings.Lines(l.journal(t)) {
		var r call.Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		records[r.SIPCallID] = append(records[r.SIPCallID], r)
	}
	ends := map[string]int{}
	for _, h := range calls {
		rs := records[h.id]
		if len(rs) != 1 {
			t.Errorf("%s has %d records, want 1", h.id, len(rs))
			continue
		}
		r := rs[0]
		ends[r.EndReason.String()]++
		if len(h.finals) != 1 {
			t.Errorf("%s heard the final answers %v, want one", h.id, h.finals)
		}
		for status := range maps.Values(h.finals) {
			if status != fmt.Sprint(r.SIPStatus) {
				t.Errorf("%s heard %s, its record says %d", h.id, status, r.SIPStatus)
			}
		}
		switch r.EndReason {
		case call.EndCallerHungUp, call.EndCalleeHungUp, call.EndCallerCancelled:
		default:
			t.Errorf("%s ended by %v with %v", h.id, r.EndReason, attempts(r))
		}
	}
	t.Logf("they ended by %v", ends)
}

// String tells what the network did.
func (s *shim) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("%d datagrams, %d lost, %d doubled, %d late", s.passed, s.lost, s.twice, s.late)
}
