package store_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"callbox/routing/directory"
	. "callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

func TestWritersOfTwoEdgesTakeTurns(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		url := storetest.URL(t, engine)
		edges := []*Store{storetest.OpenURL(t, url, Options{}), storetest.OpenURL(t, url, Options{})}
		addAccounts(t, edges[0])
		start := edges[0].Revision()
		const writers, writes = 12, 8
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for i := range writes {
					err := edges[w%2].Update(t.Context(), tester, func(tx *Tx) error {
						a, err := Get[Account](tx, lab, lab)
						if err != nil {
							return err
						}
						n, _ := strconv.Atoi(a.FriendlyName)
						a.FriendlyName = strconv.Itoa(n + 1)
						return errors.Join(Save(tx, &a), Insert(tx, &Number{
							Common: Common{AccountSID: lab}, PhoneNumber: e164(w*1000 + i),
						}))
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		view(t, edges[0], func(tx *Tx) error {
			a, err := Get[Account](tx, lab, lab)
			if a.FriendlyName != strconv.Itoa(writers*writes) || err != nil {
				t.Errorf("%s of %d writes counted, %v", a.FriendlyName, writers*writes, err)
			}
			numbers, err := Find[Number](tx, Query{Oldest: true})
			must(t, err)
			for i, n := range numbers {
				if want := start + int64(i) + 1; n.Rev != want {
					t.Fatalf("row %d of revision %d, want %d: ids and revisions must grow together", i, n.Rev, want)
				}
			}
			return nil
		})
	})
}

func TestAnUpdateThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := open(t, engine)
		before, broken := s.Revision(), errors.New("broken")
		for name, end := range map[string]func(context.CancelFunc) error{
			"an error": func(context.CancelFunc) error { return broken },
			"the end of its context": func(cancel context.CancelFunc) error {
				cancel()
				return nil
			},
		} {
			ctx, cancel := context.WithCancel(t.Context())
			err := s.Update(ctx, tester, func(tx *Tx) error {
				must(t, Insert(tx, &Number{Common: Common{AccountSID: lab}, PhoneNumber: e164(1)}))
				return end(cancel)
			})
			cancel()
			if !errors.Is(err, broken) && !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", name, err)
			}
		}
		view(t, s, func(tx *Tx) error {
			numbers, _ := Count[Number](tx, Query{})
			entries, _ := Count[AuditEntry](tx, Where("kind", "number"))
			if numbers != 0 || entries != 0 {
				t.Errorf("%d numbers and %d audit entries stayed", numbers, entries)
			}
			return nil
		})
		if s.Revision() != before {
			t.Errorf("revision %d, was %d", s.Revision(), before)
		}
	})
}

func TestAFailedWriteLeavesTheTransactionUsable(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := open(t, engine)
		one := Number{Common: Common{AccountSID: lab}, PhoneNumber: e164(1)}
		update(t, s, func(tx *Tx) error {
			must(t, Insert(tx, &one))
			for name, bad := range map[string]Number{
				"taken":     {Common: Common{AccountSID: lab}, PhoneNumber: e164(1)},
				"reference": {Common: Common{AccountSID: lab}, PhoneNumber: e164(2), TrunkSID: "TK00000000000000000000000000000404"},
				"account":   {Common: Common{AccountSID: "AC404"}, PhoneNumber: e164(2)},
				"NUL":       {Common: Common{AccountSID: lab}, PhoneNumber: e164(2), FriendlyName: "a\x00"},
				"UTF-8":     {Common: Common{AccountSID: lab}, PhoneNumber: e164(2), FriendlyName: "\xff"},
			} {
				before := bad
				if err := Insert(tx, &bad); err == nil || bad != before {
					t.Errorf("%s: %v, row %+v", name, err, bad)
				}
				if err := InsertMany(tx, []Number{{Common: Common{AccountSID: lab}, PhoneNumber: e164(3)}, bad}); err == nil {
					t.Errorf("%s in many: no error", name)
				}
			}
			return Insert(tx, &Number{Common: Common{AccountSID: lab}, PhoneNumber: e164(4)})
		})
		view(t, s, func(tx *Tx) error {
			numbers, err := Find[Number](tx, Query{})
			if len(numbers) != 2 || numbers[0].PhoneNumber != e164(4) || numbers[1].PhoneNumber != e164(1) || err != nil {
				t.Errorf("%+v, %v", numbers, err)
			}
			if err := Insert(tx, &Number{Common: Common{AccountSID: lab}, PhoneNumber: e164(5)}); err == nil {
				t.Error("a View wrote")
			}
			return nil
		})
	})
}

func TestAWaitingUpdateEndsWithItsContext(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		url := storetest.URL(t, engine)
		holder, same := storetest.OpenURL(t, url, Options{}), storetest.OpenURL(t, url, Options{})
		for name, waiting := range map[string]*Store{"of the same edge": holder, "of another edge": same} {
			update(t, holder, func(*Tx) error {
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				defer cancel()
				err := waiting.Update(ctx, tester, func(*Tx) error { return errors.New("let in beside another writer") })
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: %v", name, err)
				}
				return nil
			})
		}
	})
}

func TestAMirrorThatWasAwayForLongLoadsEverythingAnew(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		url := storetest.URL(t, engine)
		now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
		clock := func() time.Time { return now } // of a store that only this test writes with
		writer := storetest.OpenURL(t, url, Options{Now: clock})
		addAccounts(t, writer)
		var rows []Number
		for i := range 3 {
			rows = append(rows, Number{Common: Common{AccountSID: lab}, PhoneNumber: e164(i)})
		}
		update(t, writer, func(tx *Tx) error { return InsertMany(tx, rows) })
		follower := storetest.OpenURL(t, url, Options{})
		m, out := mirror(t, follower)
		release := m.Hold() // as while the database is away
		for i := range 2 {
			update(t, writer, func(tx *Tx) error { return Delete(tx, &rows[i]) })
			now = now.Add(25 * time.Hour)
		}
		release()
		out.await(t, func(s *directory.Snapshot) bool { return s.Count() == 1 })
		var left []int64
		view(t, writer, func(tx *Tx) error { return tx.Select(&left, "SELECT rev FROM tombstones") })
		if len(left) != 1 {
			t.Errorf("%d tombstones are kept", len(left))
		}
	})
}

func TestAMirrorOfADatabaseFromABackupLoadsEverythingAnew(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := open(t, engine)
		update(t, s, func(tx *Tx) error {
			return InsertMany(tx, []Number{
				{Common: Common{AccountSID: lab}, PhoneNumber: e164(0)}, {Common: Common{AccountSID: lab}, PhoneNumber: e164(1)},
			})
		})
		m, out := mirror(t, s)
		release := m.Hold() // so that it never sees the one without the other
		must(t, s.WriterExec(t.Context(), "DELETE FROM numbers WHERE phone_number = '"+e164(0)+"'"))
		must(t, s.WriterExec(t.Context(), "UPDATE revision SET rev = rev - 1"))
		release()
		out.await(t, func(s *directory.Snapshot) bool { return s.Count() == 1 })
	})
}
