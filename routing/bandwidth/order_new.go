package bandwidth

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"callbox/routing/bandwidth/wire"
	"callbox/routing/directory/store"
)

// work is what an item of an order says, as the store keeps it.
type work struct {
	Frame    *frame    `json:",omitempty"`
	Endpoint *endpoint `json:",omitempty"`
	Address  *Address  `json:",omitempty"`
	// Of is whose address it is where it did not come by itself: an endpoint's identifier, or ofFrame.
	Of string `json:",omitempty"`
}

// ofFrame stands for the order's own address. No identifier is like it.
const ofFrame = "<order>"

// newOrder takes an order: what cannot be is refused at once, the rest comes about when it is due.
func (a *api) newOrder(t *store.Tx, r *wire.Request) (wire.Reply, error) {
	var in e911Order
	if err := r.Read(&in, "E911Order"); err != nil {
		return wire.Reply{}, err
	}
	optional, err := callbackIsOptional(t, r.Account)
	if err != nil {
		return wire.Reply{}, err
	}
	if err := in.check(optional); err != nil {
		return wire.Reply{}, err
	}
	items, err := in.items()
	if err != nil {
		return wire.Reply{}, err
	}
	now := a.o.Now().UnixMilli()
	order := store.Order{
		Common: store.Common{AccountSID: r.Account}, Kind: KindE911, CustomerOrderID: value(in.CustomerOrderID),
		Status: store.OrderReceived, Due: now + a.o.Delays.Received.Milliseconds(), UpdatedBy: r.Principal.Name, Total: len(items) - 1, Received: now,
	}
	duplicates, err := duplicates(t, r.Account, items)
	if err != nil {
		return wire.Reply{}, err
	}
	if duplicates {
		order.Status, order.Due, order.Invalid, order.Finished = store.OrderFailed, 0, order.Total, now
	}
	if err := insertOrder(t, &order, items); err != nil {
		return wire.Reply{}, err
	}
	shown, err := showOrder(r.AccountID, order, items)
	if err != nil {
		return wire.Reply{}, err
	}
	if duplicates {
		return wire.Reply{Status: http.StatusBadRequest, Body: orderResponse{Order: shown}}, nil
	}
	return wire.Created(r.Base+"/e911s/"+order.UUID(), orderResponse{Order: shown}), nil
}

// insertOrder writes a new order and its items.
func insertOrder(t *store.Tx, o *store.Order, items []store.OrderItem) error {
	if err := store.Insert(t, o); err != nil {
		return err
	}
	for i := range items {
		items[i].AccountSID, items[i].OrderSID = o.AccountSID, o.SID
		if items[i].Status == "" {
			items[i].Status = store.ItemInProgress
		}
	}
	return store.InsertMany(t, items)
}

// callbackIsOptional tells whether an account's endpoints may be without a callback number: its web service says at call
// time what it is.
func callbackIsOptional(t *store.Tx, account string) (bool, error) {
	q := store.Where("take_caller", true)
	q.Account, q.Limit = account, 1
	rows, err := store.Find[store.EmergencyNumber](t, q)
	return len(rows) > 0, err
}

// items takes an order apart. The first is its frame; addresses that endpoints need come before them.
func (o *e911Order) items() ([]store.OrderItem, error) {
	deletes, _ := flag("", o.Delete)
	p := pieces{}
	p.add(actionFrame, "", work{Frame: &frame{CallerName: o.CallerName, Address: o.Address, Delete: deletes}})
	switch {
	case deletes:
		for i := range o.Endpoints {
			p.add(actionDeleteEndpoint, value(o.Endpoints[i].Identifier), work{Endpoint: &o.Endpoints[i]})
		}
		for i := range o.Additional {
			p.add(actionDeleteLocation, value(o.Additional[i].LocationID), work{Address: &o.Additional[i]})
		}
	case len(o.Endpoints) > 0:
		p.endpoints(o)
	default:
		for i := range o.Additional {
			p.location(&o.Additional[i], "")
		}
	}
	for _, id := range o.ToDelete {
		p.add(actionDeleteLocation, string(id), work{Address: &Address{LocationID: &id}})
	}
	for i := range o.EndpointsToEdit {
		p.add(actionEditEndpoint, value(o.EndpointsToEdit[i].Identifier), work{Endpoint: &o.EndpointsToEdit[i]})
	}
	for i := range o.AddressesToEdit {
		p.add(actionEditLocation, value(o.AddressesToEdit[i].LocationID), work{Address: &o.AddressesToEdit[i]})
	}
	return p.items, p.err
}

