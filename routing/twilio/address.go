package twilio

import (
	"net/http"
	"strings"

	"golang.org/x/text/language"

	"callbox/routing/directory/store"
	"callbox/routing/twilio/rest"
)

// The provider's codes for addresses.
const (
	codeAddress          = 21238 // a parameter of an address is missing or wrong
	codeAddressUnknown   = 21628 // it cannot be validated
	codeAddressSuggested = 21629 // a similar one can
)

const maxEmergencyName = 32 // characters of the friendly name of an address for emergencies

// addressBody is an address as answers show it.
type addressBody struct {
	AccountSID       string     `json:"account_sid"`
	City             string     `json:"city"`
	CustomerName     string     `json:"customer_name"`
	DateCreated      rest.Stamp `json:"date_created"`
	DateUpdated      rest.Stamp `json:"date_updated"`
	EmergencyEnabled bool       `json:"emergency_enabled"`
	FriendlyName     rest.Null  `json:"friendly_name"`
	IsoCountry       string     `json:"iso_country"`
	PostalCode       string     `json:"postal_code"`
	Region           string     `json:"region"`
	SID              string     `json:"sid"`
	Street           string     `json:"street"`
	StreetSecondary  rest.Null  `json:"street_secondary"`
	Validated        bool       `json:"validated"`
	Verified         bool       `json:"verified"`
	URI              rest.URI   `json:"uri"`
}

func showAddress(a store.Address) addressBody {
	return addressBody{
		AccountSID: a.AccountSID, City: a.City, CustomerName: a.CustomerName,
		DateCreated: rest.Stamp(a.Created), DateUpdated: rest.Stamp(a.Updated),
		EmergencyEnabled: a.EmergencyEnabled, FriendlyName: rest.Null(a.FriendlyName), IsoCountry: a.IsoCountry,
		PostalCode: a.PostalCode, Region: a.Region, SID: a.SID, Street: a.Street, StreetSecondary: rest.Null(a.StreetSecondary),
		Validated: a.Validated, Verified: a.Verified, URI: accountURI(a.AccountSID) + rest.URI("/Addresses/"+a.SID),
	}
}

// newAddressForm is what it takes to create an address.
type newAddressForm struct {
	CustomerName string `form:"CustomerName" rule:"required,max=128,code=21238"`
	Street       string `form:"Street" rule:"required,max=128,code=21238"`
	City         string `form:"City" rule:"required,max=64,code=21238"`
	Region       string `form:"Region" rule:"required,max=64,code=21238"`
	PostalCode   string `form:"PostalCode" rule:"required,max=16,code=21238"`
	IsoCountry   string `form:"IsoCountry" rule:"required,code=21238"`
}

// addressForm is what may be given of an address besides, or on its update.
type addressForm struct {
	FriendlyName     *string `form:"FriendlyName" rule:"max=64,code=20002"`
	CustomerName     *string `form:"CustomerName" rule:"max=128,code=21238"`
	Street           *string `form:"Street" rule:"max=128,code=21238"`
	StreetSecondary  *string `form:"StreetSecondary" rule:"max=64,code=21238"`
	City             *string `form:"City" rule:"max=64,code=21238"`
	Region           *string `form:"Region" rule:"max=64,code=21238"`
	PostalCode       *string `form:"PostalCode" rule:"max=16,code=21238"`
	IsoCountry       *string `form:"IsoCountry" rule:"code=21238"`
	EmergencyEnabled *bool   `form:"EmergencyEnabled" rule:"code=21238"`
	AutoCorrect      *bool   `form:"AutoCorrectAddress" rule:"code=21238"`
}

// apply puts what a client set into an address.
func (f *addressForm) apply(row *store.Address) error {
	for _, field := range []struct {
		name  string
		given *string
	}{
		{"CustomerName", f.CustomerName}, {"Street", f.Street}, {"City", f.City}, {"Region", f.Region}, {"PostalCode", f.PostalCode},
	} {
		if err := filled(codeAddress, field.name, field.given); err != nil {
			return err
		}
	}
	set(&row.FriendlyName, f.FriendlyName)
	set(&row.CustomerName, f.CustomerName)
	set(&row.Street, f.Street)
	set(&row.StreetSecondary, f.StreetSecondary)
	set(&row.City, f.City)
	set(&row.Region, f.Region)
	set(&row.PostalCode, f.PostalCode)
	set(&row.EmergencyEnabled, f.EmergencyEnabled)
	return nil
}

// correct tells whether a near match of the guide may take the place of what the client wrote.
func (f *addressForm) correct() bool { return f.AutoCorrect == nil || *f.AutoCorrect }

