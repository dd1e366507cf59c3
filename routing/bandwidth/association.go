package bandwidth

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"callbox/routing/bandwidth/wire"
	"callbox/routing/directory/store"
)

// KindAssociation is the kind of the orders that put endpoints into notification groups in the store.
const KindAssociation = "ENE"

// The provider's codes for associations.
const (
	codeAssociation  = 8094
	codeNobodyNamed  = 8095
	codeManyNamed    = 8096
	codeEndpointLost = 8098
	codeInAnother    = 8099
	codeInOther      = 8105
)

// maxAssociations is how many endpoints one order may name.
const maxAssociations = 5000

// association is the endpoints that an order puts into a group or takes out.
type association struct {
	Group   groupShown `xml:"EmergencyNotificationGroup"`
	Added   *eepToEng  `xml:"AddedAssociations"`
	Deleted *eepToEng  `xml:"DeletedAssociations"`
}

type eepToEng struct {
	Telephones *telephones  `xml:"EepToEngAssociations>EepTns"`
	Endpoints  *identifiers `xml:"EepToEngAssociations>EepAeuiIds"`
	Errors     *errorList   `xml:"ErrorList" json:"-"`
}

type telephones struct {
	List []wire.Text `xml:"TelephoneNumber"`
}

type identifiers struct {
	List []wire.Text `xml:"Identifier"`
}

// associationOrder is such an order; the provider's documents write one that takes out endpoints flat, without
// EmergencyNotificationEndpointAssociations.
type associationOrder struct {
	XMLName         xml.Name     `json:"-"`
	OrderID         string       `xml:"OrderId,omitempty" json:"-"`
	Created         string       `xml:"OrderCreatedDate,omitempty" json:"-"`
	CreatedBy       string       `xml:"CreatedBy,omitempty" json:"-"`
	Status          string       `xml:"ProcessingStatus,omitempty" json:"-"`
	CustomerOrderID *wire.Text   `xml:"CustomerOrderId" json:"-"`
	Associations    *association `xml:"EmergencyNotificationEndpointAssociations" json:",omitempty"`
	// Flat is the same without the element around it.
	FlatGroup   *groupShown `xml:"EmergencyNotificationGroup" json:"-"`
	FlatAdded   *eepToEng   `xml:"AddedAssociations" json:"-"`
	FlatDeleted *eepToEng   `xml:"DeletedAssociations" json:"-"`
}

const (
	elementOrder = "EmergencyNotificationEndpointOrder"
	elementFlat  = "EmergencyNotificationEndpointAssociation"
)

type associationResponse struct {
	XMLName xml.Name `xml:"EmergencyNotificationEndpointOrderResponse"`
	Order   associationOrder
}

// newAssociation takes an order that puts endpoints into a group, or takes them out.
func (a *api) newAssociation(t *store.Tx, r *wire.Request) (wire.Reply, error) {
	var in associationOrder
	if err := r.Read(&in, elementOrder, elementFlat); err != nil {
		return wire.Reply{}, err
	}
	flat := in.XMLName.Local == elementFlat
	if in.Associations == nil {
		in.Associations = &association{Added: in.FlatAdded, Deleted: in.FlatDeleted}
		if in.FlatGroup != nil {
			in.Associations.Group = *in.FlatGroup
		}
	}
	in.Associations.Group.Identifier = strings.TrimSpace(in.Associations.Group.Identifier)
	if err := in.Associations.check(); err != nil {
		return wire.Reply{}, err
	}
	if _, _, err := in.Associations.possible(t, r.Account); err != nil {
		return wire.Reply{}, err
	}
	o, items, err := a.notifyOrder(t, r, KindAssociation, value(in.CustomerOrderID), in.Associations.Group.Identifier, in)
	if err != nil {
		return wire.Reply{}, err
	}
	shown, err := showAssociation(o, items)
	if flat {
		shown.XMLName.Local = elementFlat
		shown.FlatGroup, shown.FlatAdded, shown.FlatDeleted = &shown.Associations.Group, shown.Associations.Added, shown.Associations.Deleted
		shown.Associations = nil
	}
	return wire.Created(r.Base+"/emergencyNotificationEndpointOrders/"+o.UUID(), associationResponse{Order: shown}), err
}

// side is what is added, or else what is deleted.
func (c *association) side() *eepToEng {
	if c.Added != nil {
		return c.Added
	}
	return c.Deleted
}

