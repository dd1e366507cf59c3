package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"callbox/config/strict"
	"callbox/routing/bandwidth/order"
	"callbox/routing/directory"
	"callbox/routing/directory/store"
	"callbox/routing/fees"
	"callbox/routing/labclock"
	"callbox/routing/registration"
	"callbox/sip/fault"
)

// DatabaseName is the SQLite file in the data directory.
const DatabaseName = "callbox.db"

// followEvery is the pace at which a database that was away at the start is tried again.
const followEvery = 2 * time.Second

// provisioning is the customers' half of the directory: the database it is in, and what moves in there by itself.
type provisioning struct {
	store  *store.Store
	clock  *labclock.Clock
	rules  registration.Rules
	lab    *registration.Lab
	mover  *registration.Mover
	orders *order.Mover
	ledger *fees.Ledger
	away   fault.Episode // the database cannot be used now
	full   fault.Episode // it can be read, and refused what was to be written
	moved  fault.Episode // its file was removed, or another put in its place
	apart  fault.Episode // the directory's file does not go with what the API has made

	mu     sync.Mutex    // guards mirror
	mirror *store.Mirror // nil until the database was there for the first time
}

// databaseURL names the database: the configured one, or the file in the data directory.
func (a *App) databaseURL() string {
	if url := string(a.settings.Database.URL); url != "" {
		return url
	}
	return "sqlite:" + filepath.Join(a.data.path, DatabaseName)
}

// openStore opens the database, takes the directory's file into it and follows it. A database that is away keeps no edge
// from starting: calls are then decided by the file alone until it is there.
func (a *App) openStore(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx) // an edge that is told to stop while it starts stops when it has
	log := a.part("store")
	p := &provisioning{clock: labclock.New(time.Now)}
	a.customers = p
	var err error
	p.store, err = store.Open(ctx, a.databaseURL(), store.Options{
		Logger: &log, Patient: true, Fault: p.fault, Written: p.written, RequireActive: a.strictEmergencyStatus(),
	})
	if err != nil {
		return fmt.Errorf("open the directory's database: %w", err)
	}
	a.started(p.store.Close)
	a.buildProvisioning()
	if err = p.store.Ping(ctx); err == nil { // else it was away a moment ago: calls do not wait for a second try
		err = p.follow(ctx, a.file, base(a.settings.Directory), a.publish)
	}
	switch {
	case errors.Is(err, store.ErrAway):
		p.fault(err)
		a.publish(alone(a.file))
	case err != nil:
		return err
	}
	a.runProvisioning()
	return nil
}

// strictEmergencyStatus tells whether a number's EmergencyStatus is set by requests of its own, and binds its calls.
func (a *App) strictEmergencyStatus() bool { return a.settings.Twilio.EmergencyStatus == "strict" }

func (a *App) buildProvisioning() {
	p := a.customers
	p.rules = registration.Rules{
		Delays: registration.DelaysOf(a.settings.Lab.Delays), Strict: a.strictEmergencyStatus(),
		Failing: a.settings.Lab.FailRegistration, Now: p.clock.Now,
		Lenient: a.settings.Twilio.AddressValidation == "lenient",
	}
	p.lab = registration.NewLab(p.store, p.clock, p.rules)
	p.ledger = fees.New(p.store, p.clock, fees.Options{Logger: a.part("fees"), Journal: a.journal.Charged})
	p.mover = registration.NewMover(p.store, p.clock, registration.Options{
		Logger: a.part("registration"), Strict: p.rules.Strict, Months: p.ledger,
	})
	a.buildOrders()
}

// runProvisioning starts what moves in the database by itself.
func (a *App) runProvisioning() {
	p := a.customers
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { p.mover.Run(ctx) })
	running.Go(func() { p.orders.Run(ctx) })
	running.Go(func() { p.ledger.Run(ctx) })
	running.Go(func() { a.followLater(ctx) })
	a.started(func() error {
		cancel()
		running.Wait()
		if m := p.following(); m != nil {
			m.Close()
		}
		return nil
	})
}

// fault notes that the database cannot be used, or with nil that it can be again.
func (p *provisioning) fault(err error) {
	if err == nil {
		p.away.End()
		return
	}
	p.away.Begin(err, time.Now())
}

