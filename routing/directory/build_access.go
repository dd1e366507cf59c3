package directory

import (
	"strings"
	"unicode"
)

func (b *builder) buildACLs() {
	b.acls = make(map[string]string)
	for i, f := range b.f.ACLs {
		if len(f.Networks) == 0 {
			b.bad(at("acls", i, ""), "ACL has no networks, so nothing would pass it", "add some, such as 192.0.2.0/24")
		}
		r := ACLRecord{
			SID: b.sid(at("acls", i, ".sid"), f.SID, sidACL, f.Name), AccountSID: b.firstAccount(),
			Name: f.Name, Networks: f.Networks,
		}
		if claim(b, b.acls, at("acls", i, ".name"), f.Name, "ACL") {
			b.acls[f.Name] = r.SID
			b.out.Customers.ACLs = append(b.out.Customers.ACLs, r)
		}
	}
}

func (b *builder) buildLists() {
	b.lists = make(map[string]string)
	for i, f := range b.f.Credentials {
		r := CredentialListRecord{
			SID: b.sid(at("credential_lists", i, ".sid"), f.SID, sidCredentials, f.Name), AccountSID: b.firstAccount(), Name: f.Name,
		}
		if len(f.Users) == 0 {
			b.bad(at("credential_lists", i, ""), "credential list has no users, so nobody would pass it", "add one with user and password")
		}
		users := make(map[string]bool)
		for j, u := range f.Users {
			path := at("credential_lists", i, at(".users", j, ""))
			b.user(path, u)
			if claim(b, users, path+".user", u.User, "user") {
				users[u.User] = true
				sid := makeSID(sidCredential, f.Name+" "+u.User) // no user has a space
				b.sids[sid] = taken{path, true}
				r.Users = append(r.Users, UserRecord{SID: sid, Name: u.User, HA1: MakeHA1(u.User, u.Password)})
			}
		}
		if claim(b, b.lists, at("credential_lists", i, ".name"), f.Name, "credential list") {
			b.lists[f.Name] = r.SID
			b.out.Customers.CredentialLists = append(b.out.Customers.CredentialLists, r)
		}
	}
}

// user holds a digest user to the provider's rules.
func (b *builder) user(path string, u fileUser) {
	if len(u.User) > 32 || strings.ContainsFunc(u.User, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
		b.bad(path+".user", "is not a user name", "write up to 32 printable ASCII characters without spaces, quotes and backslashes")
	}
	p := string(u.Password)
	if len(p) < 12 || !strings.ContainsFunc(p, unicode.IsDigit) || !strings.ContainsFunc(p, unicode.IsUpper) ||
		!strings.ContainsFunc(p, unicode.IsLower) {
		b.bad(path+".password", "is too weak", "write at least 12 characters with a digit, a capital and a small letter")
	}
}

// mapped resolves the names of what guards a domain or trunk to SIDs. No mapping at all is allowed: such a host receives
// no traffic.
func (b *builder) mapped(path string, names []string, all map[string]string) (sids []string) {
	section := path[strings.LastIndexByte(path, '.')+1:]
	for i, name := range names {
		if sid, ok := all[name]; ok {
			sids = append(sids, sid)
		} else {
			b.bad(at(path, i, ""), "is not in "+section, known(all, section))
		}
	}
	return sids
}

