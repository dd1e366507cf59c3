package store

import (
	"errors"
	"reflect"
	"strings"
)

// InsertMany adds many rows at once, as Insert does but without an audit entry for each: the caller leaves one for all
// of them, by Note. It fills the rows as Insert does. On an error none of them stays, and the transaction can go on.
func InsertMany[R Row](t *Tx, rows []R) error {
	if len(rows) == 0 {
		return nil
	}
	tb, all := tableOf[R](t), reflect.ValueOf(rows)
	return t.guarded(tb, func() error {
		if err := checkMany(t, tb, all); err != nil {
			return err
		}
		for i := range rows {
			t.stamp(tb, commonOf(&rows[i]))
		}
		// COPY and prepared statements are the driver's own: an order of magnitude faster than a statement for each row.
		err := t.raw(func(conn any) error {
			err := t.s.engine.insertMany(t.ctx, conn, tb, len(rows), func(i int) []any { return tb.values(all.Index(i)) })
			return t.s.known(t.ctx, tb.kind.name, err)
		})
		if err != nil {
			return err
		}
		return t.added(tb, len(rows))
	})
}

// checkMany holds what Insert holds of each row.
func checkMany(t *Tx, tb *table, rows reflect.Value) error {
	claimed := map[string]bool{}
	for i := range rows.Len() {
		row := rows.Index(i)
		if err := tb.check(row); err != nil {
			return err
		}
		if tb.parent == nil {
			continue
		}
		parent := row.FieldByIndex(tb.parent.index).String()
		if claimed[parent] {
			continue
		}
		claimed[parent] = true
		if err := t.claimParent(tb, row); err != nil {
			return err
		}
	}
	return nil
}

// raw runs fn on the driver's connection that the transaction is on. An error passes through as it is.
func (t *Tx) raw(fn func(conn any) error) error {
	var result error
	if err := t.conn.Raw(func(conn any) error {
		result = fn(conn)
		return nil // an error here would tell database/sql to give the connection up
	}); err != nil {
		return t.s.known(t.ctx, "", err)
	}
	return result
}

// SaveMany writes many rows that were read in this transaction, as Save does but without an audit entry for each: the
// caller leaves one for all of them, by Note. The PhoneNumber of a number must be the one it had. On an error none of them
// stays, the rows are of no further use, and the transaction can go on.
func SaveMany[R Row](t *Tx, rows []R) error {
	if len(rows) == 0 {
		return nil
	}
	tb, all := tableOf[R](t), reflect.ValueOf(rows)
	sets := make([]string, len(tb.columns))
	for i, c := range tb.columns {
		sets[i] = c.name + " = ?"
	}
	query := "UPDATE " + tb.kind.table + " SET " + strings.Join(sets, ", ") + " WHERE id = ? AND rev = ?"
	return t.guarded(tb, func() error {
		write, err := t.tx.PreparexContext(t.ctx, t.tx.Rebind(query))
		if err != nil {
			return t.s.known(t.ctx, tb.kind.name, err)
		}
		defer write.Close()
		for i := range rows {
			row, c := all.Index(i), commonOf(&rows[i])
			if err := errors.Join(t.writable(c), tb.check(row)); err != nil {
				return err
			}
			was := c.Rev
			c.Updated, c.Rev = t.now, t.state.Rev
			t.takeOver(c)
			result, err := write.ExecContext(t.ctx, append(tb.values(row), c.ID, was)...)
			if err != nil {
				return t.s.known(t.ctx, tb.kind.name, err)
			}
			if n, err := result.RowsAffected(); err != nil || n != 1 {
				return errors.Join(ErrConflict, err)
			}
		}
		return nil
	})
}
