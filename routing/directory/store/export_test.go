package store

import (
	"context"
	"errors"
	"reflect"

	"github.com/jackc/pgx/v5/pgconn"
)

// WriterExec runs a statement behind the back of every transaction.
func (s *Store) WriterExec(ctx context.Context, statement string) error {
	_, err := s.engine.writer().ExecContext(ctx, statement)
	return err
}

// InsertOutside adds rows as InsertMany does, on a connection whose transaction has ended.
func InsertOutside(ctx context.Context, s *Store, rows []Number) error {
	conn, err := s.engine.writer().Connx(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	tb := s.tables[reflect.TypeFor[Number]()]
	err = conn.Raw(func(c any) error {
		return s.engine.insertMany(ctx, c, tb, len(rows), func(i int) []any { return tb.values(reflect.ValueOf(rows[i])) })
	})
	return errors.Join(err, conn.Close())
}

// Refused is what becomes of an error that a server sent with a code.
func (s *Store) Refused(code string) error {
	return s.engine.known("number", &pgconn.PgError{Code: code, Message: "said so"})
}

// Hold keeps a Mirror from following the database until it is released.
func (m *Mirror) Hold() (release func()) {
	m.turn <- struct{}{}
	return func() { <-m.turn }
}

// ParseTies reads what FormatTies wrote.
func ParseTies(s string) (domains, trunks *[]string) { return parseTies(s) }
