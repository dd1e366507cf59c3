package keys

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"callbox/config/strict"
	"callbox/routing/directory/store"
)

// Bounds on what is kept: every key is in memory of every edge.
const (
	maxKeys = 1000
	maxName = 64 // characters
)

// Stored is the API keys in the store.
type Stored struct{ store *store.Store }

// NewStored returns the keys in s.
func NewStored(s *store.Store) Stored { return Stored{s} }

// Revision changes with every change of the directory, keys included. It never blocks.
func (s Stored) Revision() int64 { return s.store.Revision() }

// Keys returns all keys, oldest first.
func (s Stored) Keys(ctx context.Context) ([]Key, error) {
	var keys []Key
	err := s.store.View(ctx, func(t *store.Tx) error {
		rows, err := store.Find[store.Key](t, store.Query{Oldest: true})
		for _, r := range rows {
			keys = append(keys, keyOf(r))
		}
		return err
	})
	return keys, err
}

func keyOf(r store.Key) Key {
	return Key{SID: r.SID, AccountSID: r.AccountSID, Name: r.Name, Scope: r.Scope, CreatedAt: time.UnixMilli(r.Created).UTC(), Hash: r.Hash}
}

// Wish is the key that somebody wants.
type Wish struct {
	Name       string // for people, up to 64 characters
	AccountSID string // the one account it opens; "" all
	Scope      string // ScopeFull or ScopeRead
}

// InvalidError says what is wrong with a Wish, and the mend.
type InvalidError struct{ Field, Message string }

// Error names the field.
func (e *InvalidError) Error() string { return e.Field + " " + e.Message }

// Make makes a key and returns it with its secret, which nobody can read again. The error is an *InvalidError or the
// store's.
func (s Stored) Make(ctx context.Context, who store.Actor, w Wish) (Key, strict.Secret, error) {
	if err := w.check(); err != nil {
		return Key{}, "", err
	}
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails
	secret := hex.EncodeToString(random[:])
	row := store.Key{Name: w.Name, Scope: w.Scope, Hash: hash(secret)}
	row.AccountSID = w.AccountSID
	err := s.store.Update(ctx, who, func(t *store.Tx) error {
		if n, err := store.Count[store.Key](t, store.Query{}); err != nil {
			return err
		} else if n >= maxKeys {
			return &InvalidError{"keys", fmt.Sprintf("are at their limit of %d; delete one that nobody uses", maxKeys)}
		}
		if w.AccountSID != "" {
			if _, err := store.Get[store.Account](t, "", w.AccountSID); errors.Is(err, store.ErrNotFound) {
				return &InvalidError{"account_sid", "is no account here; leave it out for a key that opens all accounts"}
			} else if err != nil {
				return err
			}
		}
		return store.Insert(t, &row)
	})
	if err != nil {
		return Key{}, "", err
	}
	return keyOf(row), strict.Secret(secret), nil
}

// Revoke deletes a key: nobody comes in by it any more. store.ErrNotFound where there is none.
func (s Stored) Revoke(ctx context.Context, who store.Actor, sid string) error {
	return s.store.Update(ctx, who, func(t *store.Tx) error {
		row, err := store.Get[store.Key](t, "", sid)
		if err != nil {
			return err
		}
		return store.Delete(t, &row)
	})
}

func (w Wish) check() error {
	switch n := utf8.RuneCountInString(w.Name); {
	case n == 0 || n > maxName:
		return &InvalidError{"name", fmt.Sprintf("must have 1 to %d characters", maxName)}
	case !utf8.ValidString(w.Name) || strings.ContainsFunc(w.Name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return &InvalidError{"name", "must be printable text on one line"}
	case w.Scope != ScopeFull && w.Scope != ScopeRead:
		return &InvalidError{"scope", "must be full or read"}
	}
	return nil
}
