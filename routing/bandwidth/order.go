package bandwidth

import (
	"encoding/xml"

	"callbox/routing/bandwidth/wire"
	"callbox/routing/directory/store"
)

// KindE911 is the kind of the orders of locations and endpoints in the store.
const KindE911 = "E911"

// The actions of an order's items in the store.
const (
	actionFrame          = "FRAME" // what the order says above its lists; nothing is done for it
	actionAddLocation    = "ADD_LOCATION"
	actionEditLocation   = "EDIT_LOCATION"
	actionDeleteLocation = "DELETE_LOCATION"
	actionAddEndpoint    = "ADD_ENDPOINT"
	actionEditEndpoint   = "EDIT_ENDPOINT"
	actionDeleteEndpoint = "DELETE_ENDPOINT"
)

// The statuses of an order as the API names them, where the store has another word.
const (
	statusComplete = "COMPLETE"
	statusAdjusted = "ADJUSTED_COMPLETE"
)

// endpoint is an alternate end user identifier as the API writes it.
type endpoint struct {
	Identifier        *wire.Text  `xml:"Identifier" json:",omitempty"`
	CallbackNumber    *wire.Text  `xml:"CallbackNumber" json:",omitempty"`
	PIDFLOEnabled     *wire.Text  `xml:"PIDFLOEnabled" json:",omitempty"`
	CallerName        *wire.Text  `xml:"CallerName" json:",omitempty"`
	PreferredLanguage *wire.Text  `xml:"PreferredLanguage" json:",omitempty"`
	LocationID        *wire.Text  `xml:"LocationId" json:",omitempty"`
	Address           *Address    `xml:"Address" json:",omitempty"`
	E911              *e911       `xml:"E911" json:"-"`
	Group             *groupShown `xml:"EmergencyNotificationGroup" json:"-"`
}

// e911 is what a fetch of one endpoint shows of its emergency service.
type e911 struct {
	CallerName *wire.Text  `xml:"CallerName"`
	Address    *Address    `xml:"Address"`
	Group      *groupShown `xml:"EmergencyNotificationGroup"`
}

// groupShown is how others show a notification group.
type groupShown struct {
	Identifier  string `xml:"Identifier"`
	Description string `xml:"Description,omitempty"`
}

// e911Order is an order of locations or endpoints.
type e911Order struct {
	XMLName         xml.Name     `xml:"E911Order"`
	CustomerOrderID *wire.Text   `xml:"CustomerOrderId"`
	Created         string       `xml:"OrderCreateDate,omitempty"`
	AccountID       string       `xml:"AccountId,omitempty"`
	CreatedBy       string       `xml:"CreatedByUser,omitempty"`
	OrderID         string       `xml:"OrderId,omitempty"`
	Modified        string       `xml:"LastModifiedDate,omitempty"`
	Status          string       `xml:"ProcessingStatus,omitempty"`
	Telephones      []wire.Text  `xml:"TelephoneNumbers>TelephoneNumber"`
	CallerName      *wire.Text   `xml:"CallerName"`
	Address         *Address     `xml:"Address"`
	Endpoints       []endpoint   `xml:"AlternateEndUserIdentifiers>AlternateEndUserIdentifier"`
	Additional      []Address    `xml:"AdditionalAddresses>Address"`
	Delete          *wire.Text   `xml:"DeleteTNSpecificE911Address"`
	ToDelete        []wire.Text  `xml:"AddressesToDelete>E911LocationId"`
	EndpointsToEdit []endpoint   `xml:"EndpointsToEdit>AlternateEndUserIdentifier"`
	AddressesToEdit []Address    `xml:"AddressesToEdit>Address"`
	Errors          *orderErrors `xml:"ErrorList"`
	OrderType       string       `xml:"OrderType,omitempty"`
}

// MarshalXML writes an order without the lists that it does not have, whose elements encoding/xml would write empty.
func (o e911Order) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	start.Name = xml.Name{Local: "E911Order"}
	return e.EncodeElement(struct {
		CustomerOrderID *wire.Text   `xml:"CustomerOrderId"`
		Created         string       `xml:"OrderCreateDate"`
		AccountID       string       `xml:"AccountId"`
		CreatedBy       string       `xml:"CreatedByUser"`
		OrderID         string       `xml:"OrderId"`
		Modified        string       `xml:"LastModifiedDate"`
		Status          string       `xml:"ProcessingStatus"`
		CallerName      *wire.Text   `xml:"CallerName"`
		Address         *Address     `xml:"Address"`
		Endpoints       *[]endpoint  `xml:"AlternateEndUserIdentifiers>AlternateEndUserIdentifier"`
		Additional      *[]Address   `xml:"AdditionalAddresses>Address"`
		Delete          *wire.Text   `xml:"DeleteTNSpecificE911Address"`
		ToDelete        *[]wire.Text `xml:"AddressesToDelete>E911LocationId"`
		EndpointsToEdit *[]endpoint  `xml:"EndpointsToEdit>AlternateEndUserIdentifier"`
		AddressesToEdit *[]Address   `xml:"AddressesToEdit>Address"`
		Errors          *orderErrors `xml:"ErrorList"`
		OrderType       string       `xml:"OrderType"`
	}{
		o.CustomerOrderID, o.Created, o.AccountID, o.CreatedBy, o.OrderID, o.Modified, o.Status, o.CallerName, o.Address,
		filled(o.Endpoints), filled(o.Additional), o.Delete, filled(o.ToDelete), filled(o.EndpointsToEdit), filled(o.AddressesToEdit),
		o.Errors, o.OrderType,
	}, start)
}

// filled is a list, nil for an empty one.
func filled[T any](list []T) *[]T {
	if len(list) == 0 {
		return nil
	}
	return &list
}

// orderErrors are what went wrong with an order: in general, with endpoints and with addresses.
type orderErrors struct {
	General   []orderError    `xml:"Error"`
	Endpoints []endpointError `xml:"AEUIError"`
	Addresses []addressError  `xml:"E911AddressError"`
}

type orderError struct {
	Code        string `xml:"Code"`
	Description string `xml:"Description"`
}

type endpointError struct {
	Endpoints   []endpoint `xml:"AlternateEndUserIdentifiers>AlternateEndUserIdentifier"`
	Code        string     `xml:"Code"`
	Description string     `xml:"Description"`
}

type addressError struct {
	Addresses   []Address `xml:"Addresses>Address"`
	Code        string    `xml:"Code"`
	Description string    `xml:"Description"`
}

// add notes an error of an endpoint or an address.
func (l *orderErrors) add(p *endpoint, a *Address, code, why string) {
	switch {
	case p != nil:
		l.Endpoints = append(l.Endpoints, endpointError{[]endpoint{*p}, code, why})
	case a != nil:
		l.Addresses = append(l.Addresses, addressError{[]Address{*a}, code, why})
	default:
		l.General = append(l.General, orderError{code, why})
	}
}

// orderResponse answers a POST.
type orderResponse struct {
	XMLName xml.Name  `xml:"E911OrderResponse"`
	Order   e911Order `xml:"E911Order"`
}

// frame is what the store keeps of an order besides its items.
type frame struct {
	CallerName *wire.Text `json:",omitempty"`
	Address    *Address   `json:",omitempty"`
	Delete     bool       `json:",omitempty"`
}

// shownStatus is the API's word for the status of an order.
func shownStatus(o store.Order) string {
	switch {
	case o.Status != store.OrderCompleted:
		return o.Status
	case o.Adjusted > 0:
		return statusAdjusted
	}
	return statusComplete
}
