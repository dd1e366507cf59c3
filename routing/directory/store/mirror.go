package store

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"callbox/routing/directory"
)

// Mirror keeps a snapshot of the directory like the database. While that is away it keeps the last one.
type Mirror struct {
	s       *Store
	publish func(*directory.Snapshot)
	wake    chan struct{}
	stop    context.CancelFunc
	done    sync.WaitGroup

	turn     chan struct{} // held by who changes what follows
	snapshot *directory.Snapshot
	rev      int64 // of the database that the snapshot is like
	small    int64
	faulty   bool // Options.Fault was told
}

const (
	pollEvery   = 500 * time.Millisecond
	pollAtMost  = 5 * time.Second  // between two tries while the database is away
	pollTimeout = 10 * time.Second // of the look whether anything changed
	ownTimeout  = time.Minute      // how long Update waits for its change in the snapshot
)

// Mirror loads everything, publishes it as a snapshot with the network n, and from then on publishes every change: those
// of this store before Update returns, those of others within a second. publish is called by one goroutine at a time,
// in order, and must not call Update. ctx bounds the first load only; Close ends the Mirror.
func (s *Store) Mirror(ctx context.Context, n *directory.Network, publish func(*directory.Snapshot)) (*Mirror, error) {
	m := &Mirror{s: s, publish: publish, wake: make(chan struct{}, 1), turn: make(chan struct{}, 1)}
	m.snapshot = directory.NewEditor(n).Snapshot()
	if err := m.Sync(ctx); err != nil {
		return nil, err
	}
	following, stop := context.WithCancel(context.WithoutCancel(ctx))
	m.stop = stop
	m.done.Go(func() { m.follow(following) })
	m.done.Go(func() { m.listen(following) })
	s.mirrors.add(m)
	return m, nil
}

// Close ends the Mirror and waits for it. The snapshot last published stays as it is.
func (m *Mirror) Close() {
	m.s.mirrors.remove(m)
	m.stop()
	m.done.Wait()
}

// SetNetwork publishes a snapshot with another network, whether or not the database can be reached.
func (m *Mirror) SetNetwork(n *directory.Network) {
	m.turn <- struct{}{}
	defer func() { <-m.turn }()
	e := m.snapshot.Edit()
	m.warn(e.SetNetwork(n))
	m.put(e)
}

// Sync makes the snapshot like the database now. What fails is told to Options.Fault, too.
func (m *Mirror) Sync(ctx context.Context) error {
	select {
	case m.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-m.turn }()
	err := m.sync(ctx)
	m.report(err)
	return err
}

// report tells of the beginning and the end of a fault.
func (m *Mirror) report(err error) {
	switch {
	case err == nil && m.faulty:
		m.faulty = false
		m.s.opts.Logger.Info().Int64("revision", m.rev).Msg("the directory follows the database again")
		m.s.opts.Fault(nil)
	case err != nil && !m.faulty && !errors.Is(err, context.Canceled):
		m.faulty = true
		m.s.opts.Logger.Error().Err(err).Int64("revision", m.rev).Msg("the directory cannot follow the database")
		m.s.opts.Fault(err)
	}
}

// put publishes what an editor has made.
func (m *Mirror) put(e *directory.Editor) {
	m.snapshot = e.Snapshot()
	m.publish(m.snapshot)
}

// warn logs what was left out of a snapshot.
func (m *Mirror) warn(errs []error) {
	if len(errs) > 0 {
		m.s.opts.Logger.Warn().Errs("problems", errs[:min(len(errs), 10)]).Int("count", len(errs)).
			Msg("part of the directory cannot be used")
	}
}

// follow looks for changes every half second, and when woken; ever less often while the database is away.
func (m *Mirror) follow(ctx context.Context) {
	wait := pollEvery
	for {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-m.wake:
			timer.Stop()
		case <-timer.C:
		}
		if m.Sync(ctx) == nil {
			wait = pollEvery
		} else {
			wait = min(2*wait, pollAtMost)
		}
	}
}

// listen waits for announcements of other edges, and again when the connection broke. The poll notices what it misses.
func (m *Mirror) listen(ctx context.Context) {
	wait := pollEvery
	for {
		err := m.s.engine.listen(ctx, func() {
			wait = pollEvery
			select {
			case m.wake <- struct{}{}:
			default: // somebody is to be woken already
			}
		})
		if err == nil {
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		wait = min(2*wait, pollAtMost)
	}
}

// mirrors are those of a store.
type mirrors struct {
	mu  sync.Mutex
	all []*Mirror
}

func (ms *mirrors) add(m *Mirror) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	ms.all = append(ms.all, m)
}

func (ms *mirrors) remove(m *Mirror) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if i := slices.Index(ms.all, m); i >= 0 {
		ms.all = slices.Delete(slices.Clone(ms.all), i, i+1)
	}
}

func (ms *mirrors) list() []*Mirror {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	return slices.Clip(ms.all)
}

// catchUp brings a change that has just been committed into every snapshot. It is committed whatever becomes of ctx and
// of the mirrors, which follow by themselves as soon as they can.
func (ms *mirrors) catchUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ownTimeout)
	defer cancel()
	for _, m := range ms.list() {
		_ = m.Sync(ctx) // has told Options.Fault
	}
}

func (ms *mirrors) close() {
	for _, m := range ms.list() {
		m.Close()
	}
}
