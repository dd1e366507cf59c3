package registrar

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// A phone that says goodbye and comes back by another port time and again must leave nothing behind.
func TestWhatIsKnownOfPhonesThatAreGoneIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newTest(t, Options{Prober: &prober{}, KeepaliveEvery: 2 * time.Second})
		defer running(t, r)()
		p := newPhone(t, r, "alice", "desk")
		for port := range 20 {
			uri := fmt.Sprintf("sip:a@10.0.0.7:%d", 6000+port)
			q := p.ask(uri)
			q.Contacts[0].Host, q.Contacts[0].Port = netip.MustParseAddr("10.0.0.7"), uint16(6000+port)
			p.must(q)
			time.Sleep(3 * time.Second)
			if state := r.List(Filter{})[0].State; state != StateAnswers {
				t.Fatalf("%s is %s", uri, state)
			}
			p.must(p.ask(uri + " 0"))
		}
		time.Sleep(sweepEvery + time.Second)
		r.quiet.mu.Lock()
		defer r.quiet.mu.Unlock()
		if n, m := len(r.quiet.since), len(r.quiet.lost); n+m > 0 {
			t.Errorf("%d and %d of 20 phones that are gone are remembered", n, m)
		}
	})
}
