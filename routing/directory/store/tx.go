package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jmoiron/sqlx"
)

// Actor is who writes, for the audit log.
type Actor struct {
	Name   string // AC…, SK…, or the part of the edge that writes by itself
	Source string // address the request came from, "" for none
}

// Tx is a transaction: of View it only reads, of Update it writes, too. It is for the goroutine that runs the function
// it was given to, and for no longer than that.
type Tx struct {
	ctx     context.Context
	tx      *sqlx.Tx
	conn    *sqlx.Conn // what tx runs on
	s       *Store
	who     Actor
	adopter bool // may change rows of a file
	state   revision
	now     int64
	writer  bool
	wrote   bool
	forgot  bool                // has looked for old tombstones
	many    map[string]*filling // by table
}

// revision is the row of that table, as a transaction found it and will leave it.
type revision struct {
	Rev    int64 `db:"rev"`
	LastID int64 `db:"last_id"`
	Small  int64 `db:"small"`
	Forgot int64 `db:"forgot"`
}

// View runs fn in a transaction that sees the database at one moment. It waits for no writer.
func (s *Store) View(ctx context.Context, fn func(*Tx) error) error {
	conn, tx, err := s.begin(ctx, s.engine.reader(), &sql.TxOptions{Isolation: s.engine.isolation(), ReadOnly: true})
	if err != nil {
		return s.known(ctx, "", err)
	}
	defer func() { _ = conn.Close() }()
	defer func() { _ = tx.Rollback() }()
	return fn(&Tx{ctx: ctx, tx: tx, conn: conn, s: s, now: s.opts.Now().UnixMilli()})
}

// Update runs fn in a transaction and commits it when fn returns nil; else nothing of it stays. There is one writer at a
// time, among all edges at one database, so that what fn has read stays true until it has written. fn must not call
// Update itself. When Update returns nil the change is on disk, and in the snapshot of this store's Mirror, unless that
// cannot follow the database just now.
func (s *Store) Update(ctx context.Context, who Actor, fn func(*Tx) error) error {
	return s.update(ctx, who, false, fn)
}

func (s *Store) update(ctx context.Context, who Actor, adopter bool, fn func(*Tx) error) error {
	wrote, err := s.write(ctx, who, adopter, fn)
	if err == nil && wrote || errors.Is(err, ErrAway) {
		s.opts.Written(err)
	}
	if err == nil && wrote {
		s.mirrors.catchUp(ctx)
	}
	return err
}

func (s *Store) write(ctx context.Context, who Actor, adopter bool, fn func(*Tx) error) (wrote bool, err error) {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	defer func() { <-s.turn }()
	if err := s.engine.intact(); err != nil {
		return false, err
	}
	conn, tx, err := s.begin(ctx, s.engine.writer(), nil)
	if err != nil {
		return false, s.known(ctx, "", err)
	}
	defer func() { _ = conn.Close() }()
	defer func() { _ = tx.Rollback() }()
	t := &Tx{ctx: ctx, tx: tx, conn: conn, s: s, who: who, adopter: adopter, writer: true, now: s.opts.Now().UnixMilli()}
	if err := tx.GetContext(ctx, &t.state, s.engine.lockRevision()); err != nil {
		return false, s.known(ctx, "", err)
	}
	t.state.Rev++
	if err := fn(t); err != nil {
		return false, err
	}
	if !t.wrote {
		return false, nil
	}
	return true, t.commit()
}

// begin starts a transaction. A connection of the pool may have died since its last use; then another is tried, once.
func (s *Store) begin(ctx context.Context, db *sqlx.DB, o *sql.TxOptions) (*sqlx.Conn, *sqlx.Tx, error) {
	for try := 0; ; try++ {
		conn, err := db.Connx(ctx)
		if err != nil {
			return nil, nil, err
		}
		tx, err := conn.BeginTxx(ctx, o)
		if err == nil {
			return conn, tx, nil
		}
		_ = conn.Close()
		if try > 0 || !errors.Is(s.known(ctx, "", err), ErrAway) {
			return nil, nil, err
		}
	}
}

func (t *Tx) commit() error {
	if _, err := t.exec(`UPDATE revision SET rev = ?, last_id = ?, small = ?, forgot = ?`,
		t.state.Rev, t.state.LastID, t.state.Small, t.state.Forgot); err != nil {
		return err
	}
	if err := t.analyzed(); err != nil {
		return err
	}
	if q := t.s.engine.announce(); q != "" {
		if _, err := t.exec(q, t.state.Rev); err != nil {
			return err
		}
	}
	if err := t.tx.Commit(); err != nil {
		return t.s.known(t.ctx, "", err)
	}
	t.s.seen(t.state.Rev)
	return nil
}

// manyRows is how many rows make a table another one for the planner of statements; so do ten times as many, and so on.
const manyRows = 5000

// filling is how many rows came into a table in bulk, and at how many its planner is told of them.
type filling struct{ rows, tell int }

// added counts rows that came in bulk.
func (t *Tx) added(tb *table, n int) error {
	if t.many == nil {
		t.many = map[string]*filling{}
	}
	f := t.many[tb.kind.table]
	if f == nil {
		f = &filling{tell: manyRows}
		t.many[tb.kind.table] = f
	}
	if f.rows += n; f.rows < f.tell {
		return nil
	}
	f.tell = 10 * f.rows
	return t.analyze(tb.kind.table)
}

// analyze tells the planner what is in a table now.
func (t *Tx) analyze(table string) error {
	q := t.s.engine.analyze(table)
	if q == "" {
		return nil
	}
	_, err := t.exec(q)
	return err
}

// analyzed tells the planner of all tables that have got many rows.
func (t *Tx) analyzed() error {
	for name, f := range t.many {
		if f.rows < manyRows {
			continue
		}
		if err := t.analyze(name); err != nil {
			return err
		}
	}
	return nil
}

// exec runs a statement written with ? for its arguments.
func (t *Tx) exec(query string, args ...any) (int64, error) {
	if !t.writer {
		return 0, errors.New("store: a write within View; use Update")
	}
	r, err := t.tx.ExecContext(t.ctx, t.tx.Rebind(query), args...)
	if err != nil {
		return 0, t.s.known(t.ctx, "", err)
	}
	return r.RowsAffected()
}

// Select reads rows of a query of the caller's own, written with ? for its arguments, into dest, a pointer to a slice
// of structs with db tags or of plain values: for sums and reports. Only text that is the program's own may be in query.
func (t *Tx) Select(dest any, query string, args ...any) error {
	return t.s.known(t.ctx, "", t.tx.SelectContext(t.ctx, dest, t.tx.Rebind(query), args...))
}

// Now returns the time of the transaction, Unix ms, which Insert and Save stamp rows with.
func (t *Tx) Now() int64 { return t.now }
