package registration

import (
	"context"
	"time"

	"callbox/routing/directory/store"
	"callbox/routing/labclock"
)

// Lab is what a tester does with the edges at one store: step their clock, and have movements fail.
type Lab struct {
	store *store.Store
	clock *labclock.Clock
	rules Rules
}

// NewLab returns the lab of a store, its clock, and the rules that requests follow.
func NewLab(s *store.Store, c *labclock.Clock, r Rules) *Lab { return &Lab{s, c, r} }

// Now returns the time of the lab and how far that is ahead of the real time.
func (l *Lab) Now() (now time.Time, ahead time.Duration) {
	ahead = l.clock.Offset()
	return l.clock.Real().Add(ahead), ahead
}

// Step is StepClock.
func (l *Lab) Step(ctx context.Context, who store.Actor, d time.Duration) error {
	_, err := StepClock(ctx, l.store, who, l.clock, d)
	return err
}

// StepTo is StepClockTo.
func (l *Lab) StepTo(ctx context.Context, who store.Actor, to time.Time) error {
	_, err := StepClockTo(ctx, l.store, who, l.clock, to)
	return err
}

// Fail is Rules.Fail in a transaction of its own.
func (l *Lab) Fail(ctx context.Context, who store.Actor, phone string, what What, times int) (left int, err error) {
	err = l.store.Update(ctx, who, func(t *store.Tx) error {
		left, err = l.rules.Fail(t, phone, what, times)
		return err
	})
	return left, err
}
