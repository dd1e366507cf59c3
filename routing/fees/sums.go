package fees

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"callbox/routing/directory/store"
)

// By is what a Sum adds up.
type By uint8

// The spans and subjects of sums. All times are UTC.
const (
	ByAll    By = iota // everything of the query
	ByDay              // each day
	ByMonth            // each month
	ByYear             // each year
	ByNumber           // each phone number
)

// Query says which fees are added up, and how.
type Query struct {
	Account string    // SID, "" for any
	Number  string    // E.164, "" for any
	From    time.Time // lab time, included; zero for the first there is
	Until   time.Time // not included; zero for no end
	By      By
	Limit   int // sums, with ByNumber; 0 for all
	Offset  int // sums to pass over, with ByNumber and a Limit
}

// Sum is the fees of one account and kind in one span, or of one number.
type Sum struct {
	Account string
	Kind    string    // store.FeeUnregisteredCall or store.FeeEmergencyNumber
	Start   time.Time // of the day, month or year; zero with ByAll and ByNumber
	Number  string    // with ByNumber
	Count   int64
	Cents   int64
}

// row is a sum as the database gives it.
type row struct {
	Account string `db:"account"`
	Kind    string `db:"kind"`
	Day     int64  `db:"day"`
	Number  string `db:"number"`
	Count   int64  `db:"n"`
	Cents   int64  `db:"cents"`
}

const dayMS = 24 * 60 * 60 * 1000

// Sums adds up fees, in the order of time, account and kind; with ByNumber in that of the number.
func (l *Ledger) Sums(ctx context.Context, q Query) ([]Sum, error) {
	sums, _, err := l.Report(ctx, q)
	return sums, err
}

// Report is Sums with the total in cents of all fees that the query is about, on its page or not.
func (l *Ledger) Report(ctx context.Context, q Query) (sums []Sum, total int64, err error) {
	all := q
	all.By, all.Limit, all.Offset = ByAll, 0, 0
	var rows, totals []row
	err = l.store.View(ctx, func(t *store.Tx) error { // both of one moment
		text, args := q.sql()
		if err := t.Select(&rows, text, args...); err != nil {
			return err
		}
		text, args = all.sql()
		return t.Select(&totals, text, args...)
	})
	if err != nil {
		return nil, 0, fmt.Errorf("add up fees: %w", err)
	}
	for _, r := range totals {
		total += r.Cents
	}
	return q.By.fold(rows), total, nil
}

// fold makes the sums of what the database added up by day.
func (by By) fold(rows []row) []Sum {
	index := map[Sum]int{}
	all := []Sum{}
	for _, r := range rows {
		key := Sum{Account: r.Account, Kind: r.Kind, Start: by.Start(time.UnixMilli(r.Day * dayMS)), Number: r.Number}
		i, ok := index[key]
		if !ok {
			i = len(all)
			index[key], all = i, append(all, key)
		}
		all[i].Count, all[i].Cents = all[i].Count+r.Count, all[i].Cents+r.Cents
	}
	slices.SortStableFunc(all, func(a, b Sum) int {
		return cmp.Or(a.Start.Compare(b.Start), strings.Compare(a.Number, b.Number), strings.Compare(a.Account, b.Account), strings.Compare(a.Kind, b.Kind))
	})
	return all
}

// Start returns the beginning of the span in which a time lies, the zero time where spans do not matter.
func (by By) Start(t time.Time) time.Time {
	t = t.UTC()
	switch by {
	case ByDay:
		return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	case ByMonth:
		return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
	case ByYear:
		return time.Date(t.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return time.Time{}
}

// sql writes the query. The database adds up days at most: months and years are made of them, since the engines do not
// agree on how to write a month.
func (q Query) sql() (text string, args []any) {
	var where []string
	add := func(cond string, arg any) { where, args = append(where, cond), append(args, arg) }
	if q.Account != "" {
		add("account_sid = ?", q.Account)
	}
	if q.Number != "" {
		add("number = ?", q.Number)
	}
	if !q.From.IsZero() {
		add("at >= ?", q.From.UnixMilli())
	}
	if !q.Until.IsZero() {
		add("at < ?", q.Until.UnixMilli())
	}
	day, number, group, order := "0", "''", "", ""
	switch q.By {
	case ByDay, ByMonth, ByYear:
		day = fmt.Sprintf("at / %d", dayMS)
		group = ", " + day
	case ByNumber:
		number, group, order = "number", ", number", " ORDER BY number, account_sid, kind"
		if q.Limit > 0 {
			order += fmt.Sprintf(" LIMIT %d OFFSET %d", q.Limit, max(q.Offset, 0))
		}
	}
	text = "SELECT COALESCE(account_sid, '') AS account, kind, " + day + " AS day, " + number + " AS number, COUNT(*) AS n, " +
		"CAST(SUM(cents) AS BIGINT) AS cents FROM fees"
	if len(where) > 0 {
		text += " WHERE " + strings.Join(where, " AND ")
	}
	return text + " GROUP BY account_sid, kind" + group + order, args
}
