package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// sqliteEngine is a database file.
type sqliteEngine struct {
	path     string
	readOnly bool
	ways     atomic.Pointer[sqliteWays] // others after restore
}

// sqliteWays are the ways to a file, which stay those to it when its name goes to another.
type sqliteWays struct {
	file  fs.FileInfo
	read  *sqlx.DB
	write *sqlx.DB // one connection
}

// sqliteReaders is how many View at once before the next one waits.
const sqliteReaders = 4

func openSQLite(ctx context.Context, path string) (*sqliteEngine, error) {
	if path == "" {
		return nil, errors.New("the database URL sqlite: names no file; write sqlite:<path>")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("database file %s: %w", path, err)
	}
	e := &sqliteEngine{path: path}
	if e.readOnly, err = prepareFile(path); err != nil {
		return nil, err
	}
	// What opens another connection makes no file: it would be empty, in the place of one that was removed.
	common := url.Values{"mode": {"rw"}, "_pragma": {"busy_timeout(30000)", "foreign_keys(1)", "cache_size(-32000)", "temp_store(memory)"}}
	reading, writing := clone(common), clone(common)
	reading.Add("_pragma", "query_only(1)")
	writing.Add("_pragma", "journal_mode(wal)")
	writing.Add("_pragma", "synchronous(full)")
	writing.Add("_pragma", "journal_size_limit(67108864)") // what a large import has blown up shrinks again
	writing.Set("_txlock", "immediate")
	if e.readOnly {
		reading.Set("mode", "ro")
		writing = reading
	}
	err = e.connect(ctx, reading, writing)
	if log, none := os.Stat(path + "-wal"); err != nil && e.readOnly && (none != nil || log.Size() == 0) {
		// Where the directory may not be written either SQLite can make no lock. Without a log beside it the file is as its
		// last writer left it, and needs none.
		reading.Set("immutable", "1")
		err = e.connect(ctx, reading, reading)
	}
	if err != nil {
		return nil, e.unusable(err)
	}
	return e, nil
}

// connect opens both ways to the file and tries them.
func (e *sqliteEngine) connect(ctx context.Context, reading, writing url.Values) error {
	w := new(sqliteWays)
	var err error
	if w.write, err = e.open(writing, 1); err != nil {
		return err
	}
	if w.read, err = e.open(reading, sqliteReaders); err == nil {
		var n int
		err = w.write.GetContext(ctx, &n, "SELECT COUNT(*) FROM sqlite_master")
	}
	if err == nil {
		w.file, err = os.Stat(e.path)
	}
	if err != nil {
		return errors.Join(err, w.close())
	}
	e.ways.Store(w)
	return nil
}

func clone(v url.Values) url.Values {
	return url.Values{"mode": v["mode"], "_pragma": append([]string{}, v["_pragma"]...)}
}

func (e *sqliteEngine) open(o url.Values, connections int) (*sqlx.DB, error) {
	name := url.URL{Scheme: "file", Opaque: (&url.URL{Path: e.path}).EscapedPath(), RawQuery: o.Encode()}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return sqlx.NewDb(db, "sqlite3"), nil
}

// prepareFile makes the file, mode 0600, where there is none, and tells whether it may only be read.
func prepareFile(path string) (readOnly bool, err error) {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return false, fmt.Errorf("database file %s is a directory; name a file in it, such as %s", path, filepath.Join(path, "callbox.db"))
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	switch {
	case err == nil:
		return false, f.Close()
	case errors.Is(err, fs.ErrNotExist):
		return false, fmt.Errorf("database file %s: its directory is not there; make it, or name another", path)
	}
	r, readErr := os.Open(path)
	if readErr != nil {
		return false, fmt.Errorf("database file %s cannot be opened: %w; give callbox the right to read and write it and its directory", path, err)
	}
	return true, r.Close()
}

// unusable says why a file is no database that can be used, with the mend.
func (e *sqliteEngine) unusable(err error) error {
	switch code(err) & 0xff {
	case lib.SQLITE_NOTADB:
		return fmt.Errorf("database file %s is not a SQLite database; name another file, or move this one away: %w", e.path, err)
	case lib.SQLITE_CORRUPT:
		return fmt.Errorf("database file %s is damaged; put a copy from a backup in its place: %w", e.path, err)
	default:
		return fmt.Errorf("database file %s: %w", e.path, e.known("", err))
	}
}

