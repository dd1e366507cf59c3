package b2bua

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"callbox/sip/call"
)

// gamblingPlan is a plan that says anything, takes its time, and fails at times.
type gamblingPlan struct {
	mu     sync.Mutex
	r      *rand.Rand
	asked  bool // Next is under way
	twice  bool // it was asked while it was
	closed int
	failed bool
}

func (p *gamblingPlan) Callback(CallbackRequest) (CallbackDecision, bool) {
	return CallbackDecision{Plan: p, Centre: "psap-sf", From: "psap-sf", Number: "+14155550100"}, true
}

func (p *gamblingPlan) Next(ctx context.Context, _ StepOutcome) Step {
	p.mu.Lock()
	p.twice = p.twice || p.asked
	p.asked = true
	step, wait := p.step()
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.asked = false
	}()
	if wait {
		select {
		case <-ctx.Done():
		case <-time.After(3 * time.Second):
		}
	}
	if p.failed {
		panic("defect")
	}
	return step
}

func (p *gamblingPlan) step() (s Step, wait bool) {
	wait = p.r.IntN(100) < 20
	p.failed = p.r.IntN(100) == 0
	switch n := p.r.IntN(100); {
	case n < 10:
		return Step{Kind: StepEnd}, wait
	case n < 14:
		return Step{Kind: StepReject, Status: 486, Reason: "no"}, wait
	case n < 30:
		return Step{Kind: StepPlay, Dial: []DialTarget{{Name: "voice", URI: "sip:voice@127.0.0.1:9"}}}, wait
	}
	s = Step{Kind: StepDial, GoesOn: p.r.IntN(2) == 0}
	for i := range p.r.IntN(4) { // none at times
		uri := fmt.Sprintf("sip:phone%d@127.0.0.1:5099", i)
		if p.r.IntN(10) == 0 {
			uri = "sip:x@nowhere"
		}
		s.Dial = append(s.Dial, DialTarget{
			Name: fmt.Sprint("phone", i), URI: uri, Secure: p.r.IntN(10) == 0, Redirects: p.r.IntN(2) == 0, Ring: time.Duration(1+p.r.IntN(30)) * time.Second,
		})
	}
	return s, wait
}

func (p *gamblingPlan) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed++
}

// TestAnyOrderOfEventsInACallback is TestAnyOrderOfEvents for the calls of call centres.
func TestAnyOrderOfEventsInACallback(t *testing.T) {
	for n := range *runs {
		s := *seed + n
		ok := t.Run("", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				plan := &gamblingPlan{r: rand.New(rand.NewPCG(s, 7))}
				o := randomOptions(s)
				o.Callbacks = plan
				w := newWorld(t, o)
				g := &gambler{w: w, r: rand.New(rand.NewPCG(s, 0))}
				g.playCallback()
				w.running.Wait()
				w.checkInvariants()
				switch r := w.record(); {
				case r.EndReason == call.EndBadRequest && r.Direction == "": // nobody was asked what it is
				case plan.closed != 1 || plan.twice:
					t.Errorf("the plan was closed %d times, asked twice at once: %v", plan.closed, plan.twice)
				case r.Direction != call.DirectionCallback || r.FeeCents != 0:
					t.Errorf("the record is %+v", r)
				case r.EndReason == call.EndInternal:
					t.Error("a defect ended the call")
				case len(r.Attempts) > maxLegs+10:
					t.Errorf("%d legs were rung", len(r.Attempts))
				}
			})
		})
		if !ok {
			t.Fatalf("repeat with -run TestAnyOrderOfEventsInACallback -args -seed %d -runs 1", s)
		}
	}
}

// playCallback is play for the call of a call centre.
func (g *gambler) playCallback() {
	g.a = g.w.invite(g.body([]string{offerA, offerA, "", with(offerA, "sendonly", 4000)}[g.r.IntN(4)]), g.timers()...)
	for range 5 + g.r.IntN(80) {
		g.step()
		if g.chance(60) {
			g.flush()
		}
	}
	g.flush()
	g.checkMedia()
	g.finish()
	g.w.pass(5 * time.Second) // a plan that thinks hears that it is over
}
