package registration

import (
	"errors"
	"strings"
	"testing"
	"time"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
	"callbox/routing/labclock"
)

func TestTheClockIsSteppedForEveryEdgeAndForLater(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s, _, _, _ := database(t, engine)
		real := func() time.Time { return start }
		here, there := labclock.New(real), labclock.New(real)
		if now, err := StepClock(t.Context(), s, who, here, time.Hour); err != nil || !now.Equal(start.Add(time.Hour)) {
			t.Fatalf("stepped to %s, %v", now, err)
		}
		if _, err := StepClock(t.Context(), s, who, there, time.Hour); err != nil { // does not know of the first step
			t.Fatal(err)
		}
		later := labclock.New(real)
		for _, c := range []*labclock.Clock{here, there, later} {
			if err := FollowClock(t.Context(), s, c); err != nil {
				t.Fatal(err)
			}
			if got := c.Offset(); got != 2*time.Hour {
				t.Errorf("the offset is %s, want both steps", got)
			}
		}
		to := start.Add(30*24*time.Hour + 1)
		if now, err := StepClockTo(t.Context(), s, who, here, to); err != nil || now.Before(to) || now.After(to.Add(time.Millisecond)) {
			t.Errorf("stepped to %s, want %s, %v", now, to, err)
		}
		err := s.View(t.Context(), func(tx *store.Tx) error {
			entries, err := store.Find[store.AuditEntry](tx, store.Where("kind", "lab_clock"))
			if len(entries) != 3 || entries[2].Actor != account || !strings.Contains(entries[2].Changes, `"new":3600000`) {
				t.Errorf("audit log: %+v", entries)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestAStepThatCannotBeChangesNothing(t *testing.T) {
	t.Parallel()
	s, _, _, _ := database(t, storetest.SQLite)
	c := labclock.New(func() time.Time { return start })
	if _, err := StepClock(t.Context(), s, who, c, time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := StepClock(t.Context(), s, who, c, -time.Second); !errors.Is(err, labclock.ErrBackwards) {
		t.Errorf("a step back: %v", err)
	}
	if _, err := StepClockTo(t.Context(), s, who, c, start); !errors.Is(err, labclock.ErrBackwards) {
		t.Errorf("a step back to a time: %v", err)
	}
	if _, err := StepClock(t.Context(), s, who, c, labclock.MaxStep+time.Hour); !errors.Is(err, labclock.ErrTooFar) {
		t.Errorf("a step too far: %v", err)
	}
	if _, err := StepClockTo(t.Context(), s, who, c, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)); !errors.Is(err, labclock.ErrTooFar) {
		t.Errorf("a step to the end of time: %v", err)
	}
	if err := s.SetMeta(t.Context(), clockKey, "soon"); err != nil {
		t.Fatal(err)
	}
	if err := FollowClock(t.Context(), s, c); err == nil || !strings.Contains(err.Error(), `lab.clock_offset_ms is "soon"`) {
		t.Errorf("an offset that is none: %v", err)
	}
	if got := c.Offset(); got != time.Hour {
		t.Errorf("the offset became %s", got)
	}
}
