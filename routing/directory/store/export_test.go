package store

import "context"

// WriterExec runs a statement on the connection that SQLite is written through.
func (s *Store) WriterExec(ctx context.Context, statement string) error {
	_, err := s.engine.writer().ExecContext(ctx, statement)
	return err
}

// Hold keeps a Mirror from following the database until it is released.
func (m *Mirror) Hold() (release func()) {
	m.turn <- struct{}{}
	return func() { <-m.turn }
}

// ParseTies reads what FormatTies wrote.
func ParseTies(s string) (domains, trunks *[]string) { return parseTies(s) }
