package directory

import (
	"fmt"
	"slices"
	"strings"
	"unique"

	"callbox/routing/numbering"
)

// Number is a phone number on an account. It is kept small, since a directory may have millions: names that many numbers
// share are kept once, and nothing is held that can be found through the snapshot.
type Number struct {
	Country    string // ISO 3166-1 alpha-2
	AccountSID string
	Address    *Address // nil for none
	ties       unique.Handle[ties]
	Service    Service
	Status     AddressStatus // up to here a decision looks at it: one cache line
	sid        packedSID
	E164       string
}

// ties are the SIDs of what a number may call through, one after the other.
type ties struct {
	domains, trunks         string
	someDomains, someTrunks bool // false is everything of the account
}

// SID returns PN and 32 hex digits. It allocates.
func (n *Number) SID() string { return n.sid.sid(sidNumber) }

// Registered tells whether the number has a registered emergency address.
func (n *Number) Registered() bool { return n.Status == StatusRegistered && n.Address != nil }

// OnDomain tells whether the number is tied to d, so that calls through d may be made from it.
func (n *Number) OnDomain(d *Domain) bool {
	if d.Account.SID != n.AccountSID {
		return false
	}
	t := n.tied()
	return !t.someDomains || strings.Contains(t.domains, d.SID)
}

// OnTrunk tells whether the number is tied to trunk. Bandwidth ties no number to a trunk: one of its kind takes all of the
// account's, beside the one trunk that a number has by Twilio's API.
func (n *Number) OnTrunk(trunk *Trunk) bool {
	if trunk.Account.SID != n.AccountSID {
		return false
	}
	if trunk.Settings.Provider == ProviderBandwidth {
		return true
	}
	t := n.tied()
	return !t.someTrunks || strings.Contains(t.trunks, trunk.SID)
}

func (n *Number) tied() ties {
	if n.ties == (unique.Handle[ties]{}) {
		return ties{}
	}
	return n.ties.Value()
}

// housed is a number with the address that came with it, side by side for the memory's sake: a decision needs both.
type housed struct {
	Number
	address Address
}

// fill makes n of a record, all but its address.
func (n *Number) fill(r *NumberRecord) error {
	if !numbering.Valid(r.E164) {
		return fmt.Errorf("number %.20q is not E.164", r.E164)
	}
	sid, ok := packSID(sidNumber, r.SID)
	if !ok {
		return fmt.Errorf("number %s: %.40q is not the SID of a number", r.E164, r.SID)
	}
	country := r.Country
	if country == "" {
		if country, ok = numbering.Country(r.E164); !ok {
			return fmt.Errorf("number %s begins with no country's calling code", r.E164)
		}
	}
	*n = Number{
		E164: strings.Clone(r.E164), Country: shared(country), AccountSID: shared(r.AccountSID), sid: sid,
		Service: r.Service, Status: r.Status,
	}
	if r.Domains != nil || r.Trunks != nil {
		t := ties{someDomains: r.Domains != nil, someTrunks: r.Trunks != nil}
		t.domains, t.trunks = list(r.Domains), list(r.Trunks)
		n.ties = unique.Make(t)
	}
	return nil
}

// list writes SIDs one after the other, in an order of its own.
func list(sids *[]string) string {
	if sids == nil {
		return ""
	}
	return strings.Join(slices.Sorted(slices.Values(*sids)), " ")
}

// shared returns the one copy of a string that many things hold.
func shared(s string) string { return unique.Make(s).Value() }
