package directory

import (
	"fmt"
	"strings"

	"callbox/routing/area"
	"callbox/routing/numbering"
)

func (b *builder) buildAddresses() {
	b.byAddress = make(map[string]*AddressRecord)
	all := make([]AddressRecord, 0, len(b.f.Addresses)) // never grown: numbers point into it
	for i, f := range b.f.Addresses {
		path := at("addresses", i, "")
		r := AddressRecord{
			SID: b.sid(path+".sid", f.SID, sidAddress, f.ID), AccountSID: b.account(path, f.Account), ID: f.ID,
			Civic: Civic{
				Customer: f.Customer, Street: f.Street, Secondary: f.Secondary, City: f.City, State: f.State,
				PostalCode: f.PostalCode, Country: area.Country(f.Country),
			},
		}
		b.addressFields(path, r.Civic)
		r.ESN = b.n.ESN(r.Civic)
		if claim(b, b.byAddress, path+".id", f.ID, "address") {
			all = append(all, r)
			b.byAddress[f.ID] = &all[len(all)-1]
		}
	}
	b.out.Addresses = all
}

// longestPart bounds each part of an address, in bytes.
const longestPart = 200

// addressFields checks what a call-taker needs to send someone there.
func (b *builder) addressFields(path string, a Civic) {
	need := []struct{ key, value string }{
		{"street", a.Street}, {"city", a.City}, {"postal_code", a.PostalCode}, {"country", a.Country},
	}
	switch a.Country {
	case "US", "CA", "AU":
		need = append(need, struct{ key, value string }{"state", a.State})
	}
	for _, n := range need {
		if strings.TrimSpace(n.value) == "" {
			b.bad(path, "address has no "+n.key, "add "+n.key)
		}
	}
	for _, text := range []string{a.Customer, a.Street, a.Secondary, a.City, a.State, a.PostalCode} {
		if len(text) > longestPart {
			b.bad(path, "address has a part that is too long", fmt.Sprintf("write each part with up to %d letters", longestPart))
		}
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			b.bad(path, "address has a line break or control character", "write each part on one line")
		}
	}
	if a.Country != "" && !b.n.plan.Has(a.Country) {
		b.bad(path+".country", "is a country without emergency numbers here", "add it to countries and eccs, or write one of "+
			strings.Join(b.n.plan.Countries(), ", "))
	}
}

func (b *builder) buildNumbers() {
	b.byNumber = make(map[string]*NumberRecord)
	for i, f := range b.f.Numbers {
		path := at("numbers", i, "")
		n := &NumberRecord{
			SID: b.sid(path+".sid", f.SID, sidNumber, f.Number), E164: f.Number,
			AccountSID: b.account(path, f.Account), Service: f.Service,
		}
		b.numbers = append(b.numbers, n) // a bad one, too: the rest of it is checked all the same
		b.numberAddress(path, n, f)
		switch {
		case !numbering.Valid(f.Number):
			b.bad(path+".number", "is not E.164", `write "+" and 8 to 15 digits, such as +14155550100`)
		case claim(b, b.byNumber, path+".number", f.Number, "number"):
			n.Country = b.numberCountry(path+".number", f.Number)
			b.byNumber[f.Number] = n
		}
	}
}

// numberCountry finds a number's country and holds that calls from it can be decided: numbers to dial, and an ECC for
// when all else fails.
func (b *builder) numberCountry(path, number string) string {
	country, ok := numbering.Country(number)
	if !ok {
		b.bad(path, "begins with no country's calling code", "check the number")
		return ""
	}
	if !b.n.plan.Has(country) {
		b.bad(path, "is of "+country+", a country without emergency numbers here",
			"add "+country+" to countries and eccs, or remove the number")
	} else if _, ok := b.n.eccs[country]; !ok {
		b.bad(path, "is of "+country+", which has no ECC to fall back on", "add one with country: "+country+" to eccs")
	}
	return country
}

func (b *builder) numberAddress(path string, n *NumberRecord, f fileNumber) {
	if f.Address == "" {
		if f.Status != nil && *f.Status != StatusUnregistered {
			b.bad(path+".address_status", "is the status of an address, but there is none", "add address, or remove address_status")
		}
		return
	}
	a, ok := b.byAddress[f.Address]
	if !ok {
		b.bad(path+".address", "is not in addresses", known(b.byAddress, "addresses"))
		return
	}
	if apart(a.AccountSID, n.AccountSID) {
		b.bad(path+".address", "belongs to another account", "write an address of the number's account")
	}
	n.Address, n.Status = a, StatusRegistered
	if f.Status != nil {
		n.Status = *f.Status
	}
}

// tieNumbers says through which domains and trunks each number may call.
func (b *builder) tieNumbers() {
	b.out.Numbers = make([]NumberRecord, len(b.numbers))
	for i, f := range b.f.Numbers {
		n, path := b.numbers[i], at("numbers", i, "")
		n.Domains = b.tie(path+".domains", f.Domains, b.domains, n.AccountSID)
		n.Trunks = b.tie(path+".trunks", f.Trunks, b.trunks, n.AccountSID)
		b.out.Numbers[i] = *n
	}
}

// tie resolves a list of host names to SIDs, nil where there is no list.
func (b *builder) tie(path string, names *[]string, all map[string]owned, account string) *[]string {
	if names == nil {
		return nil
	}
	tied := make([]string, 0, len(*names))
	for i, name := range *names {
		v, ok := all[strings.ToLower(name)]
		switch {
		case !ok:
			section := path[strings.LastIndexByte(path, '.')+1:]
			b.bad(at(path, i, ""), "is not in "+section, known(all, section))
		case apart(v.account, account):
			b.bad(at(path, i, ""), "belongs to another account", "tie a number to hosts of its own account")
		default:
			tied = append(tied, v.sid)
		}
	}
	return &tied
}
