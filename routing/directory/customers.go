package directory

import (
	"fmt"
	"slices"

	"callbox/routing/numbering"
)

// customers is the customers' half but for the numbers, linked.
type customers struct {
	records     func() Customers // a function, into which fmt cannot look for hashes
	accounts    []*Account
	domains     []*Domain
	trunks      []*Trunk
	domainHosts hosts[*Domain]
	trunkHosts  hosts[*Trunk]
	emergency   map[string]*EmergencyNumber // by E.164
	groups      map[string][]Notification   // by SID
	byBandwidth map[string]*Account         // by BandwidthID
}

// linker builds customers from records.
type linker struct {
	c        *customers
	errs     []error
	accounts map[string]*Account
	acls     map[string]*ACL
	lists    map[string]*CredentialList
}

// link joins records to what they refer to. What refers to nothing is left out and reported; a guard that is not there
// lets nobody through, so that a host is never more open than its records say.
func link(r Customers, n *Network) (*customers, []error) {
	l := &linker{
		c: &customers{
			records:     func() Customers { return r },
			domainHosts: newHosts[*Domain]("sip", n.domainSuffixes), trunkHosts: newHosts[*Trunk]("pstn", n.trunkSuffixes),
			emergency: make(map[string]*EmergencyNumber), groups: make(map[string][]Notification),
			byBandwidth: make(map[string]*Account),
		},
		accounts: make(map[string]*Account), acls: make(map[string]*ACL), lists: make(map[string]*CredentialList),
	}
	for _, a := range r.Accounts {
		account := &Account{SID: shared(a.SID), Name: a.Name, BandwidthID: a.BandwidthID} // numbers have the same string, which compares faster
		if take(l, l.accounts, "account", a.SID, account) {
			l.c.accounts = append(l.c.accounts, account)
			if a.BandwidthID != "" {
				take(l, l.c.byBandwidth, "Bandwidth account", a.BandwidthID, account)
			}
		}
	}
	for _, a := range r.ACLs {
		take(l, l.acls, "ACL", a.SID, &ACL{SID: a.SID, Name: a.Name, Networks: slices.Clone(a.Networks)})
	}
	for _, list := range r.CredentialLists {
		take(l, l.lists, "credential list", list.SID, l.list(list))
	}
	for _, d := range r.Domains {
		l.domain(d)
	}
	for _, t := range r.Trunks {
		l.trunk(t)
	}
	for _, n := range r.EmergencyNumbers {
		l.emergency(n)
	}
	for _, g := range r.Groups {
		take(l, l.c.groups, "notification group", g.SID, g.Tell)
	}
	return l.c, l.errs
}

func (l *linker) bad(format string, args ...any) {
	l.errs = append(l.errs, fmt.Errorf(format, args...))
}

// take keeps v under its SID unless that is taken.
func take[T any](l *linker, all map[string]T, what, sid string, v T) bool {
	if _, twice := all[sid]; twice {
		l.bad("%s %s is there twice", what, sid)
		return false
	}
	all[sid] = v
	return true
}

func (l *linker) list(r CredentialListRecord) *CredentialList {
	out := &CredentialList{SID: r.SID, Name: r.Name, users: make(map[string]func() HA1, len(r.Users))}
	for _, u := range r.Users {
		if _, twice := out.users[u.Name]; twice {
			l.bad("credential list %s has the user %q twice", r.SID, u.Name)
			continue
		}
		out.users[u.Name] = func() HA1 { return u.HA1 }
	}
	return out
}

func (l *linker) domain(r DomainRecord) {
	what := "domain " + r.SID + " (" + r.Name + ")"
	account, ok := l.accounts[r.AccountSID]
	if !ok {
		l.bad("%s: account %s is not there", what, r.AccountSID)
		return
	}
	d := &Domain{
		SID: r.SID, Name: r.Name, Account: account, Emergency: r.Emergency, CallerID: r.CallerID, CallerIDMode: r.CallerIDMode,
		Registration: r.Registration, Registrars: credentials(l, what, r.RegistrationCredentials), Secure: r.Secure,
		Access: l.access(what, r.ACLs, r.Credentials), Settings: r.Settings.DomainDefaults(),
	}
	if host(l, l.c.domainHosts, what, r.Name, r.Aliases, d) {
		l.c.domains = append(l.c.domains, d)
	}
}

func (l *linker) trunk(r TrunkRecord) {
	what := "trunk " + r.SID + " (" + r.Name + ")"
	account, ok := l.accounts[r.AccountSID]
	if !ok {
		l.bad("%s: account %s is not there", what, r.AccountSID)
		return
	}
	t := &Trunk{
		SID: r.SID, Name: r.Name, Account: account, Secure: r.Secure,
		Access: l.access(what, r.ACLs, r.Credentials), Settings: r.Settings.TrunkDefaults(),
	}
	if host(l, l.c.trunkHosts, what, r.Name, r.Aliases, t) {
		l.c.trunks = append(l.c.trunks, t)
	}
}

func (l *linker) emergency(r EmergencyNumberRecord) {
	account, ok := l.accounts[r.AccountSID]
	switch {
	case !ok:
		l.bad("emergency number %.20q: account %s is not there", r.Number, r.AccountSID)
		return
	case !numbering.Valid(r.Number):
		l.bad("emergency number %.20q is not E.164", r.Number)
		return
	}
	if r.Timeout <= 0 {
		r.Timeout = DefaultHookTimeout
	}
	take(l, l.c.emergency, "emergency number", r.Number, &EmergencyNumber{EmergencyNumberRecord: r, Account: account})
}

// host takes the names of a domain or trunk. Without its own name it is left out.
func host[T any](l *linker, h hosts[T], what, name string, aliases []string, v T) bool {
	for i, name := range append([]string{name}, aliases...) {
		bare := bareHost(name)
		switch {
		case !validHost(bare):
			l.bad("%s: %q is not a host name or address", what, name)
		case !h.add(bare, v):
			l.bad("%s: the host %q is taken", what, name)
		default:
			continue
		}
		if i == 0 {
			return false
		}
	}
	return true
}

func (l *linker) access(what string, acls, lists []string) (a Access) {
	for _, sid := range acls {
		acl, ok := l.acls[sid]
		if !ok {
			l.bad("%s: ACL %s is not there", what, sid)
			acl = &ACL{SID: sid, Name: sid}
		}
		a.ACLs = append(a.ACLs, acl)
	}
	a.Credentials = credentials(l, what, lists)
	return a
}

func credentials(l *linker, what string, sids []string) (lists []*CredentialList) {
	for _, sid := range sids {
		list, ok := l.lists[sid]
		if !ok {
			l.bad("%s: credential list %s is not there", what, sid)
			list = &CredentialList{SID: sid, Name: sid}
		}
		lists = append(lists, list)
	}
	return lists
}
