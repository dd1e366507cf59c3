package twilio

import (
	"callbox/routing/directory/store"
	"callbox/routing/twilio/rest"
)

// sip adds the routes below SIP and those of trunking.
func (a *api) sip(m *rest.Mux) {
	a.routeACLs(m)
	a.routeACLEntries(m)
	a.routeCredentialLists(m)
	a.routeCredentials(m)
	a.routeDomains(m)
	a.routeMappings(m)
	a.routeTrunks(m)
	a.routeRecording(m)
	a.routeOriginationURLs(m)
	a.routeTrunkNumbers(m)
}

// domainHosts is what names of domains look like in the network in force.
func (a *api) domainHosts() hostRule {
	r := hostRule{kind: "sip"}
	if a.o.Network != nil {
		r.extra = a.o.Network().DomainSuffixes()
	}
	return r
}

// trunkHosts is what names of trunks look like in the network in force.
func (a *api) trunkHosts() hostRule {
	r := hostRule{kind: "pstn"}
	if a.o.Network != nil {
		r.extra = a.o.Network().TrunkSuffixes()
	}
	return r
}

// ownAccount is the account for what is made below a path that names none: that of who asks, or, for a key that opens
// every account, the only one there is.
func (a *api) ownAccount(t *store.Tx, r *rest.Request) (string, error) {
	if r.Principal.AccountSID != "" {
		return r.Principal.AccountSID, nil
	}
	if name := r.Principal.Name; rest.ValidSID("AC", name) {
		_, err := store.Get[store.Account](t, "", name)
		if missing(err) {
			return "", rest.Forbidden("There is no account " + name + " to write to")
		}
		return name, err
	}
	accounts, err := store.Find[store.Account](t, store.Query{Limit: 2})
	if err != nil {
		return "", err
	}
	if len(accounts) != 1 {
		return "", rest.Forbidden("This key opens every account: authenticate with the SID of the one to write to")
	}
	return accounts[0].SID, nil
}
