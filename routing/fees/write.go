package fees

import (
	"context"
	"fmt"

	"callbox/routing/directory/store"
)

// actor is what the store's audit log calls a ledger.
var actor = store.Actor{Name: "fees"}

// write writes the fees of calls that the database does not have. A fee is written once however often it comes.
func (l *Ledger) write(ctx context.Context, batch []charge) error {
	batch, err := l.unknown(ctx, batch)
	if err != nil || len(batch) == 0 {
		return err
	}
	rows := make([]store.Fee, len(batch))
	for i, c := range batch {
		rows[i] = store.Fee{
			Common: store.Common{AccountSID: c.account}, Kind: store.FeeUnregisteredCall, Cents: c.cents,
			Subject: c.sid, At: c.at.UnixMilli(), Number: c.number,
		}
	}
	n := 0
	err = l.store.Update(ctx, actor, func(t *store.Tx) error {
		n, err = store.InsertMissing(t, rows)
		return err
	})
	if err != nil {
		return fmt.Errorf("write fees of calls: %w", err)
	}
	l.mu.Lock()
	l.stats.Written += uint64(n)
	l.mu.Unlock()
	return nil
}

// unknown returns those of a batch that the database does not have: a replay mostly finds none, and then writes nothing.
func (l *Ledger) unknown(ctx context.Context, batch []charge) ([]charge, error) {
	if len(batch) == 0 {
		return nil, nil
	}
	sids := make([]string, len(batch))
	for i, c := range batch {
		sids[i] = c.sid
	}
	var known []store.Fee
	err := l.store.View(ctx, func(t *store.Tx) (err error) {
		known, err = store.Find[store.Fee](t, store.Query{Where: []store.Cond{
			{Column: "kind", Op: store.Equal, Value: store.FeeUnregisteredCall}, {Column: "subject", Op: store.In, Value: sids},
		}})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for fees of calls: %w", err)
	}
	have := make(map[string]bool, len(known))
	for _, f := range known {
		have[f.Subject] = true
	}
	var left []charge
	for _, c := range batch {
		if !have[c.sid] {
			have[c.sid] = true
			left = append(left, c)
		}
	}
	return left, nil
}
