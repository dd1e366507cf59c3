package b2bua

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"callbox/routing/directory"
	"callbox/sip/agent"
	"callbox/sip/call"
)

// backPlan is the plan of a test: its steps in order, and what it was told of each.
type backPlan struct {
	mu     sync.Mutex
	steps  []Step
	told   []StepOutcome
	asked  []CallbackRequest
	refuse *CallbackDecision
	block  bool // Next waits until its context ends
	closed int
	centre directory.SRTP
}

func (p *backPlan) Callback(r CallbackRequest) (CallbackDecision, bool) {
	p.asked = append(p.asked, r)
	if p.refuse != nil {
		return *p.refuse, true
	}
	return CallbackDecision{
		Plan: p, Centre: "psap-sf", From: "psap-sf", Number: "+14155550100", Country: "US", Account: "AC0", SRTP: p.centre,
		Trace: []call.Step{{Rule: 1, Name: "centre", Outcome: "passed", Saw: "psap-sf"}},
	}, true
}

func (p *backPlan) Next(ctx context.Context, last StepOutcome) Step {
	p.mu.Lock()
	p.told = append(p.told, last)
	block := p.block
	var s Step
	if len(p.steps) > 0 {
		s, p.steps = p.steps[0], p.steps[1:]
	}
	p.mu.Unlock()
	if block {
		<-ctx.Done()
	}
	return s
}

func (p *backPlan) Close() { p.closed++ }

// ring is a step that rings these phones at once.
func ring(names ...string) Step {
	s := Step{Kind: StepDial}
	for _, n := range names {
		s.Dial = append(s.Dial, DialTarget{Name: n, URI: "sip:" + n + "@127.0.0.1:5099", Ring: 20 * time.Second})
	}
	return s
}

// playBack runs a script with a plan of these steps.
func playBack(t *testing.T, script func(w *world, p *backPlan), steps ...Step) {
	t.Helper()
	p := &backPlan{steps: steps}
	playWith(t, Options{Callbacks: p}, func(w *world) {
		script(w, p)
		w.settle()
		if n := w.edge.Active(); n == 0 && p.refuse == nil && p.closed != 1 {
			t.Errorf("the plan was closed %d times, want once", p.closed)
		}
	})
}

func TestACallbackRingsWhomThePlanNames(t *testing.T) {
	playBack(t, func(w *world, p *backPlan) {
		a := w.invite(offerA, agent.Header{Name: "Priority", Value: "psap-callback"}, agent.Header{Name: "X-Callbox-Call", Value: "CAold"})
		b := w.b(1)
		if len(w.asked) != 0 {
			t.Error("the call was decided like an emergency call")
		}
		if q := p.asked[0]; q.Priority != "psap-callback" || q.Original != "CAold" || q.Peer.Port() != 5060 {
			t.Errorf("the planner was asked %+v", q)
		}
		has(b, b.out.Message, "Priority: psap-callback", "X-Callbox-Call: CA", "P-Asserted-Identity: <sip:psap-sf@127.0.0.1>", "m=audio 30002")
		if b.out.From.User != "psap-sf" || b.out.Route.URI != "sip:pbx@127.0.0.1:5099" {
			t.Errorf("dialled %s from %s", b.out.Route.URI, b.out.From.User)
		}
		b.rings()
		a.expect("progress 180")
		b.answers(answerB)
		has(a, a.expect("answer 200").message, "m=audio 30000")
		a.acks("")
		b.byes()
		a.expect("bye")
		r := w.ended(call.EndCalleeHungUp)
		if r.Direction != call.DirectionCallback || r.Verdict != "callback" || r.Centre != "psap-sf" || r.CallbackOf != "CAold1" || r.FeeCents != 0 {
			t.Errorf("the record is %+v", r)
		}
		if len(r.Trace) != 2 || r.Trace[1].Name != "trunk" || r.AnsweredBy != "pbx" {
			t.Errorf("trace %+v, answered by %s", r.Trace, r.AnsweredBy)
		}
	}, func() Step {
		s := ring("pbx")
		s.Of, s.Trace = "CAold1", []call.Step{{Rule: 2, Name: "trunk", Outcome: "applied"}}
		return s
	}())
}

