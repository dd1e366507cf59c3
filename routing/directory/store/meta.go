package store

import (
	"context"
	"encoding/json"
	"errors"
)

// metaBase is the name under which meta keeps the Base that was adopted.
const metaBase = "base"

// base is what meta says of the directory that was adopted last.
type base struct {
	Name   string `json:"name"`
	Origin string `json:"origin"` // file or lab
	Digest string `json:"digest"` // hex, of the rows
	Guide  string `json:"guide"`  // hex, of the files of street ranges; "" for the lab
}

// Meta returns the value under a name, "" for none.
func (s *Store) Meta(ctx context.Context, name string) (string, error) {
	var value string
	err := s.View(ctx, func(t *Tx) error {
		var err error
		value, err = t.Meta(name)
		return err
	})
	return value, err
}

// SetMeta keeps a value under a name, for every edge at the database. It leaves no audit entry.
func (s *Store) SetMeta(ctx context.Context, name, value string) error {
	return s.Update(ctx, Actor{}, func(t *Tx) error { return t.SetMeta(name, value) })
}

// Meta returns the value under a name, "" for none.
func (t *Tx) Meta(name string) (string, error) {
	var value string
	err := t.s.known(t.ctx, "meta", t.tx.GetContext(t.ctx, &value, t.tx.Rebind("SELECT value FROM meta WHERE name = ?"), name))
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return value, err
}

// SetMeta keeps a value under a name.
func (t *Tx) SetMeta(name, value string) error {
	if !validText(name) || !validText(value) {
		return ErrText{Kind: "meta", Column: "value"}
	}
	t.wrote = true
	_, err := t.exec("INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value", name, value)
	return err
}

func (t *Tx) base() (base, error) {
	var b base
	value, err := t.Meta(metaBase)
	if err != nil || value == "" {
		return b, err
	}
	err = json.Unmarshal([]byte(value), &b)
	return b, err
}
