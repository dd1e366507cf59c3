package twilio

import (
	"fmt"
	"strings"

	"callbox/routing/directory/store"
	"callbox/routing/twilio/rest"
)

// mapping is a resource that guards domains or trunks with lists of one kind. What it shows of a mapping is B; its SID is
// the list's.
type mapping[B any] struct {
	path            string
	owner           func(a *api, t *store.Tx, r *rest.Request) (account, sid string, err error) // the domain or trunk
	use, kind       string
	code            int // for what is wrong with a new mapping
	key, list, item string
	show            func(r *rest.Request, m store.Mapping, name string) B
}

// routeMappings sets the routes of all mappings. The older ones of a domain and those below Auth/Calls are the same rows.
func (a *api) routeMappings(m *rest.Mux) {
	const domain = domainPath + "/{DomainSid}"
	for _, k := range []mapping[domainMappingBody]{
		{path: domain + "/CredentialListMappings", kind: store.KindCredentials,
			key: "credential_list_mappings", list: "SipCredentialListMappings", item: "SipCredentialListMapping"},
		{path: domain + "/IpAccessControlListMappings", kind: store.KindACL,
			key: "ip_access_control_list_mappings", list: "SipIpAccessControlListMappings", item: "SipIpAccessControlListMapping"},
	} {
		k.owner, k.use, k.code, k.show = domainOf, store.UseCalls, codeDomain, showDomainMapping
		k.route(a, m)
	}
	for _, k := range []mapping[authMappingBody]{
		{path: domain + "/Auth/Calls/CredentialListMappings", use: store.UseCalls, kind: store.KindCredentials},
		{path: domain + "/Auth/Calls/IpAccessControlListMappings", use: store.UseCalls, kind: store.KindACL},
		{path: domain + "/Auth/Registrations/CredentialListMappings", use: store.UseRegistrations, kind: store.KindCredentials},
	} {
		k.owner, k.code, k.show = domainOf, codeDomain, showAuthMapping
		k.key, k.list, k.item = "contents", "Contents", "Content"
		k.route(a, m)
	}
	for _, k := range []mapping[trunkMappingBody]{
		{path: trunkPath + "/{TrunkSid}/CredentialLists", kind: store.KindCredentials, key: "credential_lists"},
		{path: trunkPath + "/{TrunkSid}/IpAccessControlLists", kind: store.KindACL, key: "ip_access_control_lists"},
	} {
		k.owner, k.use, k.code, k.show = trunkOf, store.UseCalls, codeTrunk, showTrunkMapping
		k.route(a, m)
	}
}

func (k mapping[B]) route(a *api, m *rest.Mux) {
	rows := table[store.Mapping, B]{
		key: k.key, list: k.list, item: k.item, column: "list_sid", id: func(m store.Mapping) int64 { return m.ID },
		under: func(t *store.Tx, r *rest.Request) (store.Query, error) {
			account, sid, err := k.owner(a, t, r)
			return store.Query{Account: account, Where: []store.Cond{
				{Column: "parent_sid", Op: store.Equal, Value: sid},
				{Column: "use", Op: store.Equal, Value: k.use},
				{Column: "kind", Op: store.Equal, Value: k.kind},
			}}, err
		},
		show: func(t *store.Tx, r *rest.Request, rows []store.Mapping) ([]B, error) {
			shown := make([]B, len(rows))
			for i, m := range rows {
				name, err := listName(t, m.AccountSID, m.Kind, m.ListSID)
				if err != nil {
					return nil, err
				}
				shown[i] = k.show(r, m, name)
			}
			return shown, nil
		},
	}
	m.Handle("GET", k.path, rows.page(a))
	m.Handle("POST", k.path, rows.create(a, func(t *store.Tx, r *rest.Request) (store.Mapping, error) { return k.make(a, t, r) }))
	m.Handle("GET", k.path+"/{Sid}", rows.fetch(a))
	m.Handle("DELETE", k.path+"/{Sid}", rows.remove(a, nil))
}

// make returns the mapping that a request asks for: of a list of the same account that is not mapped there yet.
func (k mapping[B]) make(a *api, t *store.Tx, r *rest.Request) (m store.Mapping, err error) {
	m = store.Mapping{Use: k.use, Kind: k.kind}
	if m.AccountSID, m.ParentSID, err = k.owner(a, t, r); err != nil {
		return m, err
	}
	var f struct {
		ACL         string `form:"IpAccessControlListSid"`
		Credentials string `form:"CredentialListSid"`
	}
	if err := r.Decode(&f); err != nil {
		return m, err
	}
	parameter, prefix := "CredentialListSid", "CL"
	m.ListSID = f.Credentials
	if k.kind == store.KindACL {
		parameter, prefix, m.ListSID = "IpAccessControlListSid", "AL", f.ACL
	}
	switch {
	case m.ListSID == "":
		return m, rest.Missing(k.code, parameter)
	case !rest.ValidSID(prefix, m.ListSID):
		return m, rest.Invalid(k.code, parameter, "it must be %s and 32 hexadecimal digits", prefix)
	}
	if _, err := listName(t, m.AccountSID, k.kind, m.ListSID); missing(err) {
		return m, rest.Invalid(k.code, parameter, "%s is not a list of this account", m.ListSID)
	} else if err != nil {
		return m, err
	}
	q := store.Where("parent_sid", m.ParentSID)
	q.Where = append(q.Where, store.Cond{Column: "use", Op: store.Equal, Value: k.use})
	return m, free[store.Mapping](t, q, k.code, parameter, store.Cond{Column: "list_sid", Op: store.Equal, Value: m.ListSID}, "")
}

