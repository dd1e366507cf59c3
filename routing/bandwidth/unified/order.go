package unified

import (
	"encoding/json"
	"net/http"
	"strings"

	"callbox/routing/directory/store"
)

func (a *api) orders(m *mux) {
	m.handle(http.MethodGet, "/orders", false, listOrders)
	m.handle(http.MethodGet, "/orders/{id}/details", false, orderDetails)
	m.handle(http.MethodGet, "/orders/{id}/history", false, orderHistory)
}

// orderBody is an order as lists and details show it.
type orderBody struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Status   string `json:"status"`
	Accepted int    `json:"acceptedCount"`
	Invalid  int    `json:"invalidCount"`
	Updated  string `json:"updated"`
	Total    int    `json:"totalNumber"`
}

func showOrder(o store.Order) orderBody {
	return orderBody{
		ID: o.UUID(), Type: o.Kind, Status: o.Status, Accepted: o.Accepted, Invalid: o.Invalid, Total: o.Total,
		Updated: stamp(max(o.Received, o.Processing, o.Finished)),
	}
}

// order takes an order, which answers the request. list is the field that must have something in it.
func (a *api) order(t *store.Tx, r *request, o *object, kind, list string, tasks []task) (reply, error) {
	region, err := r.one("region", regionNA, regionROW)
	if err != nil {
		return reply{}, err
	}
	if o != nil {
		if len(tasks) == 0 && len(*o.wrong) == 0 {
			o.note(list, "It must have at least one element.")
		}
		if err := o.err(); err != nil {
			return reply{}, err
		}
	}
	if region == "" {
		region = regionNA
	}
	now := a.o.Now().UnixMilli()
	row := store.Order{
		Common: store.Common{SID: orderSID(), AccountSID: r.account}, Kind: kind, Description: region, Status: store.OrderReceived,
		Received: now, Due: now + a.o.Delays.Received.Milliseconds(), UpdatedBy: r.who.Name, Total: len(tasks), Accepted: len(tasks),
	}
	if err := store.Insert(t, &row); err != nil {
		return reply{}, err
	}
	items := make([]store.OrderItem, len(tasks))
	for i, k := range tasks {
		body, err := json.Marshal(k.work)
		if err != nil {
			return reply{}, err
		}
		items[i] = store.OrderItem{
			Common: store.Common{AccountSID: r.account}, OrderSID: row.SID, Action: k.action, ItemID: k.id, Body: string(body), Status: store.ItemInProgress,
		}
	}
	if err := store.InsertMany(t, items); err != nil {
		return reply{}, err
	}
	return reply{http.StatusAccepted, map[string]any{
		"orderId": row.UUID(), "updatedBy": row.UpdatedBy, "orderType": kind, "orderStatus": row.Status, "acceptedCount": row.Accepted,
		"invalidCount": row.Invalid, "updated": stamp(now), "totalNumber": row.Total,
	}}, nil
}

// orderSID makes the SID of an order, whose digits are a UUID of version 4 (RFC 9562).
func orderSID() string {
	sid := []byte(store.NewSID("BO"))
	sid[14], sid[18] = '4', "89ab"[sid[18]&3]
	return string(sid)
}

// ofKinds narrows a query to this API's orders.
func (r *request) ofKinds() (store.Query, error) {
	q := store.Query{Account: r.account}
	kind, err := r.one("orderType", kindAdd, kindUpdate, kindDelete)
	kinds := []string{kind}
	if kind == "" {
		kinds = []string{kindAdd, kindUpdate, kindDelete}
	}
	q.Where = append(q.Where, store.Cond{Column: "kind", Op: store.In, Value: kinds})
	if err != nil {
		return q, err
	}
	region, err := r.one("region", regionNA, regionROW)
	if region != "" {
		q.Where = append(q.Where, store.Cond{Column: "description", Op: store.Equal, Value: region})
	}
	return q, err
}

func listOrders(t *store.Tx, r *request) (reply, error) {
	p, err := r.page("/orders")
	if err != nil {
		return reply{}, err
	}
	q, err := r.ofKinds()
	if err != nil {
		return reply{}, err
	}
	rows, total, err := paged[store.Order](t, p, q)
	if err != nil {
		return reply{}, err
	}
	shown := make([]orderBody, len(rows))
	for i, o := range rows {
		shown[i] = showOrder(o)
	}
	return reply{http.StatusOK, map[string]any{"links": p.links(total), "orders": shown}}, nil
}

// placed finds the order that a path names.
func (r *request) placed(t *store.Tx) (store.Order, error) {
	q, err := r.ofKinds()
	if err != nil {
		return store.Order{}, err
	}
	id := strings.ToLower(strings.ReplaceAll(r.PathValue("id"), "-", ""))
	q.Where = append(q.Where, store.Cond{Column: "sid", Op: store.Equal, Value: "BO" + id})
	rows, err := store.Find[store.Order](t, q)
	switch {
	case err != nil:
		return store.Order{}, err
	case len(rows) == 0:
		return store.Order{}, NotFound()
	}
	return rows[0], nil
}

// itemBody is an endpoint of an order.
type itemBody struct {
	ID        string `json:"id"`
	UpdatedBy string `json:"updatedBy"`
	Status    string `json:"status"`
	Error     string `json:"error,omitempty"`
	ErrorCode string `json:"errorCode,omitempty"`
}

func orderDetails(t *store.Tx, r *request) (reply, error) {
	o, err := r.placed(t)
	if err != nil {
		return reply{}, err
	}
	p, err := r.page("/orders/" + o.UUID() + "/details")
	if err != nil {
		return reply{}, err
	}
	rows, total, err := paged[store.OrderItem](t, p, store.Where("order_sid", o.SID))
	if err != nil {
		return reply{}, err
	}
	shown := make([]itemBody, len(rows))
	for i, it := range rows {
		shown[i] = itemBody{it.ItemID, o.UpdatedBy, it.Status, it.Error, it.ErrorCode}
	}
	return reply{http.StatusOK, struct {
		Links []link `json:"links"`
		orderBody
		Endpoints []itemBody `json:"endpoints"`
	}{p.links(total), showOrder(o), shown}}, nil
}

// stepBody is a status that an order has come to.
type stepBody struct {
	Status    string `json:"status"`
	Updated   string `json:"updated"`
	UpdatedBy string `json:"updatedBy"`
	Note      string `json:"note"`
}

func orderHistory(t *store.Tx, r *request) (reply, error) {
	o, err := r.placed(t)
	if err != nil {
		return reply{}, err
	}
	steps := []stepBody{{store.OrderReceived, stamp(o.Received), o.UpdatedBy, "The order was received."}}
	if o.Processing != 0 {
		steps = append(steps, stepBody{store.OrderProcessing, stamp(o.Processing), o.UpdatedBy, "The order is being worked on."})
	}
	if o.Finished != 0 {
		note := map[string]string{
			store.OrderCompleted: "Every endpoint was done.", store.OrderPartial: "Some of the endpoints failed; see details.",
			store.OrderFailed: "All endpoints failed; see details.",
		}[o.Status]
		steps = append(steps, stepBody{o.Status, stamp(o.Finished), o.UpdatedBy, note})
	}
	links := page{limit: defaultLimit, self: "/orders/" + o.UUID() + "/history"}.links(len(steps))
	return reply{http.StatusOK, map[string]any{
		"links": links, "id": o.UUID(), "type": o.Kind, "status": o.Status, "created": stamp(o.Received), "orderHistory": steps,
	}}, nil
}
