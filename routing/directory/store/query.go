package store

import (
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// Op compares a column with a value.
type Op string

// The operators of a Cond.
const (
	Equal     Op = "="
	NotEqual  Op = "<>"
	Less      Op = "<"
	LessEq    Op = "<="
	Greater   Op = ">"
	GreaterEq Op = ">="
	In        Op = "in"   // Value is a slice; an empty one matches nothing
	Like      Op = "like" // Value is a pattern of % and _ without regard to case; see EscapeLike
)

// Cond is a condition on one column, by its name in the db tag.
type Cond struct {
	Column string
	Op     Op
	Value  any
}

// Query chooses rows and their order: newest first, or oldest first where Oldest is set.
type Query struct {
	Account string // SID, "" for any
	Where   []Cond // all must hold
	Before  int64  // only rows with a smaller ID; 0 for all
	After   int64  // only rows with a greater ID; 0 for all
	Limit   int    // 0 for no limit
	Offset  int    // rows to pass over; Before and After hold under writes and cost less
	Oldest  bool
}

// Where is a Query of one condition that a column has a value.
func Where(column string, value any) Query {
	return Query{Where: []Cond{{Column: column, Op: Equal, Value: value}}}
}

// EscapeLike makes text stand for itself in a pattern of Like.
func EscapeLike(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}

// Get returns the row with a SID; ErrNotFound where there is none or it belongs to another account. Account "" is any.
func Get[R Row](t *Tx, account, sid string) (R, error) {
	var none R
	q := Where("sid", sid)
	q.Account, q.Limit = account, 1
	rows, err := Find[R](t, q)
	if err != nil {
		return none, err
	}
	if len(rows) == 0 {
		return none, ErrNotFound
	}
	return rows[0], nil
}

// Find returns the rows that a query chooses, none as nil.
func Find[R Row](t *Tx, q Query) ([]R, error) {
	tb := tableOf[R](t)
	where, args, none, err := tb.where(q)
	if err != nil || none {
		return nil, err
	}
	order, limit := " DESC", ""
	if q.Oldest {
		order = ""
	}
	if q.Limit > 0 {
		limit = fmt.Sprintf(" LIMIT %d", q.Limit)
	}
	if q.Offset > 0 {
		if q.Limit <= 0 {
			return nil, fmt.Errorf("store: an offset without a limit")
		}
		limit += fmt.Sprintf(" OFFSET %d", q.Offset)
	}
	var rows []R
	err = t.Select(&rows, "SELECT "+tb.list+" FROM "+tb.kind.table+where+" ORDER BY id"+order+limit, args...)
	return rows, err
}

// Count returns how many rows a query chooses; its Limit, Offset and order do not count.
func Count[R Row](t *Tx, q Query) (int, error) {
	tb := tableOf[R](t)
	where, args, none, err := tb.where(q)
	if err != nil || none {
		return 0, err
	}
	var n int
	err = t.tx.GetContext(t.ctx, &n, t.tx.Rebind("SELECT COUNT(*) FROM "+tb.kind.table+where), args...)
	return n, t.s.known(t.ctx, tb.kind.name, err)
}

// where writes a query's conditions. none says that no row can meet them.
func (tb *table) where(q Query) (clause string, args []any, none bool, err error) {
	var parts []string
	if q.Account != "" {
		q.Where = append([]Cond{{"account_sid", Equal, q.Account}}, q.Where...)
	}
	if q.Before > 0 {
		q.Where = append(q.Where[:len(q.Where):len(q.Where)], Cond{"id", Less, q.Before})
	}
	if q.After > 0 {
		q.Where = append(q.Where[:len(q.Where):len(q.Where)], Cond{"id", Greater, q.After})
	}
	for _, c := range q.Where {
		col, ok := tb.byName[c.Column]
		if !ok {
			return "", nil, false, fmt.Errorf("store: %s has no column %q", tb.kind.name, c.Column)
		}
		part, values, err := c.part(col)
		if err != nil {
			return "", nil, false, err
		}
		if part == "" {
			return "", nil, true, nil
		}
		parts, args = append(parts, part), append(args, values...)
	}
	if len(parts) == 0 {
		return "", nil, false, nil
	}
	return " WHERE " + strings.Join(parts, " AND "), args, false, nil
}

// part writes one condition, "" for one that no row can meet.
func (c Cond) part(col *column) (string, []any, error) {
	name := col.name
	if s, ok := c.Value.(string); ok {
		if col.ref && (s == "" || c.Op == NotEqual) {
			name = "COALESCE(" + name + ", '')"
		}
		if !validText(s) {
			return "", nil, nil // no row holds such text, and PostgreSQL takes none in a question either
		}
	}
	switch c.Op {
	case Equal, NotEqual, Less, LessEq, Greater, GreaterEq:
		return name + " " + string(c.Op) + " ?", []any{c.Value}, nil
	case Like:
		return "LOWER(" + name + `) LIKE LOWER(?) ESCAPE '\'`, []any{c.Value}, nil
	case In:
		v := reflect.ValueOf(c.Value)
		if v.Kind() != reflect.Slice {
			return "", nil, fmt.Errorf("store: %s in %T: not a slice", col.name, c.Value)
		}
		var values []any
		for i := range v.Len() {
			if s, ok := v.Index(i).Interface().(string); ok && !validText(s) {
				continue
			}
			values = append(values, v.Index(i).Interface())
		}
		if len(values) == 0 {
			return "", nil, nil
		}
		return name + " IN (" + strings.TrimSuffix(strings.Repeat("?, ", len(values)), ", ") + ")", values, nil
	}
	return "", nil, fmt.Errorf("store: no operator %q", c.Op)
}

// validText tells whether both engines keep s.
func validText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }
