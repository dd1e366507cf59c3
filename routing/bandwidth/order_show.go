package bandwidth

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"callbox/routing/bandwidth/wire"
	"callbox/routing/directory/store"
)

// showOrder writes an order with what became of its items.
func showOrder(account string, o store.Order, items []store.OrderItem) (e911Order, error) {
	shown := e911Order{
		CustomerOrderID: some(o.CustomerOrderID), Created: wire.Time(o.Received), AccountID: account, CreatedBy: o.UpdatedBy,
		OrderID: o.UUID(), Modified: wire.Time(max(o.Received, o.Processing, o.Finished)), Status: shownStatus(o),
		Errors: &orderErrors{}, OrderType: "e911",
	}
	places := map[string]*Address{}
	for _, it := range items {
		var w work
		if err := json.Unmarshal([]byte(it.Body), &w); err != nil {
			return shown, fmt.Errorf("read an item of order %s: %w", o.SID, err)
		}
		if w.Address != nil && w.Of != "" {
			places[w.Of] = w.Address
		}
		shown.put(it, w, places)
	}
	return shown, nil
}

// put adds an item to where the order had it. places are the addresses that came with something else, by what.
func (o *e911Order) put(it store.OrderItem, w work, places map[string]*Address) {
	switch {
	case it.Action == actionFrame:
		o.CallerName, o.Address = w.Frame.CallerName, w.Frame.Address
		if w.Frame.Delete {
			o.Delete = text("true")
		}
		return
	case w.Of == ofFrame:
		o.Address = w.Address
	case it.Action == actionEditLocation:
		o.AddressesToEdit = append(o.AddressesToEdit, *w.Address)
	case it.Action == actionDeleteLocation && o.Delete == nil:
		o.ToDelete = append(o.ToDelete, wire.Text(it.ItemID))
	case w.Address != nil && w.Of == "":
		o.Additional = append(o.Additional, *w.Address)
	case it.Action == actionEditEndpoint:
		o.EndpointsToEdit = append(o.EndpointsToEdit, *w.Endpoint)
	case w.Endpoint != nil:
		p := *w.Endpoint
		if at := places[it.ItemID]; at != nil {
			p.Address = at
		}
		w.Endpoint = &p
		o.Endpoints = append(o.Endpoints, p)
	}
	if it.Status == store.ItemError {
		o.Errors.add(w.Endpoint, w.Address, it.ErrorCode, it.Error)
	}
}

// orderOf finds an order of a kind by its UUID.
func orderOf(t *store.Tx, account, kind, uuid string) (store.Order, []store.OrderItem, error) {
	sid := "BO" + strings.ToLower(strings.ReplaceAll(uuid, "-", ""))
	if store.UUID(sid) != strings.ToLower(uuid) {
		return store.Order{}, nil, store.ErrNotFound
	}
	o, err := store.Get[store.Order](t, account, sid)
	if err == nil && o.Kind != kind {
		err = store.ErrNotFound
	}
	if err != nil {
		return o, nil, err
	}
	items, err := itemsOf(t, o)
	return o, items, err
}

func itemsOf(t *store.Tx, o store.Order) ([]store.OrderItem, error) {
	q := store.Where("order_sid", o.SID)
	q.Oldest = true
	return store.Find[store.OrderItem](t, q)
}

// fetchOrder shows one order as it stands.
func (a *api) fetchOrder(t *store.Tx, r *wire.Request) (wire.Reply, error) {
	o, items, err := orderOf(t, r.Account, KindE911, r.PathValue("orderId"))
	if err != nil {
		return wire.Reply{}, err
	}
	shown, err := showOrder(r.AccountID, o, items)
	return wire.OK(shown), err
}

// history is what an order went through.
type history struct {
	XMLName xml.Name      `xml:"OrderHistoryWrapper"`
	Steps   []historyStep `xml:"OrderHistory"`
}

type historyStep struct {
	Date   string `xml:"OrderDate"`
	Note   string `xml:"Note"`
	Author string `xml:"Author"`
	Status string `xml:"Status"`
}

// orderHistory shows the statuses an order went through.
func (a *api) orderHistory(t *store.Tx, r *wire.Request) (wire.Reply, error) {
	o, items, err := orderOf(t, r.Account, KindE911, r.PathValue("orderId"))
	if err != nil {
		return wire.Reply{}, err
	}
	h := history{}
	step := func(ms int64, status, note string) {
		if ms != 0 {
			h.Steps = append(h.Steps, historyStep{wire.Time(ms), note, o.UpdatedBy, status})
		}
	}
	step(o.Received, store.OrderReceived, "The order was received.")
	step(o.Processing, store.OrderProcessing, "The order is being processed.")
	step(o.Finished, shownStatus(o), outcome(o, items))
	return wire.OK(h), nil
}

func outcome(o store.Order, items []store.OrderItem) string {
	var errs []string
	for _, it := range items {
		if it.Status == store.ItemError && len(errs) < 10 {
			errs = append(errs, it.ErrorCode+" "+it.Error)
		}
	}
	return strings.Join(append([]string{fmt.Sprintf("%d of %d were done, %d of them with an adjusted address.", o.Accepted, o.Total, o.Adjusted)}, errs...), " ")
}

// orderList is a list of orders, in short or in whole.
type orderList struct {
	XMLName   xml.Name       `xml:"E911Orders"`
	Total     int            `xml:"TotalCount"`
	Summaries []orderSummary `xml:"E911OrderSummary"`
	Orders    []e911Order    `xml:"E911Order"`
}

