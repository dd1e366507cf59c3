package bandwidth

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"callbox/routing/bandwidth/order"
	"callbox/routing/bandwidth/wire"
	"callbox/routing/directory/store"
)

// KindGroup is the kind of the orders of notification groups in the store.
const KindGroup = "ENG"

// The provider's codes for notification groups.
const (
	codeNoGroupID       = 8079
	codeTold            = 8080 // by another group
	codeNoRecipient     = 8081
	codeRecipients      = 8082 // too few or too many
	codeGroupIDNeeded   = 8083
	codeGroupAction     = 8085
	codeRecipientsAdded = 8086
	codeNoGroup         = 8087
	codeGroupText       = 8088
	codeRecipientNeeded = 8089
	codeGroupInUse      = 8100
	codeNoChange        = 8101
	codeNotTold         = 8102
	codeAddAndDelete    = 8103
)

// maxRecipients is how many a group tells at most.
const maxRecipients = 3

// groupChange is what an order makes of a group.
type groupChange struct {
	Identifier  wire.Text   `xml:"Identifier,omitempty"`
	Description *wire.Text  `xml:"Description"`
	Added       *recipients `xml:"AddedEmergencyNotificationRecipients"`
	Deleted     *recipients `xml:"DeletedEmergencyNotificationRecipients"`
}

type recipients struct {
	List []recipient `xml:"EmergencyNotificationRecipient"`
}

// groupOrder is an order of a notification group.
type groupOrder struct {
	XMLName         xml.Name     `json:"-"`
	OrderID         string       `xml:"OrderId,omitempty" json:"-"`
	Created         string       `xml:"OrderCreatedDate,omitempty" json:"-"`
	CreatedBy       string       `xml:"CreatedBy,omitempty" json:"-"`
	Status          string       `xml:"ProcessingStatus,omitempty" json:"-"`
	CustomerOrderID *wire.Text   `xml:"CustomerOrderId" json:"-"`
	Added           *groupChange `xml:"AddedEmergencyNotificationGroup"`
	Modified        *groupChange `xml:"ModifiedEmergencyNotificationGroup"`
	Updated         *groupChange `xml:"UpdatedEmergencyNotificationGroup" json:"-"` // Modified in answers, where it is of the description alone
	Deleted         *groupChange `xml:"DeletedEmergencyNotificationGroup"`
	Errors          *errorList   `xml:"ErrorList" json:"-"`
}

// errorList is why an order of groups or associations failed; empty for one that did not.
type errorList struct {
	Errors []orderError `xml:"Error"`
}

// change is the group that the order is about.
func (o *groupOrder) change() *groupChange {
	switch {
	case o.Added != nil:
		return o.Added
	case o.Modified != nil:
		return o.Modified
	}
	return o.Deleted
}

// newGroupOrder takes an order of a group. What the store already tells that it cannot be is refused at once.
func (a *api) newGroupOrder(t *store.Tx, r *wire.Request) (wire.Reply, error) {
	var in groupOrder
	if err := r.Read(&in, "EmergencyNotificationGroupOrder"); err != nil {
		return wire.Reply{}, err
	}
	if in.Modified == nil {
		in.Modified = in.Updated
	}
	if err := in.check(value(in.CustomerOrderID)); err != nil {
		return wire.Reply{}, err
	}
	if in.Added != nil {
		in.Added.Identifier = wire.Text(newUUID())
	}
	if err := in.possible(t, r.Account); err != nil {
		return wire.Reply{}, err
	}
	o, items, err := a.notifyOrder(t, r, KindGroup, value(in.CustomerOrderID), string(in.change().Identifier), in)
	if err != nil {
		return wire.Reply{}, err
	}
	shown, err := showGroupOrder(o, items)
	shown.XMLName.Local = "EmergencyNotificationGroupOrderResponse"
	return wire.Created(r.Base+"/emergencyNotificationGroupOrders/"+o.UUID(), shown), err
}

