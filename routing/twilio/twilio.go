// Package twilio serves the provider's REST APIs (2010-04-01 and trunking v1) over the store, so that the provider's own
// client libraries provision the edge. It owns the rules of each resource: what may be created, changed and deleted, and
// with which error code it is refused. How a request looks on the wire is package rest's; what a call makes of the rows is
// routing's. It must not know SIP.
package twilio

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing/area"
	"callbox/routing/directory"
	"callbox/routing/directory/store"
	"callbox/routing/numbering"
	"callbox/routing/registration"
	"callbox/routing/twilio/rest"
)

// Principal is who asks.
type Principal = rest.Principal

// Options are what the API needs. Store, Guide, Plan and Authenticate are required.
type Options struct {
	Store        *store.Store
	Guide        func() *area.Guide        // of the network in force; called for each address that is checked
	Plan         func() *numbering.Plan    // of the network in force: numbers and addresses for emergencies are of its countries
	Network      func() *directory.Network // in force, for its host suffixes; nil has none
	Registration registration.Rules
	Authenticate func(*http.Request) (Principal, *rest.Error)
	// Lenient keeps an address for emergencies that the guide does not know, unvalidated, instead of refusing it, and lets
	// it be registered.
	Lenient bool
	Calls   CallSource       // nil: no call is known
	Fees    FeeSource        // nil: nothing is charged
	Now     func() time.Time // the lab's clock; nil is time.Now
	Logger  zerolog.Logger
}

// api is the handlers' common ground.
type api struct{ o Options }

// New returns the handler of both APIs: paths below /2010-04-01/ and /v1/.
func New(o Options) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Registration.Lenient = o.Lenient
	a := &api{o}
	m := rest.NewMux(rest.Options{Authenticate: o.Authenticate, Translate: translate, Logger: o.Logger})
	a.accounts(m)
	a.addresses(m)
	a.numbers(m)
	a.calls(m)
	a.usage(m)
	a.sip(m)
	return m
}

// deed is what a handler does within its one transaction.
type deed func(*store.Tx, *rest.Request) (rest.Reply, error)

// reading makes a handler that only reads.
func (a *api) reading(do deed) rest.Handler {
	return func(r *rest.Request) (reply rest.Reply, err error) {
		err = a.o.Store.View(r.Context(), func(t *store.Tx) error {
			reply, err = within(t, r, do)
			return err
		})
		return reply, err
	}
}

// writing makes a handler that may write. Writers take turns, so what it has checked still holds when it writes.
func (a *api) writing(do deed) rest.Handler {
	return func(r *rest.Request) (reply rest.Reply, err error) {
		who := store.Actor{Name: r.Principal.Name, Source: r.Source}
		err = a.o.Store.Update(r.Context(), who, func(t *store.Tx) error {
			reply, err = within(t, r, do)
			return err
		})
		return reply, err
	}
}

// within does a deed below an account that is there.
func within(t *store.Tx, r *rest.Request, do deed) (rest.Reply, error) {
	if sid := r.Var("AccountSid"); sid != "" {
		if _, err := store.Get[store.Account](t, "", sid); err != nil {
			return rest.Reply{}, err
		}
	}
	return do(t, r)
}

// windowed narrows a query to the page a client asks for, with one row more to see whether another page follows.
func windowed(w rest.Window, q store.Query) store.Query {
	q.Limit = w.Size + 1
	if w.Back {
		q.After, q.Oldest = w.Bound, true
	} else {
		q.Before = w.Bound
	}
	return q
}

// translate answers the store's errors where a handler has nothing better to say.
func translate(r *rest.Request, err error) *rest.Error {
	var readOnly store.ErrReadOnly
	var text store.ErrText
	switch {
	case errors.As(err, &readOnly):
		return rest.Bad(rest.CodeInvalid, "%s", readOnly.Error())
	case errors.As(err, &text):
		return rest.Bad(rest.CodeInvalid, "%s", text.Error())
	case errors.Is(err, store.ErrNotFound):
		return r.NotFound()
	case errors.Is(err, store.ErrTaken):
		return rest.Conflict("Something with this name or number exists already")
	case errors.Is(err, store.ErrInUse):
		return rest.Conflict("The resource is in use, or refers to one that does not exist")
	case errors.Is(err, store.ErrConflict):
		return rest.Conflict("The resource was changed by another request meanwhile. Fetch it and try again")
	case errors.Is(err, store.ErrAway), errors.Is(err, context.DeadlineExceeded):
		return rest.Unavailable()
	}
	return nil
}