func TestTheFirstThatAnswersHasTheCall(t *testing.T) {
	playBack(t, func(w *world, _ *backPlan) {
		a := w.invite(offerA)
		b1, b2, b3 := w.b(1), w.b(2), w.b(3)
		b1.rings()
		b2.rings()
		a.expect("progress 180")
		a.silent()
		b2.answers(answerB)
		has(b1, b1.expect("cancel").message, "Call completed elsewhere")
		b3.expect("cancel")
		a.expect("answer 200")
		a.acks("")
		b3.answers(answerB) // it crossed the CANCEL
		b3.expect("ack")
		b3.expect("bye")
		a.byes()
		b2.expect("bye")
		r := w.ended(call.EndCallerHungUp)
		if n := w.media.sides[1].resets; n != 0 { // it would bar what the one that answered has begun to send
			t.Errorf("the media was reset %d times", n)
		}
		if got := outcomes(r); got != "one cancelled, two answered 200, three cancelled" {
			t.Errorf("attempts: %s", got)
		}
	}, ring("one", "two", "three"))
}

func TestACallbackGoesOnWhenAStepFails(t *testing.T) {
	for _, tt := range []struct {
		name string
		does func(w *world)
		told StepOutcome
		want string
	}{
		{"all refuse", func(w *world) { w.b(1).fails(486); w.b(2).fails(404) }, StepOutcome{Kind: StepDial, Outcome: "busy", Status: 486}, "one busy 486, two failed 404"},
		{"one declines for all", func(w *world) { w.b(1).fails(603); w.b(2).silent(); w.b(2).fails(500) },
			StepOutcome{Kind: StepDial, Outcome: "failed", Status: 603}, "one failed 603, two failed 500"},
		{"nobody answers", func(w *world) { w.pass(20 * time.Second); w.b(1).expect("cancel"); w.b(2).expect("cancel") },
			StepOutcome{Kind: StepDial, Outcome: "timeout"}, "one timeout, two timeout"},
		{"a connection breaks", func(w *world) { w.b(1).isGone(); w.b(2).dies(503) }, StepOutcome{Kind: StepDial, Outcome: "unreachable"}, "one unreachable, two unreachable 503"},
		{"no use of an answer", func(w *world) { w.b(1).answers(""); w.b(1).expect("bye"); w.b(2).fails(486) },
			StepOutcome{Kind: StepDial, Outcome: "busy", Status: 486}, "one failed 200, two busy 486"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			playBack(t, func(w *world, p *backPlan) {
				a := w.invite(offerA)
				tt.does(w)
				w.b(3).answers(answerB)
				a.said = nil
				a.acks("")
				a.byes()
				if p.told[1] != tt.told {
					t.Errorf("the plan was told %+v", p.told[1])
				}
				if got := outcomes(w.ended(call.EndCallerHungUp)); got != tt.want+", desk answered 200" {
					t.Errorf("attempts: %s", got)
				}
			}, ring("one", "two"), ring("desk"))
		})
	}
}

func TestOneOfTwoThatRingIsHeard(t *testing.T) {
	playBack(t, func(w *world, _ *backPlan) {
		a := w.invite(offerA)
		b1, b2 := w.b(1), w.b(2)
		b1.progresses(183, answerB, "x")
		has(a, a.expect("progress 183").message, "m=audio 30000")
		b2.progresses(183, with(answerB, "sendrecv", 6000), "y")
		a.silent()
		if port := w.media.sides[1].remote.RTP.Port(); port != 5000 {
			t.Errorf("media goes to port %d", port)
		}
		b1.fails(480)
		a.expect("progress 180") // what was heard is over
		if w.media.sides[1].resets != 1 {
			t.Errorf("after one that was heard the media was reset %d times", w.media.sides[1].resets)
		}
		b2.answers(with(answerB, "sendrecv", 6000))
		a.expect("answer 200")
		if port := w.media.sides[1].remote.RTP.Port(); port != 6000 {
			t.Errorf("media goes to port %d", port)
		}
		a.acks("")
		a.byes()
	}, ring("one", "two"))
}

