package callback

import (
	"context"
	"errors"
	"sync"
	"time"

	"callbox/routing/directory/store"
)

// rows reads what callbacks need of the store, and remembers it for when the database is away: all of what is small, and
// the numbers that were called back.
type rows struct {
	store *store.Store

	mu     sync.Mutex
	rev    int64 // of what is remembered
	known  bool
	small  small
	number map[string]store.Number // by E.164
}

// small is the rows of which there are few.
type small struct {
	urls    map[string][]store.OriginationURL // by trunk
	trunks  map[string]store.Trunk
	domains map[string]store.Domain
}

// maxNumbers bounds the numbers that are remembered; when there are more, the memory begins anew.
const maxNumbers = 10_000

// patience is how long a callback waits for the database before it goes by what is remembered.
const patience = 3 * time.Second

// follow reads the small rows again where the directory has changed.
func (r *rows) follow(ctx context.Context) {
	if r.store == nil {
		return
	}
	r.mu.Lock()
	fresh := r.known && r.rev == r.store.Revision()
	r.mu.Unlock()
	if !fresh {
		_, _ = r.refresh(ctx) // until the next time what is remembered is in force
	}
}

// refresh reads the small rows.
func (r *rows) refresh(ctx context.Context) (small, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s := small{urls: map[string][]store.OriginationURL{}, trunks: map[string]store.Trunk{}, domains: map[string]store.Domain{}}
	rev := r.store.Revision()
	err := r.store.View(ctx, func(t *store.Tx) error {
		urls, err := store.Find[store.OriginationURL](t, store.Query{Oldest: true})
		if err != nil {
			return err
		}
		for _, u := range urls {
			s.urls[u.TrunkSID] = append(s.urls[u.TrunkSID], u)
		}
		trunks, err := store.Find[store.Trunk](t, store.Query{})
		if err != nil {
			return err
		}
		for _, k := range trunks {
			s.trunks[k.SID] = k
		}
		domains, err := store.Find[store.Domain](t, store.Query{})
		for _, d := range domains {
			s.domains[d.SID] = d
		}
		return err
	})
	if err != nil {
		return small{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.small, r.rev, r.known = s, rev, true
	return s, nil
}

// of returns the small rows and that of a number, and whether the database was asked: where it is away they are what was
// remembered, and the number's may be missing.
func (r *rows) of(ctx context.Context, number string) (s small, n store.Number, asked bool) {
	if r.store == nil {
		return small{}, store.Number{PhoneNumber: number}, true
	}
	s, err := r.refresh(ctx)
	if err == nil {
		n, err = r.readNumber(ctx, number)
	}
	if err == nil || errors.Is(err, store.ErrNotFound) {
		return s, n, true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.small, r.number[number], false
}

func (r *rows) readNumber(ctx context.Context, number string) (store.Number, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var found []store.Number
	err := r.store.View(ctx, func(t *store.Tx) (err error) {
		q := store.Where("phone_number", number)
		q.Limit = 1
		found, err = store.Find[store.Number](t, q)
		return err
	})
	if err != nil {
		return store.Number{}, err
	}
	if len(found) == 0 {
		return store.Number{}, store.ErrNotFound
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.number == nil || len(r.number) >= maxNumbers {
		r.number = make(map[string]store.Number)
	}
	r.number[number] = found[0]
	return found[0], nil
}