func (b *builder) buildDomains() {
	b.domains, b.domainHosts = make(map[string]owned), newHosts[string]("sip", b.n.domainSuffixes)
	for i, f := range b.f.Domains {
		path, name := at("domains", i, ""), strings.ToLower(f.Name)
		r := DomainRecord{
			SID: b.sid(path+".sid", f.SID, sidDomain, name), AccountSID: b.account(path, f.Account), Name: name,
			Emergency: f.Emergency, CallerIDMode: f.CallerID.Mode, Registration: f.Registration, Secure: f.Secure,
			ACLs: b.mapped(path+".acls", f.ACLs, b.acls), Credentials: b.mapped(path+".credential_lists", f.Credentials, b.lists),
			Settings: f.Settings,
		}
		checkSettings(f.Settings, path+".", b.doc, &b.problems)
		if r.Registration {
			r.RegistrationCredentials = r.Credentials
		}
		r.CallerID = b.callerID(path+".emergency_caller_id", f.CallerID, r.AccountSID)
		addHost(b, b.domainHosts, path+".name", f.Name, r.SID)
		for j, alias := range f.Aliases {
			r.Aliases = append(r.Aliases, addHost(b, b.domainHosts, path+at(".aliases", j, ""), alias, r.SID))
		}
		b.domains[name] = owned{r.SID, r.AccountSID}
		b.out.Customers.Domains = append(b.out.Customers.Domains, r)
	}
}

func (b *builder) buildTrunks() {
	b.trunks, b.trunkHosts = make(map[string]owned), newHosts[string]("pstn", b.n.trunkSuffixes)
	for i, f := range b.f.Trunks {
		path, name := at("trunks", i, ""), strings.ToLower(f.Name)
		r := TrunkRecord{
			SID: b.sid(path+".sid", f.SID, sidTrunk, name), AccountSID: b.account(path, f.Account), Name: name, Secure: f.Secure,
			ACLs: b.mapped(path+".acls", f.ACLs, b.acls), Credentials: b.mapped(path+".credential_lists", f.Credentials, b.lists),
			Settings: f.Settings,
		}
		checkSettings(f.Settings, path+".", b.doc, &b.problems)
		b.trunkHost(path+".name", f.Name, r.SID)
		for j, alias := range f.Aliases {
			r.Aliases = append(r.Aliases, b.trunkHost(path+at(".aliases", j, ""), alias, r.SID))
		}
		b.trunks[name] = owned{r.SID, r.AccountSID}
		b.out.Customers.Trunks = append(b.out.Customers.Trunks, r)
	}
}

// trunkHost keeps a trunk from taking a domain's host: calls would reach the domain only.
func (b *builder) trunkHost(path, host, sid string) string {
	if _, taken := b.domainHosts.find(host); taken {
		b.bad(path, "is the host of a domain already", "give the trunk its own")
		return ""
	}
	return addHost(b, b.trunkHosts, path, host, sid)
}

// addHost takes a host and returns it as it is looked up.
func addHost(b *builder, h hosts[string], path, host, sid string) string {
	lower := bareHost(host)
	switch {
	case !validHost(lower):
		b.bad(path, "is not a host name or address", "write the host of the SIP URI, such as lab.sip.us1.twilio.com")
	case !h.add(lower, sid):
		b.bad(path, "is taken already, as written or at another region", "give each host to one domain or trunk")
	}
	return lower
}

func (b *builder) suffixes(path string, list []string) []string {
	out := make([]string, 0, len(list))
	for i, s := range list {
		s = strings.ToLower(strings.Trim(s, "."))
		if !validHost(s) {
			b.bad(at(path, i, ""), "is not a host name", "write what follows the name, such as sip.lab.example")
			continue
		}
		out = append(out, s)
	}
	return out
}

// callerID resolves a domain's Emergency Caller ID: a number of the same account with a registered address.
func (b *builder) callerID(path string, f fileCallerID, account string) string {
	if f.Number == "" {
		if b.doc.Has(path) {
			b.bad(path, "Emergency Caller ID has no number", "write number, or remove the section")
		}
		return ""
	}
	n, ok := b.byNumber[f.Number]
	switch {
	case !ok:
		b.bad(path+".number", "is not in numbers", "add it to numbers")
	case apart(n.AccountSID, account):
		b.bad(path+".number", "belongs to another account", "write a number of the domain's account")
	case n.Address == nil || n.Status != StatusRegistered:
		b.bad(path+".number", "has no registered emergency address", "register one, or write a number that has one")
	}
	return f.Number
}
