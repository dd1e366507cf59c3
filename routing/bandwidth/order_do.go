package bandwidth

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"callbox/routing/area"
	"callbox/routing/bandwidth/order"
	"callbox/routing/directory"
	"callbox/routing/directory/store"
	"callbox/sip/location"
)

// Orders brings about what orders say when they are due.
type Orders struct {
	guide   func() *area.Guide
	lenient bool
}

// NewOrders returns what applies the orders that New's handler takes. Of the options it needs Guide and Lenient.
func NewOrders(o Options) *Orders { return &Orders{o.Guide, o.Lenient} }

// Kinds are what is done for each kind of order.
func (a *Orders) Kinds() map[string]order.Apply {
	return map[string]order.Apply{KindE911: a.applyE911, KindGroup: a.applyGroup, KindAssociation: a.applyAssociation}
}

// failure is why an item of an order fails: the provider's code and words.
type failure struct{ code, why string }

func (f *failure) Error() string { return f.code + ": " + f.why }

func fail(code int, format string, args ...any) error {
	c, why := describe(code, format, args...)
	return &failure{c, why}
}

// applyE911 does every item of an order of KindE911 and gives it its new status; the caller saves it. What an item fails
// for stands in the item. An error says that the store could not be used: nothing of it counts then.
func (a *Orders) applyE911(t *store.Tx, o *store.Order, at time.Time) error {
	q := store.Where("order_sid", o.SID)
	q.Oldest = true
	items, err := store.Find[store.OrderItem](t, q)
	if err != nil {
		return err
	}
	o.Accepted, o.Invalid, o.Adjusted = 0, 0, 0
	bad := map[string]bool{} // locations of this order that did not come about
	for i := range items {
		it := &items[i]
		err := a.do(t, o, it, bad)
		var f *failure
		switch {
		case errors.As(err, &f):
			it.Status, it.ErrorCode, it.Error = store.ItemError, f.code, f.why
			if it.Action == actionAddLocation {
				bad[it.ItemID] = true
			}
			o.Invalid++
		case err != nil:
			return err
		default:
			it.Status = store.ItemSuccess
			if it.Action != actionFrame {
				o.Accepted++
			}
			if it.Adjusted {
				o.Adjusted++
			}
		}
		if err := store.Save(t, it); err != nil {
			return err
		}
	}
	order.Close(o, at)
	return nil
}

// do does one item. The store's refusals that are the item's own become its failure.
func (a *Orders) do(t *store.Tx, o *store.Order, it *store.OrderItem, bad map[string]bool) error {
	if it.Action == actionFrame {
		return nil
	}
	var w work
	if err := json.Unmarshal([]byte(it.Body), &w); err != nil {
		return fmt.Errorf("read an item of order %s: %w", o.SID, err)
	}
	var err error
	switch it.Action {
	case actionAddLocation:
		err = a.addLocation(t, o, it, &w)
	case actionEditLocation:
		err = a.editLocation(t, o, it, &w)
	case actionDeleteLocation:
		err = deleteLocation(t, o.AccountSID, it.ItemID)
	case actionAddEndpoint:
		err = a.addEndpoint(t, o, it, &w, bad)
	case actionEditEndpoint:
		err = editEndpoint(t, o.AccountSID, w.Endpoint)
	case actionDeleteEndpoint:
		err = deleteEndpoint(t, o.AccountSID, it.ItemID)
	default:
		err = fail(codeOrderType, "there is no action %s", it.Action)
	}
	if err != nil {
		return refusal(err)
	}
	body, err := json.Marshal(w)
	if err != nil {
		return err
	}
	it.Body = string(body)
	return nil
}

// refusal makes a failure of what the store refuses for the row's own sake.
func refusal(err error) error {
	var readOnly store.ErrReadOnly
	switch {
	case errors.As(err, &readOnly), errors.Is(err, store.ErrInUse), errors.Is(err, store.ErrTaken):
		return fail(codeProvisioning, "General 911 Provisioning Error: '%s'", err)
	}
	return err
}

