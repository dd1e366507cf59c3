package store

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// maxArgs is how many arguments a statement may have on either engine.
const maxArgs = 30_000

// InsertMissing adds many rows of a kind that leaves no audit entries and that no snapshot has, such as fees, and leaves
// out those that would break a unique index. It fills rows as Insert does, those left out as well, and returns how many
// it added.
func InsertMissing[R Row](t *Tx, rows []R) (added int, err error) {
	tb := tableOf[R](t)
	if !tb.kind.silent || tb.kind.part != partNone {
		return 0, fmt.Errorf("store: rows of %s are written one by one", tb.kind.name)
	}
	for len(rows) > 0 {
		n := min(len(rows), maxArgs/len(tb.columns))
		args := make([]any, 0, n*len(tb.columns))
		for i := range rows[:n] {
			t.stamp(tb, commonOf(&rows[i]))
			row := reflect.ValueOf(&rows[i]).Elem()
			if err := tb.check(row); err != nil {
				return added, err
			}
			args = append(args, tb.values(row)...)
		}
		marks := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(tb.columns)), ", ") + ")"
		some, err := t.exec("INSERT INTO "+tb.kind.table+" ("+strings.Join(tb.columnNames(), ", ")+") VALUES "+
			strings.TrimSuffix(strings.Repeat(marks+", ", n), ", ")+" ON CONFLICT DO NOTHING", args...)
		if err != nil {
			return added, err
		}
		if some > 0 {
			t.touch(tb)
		}
		added, rows = added+int(some), rows[n:]
	}
	return added, nil
}

// SetMany gives columns of the rows with these SIDs the same values, in one statement, but for rows of a file, which it
// leaves alone. It sets Updated and Rev as Save does, leaves no audit entries, and returns how many rows it wrote. What
// the values were is the caller's to have read in this transaction.
func SetMany[R Row](t *Tx, sids []string, columns map[string]any) (written int, err error) {
	tb := tableOf[R](t)
	sets, args := []string{"updated = ?", "rev = ?"}, []any{t.now, t.state.Rev}
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		c, value := tb.byName[name], columns[name]
		if c == nil || !c.own {
			return 0, fmt.Errorf("store: %s has no column %q to set", tb.kind.name, name)
		}
		if s, ok := value.(string); ok && !validText(s) {
			return 0, ErrText{Kind: tb.kind.name, Column: name}
		} else if ok && c.ref && s == "" {
			value = nil
		}
		sets, args = append(sets, name+" = ?"), append(args, value)
	}
	for some := range slices.Chunk(sids, maxArgs/2) {
		values := args[:len(args):len(args)]
		for _, sid := range some {
			values = append(values, sid)
		}
		n, err := t.exec("UPDATE "+tb.kind.table+" SET "+strings.Join(sets, ", ")+" WHERE origin <> '"+OriginFile+"' AND sid IN ("+
			strings.TrimSuffix(strings.Repeat("?, ", len(some)), ", ")+")", values...)
		if err != nil {
			return written, err
		}
		if n > 0 {
			t.touch(tb)
		}
		written += int(n)
	}
	return written, nil
}
