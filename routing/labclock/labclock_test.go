package labclock

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
)

var start = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

func fixed() time.Time { return start }

func TestTheClockIsTheRealTimeAndItsOffset(t *testing.T) {
	t.Parallel()
	c := New(fixed)
	if got := c.Now(); !got.Equal(start) {
		t.Errorf("a new clock says %s, want the real time %s", got, start)
	}
	for _, d := range []time.Duration{12 * time.Minute, 0, time.Hour} {
		if _, err := c.Step(d); err != nil {
			t.Fatal(err)
		}
	}
	want := start.Add(72 * time.Minute)
	if got := c.Now(); !got.Equal(want) {
		t.Errorf("after the steps it says %s, want %s", got, want)
	}
	if got := c.Real(); !got.Equal(start) {
		t.Errorf("the real time became %s", got)
	}
}

func TestTheZeroClockIsTheRealTime(t *testing.T) {
	t.Parallel()
	var c Clock
	if d := time.Since(c.Now()).Abs(); d > time.Minute {
		t.Errorf("the zero clock is %s off", d)
	}
}

func TestAStepIsRefusedWithItsReason(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		offset time.Duration
		step   time.Duration
		want   error
		says   string
	}{
		{"backwards", time.Hour, -time.Second, ErrBackwards, "a step of -1s would bring back"},
		{"the least duration there is", time.Hour, -1 << 63, ErrBackwards, "forwards only"},
		{"further than a step goes", 0, MaxStep + 1, ErrTooFar, "take several steps"},
		{"the largest duration there is", MaxOffset, 1<<63 - 1, ErrTooFar, "take several steps"},
		{"further than the clock goes", MaxOffset - time.Hour, 2 * time.Hour, ErrTooFar, "start with an empty database"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := New(fixed)
			c.Follow(tt.offset)
			_, err := c.Step(tt.step)
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v, want %v with %q", err, tt.want, tt.says)
			}
			if got := c.Offset(); got != tt.offset {
				t.Errorf("the refused step moved the clock from %s to %s", tt.offset, got)
			}
		})
	}
}

func TestFollowNeverTakesTheClockBack(t *testing.T) {
	t.Parallel()
	c := New(fixed)
	for _, tt := range []struct{ stored, want time.Duration }{
		{time.Hour, time.Hour}, {time.Minute, time.Hour}, {-time.Hour, time.Hour},
		{2 * time.Hour, 2 * time.Hour}, {1<<63 - 1, MaxOffset},
	} {
		c.Follow(tt.stored)
		if got := c.Offset(); got != tt.want {
			t.Errorf("after following %s the offset is %s, want %s", tt.stored, got, tt.want)
		}
	}
}

func TestWhoWaitsHearsOfEveryChange(t *testing.T) {
	t.Parallel()
	c := New(fixed)
	quiet := c.Changed()
	if _, err := c.Step(0); err != nil {
		t.Fatal(err)
	}
	c.Follow(0)
	select {
	case <-quiet:
		t.Error("a step of nothing woke who waits")
	default:
	}
	for i, change := range []func(){func() { _, _ = c.Step(1) }, func() { c.Follow(time.Hour) }} {
		changed := c.Changed()
		change()
		select {
		case <-changed:
		default:
			t.Errorf("change %d woke nobody", i)
		}
	}
}

func TestStepsFromManyAddUp(t *testing.T) {
	t.Parallel()
	c := New(fixed)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := c.Step(time.Second); err != nil {
				t.Error(err)
			}
			c.Now()
		})
	}
	all.Wait()
	if got := c.Offset(); got != 50*time.Second {
		t.Errorf("fifty steps of a second add up to %s", got)
	}
}
