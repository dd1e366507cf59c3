package fees

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

// numbers inserts an address and as many numbers with it, in a status.
func numbers(t *testing.T, s *store.Store, sid, prefix, status string, n int) []store.Number {
	t.Helper()
	out := make([]store.Number, n)
	err := s.Update(t.Context(), who, func(tx *store.Tx) error {
		if _, err := store.Get[store.Account](tx, "", sid); errors.Is(err, store.ErrNotFound) {
			if err := store.Insert(tx, &store.Account{Common: store.Common{SID: sid}}); err != nil {
				return err
			}
		}
		for i := range out {
			out[i] = store.Number{Common: store.Common{AccountSID: sid}, PhoneNumber: fmt.Sprintf("%s%04d", prefix, i), EmergencyAddressStatus: status}
			if err := store.Insert(tx, &out[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func day(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func TestAMonthChargesEachNumberWithAnAddressOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := open(t, engine)
		l := New(s, fixed(), Options{})
		for i, status := range []string{"registered", "pending-unregistration", "unregistration-failure", "unregistered", "pending-registration", "registration-failure"} {
			numbers(t, s, lab, fmt.Sprintf("+1415555%d", i), status, 1)
		}
		numbers(t, s, other, "+1312555", "registered", 1)
		month := day(2026, 12, 1)
		for range 2 {
			if err := l.Begin(t.Context(), month, month); err != nil {
				t.Fatal(err)
			}
		}
		want := []Sum{
			{Account: lab, Kind: store.FeeEmergencyNumber, Start: month, Count: 3, Cents: 225},
			{Account: other, Kind: store.FeeEmergencyNumber, Start: month, Count: 1, Cents: 75},
		}
		if d := cmp.Diff(want, l.all(t, Query{By: ByMonth})); d != "" {
			t.Errorf("fees (-want +got):\n%s", d)
		}
		if begun, err := l.Begun(t.Context()); err != nil || !begun.Equal(month) {
			t.Errorf("begun: %s, %v", begun, err)
		}
		if err := l.Begin(t.Context(), day(2026, 11, 1), day(2026, 11, 1)); err != nil { // an edge that lags behind
			t.Fatal(err)
		}
		if begun, err := l.Begun(t.Context()); err != nil || !begun.Equal(month) {
			t.Errorf("an edge that lags behind took the month back to %s, %v", begun, err)
		}
	})
}

func TestNumbersThatComeRegisteredAreChargedWhenTheyCome(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := open(t, engine)
		l := New(s, fixed(), Options{})
		catchUp := func(want int64) {
			t.Helper()
			for range 2 {
				if err := l.CatchUp(t.Context(), start); err != nil {
					t.Fatal(err)
				}
			}
			var count int64
			for _, s := range l.all(t, Query{}) {
				count += s.Count
			}
			if count != want {
				t.Errorf("%d numbers are charged, want %d", count, want)
			}
		}
		catchUp(0)
		numbers(t, s, lab, "+1415555", "registered", numbersPage+5)
		catchUp(numbersPage + 5)
		numbers(t, s, lab, "+1312555", "registered", 2)
		numbers(t, s, lab, "+1313555", "unregistered", 2)
		catchUp(numbersPage + 7)
		rev := s.Revision()
		catchUp(numbersPage + 7)
		if s.Revision() != rev {
			t.Error("catching up with nothing wrote to the database")
		}
	})
}

func TestTwoEdgesChargeAMonthOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := open(t, engine)
		numbers(t, s, lab, "+1415555", "registered", 2500)
		month := day(2026, 12, 1)
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				if err := New(s, fixed(), Options{}).Begin(t.Context(), month, month); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got := New(s, fixed(), Options{}).all(t, Query{}); len(got) != 1 || got[0].Count != 2500 {
			t.Errorf("fees %+v, want 2500", got)
		}
	})
}

func TestSumsAddUpWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := open(t, engine)
		l := New(s, fixed(), Options{})
		var rows []store.Fee
		fee := func(account, kind, number string, cents int64, at time.Time) {
			rows = append(rows, store.Fee{Common: store.Common{AccountSID: account}, Kind: kind, Cents: cents,
				Subject: fmt.Sprint(len(rows)), Number: number, At: at.UnixMilli()})
		}
		call, month := store.FeeUnregisteredCall, store.FeeEmergencyNumber
		fee(lab, call, "+1", 7500, day(2026, 11, 30).Add(24*time.Hour-time.Millisecond))
		fee(lab, call, "+2", 7500, day(2026, 12, 1))
		fee(lab, month, "+1", 75, day(2026, 12, 1))
		fee(lab, call, "+1", 7500, day(2026, 12, 1).Add(time.Hour))
		fee(other, call, "+3", 7500, day(2027, 1, 5))
		if err := s.Update(t.Context(), who, func(tx *store.Tx) error { _, err := store.InsertMissing(tx, rows); return err }); err != nil {
			t.Fatal(err)
		}
		tests := []struct {
			name  string
			query Query
			want  []Sum
		}{
			{"all of an account", Query{Account: lab}, []Sum{{Account: lab, Kind: month, Count: 1, Cents: 75}, {Account: lab, Kind: call, Count: 3, Cents: 22500}}},
			{"each day", Query{Account: lab, By: ByDay}, []Sum{
				{Account: lab, Kind: call, Start: day(2026, 11, 30), Count: 1, Cents: 7500},
				{Account: lab, Kind: month, Start: day(2026, 12, 1), Count: 1, Cents: 75},
				{Account: lab, Kind: call, Start: day(2026, 12, 1), Count: 2, Cents: 15000}}},
			{"each month of a number", Query{Number: "+1", By: ByMonth}, []Sum{
				{Account: lab, Kind: call, Start: day(2026, 11, 1), Count: 1, Cents: 7500},
				{Account: lab, Kind: month, Start: day(2026, 12, 1), Count: 1, Cents: 75},
				{Account: lab, Kind: call, Start: day(2026, 12, 1), Count: 1, Cents: 7500}}},
			{"each year of any account", Query{By: ByYear}, []Sum{
				{Account: lab, Kind: month, Start: day(2026, 1, 1), Count: 1, Cents: 75},
				{Account: lab, Kind: call, Start: day(2026, 1, 1), Count: 3, Cents: 22500},
				{Account: other, Kind: call, Start: day(2027, 1, 1), Count: 1, Cents: 7500}}},
			{"a span without its end", Query{From: day(2026, 12, 1), Until: day(2027, 1, 5)}, []Sum{
				{Account: lab, Kind: month, Count: 1, Cents: 75}, {Account: lab, Kind: call, Count: 2, Cents: 15000}}},
			{"two numbers from the second on", Query{By: ByNumber, Limit: 2, Offset: 1}, []Sum{
				{Account: lab, Kind: call, Number: "+1", Count: 2, Cents: 15000}, {Account: lab, Kind: call, Number: "+2", Count: 1, Cents: 7500}}},
			{"an account without fees", Query{Account: "AC0"}, []Sum{}},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				if d := cmp.Diff(tt.want, l.all(t, tt.query)); d != "" {
					t.Errorf("sums (-want +got):\n%s", d)
				}
			})
		}
	})
}
