package b2bua

import (
	"slices"
	"testing"
	"time"

	"callbox/sip/agent"
	"callbox/sip/call"
)

// outcomes are what the plan was told so far.
func (p *backPlan) outcomes() []StepOutcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.told)
}

func TestADialledCallEndsAtItsLimit(t *testing.T) {
	for _, goesOn := range []bool{true, false} {
		first := ring("one")
		first.Limit, first.GoesOn = time.Minute, goesOn
		p := &backPlan{steps: []Step{first, ring("two")}}
		playWith(t, Options{Callbacks: p}, func(w *world) {
			a := w.invite(offerA)
			w.pass(5 * time.Second) // ringing does not count
			w.b(1).answers(answerB)
			a.expect("answer 200")
			a.acks("")
			w.pass(time.Minute - time.Second)
			if n := len(p.outcomes()); n != 1 {
				t.Fatalf("the plan was asked %d times within the limit", n)
			}
			w.pass(time.Second)
			w.b(1).expect("bye")
			if !goesOn {
				a.expect("bye")
				w.ended(call.EndTimeLimit)
				return
			}
			if told := p.outcomes(); len(told) != 2 || !told[1].Answered || told[1].Duration != time.Minute {
				t.Errorf("the plan was told %+v", told)
			}
			w.b(2)
			a.byes()
			w.record()
		})
	}
}

func TestADialShowsItsOwnNumber(t *testing.T) {
	s := ring("one", "two")
	s.Dial[1].From = "+14155550142"
	playWith(t, Options{Callbacks: &backPlan{steps: []Step{s}}}, func(w *world) {
		a := w.invite(offerA)
		if from := w.b(1).out.From.User; from != "psap-sf" {
			t.Errorf("the first sees %s", from)
		}
		out := w.b(2).out
		if want := (agent.Address{Scheme: "sip", User: "+14155550142"}); out.From != want || out.Message.Get("P-Asserted-Identity") != "<sip:+14155550142@127.0.0.1>" {
			t.Errorf("the second sees %v, %s", out.From, out.Message.Get("P-Asserted-Identity"))
		}
		a.cancels()
	})
}
