package registrar

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"callbox/routing/directory/store"
)

// The pace of the way into the store and back.
const (
	behind     = time.Second            // how long a mere refresh may wait to be written
	syncEvery  = 500 * time.Millisecond // how soon another edge's bindings are known here
	waitStore  = 2 * time.Second        // how long a REGISTER waits for its binding to be in the store
	retryStore = time.Second            // after the store has failed
	writeLimit = 10 * time.Second
	sweepEvery = 10 * time.Second
	forget     = time.Hour        // how long removed rows stay for other edges
	forgetAt   = 10 * time.Minute // how often they are looked for
	idleAOR    = 10 * time.Second
)

// writer gathers rows: all that wait go in one transaction while the one before is on its way, so that a thousand phones that
// register at once cost a few commits. The latest row of a binding takes the place of an earlier one that still waits.
type writer struct {
	mu    sync.Mutex
	dirty map[string]store.Registration
	waits []chan<- error
	wake  chan struct{}
}

func newWriter() writer {
	return writer{dirty: make(map[string]store.Registration), wake: make(chan struct{}, 1)}
}

// add has rows written; where that is urgent the channel tells what became of it.
func (w *writer) add(rows []store.Registration, urgent bool) <-chan error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, row := range rows {
		w.dirty[row.SID] = row
	}
	if !urgent {
		return nil
	}
	done := make(chan error, 1)
	w.waits = append(w.waits, done)
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return done
}

// take returns all that waits.
func (w *writer) take() (rows []store.Registration, waits []chan<- error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	rows = make([]store.Registration, 0, len(w.dirty))
	for _, row := range w.dirty {
		rows = append(rows, row)
	}
	waits, w.waits = w.waits, nil
	return rows, waits
}

// wrote forgets the rows that are in the store now, but for those that have changed meanwhile.
func (w *writer) wrote(rows []store.Registration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, row := range rows {
		if w.dirty[row.SID] == row {
			delete(w.dirty, row.SID)
		}
	}
}

// has tells whether a row waits.
func (w *writer) has(sid string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, ok := w.dirty[sid]
	return ok
}

func (w *writer) size() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.dirty)
}

// keep writes a change. It waits for what is urgent, and no longer than waitStore: a phone that is refused because the
// database is away could not be called, which is worse than a binding that a second failure would lose.
func (r *Registrar) keep(ctx context.Context, c change) {
	if r.o.Store == nil || len(c.put)+len(c.removed) == 0 {
		return
	}
	rows := make([]store.Registration, 0, len(c.put)+len(c.removed))
	for _, b := range c.put {
		rows = append(rows, r.row(b))
	}
	for _, b := range c.removed {
		row := r.row(b)
		row.Expires, row.Refreshed = 0, time.Now().UnixMilli()
		rows = append(rows, row)
	}
	done := r.writer.add(rows, c.urgent)
	if done == nil || !r.started.Load() {
		return
	}
	t := time.NewTimer(waitStore)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
		r.count.unsaved.Add(1)
	case <-ctx.Done():
	}
}

// Load reads the bindings in the store, before the first REGISTER is taken. Where that cannot be done Run does it later.
func (r *Registrar) Load(ctx context.Context) error {
	if r.o.Store == nil {
		return nil
	}
	return r.sync(ctx)
}

// Run writes bindings to the store, follows other edges, ends what has expired and keeps phones awake, until ctx ends.
// What still waits then is written within two seconds or lost.
func (r *Registrar) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	if r.o.Store != nil {
		r.started.Store(true)
		running.Go(func() { r.write(ctx) })
		running.Go(func() { r.follow(ctx) })
	}
	if r.o.Prober != nil && r.o.Keepalive != KeepaliveOff {
		running.Go(func() { r.keepAwake(ctx) })
	}
	r.sweepUntil(ctx)
}

