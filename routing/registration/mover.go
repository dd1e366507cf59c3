package registration

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing/directory/store"
	"callbox/routing/labclock"
	"callbox/sip/fault"
)

// Months charges numbers for having an emergency address. The Mover tells it what happens in the order of lab time.
type Months interface {
	// Registered charges numbers that became registered, each at its time, within the transaction that says so.
	Registered(t *store.Tx, numbers []store.Number, at []time.Time) error
	// Begun returns the last month whose beginning was charged, the zero time for none.
	Begun(ctx context.Context) (time.Time, error)
	// Begin charges every number with an address for a month that begins at a time, and remembers that.
	Begin(ctx context.Context, month, at time.Time) error
	// CatchUp charges numbers that came with an address: from a file, the lab or an import.
	CatchUp(ctx context.Context, at time.Time) error
}

// Options of a Mover; the zero value works.
type Options struct {
	Batch  int // statuses moved in one transaction, 200 when 0
	Logger zerolog.Logger
	Strict bool   // as that of Rules: EmergencyStatus does not follow the address by itself
	Months Months // nil charges nothing
}

// Mover moves statuses that are due. Every edge at a database runs one; that they do the same work at once does no harm.
type Mover struct {
	store *store.Store
	clock *labclock.Clock
	o     Options
	wake  chan struct{}
	fault fault.Episode
}

// actor is what the audit log calls a Mover.
var actor = store.Actor{Name: "registration"}

// NewMover returns a mover that does not run yet.
func NewMover(s *store.Store, c *labclock.Clock, o Options) *Mover {
	if o.Batch <= 0 {
		o.Batch = 200
	}
	return &Mover{store: s, clock: c, o: o, wake: make(chan struct{}, 1)}
}

// Wake has Run look at the store again: call it when the store's revision has changed. It never blocks.
func (m *Mover) Wake() {
	select {
	case m.wake <- struct{}{}:
	default: // it is going to look anyway
	}
}

// Fault tells whether statuses cannot be moved now, since when and why.
func (m *Mover) Fault() (fault.Report, bool) { return m.fault.Report() }

// The pace at which a Mover tries again while the database is away.
const (
	firstRetry = 250 * time.Millisecond
	lastRetry  = 10 * time.Second
)

