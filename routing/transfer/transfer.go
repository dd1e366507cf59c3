// Package transfer carries numbers and their addresses in and out of the store as CSV, hundreds of thousands at a time.
// It owns the format, what is wrong with a line, and the report of it; it knows no HTTP and no command line.
package transfer

import (
	"callbox/routing/area"
	"callbox/routing/directory/store"
	"callbox/routing/numbering"
)

// Guide is the street ranges that addresses are looked up in; area.Guide is one.
type Guide interface {
	Check(area.Civic) area.Finding
}

// Conflict says what becomes of a number that is on the account and is otherwise in the file. One that is just the same
// is no conflict.
type Conflict string

// The ways out of a conflict.
const (
	OnConflictError  Conflict = "error"  // the line has a problem
	OnConflictUpdate Conflict = "update" // the number becomes what the file says; columns that the file has not stay
	OnConflictSkip   Conflict = "skip"   // the number stays
)

// Addresses says what becomes of an address that is not in the guide word for word.
type Addresses string

// The ways with addresses.
const (
	Correct Addresses = "correct" // one that is near is corrected, one that is unknown is a problem
	Strict  Addresses = "strict"  // both are problems
	Lenient Addresses = "lenient" // one that is near is corrected, one that is unknown is taken as it is
)

// Register says in which state addresses come without a status of their own.
type Register string

// The ways to register.
const (
	Registered Register = "registered" // at once: what is registered already moves here
	Pending    Register = "pending"    // by the lab's clock, as by the API
)

// Options of an import. Account is required; the zero value of everything else works.
type Options struct {
	Account       string    // SID
	OnConflict    Conflict  // "" is OnConflictError
	Addresses     Addresses // "" is Correct
	Register      Register  // "" is Registered
	GoodLinesOnly bool      // bad lines are left out; without it one bad line keeps all of the file out
	DryRun        bool      // report what would be, and change nothing

	Guide Guide           // nil: no address is looked up
	Plan  *numbering.Plan // countries that have emergency numbers here; nil: all do
	// Pend begins a registration as the API does: it sets the number's address, status, and when that moves on. What the
	// rules do not let pass is a *Refusal, a problem of the line. nil: Register must be Registered.
	Pend func(t *store.Tx, n *store.Number, a store.Address) error
}

// Refusal is why a number cannot take an address now.
type Refusal struct{ Message, Mend string }

// Error returns the message.
func (e *Refusal) Error() string { return e.Message }
