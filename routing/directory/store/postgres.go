package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// channel is what NOTIFY tells other edges of a new revision on.
const channel = "callbox_revision"

// postgresEngine is a database on a PostgreSQL server.
type postgresEngine struct {
	config *pgx.ConnConfig
	place  string // the server and database in words, without the password
	db     *sqlx.DB
}

// postgresConnections is how many connections one edge takes at most, besides the one that listens.
const postgresConnections = 8

func openPostgres(ctx context.Context, url string) (*postgresEngine, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// What the parser says quotes the URL, which may hold a password wherever it broke.
		return nil, errors.New("the PostgreSQL URL cannot be read, or a file it names; write postgres://user:password@host:5432/database, with %XX for special characters in the password")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 5 * time.Second
	}
	e := &postgresEngine{config: config}
	e.place = fmt.Sprintf("PostgreSQL database %q of user %q at %s", config.Database, config.User,
		net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))))
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(setSession))
	db.SetMaxOpenConns(postgresConnections)
	db.SetMaxIdleConns(postgresConnections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	e.db = sqlx.NewDb(db, "pgx")
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, e.unusable(err)
	}
	return e, nil
}

// setSession keeps an edge that vanished without a word from holding the writers' lock.
func setSession(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, `SET idle_in_transaction_session_timeout = '60s'; SET tcp_keepalives_idle = 10;
		SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4; SET timezone = 'UTC'`)
	return err
}

// unusable says why a database cannot be used, with the mend.
func (e *postgresEngine) unusable(err error) error {
	mend := "see that the server runs there and can be reached"
	var p *pgconn.PgError
	if errors.As(err, &p) {
		switch p.Code {
		case "28P01", "28000":
			mend = "give the right user and password, and allow them in pg_hba.conf"
		case "3D000":
			mend = "make the database: createdb " + e.config.Database
		case "42501":
			mend = "let the user own the database's schema: GRANT ALL ON SCHEMA public TO " + strconv.Quote(e.config.User)
		case "53300":
			mend = "raise max_connections of the server"
		default:
			mend = "mend that"
		}
	}
	return &away{e.place + " cannot be used; " + mend, errors.New(e.masked(err))}
}

// masked is what an error says, without the password.
func (e *postgresEngine) masked(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	if e.config.Password != "" {
		text = strings.ReplaceAll(text, e.config.Password, "***")
	}
	return text
}

func (e *postgresEngine) reader() *sqlx.DB              { return e.db }
func (e *postgresEngine) writer() *sqlx.DB              { return e.db }
func (e *postgresEngine) isolation() sql.IsolationLevel { return sql.LevelRepeatableRead }

// analyze does at once what the server does by itself within a minute or so. Until then it takes a table that has just been
// filled for an empty one, and goes through all of it for each row of another; and plans that it has kept from before stay.
func (e *postgresEngine) analyze(table string) string { return "ANALYZE " + table }

func (e *postgresEngine) announce() string {
	return "SELECT pg_notify('" + channel + "', CAST(CAST(? AS BIGINT) AS TEXT))"
}
func (e *postgresEngine) lockRevision() string {
	return "SELECT rev, last_id, small, forgot FROM revision FOR UPDATE"
}

func (e *postgresEngine) migrate(ctx context.Context) error {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
	if err != nil {
		return err
	}
	d := dialect{FS: migrations, spell: strings.NewReplacer("BIGKEY", "BIGINT PRIMARY KEY")}
	p, err := d.provider(e, goose.DialectPostgres, goose.WithSessionLocker(locker))
	if err == nil {
		err = upgrade(ctx, p, true)
	}
	if err != nil {
		return e.unusable(err)
	}
	return nil
}

// intact has nothing to say: a server looks after its files itself.
func (e *postgresEngine) intact() error { return nil }

func (e *postgresEngine) restore(context.Context) error { return nil }

func (e *postgresEngine) close() error { return e.db.Close() }

func (e *postgresEngine) known(kind string, err error) error {
	var p *pgconn.PgError
	if !errors.As(err, &p) {
		if !lost(err) {
			return err
		}
		return &away{e.place + " cannot be reached", errors.New(e.masked(err))}
	}
	switch p.Code {
	case "23505":
		return &ConstraintError{Err: ErrTaken, Kind: kind, Constraint: p.ConstraintName}
	case "23503":
		return &ConstraintError{Err: ErrInUse, Kind: kind}
	case "40001", "40P01", "55P03":
		return fmt.Errorf("%w: %s", ErrConflict, p.Message)
	case "25006":
		return &away{e.place + " may only be read: it is a standby, or set read-only", err}
	}
	switch p.Code[:min(2, len(p.Code))] { // what stands between may send any
	case "08", "28", "3D", "53", "57", "58", "XX":
		return &away{e.place + " refuses", errors.New(e.masked(err))}
	}
	return err
}

func (e *postgresEngine) insertMany(ctx context.Context, conn any, tb *table, n int, row func(i int) []any) error {
	c, ok := conn.(*stdlib.Conn)
	if !ok {
		return fmt.Errorf("store: %T is no connection to PostgreSQL", conn)
	}
	rows := pgx.CopyFromSlice(n, func(i int) ([]any, error) { return row(i), nil })
	_, err := c.Conn().CopyFrom(ctx, pgx.Identifier{tb.kind.table}, tb.columnNames(), rows)
	return err
}

func (e *postgresEngine) listen(ctx context.Context, wake func()) error {
	c, err := pgx.ConnectConfig(ctx, e.config)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	if _, err := c.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	for {
		if _, err := c.WaitForNotification(ctx); err != nil {
			return err
		}
		wake()
	}
}

// lost tells whether an error is of the way to the server.
func lost(err error) bool {
	var network net.Error
	var connect *pgconn.ConnectError
	var number syscall.Errno
	return errors.As(err, &network) || errors.As(err, &connect) || errors.As(err, &number) || pgconn.SafeToRetry(err) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed)
}