// addresses adds the routes.
func (a *api) addresses(m *rest.Mux) {
	all := table[store.Address, addressBody]{
		key: "addresses", list: "Addresses", item: "Address",
		id: func(row store.Address) int64 { return row.ID }, under: inAccount, show: each(showAddress),
	}
	listed := all
	listed.under, listed.sparse = addressFilter, true
	const list, one = "/2010-04-01/Accounts/{AccountSid}/Addresses", "/2010-04-01/Accounts/{AccountSid}/Addresses/{Sid}"
	m.Handle(http.MethodGet, list, listed.page(a))
	m.Handle(http.MethodPost, list, all.create(a, a.newAddress))
	m.Handle(http.MethodGet, one, all.fetch(a))
	m.Handle(http.MethodPost, one, all.update(a, a.changeAddress))
	m.Handle(http.MethodDelete, one, all.remove(a, unusedAddress))
}

// addressFilter reads the filters of a list.
func addressFilter(_ *store.Tx, r *rest.Request) (store.Query, error) {
	var f struct {
		CustomerName     *string `form:"CustomerName"`
		FriendlyName     *string `form:"FriendlyName"`
		IsoCountry       *string `form:"IsoCountry"`
		EmergencyEnabled *bool   `form:"EmergencyEnabled"`
	}
	q := store.Query{Account: r.Var("AccountSid")}
	if err := r.Decode(&f); err != nil {
		return q, err
	}
	if f.IsoCountry != nil {
		*f.IsoCountry = strings.ToUpper(*f.IsoCountry)
	}
	q.Where = append(equal("customer_name", f.CustomerName), equal("friendly_name", f.FriendlyName)...)
	q.Where = append(q.Where, equal("iso_country", f.IsoCountry)...)
	if f.EmergencyEnabled != nil {
		q.Where = append(q.Where, store.Cond{Column: "emergency_enabled", Op: store.Equal, Value: *f.EmergencyEnabled})
	}
	return q, nil
}

// newAddress reads a new address. One that is meant for emergencies is checked against the guide.
func (a *api) newAddress(_ *store.Tx, r *rest.Request) (store.Address, error) {
	var needed newAddressForm
	var in addressForm
	row := store.Address{Common: store.Common{AccountSID: r.Var("AccountSid")}}
	if err := r.Decode(&needed); err != nil {
		return row, err
	}
	if err := r.Decode(&in); err != nil {
		return row, err
	}
	country, ok := country(needed.IsoCountry)
	if !ok {
		return row, rest.Invalid(codeAddress, "IsoCountry", "it must be a country's two letters of ISO 3166-1, such as US")
	}
	row.IsoCountry = country
	if err := in.apply(&row); err != nil {
		return row, err
	}
	return row, a.check(&row, in.correct())
}

// country returns a country's code in capitals, false for what is none.
func country(s string) (string, bool) {
	if len(s) != 2 {
		return "", false
	}
	region, err := language.ParseRegion(s)
	return region.String(), err == nil && region.IsCountry() && strings.EqualFold(region.String(), s)
}

// changeAddress changes an address. While a number uses it for emergencies only its friendly name can change: what
// a call centre was told must stay what the API shows. EmergencyEnabled=true has one checked again that is not validated.
func (a *api) changeAddress(t *store.Tx, r *rest.Request, row *store.Address) error {
	var in addressForm
	if err := r.Decode(&in); err != nil {
		return err
	}
	if in.IsoCountry != nil && !strings.EqualFold(*in.IsoCountry, row.IsoCountry) {
		return rest.Invalid(codeAddress, "IsoCountry", "the country of an address cannot be changed; create another address")
	}
	before := *row
	if err := in.apply(row); err != nil {
		return err
	}
	named := before
	named.FriendlyName = row.FriendlyName
	users, err := usersOf(t, before, "emergency_address_sid")
	switch {
	case err != nil:
		return err
	case *row == named && (row.Validated || in.EmergencyEnabled == nil || len(users) > 0):
		return emergencyName(*row)
	case len(users) > 0:
		return inUse(users[0], "changed")
	}
	row.Verified = false
	return a.check(row, in.correct())
}

// unusedAddress lets an address be deleted that no number refers to.
func unusedAddress(t *store.Tx, _ *rest.Request, row store.Address) error {
	users, err := usersOf(t, row, "emergency_address_sid")
	switch {
	case err != nil:
		return err
	case len(users) > 0:
		return inUse(users[0], "deleted")
	}
	users, err = usersOf(t, row, "address_sid")
	if err != nil || len(users) == 0 {
		return err
	}
	return rest.Conflict("The address cannot be deleted: it is the AddressSid of " + users[0].PhoneNumber)
}

// inUse refuses to touch the address that a number has for emergencies, or is about to have no more.
func inUse(n store.Number, what string) error {
	return rest.Conflict("The address cannot be " + what + ": it is the emergency address of " + n.PhoneNumber + " (" + n.SID +
		"), which is " + n.EmergencyAddressStatus + ". Disassociate it from every number and wait for unregistered")
}

// usersOf returns one number that refers to an address, if there is one.
func usersOf(t *store.Tx, row store.Address, column string) ([]store.Number, error) {
	q := store.Where(column, row.SID)
	q.Limit = 1
	return store.Find[store.Number](t, q)
}
