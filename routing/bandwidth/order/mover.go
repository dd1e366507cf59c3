// Package order moves Bandwidth's orders of locations and endpoints through their statuses by the lab clock: RECEIVED,
// PROCESSING, and what comes of it. It knows rows of the store and the clock; what an order does is told to it by kind, by
// whoever took it. It must not know HTTP, XML or JSON.
package order

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing/directory/store"
	"callbox/routing/labclock"
	"callbox/sip/fault"
)

// Apply does every item of an order at a time of the lab, and gives it its last status, Finished and no Due; the Mover
// saves it. An error that is not the store's fails the whole order, and nothing of it counts.
type Apply func(t *store.Tx, o *store.Order, at time.Time) error

// Delays are how much lab time an order waits.
type Delays struct {
	Received   time.Duration // until it is worked on
	Processing time.Duration // until it is done
}

// DelaysOf returns the delays that configuration calls quick or realistic; quick for any other name.
func DelaysOf(name string) Delays {
	if name == "realistic" {
		return Delays{Received: 30 * time.Second, Processing: 90 * time.Second}
	}
	return Delays{Received: time.Second, Processing: time.Second}
}

// Options of a Mover.
type Options struct {
	Apply  map[string]Apply // by the kind of an order
	Delays Delays
	Follow func(context.Context) error // brings the clock to where other edges have stepped it; nil does nothing
	Logger zerolog.Logger
}

// Mover moves orders that are due. Every edge at a database runs one; that they do the same work at once does no harm.
type Mover struct {
	store *store.Store
	clock *labclock.Clock
	o     Options
	wake  chan struct{}
	fault fault.Episode
}

// NewMover returns a mover that does not run yet.
func NewMover(s *store.Store, c *labclock.Clock, o Options) *Mover {
	if o.Follow == nil {
		o.Follow = func(context.Context) error { return nil }
	}
	return &Mover{store: s, clock: c, o: o, wake: make(chan struct{}, 1)}
}

// Wake has Run look at the store again: call it when the store's revision has changed. It never blocks.
func (m *Mover) Wake() {
	select {
	case m.wake <- struct{}{}:
	default: // it is going to look anyway
	}
}

// Fault tells whether orders cannot be moved now, since when and why.
func (m *Mover) Fault() (fault.Report, bool) { return m.fault.Report() }

// The pace at which a Mover looks for orders of others, and tries again while the database is away.
const (
	idle       = time.Minute
	firstRetry = 250 * time.Millisecond
	lastRetry  = 10 * time.Second
	mostTurns  = 10 // that others took, one after the other
)

// Run moves orders when they are due until ctx ends. In between it sleeps: until the next is due, the lab clock is
// stepped, or Wake is called.
func (m *Mover) Run(ctx context.Context) {
	retry := firstRetry
	for ctx.Err() == nil {
		stepped := m.clock.Changed()
		_, err := m.Move(ctx)
		sleep := idle
		if err == nil {
			sleep, err = m.next(ctx)
		}
		wake := m.wake
		switch {
		case ctx.Err() != nil:
			return
		case err != nil: // a pause after an error is not cut short: writes of others would make it a poll
			m.fail(err)
			stepped, wake = nil, nil
			sleep, retry = retry, min(2*retry, lastRetry)
		default:
			m.mend()
			retry = firstRetry
		}
		timer := time.NewTimer(sleep)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-stepped:
		case <-wake:
		}
		timer.Stop()
	}
}

func (m *Mover) fail(err error) {
	if m.fault.Begin(err, time.Now()) {
		m.o.Logger.Error().Str("fault", "orders").Err(err).Msg("orders of endpoints and locations cannot be worked on; trying again")
	}
}

func (m *Mover) mend() {
	if r, was := m.fault.End(); was {
		m.o.Logger.Info().Str("fault", "orders").Uint64("times", r.Met).Msg("orders are worked on again")
	}
}

// next returns how long there is nothing to do.
func (m *Mover) next(ctx context.Context) (time.Duration, error) {
	o, err := m.first(ctx)
	if err != nil || o.SID == "" {
		return idle, err
	}
	return min(idle, time.UnixMilli(o.Due).Sub(m.clock.Now())), nil
}

// first returns the order that is due first, none where there is none.
func (m *Mover) first(ctx context.Context) (o store.Order, err error) {
	err = m.store.View(ctx, func(t *store.Tx) error {
		var sids []string
		if err := t.Select(&sids, "SELECT sid FROM bandwidth_orders WHERE due <> 0 ORDER BY due, id LIMIT 1"); err != nil || len(sids) == 0 {
			return err
		}
		o, err = store.Get[store.Order](t, "", sids[0])
		return err
	})
	return o, err
}

// Move moves every order that is due by the lab clock, earliest first, and returns how many statuses it moved.
func (m *Mover) Move(ctx context.Context) (moved int, err error) {
	if err := m.o.Follow(ctx); err != nil {
		return 0, err
	}
	for again := 0; ; {
		o, err := m.first(ctx)
		if err != nil {
			return moved, fmt.Errorf("look for orders: %w", err)
		}
		if o.SID == "" || time.UnixMilli(o.Due).After(m.clock.Now()) {
			return moved, nil
		}
		err = m.step(ctx, o)
		if again++; again < mostTurns && (errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound)) { // another edge was here
			continue
		}
		if err != nil {
			return moved, fmt.Errorf("work on order %s: %w", o.UUID(), err)
		}
		moved, again = moved+1, 0
	}
}

// step moves one order to its next status. An order that cannot be applied for a reason of its own fails: it would else
// keep all others waiting.
func (m *Mover) step(ctx context.Context, o store.Order) error {
	who := store.Actor{Name: o.UpdatedBy}
	at := time.UnixMilli(o.Due).UTC()
	err := m.store.Update(ctx, who, func(t *store.Tx) error { return m.advance(t, o, at) })
	switch {
	case err == nil, ctx.Err() != nil, errors.Is(err, store.ErrAway), errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrNotFound):
		return err
	}
	m.o.Logger.Error().Err(err).Str("order", o.UUID()).Str("kind", o.Kind).Msg("an order cannot be worked on and fails")
	return m.store.Update(ctx, who, func(t *store.Tx) error {
		o.Status, o.Due, o.Finished, o.Accepted, o.Invalid = store.OrderFailed, 0, at.UnixMilli(), 0, o.Total
		return store.Save(t, &o)
	})
}

// advance moves an order as it was read a moment ago; one that has been written since is ErrConflict.
func (m *Mover) advance(t *store.Tx, o store.Order, at time.Time) error {
	now, err := store.Get[store.Order](t, "", o.SID)
	switch {
	case err != nil:
		return err
	case now.Rev != o.Rev:
		return store.ErrConflict
	case o.Status == store.OrderReceived:
		o.Status, o.Processing, o.Due = store.OrderProcessing, at.UnixMilli(), at.Add(m.o.Delays.Processing).UnixMilli()
		return store.Save(t, &o)
	}
	apply, ok := m.o.Apply[o.Kind]
	if !ok {
		return fmt.Errorf("no order of the kind %q is known here", o.Kind)
	}
	if err := apply(t, &o, at); err != nil {
		return err
	}
	return store.Save(t, &o)
}

// Close gives an order the status that its items add up to.
func Close(o *store.Order, at time.Time) {
	switch {
	case o.Invalid == 0:
		o.Status = store.OrderCompleted
	case o.Accepted == 0:
		o.Status = store.OrderFailed
	default:
		o.Status = store.OrderPartial
	}
	o.Due, o.Finished = 0, at.UnixMilli()
}
