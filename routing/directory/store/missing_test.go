package store_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

const owner = "AC00000000000000000000000000000911"

func TestInsertMissingLeavesOutWhatIsThere(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := storetest.Open(t, engine, store.Options{})
		add := func(from, to int) (added int) {
			t.Helper()
			var rows []store.Fee
			for n := from; n < to; n++ {
				rows = append(rows, store.Fee{Common: store.Common{AccountSID: owner}, Kind: store.FeeUnregisteredCall, Cents: int64(n), Subject: fmt.Sprint(n)})
			}
			err := s.Update(t.Context(), store.Actor{}, func(tx *store.Tx) (err error) {
				added, err = store.InsertMissing(tx, rows)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return added
		}
		if n := add(0, 3000); n != 3000 { // more than one statement holds
			t.Errorf("%d rows added, want 3000", n)
		}
		if n := add(2990, 3010); n != 10 {
			t.Errorf("%d rows added, want the 10 that were missing", n)
		}
		rev := s.Revision()
		if n := add(0, 10); n != 0 || s.Revision() != rev {
			t.Errorf("%d rows added to revision %d, want none, and %d", n, s.Revision(), rev)
		}
		err := s.Update(t.Context(), store.Actor{}, func(tx *store.Tx) error {
			rows, err := store.Find[store.Fee](tx, store.Query{Where: []store.Cond{{Column: "subject", Op: store.In, Value: []string{"7", "3009"}}}})
			if len(rows) != 2 || rows[1].Cents != 7 || rows[0].SID == "" || rows[0].ID <= rows[1].ID {
				t.Errorf("rows %+v", rows)
			}
			if _, numbers := store.InsertMissing(tx, []store.Number{{}}); numbers == nil {
				t.Error("numbers are added without a word in the audit log")
			}
			_, bad := store.InsertMissing(tx, []store.Fee{{Subject: "a\x00"}})
			if !errors.As(bad, new(store.ErrText)) {
				t.Errorf("a NUL: %v", bad)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestSetManySetsColumnsOfRowsThatAreNotAFiles(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := storetest.Open(t, engine, store.Options{})
		address := store.Address{Common: store.Common{AccountSID: owner}}
		numbers := make([]store.Number, 3)
		err := s.Update(t.Context(), store.Actor{}, func(tx *store.Tx) error {
			if err := store.Insert(tx, &store.Account{Common: store.Common{SID: owner}}); err != nil {
				return err
			}
			if err := store.Insert(tx, &address); err != nil {
				return err
			}
			for i := range numbers {
				numbers[i] = store.Number{Common: store.Common{AccountSID: owner}, PhoneNumber: fmt.Sprint(i), EmergencyAddressSID: address.SID, StatusDue: 7}
			}
			numbers[1].Origin = store.OriginFile
			return store.InsertMany(tx, numbers)
		})
		if err != nil {
			t.Fatal(err)
		}
		want := numbers[0]
		want.EmergencyAddressSID, want.StatusDue, want.StatusNext = "", 0, "x"
		err = s.Update(t.Context(), store.Actor{}, func(tx *store.Tx) error {
			n, err := store.SetMany[store.Number](tx, []string{numbers[0].SID, numbers[1].SID, "PN0"},
				map[string]any{"emergency_address_sid": "", "status_due": int64(0), "status_next": "x"})
			if n != 1 || err != nil {
				t.Errorf("%d rows written, %v; want the one that is no file's", n, err)
			}
			for _, columns := range []map[string]any{{"sid": "PN1"}, {"nothing": 1}, {"status_next": "\x00"}} {
				if _, err := store.SetMany[store.Number](tx, []string{numbers[2].SID}, columns); err == nil {
					t.Errorf("%v is set", columns)
				}
			}
			want.Updated, want.Rev = tx.Now(), s.Revision()+1
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		err = s.View(t.Context(), func(tx *store.Tx) error {
			rows, err := store.Find[store.Number](tx, store.Query{Oldest: true})
			if d := cmp.Diff([]store.Number{want, numbers[1], numbers[2]}, rows); d != "" {
				t.Errorf("numbers (-want +got):\n%s", d)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
