package store

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
)

// Insert adds a row. It fills ID and Rev, and SID, Origin ("api"), Created and Updated where they are empty. On an error
// nothing of it stays, and the transaction can go on.
func Insert[R Row](t *Tx, r *R) error {
	tb, row := tableOf[R](t), reflect.ValueOf(r).Elem()
	before := *r
	t.stamp(tb, commonOf(r))
	err := t.guarded(tb, func() error {
		if err := tb.check(row); err != nil {
			return err
		}
		if err := t.claimParent(tb, row); err != nil {
			return err
		}
		if err := t.insert(tb, row); err != nil {
			return err
		}
		return t.audit(tb, "insert", reflect.Value{}, row)
	})
	if err != nil {
		*r = before
	}
	return err
}

// Save writes a row that was read before: ErrNotFound where it is gone, ErrConflict where it was written since it was
// read. It sets Updated and Rev. A row that has not changed is left as it is. On an error nothing of it stays, and the
// transaction can go on.
func Save[R Row](t *Tx, r *R) error {
	tb, row, c := tableOf[R](t), reflect.ValueOf(r).Elem(), commonOf(r)
	old, err := Get[R](t, "", c.SID)
	if err != nil {
		return err
	}
	was := commonOf(&old)
	if was.Rev != c.Rev || was.ID != c.ID {
		return ErrConflict
	}
	if err := t.writable(was); err != nil {
		return err
	}
	if any(old) == any(*r) {
		return nil
	}
	before := *c
	c.Updated, c.Rev = t.now, t.state.Rev
	t.takeOver(c)
	err = t.guarded(tb, func() error {
		if err := tb.check(row); err != nil {
			return err
		}
		if err := t.claimParent(tb, row); err != nil {
			return err
		}
		if err := t.overwrite(tb, reflect.ValueOf(old), row); err != nil {
			return err
		}
		return t.audit(tb, "update", reflect.ValueOf(old), row)
	})
	if err != nil {
		*c = before
	}
	return err
}

// Delete removes a row that was read before, with what goes with it: the members of a list, the mappings and
// origination URLs of a domain or trunk. ErrInUse where something else needs it; ErrNotFound and ErrConflict as Save.
func Delete[R Row](t *Tx, r *R) error {
	tb, c := tableOf[R](t), commonOf(r)
	old, err := Get[R](t, "", c.SID)
	if err != nil {
		return err
	}
	was := commonOf(&old)
	if was.Rev != c.Rev || was.ID != c.ID {
		return ErrConflict
	}
	if err := t.writable(was); err != nil {
		return err
	}
	return t.guarded(tb, func() error {
		if err := t.claimParent(tb, reflect.ValueOf(old)); err != nil {
			return err
		}
		if err := t.unmap(tb, was.SID); err != nil {
			return err
		}
		if _, err := t.exec("DELETE FROM "+tb.kind.table+" WHERE id = ?", was.ID); err != nil {
			return err
		}
		if err := t.bury(tb, reflect.ValueOf(old)); err != nil {
			return err
		}
		return t.audit(tb, "delete", reflect.ValueOf(old), reflect.Value{})
	})
}

// guarded runs a write of several statements within a savepoint: it stays whole or not at all, and the engines do the
// same after a statement has failed. It notes what the transaction has written.
func (t *Tx) guarded(tb *table, write func() error) error {
	if _, err := t.exec("SAVEPOINT one_row"); err != nil {
		return err
	}
	err := write()
	if err != nil {
		var constraint *ConstraintError
		if errors.As(err, &constraint) {
			constraint.Kind = tb.kind.name
		}
		if _, undo := t.exec("ROLLBACK TO SAVEPOINT one_row"); undo != nil {
			return errors.Join(err, undo)
		}
		return err
	}
	t.touch(tb)
	_, err = t.exec("RELEASE SAVEPOINT one_row")
	return err
}

// touch notes that rows of a kind were written.
func (t *Tx) touch(tb *table) {
	t.wrote = true
	if tb.kind.part == partSmall {
		t.state.Small = t.state.Rev
	}
}

// stamp fills what Insert fills.
func (t *Tx) stamp(tb *table, c *Common) {
	t.state.LastID++
	c.ID, c.Rev = t.state.LastID, t.state.Rev
	if c.SID == "" {
		c.SID = NewSID(tb.kind.prefix)
	}
	if c.Origin == "" {
		c.Origin = OriginAPI
	}
	if c.Created == 0 {
		c.Created = t.now
	}
	if c.Updated == 0 {
		c.Updated = c.Created
	}
	if tb.kind.name == (Account{}).kind().name {
		c.AccountSID = c.SID
	}
}

// NewSID makes a SID of two letters and 32 random hex digits.
func NewSID(prefix string) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return prefix + hex.EncodeToString(b[:])
}

