package agent

import (
	"runtime"
	"testing"
	"time"
	"weak"
)

// TestAnEndedCallIsNotHeldByItsTransactions: they live on for 32 s, and a call is ten times their size.
func TestAnEndedCallIsNotHeldByItsTransactions(t *testing.T) {
	t.Parallel()
	type owner struct {
		events chan Event
		marks  [1]Header
	}
	taken := make(chan weak.Pointer[owner], 1)
	b := tunedAgent(t, func(a *Agent) { a.t1 = defaultT1 }, func(in *Incoming) {
		o := &owner{events: make(chan Event, 8), marks: [1]Header{{"X-Call", "1"}}}
		in.Mark(o.marks[:]...)
		l := in.Accept(func(e Event) { o.events <- e })
		l.Answer(offer)
		for e := range o.events {
			if e.Kind == KindBye {
				break
			}
		}
		taken <- weak.Make(o)
	}, Listener{Network: "udp", Address: "127.0.0.1:0"})
	a := tunedAgent(t, func(a *Agent) { a.t1 = defaultT1 }, nil, Listener{Network: "udp", Address: "127.0.0.1:0"})
	caller := func() weak.Pointer[owner] {
		o := &owner{events: make(chan Event, 8), marks: [1]Header{{"X-Call", "1"}}}
		l := dialTo(t, a, b.uri("911"), offer, func(e Event) { o.events <- e })
		for e := range o.events {
			if e.Kind == KindAnswered {
				l.Bye()
			}
			if e.Kind == KindGone {
				break
			}
		}
		return weak.Make(o)
	}()
	callee := <-taken
	for end := time.Now().Add(wait); caller.Value() != nil || callee.Value() != nil; runtime.Gosched() {
		runtime.GC()
		if time.Now().After(end) {
			t.Fatalf("still held: caller %v, callee %v", caller.Value() != nil, callee.Value() != nil)
		}
	}
	if a.Metrics().Transactions == 0 || b.Metrics().Transactions == 0 {
		t.Error("there is no transaction left that could have held them")
	}
}
