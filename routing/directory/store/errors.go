package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// What an operation can fail with; compare with errors.Is.
var (
	ErrNotFound = errors.New("not found")
	ErrTaken    = errors.New("is taken")                                  // a *ConstraintError says what
	ErrInUse    = errors.New("is in use, or refers to what is not there") // a *ConstraintError says what
	ErrAway     = errors.New("the database cannot be used now")
	ErrConflict = errors.New("was changed by somebody else meanwhile; read it again")
)

// ConstraintError says which rule of the schema a write would break. It is ErrTaken or ErrInUse.
type ConstraintError struct {
	Err  error  // ErrTaken or ErrInUse
	Kind string // of the row written: account, address, number, …
	// Constraint names an index: table and columns joined by _, numbers_phone_number for one. "" for a reference.
	Constraint string
}

// Error says kind, constraint and what is wrong.
func (e *ConstraintError) Error() string {
	if e.Constraint == "" {
		return e.Kind + " " + e.Err.Error()
	}
	return fmt.Sprintf("%s %s (%s)", e.Kind, e.Err.Error(), e.Constraint)
}

// Unwrap returns ErrTaken or ErrInUse.
func (e *ConstraintError) Unwrap() error { return e.Err }

// ErrReadOnly refuses a write to a row that belongs to a directory file, or below one.
type ErrReadOnly struct {
	SID    string
	Origin string // file
	Base   string // name of the file
}

// Error says which row, which file, and the mend.
func (e ErrReadOnly) Error() string {
	return fmt.Sprintf("%s is from %s; change it there and reload", e.SID, e.Base)
}

// ErrText refuses text that PostgreSQL cannot keep: not UTF-8, or with a NUL in it.
type ErrText struct{ Kind, Column string }

// Error says kind and column.
func (e ErrText) Error() string {
	return fmt.Sprintf("%s.%s is not UTF-8 text without NUL", e.Kind, e.Column)
}

// away says in a sentence why the database cannot be used; it is ErrAway and whatever the driver said.
type away struct {
	sentence string
	cause    error
}

func (e *away) Error() string        { return e.sentence + ": " + e.cause.Error() }
func (e *away) Is(target error) bool { return target == ErrAway }
func (e *away) Unwrap() error        { return e.cause }

// known turns what database/sql or a driver returned into the errors of this package. kind is that of the row in hand.
func (s *Store) known(ctx context.Context, kind string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err() // whatever the driver made of the interruption
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case errors.Is(err, sql.ErrConnDone), errors.Is(err, sql.ErrTxDone), err.Error() == "sql: database is closed": // has no name
		return &away{"the database's connection is closed", err}
	}
	return s.engine.known(kind, err)
}
