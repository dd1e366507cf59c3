package registration

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
	"callbox/routing/labclock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scene is a database with a lab clock that stands still but for its steps.
type scene struct {
	*testing.T
	s                *store.Store
	clock            *labclock.Clock
	rules            Rules
	mover            *Mover
	harrison, market store.Address
	n                store.Number
}

func newScene(t *testing.T, engine string, o Options) *scene {
	t.Helper()
	c := &scene{T: t, clock: labclock.New(func() time.Time { return start })}
	c.s, c.harrison, c.market, c.n = database(t, engine)
	c.rules = Rules{Delays: Realistic(), Strict: o.Strict, Now: c.clock.Now}
	c.mover = NewMover(c.s, c.clock, o)
	return c
}

// do runs a request on the number.
func (c *scene) do(change func(*store.Tx, *store.Number) error) {
	c.Helper()
	update(c.T, c.s, func(t *store.Tx) error {
		n, err := store.Get[store.Number](t, "", c.n.SID)
		if err != nil {
			return err
		}
		if err := change(t, &n); err != nil {
			return err
		}
		return store.Save(t, &n)
	})
}

func (c *scene) associate(a store.Address) {
	c.Helper()
	c.do(func(t *store.Tx, n *store.Number) error { return c.rules.Associate(t, n, a) })
}

func (c *scene) disassociate() { c.Helper(); c.do(c.rules.Disassociate) }

// step steps the clock, moves what is due and returns how much that was.
func (c *scene) step(d time.Duration) int {
	c.Helper()
	if _, err := StepClock(c.Context(), c.s, who, c.clock, d); err != nil {
		c.Fatal(err)
	}
	moved, err := c.mover.Move(c.Context())
	if err != nil {
		c.Fatal(err)
	}
	return moved
}

func (c *scene) number() store.Number {
	c.Helper()
	var n store.Number
	err := c.s.View(c.Context(), func(t *store.Tx) (err error) {
		n, err = store.Get[store.Number](t, "", c.n.SID)
		return err
	})
	if err != nil {
		c.Fatal(err)
	}
	return n
}

func (c *scene) is(address, status, emergency string) {
	c.Helper()
	n := c.number()
	if d := cmp.Diff([]string{address, status, emergency}, []string{n.EmergencyAddressSID, n.EmergencyAddressStatus, n.EmergencyStatus}); d != "" {
		c.Errorf("address, its status, emergency status (-want +got):\n%s", d)
	}
}

func TestANumberMovesThroughItsStatusesAsItsAddressChanges(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		c := newScene(t, engine, Options{})
		c.associate(c.harrison)
		c.is(c.harrison.SID, PendingRegistration, Inactive)
		if moved := c.step(12*time.Minute - time.Millisecond); moved != 0 {
			t.Errorf("%d statuses moved a millisecond too early", moved)
		}
		c.is(c.harrison.SID, PendingRegistration, Inactive)
		c.step(time.Millisecond)
		c.is(c.harrison.SID, Registered, Active)
		c.disassociate()
		c.is(c.harrison.SID, PendingUnregistration, Active)
		c.step(12 * time.Minute)
		c.is("", Unregistered, Inactive)
		err := c.s.Update(t.Context(), who, func(tx *store.Tx) error {
			n := c.number()
			return c.rules.Associate(tx, &n, c.market)
		})
		var refusal *Refusal
		if !errors.As(err, &refusal) || refusal.Reason != Wait {
			t.Errorf("associated anew with error %v, want to be told to wait", err)
		}
		c.step(18 * time.Minute)
		c.associate(c.market)
		c.step(12 * time.Minute)
		c.is(c.market.SID, Registered, Active)
		if n := c.number(); n.StatusDue != 0 || n.StatusNext != "" || n.ReassociateAfter != 0 {
			t.Errorf("something is still to come: due %d, next %q, wait %d", n.StatusDue, n.StatusNext, n.ReassociateAfter)
		}
	})
}

