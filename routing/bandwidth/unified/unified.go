// Package unified serves Bandwidth's Unified Emergency Services Provisioning API (v2, JSON) over the store: endpoints by
// asynchronous orders, addresses, and who is told of an endpoint's calls. It owns the rules of each resource, and how a
// request and an answer look. What a call makes of the rows is routing's; it must not know SIP or the XML API.
package unified

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing/bandwidth/order"
	"callbox/routing/directory"
	"callbox/routing/directory/store"
	"callbox/routing/keys"
)

// Options are what the API needs. Store, Network and Authenticate are required.
type Options struct {
	Store        *store.Store
	Network      func() *directory.Network // in force: addresses are checked against its guides
	Authenticate func(*http.Request) (keys.Principal, bool)
	Lenient      bool             // endpoints may be at an address that the guides do not know
	Delays       order.Delays     // of orders
	Now          func() time.Time // the lab's clock; nil is time.Now
	Logger       zerolog.Logger
}

// api is the handlers' common ground.
type api struct{ o Options }

// base is where the API is.
const base = "/api/v2/accounts/"

// Serves tells whether a path is of this API.
func Serves(path string) bool { return strings.HasPrefix(path, base) }

// deed is what a handler does within its one transaction.
type deed func(t *store.Tx, r *request) (reply, error)

// New returns the handler of the API: the paths that Serves names.
func New(o Options) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &api{o}
	m := newMux(a)
	a.endpoints(m)
	a.addresses(m)
	a.notifications(m)
	a.groups(m)
	a.orders(m)
	return m
}

// do runs a deed in the account that the path names, by Bandwidth's number for it or by our SID.
func (a *api) do(r *request, write bool, d deed) (out reply, err error) {
	within := func(t *store.Tx) error {
		if err := r.enter(t); err != nil {
			return err
		}
		out, err = d(t, r)
		return err
	}
	if write {
		err = a.o.Store.Update(r.Context(), store.Actor{Name: r.who.Name, Source: r.source}, within)
	} else {
		err = a.o.Store.View(r.Context(), within)
	}
	return out, err
}

// enter finds the account of a request. Another account's credentials are not told whether it is there.
func (r *request) enter(t *store.Tx) error {
	id := r.PathValue("account")
	row, err := store.AccountCalled(t, id)
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return err
	case r.who.AccountSID != "" && row.SID != r.who.AccountSID:
		return Forbidden("These credentials are not for this account.")
	case err != nil:
		return NotFound()
	}
	r.account, r.accountID = row.SID, id
	return nil
}

// translate answers errors where a handler has nothing better to say, nil for what is a defect of ours.
func translate(err error) *Error {
	var readOnly store.ErrReadOnly
	var text store.ErrText
	switch {
	case errors.As(err, &readOnly):
		return bad(source{}, "%s", readOnly.Error())
	case errors.As(err, &text):
		return bad(source{}, "%s", text.Error())
	case errors.Is(err, store.ErrNotFound):
		return NotFound()
	case errors.Is(err, store.ErrTaken):
		return bad(source{}, "Something with this ID exists already.")
	case errors.Is(err, store.ErrInUse):
		return bad(source{}, "The resource is in use, or refers to one that does not exist.")
	case errors.Is(err, store.ErrConflict):
		return bad(source{}, "The resource was changed by another request meanwhile. Fetch it and try again.")
	case errors.Is(err, store.ErrAway), errors.Is(err, context.DeadlineExceeded):
		return Unavailable()
	}
	return nil
}
