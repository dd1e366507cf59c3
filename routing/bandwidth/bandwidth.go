// Package bandwidth serves Bandwidth's numbers API for emergency services, in XML, over the store: locations and endpoints by
// asynchronous orders, and who is told of an endpoint's calls. It owns the rules of each resource and the codes with which
// something is refused. How a request looks on the wire is package wire's; what a call makes of the rows is routing's. It
// must not know SIP.
package bandwidth

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing/area"
	"callbox/routing/bandwidth/order"
	"callbox/routing/bandwidth/wire"
	"callbox/routing/directory/store"
	"callbox/routing/keys"
)

// Options are what the API needs. Store, Guide and Authenticate are required.
type Options struct {
	Store        *store.Store
	Guide        func() *area.Guide // of the network in force; called for each address that is checked
	Authenticate func(*http.Request) (keys.Principal, bool)
	// Lenient keeps an address that the guide does not know, not validated, instead of failing its order.
	Lenient bool
	Delays  order.Delays     // of lab time, from an order to what comes of it
	Now     func() time.Time // the lab's clock; nil is time.Now
	Logger  zerolog.Logger
}

// api is the handlers' common ground.
type api struct{ o Options }

// New returns the handler of the API: the paths that Serves names.
func New(o Options) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &api{o}
	m := wire.NewMux(wire.Options{Authenticate: o.Authenticate, Translate: translate, Logger: o.Logger})
	m.Handle(http.MethodPost, "/geocodeRequest", "GeocodeRequestResponse", a.reading(a.geocode))
	m.Handle(http.MethodPost, "/e911s", "E911OrderResponse", a.writing(a.newOrder))
	m.Handle(http.MethodGet, "/e911s", "E911OrderReportResponse", a.reading(a.listOrders))
	m.Handle(http.MethodGet, "/e911s/{orderId}", "E911OrderReportResponse", a.reading(a.fetchOrder))
	m.Handle(http.MethodGet, "/e911s/{orderId}/history", "OrderHistoryWrapper", a.reading(a.orderHistory))
	m.Handle(http.MethodGet, "/addresses", "AddressesResponse", a.reading(a.listAddresses))
	m.Handle(http.MethodGet, "/aeuis", "AlternateEndUserIdentifiersResponse", a.reading(a.listEndpoints))
	m.Handle(http.MethodGet, "/aeuis/{acid}", "AlternateEndUserIdentifierResponse", a.reading(a.fetchEndpoint))
	a.notifications(m)
	return m
}

// notifications adds the routes of who is told of calls.
func (a *api) notifications(m *wire.Mux) {
	const recipients, groups, orders, associations = "/emergencyNotificationRecipients", "/emergencyNotificationGroups", "/emergencyNotificationGroupOrders", "/emergencyNotificationEndpointOrders"
	const recipientsRoot, ordersRoot, associationsRoot = "EmergencyNotificationRecipientsResponse", "EmergencyNotificationGroupOrderResponse", "EmergencyNotificationEndpointOrderResponse"
	m.Handle(http.MethodPost, recipients, recipientsRoot, a.writing(a.newRecipient))
	m.Handle(http.MethodGet, recipients, recipientsRoot, a.reading(a.listRecipients))
	m.Handle(http.MethodGet, recipients+"/{enrId}", "EmergencyNotificationRecipientResponse", a.reading(a.fetchRecipient))
	m.Handle(http.MethodPut, recipients+"/{enrId}", recipientsRoot, a.writing(a.replaceRecipient))
	m.Handle(http.MethodDelete, recipients+"/{enrId}", recipientsRoot, a.writing(a.deleteRecipient))
	m.Handle(http.MethodGet, groups, ordersRoot, a.reading(a.listGroups))
	m.Handle(http.MethodGet, groups+"/{engId}", "EmergencyNotificationGroupsResponse", a.reading(a.fetchGroup))
	m.Handle(http.MethodPost, orders, ordersRoot, a.writing(a.newGroupOrder))
	m.Handle(http.MethodGet, orders, ordersRoot, a.reading(a.listGroupOrders))
	m.Handle(http.MethodGet, orders+"/{orderId}", ordersRoot, a.reading(a.fetchGroupOrder))
	m.Handle(http.MethodPost, associations, associationsRoot, a.writing(a.newAssociation))
	m.Handle(http.MethodGet, associations, associationsRoot, a.reading(a.listAssociations))
	m.Handle(http.MethodGet, associations+"/{orderId}", associationsRoot, a.reading(a.fetchAssociation))
}

// Serves tells whether a path is of this API.
func Serves(path string) bool { return wire.Serves(path) }

// deed is what a handler does within its one transaction, in the account with a SID.
type deed func(t *store.Tx, r *wire.Request) (wire.Reply, error)

// reading makes a handler that only reads.
func (a *api) reading(do deed) wire.Handler {
	return func(r *wire.Request) (reply wire.Reply, err error) {
		err = a.o.Store.View(r.Context(), func(t *store.Tx) error {
			reply, err = within(t, r, do)
			return err
		})
		return reply, err
	}
}

// writing makes a handler that may write. Writers take turns, so what it has checked still holds when it writes.
func (a *api) writing(do deed) wire.Handler {
	return func(r *wire.Request) (reply wire.Reply, err error) {
		who := store.Actor{Name: r.Principal.Name, Source: r.Source}
		err = a.o.Store.Update(r.Context(), who, func(t *store.Tx) error {
			reply, err = within(t, r, do)
			return err
		})
		return reply, err
	}
}

// within does a deed in the account that the path names, by the provider's number for it or by our SID. Another account's
// credentials are not told whether it is there.
func within(t *store.Tx, r *wire.Request, do deed) (wire.Reply, error) {
	row, err := store.AccountCalled(t, r.AccountID)
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return wire.Reply{}, err
	case r.Principal.AccountSID != "" && (err != nil || row.SID != r.Principal.AccountSID):
		return wire.Reply{}, wire.Denied()
	case err != nil:
		return wire.Reply{}, &wire.Error{Status: http.StatusNotFound, Code: wire.CodeNoAccount, Description: "Account '" + r.AccountID + "' does not exist"}
	}
	r.Account = row.SID
	return do(t, r)
}

// translate answers the store's errors where a handler has nothing better to say.
func translate(err error) *wire.Error {
	var readOnly store.ErrReadOnly
	var bad store.ErrText
	switch {
	case errors.As(err, &readOnly):
		return wire.Conflict(wire.CodeBadRequest, "%s", readOnly.Error())
	case errors.As(err, &bad):
		return wire.Bad(wire.CodeValue, "%s", bad.Error())
	case errors.Is(err, store.ErrNotFound):
		return wire.NotFound(0)
	case errors.Is(err, store.ErrTaken):
		return wire.Conflict(wire.CodeValue, "Something with this identifier exists already")
	case errors.Is(err, store.ErrInUse):
		return wire.Conflict(wire.CodeValue, "The resource is in use, or refers to one that does not exist")
	case errors.Is(err, store.ErrConflict):
		return wire.Conflict(wire.CodeValue, "The resource was changed by another request meanwhile. Fetch it and try again")
	case errors.Is(err, store.ErrAway), errors.Is(err, context.DeadlineExceeded):
		return wire.Unavailable()
	}
	return nil
}
