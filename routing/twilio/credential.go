package twilio

import (
	"callbox/routing/directory"
	"callbox/routing/directory/store"
	"callbox/routing/twilio/rest"
)

// The codes of credential lists in the provider's dictionary.
const (
	codeListsFull       = 21239
	codeCredentialList  = 21240
	codeListMapped      = 21241
	codeCredentialsFull = 21242
	codeCredential      = 21243

	maxCredentialLists = 100  // of an account
	maxCredentials     = 1000 // of a list

	credentialListPath = "/2010-04-01/Accounts/{AccountSid}/SIP/CredentialLists"
	credentialPath     = credentialListPath + "/{ListSid}/Credentials"
)

// credentialListBody is a credential list as answers show it.
type credentialListBody struct {
	AccountSID      string              `json:"account_sid"`
	DateCreated     rest.Stamp          `json:"date_created"`
	DateUpdated     rest.Stamp          `json:"date_updated"`
	FriendlyName    string              `json:"friendly_name"`
	SID             string              `json:"sid"`
	SubresourceURIs map[string]rest.URI `json:"subresource_uris"`
	URI             rest.URI            `json:"uri"`
}

func showCredentialList(l store.CredentialList) credentialListBody {
	uri := rest.URI("/2010-04-01/Accounts/" + l.AccountSID + "/SIP/CredentialLists/" + l.SID)
	return credentialListBody{
		AccountSID: l.AccountSID, DateCreated: rest.Stamp(l.Created), DateUpdated: rest.Stamp(l.Updated),
		FriendlyName: l.FriendlyName, SID: l.SID,
		SubresourceURIs: map[string]rest.URI{"credentials": uri + "/Credentials"}, URI: uri,
	}
}

func credentialLists() table[store.CredentialList, credentialListBody] {
	return table[store.CredentialList, credentialListBody]{
		key: "credential_lists", list: "SipCredentialLists", item: "SipCredentialList",
		id: func(l store.CredentialList) int64 { return l.ID }, under: inAccount, show: each(showCredentialList),
	}
}

func (a *api) routeCredentialLists(m *rest.Mux) {
	lists := credentialLists()
	m.Handle("GET", credentialListPath, lists.page(a))
	m.Handle("POST", credentialListPath, lists.create(a, newCredentialList))
	m.Handle("GET", credentialListPath+"/{Sid}", lists.fetch(a))
	m.Handle("POST", credentialListPath+"/{Sid}", lists.update(a, renameCredentialList))
	m.Handle("DELETE", credentialListPath+"/{Sid}", lists.remove(a,
		func(t *store.Tx, _ *rest.Request, l store.CredentialList) error {
			return unmapped(t, codeListMapped, "credential list", l.SID)
		}))
}

// credentialListForm is what a client may set of a credential list.
type credentialListForm struct {
	FriendlyName string `form:"FriendlyName" rule:"required,max=64,code=21240"`
}

func newCredentialList(t *store.Tx, r *rest.Request) (l store.CredentialList, err error) {
	l.AccountSID = r.Var("AccountSid")
	if err := renameCredentialList(t, r, &l); err != nil {
		return l, err
	}
	return l, room[store.CredentialList](t, store.Query{Account: l.AccountSID}, maxCredentialLists, codeListsFull,
		"credential lists", "account")
}

func renameCredentialList(t *store.Tx, r *rest.Request, l *store.CredentialList) error {
	var f credentialListForm
	if err := r.Decode(&f); err != nil {
		return err
	}
	l.FriendlyName = f.FriendlyName
	return free[store.CredentialList](t, store.Query{Account: l.AccountSID}, codeCredentialList, "FriendlyName",
		store.Cond{Column: "friendly_name", Op: store.Equal, Value: f.FriendlyName}, l.SID)
}

// credentialBody is a user as answers show it: without any trace of the password.
type credentialBody struct {
	SID               string     `json:"sid"`
	AccountSID        string     `json:"account_sid"`
	CredentialListSID string     `json:"credential_list_sid"`
	Username          string     `json:"username"`
	DateCreated       rest.Stamp `json:"date_created"`
	DateUpdated       rest.Stamp `json:"date_updated"`
	URI               rest.URI   `json:"uri"`
}

func showCredential(c store.Credential) credentialBody {
	return credentialBody{
		SID: c.SID, AccountSID: c.AccountSID, CredentialListSID: c.ListSID, Username: c.Username,
		DateCreated: rest.Stamp(c.Created), DateUpdated: rest.Stamp(c.Updated),
		URI: rest.URI("/2010-04-01/Accounts/" + c.AccountSID + "/SIP/CredentialLists/" + c.ListSID + "/Credentials/" + c.SID),
	}
}

// setPassword keeps the hashes of a password that is strong enough. There is nothing else from which it could be had back.
func setPassword(c *store.Credential, password string) error {
	if err := checkPassword(password); err != nil {
		return rest.Invalid(codeCredential, "Password", "%s", err)
	}
	ha1 := directory.MakeHA1(c.Username, directory.Secret(password))
	c.HA1MD5, c.HA1SHA256 = ha1.MD5, ha1.SHA256
	return nil
}

func credentials() table[store.Credential, credentialBody] {
	return table[store.Credential, credentialBody]{
		key: "credentials", list: "SipCredentials", item: "SipCredential",
		id: func(c store.Credential) int64 { return c.ID }, under: underList[store.CredentialList], show: each(showCredential),
	}
}

func (a *api) routeCredentials(m *rest.Mux) {
	users := credentials()
	m.Handle("GET", credentialPath, users.page(a))
	m.Handle("POST", credentialPath, users.create(a, newCredential))
	m.Handle("GET", credentialPath+"/{Sid}", users.fetch(a))
	m.Handle("POST", credentialPath+"/{Sid}", users.update(a, changeCredential))
	m.Handle("DELETE", credentialPath+"/{Sid}", users.remove(a, nil))
}

func newCredential(t *store.Tx, r *rest.Request) (c store.Credential, err error) {
	var f struct {
		Username string `form:"Username" rule:"required,code=21243"`
		Password string `form:"Password" rule:"required,code=21243"`
	}
	c.AccountSID, c.ListSID = r.Var("AccountSid"), r.Var("ListSid")
	q, err := underList[store.CredentialList](t, r)
	if err != nil {
		return c, err
	}
	if err := r.Decode(&f); err != nil {
		return c, err
	}
	if err := checkUsername(f.Username); err != nil {
		return c, rest.Invalid(codeCredential, "Username", "%s", err)
	}
	c.Username = f.Username
	if err := setPassword(&c, f.Password); err != nil {
		return c, err
	}
	if err := free[store.Credential](t, q, codeCredential, "Username",
		store.Cond{Column: "username", Op: store.Equal, Value: f.Username}, ""); err != nil {
		return c, err
	}
	return c, room[store.Credential](t, q, maxCredentials, codeCredentialsFull, "credentials", "list")
}

// changeCredential takes a new password. The name of a user stays as it is, as the provider has it.
func changeCredential(_ *store.Tx, r *rest.Request, c *store.Credential) error {
	var f struct {
		Password *string `form:"Password" rule:"code=21243"`
	}
	if err := r.Decode(&f); err != nil || f.Password == nil {
		return err
	}
	return setPassword(c, *f.Password)
}
