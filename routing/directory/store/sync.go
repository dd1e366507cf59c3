package store

import (
	"context"
	"fmt"
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
	switch {
	case now.Rev == m.rev:
		return nil
	case now.Rev < m.rev || m.rev < now.Forgot || m.rev == 0:
		// At the start, or the database is not the one it was, or has forgotten what was deleted since.
		return m.reload(ctx)
	}
	e := m.snapshot.Edit()
	state, err := m.apply(ctx, e, m.rev, m.small)
	if err != nil {
		return err
	}
	m.rev, m.small = state.Rev, state.Small
	m.put(e)
	return nil
}

// look reads the row of revision, or fails in good time.
func (s *Store) look(ctx context.Context) (revision, error) {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	var now revision
	err := s.engine.reader().GetContext(ctx, &now, "SELECT rev, last_id, small, forgot FROM revision")
	return now, s.known(ctx, "revision", err)
}

// apply brings what was written after a revision into an editor, and returns the revision that this has led to.
func (m *Mirror) apply(ctx context.Context, e *directory.Editor, since, small int64) (revision, error) {
	var state revision
	err := m.s.View(ctx, func(t *Tx) error {
		if err := t.tx.GetContext(ctx, &state, "SELECT rev, last_id, small, forgot FROM revision"); err != nil {
			return m.s.known(ctx, "revision", err)
		}
		if state.Small != small {
			c, err := loadCustomers(t)
			if err != nil {
				return err
			}
			m.warn(e.SetCustomers(c))
		}
		var gone []string
		err := t.Select(&gone, "SELECT name FROM tombstones WHERE rev > ? AND kind = ? ORDER BY id", since, Number{}.kind().name)
		if err != nil {
			return err
		}
		for _, number := range gone {
			e.DeleteNumber(number)
		}
		put := m.putter(e)
		if err := m.s.streamNumbers(ctx, t.conn, "WHERE n.rev > ?", []any{since}, put); err != nil {
			return err
		}
		return m.s.streamNumbers(ctx, t.conn,
			"WHERE n.emergency_address_sid IN (SELECT sid FROM addresses WHERE rev > ?)", []any{since}, put)
	})
	return state, err
}

// putter puts records into an editor. A number that cannot be used is not in the directory, whatever it was before.
func (m *Mirror) putter(e *directory.Editor) func([]directory.NumberRecord) error {
	return func(records []directory.NumberRecord) error {
		var errs []error
		for i := range records {
			if err := e.PutNumber(records[i]); err != nil {
				e.DeleteNumber(records[i].E164)
				errs = append(errs, err)
			}
		}
		m.warn(errs)
		return nil
	}
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
		if err == nil {
			m.warn(e.SetCustomers(c))
		}
		return err
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
	put := m.putter(e)
	for r := range records {
		if err := put(r); err != nil {
			return fmt.Errorf("put: %w", err)
		}
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
	return m.s.streamNumbers(ctx, conn, "WHERE n.id >= ? AND n.id < ?", []any{from, to}, func(r []directory.NumberRecord) error {
		select {
		case records <- r:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}
