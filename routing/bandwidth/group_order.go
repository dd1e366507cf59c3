package bandwidth

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"

	"callbox/routing/bandwidth/wire"
	"callbox/routing/directory/store"
)

// showGroupOrder writes an order of a group.
func showGroupOrder(o store.Order, items []store.OrderItem) (groupOrder, error) {
	shown := groupOrder{}
	errs := &errorList{}
	for _, it := range items {
		if err := json.Unmarshal([]byte(it.Body), &shown); err != nil {
			return shown, fmt.Errorf("read an item of order %s: %w", o.SID, err)
		}
		if it.Status == store.ItemError {
			errs.Errors = append(errs.Errors, orderError{it.ErrorCode, it.Error})
		}
	}
	if m := shown.Modified; m != nil && m.Added == nil && m.Deleted == nil {
		shown.Updated, shown.Modified = m, nil
	}
	shown.XMLName.Local = "EmergencyNotificationGroupOrder"
	shown.OrderID, shown.Created, shown.CreatedBy = o.UUID(), wire.Time(o.Received), o.UpdatedBy
	shown.Status, shown.CustomerOrderID, shown.Errors = o.Status, some(o.CustomerOrderID), errs
	return shown, nil
}

func (a *api) fetchGroupOrder(t *store.Tx, r *wire.Request) (wire.Reply, error) {
	o, items, err := orderOf(t, r.Account, KindGroup, r.PathValue("orderId"))
	if err != nil {
		return wire.Reply{}, err
	}
	shown, err := showGroupOrder(o, items)
	if err == nil {
		err = shown.detail(t, r.Account)
	}
	shown.XMLName.Local = "EmergencyNotificationGroupOrderResponse"
	return wire.OK(shown), err
}

type groupOrderList struct {
	XMLName xml.Name     `xml:"EmergencyNotificationGroupOrderResponse"`
	Links   wire.Links   `xml:"Links"`
	Orders  []groupOrder `xml:"EmergencyNotificationGroupOrders>EmergencyNotificationGroupOrder"`
}

// listGroupOrders lists orders of groups, the newest first.
func (a *api) listGroupOrders(t *store.Tx, r *wire.Request) (wire.Reply, error) {
	q, err := askOrders(r)
	if err != nil {
		return wire.Reply{}, err
	}
	found, items, err := notifyOrders(t, r, q, KindGroup, func(it store.OrderItem) bool {
		var in groupOrder
		if json.Unmarshal([]byte(it.Body), &in) != nil || in.change() == nil {
			return false
		}
		return strings.Contains(value(in.change().Description), q.get("engDescription")) && q.get("eepTns") == "" && q.get("eepAeuiIds") == ""
	})
	if err != nil {
		return wire.Reply{}, err
	}
	found, links := cut(r, q, "/emergencyNotificationGroupOrders", found, func(o store.Order) int64 { return o.Received })
	out := groupOrderList{Links: links}
	for _, o := range found {
		shown, err := showGroupOrder(o, items[o.SID])
		if err != nil {
			return wire.Reply{}, err
		}
		if err := shown.detail(t, r.Account); err != nil {
			return wire.Reply{}, err
		}
		out.Orders = append(out.Orders, shown)
	}
	return wire.OK(out), nil
}

// detail shows the recipients that an order added as they are now, those that are still there.
func (o *groupOrder) detail(t *store.Tx, account string) error {
	c := o.change()
	if c == nil || c.Added == nil {
		return nil
	}
	for i := range c.Added.List {
		row, err := store.ByID[store.Recipient](t, account, string(c.Added.List[i].Identifier))
		if ignore(err) != nil {
			return err
		}
		if err == nil {
			shown := recipientShown(row)
			shown.Created, shown.Modified, shown.ModifiedBy = "", "", ""
			c.Added.List[i] = shown
		}
	}
	return nil
}