// pieces collects the items of an order.
type pieces struct {
	items []store.OrderItem
	err   error
}

func (p *pieces) add(action, id string, w work) {
	body, err := json.Marshal(w)
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("keep an item of an order: %w", err)
	}
	p.items = append(p.items, store.OrderItem{Action: action, ItemID: id, Body: string(body)})
}

// location adds an address that is to become a location, with an ID of ours where it has none, and returns the ID.
func (p *pieces) location(a *Address, of string) string {
	if value(a.LocationID) == "" {
		a.LocationID = text(newLocationID())
	}
	id := value(a.LocationID)
	p.add(actionAddLocation, id, work{Address: a, Of: of})
	return id
}

// newLocationID makes an ID of letters and digits.
func newLocationID() string { return strings.TrimPrefix(store.NewSID("LO"), "LO") }

// endpoints adds new endpoints and the addresses that they bring. The order's own address becomes a location where an
// endpoint needs one or it has an ID; endpoints whose calls bring no location take it for their own.
func (p *pieces) endpoints(o *e911Order) {
	shared := ""
	if o.Address != nil {
		needed := value(o.Address.LocationID) != ""
		for i := range o.Endpoints {
			e := &o.Endpoints[i]
			needed = needed || e.pidflo() && e.Address == nil && value(e.LocationID) == ""
		}
		if needed {
			shared = p.location(o.Address, ofFrame)
		}
	}
	for i := range o.Endpoints {
		e := o.Endpoints[i]
		switch {
		case e.Address != nil:
			own := *e.Address
			if value(own.LocationID) == "" {
				own.LocationID = e.LocationID
			}
			e.LocationID, e.Address = text(p.location(&own, value(e.Identifier))), nil
		case value(e.LocationID) == "" && (e.pidflo() || shared != ""):
			e.LocationID = text(shared)
		case value(e.LocationID) == "":
			e.Address = o.Address
		}
		if value(e.CallerName) == "" {
			e.CallerName = o.CallerName
		}
		if e.PreferredLanguage == nil && e.pidflo() {
			e.PreferredLanguage = text(defaultLanguage)
		}
		p.add(actionAddEndpoint, value(e.Identifier), work{Endpoint: &e})
	}
}

// duplicates marks the items that another order is about to do, or that made what is there already.
func duplicates(t *store.Tx, account string, items []store.OrderItem) (found bool, err error) {
	pending, err := pending(t, account)
	if err != nil {
		return false, err
	}
	for i := range items {
		it := &items[i]
		if it.Action == actionFrame {
			continue
		}
		order := pending[thing(it.Action)+it.ItemID]
		if order == "" && it.Action == actionAddEndpoint {
			if order, err = makerOf(t, account, it.ItemID); err != nil {
				return false, err
			}
		}
		if order == "" {
			continue
		}
		it.Status = store.ItemError
		it.ErrorCode, it.Error = describe(codeDuplicate, "This order is a duplicate of another E911 request(orderId='%s'), and will be canceled. The state of the E911 service will be reflected in the competing order.", order)
		found = true
	}
	return found, nil
}

// thing is what an action is about: a location or an endpoint.
func thing(action string) string {
	_, thing, _ := strings.Cut(action, "_")
	return thing + " "
}

// pending returns the orders of an account that are still to come about, by what they are about.
func pending(t *store.Tx, account string) (map[string]string, error) {
	orders, err := store.Find[store.Order](t, store.Query{Account: account, Where: []store.Cond{
		{Column: "due", Op: store.NotEqual, Value: 0}, {Column: "kind", Op: store.Equal, Value: KindE911},
	}})
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, o := range orders {
		items, err := store.Find[store.OrderItem](t, store.Where("order_sid", o.SID))
		if err != nil {
			return nil, err
		}
		for _, it := range items {
			all[thing(it.Action)+it.ItemID] = o.UUID()
		}
	}
	return all, nil
}

// makerOf returns the order that made an endpoint that is there, "" where there is none or it came otherwise.
func makerOf(t *store.Tx, account, id string) (string, error) {
	if _, err := endpointOf(t, account, id); err != nil {
		return "", ignore(err)
	}
	q := store.Query{Account: account, Limit: 1, Where: []store.Cond{
		{Column: "item_id", Op: store.Equal, Value: id}, {Column: "action", Op: store.Equal, Value: actionAddEndpoint},
		{Column: "status", Op: store.Equal, Value: store.ItemSuccess},
	}}
	items, err := store.Find[store.OrderItem](t, q)
	if err != nil || len(items) == 0 {
		return "", err
	}
	return store.UUID(items[0].OrderSID), nil
}
