package store

import (
	"fmt"
	"reflect"
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