// orderSummary is an order in short, in the provider's spelling.
type orderSummary struct {
	AccountID string `xml:"accountId"`
	Count     int    `xml:"CountOfTNs"`
	User      string `xml:"userId"`
	Modified  string `xml:"lastModifiedDate"`
	Created   string `xml:"OrderDate"`
	Type      string `xml:"OrderType"`
	Status    string `xml:"OrderStatus"`
	OrderID   string `xml:"OrderId"`
}

// maxOrders is how many orders one list has.
const maxOrders = 1000

// listOrders lists the newest orders that meet a query's parameters. Those nobody knows are passed over.
func (a *api) listOrders(t *store.Tx, r *wire.Request) (wire.Reply, error) {
	f, err := filterOf(r)
	if err != nil {
		return wire.Reply{}, err
	}
	list := orderList{}
	before := int64(0)
	for {
		page, err := store.Find[store.Order](t, store.Query{Account: r.Account, Where: f.where, Before: before, Limit: maxOrders})
		if err != nil {
			return wire.Reply{}, err
		}
		for _, o := range page {
			before = o.ID
			if err := list.take(t, r.AccountID, o, f); err != nil {
				return wire.Reply{}, err
			}
		}
		if len(page) < maxOrders || list.Total >= maxOrders {
			return wire.OK(list), nil
		}
	}
}

// take adds an order to the list if it meets what only its items tell.
func (l *orderList) take(t *store.Tx, account string, o store.Order, f filter) error {
	if l.Total >= maxOrders || !f.meets(o) {
		return nil
	}
	var items []store.OrderItem
	var err error
	if f.details || f.aeui != "" || f.callback != "" {
		if items, err = itemsOf(t, o); err != nil || !f.meetsItems(items) {
			return err
		}
	}
	l.Total++
	if f.details {
		shown, err := showOrder(account, o, items)
		l.Orders = append(l.Orders, shown)
		return err
	}
	l.Summaries = append(l.Summaries, orderSummary{
		AccountID: account, Count: o.Total, User: o.UpdatedBy, Modified: wire.Time(max(o.Received, o.Processing, o.Finished)),
		Created: wire.Time(o.Received), Type: "e911", Status: shownStatus(o), OrderID: o.UUID(),
	})
	return nil
}

// filter is what a list of orders is asked for.
type filter struct {
	where          []store.Cond
	statuses       map[string]bool
	aeui, callback string
	from, to       int64 // of the last change; 0 for any
	details        bool
	none           bool // telephone numbers are asked for, which no order here has
}

// filterOf reads a query. A date that is none answers 404, as the provider does.
func filterOf(r *wire.Request) (filter, error) {
	q := r.URL.Query()
	f := filter{aeui: q.Get("aeui"), callback: q.Get("callBack"), none: q.Get("tn") != "", statuses: map[string]bool{}}
	f.details, _ = strconv.ParseBool(q.Get("orderDetails"))
	f.where = []store.Cond{{Column: "kind", Op: store.Equal, Value: KindE911}}
	for _, given := range q["status"] {
		for s := range strings.SplitSeq(given, ",") {
			f.statuses[strings.ToUpper(strings.TrimSpace(s))] = true
		}
	}
	for name, column := range map[string]string{"customerOrderId": "customer_order_id", "lastModifiedBy": "updated_by"} {
		if v := q.Get(name); v != "" {
			f.where = append(f.where, store.Cond{Column: column, Op: store.Equal, Value: v})
		}
	}
	if v := q.Get("orderIdFragment"); v != "" {
		v = strings.ToLower(strings.ReplaceAll(v, "-", ""))
		f.where = append(f.where, store.Cond{Column: "sid", Op: store.Like, Value: "BO" + store.EscapeLike(v) + "%"})
	}
	for _, d := range []struct {
		name string
		set  func(day time.Time)
	}{
		{"modifiedDateFrom", func(day time.Time) { f.from = max(f.from, day.UnixMilli()) }},
		{"lastModifiedAfter", func(day time.Time) { f.from = max(f.from, day.AddDate(0, 0, 1).UnixMilli()) }},
		{"modifiedDateTo", func(day time.Time) { f.to = day.AddDate(0, 0, 1).UnixMilli() }},
		{"createdDateFrom", func(day time.Time) { f.created(store.GreaterEq, day) }},
		{"createdDateTo", func(day time.Time) { f.created(store.Less, day.AddDate(0, 0, 1)) }},
	} {
		v := q.Get(d.name)
		if v == "" {
			continue
		}
		day, err := time.Parse(time.DateOnly, v)
		if err != nil {
			return f, &wire.Error{Status: http.StatusNotFound, Code: wire.CodeDate, Description: fmt.Sprintf("%.40s is not a valid date format.", v)}
		}
		d.set(day)
	}
	return f, nil
}

func (f *filter) created(op store.Op, at time.Time) {
	f.where = append(f.where, store.Cond{Column: "received", Op: op, Value: at.UnixMilli()})
}

func (f filter) meets(o store.Order) bool {
	changed := max(o.Received, o.Processing, o.Finished)
	return !f.none && (len(f.statuses) == 0 || f.statuses[shownStatus(o)]) && changed >= f.from && (f.to == 0 || changed < f.to)
}

func (f filter) meetsItems(items []store.OrderItem) bool {
	if f.aeui == "" && f.callback == "" {
		return true
	}
	wanted, _ := e164(f.callback)
	for _, it := range items {
		var w work
		if json.Unmarshal([]byte(it.Body), &w) != nil || w.Endpoint == nil {
			continue
		}
		callback, _ := e164(value(w.Endpoint.CallbackNumber))
		if (f.aeui == "" || it.ItemID == f.aeui) && (f.callback == "" || callback == wanted) {
			return true
		}
	}
	return false
}