// write writes what waits until ctx ends.
func (r *Registrar) write(ctx context.Context) {
	tick := time.NewTicker(behind)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-r.writer.wake:
		case <-tick.C:
		}
		if err := r.flush(context.WithoutCancel(ctx), writeLimit); err != nil {
			if r.fault.Begin(err, time.Now()) {
				r.o.Logger.Error().Str("fault", "registrations").Err(err).Msg("registrations cannot be written; they wait")
			}
			sleep(ctx, retryStore)
		} else if was, there := r.fault.End(); there {
			r.o.Logger.Info().Str("fault", "registrations").Uint64("times", was.Met).Msg("registrations can be written again")
		}
	}
	if err := r.flush(context.WithoutCancel(ctx), waitStore); err != nil {
		r.o.Logger.Warn().Err(err).Int("registrations", r.writer.size()).Msg("registrations were not written")
	}
}

// flush writes what waits now.
func (r *Registrar) flush(ctx context.Context, limit time.Duration) error {
	rows, waits := r.writer.take()
	var err error
	if len(rows) > 0 {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		if err = r.o.Store.PutRegistrations(ctx, rows); err == nil {
			r.writer.wrote(rows)
			r.count.written.Add(uint64(len(rows)))
		}
	}
	for _, w := range waits {
		w <- err
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// follow brings what other edges write into memory.
func (r *Registrar) follow(ctx context.Context) {
	tick := time.NewTicker(syncEvery)
	defer tick.Stop()
	for {
		if err := r.sync(ctx); err != nil && ctx.Err() == nil {
			sleep(ctx, retryStore)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// sync reads what was written since the last time.
func (r *Registrar) sync(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	rows, rev, err := r.o.Store.Registrations(ctx, r.read, r.name)
	if err == nil && rev < r.read { // another database
		rows, rev, err = r.o.Store.Registrations(ctx, 0, r.name)
	}
	if err != nil {
		return err
	}
	r.read = rev
	var homes map[string]string
	for i := range rows {
		if homes == nil {
			homes = homesOf(r.o.Directory())
		}
		if name, ok := homes[rows[i].DomainSID]; ok {
			r.merge(&rows[i], name)
		}
	}
	return nil
}

// merge takes another edge's row. One that waits to be written here is newer.
func (r *Registrar) merge(row *store.Registration, home string) {
	of := r.hold(aorKey{row.DomainSID, row.Username})
	defer r.release(of)
	of.turn.Lock()
	defer of.turn.Unlock()
	if r.writer.has(row.SID) {
		return
	}
	now := time.Now()
	cur := of.list(now)
	next := slices.DeleteFunc(slices.Clone(cur), func(b *Binding) bool { return b.SID == row.SID })
	if b, err := bindingOf(row, home); err == nil && now.Before(b.Expires) {
		next = append(next, b)
	}
	of.bindings.Store(&next)
}

// row writes a binding for the store.
func (r *Registrar) row(b *Binding) store.Registration {
	return store.Registration{
		SID: b.SID, Writer: r.name, AccountSID: b.AccountSID, DomainSID: b.DomainSID, Username: b.User, Contact: b.URI,
		Q: b.Q, Instance: b.Instance, RegID: b.RegID, CallID: b.CallID, CSeq: int64(b.CSeq), Transport: b.Transport,
		Source: b.Remote.String(), Local: b.Local.String(), Path: strings.Join(b.Path, "\n"), UserAgent: b.UserAgent,
		Natted: b.Natted, Created: b.Created.UnixMilli(), Refreshed: b.Refreshed.UnixMilli(), Expires: b.Expires.UnixMilli(),
	}
}

var errRow = errors.New("a row of registrations cannot be read")

// bindingOf reads a row.
func bindingOf(row *store.Registration, home string) (*Binding, error) {
	remote, err := netip.ParseAddrPort(row.Source)
	local, bad := netip.ParseAddrPort(row.Local)
	if err != nil || bad != nil {
		return nil, errRow
	}
	b := &Binding{
		SID: row.SID, AccountSID: row.AccountSID, DomainSID: row.DomainSID, Domain: home, User: row.Username, URI: row.Contact,
		Q: row.Q, Instance: row.Instance, RegID: row.RegID, CallID: row.CallID, CSeq: uint32(row.CSeq), Transport: row.Transport,
		Remote: remote, Local: local, UserAgent: row.UserAgent, Natted: row.Natted,
		Created: time.UnixMilli(row.Created), Refreshed: time.UnixMilli(row.Refreshed), Expires: time.UnixMilli(row.Expires),
	}
	if row.Path != "" {
		b.Path = strings.Split(row.Path, "\n")
	}
	return b, nil
}
