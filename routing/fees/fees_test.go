package fees

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
	"callbox/routing/labclock"
	"callbox/sip/call"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	lab   = "AC00000000000000000000000000000911"
	other = "AC00000000000000000000000000000912"
)

var (
	start = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	who   = store.Actor{Name: lab}
)

func open(t *testing.T, engine string) *store.Store {
	t.Helper()
	return storetest.Open(t, engine, store.Options{})
}

func fixed() *labclock.Clock { return labclock.New(func() time.Time { return start }) }

// charged returns the record of a call that cost something, ended so long after the start.
func charged(n int, after time.Duration) call.Record {
	return call.Record{
		ID: call.ID(fmt.Sprintf("CA%032x", n)), Account: lab, Caller: "+14155550101", FeeCents: 7500,
		State: call.StateEnded, EndedAt: start.Add(after),
	}
}

// run runs a ledger until the test calls stop.
func run(t *testing.T, l *Ledger) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { l.Run(ctx) })
	stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(stop)
	return stop
}

func (l *Ledger) all(t *testing.T, q Query) []Sum {
	t.Helper()
	sums, err := l.Sums(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

// journal gives records, then err if there is one.
func journal(records []call.Record, err error) func(context.Context) iter.Seq2[*call.Record, error] {
	return func(context.Context) iter.Seq2[*call.Record, error] {
		return func(yield func(*call.Record, error) bool) {
			for i := range records {
				if !yield(&records[i], nil) {
					return
				}
			}
			if err != nil {
				yield(nil, err)
			}
		}
	}
}

func TestACallIsChargedOnceHoweverOftenItComes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := open(t, engine)
		clock := fixed()
		if _, err := clock.Step(24 * time.Hour); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			l := New(s, clock, Options{})
			stop := run(t, l)
			l.Append(charged(1, 0))
			l.Append(charged(1, 0))
			free := charged(2, 0)
			free.FeeCents = 0
			l.Append(free)
			stop()
			want := []Sum{{Account: lab, Kind: store.FeeUnregisteredCall, Start: start.Truncate(24*time.Hour).AddDate(0, 0, 1), Count: 1, Cents: 7500}}
			if d := cmp.Diff(want, l.all(t, Query{By: ByDay})); d != "" {
				t.Errorf("fees (-want +got):\n%s", d)
			}
		}
	})
}

func TestFeesThatWereNotWrittenComeFromTheJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, storetest.SQLite)
		var records []call.Record
		for n := range 12 {
			r := charged(n, time.Duration(n)*time.Hour)
			if n%3 == 0 {
				r.FeeCents = 0
			}
			records = append(records, r)
		}
		l := New(s, fixed(), Options{Batch: 3, Journal: journal(records, nil)})
		l.Append(records[1])
		run(t, l)
		synctest.Wait()
		if got := l.Stats().Written; got != 8 {
			t.Errorf("%d fees written, want 8", got)
		}
		if got := l.all(t, Query{}); len(got) != 1 || got[0].Count != 8 || got[0].Cents != 8*7500 {
			t.Errorf("fees %+v, want eight of 75.00", got)
		}
		rev := s.Revision()
		again := New(s, fixed(), Options{Batch: 3, Journal: journal(records, nil)})
		if err := again.replay(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s.Revision() != rev {
			t.Error("a replay of what is known wrote to the database")
		}
	})
}

func TestAFullQueueIsCountedAndMadeUpForFromTheJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, storetest.SQLite)
		var records []call.Record
		l := New(s, fixed(), Options{Queue: 4, Journal: func(ctx context.Context) iter.Seq2[*call.Record, error] { return journal(records, nil)(ctx) }})
		for n := range 10 { // nobody takes them out yet
			records = append(records, charged(n, 0))
			l.Append(records[n])
		}
		if got, want := l.Stats(), (Stats{Overflow: 6, Queued: 4, Capacity: 4}); got != want {
			t.Errorf("stats %+v, want %+v", got, want)
		}
		run(t, l)
		synctest.Wait()
		if got := l.Stats().Written; got != 10 {
			t.Errorf("%d fees written, want 10", got)
		}
	})
}

func TestABrokenJournalIsAFaultAndTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, storetest.SQLite)
		var mended atomic.Bool
		l := New(s, fixed(), Options{Journal: func(ctx context.Context) iter.Seq2[*call.Record, error] {
			if mended.Load() {
				return journal(nil, nil)(ctx)
			}
			return journal(nil, errors.New("disk on fire"))(ctx)
		}})
		run(t, l)
		time.Sleep(time.Minute)
		synctest.Wait()
		if r, failing := l.Fault(); !failing || r.Met < 5 || r.Met > 15 {
			t.Errorf("failing %t, %d times in a minute", failing, r.Met)
		}
		mended.Store(true)
		time.Sleep(lastRetry)
		synctest.Wait()
		if _, failing := l.Fault(); failing {
			t.Error("the fault outlives its cause")
		}
	})
}

// moody is a store that is away for a while.
type moody struct {
	*store.Store
	away atomic.Bool
}

func (m *moody) View(ctx context.Context, fn func(*store.Tx) error) error {
	if m.away.Load() {
		return store.ErrAway
	}
	return m.Store.View(ctx, fn)
}

func TestFeesWaitWhileTheDatabaseIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &moody{Store: open(t, storetest.SQLite)}
		m.away.Store(true)
		l := New(m.Store, fixed(), Options{})
		l.store = m
		run(t, l)
		l.Append(charged(1, 0))
		time.Sleep(time.Minute)
		synctest.Wait()
		if _, failing := l.Fault(); !failing || l.Stats().Written != 0 {
			t.Fatalf("without a database: failing %t, %+v", failing, l.Stats())
		}
		m.away.Store(false)
		time.Sleep(lastRetry)
		synctest.Wait()
		if _, failing := l.Fault(); failing || l.Stats().Written != 1 {
			t.Errorf("with the database back: failing %t, %+v", failing, l.Stats())
		}
	})
}
