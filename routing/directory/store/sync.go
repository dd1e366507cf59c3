package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"callbox/routing/directory"
)

// sync brings the snapshot from the revision it is like to the one the database is at.
func (m *Mirror) sync(ctx context.Context) error {
	now, err := m.s.look(ctx)
	if err != nil {
		return err
	}
	m.s.seen(now.Rev)
	switch m.rev {
	case now.Rev:
		return nil
	case 0:
		return m.reload(ctx)
	}
	e := m.snapshot.Edit()
	state, err := m.apply(ctx, e, m.rev, m.small)
	if errors.Is(err, errLost) {
		return m.reload(ctx)
	}
	if err != nil {
		return err
	}
	m.rev, m.small = state.Rev, state.Small
	m.put(e)
	return nil
}

// errLost says that what was written after a revision cannot be told: the database is not the one it was, or has forgotten
// what was deleted since.
var errLost = errors.New("the database does not know what came after this revision")

// look reads the row of revision, or fails in good time.
func (s *Store) look(ctx context.Context) (revision, error) {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	var now revision
	err := s.engine.reader().GetContext(ctx, &now, "SELECT rev, last_id, small, forgot FROM revision")
	return now, s.known(ctx, "revision", err)
}

// apply brings what was written after a revision into an editor, and returns the revision that this has led to. The error
// is errLost where everything must be loaded anew.
func (m *Mirror) apply(ctx context.Context, e *directory.Editor, since, small int64) (revision, error) {
	var state revision
	err := m.s.View(ctx, func(t *Tx) error {
		if err := t.tx.GetContext(ctx, &state, "SELECT rev, last_id, small, forgot FROM revision"); err != nil {
			return m.s.known(ctx, "revision", err)
		}
		if state.Rev < since || since < state.Forgot { // looked at in the transaction that reads the tombstones
			return errLost
		}
		if state.Small != small {
			c, err := loadCustomers(t)
			if err != nil {
				return err
			}
			m.warn(e.SetCustomers(c))
		}
		if err := t.bringOut(e, since); err != nil {
			return err
		}
		if err := m.applyPlaces(t, e, since); err != nil {
			return err
		}
		put := func(records []directory.NumberRecord) error {
			m.putAll(e, records)
			return nil
		}
		if err := m.changedNumbers(t, since, put); err != nil {
			return err
		}
		return m.numbersOfChanged(t, since, put)
	})
	return state, err
}

// bringOut takes what was deleted after a revision out of an editor.
func (t *Tx) bringOut(e *directory.Editor, since int64) error {
	var gone []struct {
		Kind string `db:"kind"`
		Name string `db:"name"`
	}
	if err := t.Select(&gone, "SELECT kind, name FROM tombstones WHERE rev > ? ORDER BY id", since); err != nil {
		return err
	}
	for _, g := range gone {
		if g.Kind == (Number{}).kind().name {
			e.DeleteNumber(g.Name)
			continue
		}
		deletePlace(e, g.Kind, g.Name)
	}
	return nil
}

// place is where a page of changes ends.
type place struct {
	Rev int64  `db:"rev"`
	ID  int64  `db:"id"`
	SID string `db:"sid"`
}

// changes reads what of a table was written after a revision, a small page and a larger one, and tells whether that was
// all. Most changes are few, and a limit that is written out keeps PostgreSQL from reading the whole table for them,
// whatever it believes of how many there are.
func (t *Tx) changes(table string, since int64, page func([]place) error) (all bool, err error) {
	last := place{Rev: since, ID: math.MaxInt64}
	for _, limit := range []int{100, 1000} {
		var places []place
		err := t.Select(&places, fmt.Sprintf("SELECT rev, id, sid FROM %s WHERE (rev, id) > (?, ?) ORDER BY rev, id LIMIT %d", table, limit),
			last.Rev, last.ID)
		if err != nil || len(places) == 0 {
			return err == nil, err
		}
		if err := page(places); err != nil || len(places) < limit {
			return err == nil, err
		}
		last = places[len(places)-1]
	}
	return false, nil
}

// changedNumbers reads the numbers that were written after a revision.
func (m *Mirror) changedNumbers(t *Tx, since int64, put func([]directory.NumberRecord) error) error {
	all, err := t.changes("numbers", since, func(page []place) error {
		ids := make([]any, len(page))
		for i, p := range page {
			ids[i] = p.ID
		}
		return m.s.streamNumbers(t.ctx, t.conn, "numbers"+addressed+"WHERE n.id IN "+marks(len(ids)), ids, put)
	})
	if all || err != nil {
		return err
	}
	return m.s.streamNumbers(t.ctx, t.conn, "numbers"+addressed+"WHERE n.rev > ?", []any{since}, put)
}