// ids are the identifiers of endpoints and the telephone numbers that an order names.
func (e *eepToEng) ids() (endpoints, numbers []string) {
	if e.Endpoints != nil {
		for _, id := range e.Endpoints.List {
			endpoints = append(endpoints, string(id))
		}
	}
	if e.Telephones != nil {
		for _, n := range e.Telephones.List {
			numbers = append(numbers, string(n))
		}
	}
	return endpoints, numbers
}

func (c *association) check() error {
	const one = `Order payload must include one of "AddedAssociations" or "DeletedAssociations"`
	switch {
	case c.Added == nil && c.Deleted == nil:
		return wire.Bad(codeAssociation, one+".")
	case c.Added != nil && c.Deleted != nil:
		return wire.Bad(codeAssociation, one+", but not both in one request.")
	case c.Group.Identifier == "":
		return wire.Bad(codeGroupIDNeeded, "Emergency Notification Group Identifier must be present and non-empty")
	}
	endpoints, numbers := c.side().ids()
	switch n := len(endpoints) + len(numbers); {
	case n == 0:
		return wire.Bad(codeNobodyNamed, "Order payload must include at least one Emergency Endpoint value.")
	case n > maxAssociations:
		return wire.Bad(codeManyNamed, "Please limit the total number of emergency endpoints to %d per request.", maxAssociations)
	}
	return nil
}

// possible refuses what the store's rows do not let be, and returns the group and the endpoints.
func (c *association) possible(t *store.Tx, account string) (g store.Group, endpoints []store.Endpoint, err error) {
	g, err = store.ByID[store.Group](t, account, c.Group.Identifier)
	if errors.Is(err, store.ErrNotFound) {
		return g, nil, wire.Conflict(codeNoGroup, "Emergency Notification Group Identifier %.60s does not exist.", c.Group.Identifier)
	}
	if err != nil {
		return g, nil, err
	}
	ids, numbers := c.side().ids()
	if len(numbers) > 0 { // which have no endpoint here
		return g, nil, wire.Conflict(codeEndpointLost, "Emergency Endpoint %.60s not found.", numbers[0])
	}
	rows, err := store.ByIDs[store.Endpoint](t, account, ids)
	if err != nil {
		return g, nil, err
	}
	_, groups, err := aroundEndpoints(t, slices.Collect(maps.Values(rows)))
	if err != nil {
		return g, nil, err
	}
	for _, id := range ids {
		row, there := rows[id]
		if !there {
			return g, nil, wire.Conflict(codeEndpointLost, "Emergency Endpoint %.60s not found.", id)
		}
		in := groups[row.SID]
		member := slices.ContainsFunc(in, func(o groupShown) bool { return o.Identifier == g.GroupID })
		switch {
		case c.Added != nil && len(in) > 0 && !member:
			return g, nil, wire.Conflict(codeInAnother, "The Emergency Endpoint with identifier %s is already associated with Emergency Notification Group with identifier %s.", id, in[0].Identifier)
		case c.Deleted != nil && !member:
			return g, nil, wire.Conflict(codeInOther, "Error: Emergency Endpoint Identifier specified for removal is not associated with Emergency Notification Group %s.", g.GroupID)
		}
		endpoints = append(endpoints, row)
	}
	return g, endpoints, nil
}

// applyAssociation brings about an order of associations.
func (a *Orders) applyAssociation(t *store.Tx, o *store.Order, at time.Time) error {
	var in associationOrder
	return applyOne(t, o, at, &in, func() error {
		g, endpoints, err := in.Associations.possible(t, o.AccountSID)
		switch {
		case err != nil:
			return err
		case in.Associations.Added != nil:
			return store.JoinGroup(t, g, endpoints)
		}
		return store.LeaveGroup(t, g, endpoints)
	})
}

// showAssociation writes an order of associations.
func showAssociation(o store.Order, items []store.OrderItem) (associationOrder, error) {
	shown := associationOrder{}
	errs := &errorList{}
	for _, it := range items {
		if err := json.Unmarshal([]byte(it.Body), &shown); err != nil {
			return shown, fmt.Errorf("read an item of order %s: %w", o.SID, err)
		}
		if it.Status == store.ItemError {
			errs.Errors = append(errs.Errors, orderError{it.ErrorCode, it.Error})
		}
	}
	if shown.Associations == nil || shown.Associations.side() == nil {
		return shown, fmt.Errorf("order %s has no associations", o.SID)
	}
	shown.XMLName.Local = elementOrder
	shown.OrderID, shown.Created, shown.CreatedBy = o.UUID(), wire.Time(o.Received), o.UpdatedBy
	shown.Status, shown.CustomerOrderID, shown.Associations.side().Errors = o.Status, some(o.CustomerOrderID), errs
	return shown, nil
}

