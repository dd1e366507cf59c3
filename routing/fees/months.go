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

// numbersPage is how many numbers are looked at, and charged, at once.
const numbersPage = 2000

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

// Registered charges numbers that became registered, each for the month of its lab time and once a month. It is for the
// transaction that makes them so.
func (l *Ledger) Registered(t *store.Tx, numbers []store.Number, at []time.Time) error {
	rows := make([]store.Fee, len(numbers))
	for i, n := range numbers {
		rows[i] = monthly(customer{SID: n.SID, AccountSID: n.AccountSID, PhoneNumber: n.PhoneNumber}, at[i], at[i])
	}
	_, err := store.InsertMissing(t, rows)
	return err
}

// monthly is the fee of a number for a month.
func monthly(c customer, month, at time.Time) store.Fee {
	return store.Fee{
		Common: store.Common{AccountSID: c.AccountSID}, Kind: store.FeeEmergencyNumber, Cents: NumberCents,
		Subject: c.SID, Period: month.UTC().Format(period), At: at.UnixMilli(), Number: c.PhoneNumber,
	}
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
	for more := true; more; {
		var some []customer
		look := func(t *store.Tx) (err error) {
			some, more, err = uncharged(t, &from, month)
			return err
		}
		place := from
		if err := l.store.View(ctx, look); err != nil {
			return err
		}
		if len(some) == 0 {
			continue
		}
		from = place
		err := l.store.Update(ctx, actor, func(t *store.Tx) error {
			if err := look(t); err != nil { // statuses may have moved meanwhile
				return err
			}
			rows := make([]store.Fee, len(some))
			for i, c := range some {
				rows[i] = monthly(c, month, at)
			}
			_, err := store.InsertMissing(t, rows)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// uncharged finds, on a page of the numbers behind a place, those whose address is registered with the provider and that
// have not been charged: until it is unregistered it costs. It takes the place to the page's end, and says whether that
// was full. Fees are counted number by number, each by a look into their index: while it has no statistics PostgreSQL
// would compare a list of numbers, or a join, with every fee of the month.
func uncharged(t *store.Tx, from *cursor, month time.Time) (some []customer, more bool, err error) {
	var page []struct {
		customer
		Fees int `db:"fees"`
	}
	err = t.Select(&page, `SELECT rev, id, sid, account_sid, phone_number,
		(SELECT COUNT(*) FROM fees WHERE kind = ? AND subject = numbers.sid AND period = ?) AS fees FROM numbers
		WHERE (rev, id) > (?, ?) AND emergency_address_status IN ('registered', 'pending-unregistration', 'unregistration-failure')
		ORDER BY rev, id LIMIT ?`, store.FeeEmergencyNumber, month.UTC().Format(period), from.Rev, from.ID, numbersPage)
	if err != nil || len(page) == 0 {
		return nil, false, err
	}
	*from = page[len(page)-1].cursor
	for _, c := range page {
		if c.Fees == 0 {
			some = append(some, c.customer)
		}
	}
	return some, len(page) == numbersPage, nil
}