// numbersOfChanged reads the numbers that have an address which was written after a revision, but for those that were
// written themselves.
func (m *Mirror) numbersOfChanged(t *Tx, since int64, put func([]directory.NumberRecord) error) error {
	all, err := t.changes("addresses", since, func(page []place) error {
		sids := make([]any, len(page), len(page)+1)
		for i, p := range page {
			sids[i] = p.SID
		}
		return m.s.streamNumbers(t.ctx, t.conn, "numbers"+addressed+"WHERE n.emergency_address_sid IN "+marks(len(sids))+" AND n.rev <= ?",
			append(sids, since), put)
	})
	if all || err != nil {
		return err
	}
	return m.s.streamNumbers(t.ctx, t.conn, "numbers"+addressed+"WHERE a.rev > ? AND n.rev <= ?", []any{since, since}, put)
}

// marks are the places of n arguments.
func marks(n int) string { return "(" + strings.TrimSuffix(strings.Repeat("?, ", n), ", ") + ")" }

// putAll puts records into an editor. A number that cannot be used is not in the directory, whatever it was before.
func (m *Mirror) putAll(e *directory.Editor, records []directory.NumberRecord) {
	var errs []error
	for i := range records {
		if err := e.PutNumber(records[i]); err != nil {
			e.DeleteNumber(records[i].E164)
			errs = append(errs, err)
		}
	}
	m.warn(errs)
}

// readers is how many connections a full load reads numbers on.
const readers = 2

// reload makes a snapshot from nothing but the network. What is written meanwhile is brought in at the end.
func (m *Mirror) reload(ctx context.Context) error {
	began := time.Now()
	e := directory.NewEditor(m.snapshot.Network())
	var start revision
	if err := m.s.View(ctx, func(t *Tx) error {
		if err := t.tx.GetContext(ctx, &start, "SELECT rev, last_id, small, forgot FROM revision"); err != nil {
			return m.s.known(ctx, "revision", err)
		}
		c, err := loadCustomers(t)
		if err != nil {
			return err
		}
		m.warn(e.SetCustomers(c))
		return m.loadPlaces(t, e)
	}); err != nil {
		return err
	}
	if err := m.loadNumbers(ctx, e); err != nil {
		return err
	}
	state, err := m.apply(ctx, e, start.Rev, start.Small)
	if err != nil {
		return err
	}
	m.rev, m.small = state.Rev, state.Small
	m.put(e)
	m.s.opts.Logger.Info().Int("numbers", m.snapshot.Count()).Int64("revision", m.rev).
		Int64("took_ms", time.Since(began).Milliseconds()).Msg("directory read from its database")
	return nil
}

// loadNumbers reads all numbers, a range of IDs on each of several connections.
func (m *Mirror) loadNumbers(ctx context.Context, e *directory.Editor) error {
	var ids struct {
		First int64 `db:"first"`
		Last  int64 `db:"last"`
	}
	err := m.s.engine.reader().GetContext(ctx, &ids, "SELECT COALESCE(MIN(id), 0) AS first, COALESCE(MAX(id), 0) AS last FROM numbers")
	if err != nil {
		return m.s.known(ctx, "number", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	records := make(chan []directory.NumberRecord, 2*readers)
	step := (ids.Last-ids.First)/readers + 1
	for i := range int64(readers) {
		from := ids.First + i*step
		group.Go(func() error {
			return m.loadRange(ctx, from, from+step, records)
		})
	}
	loaded := make(chan error, 1)
	go func() {
		loaded <- group.Wait()
		close(records)
	}()
	for r := range records {
		m.putAll(e, r)
	}
	return <-loaded
}

// loadRange reads the numbers of a range of IDs.
func (m *Mirror) loadRange(ctx context.Context, from, to int64, records chan<- []directory.NumberRecord) error {
	conn, err := m.s.engine.reader().Connx(ctx)
	if err != nil {
		return m.s.known(ctx, "number", err)
	}
	defer func() { _ = conn.Close() }()
	return m.s.streamNumbers(ctx, conn, "numbers"+addressed+"WHERE n.id >= ? AND n.id < ?", []any{from, to}, func(r []directory.NumberRecord) error {
		select {
		case records <- r:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}