// notifyOrder inserts an order of one item, which begins at once.
func (a *api) notifyOrder(t *store.Tx, r *wire.Request, kind, customerID, id string, body any) (store.Order, []store.OrderItem, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return store.Order{}, nil, fmt.Errorf("keep an order: %w", err)
	}
	now := a.o.Now()
	o := store.Order{
		Common: store.Common{AccountSID: r.Account}, Kind: kind, CustomerOrderID: customerID, Status: store.OrderProcessing,
		Due: now.Add(a.o.Delays.Processing).UnixMilli(), UpdatedBy: r.Principal.Name, Total: 1, Received: now.UnixMilli(), Processing: now.UnixMilli(),
	}
	items := []store.OrderItem{{Action: kind, ItemID: id, Body: string(text)}}
	return o, items, insertOrder(t, &o, items)
}

// check refuses an order that says too little, too much, or what cannot be.
func (o *groupOrder) check(customerID string) error {
	n := 0
	for _, c := range []*groupChange{o.Added, o.Modified, o.Deleted} {
		if c != nil {
			n++
		}
	}
	switch {
	case utf8.RuneCountInString(customerID) > maxCustomerID:
		return wire.Bad(codeTooLong, "The CustomerOrderId is invalid. Max allowed length %d characters.", maxCustomerID)
	case n != 1:
		return wire.Bad(codeGroupAction, `Order payload must include one of "AddedEmergencyNotificationGroup", "DeletedEmergencyNotificationGroup", or "ModifiedEmergencyNotificationGroup".`)
	}
	c := o.change()
	switch {
	case o.Added == nil && c.Identifier == "":
		return wire.Bad(codeGroupIDNeeded, "Emergency Notification Group Identifier must be present and non-empty")
	case o.Deleted != nil:
		return nil
	case (o.Added != nil || c.Description != nil) && value(c.Description) == "":
		return wire.Bad(codeGroupText, "Emergency Notification Group Description must be present and non-empty")
	case utf8.RuneCountInString(value(c.Description)) > maxDescription:
		return wire.Bad(codeTooLong, "The Description is invalid. Max allowed length %d characters.", maxDescription)
	case o.Added != nil && c.Added == nil:
		return wire.Bad(codeRecipientsAdded, `When creating an emergency notification group, "AddedEmergencyNotificationRecipients" must be included to indicate that emergency notification recipients are being added.`)
	case c.Added != nil && c.Deleted != nil:
		return wire.Bad(codeAddAndDelete, "Update of ENG supports added ENRs or deleted ENRs, but not both.")
	case c.Added == nil && c.Deleted == nil && c.Description == nil:
		return wire.Bad(codeNoChange, "Update of ENG did not specify any of: new description, added ENRs, or deleted ENRs.")
	}
	return c.checkRecipients()
}

const wantRecipients = "An Emergency Notification Group must have 1, 2, or 3 Emergency Notification Recipients."

func (c *groupChange) checkRecipients() error {
	for _, list := range []*recipients{c.Added, c.Deleted} {
		if list == nil {
			continue
		}
		if n := len(list.List); n < 1 || n > maxRecipients {
			return wire.Bad(codeRecipients, wantRecipients)
		}
		seen := map[wire.Text]bool{}
		for _, e := range list.List {
			if e.Identifier == "" || seen[e.Identifier] {
				return wire.Bad(codeRecipientNeeded, "Emergency Notification Recipient Identifier must be present and non-empty, and no one twice")
			}
			seen[e.Identifier] = true
		}
	}
	return nil
}

