package b2bua

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/call"
)

// asker answers questions by a function.
type asker func(context.Context, routing.Question) routing.Reply

func (a asker) Ask(ctx context.Context, q routing.Question) routing.Reply { return a(ctx, q) }

// question is the plan of a call whose decision has to ask first.
func (w *world) question() routing.Decision {
	d := w.plan
	d.Verdict, d.Targets, d.Status, d.Reason = routing.VerdictAsk, nil, 0, ""
	d.Question = &routing.Question{Hook: &directory.EmergencyNumber{
		EmergencyNumberRecord: directory.EmergencyNumberRecord{Number: "+19195550911"},
	}, To: "+19195550911", From: "+14155550100"}
	return d
}

// Ask waits for the reply that the test gives.
func (w *world) Ask(ctx context.Context, q routing.Question) routing.Reply {
	select {
	case r := <-w.replies:
		return r
	case <-ctx.Done():
		return routing.Reply{Err: ctx.Err().Error()}
	}
}

func TestACallWaitsForTheReplyThatItsDecisionNeeds(t *testing.T) {
	play(t, func(w *world) {
		w.questions = 1
		a := w.invite(offerA)
		if len(w.dialled) != 0 || len(a.said) != 0 {
			t.Fatalf("%d targets were dialled and %v was said before the reply", len(w.dialled), a.said)
		}
		calls := w.edge.Calls()
		if len(calls) != 1 || calls[0].Verdict != "ask" || calls[0].State != call.StateNew || calls[0].Account != "AC0" {
			t.Errorf("while it is asked the call is %+v", calls)
		}
		w.pass(120 * time.Millisecond)
		w.replies <- routing.Reply{Status: 200, AEUI: "alicePhone0001", Elapsed: 119 * time.Millisecond}
		b := w.b(1)
		b.answers(answerB)
		a.expect("answer 200")
		a.acks("")
		a.byes()
		r := w.ended(call.EndCallerHungUp)
		if n := len(w.asked); n != 2 || len(w.asked[0].Replies) != 0 || len(w.asked[1].Replies) != 1 || w.asked[1].Replies[0].AEUI != "alicePhone0001" {
			t.Errorf("decided %d times, by %+v", n, w.asked)
		}
		if r.Verdict != "psap" || r.PostDialMS < 120 {
			t.Errorf("verdict %s, post dial %v ms", r.Verdict, r.PostDialMS)
		}
		var told []string
		for _, e := range r.Events[:5] {
			told = append(told, string(e.Kind)+" "+e.Detail)
		}
		want := []string{
			"received 911", "asked web hook of +19195550911", "replied web hook of +19195550911: answered 200 after 120ms",
			"decided psap", "dialled sip:psap-sf@127.0.0.1:5070",
		}
		if d := cmp.Diff(want, told); d != "" {
			t.Error(d)
		}
	})
}

func TestTheCallerCanGiveUpWhileSomebodyIsAsked(t *testing.T) {
	for name, end := range map[string]func(w *world, a *peer) call.EndReason{
		"CANCEL": func(_ *world, a *peer) call.EndReason { a.cancels(); return call.EndCallerCancelled },
		"shutdown": func(w *world, a *peer) call.EndReason {
			now, cancel := context.WithCancel(context.Background())
			cancel()
			_ = w.edge.Drain(now)
			a.expect("reject 503")
			return call.EndShutdown
		},
	} {
		t.Run(name, func(t *testing.T) {
			stopped := false
			o := Options{Asker: asker(func(ctx context.Context, _ routing.Question) routing.Reply {
				<-ctx.Done()
				stopped = true
				return routing.Reply{Err: "given up"}
			})}
			playWith(t, o, func(w *world) {
				w.questions = 1
				a := w.invite(offerA)
				why := end(w, a)
				r := w.ended(why)
				if !stopped || len(w.dialled) != 0 || r.Verdict != "ask" || len(w.asked) != 1 {
					t.Errorf("stopped %v, %d dialled, record %+v", stopped, len(w.dialled), r)
				}
			})
		})
	}
}

