package b2bua

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"callbox/routing"
	"callbox/sip/agent"
	"callbox/sip/call"
	"callbox/sip/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// drain starts Drain and returns where its outcome will be.
func (w *world) drain(limit time.Duration) (result chan error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	result = make(chan error, 1)
	w.running.Go(func() {
		defer cancel()
		result <- w.edge.Drain(ctx)
	})
	w.settle()
	return result
}

// second starts another call beside the first and returns its invite and caller.
func (w *world) second(plan routing.Decision) (*fakeInvite, *peer) {
	first, firstInv := w.caller, w.inv
	w.plan = plan
	w.invite(offerA)
	inv, p := w.inv, w.caller
	w.caller, w.inv = first, firstInv
	return inv, p
}

func TestDrainWaitsForCallsAndTakesEmergenciesMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Options{})
		a, _ := w.up()
		done := w.drain(time.Hour)
		inv, _ := w.second(testCall())
		if inv.said[0].what != "refuse 503" {
			t.Errorf("a test call during the drain got %v", inv.said)
		}
		has(w.caller, inv.said[0].message, "Retry-After: 30", "Warning: 399", "X-Callbox-Call")
		inv, p := w.second(emergency("ecc-us"))
		if len(inv.said) != 0 {
			t.Fatalf("an emergency call during the drain got %v", inv.said)
		}
		a.byes()
		w.settle()
		if len(done) != 0 {
			t.Fatal("the drain did not wait for the emergency call")
		}
		p.cancels()
		w.settle()
		if err := <-done; err != nil {
			t.Errorf("drain: %v", err)
		}
		inv, _ = w.second(emergency("ecc-us"))
		if len(inv.said) != 1 || inv.said[0].what != "refuse 503" {
			t.Errorf("after the drain an INVITE got %v", inv.said)
		}
		w.running.Wait()
	})
}

func TestDrainThatRunsOutOfTimeEndsTheCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Options{})
		a, b := w.up()
		_, ringing := w.second(emergency("ecc-us"))
		done := w.drain(10 * time.Second)
		w.pass(10 * time.Second)
		if err := <-done; err != context.DeadlineExceeded {
			t.Errorf("drain: %v", err)
		}
		has(a, a.expect("bye").message, "Reason: SIP;cause=503")
		b.expect("bye")
		has(ringing, ringing.expect("reject 503").message, "Retry-After: 30")
		w.b(2).expect("cancel")
		w.running.Wait()
		for _, r := range w.records {
			if r.EndReason != call.EndShutdown {
				t.Errorf("a call ended with %s", r.EndReason)
			}
		}
	})
}

func TestDrainOfAnIdleEdgeReturnsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Options{})
		for range 2 { // and again
			if err := w.edge.Drain(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestCallsShowsWhatIsUp(t *testing.T) {
	play(t, func(w *world) {
		a, _ := w.up()
		w.media.stats = call.Media{FromCaller: call.Flow{Packets: 42}}
		all := w.edge.Calls()
		if len(all) != 1 || w.edge.Active() != 1 {
			t.Fatalf("%d calls, %d active", len(all), w.edge.Active())
		}
		r := all[0]
		if r.State != call.StateAnswered || r.EndReason != call.EndNone || r.Media.FromCaller.Packets != 42 ||
			r.AnsweredBy != "psap-sf" || len(r.Trace) == 0 {
			t.Errorf("snapshot is wrong: %+v", r)
		}
		r.Attempts[0].Target, r.Events[0].Detail = "changed", "changed"
		a.byes()
		if r := w.record(); r.Attempts[0].Target == "changed" || r.Events[0].Detail == "changed" {
			t.Error("the snapshot shares its lists with the call")
		}
		if len(w.edge.Calls()) != 0 {
			t.Error("the call is still shown")
		}
	})
}

func TestACallKeepsTheAnnouncementItBeganWith(t *testing.T) {
	uri := "sip:old@127.0.0.1:5070"
	playWith(t, Options{Announce: func() string { return uri }}, func(w *world) {
		w.plan = emergency("ecc-us")
		a := w.invite(offerA)
		uri = "sip:new@127.0.0.1:5070"
		w.b(1).fails(486)
		if got := w.b(2).out.Route.URI; got != "sip:old@127.0.0.1:5070" {
			t.Errorf("dialled %s", got)
		}
		a.cancels()
	})
}

func TestADefectEndsItsCallOnly(t *testing.T) {
	for _, tt := range []struct {
		name string
		does func(w *world)
	}{
		{"in the decision", func(w *world) {
			w.decide = func(routing.Request) routing.Decision { panic("defect") }
			w.invite(offerA)
			w.refused(500)
		}},
		{"while it rings", func(w *world) {
			a := w.invite(offerA)
			w.b(1).does(event{kind: kindPeek}) // a peek without anyone who peeks
			a.expect("reject 500")
			w.b(1).expect("cancel")
		}},
		{"when it is up", func(w *world) {
			a, b := w.up()
			a.does(event{kind: kindPeek})
			a.expect("bye")
			b.expect("bye")
		}},
		{"in the look-up of a target", func(w *world) {
			w.plan.Targets[0].URI = "sip:x@psap.example"
			w.edge.legs = panicking{w}
			a := w.invite(offerA)
			w.b(1)
			a.cancels()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, func(w *world) {
				tt.does(w)
				r := w.record()
				if strings.Contains(tt.name, "look-up") { // not even that one: the next target gets it
					if r.Attempts[0].Outcome != "unreachable" {
						t.Errorf("attempts %q", outcomes(r))
					}
					return
				}
				if r.EndReason != call.EndInternal || w.edge.Metrics().Panics != 1 {
					t.Errorf("ended with %s, metrics %+v", r.EndReason, w.edge.Metrics())
				}
			})
		})
	}
}

// panicking is a dialer whose look-up of names fails badly.
type panicking struct{ *world }

func (p panicking) Route(ctx context.Context, uri string) (agent.Route, error) {
	if strings.Contains(uri, "example") {
		panic("defect")
	}
	return p.world.Route(ctx, uri)
}

func TestADefectInTheRecorderStaysThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Options{})
		w.edge.o.Recorder = brokenRecorder{}
		a, b := w.up()
		a.byes()
		b.expect("bye")
		w.running.Wait()
		if w.edge.Active() != 0 || w.edge.Metrics().Panics != 1 {
			t.Errorf("metrics %+v", w.edge.Metrics())
		}
	})
}

type brokenRecorder struct{}

func (brokenRecorder) Append(call.Record) { panic("disk on fire") }

func TestAFullMailboxKeepsWhatMustNotBeLost(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA)
		b := w.b(1)
		c := w.edge.all()[0]
		c.box.mu.Lock() // the call's goroutine is busy
		for range mailboxLimit {
			c.box.queue = append(c.box.queue, event{kind: kindNotice, notice: media.Notice{Kind: media.NoticeFirstPacket}})
		}
		c.box.mu.Unlock()
		q := &ask{p: a, name: "INFO"}
		b.emit(event{kind: agent.KindProgress, status: 180})
		a.emit(event{kind: agent.KindRequest, request: q})
		b.state = legAnswered
		b.emit(event{kind: agent.KindAnswered, status: 200, message: sdpMessage(answerB)})
		w.settle()
		has(a, q.got(500), "Retry-After: 1")
		a.expect("answer 200")
		if got := w.edge.Metrics().Dropped; got != 2 {
			t.Errorf("%d events dropped, want 2", got)
		}
		a.byes()
	})
}

func TestEventsInARecordAreBoundedAndTheEndIsAmongThem(t *testing.T) {
	play(t, func(w *world) {
		a, b := w.up()
		for range 2 * maxEvents {
			q := a.asks("INFO", "x")
			b.responds(b.expect("send INFO"), 200, "")
			q.got(200)
		}
		a.byes()
		ev := w.record().Events
		if len(ev) != maxEvents || ev[len(ev)-1].Kind != call.EventEnded {
			t.Errorf("%d events, the last is %s", len(ev), ev[len(ev)-1].Kind)
		}
	})
}

func TestACallThatIsUpCostsNoTimer(t *testing.T) {
	play(t, func(w *world) {
		a, _ := w.up()
		c := w.edge.all()[0]
		w.settle()
		if !c.armed.IsZero() {
			t.Errorf("a timer runs until %v", c.armed)
		}
		a.byes()
	})
}
