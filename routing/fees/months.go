package fees

import (
	"context"
	"fmt"
	"time"

	"callbox/routing/directory/store"
)

// monthKey is where the store keeps the last month whose beginning was charged.
const monthKey = "fees.month"

// period is how a month is written in the ledger.
const period = "2006-01"

// numbersBatch is how many numbers are charged in one transaction.
const numbersBatch = 1000

// cursor is a place among the numbers in the order in which they were written last.
type cursor struct {
	Rev int64 `db:"rev"`
	ID  int64 `db:"id"`
}

// customer is a number as far as the ledger needs it.
type customer struct {
	cursor
	SID         string `db:"sid"`
	AccountSID  string `db:"account_sid"`
	PhoneNumber string `db:"phone_number"`
}

// Registered charges numbers that became registered at a lab time, for that month and once a month. It is for the
// transaction that makes them so.
func (l *Ledger) Registered(t *store.Tx, numbers []store.Number, at time.Time) error {
	customers := make([]customer, len(numbers))
	for i, n := range numbers {
		customers[i] = customer{SID: n.SID, AccountSID: n.AccountSID, PhoneNumber: n.PhoneNumber}
	}
	return chargeMonth(t, customers, at, at)
}

func chargeMonth(t *store.Tx, customers []customer, month, at time.Time) error {
	rows := make([]store.Fee, len(customers))
	for i, c := range customers {
		rows[i] = store.Fee{
			Common: store.Common{AccountSID: c.AccountSID}, Kind: store.FeeEmergencyNumber, Cents: NumberCents,
			Subject: c.SID, Period: month.UTC().Format(period), At: at.UnixMilli(), Number: c.PhoneNumber,
		}
	}
	_, err := store.InsertMissing(t, rows)
	return err
}

// Begun returns the last month whose beginning was charged, the zero time for none.
func (l *Ledger) Begun(ctx context.Context) (time.Time, error) {
	text, err := l.store.Meta(ctx, monthKey)
	if err != nil || text == "" {
		return time.Time{}, err
	}
	month, err := time.Parse(period, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("the store's %s is %q, which is no month", monthKey, text)
	}
	return month, nil
}

// Begin charges every number that has a registered address for a month, and remembers that the month has begun. When it
// is interrupted it is done again: what it has charged stays charged once.
func (l *Ledger) Begin(ctx context.Context, month, at time.Time) error {
	if err := l.chargeAll(ctx, cursor{}, month, at); err != nil {
		return err
	}
	return l.store.Update(ctx, actor, func(t *store.Tx) error {
		text, err := t.Meta(monthKey)
		if err != nil || text >= month.UTC().Format(period) { // another edge was quicker
			return err
		}
		return t.SetMeta(monthKey, month.UTC().Format(period))
	})
}

// CatchUp charges for the month of at those numbers with an address that were written since it was called last: a file
// or an import brings numbers that are registered from the beginning.
func (l *Ledger) CatchUp(ctx context.Context, at time.Time) error {
	l.mu.Lock()
	from := l.cursor
	l.mu.Unlock()
	var revs []int64
	err := l.store.View(ctx, func(t *store.Tx) error { return t.Select(&revs, "SELECT rev FROM revision") })
	if err != nil || len(revs) == 0 || revs[0] <= from.Rev {
		return err
	}
	if err := l.chargeAll(ctx, from, at, at); err != nil {
		return err
	}
	l.mu.Lock()
	l.cursor = cursor{Rev: revs[0], ID: 1<<63 - 1}
	l.mu.Unlock()
	return nil
}

// chargeAll charges the numbers behind a place that have a registered address and have not been charged for a month.
func (l *Ledger) chargeAll(ctx context.Context, from cursor, month, at time.Time) error {
	for {
		var some []customer
		look := func(t *store.Tx) error { return uncharged(t, &some, from, month) }
		if err := l.store.View(ctx, look); err != nil {
			return err
		}
		if len(some) == 0 {
			return nil
		}
		last := some[len(some)-1].cursor
		err := l.store.Update(ctx, actor, func(t *store.Tx) error {
			some = nil
			if err := look(t); err != nil { // statuses may have moved meanwhile
				return err
			}
			return chargeMonth(t, some, month, at)
		})
		if err != nil {
			return err
		}
		if len(some) == 0 { // another edge has charged them
			from = last
			continue
		}
		from = some[len(some)-1].cursor
	}
}

// uncharged finds numbers whose address is registered with the provider: until it is unregistered it costs.
func uncharged(t *store.Tx, to *[]customer, from cursor, month time.Time) error {
	return t.Select(to, `SELECT rev, id, sid, account_sid, phone_number FROM numbers
		WHERE (rev, id) > (?, ?)
		AND emergency_address_status IN ('registered', 'pending-unregistration', 'unregistration-failure')
		AND NOT EXISTS (SELECT 1 FROM fees WHERE kind = ? AND subject = numbers.sid AND period = ?)
		ORDER BY rev, id LIMIT ?`,
		from.Rev, from.ID, store.FeeEmergencyNumber, month.UTC().Format(period), numbersBatch)
}
