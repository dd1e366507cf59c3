package cdr

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"callbox/sip/call"
)

func TestAFloodOfRefusedCallsLeavesTheRecordsOfOthers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		j, err := Open(dir, Options{Recent: 2 * refusedBurst, Queue: 4 * refusedBurst})
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		n := 0
		add := func(why call.EndReason, times int) {
			for range times {
				n++
				j.Append(call.Record{ID: call.ID(fmt.Sprintf("CA%d", n)), State: call.StateEnded, EndReason: why})
			}
		}
		kept := func(want, omitted int) {
			t.Helper()
			synctest.Wait()
			if s := j.Stats(); len(j.List(0)) != want || s.Written != uint64(want) || s.Omitted != uint64(omitted) || s.Dropped != 0 {
				t.Errorf("%d in memory and %d written, want %d; %d left out, want %d; %d dropped", len(j.List(0)), s.Written, want, s.Omitted, omitted, s.Dropped)
			}
		}
		add(call.EndRefused, refusedBurst)
		kept(refusedBurst, 0)
		add(call.EndRefused, 7)
		add(call.EndCallerHungUp, 5)
		kept(refusedBurst+5, 7)
		time.Sleep(time.Second)
		add(call.EndRefused, refusedPerSecond+1)
		kept(refusedBurst+5+refusedPerSecond, 8)
	})
}

func TestTheEndOfTheAllowanceIsToldOnce(t *testing.T) {
	t.Parallel()
	var a allowance
	now := time.Now()
	told := 0
	run := func(n int) {
		for range n {
			if _, first := a.take(now); first {
				told++
			}
		}
	}
	run(refusedBurst)
	if told != 0 {
		t.Errorf("told %d times while there is some", told)
	}
	for range 10 {
		run(refusedBurst)
		now = now.Add(time.Second)
	}
	if told != 1 {
		t.Errorf("told %d times, want once for the whole flood", told)
	}
	now = now.Add(time.Minute)
	run(refusedBurst + 1)
	if told != 2 {
		t.Errorf("told %d times after another flood, want twice", told)
	}
}
