package registration

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"callbox/routing/directory/store"
	"callbox/routing/labclock"
)

// clockKey is where the store keeps how far the lab is ahead of the real time, in milliseconds.
const clockKey = "lab.clock_offset_ms"

// FollowClock gives a lab clock the offset that the store keeps, which another edge may have stepped.
func FollowClock(ctx context.Context, s *store.Store, c *labclock.Clock) error {
	text, err := s.Meta(ctx, clockKey)
	if err != nil {
		return fmt.Errorf("read the lab clock: %w", err)
	}
	offset, err := parseOffset(text)
	if err != nil {
		return fmt.Errorf("read the lab clock: %w", err)
	}
	c.Follow(offset)
	return nil
}

func parseOffset(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil || ms < 0 || ms > labclock.MaxOffset.Milliseconds() {
		return 0, fmt.Errorf("the store's %s is %q, which is no offset", clockKey, text)
	}
	return time.Duration(ms) * time.Millisecond, nil
}

// StepClock takes the lab clock of every edge at the store forwards by d, in whole milliseconds, and returns its new
// time. A refusal is labclock.ErrBackwards or labclock.ErrTooFar and changes nothing.
func StepClock(ctx context.Context, s *store.Store, who store.Actor, c *labclock.Clock, d time.Duration) (time.Time, error) {
	return stepClock(ctx, s, who, c, func(time.Duration) time.Duration { return d.Truncate(time.Millisecond) })
}

// StepClockTo takes the lab clock of every edge forwards to a time. Otherwise it is StepClock.
func StepClockTo(ctx context.Context, s *store.Store, who store.Actor, c *labclock.Clock, to time.Time) (time.Time, error) {
	return stepClock(ctx, s, who, c, func(offset time.Duration) time.Duration {
		d := to.Sub(c.Real().Add(offset))
		if up := d.Truncate(time.Millisecond); up < d && d < labclock.MaxStep { // not a moment too early
			return up + time.Millisecond
		}
		return d
	})
}

// stepClock reads, steps and writes the offset in one transaction, so that no two edges step from the same one.
func stepClock(ctx context.Context, s *store.Store, who store.Actor, c *labclock.Clock, step func(offset time.Duration) time.Duration) (time.Time, error) {
	var next time.Duration
	err := s.Update(ctx, who, func(t *store.Tx) error {
		text, err := t.Meta(clockKey)
		if err != nil {
			return err
		}
		offset, err := parseOffset(text)
		if err != nil {
			return err
		}
		if next, err = labclock.Stepped(offset, step(offset)); err != nil {
			return err
		}
		if next == offset {
			return nil
		}
		changes, err := json.Marshal(map[string]any{"offset_ms": map[string]int64{"old": offset.Milliseconds(), "new": next.Milliseconds()}})
		if err != nil {
			return err
		}
		if err := t.Note(store.AuditEntry{Action: "step", Kind: "lab_clock", Changes: string(changes)}); err != nil {
			return err
		}
		return t.SetMeta(clockKey, strconv.FormatInt(next.Milliseconds(), 10))
	})
	if err != nil {
		return time.Time{}, err
	}
	c.Follow(next)
	return c.Now(), nil
}
