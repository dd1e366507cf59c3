package store

import (
	"encoding/json"
	"net/url"
	"reflect"
	"strings"

	"callbox/routing/directory"
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
		if c.plain(before) != c.plain(after) {
			changes[c.name] = change{c.shown(before), c.shown(after)}
		}
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

// shown is the value of a column as the audit log has it: without secrets, and without the password that a URL may bring.
func (c *column) shown(row reflect.Value) any {
	v := c.plain(row)
	text, _ := v.(string)
	switch {
	case c.secret && v != nil:
		return "***"
	case c.settings && v != nil:
		return maskedSettings(text)
	case strings.Contains(text, "://") && strings.Contains(text, "@"):
		return withoutPassword(text)
	}
	return v
}

// maskedSettings are settings without their secrets.
func maskedSettings(text string) any {
	s, err := directory.ReadStored(text)
	if err != nil {
		return "***"
	}
	return json.RawMessage(s.Masked().Stored())
}

func withoutPassword(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "***"
	}
	if _, has := u.User.Password(); has {
		u.User = url.UserPassword(u.User.Username(), "***")
	}
	return strings.Replace(u.String(), ":%2A%2A%2A@", ":***@", 1)
}