// Run moves statuses when they are due until ctx ends. In between it sleeps: until the next is due or the month ends, the
// lab clock is stepped, or Wake is called.
func (m *Mover) Run(ctx context.Context) {
	retry := firstRetry
	for ctx.Err() == nil {
		stepped := m.clock.Changed()
		_, err := m.Move(ctx)
		var next time.Time
		if err == nil {
			next, err = m.next(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		sleep := next.Sub(m.clock.Now())
		if err != nil {
			m.fail(err)
			sleep, retry = retry, min(2*retry, lastRetry)
		} else {
			m.mend()
			retry = firstRetry
		}
		m.sleep(ctx, sleep, stepped, err != nil)
	}
}

// sleep waits for whatever ends a pause. One after an error is not cut short: writes of others would make it a poll.
func (m *Mover) sleep(ctx context.Context, d time.Duration, stepped <-chan struct{}, failed bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	wake := m.wake
	if failed {
		stepped, wake = nil, nil
	}
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-stepped:
	case <-wake:
	}
}

func (m *Mover) fail(err error) {
	if m.fault.Begin(err, time.Now()) {
		m.o.Logger.Error().Str("fault", "registration").Err(err).Msg("emergency address statuses cannot be moved; trying again")
	}
}

func (m *Mover) mend() {
	if r, was := m.fault.End(); was {
		m.o.Logger.Info().Str("fault", "registration").Uint64("times", r.Met).Msg("emergency address statuses move again")
	}
}

// Move moves everything that is due by the lab clock, in the order of its time, and returns how many statuses it moved. A
// month that began meanwhile is charged with the statuses of that moment.
func (m *Mover) Move(ctx context.Context) (moved int, err error) {
	if err := FollowClock(ctx, m.store, m.clock); err != nil {
		return 0, err
	}
	now := m.clock.Now()
	for m.o.Months != nil {
		begun, err := m.o.Months.Begun(ctx)
		if err != nil {
			return moved, err
		}
		month, at := monthOf(now), now // the first of all
		if !begun.IsZero() {
			month = nextMonth(begun)
			at = month
		}
		if at.After(now) {
			break
		}
		n, err := m.moveUntil(ctx, at.Add(-time.Millisecond))
		moved += n
		if err != nil {
			return moved, err
		}
		if err := m.o.Months.Begin(ctx, month, at); err != nil {
			return moved, fmt.Errorf("charge the numbers of %s: %w", month.Format("2006-01"), err)
		}
	}
	n, err := m.moveUntil(ctx, now)
	moved += n
	if err == nil && m.o.Months != nil {
		err = m.o.Months.CatchUp(ctx, now)
	}
	return moved, err
}

// monthOf returns the beginning of the month of t, in UTC.
func monthOf(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

func nextMonth(month time.Time) time.Time { return monthOf(month).AddDate(0, 1, 0) }

// next returns the lab time at which there is something to do again.
func (m *Mover) next(ctx context.Context) (time.Time, error) {
	next := nextMonth(m.clock.Now())
	err := m.store.View(ctx, func(t *store.Tx) error {
		for _, k := range kinds {
			var due []int64
			err := t.Select(&due, "SELECT "+k.due+" FROM numbers WHERE "+k.due+" <> 0 AND origin <> 'file' ORDER BY "+k.due+" LIMIT 1")
			if err != nil {
				return err
			}
			for _, ms := range due {
				if at := time.UnixMilli(ms); at.Before(next) {
					next = at
				}
			}
		}
		return nil
	})
	return next, err
}

// kind is one of the two statuses that move.
type kind struct {
	due  string // its column
	move func(n *store.Number) (registered bool)
	when func(n *store.Number) int64
}

var kinds = []kind{
	{"status_due", moveAddress, func(n *store.Number) int64 { return n.StatusDue }},
	{"emergency_status_due", moveStatus, func(n *store.Number) int64 { return n.EmergencyStatusDue }},
}

// moveUntil moves what is due at a lab time or was before.
func (m *Mover) moveUntil(ctx context.Context, until time.Time) (moved int, err error) {
	for _, k := range kinds {
		for {
			n, more, err := m.moveBatch(ctx, k, until.UnixMilli())
			moved += n
			if err != nil {
				return moved, err
			}
			if !more {
				break
			}
		}
	}
	return moved, nil
}

// due returns the SIDs of numbers that are due, earliest first. What a file says is left to the file.
func (m *Mover) due(t *store.Tx, k kind, until int64) ([]string, error) {
	var sids []string
	err := t.Select(&sids, fmt.Sprintf("SELECT sid FROM numbers WHERE %s <> 0 AND %s <= ? AND origin <> 'file' ORDER BY %s LIMIT %d",
		k.due, k.due, k.due, m.o.Batch), until)
	return sids, err
}

// moveBatch moves a bounded number of statuses in one transaction. A look comes first: mostly there is nothing to write.
func (m *Mover) moveBatch(ctx context.Context, k kind, until int64) (moved int, more bool, err error) {
	var sids []string
	err = m.store.View(ctx, func(t *store.Tx) error {
		sids, err = m.due(t, k, until)
		return err
	})
	if err != nil || len(sids) == 0 {
		return 0, false, err
	}
	err = m.store.Update(ctx, actor, func(t *store.Tx) error {
		if sids, err = m.due(t, k, until); err != nil { // another edge may have been here meanwhile
			return err
		}
		numbers, err := store.Find[store.Number](t, store.Query{Where: []store.Cond{{Column: "sid", Op: store.In, Value: sids}}})
		moved = len(numbers)
		if err != nil || moved == 0 {
			return err
		}
		return m.moveAll(t, k, numbers)
	})
	if err != nil {
		return 0, false, fmt.Errorf("move emergency address statuses: %w", err)
	}
	return moved, len(sids) == m.o.Batch, nil
}

// moveAll moves one status of each number, and charges those that became registered. Numbers with the same future are
// written by one statement: there may be very many.
func (m *Mover) moveAll(t *store.Tx, k kind, numbers []store.Number) error {
	var registered []store.Number
	var at []time.Time
	entries := make([]store.AuditEntry, len(numbers))
	alike := map[future][]string{}
	for i, was := range numbers {
		is := was
		if k.move(&is) {
			registered, at = append(registered, is), append(at, time.UnixMilli(k.when(&was)))
		}
		if !m.o.Strict {
			follow(&is)
		}
		e, err := entry(t, was, is)
		if err != nil {
			return err
		}
		entries[i] = e
		alike[futureOf(is)] = append(alike[futureOf(is)], is.SID)
	}
	for f, sids := range alike {
		if _, err := store.SetMany[store.Number](t, sids, f.columns()); err != nil {
			return err
		}
	}
	if _, err := store.InsertMissing(t, entries); err != nil {
		return err
	}
	if len(registered) == 0 || m.o.Months == nil {
		return nil
	}
	return m.o.Months.Registered(t, registered, at)
}

// future is what a movement makes of a number: the same of very many.
type future struct {
	left                                         bool // the address that the number had
	status, emergency, statusNext, emergencyNext string
	statusDue, emergencyDue                      int64
}

func futureOf(n store.Number) future {
	return future{
		left: n.EmergencyAddressSID == "", status: n.EmergencyAddressStatus, statusDue: n.StatusDue, statusNext: n.StatusNext,
		emergency: n.EmergencyStatus, emergencyDue: n.EmergencyStatusDue, emergencyNext: n.EmergencyStatusNext,
	}
}

func (f future) columns() map[string]any {
	columns := map[string]any{
		"emergency_address_status": f.status, "status_due": f.statusDue, "status_next": f.statusNext,
		"emergency_status": f.emergency, "emergency_status_due": f.emergencyDue, "emergency_status_next": f.emergencyNext,
	}
	if f.left {
		columns["emergency_address_sid"] = ""
	}
	return columns
}

// entry is what the audit log says of a movement.
func entry(t *store.Tx, was, is store.Number) (store.AuditEntry, error) {
	type change struct {
		Old any `json:"old"`
		New any `json:"new"`
	}
	changes := map[string]change{}
	note := func(column string, old, new any) {
		if old != new {
			changes[column] = change{old, new}
		}
	}
	note("emergency_address_sid", was.EmergencyAddressSID, is.EmergencyAddressSID)
	note("emergency_address_status", was.EmergencyAddressStatus, is.EmergencyAddressStatus)
	note("emergency_status", was.EmergencyStatus, is.EmergencyStatus)
	text, err := json.Marshal(changes)
	return store.AuditEntry{
		Common: store.Common{SID: is.SID, AccountSID: is.AccountSID}, At: t.Now(), Actor: actor.Name,
		Action: "update", Kind: "number", Changes: string(text),
	}, err
}

// moveAddress takes n's address to the status that was to come.
func moveAddress(n *store.Number) (registered bool) {
	n.EmergencyAddressStatus, n.StatusDue, n.StatusNext = n.StatusNext, 0, ""
	if n.EmergencyAddressStatus == Unregistered {
		n.EmergencyAddressSID = ""
	}
	return n.EmergencyAddressStatus == Registered
}

// moveStatus takes n's EmergencyStatus to what was to come.
func moveStatus(n *store.Number) (registered bool) {
	n.EmergencyStatus, n.EmergencyStatusDue, n.EmergencyStatusNext = n.EmergencyStatusNext, 0, ""
	return false
}

// follow has EmergencyStatus say what the address says, as it does where requests do not set it.
func follow(n *store.Number) {
	switch n.EmergencyAddressStatus {
	case Registered:
		n.EmergencyStatus = Active
	case Unregistered:
		n.EmergencyStatus = Inactive
	}
}
