// Package fees keeps the ledger of what the provider would charge: 75.00 for an emergency call from a number of the US or
// Canada without a registered address, 0.75 for each month of a number with one. It owns the fees in the store, and when
// they are due by the lab clock; it must not know how a call is decided, nor how sums are shown.
package fees

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing/directory/store"
	"callbox/routing/labclock"
	"callbox/sip/call"
	"callbox/sip/fault"
)

// NumberCents is what a number with an emergency address costs for a month.
const NumberCents = 75

// Options of a Ledger; the zero value works.
type Options struct {
	Queue  int // charged calls that may wait for the database, 4096 when 0
	Batch  int // fees written in one transaction, 500 when 0
	Logger zerolog.Logger
	// Journal gives the ended calls with a fee, the latest first, as sip/cdr's Charged does: at the start, and when the
	// queue was full for a while. nil: calls that the queue lost stay lost.
	Journal func(context.Context) iter.Seq2[*call.Record, error]
}

// Stats are a ledger's counters since it was made.
type Stats struct {
	Written  uint64 // fees of calls written to the database
	Overflow uint64 // calls for which the queue had no room; the journal has them
	Queued   int    // calls waiting now
	Capacity int    // calls that may wait
}

// database is what a ledger needs of a store.
type database interface {
	View(ctx context.Context, fn func(*store.Tx) error) error
	Update(ctx context.Context, who store.Actor, fn func(*store.Tx) error) error
	Meta(ctx context.Context, name string) (string, error)
}

// Ledger writes fees. Its methods are safe for concurrent use.
type Ledger struct {
	store database
	clock *labclock.Clock
	o     Options
	queue chan charge
	fault fault.Episode

	mu     sync.Mutex
	stats  Stats
	behind bool // the journal has fees that the queue had not
	cursor cursor
}

// charge is a call that costs something.
type charge struct {
	sid, account, number string
	cents                int64
	at                   time.Time // lab time
}

// New returns a ledger that does not write yet: Run does.
func New(s *store.Store, c *labclock.Clock, o Options) *Ledger {
	if o.Queue <= 0 {
		o.Queue = 4096
	}
	if o.Batch <= 0 {
		o.Batch = 500
	}
	return &Ledger{store: s, clock: c, o: o, queue: make(chan charge, o.Queue), behind: o.Journal != nil}
}

// Append takes the record of an ended call; one without a fee is none of the ledger's business. It never blocks: with
// the queue full the fee is counted in Stats.Overflow and read from the journal when the database keeps up again.
func (l *Ledger) Append(r call.Record) {
	if r.FeeCents <= 0 {
		return
	}
	c := chargeOf(&r, l.clock.Now())
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.queue <- c:
	default:
		if l.stats.Overflow++; !l.behind {
			l.behind = true
			l.o.Logger.Warn().Int("queued", cap(l.queue)).Bool("journal", l.o.Journal != nil).
				Msg("fees wait for the database and no more can; the rest is read from the call journal later")
		}
	}
}

func chargeOf(r *call.Record, at time.Time) charge {
	return charge{string(r.ID), r.Account, r.Caller, r.FeeCents, at}
}

// Stats returns the counters as they stand.
func (l *Ledger) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stats
	s.Queued, s.Capacity = len(l.queue), cap(l.queue)
	return s
}

// Fault tells whether fees cannot be written now, since when and why.
func (l *Ledger) Fault() (fault.Report, bool) { return l.fault.Report() }

// The pace at which the ledger tries again while the database is away.
const (
	firstRetry = 250 * time.Millisecond
	lastRetry  = 10 * time.Second
)

// lastWrite is how long the end of Run may take to write what still waits.
const lastWrite = 2 * time.Second

// Run writes the fees of calls until ctx ends, and then what still waits if the database takes it within moments. What
// it does not take is in the call journal and comes at the next start.
func (l *Ledger) Run(ctx context.Context) {
	retry := firstRetry
	var batch []charge
	for {
		batch = l.collect(ctx, batch)
		if ctx.Err() != nil {
			l.finish(batch)
			return
		}
		err := l.write(ctx, batch)
		if err == nil {
			batch = batch[:0]
			err = l.catchUp(ctx)
		}
		if err == nil {
			l.mend()
			retry = firstRetry
			continue
		}
		if ctx.Err() != nil {
			continue
		}
		l.fail(err)
		pause(ctx, retry)
		retry = min(2*retry, lastRetry)
	}
}

// collect adds what waits to a batch, and waits for something where there is nothing to do.
func (l *Ledger) collect(ctx context.Context, batch []charge) []charge {
	l.mu.Lock()
	idle := len(batch) == 0 && !l.behind
	l.mu.Unlock()
	if idle {
		select {
		case c := <-l.queue:
			batch = append(batch, c)
		case <-ctx.Done():
			return batch
		}
	}
	for len(batch) < l.o.Batch {
		select {
		case c := <-l.queue:
			batch = append(batch, c)
		default:
			return batch
		}
	}
	return batch
}

// finish writes what waits at the end.
func (l *Ledger) finish(batch []charge) {
	ctx, cancel := context.WithTimeout(context.Background(), lastWrite)
	defer cancel()
	for {
		for more := true; more && len(batch) < l.o.Batch; {
			select {
			case c := <-l.queue:
				batch = append(batch, c)
			default:
				more = false
			}
		}
		if len(batch) == 0 {
			return
		}
		if err := l.write(ctx, batch); err != nil {
			l.o.Logger.Warn().Err(err).Int("fees", len(batch)+len(l.queue)).
				Msg("fees were not written; they come from the call journal at the next start")
			return
		}
		batch = batch[:0]
	}
}

// catchUp reads the journal where the queue had no room, or nobody was there to fill it.
func (l *Ledger) catchUp(ctx context.Context) error {
	l.mu.Lock()
	behind := l.behind && len(l.queue) == 0
	if behind {
		l.behind = false // what overflows from here on is new
	}
	l.mu.Unlock()
	if !behind || l.o.Journal == nil {
		return nil
	}
	err := l.replay(ctx)
	if err != nil {
		l.mu.Lock()
		l.behind = true
		l.mu.Unlock()
	}
	return err
}

// replay writes those fees of the journal that are not in the database. Their lab time is made of the clock's present
// offset: what it was then is not known.
func (l *Ledger) replay(ctx context.Context) error {
	var batch []charge
	for r, err := range l.o.Journal(ctx) {
		if err != nil {
			return fmt.Errorf("read fees from the call journal: %w", err)
		}
		if r.FeeCents <= 0 {
			continue
		}
		if batch = append(batch, chargeOf(r, r.EndedAt.Add(l.clock.Offset()))); len(batch) < l.o.Batch {
			continue
		}
		if err := l.write(ctx, batch); err != nil {
			return err
		}
		batch = batch[:0]
	}
	return l.write(ctx, batch)
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (l *Ledger) fail(err error) {
	if l.fault.Begin(err, time.Now()) {
		l.o.Logger.Error().Str("fault", "fees").Err(err).Msg("fees cannot be written; they wait")
	}
}

func (l *Ledger) mend() {
	if r, was := l.fault.End(); was {
		l.o.Logger.Info().Str("fault", "fees").Uint64("times", r.Met).Msg("fees can be written again")
	}
}
