package unified

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/text/language"

	"callbox/routing/bandwidth/order"
	"callbox/routing/directory"
	"callbox/routing/directory/store"
)

// failure is why an item of an order fails.
type failure struct{ code, why string }

func (f *failure) Error() string { return f.why }

// The codes of items that fail, which are those of the provider's older API.
const (
	codeInUse     = "8020"
	codeNone      = "8021"
	codeNoAddress = "8040"
	codeGeneral   = "8042"
	codeInvalid   = "8059"
)

// Apply returns what the orders of this API do, by their kinds. Endpoints may be at an address that the guides do not know
// where lenient is set.
func Apply(lenient bool) map[string]order.Apply {
	one := func(t *store.Tx, o *store.Order, at time.Time) error { return apply(t, o, at, lenient) }
	return map[string]order.Apply{kindAdd: one, kindUpdate: one, kindDelete: one}
}

func apply(t *store.Tx, o *store.Order, at time.Time, lenient bool) error {
	q := store.Where("order_sid", o.SID)
	q.Oldest = true
	items, err := store.Find[store.OrderItem](t, q)
	if err != nil {
		return err
	}
	o.Accepted, o.Invalid = 0, 0
	for i := range items {
		it := &items[i]
		err := do(t, o, it, lenient)
		var f *failure
		switch {
		case err == nil:
			it.Status = store.ItemSuccess
			o.Accepted++
		case errors.As(err, &f):
			it.Status, it.Error, it.ErrorCode = store.ItemError, f.why, f.code
			o.Invalid++
		default:
			return err
		}
	}
	order.Close(o, at)
	return store.SaveMany(t, items)
}

// do does one item; what it fails for by its own fault is a *failure.
func do(t *store.Tx, o *store.Order, it *store.OrderItem, lenient bool) error {
	var w work
	if err := json.Unmarshal([]byte(it.Body), &w); err != nil {
		return fmt.Errorf("read an item of order %s: %w", o.SID, err)
	}
	var err error
	if it.Action == actionAdd {
		err = add(t, o, it.ItemID, w, lenient)
	} else {
		err = change(t, o, it, w, lenient)
	}
	var readOnly store.ErrReadOnly
	if errors.As(err, &readOnly) || errors.Is(err, store.ErrInUse) {
		return &failure{codeGeneral, err.Error()}
	}
	return err
}

// place finds the address that an endpoint is to be at.
func place(t *store.Tx, account, id string, lenient bool) (store.Location, error) {
	l, err := store.ByID[store.Location](t, account, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return l, &failure{codeNoAddress, "There is no address of the ID " + id + "."}
	case err == nil && l.Validation == directory.Invalid.String() && !lenient:
		return l, &failure{codeInvalid, "The address " + id + " is not known."}
	}
	return l, err
}

func add(t *store.Tx, o *store.Order, id string, w work, lenient bool) error {
	e := store.Endpoint{
		Common: store.Common{AccountSID: o.AccountSID}, EndpointID: id, PIDFLO: true, Callback: w.Phone, CallerName: w.Name, Language: w.Lang,
	}
	if region, err := language.ParseRegion(w.Country); err == nil && region.IsCountry() {
		e.IsoCountry = region.String()
	} else if w.Country != "" {
		return &failure{codeGeneral, w.Country + " is not a country of ISO 3166-1."}
	}
	if w.AddressID != "" {
		l, err := place(t, o.AccountSID, w.AddressID, lenient)
		if err != nil {
			return err
		}
		if e.LocationSID = l.SID; e.IsoCountry == "" {
			e.IsoCountry = l.IsoCountry
		}
	}
	if e.IsoCountry == "" {
		e.IsoCountry = "US"
	}
	err := store.Insert(t, &e)
	if errors.Is(err, store.ErrTaken) {
		return &failure{codeInUse, "There is an endpoint of the ID " + id + " already."}
	}
	return err
}

// change moves an endpoint, takes it from its address, or deletes it.
func change(t *store.Tx, o *store.Order, it *store.OrderItem, w work, lenient bool) error {
	e, err := store.ByID[store.Endpoint](t, o.AccountSID, it.ItemID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return &failure{codeNone, "There is no endpoint of the ID " + it.ItemID + "."}
	case err != nil:
		return err
	case it.Action == actionDelete:
		return store.Delete(t, &e)
	case it.Action == actionProvision:
		l, err := place(t, o.AccountSID, w.AddressID, lenient)
		if err != nil {
			return err
		}
		e.SetCivic(nil, "")
		e.LocationSID, e.IsoCountry = l.SID, l.IsoCountry
		return store.Save(t, &e)
	}
	if w.AddressID != "" {
		l, err := store.ByID[store.Location](t, o.AccountSID, w.AddressID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err != nil || l.SID != e.LocationSID {
			return &failure{codeNoAddress, "The endpoint is not at the address " + w.AddressID + "."}
		}
	}
	e.LocationSID = ""
	return store.Save(t, &e)
}