func TestStrictEmergencyStatusFollowsItsOwnRequest(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		c := newScene(t, engine, Options{Strict: true})
		c.associate(c.harrison)
		c.step(12 * time.Minute)
		c.is(c.harrison.SID, Registered, Inactive)
		c.do(func(t *store.Tx, n *store.Number) error { return c.rules.SetEmergencyStatus(t, n, true) })
		c.step(4*time.Minute - 1*time.Millisecond)
		c.is(c.harrison.SID, Registered, Inactive)
		c.step(time.Millisecond)
		c.is(c.harrison.SID, Registered, Active)
		if shown := ShownEmergencyStatus(c.number()); shown != Active {
			t.Errorf("shown as %q", shown)
		}
	})
}

func TestANumberThatIsPendingWithoutATimeStaysSo(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		c := newScene(t, engine, Options{})
		c.do(func(_ *store.Tx, n *store.Number) error {
			n.EmergencyAddressSID, n.EmergencyAddressStatus = c.harrison.SID, PendingRegistration
			return nil
		})
		if moved := c.step(300 * 24 * time.Hour); moved != 0 {
			t.Errorf("%d statuses moved", moved)
		}
		c.is(c.harrison.SID, PendingRegistration, Inactive)
		c.associate(c.harrison)
		c.step(12 * time.Minute)
		c.is(c.harrison.SID, Registered, Active)
	})
}

func TestAMoverLeavesToAFileWhatAFileSays(t *testing.T) {
	t.Parallel()
	c := newScene(t, storetest.SQLite, Options{Batch: 1})
	n := c.n
	n.Common = store.Common{AccountSID: account, Origin: store.OriginFile}
	n.PhoneNumber, n.EmergencyAddressStatus, n.StatusNext, n.StatusDue = "+14155550199", PendingRegistration, Registered, 1
	update(t, c.s, func(tx *store.Tx) error { return store.InsertMany(tx, []store.Number{n}) })
	if moved := c.step(time.Hour); moved != 0 {
		t.Errorf("%d statuses of a file moved", moved)
	}
	if next, err := c.mover.next(t.Context()); err != nil || !next.After(c.clock.Now()) {
		t.Errorf("the mover is to look again at %s, %v, and then without end", next, err)
	}
}

func TestFailuresComeAsOrdered(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		c := newScene(t, engine, Options{})
		fail := func(what What, times, left int) {
			t.Helper()
			update(t, c.s, func(tx *store.Tx) error {
				got, err := c.rules.Fail(tx, c.n.PhoneNumber, what, times)
				if got != left {
					t.Errorf("%d failures of %s left, want %d", got, what, left)
				}
				return err
			})
		}
		fail(WhatRegistration, 2, 2)
		for range 2 {
			c.associate(c.harrison)
			c.step(12 * time.Minute)
			c.is(c.harrison.SID, RegistrationFailure, Inactive)
		}
		c.associate(c.harrison)
		fail(WhatRegistration, 1, 0) // the one on its way
		c.step(12 * time.Minute)
		c.is(c.harrison.SID, RegistrationFailure, Inactive)
		c.associate(c.harrison)
		fail(WhatRegistration, 1, 0)
		fail(WhatRegistration, 0, 0) // taken back
		fail(WhatUnregistration, 1, 1)
		c.step(12 * time.Minute)
		c.is(c.harrison.SID, Registered, Active)
		c.disassociate()
		c.step(12 * time.Minute)
		c.is(c.harrison.SID, UnregistrationFailure, Active)
		c.disassociate()
		c.step(12 * time.Minute)
		c.is("", Unregistered, Inactive)
		c.rules.Failing = []string{c.n.PhoneNumber}
		c.step(time.Hour)
		c.associate(c.harrison)
		fail(WhatRegistration, 0, 0) // does not take back what configuration says
		c.step(12 * time.Minute)
		c.is(c.harrison.SID, RegistrationFailure, Inactive)
	})
}

