package directory

import (
	"strings"
	"unicode"
)

func (b *builder) buildACLs() {
	b.acls = make(map[string]*ACL)
	for i, f := range b.f.ACLs {
		if len(f.Networks) == 0 {
			b.bad(at("acls", i, ""), "ACL has no networks, so nothing would pass it", "add some, such as 192.0.2.0/24")
		}
		l := &ACL{SID: b.sid(at("acls", i, ".sid"), f.SID, sidACL, f.Name), Name: f.Name, Networks: f.Networks}
		if unique(b, b.acls, at("acls", i, ".name"), f.Name, "ACL") {
			b.acls[f.Name] = l
		}
	}
}

func (b *builder) buildLists() {
	b.lists = make(map[string]*CredentialList)
	for i, f := range b.f.Credentials {
		l := &CredentialList{
			SID:  b.sid(at("credential_lists", i, ".sid"), f.SID, sidCredentials, f.Name),
			Name: f.Name, users: make(map[string]*Secret),
		}
		if len(f.Users) == 0 {
			b.bad(at("credential_lists", i, ""), "credential list has no users, so nobody would pass it", "add one with user and password")
		}
		for j, u := range f.Users {
			b.user(l, at("credential_lists", i, at(".users", j, "")), u)
		}
		if unique(b, b.lists, at("credential_lists", i, ".name"), f.Name, "credential list") {
			b.lists[f.Name] = l
		}
	}
}

// user holds a digest user to the provider's rules.
func (b *builder) user(l *CredentialList, path string, u fileUser) {
	if len(u.User) > 32 || strings.ContainsFunc(u.User, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
		b.bad(path+".user", "is not a user name", "write up to 32 printable ASCII characters without spaces, quotes and backslashes")
	}
	p := string(u.Password)
	if len(p) < 12 || !strings.ContainsFunc(p, unicode.IsDigit) || !strings.ContainsFunc(p, unicode.IsUpper) ||
		!strings.ContainsFunc(p, unicode.IsLower) {
		b.bad(path+".password", "is too weak", "write at least 12 characters with a digit, a capital and a small letter")
	}
	if unique(b, l.users, path+".user", u.User, "user") {
		l.users[u.User] = &u.Password
	}
}

// access resolves what guards a domain or trunk. No mapping at all is allowed: such a host receives no traffic.
func (b *builder) access(path string, acls, lists []string) (a Access) {
	for i, name := range acls {
		if l, ok := b.acls[name]; ok {
			a.ACLs = append(a.ACLs, l)
		} else {
			b.bad(path+at(".acls", i, ""), "is not in acls", known(b.acls, "acls"))
		}
	}
	for i, name := range lists {
		if l, ok := b.lists[name]; ok {
			a.Credentials = append(a.Credentials, l)
		} else {
			b.bad(path+at(".credential_lists", i, ""), "is not in credential_lists", known(b.lists, "credential_lists"))
		}
	}
	return a
}

func (b *builder) buildDomains() {
	b.s.domainHosts = newHosts[*Domain]("sip", b.n.domainSuffixes)
	for i, f := range b.f.Domains {
		path := at("domains", i, "")
		d := &Domain{
			SID:  b.sid(path+".sid", f.SID, sidDomain, strings.ToLower(f.Name)),
			Name: strings.ToLower(f.Name), Account: b.account(path, f.Account), Emergency: f.Emergency,
			CallerIDMode: f.CallerID.Mode, Registration: f.Registration, Secure: f.Secure,
			Access: b.access(path, f.ACLs, f.Credentials),
		}
		d.CallerID = b.callerID(path+".emergency_caller_id", f.CallerID, d)
		addHost(b, b.s.domainHosts, path+".name", f.Name, d)
		for j, alias := range f.Aliases {
			addHost(b, b.s.domainHosts, path+at(".aliases", j, ""), alias, d)
		}
		b.s.domains = append(b.s.domains, d)
	}
}

func (b *builder) buildTrunks() {
	b.s.trunkHosts = newHosts[*Trunk]("pstn", b.n.trunkSuffixes)
	for i, f := range b.f.Trunks {
		path := at("trunks", i, "")
		t := &Trunk{
			SID:  b.sid(path+".sid", f.SID, sidTrunk, strings.ToLower(f.Name)),
			Name: strings.ToLower(f.Name), Account: b.account(path, f.Account), Secure: f.Secure,
			Access: b.access(path, f.ACLs, f.Credentials),
		}
		b.trunkHost(path+".name", f.Name, t)
		for j, alias := range f.Aliases {
			b.trunkHost(path+at(".aliases", j, ""), alias, t)
		}
		b.s.trunks = append(b.s.trunks, t)
	}
}

// trunkHost keeps a trunk from taking a domain's host: calls would reach the domain only.
func (b *builder) trunkHost(path, host string, t *Trunk) {
	if _, taken := b.s.domainHosts.find(host); taken {
		b.bad(path, "is the host of a domain already", "give the trunk its own")
		return
	}
	addHost(b, b.s.trunkHosts, path, host, t)
}

func addHost[T any](b *builder, h hosts[T], path, host string, v T) {
	lower := strings.ToLower(strings.Trim(host, "[]"))
	switch {
	case !validHost(lower):
		b.bad(path, "is not a host name or address", "write the host of the SIP URI, such as lab.sip.us1.twilio.com")
	case !h.add(lower, v):
		b.bad(path, "is taken already, as written or at another region", "give each host to one domain or trunk")
	}
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
func (b *builder) callerID(path string, f fileCallerID, d *Domain) *Number {
	if f.Number == "" {
		if b.doc.Has(path) {
			b.bad(path, "Emergency Caller ID has no number", "write number, or remove the section")
		}
		return nil
	}
	n, ok := b.s.byNumber[f.Number]
	switch {
	case !ok:
		b.bad(path+".number", "is not in numbers", "add it to numbers")
	case apart(n.Account, d.Account):
		b.bad(path+".number", "belongs to another account", "write a number of the domain's account")
	case !n.Registered():
		b.bad(path+".number", "has no registered emergency address", "register one, or write a number that has one")
	}
	return n
}
