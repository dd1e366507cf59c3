package psap

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"callbox/routing/directory"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answers is a Prober that answers from a script by URI.
type answers struct {
	mu     sync.Mutex
	status map[string]int
	asked  map[string]int
	hang   bool
}

func (a *answers) Options(ctx context.Context, uri string) (int, error) {
	a.mu.Lock()
	if a.asked == nil {
		a.asked = map[string]int{}
	}
	a.asked[uri]++
	status, hang := a.status[uri], a.hang
	a.mu.Unlock()
	if hang {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	if status == 0 {
		return 0, errors.New("connection refused")
	}
	return status, nil
}

func (a *answers) set(uri string, status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status[uri] = status
}

func (a *answers) count(uri string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked[uri]
}

func centre(id string) directory.PSAP {
	return directory.PSAP{ID: id, Name: "Centre " + id, URI: "sip:" + id, Probe: true}
}

// started runs a registry of one probed centre "a" until the bubble's test ends. Ticks come at 10 s, 20 s, ...
func started(t *testing.T, a *answers, o Options, centres ...directory.PSAP) *Registry {
	t.Helper()
	o.Prober = a
	r := New(o)
	r.Set(centres)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	synctest.Wait()
	return r
}

// pass lets d go by and every probe of that time end.
func pass(d time.Duration) {
	<-time.After(d) // by the bubble's clock
	synctest.Wait()
}

func TestACentreIsInServiceUntilProbesSayOtherwise(t *testing.T) {
	r := New(Options{})
	if !r.InService("a") {
		t.Error("an unknown centre must count as in service")
	}
	r.Set([]directory.PSAP{centre("a")})
	if !r.InService("a") || r.List()[0].State != "unknown" {
		t.Errorf("before a probe: %+v", r.List()[0])
	}
}

func TestThreeFailuresTakeACentreDownAndOneSuccessBringsItBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &answers{status: map[string]int{"sip:a": 200}}
		var log strings.Builder
		r := started(t, a, Options{Logger: zerolog.New(&log)}, centre("a"))
		if got := r.List()[0]; got.State != "up" || got.Detail != "200" {
			t.Fatalf("after the first probe: %+v", got)
		}
		a.set("sip:a", 503)
		pass(21 * time.Second)
		if !r.InService("a") || r.List()[0].Failures != 2 {
			t.Errorf("after two failures: %+v", r.List()[0])
		}
		pass(10 * time.Second)
		if r.InService("a") || r.List()[0].State != "down" {
			t.Errorf("after three failures: %+v", r.List()[0])
		}
		pass(30 * time.Second)
		a.set("sip:a", 200)
		pass(10 * time.Second)
		if !r.InService("a") || r.List()[0].State != "up" || r.List()[0].Failures != 0 {
			t.Errorf("after a success: %+v", r.List()[0])
		}
		if got := strings.Count(log.String(), "\n"); got != 2 {
			t.Errorf("logged %d lines, want one for each change:\n%s", got, log.String())
		}
	})
}

func TestAnAnswerSaysWhetherSomeoneTakesCalls(t *testing.T) {
	for status, up := range map[int]bool{
		200: true, 302: true, 401: true, 405: true, 481: true, 501: true,
		404: false, 408: false, 410: false, 480: false, 500: false, 503: false, 600: false, 0: false,
	} {
		if serves(status) != up {
			t.Errorf("%d: in service %v, want %v", status, !up, up)
		}
	}
}

func TestASilentCentreGoesDownByTheProbesTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &answers{hang: true}
		r := started(t, a, Options{Failures: 1}, centre("a"))
		pass(1999 * time.Millisecond)
		if !r.InService("a") {
			t.Error("down before the time-out")
		}
		pass(2 * time.Millisecond)
		if r.InService("a") {
			t.Error("up after the time-out")
		}
	})
}

func TestProbesAreSpreadOverATenthOfTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &answers{status: map[string]int{"sip:a": 200}}
		started(t, a, Options{Rand: func() float64 { return 0.5 }}, centre("a"))
		pass(10 * time.Second)
		if got := a.count("sip:a"); got != 1 {
			t.Errorf("%d probes at the tick, want the first only", got)
		}
		pass(500 * time.Millisecond)
		if got := a.count("sip:a"); got != 2 {
			t.Errorf("%d probes half a second after the tick, want 2", got)
		}
	})
}

func TestACentreThatIsNotProbedStaysInService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quiet := centre("a")
		quiet.Probe = false
		a := &answers{}
		r := started(t, a, Options{Failures: 1}, quiet)
		pass(time.Minute)
		if !r.InService("a") || a.count("sip:a") != 0 {
			t.Errorf("probed %d times: %+v", a.count("sip:a"), r.List()[0])
		}
	})
}