func TestAFailureThatCannotBeIsNotOrdered(t *testing.T) {
	t.Parallel()
	c := newScene(t, storetest.SQLite, Options{})
	for _, tt := range []struct {
		what  What
		times int
	}{{"everything", 1}, {WhatRegistration, -1}, {WhatRegistration, MaxFailures + 1}} {
		err := c.s.Update(t.Context(), who, func(tx *store.Tx) error {
			_, err := c.rules.Fail(tx, c.n.PhoneNumber, tt.what, tt.times)
			return err
		})
		if !errors.Is(err, ErrOrder) {
			t.Errorf("%d failures of %q: error %v, want ErrOrder", tt.times, tt.what, err)
		}
	}
}

// crowd inserts numbers that are all due at once.
func (c *scene) crowd(n int) {
	c.Helper()
	update(c.T, c.s, func(t *store.Tx) error {
		for i := range n {
			row := c.n
			row.Common = store.Common{AccountSID: account}
			row.PhoneNumber = fmt.Sprintf("+1415556%04d", i)
			if err := c.rules.Associate(t, &row, c.harrison); err != nil {
				return err
			}
			if err := store.Insert(t, &row); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestTwoMoversMoveEachStatusOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		c := newScene(t, engine, Options{Batch: 7})
		c.crowd(300)
		if _, err := c.clock.Step(time.Hour); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		moved := make([]int, 2)
		for i := range moved {
			all.Go(func() {
				n, err := NewMover(c.s, c.clock, Options{Batch: 7}).Move(t.Context())
				if err != nil {
					t.Error(err)
				}
				moved[i] = n
			})
		}
		all.Wait()
		if moved[0]+moved[1] != 300 {
			t.Errorf("%d and %d statuses moved, want 300 in all", moved[0], moved[1])
		}
		err := c.s.View(t.Context(), func(tx *store.Tx) error {
			registered, err := store.Count[store.Number](tx, store.Where("emergency_address_status", Registered))
			if registered != 300 {
				t.Errorf("%d numbers are registered, want 300", registered)
			}
			entries, err2 := store.Count[store.AuditEntry](tx, store.Where("action", "update"))
			if entries != 300 {
				t.Errorf("%d entries in the audit log, want one for each number", entries)
			}
			return errors.Join(err, err2)
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestAMoverMovesWhatIsDueInItsTimeAndSleepsInBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newScene(t, storetest.SQLite, Options{})
		c.clock = labclock.New(nil)
		c.rules = Rules{Delays: Quick(), Now: c.clock.Now}
		c.mover = NewMover(c.s, c.clock, Options{})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { c.mover.Run(ctx) })
		defer running.Wait()
		defer cancel()
		c.associate(c.harrison)
		c.mover.Wake()
		time.Sleep(3*time.Second - time.Millisecond)
		synctest.Wait()
		c.is(c.harrison.SID, PendingRegistration, Inactive)
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		c.is(c.harrison.SID, Registered, Active)
		c.disassociate() // nobody wakes the mover but the clock
		if _, err := StepClock(t.Context(), c.s, who, c.clock, time.Hour); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		c.is("", Unregistered, Inactive)
	})
}

func TestDelaysHaveTheNamesOfConfiguration(t *testing.T) {
	t.Parallel()
	if DelaysOf("quick") != Quick() || DelaysOf("realistic") != Realistic() || Quick() == Realistic() {
		t.Errorf("quick is %+v, realistic %+v", DelaysOf("quick"), DelaysOf("realistic"))
	}
}

func TestAMoverWithoutADatabaseSaysSoAndTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newScene(t, storetest.SQLite, Options{})
		if err := c.s.Close(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { c.mover.Run(ctx) })
		defer running.Wait()
		defer cancel()
		time.Sleep(time.Minute)
		synctest.Wait()
		r, failing := c.mover.Fault()
		if !failing || r.Met < 5 || r.Met > 15 {
			t.Errorf("after a minute without a database: failing %t, tried %d times", failing, r.Met)
		}
	})
}
