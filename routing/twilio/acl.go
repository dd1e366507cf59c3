package twilio

import (
	"callbox/routing/directory/store"
	"callbox/routing/twilio/rest"
)

// The codes of IP access control lists in the provider's dictionary.
const (
	codeACL       = 21235
	codeACLMapped = 21236
	codeACLFull   = 21237
	codeACLsFull  = 21255

	maxACLs       = 1000 // of an account
	maxACLEntries = 100  // of a list

	aclPath = "/2010-04-01/Accounts/{AccountSid}/SIP/IpAccessControlLists"
)

// aclBody is an access control list as answers show it.
type aclBody struct {
	SID             string              `json:"sid"`
	AccountSID      string              `json:"account_sid"`
	FriendlyName    string              `json:"friendly_name"`
	DateCreated     rest.Stamp          `json:"date_created"`
	DateUpdated     rest.Stamp          `json:"date_updated"`
	SubresourceURIs map[string]rest.URI `json:"subresource_uris"`
	URI             rest.URI            `json:"uri"`
}

func showACL(l store.ACL) aclBody {
	uri := rest.URI("/2010-04-01/Accounts/" + l.AccountSID + "/SIP/IpAccessControlLists/" + l.SID)
	return aclBody{
		SID: l.SID, AccountSID: l.AccountSID, FriendlyName: l.FriendlyName,
		DateCreated: rest.Stamp(l.Created), DateUpdated: rest.Stamp(l.Updated),
		SubresourceURIs: map[string]rest.URI{"ip_addresses": uri + "/IpAddresses"}, URI: uri,
	}
}

func acls() table[store.ACL, aclBody] {
	return table[store.ACL, aclBody]{
		key: "ip_access_control_lists", list: "SipIpAccessControlLists", item: "SipIpAccessControlList",
		id: func(l store.ACL) int64 { return l.ID }, under: inAccount, show: each(showACL),
	}
}

func (a *api) routeACLs(m *rest.Mux) {
	lists := acls()
	m.Handle("GET", aclPath, lists.page(a))
	m.Handle("POST", aclPath, lists.create(a, newACL))
	m.Handle("GET", aclPath+"/{Sid}", lists.fetch(a))
	m.Handle("POST", aclPath+"/{Sid}", lists.update(a, renameACL))
	m.Handle("DELETE", aclPath+"/{Sid}", lists.remove(a, func(t *store.Tx, _ *rest.Request, l store.ACL) error {
		return unmapped(t, codeACLMapped, "IP access control list", l.SID)
	}))
}

// aclForm is what a client may set of an access control list.
type aclForm struct {
	FriendlyName string `form:"FriendlyName" rule:"required,max=255,code=21235"`
}

func newACL(t *store.Tx, r *rest.Request) (l store.ACL, err error) {
	l.AccountSID = r.Var("AccountSid")
	if err := renameACL(t, r, &l); err != nil {
		return l, err
	}
	return l, room[store.ACL](t, store.Query{Account: l.AccountSID}, maxACLs, codeACLsFull, "IP access control lists", "account")
}

func renameACL(t *store.Tx, r *rest.Request, l *store.ACL) error {
	var f aclForm
	if err := r.Decode(&f); err != nil {
		return err
	}
	l.FriendlyName = f.FriendlyName
	return free[store.ACL](t, store.Query{Account: l.AccountSID}, codeACL, "FriendlyName",
		store.Cond{Column: "friendly_name", Op: store.Equal, Value: f.FriendlyName}, l.SID)
}