func (e *sqliteEngine) reader() *sqlx.DB              { return e.ways.Load().read }
func (e *sqliteEngine) writer() *sqlx.DB              { return e.ways.Load().write }
func (e *sqliteEngine) isolation() sql.IsolationLevel { return sql.LevelDefault }
func (e *sqliteEngine) announce() string              { return "" }
func (e *sqliteEngine) analyze(string) string         { return "" }
func (e *sqliteEngine) lockRevision() string {
	return "SELECT rev, last_id, small, forgot FROM revision" // the transaction holds the lock from its first statement
}

func (e *sqliteEngine) migrate(ctx context.Context) error {
	d := dialect{FS: migrations, spell: strings.NewReplacer("BIGKEY", "INTEGER PRIMARY KEY")}
	p, err := d.provider(e, goose.DialectSQLite3)
	if err == nil {
		err = upgrade(ctx, p, !e.readOnly)
	}
	if err != nil {
		return fmt.Errorf("database file %s: %w", e.path, err)
	}
	return nil
}

func (e *sqliteEngine) close() error { return e.ways.Load().close() }

func (w *sqliteWays) close() error {
	var errs []error
	for _, db := range []*sqlx.DB{w.read, w.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

func (e *sqliteEngine) insertMany(ctx context.Context, conn any, tb *table, n int, row func(i int) []any) error {
	c, ok := conn.(driver.ConnPrepareContext)
	if !ok {
		return fmt.Errorf("store: %T is no connection to SQLite", conn)
	}
	stmt, err := c.PrepareContext(ctx, tb.insertion())
	if err != nil {
		return err
	}
	defer func() { _ = stmt.Close() }()
	exec, ok := stmt.(driver.StmtExecContext)
	if !ok {
		return fmt.Errorf("store: %T cannot be executed", stmt)
	}
	args := make([]driver.NamedValue, len(tb.columns))
	for i := range n {
		for j, v := range row(i) {
			args[j] = driver.NamedValue{Ordinal: j + 1, Value: plainInt(v)}
		}
		// Without the transaction's context, which would cost a goroutine for each row.
		if _, err := exec.ExecContext(context.Background(), args); err != nil {
			return err
		}
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// plainInt is a value as the driver takes it: it knows no int.
func plainInt(v any) any {
	if i, ok := v.(int); ok {
		return int64(i)
	}
	return v
}

// listen returns at once: nobody announces anything.
func (e *sqliteEngine) listen(context.Context, func()) error { return nil }

// code is SQLite's extended result code, 0 for an error of something else.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

func (e *sqliteEngine) known(kind string, err error) error {
	c := code(err)
	switch c {
	case lib.SQLITE_CONSTRAINT_UNIQUE, lib.SQLITE_CONSTRAINT_PRIMARYKEY:
		return &ConstraintError{Err: ErrTaken, Kind: kind, Constraint: sqliteIndex(err.Error())}
	case lib.SQLITE_CONSTRAINT_FOREIGNKEY:
		return &ConstraintError{Err: ErrInUse, Kind: kind}
	}
	sentence := ""
	switch c & 0xff {
	case lib.SQLITE_FULL:
		sentence = "the disk is full: make room for " + e.path
	case lib.SQLITE_READONLY:
		sentence = e.path + " may only be read: give callbox the right to write it and its directory"
	case lib.SQLITE_IOERR, lib.SQLITE_CANTOPEN:
		sentence = "the disk refuses " + e.path
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		sentence = e.path + " is damaged: put a copy from a backup in its place"
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		sentence = "another process keeps " + e.path + " locked"
	default:
		return err
	}
	return &away{sentence, err}
}

// sqliteIndex finds the name of the index in what SQLite says of a value that is taken: the columns as table.column, or
// the index itself where that is on an expression.
func sqliteIndex(message string) string {
	const says = "constraint failed: "
	rest, _, _ := strings.Cut(message[max(strings.LastIndex(message, says), 0):], " (")
	rest = strings.TrimPrefix(rest, says)
	if name, ok := strings.CutPrefix(rest, "index "); ok {
		return strings.Trim(name, "'")
	}
	index := ""
	for i, c := range strings.Split(rest, ", ") {
		table, column, _ := strings.Cut(c, ".")
		if i == 0 {
			index = table
		}
		index += "_" + column
	}
	return index
}
