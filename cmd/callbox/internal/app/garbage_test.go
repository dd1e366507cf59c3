package app

import (
	"runtime"
	"testing"
)

func TestGarbageIsBoundedByAnAmount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		used uint64 // MB
		want int
	}{
		{"no call", 12, 400}, {"a hundred calls", 24, 400}, {"a thousand", 48, 200}, {"four thousand", 96, 100}, {"ten thousand", 230, 50},
	} {
		p := pacer{percent: mostPercent}
		if got, _ := p.next(heap{used: tt.used << 20}); got != tt.want {
			t.Errorf("%s: %d %%, want %d", tt.name, got, tt.want)
		}
	}
	p := pacer{percent: 100}
	if got, _ := p.next(heap{used: 100 << 20}); got != 100 {
		t.Errorf("a little more in use: %d %%, want it left at 100", got)
	}
}

func TestMemoryIsGivenBackWhenItIsQuiet(t *testing.T) {
	t.Parallel()
	p := pacer{percent: mostPercent}
	h := heap{collected: 7, used: 20 << 20, held: 320 << 20}
	after := func(seconds int) (times int) {
		for range seconds {
			if _, giveBack := p.next(h); giveBack {
				times++
				h.collected++ // debug.FreeOSMemory collects
				h.held = max(80<<20, h.held/2)
			}
		}
		return times
	}
	if n := after(quietSeconds); n != 0 {
		t.Errorf("given back %d times before it was quiet for long", n)
	}
	h.collected++ // calls come in
	if n := after(quietSeconds); n != 0 {
		t.Errorf("given back %d times in a busy time", n)
	}
	if n := after(10 * quietSeconds); n != 2+vainTries {
		t.Errorf("given back %d times, want twice, and %d times more that do not help", n, vainTries)
	}
	h.collected++
	if n := after(2 * quietSeconds); n != 1 {
		t.Errorf("given back %d times after the next busy time, want once", n)
	}
	h.collected, h.held = h.collected+1, little
	if n := after(2 * quietSeconds); n != 0 {
		t.Errorf("given back %d times although it is little", n)
	}
}

func TestTheHeapIsReadFromTheRuntime(t *testing.T) {
	runtime.GC()
	h := readHeap()
	if h.collected == 0 || h.used == 0 || h.held < h.used || h.held > 4<<30 {
		t.Errorf("reading %+v", h)
	}
}

func TestTheEnvironmentStandsAboveThePace(t *testing.T) {
	t.Parallel()
	asked := map[string]bool{}
	stop := tuneMemory(func(name string) (string, bool) { asked[name] = true; return "1", true })
	stop()
	if !asked["GOGC"] || !asked["GOMEMLIMIT"] {
		t.Errorf("asked for %v", asked)
	}
}