// listName returns the name of a list of an account.
func listName(t *store.Tx, account, kind, sid string) (string, error) {
	if kind == store.KindACL {
		l, err := store.Get[store.ACL](t, account, sid)
		return l.FriendlyName, err
	}
	l, err := store.Get[store.CredentialList](t, account, sid)
	return l.FriendlyName, err
}

// domainOf is the owner of mappings of the domain in the path.
func domainOf(_ *api, t *store.Tx, r *rest.Request) (account, sid string, err error) {
	d, err := store.Get[store.Domain](t, r.Var("AccountSid"), r.Var("DomainSid"))
	return d.AccountSID, d.SID, err
}

// domainMappingBody is an older mapping as answers show it.
type domainMappingBody struct {
	AccountSID   string     `json:"account_sid"`
	DateCreated  rest.Stamp `json:"date_created"`
	DateUpdated  rest.Stamp `json:"date_updated"`
	DomainSID    string     `json:"domain_sid"`
	FriendlyName string     `json:"friendly_name"`
	SID          string     `json:"sid"`
	URI          rest.URI   `json:"uri"`
}

func showDomainMapping(_ *rest.Request, m store.Mapping, name string) domainMappingBody {
	resource := "/CredentialListMappings/"
	if m.Kind == store.KindACL {
		resource = "/IpAccessControlListMappings/"
	}
	return domainMappingBody{
		AccountSID: m.AccountSID, DateCreated: rest.Stamp(m.Created), DateUpdated: rest.Stamp(m.Updated),
		DomainSID: m.ParentSID, FriendlyName: name, SID: m.ListSID,
		URI: domainURI(m.AccountSID, m.ParentSID) + rest.URI(resource+m.ListSID),
	}
}

// authMappingBody is a mapping below Auth as answers show it.
type authMappingBody struct {
	AccountSID   string     `json:"account_sid"`
	DateCreated  rest.Stamp `json:"date_created"`
	DateUpdated  rest.Stamp `json:"date_updated"`
	FriendlyName string     `json:"friendly_name"`
	SID          string     `json:"sid"`
}

func showAuthMapping(_ *rest.Request, m store.Mapping, name string) authMappingBody {
	return authMappingBody{
		AccountSID: m.AccountSID, DateCreated: rest.Stamp(m.Created), DateUpdated: rest.Stamp(m.Updated),
		FriendlyName: name, SID: m.ListSID,
	}
}

// authTypes returns the kinds of lists that guard the calls of domains or trunks, in the provider's words and order.
func authTypes(t *store.Tx, sids []string) (map[string][]string, error) {
	mapped, err := store.Find[store.Mapping](t, store.Query{Where: []store.Cond{
		{Column: "parent_sid", Op: store.In, Value: sids}, {Column: "use", Op: store.Equal, Value: store.UseCalls},
	}})
	if err != nil {
		return nil, err
	}
	has := map[[2]string]bool{}
	for _, m := range mapped {
		has[[2]string{m.ParentSID, m.Kind}] = true
	}
	auth := make(map[string][]string, len(sids))
	for _, sid := range sids {
		auth[sid] = []string{}
		if has[[2]string{sid, store.KindACL}] {
			auth[sid] = append(auth[sid], "IP_ACL")
		}
		if has[[2]string{sid, store.KindCredentials}] {
			auth[sid] = append(auth[sid], "CREDENTIAL_LIST")
		}
	}
	return auth, nil
}

// unmapped refuses to let a list go that is mapped, and says where.
func unmapped(t *store.Tx, code int, what, sid string) error {
	mapped, err := store.Find[store.Mapping](t, store.Where("list_sid", sid))
	if err != nil || len(mapped) == 0 {
		return err
	}
	const most = 5
	var at []string
	for _, m := range mapped[:min(len(mapped), most)] {
		place, err := mappedAt(t, m)
		if err != nil {
			return err
		}
		at = append(at, place)
	}
	more := ""
	if n := len(mapped) - most; n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return rest.Bad(code, "The %s %s is mapped to %s%s: remove its mappings first", what, sid, strings.Join(at, ", "), more)
}

// mappedAt names what a mapping guards.
func mappedAt(t *store.Tx, m store.Mapping) (string, error) {
	if strings.HasPrefix(m.ParentSID, "TK") {
		k, err := store.Get[store.Trunk](t, "", m.ParentSID)
		return strings.TrimSpace("trunk " + m.ParentSID + " " + k.DomainName), err
	}
	d, err := store.Get[store.Domain](t, "", m.ParentSID)
	return "domain " + m.ParentSID + " " + d.DomainName + " for " + m.Use, err
}
