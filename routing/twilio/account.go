package twilio

import (
	"net/http"

	"callbox/routing/directory/store"
	"callbox/routing/twilio/rest"
)

// The provider's codes for accounts.
const (
	codeFriendlyName = 20002 // it is too long; of whatever resource
	codeParentStatus = 21477 // the status of an account that is nobody's subaccount cannot change
	codeForeign      = 21473 // a number is to go to an account that has nothing to do with its own
)

// accountBody is an account as answers show it. Its token is null: the edge keeps no token that it could show.
type accountBody struct {
	AuthToken       rest.Null           `json:"auth_token"`
	DateCreated     rest.Stamp          `json:"date_created"`
	DateUpdated     rest.Stamp          `json:"date_updated"`
	FriendlyName    string              `json:"friendly_name"`
	OwnerAccountSID string              `json:"owner_account_sid"`
	SID             string              `json:"sid"`
	Status          string              `json:"status"`
	SubresourceURIs map[string]rest.URI `json:"subresource_uris"`
	Type            string              `json:"type"`
	URI             rest.URI            `json:"uri"`
}

func showAccount(a store.Account) accountBody {
	uri := accountURI(a.SID)
	return accountBody{
		DateCreated: rest.Stamp(a.Created), DateUpdated: rest.Stamp(a.Updated), FriendlyName: a.FriendlyName,
		OwnerAccountSID: a.SID, SID: a.SID, Status: a.Status, Type: "Full", URI: uri,
		SubresourceURIs: map[string]rest.URI{
			"addresses": uri + "/Addresses", "calls": uri + "/Calls", "incoming_phone_numbers": uri + "/IncomingPhoneNumbers",
			"sip": uri + "/SIP", "usage": uri + "/Usage",
		},
	}
}

// accountForm is what a client may set of an account.
type accountForm struct {
	FriendlyName *string `form:"FriendlyName" rule:"max=64,code=20002"`
	Status       *string `form:"Status" rule:"enum=active|suspended|closed,code=21475"`
}

func (f *accountForm) apply(row *store.Account) error {
	if f.Status != nil && *f.Status != row.Status {
		return rest.Invalid(codeParentStatus, "Status",
			"accounts here are %s and stay so: there is nothing that would keep a %s one from placing calls", row.Status, *f.Status)
	}
	set(&row.FriendlyName, f.FriendlyName)
	return nil
}

// accounts adds the routes.
func (a *api) accounts(m *rest.Mux) {
	all := table[store.Account, accountBody]{
		key: "accounts", list: "Accounts", item: "Account",
		id: func(row store.Account) int64 { return row.ID }, under: ownAccounts, show: each(showAccount),
	}
	m.Handle(http.MethodGet, "/2010-04-01/Accounts", all.page(a))
	m.Handle(http.MethodPost, "/2010-04-01/Accounts", all.create(a, newAccount))
	m.Handle(http.MethodGet, "/2010-04-01/Accounts/{Sid}", all.fetch(a))
	m.Handle(http.MethodPost, "/2010-04-01/Accounts/{Sid}", all.update(a,
		func(_ *store.Tx, r *rest.Request, row *store.Account) error {
			var in accountForm
			if err := r.Decode(&in); err != nil {
				return err
			}
			return in.apply(row)
		}))
}

// ownAccounts is every account for who may touch any, else the one of who asks.
func ownAccounts(_ *store.Tx, r *rest.Request) (q store.Query, err error) {
	if sid := r.Var("Sid"); sid != "" && r.Principal.AccountSID != "" && sid != r.Principal.AccountSID {
		return q, rest.Unauthenticated()
	}
	q.Account = r.Principal.AccountSID
	if r.Var("Sid") != "" || r.Method != http.MethodGet {
		return q, nil
	}
	var filter accountForm
	if err := r.Decode(&filter); err != nil {
		return q, err
	}
	q.Where = append(equal("friendly_name", filter.FriendlyName), equal("status", filter.Status)...)
	return q, nil
}

func newAccount(_ *store.Tx, r *rest.Request) (store.Account, error) {
	row := store.Account{Status: "active"}
	if r.Principal.AccountSID != "" {
		return row, rest.Forbidden("An account cannot create others here: use a key that is not bound to one")
	}
	var in accountForm
	if err := r.Decode(&in); err != nil {
		return row, err
	}
	if err := in.apply(&row); err != nil {
		return row, err
	}
	if row.FriendlyName == "" {
		row.FriendlyName = "SubAccount"
	}
	return row, nil
}

// equal is the condition of a list's filter, none where the filter is absent or empty.
func equal(column string, value *string) []store.Cond {
	if value == nil || *value == "" {
		return nil
	}
	return []store.Cond{{Column: column, Op: store.Equal, Value: *value}}
}
