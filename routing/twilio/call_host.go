package twilio

import (
	"strings"

	"callbox/routing/directory/store"
	"callbox/routing/twilio/rest"
	"callbox/sip/call"
)

// trunkHosts are the host names of an account's trunks, in lower case, with their SIDs. A name of the provider's form is
// kept by its first label: it has others for each region.
type trunkHosts map[string]string

// hosts reads the trunks of a request's account, which must be there.
func (a *api) hosts(r *rest.Request) (trunkHosts, error) {
	hosts := trunkHosts{}
	err := a.o.Store.View(r.Context(), func(t *store.Tx) error {
		account := r.Var("AccountSid")
		if _, err := store.Get[store.Account](t, "", account); err != nil {
			return err
		}
		trunks, err := store.Find[store.Trunk](t, store.Query{Account: account})
		for _, trunk := range trunks {
			for _, name := range append(strings.Fields(trunk.Aliases), trunk.DomainName) {
				if name != "" {
					hosts[trunkKey(name)] = trunk.SID
				}
			}
		}
		return err
	})
	return hosts, err
}

// trunkKey is what all forms of a trunk's host name have in common.
func trunkKey(host string) string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if name, rest, _ := strings.Cut(host, "."); providers(rest) {
		return name + ".pstn"
	}
	return host
}

// providers tells whether what follows the first label of a host name is the provider's for trunks.
func providers(rest string) bool {
	return rest == "pstn.twilio.com" || strings.HasPrefix(rest, "pstn.") && strings.HasSuffix(rest, ".twilio.com")
}

// of returns the SID of the trunk that a call came by, "" for one that is gone, and whether it came by a trunk.
func (h trunkHosts) of(r *call.Record) (sid string, trunk bool) {
	key := trunkKey(r.Domain)
	sid, trunk = h[key]
	return sid, trunk || strings.HasSuffix(key, ".pstn")
}

// to is what a call went to: the dialled number on a trunk, a SIP address on a domain, a URN as it is.
func (h trunkHosts) to(r *call.Record) string {
	if _, trunk := h.of(r); trunk || strings.HasPrefix(r.Dialled, "urn:") {
		return r.Dialled
	}
	return "sip:" + r.Dialled + "@" + r.Domain
}
