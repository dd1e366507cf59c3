package store

import (
	"encoding/json"
	"reflect"
)

// change is what the audit log says of one column.
type change struct {
	Old any `json:"old,omitempty"`
	New any `json:"new,omitempty"`
}

// Note adds an entry of the caller's own to the audit log: one for a whole import, for instance. It fills At, Actor and
// Source where they are empty.
func (t *Tx) Note(e AuditEntry) error {
	if e.At == 0 {
		e.At = t.now
	}
	if e.Actor == "" {
		e.Actor, e.Source = t.who.Name, t.who.Source
	}
	if e.Changes == "" {
		e.Changes = "{}"
	}
	return Insert(t, &e)
}

// audit notes what a write changed. before or after is the zero Value where there is none.
func (t *Tx) audit(tb *table, action string, before, after reflect.Value) error {
	if tb.kind.silent || t.adopter { // an adoption is one entry
		return nil
	}
	row := after
	if !after.IsValid() {
		row = before
	}
	e := AuditEntry{At: t.now, Actor: t.who.Name, Source: t.who.Source, Action: action, Kind: tb.kind.name}
	e.SID = row.FieldByIndex(tb.byName["sid"].index).String()
	e.AccountSID = row.FieldByIndex(tb.byName["account_sid"].index).String()
	changes, err := json.Marshal(diff(tb, before, after))
	if err != nil {
		return err
	}
	e.Changes = string(changes)
	log := t.s.tables[reflect.TypeFor[AuditEntry]()]
	t.stamp(log, &e.Common)
	return t.insert(log, reflect.ValueOf(e))
}

// diff returns the columns of a kind that differ, with both values; a missing row counts as an empty one.
func diff(tb *table, before, after reflect.Value) map[string]change {
	changes := map[string]change{}
	for _, c := range tb.columns {
		if !c.own {
			continue
		}
		was, is := c.shown(before), c.shown(after)
		if c.secret {
			if c.plain(before) == c.plain(after) {
				continue
			}
		} else if was == is {
			continue
		}
		changes[c.name] = change{was, is}
	}
	return changes
}

// plain is the value of a column, nil where it is empty.
func (c *column) plain(row reflect.Value) any {
	if !row.IsValid() {
		return nil
	}
	v := row.FieldByIndex(c.index)
	if v.IsZero() {
		return nil
	}
	return v.Interface()
}

// shown is the value of a column as the audit log has it.
func (c *column) shown(row reflect.Value) any {
	v := c.plain(row)
	if c.secret && v != nil {
		return "***"
	}
	return v
}
