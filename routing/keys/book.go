package keys

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing/directory/store"
)

// What a key may do, its Scope.
const (
	ScopeFull = store.ScopeFull
	ScopeRead = store.ScopeRead
)

// Key is an API key. Its secret is known only to whoever it was made for.
type Key struct {
	SID        string // SK…
	AccountSID string // the one account it opens; "" all
	Name       string
	Scope      string // ScopeFull or ScopeRead
	CreatedAt  time.Time
	Hash       string // of its secret: 64 hex digits
}

// Rows reads the keys that there are.
type Rows interface {
	// Keys returns all keys. It may block until ctx ends.
	Keys(ctx context.Context) ([]Key, error)
	// Revision changes when the keys may have. It must not block.
	Revision() int64
}

// ErrAway refuses a login by a key while keys cannot be read and none are known from before.
var ErrAway = errors.New("API keys cannot be read now; the log says why")

const (
	copyFor    = 30 * time.Second // a copy lasts without a change, in case the news of one got lost
	retryAfter = time.Second      // the next attempt at keys that could not be read
	patience   = 2 * time.Second  // with the database
)

// book is a copy of the keys in memory, so that a database that is away locks out nobody who was known before.
type book struct {
	rows Rows
	log  zerolog.Logger
	turn chan struct{} // held by the one who reads anew
	copy atomic.Pointer[copied]

	failed time.Time // of the last attempt, zero after a good one; guarded by turn
}

// copied is the keys at one moment.
type copied struct {
	keys     map[digest]*entry // by the digest of the SID: how long a look-up takes says nothing
	revision int64
	at       time.Time
}

// entry is a key with its hash as bytes.
type entry struct {
	Key
	hash digest
}

func newBook(rows Rows, log zerolog.Logger) *book {
	return &book{rows: rows, log: log, turn: make(chan struct{}, 1)}
}

// read returns the keys as they are now or, where that cannot be told, as they were; without any, ErrAway.
func (b *book) read(ctx context.Context) (map[digest]*entry, error) {
	if c := b.copy.Load(); b.fresh(c) {
		return c.keys, nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
		if !b.fresh(b.copy.Load()) {
			b.renew(ctx)
		}
	case <-ctx.Done():
	}
	if c := b.copy.Load(); c != nil {
		return c.keys, nil
	}
	return nil, ErrAway
}

func (b *book) fresh(c *copied) bool {
	return c != nil && c.revision == b.rows.Revision() && time.Since(c.at) < copyFor
}

// renew reads the keys. The caller has the turn.
func (b *book) renew(ctx context.Context) {
	if time.Since(b.failed) < retryAfter {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience) // a client that goes away proves nothing
	defer cancel()
	revision := b.rows.Revision() // before the keys: a change in between is read again
	keys, err := b.rows.Keys(ctx)
	if err != nil {
		if b.failed.IsZero() {
			b.log.Error().Err(err).Str("mend", "see to the database; until then the keys known from before are taken").Msg("API keys cannot be read")
		}
		b.failed = time.Now()
		return
	}
	if !b.failed.IsZero() {
		b.log.Info().Msg("API keys can be read again")
	}
	b.failed = time.Time{}
	c := &copied{keys: make(map[digest]*entry, len(keys)), revision: revision, at: time.Now()}
	for _, k := range keys {
		if h, ok := unhash(k.Hash); ok {
			c.keys[digestOf(k.SID)] = &entry{k, h}
		}
	}
	b.copy.Store(c)
}
