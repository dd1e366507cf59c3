package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/jmoiron/sqlx"

	"callbox/sip/fault"
)

// patientEngine is a database that was away when it was opened: until it is there whatever wants it fails with what keeps
// it away.
type patientEngine struct {
	url  string
	none *sqlx.DB // a database whose every connection fails

	there   atomic.Pointer[engine]
	why     atomic.Pointer[error]
	opening sync.Mutex
	closed  bool // guarded by opening
}

// excusable tells whether a database may be there later without anybody changing a setting.
func excusable(err error) bool { return errors.Is(err, ErrAway) || fault.Disk(err) }

func newPatient(url string, err error) *patientEngine {
	p := &patientEngine{url: url}
	p.because(err)
	p.none = sqlx.NewDb(sql.OpenDB(p), "sqlite3")
	return p
}

func (p *patientEngine) because(err error) {
	if !errors.Is(err, ErrAway) {
		err = &away{"the database cannot be opened", err}
	}
	p.why.Store(&err)
}

// open tries the database again.
func (p *patientEngine) open(ctx context.Context) error {
	p.opening.Lock()
	defer p.opening.Unlock()
	if p.closed {
		return *p.why.Load()
	}
	if p.there.Load() != nil {
		return nil
	}
	e, err := openEngine(ctx, p.url)
	if err != nil {
		p.because(err)
		return *p.why.Load()
	}
	p.there.Store(&e)
	return nil
}

// Connect fails: it is the driver of the database that is not there.
func (p *patientEngine) Connect(context.Context) (driver.Conn, error) { return nil, *p.why.Load() }

// Driver returns none, which nobody asks for.
func (p *patientEngine) Driver() driver.Driver { return nil }

func (p *patientEngine) engine() engine {
	if e := p.there.Load(); e != nil {
		return *e
	}
	return nil
}

func (p *patientEngine) reader() *sqlx.DB {
	if e := p.engine(); e != nil {
		return e.reader()
	}
	return p.none
}

func (p *patientEngine) writer() *sqlx.DB {
	if e := p.engine(); e != nil {
		return e.writer()
	}
	return p.none
}

func (p *patientEngine) lockRevision() string {
	if e := p.engine(); e != nil {
		return e.lockRevision()
	}
	return ""
}

func (p *patientEngine) insertMany(ctx context.Context, conn any, tb *table, n int, row func(i int) []any) error {
	if e := p.engine(); e != nil {
		return e.insertMany(ctx, conn, tb, n, row)
	}
	return *p.why.Load()
}

func (p *patientEngine) listen(ctx context.Context, wake func()) error {
	if e := p.engine(); e != nil {
		return e.listen(ctx, wake)
	}
	return *p.why.Load()
}

func (p *patientEngine) analyze(table string) string {
	if e := p.engine(); e != nil {
		return e.analyze(table)
	}
	return ""
}

func (p *patientEngine) announce() string {
	if e := p.engine(); e != nil {
		return e.announce()
	}
	return ""
}

func (p *patientEngine) known(kind string, err error) error {
	if e := p.engine(); e != nil {
		return e.known(kind, err)
	}
	return err
}

func (p *patientEngine) intact() error {
	if e := p.engine(); e != nil {
		return e.intact()
	}
	return nil // Update says what keeps it away
}

func (p *patientEngine) restore(ctx context.Context) error {
	if e := p.engine(); e != nil {
		return e.restore(ctx)
	}
	return *p.why.Load()
}

func (p *patientEngine) migrate(context.Context) error { return nil } // openEngine has done it

func (p *patientEngine) isolation() sql.IsolationLevel {
	if e := p.engine(); e != nil {
		return e.isolation()
	}
	return sql.LevelDefault
}

func (p *patientEngine) close() error {
	p.opening.Lock()
	defer p.opening.Unlock()
	p.closed = true
	errs := []error{p.none.Close()}
	if e := p.engine(); e != nil {
		errs = append(errs, e.close())
	}
	return errors.Join(errs...)
}

// Retry opens a database that was away when a patient store was opened; nil where it is open.
func (s *Store) Retry(ctx context.Context) error {
	p, ok := s.engine.(*patientEngine)
	if !ok {
		return nil
	}
	return p.open(ctx)
}