func TestTheCentreHangsUpWhileItRings(t *testing.T) {
	playBack(t, func(w *world, _ *backPlan) {
		a := w.invite(offerA)
		b1, b2 := w.b(1), w.b(2)
		a.cancels()
		b1.expect("cancel")
		b2.expect("cancel")
		if got := outcomes(w.ended(call.EndCallerCancelled)); got != "one cancelled, two cancelled" {
			t.Errorf("attempts: %s", got)
		}
	}, ring("one", "two"))
}

func TestTheCentreHangsUpWhileThePlanThinks(t *testing.T) {
	p := &backPlan{block: true}
	playWith(t, Options{Callbacks: p}, func(w *world) {
		a := w.invite(offerA)
		a.cancels()
		w.ended(call.EndCallerCancelled)
	})
}

func TestACallbackThatReachesNobodySaysWhy(t *testing.T) {
	for status, steps := range map[int][]func(w *world){
		486: {func(w *world) { w.b(1).fails(486) }}, 603: {func(w *world) { w.b(1).fails(603) }},
		404: {func(w *world) { w.b(1).fails(404) }}, 480: {func(w *world) { w.b(1).fails(503) }},
	} {
		playBack(t, func(w *world, _ *backPlan) {
			a := w.invite(offerA)
			for _, f := range steps {
				f(w)
			}
			for _, s := range a.said {
				if strings.HasPrefix(s.what, "reject") {
					has(a, s.message, "nobody could be reached at +14155550100")
				}
			}
			r := w.ended(call.EndNoTarget)
			if r.SIPStatus != status {
				t.Errorf("the centre was told %d, want %d", r.SIPStatus, status)
			}
		}, ring("one"))
	}
}

func TestAPlanMayRefuse(t *testing.T) {
	for _, d := range []CallbackDecision{
		{Status: 404, Reason: "no such number", Centre: "psap-sf"}, {Realm: "sip.twilio.com", Status: 407},
	} {
		p := &backPlan{refuse: &d}
		playWith(t, Options{Callbacks: p}, func(w *world) {
			w.invite(offerA)
			if r := w.ended(call.EndRefused); r.SIPStatus != d.Status || r.Direction != call.DirectionCallback {
				t.Errorf("the record is %+v", r)
			}
		})
	}
	playBack(t, func(w *world, _ *backPlan) {
		a := w.invite(offerA)
		a.expect("reject 486")
		w.ended(call.EndRefused)
	}, Step{Kind: StepReject, Status: 486, Reason: "rejected by the document"})
}

// A plan may have to look for whose number it is; the one refused is then nobody's.
func TestAPlanTellsWhoseNumberIsCalled(t *testing.T) {
	for _, tt := range []struct {
		step    Step
		account string
		verdict string
	}{
		{Step{Kind: StepReject, Status: 404, Owner: Owner{"AC9", "CA", "+16135550100"}}, "AC9", "callback"},
		{Step{Kind: StepReject, Status: 404}, "", "refuse"},
	} {
		p := &backPlan{steps: []Step{tt.step}}
		p.refuse = &CallbackDecision{Plan: p, Centre: "psap-sf", From: "psap-sf", Number: "+16135550100"}
		playWith(t, Options{Callbacks: p}, func(w *world) {
			w.invite(offerA).expect("reject 404")
			if r := w.ended(call.EndRefused); r.Account != tt.account || r.Verdict != tt.verdict || r.Country != tt.step.Owner.Country {
				t.Errorf("the record says %s, %s, %s", r.Account, r.Country, r.Verdict)
			}
		})
	}
}

