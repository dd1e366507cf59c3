package app

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"callbox/cmd/callbox/internal/web"
	"callbox/sip/fault"
)

// The pace of the board: how often it looks by itself, and how long a fault must be gone to be over, so that one that
// comes and goes with every call is one fault and not many.
const (
	lookEvery = time.Second
	lingers   = 3 * time.Second
)

// faultKind is one way in which the machine can fail while calls go on.
type faultKind struct {
	name string // a word for metrics and scripts
	mend string // what an operator can do
	told bool   // the part that meets it writes it to the log itself
	read func(now time.Time) []fault.Report
}

// board knows what is wrong now. It asks the parts, writes the beginning and the end of each fault to the log, once, and
// tells /readyz and the metrics. It is safe for concurrent use.
type board struct {
	log zerolog.Logger
	now func() time.Time

	mu    sync.Mutex
	kinds []*faultKind
	open  []*openFault // in the order in which they began
}

// openFault is a fault that is there, or was a moment ago.
type openFault struct {
	kind   *faultKind
	report fault.Report
	seen   time.Time // when it was there last
}

// watch adds a kind of fault.
func (b *board) watch(k faultKind) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kinds = append(b.kinds, &k)
}

// look asks every part.
func (b *board) look() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lookLocked()
}

func (b *board) lookLocked() {
	now := b.now()
	for _, k := range b.kinds {
		for _, r := range k.read(now) {
			b.note(k, r, now)
		}
	}
	b.open = slices.DeleteFunc(b.open, func(o *openFault) bool {
		over := now.Sub(o.seen) >= lingers
		if over && !o.kind.told {
			o.line(b.log.Info()).Int64("after_ms", o.seen.Sub(o.report.Since).Milliseconds()).Uint64("times", o.report.Met).
				Msg("fault is over")
		}
		return over
	})
}

// note takes a report of a fault that is there now.
func (b *board) note(k *faultKind, r fault.Report, now time.Time) {
	for _, o := range b.open {
		if o.kind == k && o.report.Subject == r.Subject {
			r.Since = o.report.Since
			o.report, o.seen = r, now
			return
		}
	}
	o := &openFault{kind: k, report: r, seen: now}
	b.open = append(b.open, o)
	if !k.told {
		o.line(b.log.Error()).Str("error", r.Problem).Str("mend", k.mend).Msg("the machine fails; calls go on as far as they can")
	}
}

func (o *openFault) line(e *zerolog.Event) *zerolog.Event {
	e = e.Str("fault", o.kind.name)
	if o.report.Subject != "" {
		e = e.Str("subject", o.report.Subject)
	}
	return e
}

// degraded returns what is wrong now, the oldest first.
func (b *board) degraded() []web.Degraded {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lookLocked()
	out := make([]web.Degraded, len(b.open))
	for i, o := range b.open {
		out[i] = web.Degraded{
			Fault: o.kind.name, Subject: o.report.Subject, Since: o.report.Since.UTC(), What: o.report.Problem, Mend: o.kind.mend,
		}
	}
	return out
}

// counts returns how many faults of each kind there are.
func (b *board) counts() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lookLocked()
	n := map[string]int{}
	for _, o := range b.open {
		n[o.kind.name]++
	}
	return n
}

// figures are one for each kind of fault.
func (b *board) figures() []web.Figure[map[string]int] {
	b.mu.Lock()
	defer b.mu.Unlock()
	var figures []web.Figure[map[string]int]
	for _, k := range b.kinds {
		figures = append(figures, web.Figure[map[string]int]{
			Name: "callbox_faults", Help: "Faults of the machine that are there now while calls go on; /readyz says what they are and what mends them.",
			Labels: map[string]string{"fault": k.name}, Value: func(n map[string]int) float64 { return float64(n[k.name]) },
		})
	}
	return figures
}

// run looks again and again until ctx ends. Each time heal mends what can be, which may take a while.
func (b *board) run(ctx context.Context, heal func()) {
	b.look()
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			heal()
			b.look()
		case <-ctx.Done():
			return
		}
	}
}

// one returns a fault that is there as a list.
func one(r fault.Report, there bool) []fault.Report {
	if !there {
		return nil
	}
	return []fault.Report{r}
}

// watchFaults tells the board what to ask, and has it look once in a while.
func (a *App) watchFaults(context.Context) error {
	a.faults.watch(faultKind{
		name: "call_records", told: true,
		mend: "make room on the disk of " + a.data.path + " or let it be written; records wait in memory and are written then",
		read: func(time.Time) []fault.Report { return one(a.journal.Fault()) },
	})
	a.faults.watch(faultKind{
		name: "data_directory",
		mend: "make room on the disk of " + a.data.path + ", let it be written or put it back; what is missing there is written then",
		read: func(time.Time) []fault.Report { return one(a.data.refuse.Report()) },
	})
	a.watchProvisioning()
	a.watchRegistrations()
	a.faults.watch(faultKind{
		name: "descriptors", read: a.reserve.read,
		mend: "raise the limit of open files (LimitNOFILE of systemd, ulimit -n); until then calls beyond it are refused with 503",
	})
	a.faults.watch(faultKind{
		name: "media_ports",
		mend: "widen rtp.ports, or stop the programs that use ports of that range; until then calls beyond it are refused with 503",
		read: func(now time.Time) []fault.Report {
			a.noPorts.Rest(now, starvedFor)
			return one(a.noPorts.Report())
		},
	})
	a.faults.watch(faultKind{
		name: "addresses",
		mend: "give the machine the address again, or IPv6; a listener that was missing at the start needs a restart then",
		read: func(time.Time) []fault.Report {
			if !a.listening.Load() {
				return nil
			}
			return a.agent.AddressFaults()
		},
	})
	a.faults.watch(faultKind{
		name: "dns",
		mend: "see that the name server answers and knows the name, or name the call centre by its address",
		read: func(time.Time) []fault.Report { return a.agent.NameFaults() },
	})
	a.faults.watch(faultKind{
		name: "clock", read: new(stepWatch).read,
		mend: "see that the machine's time service works; durations are right all the same, times of day before and after do not compare",
	})
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		a.faults.run(ctx, func() {
			a.data.heal(a.putBack(ctx))
			a.customers.look()
		})
	})
	a.started(func() error {
		cancel()
		done.Wait()
		return nil
	})
	return nil
}

// putBack writes what is missing of certificate and database. With all false, the data directory was there all the time.
func (a *App) putBack(ctx context.Context) func(all bool) error {
	return func(all bool) error {
		err := a.certs.keep(all)
		if all {
			err = errors.Join(err, a.customers.store.Restore(ctx))
		}
		return err
	}
}

// watchProvisioning tells the board of the faults of the directory's database.
func (a *App) watchProvisioning() {
	a.faults.watch(faultKind{
		name: "database",
		mend: "see that the database of the directory runs and can be reached, or that its disk has room; calls go on by what was read last, changes are refused with 503",
		read: a.customers.faults,
	})
	a.faults.watch(faultKind{
		name: "directory",
		mend: "see that file and API do not have the same, then reload; until then what the database has is in force",
		read: func(time.Time) []fault.Report { return one(a.customers.apart.Report()) },
	})
	a.faults.watch(faultKind{
		name: "registration", told: true,
		mend: "mend the database; statuses of emergency addresses move on then",
		read: func(time.Time) []fault.Report { return one(a.customers.moverFault()) },
	})
	a.faults.watch(faultKind{
		name: "fees", told: true,
		mend: "mend the database; fees wait, and are read from the call records then",
		read: func(time.Time) []fault.Report { return one(a.customers.ledger.Fault()) },
	})
}