// writable refuses a row of a file to everybody but the adopter.
func (t *Tx) writable(c *Common) error {
	if c.Origin != OriginFile || t.adopter {
		return nil
	}
	return t.readOnly(c.SID)
}

// takeOver makes a row of the lab the API's, which writes it: a file that takes the lab's place leaves it alone.
func (t *Tx) takeOver(c *Common) {
	if c.Origin == OriginLab && !t.adopter {
		c.Origin = OriginAPI
	}
}

func (t *Tx) readOnly(sid string) error {
	base, err := t.base()
	if err != nil {
		return err
	}
	return ErrReadOnly{SID: sid, Origin: OriginFile, Base: base.Name}
}

// claimParent refuses a member of a list, or a mapping of a domain, that belongs to a file. One of the lab becomes the
// API's with the first write to a member of it.
func (t *Tx) claimParent(tb *table, row reflect.Value) error {
	if tb.parent == nil || t.adopter {
		return nil
	}
	sid := row.FieldByIndex(tb.parent.index).String()
	in, origin, err := t.parent(sid)
	if err != nil || origin != OriginLab {
		return err
	}
	_, err = t.exec("UPDATE "+in+" SET origin = ?, rev = ? WHERE sid = ?", OriginAPI, t.state.Rev, sid)
	return err
}

// check refuses text that not both engines keep.
func (tb *table) check(row reflect.Value) error {
	for _, c := range tb.columns {
		if v := row.FieldByIndex(c.index); v.Kind() == reflect.String && !validText(v.String()) {
			return ErrText{Kind: tb.kind.name, Column: c.name}
		}
	}
	return nil
}

func (t *Tx) insert(tb *table, row reflect.Value) error {
	_, err := t.exec(tb.insertion(), tb.values(row)...)
	return err
}

// overwrite writes a row over its older self.
func (t *Tx) overwrite(tb *table, old, row reflect.Value) error {
	sets := make([]string, len(tb.columns))
	for i, c := range tb.columns {
		sets[i] = c.name + " = ?"
	}
	id := row.FieldByIndex(tb.byName["id"].index).Int()
	_, err := t.exec("UPDATE "+tb.kind.table+" SET "+strings.Join(sets, ", ")+" WHERE id = ?", append(tb.values(row), id)...)
	if err == nil && tb.tombstone(old) != tb.tombstone(row) {
		t.state.Small = t.state.Rev // a domain may have the number as Emergency Caller ID
		err = t.bury(tb, old)
	}
	return err
}

// unmap removes the mappings of a domain or trunk before it goes, and refuses to let a list go that is mapped.
func (t *Tx) unmap(tb *table, sid string) error {
	switch tb.kind.table {
	case "domains", "trunks":
		_, err := t.exec("DELETE FROM mappings WHERE parent_sid = ?", sid)
		return err
	case "acls", "credential_lists":
		var mapped []int
		if err := t.Select(&mapped, "SELECT 1 FROM mappings WHERE list_sid = ? LIMIT 1", sid); err != nil {
			return err
		}
		if len(mapped) > 0 {
			return &ConstraintError{Err: ErrInUse}
		}
	}
	return nil
}

// bury leaves a tombstone of a row that the mirrors know one by one.
func (t *Tx) bury(tb *table, row reflect.Value) error {
	if tb.kind.part != partNumbers && tb.kind.part != partPlaces {
		return nil
	}
	if err := t.forget(); err != nil {
		return err
	}
	t.state.LastID++
	_, err := t.exec("INSERT INTO tombstones (id, rev, kind, name, at) VALUES (?, ?, ?, ?, ?)",
		t.state.LastID, t.state.Rev, tb.kind.name, tb.tombstone(row), t.now)
	return err
}

// remembered is how long tombstones stay, ms. A Mirror that was away for longer loads everything anew.
const remembered = 24 * 60 * 60 * 1000

// forget removes tombstones from before yesterday, once in a transaction that makes new ones.
func (t *Tx) forget() error {
	if t.forgot {
		return nil
	}
	t.forgot = true
	before := t.now - remembered
	var last []int64
	if err := t.Select(&last, "SELECT COALESCE(MAX(rev), 0) FROM tombstones WHERE at < ?", before); err != nil || last[0] == 0 {
		return err
	}
	t.state.Forgot = max(t.state.Forgot, last[0])
	_, err := t.exec("DELETE FROM tombstones WHERE rev <= ?", last[0])
	return err
}

// tombstone is what the mirrors know a row by.
func (tb *table) tombstone(row reflect.Value) string {
	if tb.key != nil {
		return placeName(row.FieldByIndex(tb.byName["account_sid"].index).String(), row.FieldByIndex(tb.key.index).String())
	}
	c, ok := tb.byName["phone_number"]
	if !ok {
		c = tb.byName["sid"]
	}
	return row.FieldByIndex(c.index).String()
}
