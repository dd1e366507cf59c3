package twilio

import (
	"errors"

	"callbox/routing/directory/store"
	"callbox/routing/twilio/rest"
)

// room refuses one row more than a limit of the provider's; what and of name them.
func room[R store.Row](t *store.Tx, q store.Query, limit, code int, what, of string) error {
	n, err := store.Count[R](t, q)
	if err == nil && n >= limit {
		err = rest.Bad(code, "The %s has %d %s already, which is the most it can have", of, limit, what)
	}
	return err
}

// free refuses a value that another row of those in q has; sid is that of the row itself, "" for a new one.
func free[R store.Row](t *store.Tx, q store.Query, code int, parameter string, same store.Cond, sid string) error {
	q.Where = append(q.Where[:len(q.Where):len(q.Where)], same, store.Cond{Column: "sid", Op: store.NotEqual, Value: sid})
	n, err := store.Count[R](t, q)
	if err == nil && n > 0 {
		err = rest.Invalid(code, parameter, "%q is taken already", same.Value)
	}
	return err
}

// missing tells whether an error is that of a row which is not there.
func missing(err error) bool { return errors.Is(err, store.ErrNotFound) }