func TestWhateverBecomesOfAQuestionTheCallGoesOn(t *testing.T) {
	for name, tt := range map[string]struct {
		ask    asker
		wait   time.Duration
		says   string
		panics uint64
	}{
		"nobody can be asked":       {says: "this edge has nobody to ask"},
		"who asks panics":           {ask: func(context.Context, routing.Question) routing.Reply { panic("defect") }, says: "internal error", panics: 1},
		"who asks never comes back": {ask: func(ctx context.Context, _ routing.Question) routing.Reply { <-ctx.Done(); return routing.Reply{} }, wait: askLimit, says: "no reply within 15s"},
		"the question has failed":   {ask: func(context.Context, routing.Question) routing.Reply { return routing.Reply{Err: "refused"} }, says: "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{}
			if tt.ask != nil {
				o.Asker = tt.ask
			}
			playWith(t, o, func(w *world) {
				w.edge.o.Asker = o.Asker // also where there is none
				w.questions = 1
				a := w.invite(offerA)
				if tt.wait > 0 {
					w.pass(tt.wait)
				}
				w.b(1)
				if n := len(w.asked[1].Replies); n != 1 || w.asked[1].Replies[0].Err != tt.says || w.asked[1].Replies[0].Elapsed != tt.wait {
					t.Errorf("replies %+v, want %q after %s", w.asked[1].Replies, tt.says, tt.wait)
				}
				a.cancels()
				if got := w.edge.Metrics().Panics; got != tt.panics {
					t.Errorf("%d panics", got)
				}
			})
		})
	}
}

func TestOnlySoManyQuestionsAreAsked(t *testing.T) {
	asks := 0
	o := Options{Asker: asker(func(context.Context, routing.Question) routing.Reply {
		asks++
		return routing.Reply{Err: "x"}
	})}
	playWith(t, o, func(w *world) {
		w.questions = maxQuestions + 2 // and these two fail at once
		a := w.invite(offerA)
		w.b(1)
		last := w.asked[len(w.asked)-1].Replies
		if asks != maxQuestions || len(last) != maxQuestions+2 || !strings.Contains(last[maxQuestions].Err, "more than 4 questions") {
			t.Errorf("%d were asked, replies %+v", asks, last)
		}
		a.cancels()
	})
	asks = 0
	playWith(t, o, func(w *world) {
		w.questions = 1 << 20
		a := w.invite(offerA)
		a.expect("reject 500")
		if w.ended(call.EndInternal); asks != maxQuestions {
			t.Errorf("%d were asked", asks)
		}
	})
}

func TestTheSecondDecisionMayRefuse(t *testing.T) {
	for verdict, want := range map[routing.Verdict]int{routing.VerdictRefuse: 404, routing.VerdictChallenge: 403} {
		play(t, func(w *world) {
			w.questions = 1
			w.plan.Verdict, w.plan.Status, w.plan.Reason, w.plan.Code, w.plan.Targets = verdict, want, "the web hook does not know the caller", 32101, nil
			a := w.invite(offerA)
			w.replies <- routing.Reply{Status: 404}
			w.settle()
			m := a.expect("reject " + strconv.Itoa(want))
			if verdict == routing.VerdictRefuse {
				has(a, m.message, "the web hook does not know the caller", "X-Callbox-Error: 32101", "X-Callbox-Call: CA")
			}
			if r := w.ended(call.EndRefused); r.SIPStatus != want {
				t.Errorf("the record says %d", r.SIPStatus)
			}
		})
	}
}

// spent is a proof that is right once.
type spent struct{ used int }

func (*spent) Username() string { return "alice" }
func (p *spent) Verify(_, md5, _ string) bool {
	p.used++
	return p.used == 1 && md5 == "right"
}
func (p *spent) Stale() bool { return p.used > 1 }

func TestCredentialsAreGoodForEveryDecisionOfTheirCall(t *testing.T) {
	p := &remembered{Proof: &spent{}}
	for range 3 {
		if !p.Verify("r", "right", "") || p.Stale() {
			t.Error("right credentials are wrong when a call is decided again")
		}
	}
	if p.Verify("r", "other", "") || p.Verify("other", "right", "") {
		t.Error("credentials for one password were taken for another")
	}
	p = &remembered{Proof: &spent{}}
	if wrong, again := p.Verify("r", "wrong", ""), p.Verify("r", "right", ""); wrong || again {
		t.Error("a wrong try was forgotten")
	}
}
