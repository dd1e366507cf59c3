package order

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
	"callbox/routing/labclock"
)

const account = "AC00000000000000000000000000000911"

var begin = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// lab is a store with a clock that a test turns.
type lab struct {
	store *store.Store
	clock *labclock.Clock
	now   time.Time
}

func newLab(t *testing.T, engine string) *lab {
	l := &lab{store: storetest.Open(t, engine, store.Options{}), now: begin}
	l.clock = labclock.New(func() time.Time { return l.now })
	return l
}

func (l *lab) order(t *testing.T, kind string, after time.Duration) store.Order {
	o := store.Order{
		Common: store.Common{AccountSID: account}, Kind: kind, Status: store.OrderReceived, Received: l.now.UnixMilli(),
		Due: l.now.Add(after).UnixMilli(), Total: 1, UpdatedBy: "me",
	}
	if err := l.store.Update(t.Context(), store.Actor{Name: "me"}, func(tx *store.Tx) error { return store.Insert(tx, &o) }); err != nil {
		t.Fatal(err)
	}
	return o
}

func (l *lab) get(t *testing.T, sid string) (o store.Order) {
	if err := l.store.View(t.Context(), func(tx *store.Tx) (err error) {
		o, err = store.Get[store.Order](tx, "", sid)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return o
}

func done(_ *store.Tx, o *store.Order, at time.Time) error {
	o.Accepted = o.Total
	Close(o, at)
	return nil
}

func TestAnOrderIsReceivedWorkedOnAndDone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		l := newLab(t, engine)
		m := NewMover(l.store, l.clock, Options{
			Apply: map[string]Apply{"GOOD": done}, Delays: Delays{Received: time.Second, Processing: 2 * time.Second}, Logger: zerolog.Nop(),
		})
		o := l.order(t, "GOOD", time.Second)
		for _, step := range []struct {
			after  time.Duration
			moved  int
			status string
		}{
			{0, 0, store.OrderReceived}, {time.Second, 1, store.OrderProcessing}, {time.Second, 0, store.OrderProcessing},
			{time.Second, 1, store.OrderCompleted}, {time.Hour, 0, store.OrderCompleted},
		} {
			l.now = l.now.Add(step.after)
			moved, err := m.Move(t.Context())
			if got := l.get(t, o.SID); err != nil || moved != step.moved || got.Status != step.status {
				t.Errorf("at %s: %s after %d moves, %v", l.now, got.Status, moved, err)
			}
		}
		got := l.get(t, o.SID)
		if got.Processing != begin.Add(time.Second).UnixMilli() || got.Finished != begin.Add(3*time.Second).UnixMilli() || got.Due != 0 || got.Accepted != 1 {
			t.Errorf("%+v", got)
		}
	})
}

func TestABadOrderKeepsNoOtherWaiting(t *testing.T) {
	t.Parallel()
	l := newLab(t, "sqlite")
	m := NewMover(l.store, l.clock, Options{Apply: map[string]Apply{
		"GOOD": done, "BAD": func(*store.Tx, *store.Order, time.Time) error { return errors.New("not readable") },
	}})
	bad, unknown, good := l.order(t, "BAD", 0), l.order(t, "OTHER", 0), l.order(t, "GOOD", time.Millisecond)
	l.now = l.now.Add(time.Second)
	if moved, err := m.Move(t.Context()); moved != 6 || err != nil {
		t.Errorf("%d moved, %v", moved, err)
	}
	for _, want := range []struct{ sid, status string }{{bad.SID, store.OrderFailed}, {unknown.SID, store.OrderFailed}, {good.SID, store.OrderCompleted}} {
		if got := l.get(t, want.sid); got.Status != want.status || got.Due != 0 {
			t.Errorf("%s: %s", got.Kind, got.Status)
		}
	}
	if got := l.get(t, bad.SID); got.Invalid != 1 || got.Accepted != 0 {
		t.Errorf("%+v", got)
	}
}

func TestAMoverWakesWhenAnOrderIsDue(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, err := store.Open(t.Context(), "sqlite:"+dir+"/x.db", store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		l := &lab{store: s, clock: labclock.New(nil), now: time.Now()}
		m := NewMover(s, l.clock, Options{Apply: map[string]Apply{"GOOD": done}, Delays: Delays{Processing: 5 * time.Second}})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); m.Run(ctx) }()
		o := l.order(t, "GOOD", 10*time.Second)
		m.Wake()
		time.Sleep(16 * time.Second)
		synctest.Wait()
		if got := l.get(t, o.SID); got.Status != store.OrderCompleted {
			t.Errorf("after 16 seconds it is %s", got.Status)
		}
		cancel()
		<-ended
	})
}