// What follows once the centre's call is answered: something is said to it, then somebody else has it.
func TestWhoeverComesNextIsOfferedToTheCentre(t *testing.T) {
	said := ring("voice")
	said.Kind = StepPlay
	playBack(t, func(w *world, p *backPlan) {
		a := w.invite(offerA)
		v := w.b(1)
		v.answers(answerB)
		a.expect("answer 200")
		a.acks("")
		v.byes()
		b := w.b(2)
		if o := p.told[1]; !o.Answered || o.Kind != StepPlay || o.Name != "voice" {
			t.Errorf("the plan was told %+v", o)
		}
		if w.media.hold != "true" {
			t.Error("nobody is there to be heard, and silence counts")
		}
		has(b, b.out.Message, "m=audio 30002")
		b.progresses(183, with(answerB, "sendrecv", 6000), "")
		a.silent() // it was answered: the media alone follows
		b.answers(with(answerB, "sendrecv", 7000))
		again := a.expect("send INVITE")
		has(a, again.message, "m=audio 30000")
		a.responds(again, 200, offerA)
		if port := w.media.sides[1].remote.RTP.Port(); port != 7000 || w.media.hold != "false" {
			t.Errorf("media goes to port %d, hold %s", port, w.media.hold)
		}
		b.byes()
		a.expect("bye")
		r := w.ended(call.EndCalleeHungUp)
		if r.AnsweredBy != "two" {
			t.Errorf("answered by %q", r.AnsweredBy)
		}
	}, said, ring("two"))
}

func TestADialThatGoesOnAsksThePlanAgain(t *testing.T) {
	first := ring("one")
	first.GoesOn = true
	playBack(t, func(w *world, p *backPlan) {
		a := w.invite(offerA)
		w.b(1).answers(answerB)
		a.expect("answer 200")
		a.acks("")
		w.pass(7 * time.Second)
		w.b(1).byes()
		a.expect("bye") // the plan has nothing more
		if o := p.told[1]; o.Duration != 7*time.Second || !o.Answered {
			t.Errorf("the plan was told %+v", o)
		}
	}, first)
}

func TestARedirectionIsFollowedWhereTheTargetMay(t *testing.T) {
	s := ring("one", "two")
	s.Dial[0].Redirects = true
	moved := event{kind: agent.KindFailed, status: 302, contact: "sip:other@127.0.0.1:5098"}
	playBack(t, func(w *world, _ *backPlan) {
		a := w.invite(offerA)
		for n := 1; n <= 2; n++ {
			w.b(n).state = legOver
			w.b(n).does(moved)
		}
		if uri := w.b(3).out.Route.URI; uri != moved.contact {
			t.Errorf("dialled %s", uri)
		}
		w.b(3).answers(answerB)
		a.expect("answer 200")
		a.byes()
		if got := outcomes(w.record()); got != "one failed 302, two failed 302, one answered 200" {
			t.Errorf("attempts: %s", got)
		}
	}, s)
}

func TestACentreThatMakesNoOfferGetsTheOneOfWhoAnswers(t *testing.T) {
	playBack(t, func(w *world, _ *backPlan) {
		a := w.invite("")
		b1, b2 := w.b(1), w.b(2)
		b2.answers(offerA)
		has(a, a.expect("answer 200").message, "m=audio 30000")
		b1.expect("cancel")
		a.acks(answerB)
		has(b2, b2.expect("ack").message, "m=audio 30002")
		a.byes()
	}, ring("one", "two"))
}

func TestOnlyTheEdgeMarksACallAsACallback(t *testing.T) {
	playWith(t, Options{PassHeaders: []string{"Priority"}}, func(w *world) {
		w.plan = testCall()
		a := w.invite(offerA, agent.Header{Name: "Priority", Value: "psap-callback"})
		lacks(w.b(1), w.b(1).out.Message, "psap-callback")
		a.cancels()
	})
}
