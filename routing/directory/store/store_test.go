package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	. "callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

const (
	lab   = "AC00000000000000000000000000000911"
	other = "AC00000000000000000000000000000912"
)

var tester = Actor{Name: lab, Source: "192.0.2.1"}

// open opens a new store with two accounts in it.
func open(t testing.TB, engine string) *Store {
	t.Helper()
	s := storetest.Open(t, engine, Options{})
	addAccounts(t, s)
	return s
}

func addAccounts(t testing.TB, s *Store) {
	t.Helper()
	update(t, s, func(tx *Tx) error {
		for _, sid := range []string{lab, other} {
			if err := Insert(tx, &Account{Common: Common{SID: sid}, FriendlyName: sid, Status: "active"}); err != nil {
				return err
			}
		}
		return nil
	})
}

func update(t testing.TB, s *Store, fn func(*Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), tester, fn); err != nil {
		t.Fatal(err)
	}
}

func view(t testing.TB, s *Store, fn func(*Tx) error) {
	t.Helper()
	if err := s.View(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func TestARowComesBackAsItWasWritten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) { testRoundTrip(t, open(t, engine)) })
}

func testRoundTrip(t *testing.T, s *Store) {
	a := Address{Common: Common{AccountSID: lab}, Street: "645 Harrison St", City: "San Francisco", EmergencyEnabled: true, ESN: "1"}
	n := Number{Common: Common{AccountSID: lab}, PhoneNumber: "+14155550100", Service: "e911"}
	update(t, s, func(tx *Tx) error {
		if err := Insert(tx, &a); err != nil {
			return err
		}
		n.EmergencyAddressSID = a.SID
		return Insert(tx, &n)
	})
	view(t, s, func(tx *Tx) error {
		gotA, err := Get[Address](tx, lab, a.SID)
		if diff := cmp.Diff(a, gotA); diff != "" || err != nil {
			t.Error(diff, err)
		}
		got, err := Find[Number](tx, Where("emergency_address_sid", a.SID))
		if diff := cmp.Diff([]Number{n}, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
		if _, err := Get[Address](tx, other, a.SID); !errors.Is(err, ErrNotFound) {
			t.Error("another account's address:", err)
		}
		got, err = Find[Number](tx, Where("trunk_sid", ""))
		if len(got) != 1 || err != nil {
			t.Error("numbers without a trunk:", got, err)
		}
		return nil
	})
	n2 := n
	n2.FriendlyName = "desk"
	update(t, s, func(tx *Tx) error { return Save(tx, &n2) })
	err := s.Update(t.Context(), tester, func(tx *Tx) error { return Save(tx, &n) })
	if !errors.Is(err, ErrConflict) {
		t.Error("a save over another save:", err)
	}
	err = s.Update(t.Context(), tester, func(tx *Tx) error { return Delete(tx, &a) })
	if !errors.Is(err, ErrInUse) {
		t.Error("deleting an address in use:", err)
	}
	var taken *ConstraintError
	err = s.Update(t.Context(), tester, func(tx *Tx) error {
		return Insert(tx, &Number{Common: Common{AccountSID: other}, PhoneNumber: "+14155550100"})
	})
	if !errors.Is(err, ErrTaken) || !errors.As(err, &taken) || taken.Constraint != "numbers_phone_number" || taken.Kind != "number" {
		t.Error("the same number twice:", err)
	}
	update(t, s, func(tx *Tx) error { return Delete(tx, &n2) })
	view(t, s, func(tx *Tx) error {
		log, err := Find[AuditEntry](tx, Query{Where: []Cond{{"sid", Equal, n.SID}}, Oldest: true})
		if err != nil || len(log) != 3 || !strings.Contains(log[1].Changes, `{"friendly_name":{"new":"desk"}}`) {
			t.Error(log, err)
		}
		return nil
	})
}

// e164 is the i-th of a thousand thousand numbers.
func e164(i int) string { return fmt.Sprintf("+1415%07d", 2000000+i) }
