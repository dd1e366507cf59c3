package twilio

import (
	"net/netip"
	"strings"

	"callbox/routing/directory/store"
	"callbox/routing/twilio/rest"
)

const aclEntryPath = aclPath + "/{ListSid}/IpAddresses"

// aclEntryBody is an address of an access control list as answers show it.
type aclEntryBody struct {
	SID              string     `json:"sid"`
	AccountSID       string     `json:"account_sid"`
	FriendlyName     string     `json:"friendly_name"`
	IPAddress        string     `json:"ip_address"`
	CIDRPrefixLength int        `json:"cidr_prefix_length"`
	ListSID          string     `json:"ip_access_control_list_sid"`
	DateCreated      rest.Stamp `json:"date_created"`
	DateUpdated      rest.Stamp `json:"date_updated"`
	URI              rest.URI   `json:"uri"`
}

func showACLEntry(e store.ACLEntry) aclEntryBody {
	return aclEntryBody{
		SID: e.SID, AccountSID: e.AccountSID, FriendlyName: e.FriendlyName,
		IPAddress: e.IPAddress, CIDRPrefixLength: e.CIDRPrefixLength, ListSID: e.ListSID,
		DateCreated: rest.Stamp(e.Created), DateUpdated: rest.Stamp(e.Updated),
		URI: rest.URI("/2010-04-01/Accounts/" + e.AccountSID + "/SIP/IpAccessControlLists/" + e.ListSID + "/IpAddresses/" + e.SID),
	}
}

func aclEntries() table[store.ACLEntry, aclEntryBody] {
	return table[store.ACLEntry, aclEntryBody]{
		key: "ip_addresses", list: "SipIpAddresses", item: "SipIpAddress",
		id: func(e store.ACLEntry) int64 { return e.ID }, under: underList[store.ACL], show: each(showACLEntry),
	}
}

func (a *api) routeACLEntries(m *rest.Mux) {
	entries := aclEntries()
	m.Handle("GET", aclEntryPath, entries.page(a))
	m.Handle("POST", aclEntryPath, entries.create(a, newACLEntry))
	m.Handle("GET", aclEntryPath+"/{Sid}", entries.fetch(a))
	m.Handle("POST", aclEntryPath+"/{Sid}", entries.update(a, changeACLEntry))
	m.Handle("DELETE", aclEntryPath+"/{Sid}", entries.remove(a, nil))
}

// underList is the under of a list's members: its list must be there.
func underList[L store.Row](t *store.Tx, r *rest.Request) (q store.Query, err error) {
	account, list := r.Var("AccountSid"), r.Var("ListSid")
	if _, err = store.Get[L](t, account, list); err != nil {
		return q, err
	}
	q = store.Where("list_sid", list)
	q.Account = account
	return q, nil
}

// aclEntryForm is what a client may set of an address.
type aclEntryForm struct {
	FriendlyName     *string `form:"FriendlyName" rule:"max=255,code=21235"`
	IPAddress        *string `form:"IpAddress" rule:"max=64,code=21235"`
	CIDRPrefixLength *int    `form:"CidrPrefixLength" rule:"min=1,max=128,code=21235"`
}

func newACLEntry(t *store.Tx, r *rest.Request) (e store.ACLEntry, err error) {
	e.AccountSID, e.ListSID = r.Var("AccountSid"), r.Var("ListSid")
	q, err := underList[store.ACL](t, r)
	if err != nil {
		return e, err
	}
	if err := changeACLEntry(t, r, &e); err != nil {
		return e, err
	}
	return e, room[store.ACLEntry](t, q, maxACLEntries, codeACLFull, "IP addresses", "list")
}

// changeACLEntry takes what a client sets of a new address, where name and address are required, or of an old one.
func changeACLEntry(t *store.Tx, r *rest.Request, e *store.ACLEntry) error {
	var f aclEntryForm
	if err := r.Decode(&f); err != nil {
		return err
	}
	was, _ := netip.ParseAddr(e.IPAddress)
	set(&e.FriendlyName, f.FriendlyName)
	set(&e.IPAddress, f.IPAddress)
	switch {
	case strings.TrimSpace(e.FriendlyName) == "":
		return rest.Missing(codeACL, "FriendlyName")
	case e.IPAddress == "":
		return rest.Missing(codeACL, "IpAddress")
	}
	address, err := ipAddress(e.IPAddress)
	if err != nil {
		return rest.Invalid(codeACL, "IpAddress", "%s", err)
	}
	e.IPAddress = address.String()
	switch {
	case f.CIDRPrefixLength != nil:
		e.CIDRPrefixLength = *f.CIDRPrefixLength
	case was.BitLen() != address.BitLen(): // new, or the length is one of the other family
		e.CIDRPrefixLength = address.BitLen()
	}
	if err := checkPrefixLength(address, e.CIDRPrefixLength); err != nil {
		return rest.Invalid(codeACL, "CidrPrefixLength", "%s", err)
	}
	inList := store.Where("list_sid", e.ListSID)
	if err := free[store.ACLEntry](t, inList, codeACL, "FriendlyName",
		store.Cond{Column: "friendly_name", Op: store.Equal, Value: e.FriendlyName}, e.SID); err != nil {
		return err
	}
	inList.Where = append(inList.Where, store.Cond{Column: "cidr_prefix_length", Op: store.Equal, Value: e.CIDRPrefixLength})
	return free[store.ACLEntry](t, inList, codeACL, "IpAddress",
		store.Cond{Column: "ip_address", Op: store.Equal, Value: e.IPAddress}, e.SID)
}