func TestANewCentreIsProbedAtOnceAndAMovedOneAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &answers{status: map[string]int{"sip:b": 200, "sip:c": 200}}
		r := started(t, a, Options{Failures: 1}, centre("a"))
		if r.InService("a") {
			t.Fatal("a answers nothing and must be down")
		}
		moved := centre("a")
		moved.URI = "sip:c"
		r.Set([]directory.PSAP{centre("b"), moved})
		if !r.InService("a") {
			t.Error("a moved, so its state is unknown")
		}
		synctest.Wait()
		var states []string
		for _, s := range r.List() {
			states = append(states, s.ID+" "+s.State)
		}
		if diff := cmp.Diff([]string{"b up", "a up"}, states); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAReloadKeepsDownDrainedAndCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := started(t, &answers{status: map[string]int{"sip:b": 200}}, Options{Failures: 1}, centre("a"), centre("b"))
		r.Drain("b")
		if _, ok := r.Acquire("b"); !ok {
			t.Fatal("no place")
		}
		r.Set([]directory.PSAP{centre("b"), centre("a")})
		list := r.List()
		if list[0].State != "drained" || list[0].Active != 1 || list[1].State != "down" {
			t.Errorf("after the reload: %+v", list)
		}
	})
}

func TestADrainedCentreTakesNoCallsUntilRestored(t *testing.T) {
	r := New(Options{})
	r.Set([]directory.PSAP{centre("a")})
	if !r.Drain("a") || r.InService("a") || r.List()[0].State != "drained" {
		t.Errorf("drained: %+v", r.List()[0])
	}
	if !r.Restore("a") || !r.InService("a") {
		t.Errorf("restored: %+v", r.List()[0])
	}
	if r.Drain("x") || r.Restore("x") {
		t.Error("an unknown centre cannot be drained or restored")
	}
}

func TestACentreTakesAsManyCallsAsItHasPlaces(t *testing.T) {
	r := New(Options{})
	two := centre("a")
	two.Capacity = 2
	r.Set([]directory.PSAP{two, centre("b")})
	first, ok := r.Acquire("a")
	if _, second := r.Acquire("a"); !ok || !second {
		t.Fatal("both places must be had")
	}
	if _, third := r.Acquire("a"); third {
		t.Error("a third place was given")
	}
	first()
	first()
	if _, again := r.Acquire("a"); !again {
		t.Error("a released place must be had")
	}
	if _, more := r.Acquire("a"); more {
		t.Error("releasing twice freed two places")
	}
	for range 100 {
		if _, ok := r.Acquire("b"); !ok {
			t.Fatal("no capacity means no limit")
		}
	}
	if release, ok := r.Acquire("unknown"); !ok {
		t.Error("an unknown centre has no limit")
	} else {
		release()
	}
}

func TestInServiceAllocatesNothing(t *testing.T) {
	r := New(Options{})
	r.Set([]directory.PSAP{centre("a")})
	if n := testing.AllocsPerRun(100, func() { r.InService("a") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestRunWithoutAProberWaitsForItsEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	New(Options{}).Run(ctx)
}

func TestStoppingDuringAProbeLeavesTheCentreAsItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Options{Prober: &answers{hang: true}, Failures: 1})
		r.Set([]directory.PSAP{centre("a")})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); r.Run(ctx) }()
		synctest.Wait()
		cancel()
		<-done
		if !r.InService("a") {
			t.Error("a probe that was stopped says nothing")
		}
	})
}

// A phone that has registered takes calls, whatever becomes of what the centre's URI leads to.
func TestACentreThatHasRegisteredIsInService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		there := true
		r := started(t, &answers{}, Options{Registered: func(id string) bool { return id == "a" && there }}, centre("a"), centre("b"))
		<-time.After(35 * time.Second)
		synctest.Wait()
		if r.Answers("a") {
			t.Error("its URI is said to lead to it")
		}
		if !r.InService("a") || r.InService("b") {
			t.Errorf("in service: a %v, b %v", r.InService("a"), r.InService("b"))
		}
		if s := r.List()[0]; s.State != "up" || !s.InService || !s.Registered {
			t.Errorf("its state is %+v", s)
		}
		r.Drain("a")
		if s := r.List()[0]; r.InService("a") || s.State != "drained" || s.InService {
			t.Errorf("drained its state is %+v", s)
		}
		r.Restore("a")
		there = false
		if r.InService("a") || r.List()[0].State != "down" {
			t.Errorf("without its phone it is %+v", r.List()[0])
		}
	})
}