// standard finds an address in the guide and makes w's address its standard form.
func (a *Orders) standard(w *Address) (c area.Civic, esn, validation string, adjusted bool, err error) {
	if n := utf8.RuneCountInString(value(w.AddressLine2)); n > maxAddressLine2 {
		return c, "", "", false, fail(codeProvisioning, "General 911 Provisioning Error: 'loc cannot exceed %d characters.'", maxAddressLine2)
	}
	given := w.civic()
	found := a.guide().Check(given)
	if found.Match == area.NoMatch {
		if !a.lenient {
			return c, "", "", false, fail(codeAddressUnknown, "Address is not recognized by E911 service. %s", found.Why)
		}
		w.Validation, w.Adjusted, w.AddressType = text("UNVALIDATED"), text("false"), text("E911")
		return given, "", "UNVALIDATED", false, nil
	}
	c = found.Address
	adjusted = c != given
	out := addressOf(c)
	out.LocationID, out.County, out.Latitude, out.Longitude = w.LocationID, w.County, w.Latitude, w.Longitude
	out.Validation, out.Adjusted, out.AddressType = text("VALID"), text(fmt.Sprint(adjusted)), text("E911")
	*w = out
	return c, found.ESN, "VALID", adjusted, nil
}

func civicOf(c area.Civic, customer string) directory.Civic {
	return directory.Civic{
		Customer: customer, Street: c.Street, Secondary: c.Secondary, City: c.City, State: c.State,
		PostalCode: c.PostalCode, Country: c.Country,
	}
}

// addLocation adds a location, or overwrites the one of its ID.
func (a *Orders) addLocation(t *store.Tx, o *store.Order, it *store.OrderItem, w *work) error {
	c, esn, validation, adjusted, err := a.standard(w.Address)
	if err != nil {
		return err
	}
	row, err := locationOf(t, o.AccountSID, it.ItemID)
	if ignore(err) != nil {
		return err
	}
	isNew := err != nil
	row.AccountSID, row.LocationID = o.AccountSID, it.ItemID
	row.CustomerName, row.Details = "", "" // which were the old address's
	setLocation(&row, c, esn, validation, w.Address)
	it.Adjusted = adjusted
	if isNew {
		return store.Insert(t, &row)
	}
	return store.Save(t, &row)
}

func setLocation(row *store.Location, c area.Civic, esn, validation string, a *Address) {
	row.SetCivic(civicOf(c, row.CustomerName))
	row.ESN, row.Validation = esn, validation
	row.SetPoint(nil)
	if lat, lon, ok, err := a.point(); ok && err == nil {
		row.SetPoint(&location.Point{Lat: lat, Lon: lon})
	}
}

// editLocation changes the parts of a location's address that the order names.
func (a *Orders) editLocation(t *store.Tx, o *store.Order, it *store.OrderItem, w *work) error {
	row, err := locationOf(t, o.AccountSID, it.ItemID)
	if errors.Is(err, store.ErrNotFound) {
		return fail(codeLocationAbsent, "The LocationId '%s' should be provisioned", it.ItemID)
	}
	if err != nil {
		return err
	}
	whole := locationShown(row)
	from, to := w.Address.parts(), whole.parts()
	for i := range from {
		if *from[i].at != nil {
			*to[i].at = *from[i].at
		}
	}
	if w.Address.Zip != nil {
		whole.PlusFour = nil // which was the old code's
	}
	if w.Address.Latitude != nil {
		whole.Latitude, whole.Longitude = w.Address.Latitude, w.Address.Longitude
	}
	if wrong := whole.check(); wrong != nil {
		return fail(wrong.Code, "%s", wrong.Description)
	}
	whole.LocationID = w.Address.LocationID
	c, esn, validation, adjusted, err := a.standard(&whole)
	if err != nil {
		return err
	}
	setLocation(&row, c, esn, validation, &whole)
	it.Adjusted, w.Address = adjusted, &whole
	return store.Save(t, &row)
}

// deleteLocation deletes a location that no endpoint is at.
func deleteLocation(t *store.Tx, account, id string) error {
	row, err := locationOf(t, account, id)
	if errors.Is(err, store.ErrNotFound) {
		return fail(codeNoLocation, "The specified Location ID could not be found: unable to delete the location.")
	}
	if err != nil {
		return err
	}
	q := store.Where("location_sid", row.SID)
	q.Limit, q.Oldest = 20, true
	users, err := store.Find[store.Endpoint](t, q)
	if err != nil {
		return err
	}
	if len(users) > 0 {
		var ids []string
		for _, u := range users {
			ids = append(ids, u.EndpointID)
		}
		return fail(codeLocationBound, "The specified E911 Location IDs are bound to next 911 Endpoints: '%s'. Before deleting these locations you should unprovision these 911 Endpoints.", strings.Join(ids, ", "))
	}
	return store.Delete(t, &row)
}

