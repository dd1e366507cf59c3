package store

import (
	"fmt"
	"reflect"
)

// Writable tells before Save or Delete whether they would refuse a row, or what it belongs to, as a file's: ErrReadOnly.
// Who has rules of its own asks first, so as not to advise what would be refused, too.
func Writable[R Row](t *Tx, r *R) error {
	if err := t.writable(commonOf(r)); err != nil {
		return err
	}
	tb := tableOf[R](t)
	if tb.parent == nil {
		return nil
	}
	return WritableBelow(t, reflect.ValueOf(r).Elem().FieldByIndex(tb.parent.index).String())
}

// WritableBelow is Writable for rows that are to be added to a list, a domain or a trunk.
func WritableBelow(t *Tx, parent string) error {
	if t.adopter {
		return nil
	}
	_, _, err := t.parent(parent)
	return err
}

// parent finds what rows with a parent column belong to: its table and its origin. One of a file is ErrReadOnly.
func (t *Tx) parent(sid string) (in, origin string, err error) {
	in = parentTable(sid)
	if in == "" {
		return "", "", fmt.Errorf("store: %q has no members or mappings", sid)
	}
	var origins []string
	if err := t.Select(&origins, "SELECT origin FROM "+in+" WHERE sid = ?", sid); err != nil {
		return "", "", err
	}
	switch {
	case len(origins) == 0:
		return "", "", ErrNotFound
	case origins[0] == OriginFile:
		return "", "", t.readOnly(sid)
	}
	return in, origins[0], nil
}
