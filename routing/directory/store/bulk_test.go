package store_test

import (
	"context"
	"errors"
	"testing"

	. "callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

func TestManyRowsAreSavedOrNone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := open(t, engine)
		update(t, s, func(tx *Tx) error {
			return InsertMany(tx, []Number{
				{Common: Common{AccountSID: lab}, PhoneNumber: e164(0)}, {Common: Common{AccountSID: lab}, PhoneNumber: e164(1)},
				{Common: Common{AccountSID: lab}, PhoneNumber: e164(2)},
			})
		})
		update(t, s, func(tx *Tx) error {
			rows, err := Find[Number](tx, Query{Oldest: true})
			if err != nil {
				return err
			}
			good := rows[0]
			for name, spoil := range map[string]func(*Number){
				"conflict":  func(n *Number) { n.Rev-- },
				"a file's":  func(n *Number) { n.Origin = OriginFile },
				"text":      func(n *Number) { n.FriendlyName = "\xff" },
				"reference": func(n *Number) { n.TrunkSID = "TK00000000000000000000000000000404" },
				"taken":     func(n *Number) { n.PhoneNumber = e164(2) },
			} {
				changed, bad := good, rows[1]
				changed.Service = "none"
				spoil(&bad)
				if err := SaveMany(tx, []Number{changed, bad}); err == nil {
					t.Errorf("%s was saved", name)
				}
				if got, err := Get[Number](tx, lab, good.SID); got != good || err != nil {
					t.Errorf("%s: %+v, %v stayed", name, got, err)
				}
			}
			rows[0].Service, rows[1].Service = "none", "basic911"
			return SaveMany(tx, rows[:2])
		})
		view(t, s, func(tx *Tx) error {
			rows, err := Find[Number](tx, Query{Oldest: true})
			if rows[0].Service != "none" || rows[1].Service != "basic911" || rows[2].Service != "" || rows[0].Rev == rows[2].Rev {
				t.Errorf("%+v", rows)
			}
			audited, countErr := Count[AuditEntry](tx, Where("kind", "number"))
			if audited != 0 {
				t.Errorf("%d audit entries", audited)
			}
			return errors.Join(err, countErr)
		})
	})
}

// database/sql ends a transaction when its context does, at any moment; the connection stays open a while longer.
func TestNothingIsAddedOutsideOfATransaction(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := open(t, engine)
		over, end := context.WithCancel(t.Context())
		end()
		row := Number{Common: Common{ID: 1 << 40, SID: "PN00000000000000000000000000000001", AccountSID: lab}, PhoneNumber: e164(0)}
		if err := InsertOutside(over, s, []Number{row}); err == nil {
			t.Error("no error")
		}
		view(t, s, func(tx *Tx) error {
			n, err := Count[Number](tx, Query{})
			if n != 0 {
				t.Error("a row was added")
			}
			return err
		})
	})
}