// addEndpoint adds an endpoint.
func (a *Orders) addEndpoint(t *store.Tx, o *store.Order, it *store.OrderItem, w *work, bad map[string]bool) error {
	p := w.Endpoint
	if _, err := endpointOf(t, o.AccountSID, it.ItemID); ignore(err) != nil {
		return err
	} else if err == nil {
		return fail(codeEndpointInUse, "Either callback telephone number, End User Identifier, or both are already in use in this account.")
	}
	callback, good := e164(value(p.CallbackNumber))
	if !good {
		callback = ""
	}
	row := store.Endpoint{
		Common: store.Common{AccountSID: o.AccountSID}, EndpointID: it.ItemID, PIDFLO: p.pidflo(), Callback: callback,
		CallerName: value(p.CallerName), Language: value(p.PreferredLanguage),
	}
	if id := value(p.LocationID); id != "" {
		if err := a.place(t, &row, id, bad[id]); err != nil {
			return err
		}
	}
	if p.Address != nil {
		c, esn, _, adjusted, err := a.standard(p.Address)
		if err != nil {
			return fail(codeTopLevel, "Top Level address is invalid. %s", err)
		}
		civic := civicOf(c, row.CallerName)
		row.SetCivic(&civic, esn)
		it.Adjusted = adjusted
	}
	return store.Insert(t, &row)
}

// place puts an endpoint at a location. bad says that the location was to come with the same order and did not.
func (a *Orders) place(t *store.Tx, row *store.Endpoint, id string, bad bool) error {
	at, err := locationOf(t, row.AccountSID, id)
	switch {
	case bad:
		return fail(codeLocationBad, "The address with Location ID '%s' is invalid. Please, submit another E911 order to edit or delete this address.", id)
	case errors.Is(err, store.ErrNotFound):
		return fail(codeLocationAbsent, "The LocationId '%s' should be provisioned", id)
	case err != nil:
		return err
	}
	row.LocationSID, row.IsoCountry = at.SID, at.IsoCountry
	return nil
}

// editEndpoint changes what the order names of an endpoint.
func editEndpoint(t *store.Tx, account string, p *endpoint) error {
	row, err := endpointOf(t, account, value(p.Identifier))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return fail(codeNotProvisioned, "The URI provided is not provisioned in the E911 service.")
	case err != nil:
		return err
	case !row.PIDFLO:
		return fail(codeEditPIDFLO, "The AEUI with identifier '%s' is not PIDF-LO enabled, updating is allowed only for PIDF-LO endpoints", row.EndpointID)
	}
	if id := value(p.LocationID); id != "" {
		if err := (&Orders{}).place(t, &row, id, false); err != nil {
			return err
		}
		row.SetCivic(nil, "")
	}
	if p.CallbackNumber != nil {
		row.Callback, _ = e164(value(p.CallbackNumber))
	}
	if p.CallerName != nil {
		row.CallerName = value(p.CallerName)
	}
	if p.PreferredLanguage != nil {
		row.Language = value(p.PreferredLanguage)
	}
	return store.Save(t, &row)
}

// deleteEndpoint deletes an endpoint, and takes it out of its notification group. Its location stays.
func deleteEndpoint(t *store.Tx, account, id string) error {
	row, err := endpointOf(t, account, id)
	if errors.Is(err, store.ErrNotFound) {
		return fail(codeNoEndpoint, "Alternate End User Identifier are not present in this account and cannot be deleted.")
	}
	if err != nil {
		return err
	}
	return store.Delete(t, &row)
}

// ignore forgets that something is not there.
func ignore(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

func locationOf(t *store.Tx, account, id string) (store.Location, error) {
	return store.ByID[store.Location](t, account, id)
}

func endpointOf(t *store.Tx, account, id string) (store.Endpoint, error) {
	return store.ByID[store.Endpoint](t, account, id)
}
