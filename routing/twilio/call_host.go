package twilio

import (
	"strings"

	"callbox/routing/directory/store"
	"callbox/routing/twilio/rest"
	"callbox/sip/call"
)

// trunkNames are the host names of an account's trunks, which have many forms, with the SIDs of the trunks.
type trunkNames struct {
	rule hostRule
	sids map[string]string // by the key that all forms of a name have
}

// hosts reads the trunks of a request's account, which must be there.
func (a *api) hosts(r *rest.Request) (trunkNames, error) {
	names := trunkNames{a.trunkHosts(), map[string]string{}}
	err := a.o.Store.View(r.Context(), func(t *store.Tx) error {
		account := r.Var("AccountSid")
		if _, err := store.Get[store.Account](t, "", account); err != nil {
			return err
		}
		trunks, err := store.Find[store.Trunk](t, store.Query{Account: account})
		for _, trunk := range trunks {
			for _, name := range append(strings.Fields(trunk.Aliases), trunk.DomainName) {
				if name != "" {
					names.sids[names.rule.key(name)] = trunk.SID
				}
			}
		}
		return err
	})
	return names, err
}

// of returns the SID of the trunk that a call came by, "" for one that is gone, and whether it came by a trunk.
func (h trunkNames) of(r *call.Record) (sid string, trunk bool) {
	key := h.rule.key(r.Domain)
	sid, trunk = h.sids[key]
	return sid, trunk || strings.HasSuffix(key, ".."+h.rule.kind) // as the keys of the provider's forms end
}

// to is what a call went to: the dialled number on a trunk, a SIP address on a domain, a URN as it is.
func (h trunkNames) to(r *call.Record) string {
	if _, trunk := h.of(r); trunk || strings.HasPrefix(r.Dialled, "urn:") {
		return r.Dialled
	}
	return "sip:" + r.Dialled + "@" + r.Domain
}