func (a *api) fetchAssociation(t *store.Tx, r *wire.Request) (wire.Reply, error) {
	o, items, err := orderOf(t, r.Account, KindAssociation, r.PathValue("orderId"))
	if err != nil {
		return wire.Reply{}, err
	}
	shown, err := showAssociation(o, items)
	return wire.OK(associationResponse{Order: shown}), err
}

type associationList struct {
	XMLName xml.Name           `xml:"EmergencyNotificationEndpointOrderResponse"`
	Links   wire.Links         `xml:"Links"`
	Orders  []associationOrder `xml:"EmergencyNotificationEndpointOrders>EmergencyNotificationEndpointOrder"`
}

// listAssociations lists orders of associations, the newest first.
func (a *api) listAssociations(t *store.Tx, r *wire.Request) (wire.Reply, error) {
	q, err := askOrders(r)
	if err != nil {
		return wire.Reply{}, err
	}
	groups, err := store.Find[store.Group](t, store.Query{Account: r.Account})
	if err != nil {
		return wire.Reply{}, err
	}
	described := map[string]string{}
	for _, g := range groups {
		described[g.GroupID] = g.Description
	}
	found, items, err := notifyOrders(t, r, q, KindAssociation, func(it store.OrderItem) bool {
		var in associationOrder
		if json.Unmarshal([]byte(it.Body), &in) != nil || in.Associations == nil || in.Associations.side() == nil {
			return false
		}
		endpoints, numbers := in.Associations.side().ids()
		return strings.Contains(described[it.ItemID], q.get("engDescription")) && begins(endpoints, q.get("eepAeuiIds")) && begins(numbers, q.get("eepTns"))
	})
	if err != nil {
		return wire.Reply{}, err
	}
	found, links := cut(r, q, "/emergencyNotificationEndpointOrders", found, func(o store.Order) int64 { return o.Received })
	out := associationList{Links: links}
	for _, o := range found {
		shown, err := showAssociation(o, items[o.SID])
		if err != nil {
			return wire.Reply{}, err
		}
		out.Orders = append(out.Orders, shown)
	}
	return wire.OK(out), nil
}

// begins tells whether one of a list begins with a text, which is so where none is asked for.
func begins(list []string, prefix string) bool {
	return prefix == "" || slices.ContainsFunc(list, func(s string) bool { return strings.HasPrefix(s, prefix) })
}

// askOrders reads the query of a list of notification orders.
func askOrders(r *wire.Request) (query, error) {
	q, err := ask(r, "createdAfterDate", "createdByUser", "processingStatus", "customerOrderId", "engId", "engDescription", "eepTns", "eepAeuiIds")
	if err != nil {
		return q, err
	}
	switch s := q.get("processingStatus"); s {
	case "", store.OrderFailed, store.OrderCompleted, store.OrderProcessing:
		return q, nil
	default:
		return q, unsupported("processingStatus", s, "FAILED, COMPLETED, PROCESSING")
	}
}

// notifyOrders returns the orders of a kind that meet a query, with their items by order.
func notifyOrders(t *store.Tx, r *wire.Request, q query, kind string, meets func(store.OrderItem) bool) ([]store.Order, map[string][]store.OrderItem, error) {
	all, err := store.Find[store.Order](t, store.Query{Account: r.Account, Where: []store.Cond{{Column: "kind", Op: store.Equal, Value: kind}}})
	if err != nil {
		return nil, nil, err
	}
	var found []store.Order
	items := map[string][]store.OrderItem{}
	for _, o := range all {
		if !q.allows("createdByUser", o.UpdatedBy) || !q.allows("processingStatus", o.Status) || !q.allows("customerOrderId", o.CustomerOrderID) {
			continue
		}
		list, err := itemsOf(t, o)
		if err != nil {
			return nil, nil, err
		}
		if len(list) == 1 && q.allows("engId", list[0].ItemID) && meets(list[0]) {
			found, items[o.SID] = append(found, o), list
		}
	}
	return found, items, nil
}