// possible refuses what the store's rows do not let be.
func (o *groupOrder) possible(t *store.Tx, account string) error {
	c := o.change()
	var told []string // by the group now
	if o.Added == nil {
		g, err := store.ByID[store.Group](t, account, string(c.Identifier))
		if errors.Is(err, store.ErrNotFound) {
			return wire.Bad(codeNoGroup, "ENG Identifier %.60s does not exist.", c.Identifier)
		}
		if err != nil {
			return err
		}
		members, err := store.Members(t, []store.Group{g})
		if err != nil {
			return err
		}
		if told = members[g.SID].Recipients; o.Deleted != nil {
			if len(members[g.SID].Endpoints) > 0 {
				return wire.Conflict(codeGroupInUse, "ENG %s cannot be removed until emergency endpoint associations are removed.", c.Identifier)
			}
			return nil
		}
	}
	added, err := c.Added.rows(t, account)
	if err != nil {
		return err
	}
	deleted, err := c.Deleted.rows(t, account)
	if err != nil {
		return err
	}
	n := len(told) - len(deleted)
	for _, row := range added {
		if slices.Contains(told, row.RecipientID) {
			continue
		}
		other, err := groupTelling(t, row)
		if err != nil {
			return err
		}
		if other != nil {
			return wire.Conflict(codeTold, "The Emergency Notification Recipient with identifier %s is already associated with Emergency Notification Group with identifier %s.", row.RecipientID, other.GroupID)
		}
		n++
	}
	for _, row := range deleted {
		if !slices.Contains(told, row.RecipientID) {
			return wire.Conflict(codeNotTold, "Emergency notification %s is not assigned to Emergency notification group %s.", row.RecipientID, c.Identifier)
		}
	}
	if n < 1 || n > maxRecipients {
		return wire.Conflict(codeRecipients, wantRecipients)
	}
	return nil
}

// rows are the recipients that a list names.
func (l *recipients) rows(t *store.Tx, account string) ([]store.Recipient, error) {
	if l == nil {
		return nil, nil
	}
	var rows []store.Recipient
	for _, e := range l.List {
		row, err := store.ByID[store.Recipient](t, account, string(e.Identifier))
		if errors.Is(err, store.ErrNotFound) {
			return nil, wire.Conflict(codeNoRecipient, "Emergency Notification Recipient Identifier %.60s does not exist.", e.Identifier)
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// applyGroup brings about an order of a group.
func (a *Orders) applyGroup(t *store.Tx, o *store.Order, at time.Time) error {
	var in groupOrder
	return applyOne(t, o, at, &in, func() error {
		if err := in.possible(t, o.AccountSID); err != nil {
			return err
		}
		return in.apply(t, o)
	})
}

// applyOne does the one item of an order: what it is refused for then fails it and changes nothing.
func applyOne(t *store.Tx, o *store.Order, at time.Time, into any, do func() error) error {
	items, err := itemsOf(t, *o)
	if err != nil {
		return err
	}
	if len(items) != 1 {
		return fmt.Errorf("an order of %d items", len(items))
	}
	it := &items[0]
	if err := json.Unmarshal([]byte(it.Body), into); err != nil {
		return fmt.Errorf("read an order: %w", err)
	}
	var refused *wire.Error
	switch err := do(); {
	case errors.As(err, &refused):
		it.Status, it.ErrorCode, it.Error, o.Invalid = store.ItemError, strconv.Itoa(refused.Code), refused.Description, 1
	case err != nil:
		return err
	default:
		it.Status, o.Accepted = store.ItemSuccess, 1
	}
	order.Close(o, at)
	return store.Save(t, it)
}

func (o *groupOrder) apply(t *store.Tx, by *store.Order) error {
	c := o.change()
	g := store.Group{Common: store.Common{AccountSID: by.AccountSID}, GroupID: string(c.Identifier)}
	var err error
	if o.Added == nil {
		if g, err = store.ByID[store.Group](t, by.AccountSID, string(c.Identifier)); err != nil {
			return err
		}
	}
	if o.Deleted != nil {
		return store.Delete(t, &g)
	}
	if g.UpdatedBy = by.UpdatedBy; c.Description != nil {
		g.Description = value(c.Description)
	}
	if o.Added != nil {
		err = store.Insert(t, &g)
	} else {
		err = store.Save(t, &g)
	}
	if err != nil {
		return err
	}
	added, err := c.Added.rows(t, by.AccountSID)
	if err != nil {
		return err
	}
	deleted, err := c.Deleted.rows(t, by.AccountSID)
	if err != nil {
		return err
	}
	if err := store.Tell(t, g, added); err != nil {
		return err
	}
	return store.StopTelling(t, g, deleted)
}