// written notes that the database has refused a change, or with nil that it has taken one.
func (p *provisioning) written(err error) {
	if err == nil {
		p.full.End()
		return
	}
	p.full.Begin(err, time.Now())
}

// look sees whether the database that is open is the one that the next start finds. It may wait for the disk.
func (p *provisioning) look() {
	if err := p.store.Intact(); err != nil {
		p.moved.Begin(err, time.Now())
		return
	}
	p.moved.End()
}

// refusedFor is how long a refused change is told of while nobody tries another.
const refusedFor = time.Minute

// faults returns what keeps the database from being used now.
func (p *provisioning) faults(now time.Time) []fault.Report {
	p.full.Rest(now, refusedFor)
	for _, e := range []*fault.Episode{&p.away, &p.moved, &p.full} {
		if r, there := e.Report(); there {
			return one(r, true)
		}
	}
	return nil
}

// following returns the mirror, nil while the database has never been there.
func (p *provisioning) following() *store.Mirror {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mirror
}

// follow takes a file into the database and makes calls follow what is there. A file that does not go with what the API
// has made is left out: calls go on as before it was changed, and the API runs, by which that can be mended.
func (p *provisioning) follow(ctx context.Context, file *directory.File, b store.Base, publish func(*directory.Snapshot)) error {
	if err := p.store.Retry(ctx); err != nil {
		return fmt.Errorf("open the directory's database: %w", err)
	}
	if err := registration.FollowClock(ctx, p.store, p.clock); err != nil { // before anything is dated by it
		return err
	}
	err := p.adopt(ctx, file, b)
	var problems strict.Problems
	if err != nil && !errors.As(err, &problems) {
		return err
	}
	if p.apart.End(); len(problems) > 0 {
		p.apart.Begin(problems, time.Now())
	}
	m, err := p.store.Mirror(ctx, file.Network, publish)
	if err != nil {
		return fmt.Errorf("read the directory's database: %w", err)
	}
	p.mu.Lock()
	p.mirror = m
	p.mu.Unlock()
	p.fault(nil)
	return nil
}

func (p *provisioning) adopt(ctx context.Context, file *directory.File, b store.Base) error {
	problems, err := p.store.Adopt(ctx, file, b)
	switch {
	case err != nil:
		return fmt.Errorf("take the directory into its database: %w", err)
	case len(problems) > 0:
		return problems
	}
	return nil
}

// exchange puts another file in force, or changes nothing.
func (p *provisioning) exchange(ctx context.Context, file *directory.File, b store.Base, publish func(*directory.Snapshot)) error {
	m := p.following()
	if m == nil { // followLater takes it in
		publish(alone(file))
		return nil
	}
	if err := p.adopt(ctx, file, b); err != nil {
		return err
	}
	p.apart.End()
	m.SetNetwork(file.Network)
	return nil
}

// alone is the directory of a file without its database.
func alone(file *directory.File) *directory.Snapshot {
	s, _ := file.Snapshot() // what it would leave out is a problem of the file
	return s
}

// base tells the store whose entries those of a directory are: nobody but a file's author changes what is from there; the
// embedded lab is a beginning that belongs to whoever provisions it.
func base(file string) store.Base {
	if file == "" {
		return store.Base{Name: directory.LabFile}
	}
	return store.Base{Name: file, ReadOnly: true}
}

// followLater tries a database that was away at the start until it is there, and the directory goes with it.
func (a *App) followLater(ctx context.Context) {
	t := time.NewTicker(followEvery)
	defer t.Stop()
	for a.customers.following() == nil {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if err := a.followNow(ctx); err != nil && ctx.Err() == nil {
			a.customers.fault(err)
		}
	}
}

func (a *App) followNow(ctx context.Context) error {
	ctx, cancel := a.untilClosed(ctx) // a reload waits meanwhile, and with it who closes
	defer cancel()
	a.reloading.Lock()
	defer a.reloading.Unlock()
	return a.customers.follow(ctx, a.file, base(a.settings.Directory), a.publish)
}

// publish puts a snapshot in force.
func (a *App) publish(s *directory.Snapshot) {
	a.plan.snapshot.Store(s)
	a.customers.mover.Wake()
	a.customers.orders.Wake()
}
