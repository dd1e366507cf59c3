package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/rs/zerolog"
)

// Store is an open database. Its methods are safe for concurrent use.
type Store struct {
	engine engine
	opts   Options
	tables map[reflect.Type]*table
	turn   chan struct{} // held by the one writer of this process, so that waiting takes no connection
	rev    atomic.Int64  // the newest this process has seen

	mirrors mirrors
}

// Options fill in what Open needs besides the URL. The zero value works.
type Options struct {
	Logger *zerolog.Logger  // nil logs nothing
	Now    func() time.Time // of created, updated and the audit log; nil is time.Now
	// Patient has Open give a store for a database that is away: View and Update fail with ErrAway until Retry opens it.
	Patient bool
	// Written is told what becomes of each Update that had something to write: nil, or why the database refused it
	// (ErrAway). It must return soon.
	Written func(error)
	// RequireActive has a Mirror's snapshots count a number as registered only while its EmergencyStatus is Active, too.
	RequireActive bool
	// Fault is told what keeps a Mirror from following the database, and nil when that is over; it must return soon.
	Fault func(error)
}

// engine is what differs between SQLite and PostgreSQL.
type engine interface {
	reader() *sqlx.DB
	writer() *sqlx.DB
	// lockRevision is the query that reads the one row of revision and keeps other writers out until the commit.
	lockRevision() string
	// insertMany adds rows to a table through a connection of the driver's, within the transaction on it.
	insertMany(ctx context.Context, conn any, tb *table, n int, row func(i int) []any) error
	// listen calls wake whenever another edge has announced a revision, until ctx ends or the connection does.
	listen(ctx context.Context, wake func()) error
	// announce is the query that tells other edges of a revision within the transaction that makes it, "" for none.
	announce() string
	// analyze is the query that tells the planner of statements what a table of this name holds now, "" where it needs none.
	analyze(table string) string
	// known maps a driver's error to one of this package, or returns it as it is.
	known(kind string, err error) error
	// migrate brings the schema up to date.
	migrate(ctx context.Context) error
	// intact is Store.Intact.
	intact() error
	// restore is Store.Restore, once intact has said that the file was removed.
	restore(ctx context.Context) error
	// isolation is that of a transaction that sees one moment.
	isolation() sql.IsolationLevel
	close() error
}

// Open opens the database at url, "sqlite:<path>" or "postgres://…", and brings its schema up to date. Errors say what
// is wrong where and the mend, and never contain a password. A SQLite file is made, mode 0600, where there is none; one
// that may only be read is opened for reading, and Update then gives ErrAway.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	if o.Logger == nil {
		nop := zerolog.Nop()
		o.Logger = &nop
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Fault == nil {
		o.Fault = func(error) {}
	}
	if o.Written == nil {
		o.Written = func(error) {}
	}
	e, err := openEngine(ctx, url)
	if o.Patient && err != nil && excusable(err) {
		e, err = newPatient(url, err), nil
	}
	if err != nil {
		return nil, err
	}
	s := &Store{engine: e, opts: o, tables: tables(), turn: make(chan struct{}, 1)}
	_ = s.Ping(ctx) // to know the revision; a patient store may not come to it
	return s, nil
}

// openEngine opens a database and brings its schema up to date.
func openEngine(ctx context.Context, url string) (engine, error) {
	e, err := connect(ctx, url)
	if err != nil {
		return nil, err
	}
	if err := e.migrate(ctx); err != nil {
		return nil, errors.Join(err, e.close())
	}
	var rev int64
	if err := e.reader().GetContext(ctx, &rev, "SELECT rev FROM revision"); err != nil {
		return nil, errors.Join(e.known("revision", err), e.close())
	}
	return e, nil
}

func connect(ctx context.Context, url string) (engine, error) {
	scheme, rest, _ := strings.Cut(url, ":")
	switch scheme {
	case "sqlite":
		return openSQLite(ctx, rest)
	case "postgres", "postgresql":
		return openPostgres(ctx, url)
	default:
		// The URL itself may hold a password and stays out of the message.
		return nil, fmt.Errorf("the database URL is of no kind known here; write sqlite:<path> or postgres://user:password@host/database")
	}
}

// Close ends everything that follows the database and closes it. It waits for the transactions under way.
func (s *Store) Close() error {
	s.mirrors.close()
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	return s.engine.close()
}

// Ping asks the database for its revision.
func (s *Store) Ping(ctx context.Context) error {
	var rev int64
	if err := s.engine.reader().GetContext(ctx, &rev, "SELECT rev FROM revision"); err != nil {
		return s.known(ctx, "revision", err)
	}
	s.seen(rev)
	return nil
}

// Revision returns the newest revision of the directory that this process has seen. It never blocks.
func (s *Store) Revision() int64 { return s.rev.Load() }

// seen notes that the database is at rev.
func (s *Store) seen(rev int64) {
	for {
		old := s.rev.Load()
		if rev <= old || s.rev.CompareAndSwap(old, rev) {
			return
		}
	}
}
