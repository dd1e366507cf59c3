package directory

import (
	"strings"

	"callbox/routing/area"
	"callbox/routing/numbering"
)

func (b *builder) buildAddresses() {
	b.byAddress = make(map[string]*Address)
	for i, f := range b.f.Addresses {
		path := at("addresses", i, "")
		a := &Address{
			SID: b.sid(path+".sid", f.SID, sidAddress, f.ID), ID: f.ID, Customer: f.Customer, Street: f.Street,
			Secondary: f.Secondary, City: f.City, State: f.State, PostalCode: f.PostalCode,
			Country: area.Country(f.Country), account: b.account(path, f.Account),
		}
		b.addressFields(path, a)
		a.psap, a.level = b.n.Locate(area.Place{Country: a.Country, State: a.State, City: a.City, PostalCode: a.PostalCode})
		a.line = addressLine(a)
		if unique(b, b.byAddress, path+".id", f.ID, "address") {
			b.byAddress[f.ID] = a
			b.s.addresses = append(b.s.addresses, a)
		}
	}
}

// addressFields checks what a call-taker needs to send someone there.
func (b *builder) addressFields(path string, a *Address) {
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
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			b.bad(path, "address has a line break or control character", "write each part on one line")
		}
	}
	if a.Country != "" && !b.n.plan.Has(a.Country) {
		b.bad(path+".country", "is a country without emergency numbers here", "add it to countries and eccs, or write one of "+
			strings.Join(b.n.plan.Countries(), ", "))
	}
}

// addressLine writes an address as people of its country do, on one line.
func addressLine(a *Address) string {
	parts := []string{a.Street}
	if a.Secondary != "" {
		parts = append(parts, a.Secondary)
	}
	switch a.Country {
	case "FR", "DE", "AT":
		parts = append(parts, a.PostalCode+" "+a.City)
	case "US", "CA", "AU":
		parts = append(parts, a.City, a.State+" "+a.PostalCode)
	default:
		parts = append(parts, a.City)
		if a.State != "" {
			parts = append(parts, a.State)
		}
		parts = append(parts, a.PostalCode)
	}
	return strings.Join(append(parts, a.Country), ", ")
}

func (b *builder) buildNumbers() {
	b.s.byNumber = make(map[string]*Number)
	for i, f := range b.f.Numbers {
		path := at("numbers", i, "")
		n := &Number{
			SID: b.sid(path+".sid", f.SID, sidNumber, f.Number), E164: f.Number,
			Account: b.account(path, f.Account), Service: f.Service,
		}
		b.numbers = append(b.numbers, n) // a bad one, too: the rest of it is checked all the same
		b.numberAddress(path, n, f)
		switch {
		case !numbering.Valid(f.Number):
			b.bad(path+".number", "is not E.164", `write "+" and 8 to 15 digits, such as +14155550100`)
		case unique(b, b.s.byNumber, path+".number", f.Number, "number"):
			n.Country = b.numberCountry(path+".number", f.Number)
			b.s.byNumber[f.Number] = n
			b.s.numbers = append(b.s.numbers, n)
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

func (b *builder) numberAddress(path string, n *Number, f fileNumber) {
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
	if apart(a.account, n.Account) {
		b.bad(path+".address", "belongs to another account", "write an address of the number's account")
	}
	n.Address, n.Status = a, StatusRegistered
	if f.Status != nil {
		n.Status = *f.Status
	}
}

// tieNumbers says through which domains and trunks each number may call.
func (b *builder) tieNumbers() {
	byDomain, byTrunk := make(map[string]*Domain), make(map[string]*Trunk)
	for _, d := range b.s.domains {
		byDomain[d.Name] = d
	}
	for _, t := range b.s.trunks {
		byTrunk[t.Name] = t
	}
	for i, f := range b.f.Numbers {
		n, path := b.numbers[i], at("numbers", i, "")
		n.domains = tie(b, path+".domains", f.Domains, byDomain, func(d *Domain) bool { return !apart(d.Account, n.Account) })
		n.trunks = tie(b, path+".trunks", f.Trunks, byTrunk, func(t *Trunk) bool { return !apart(t.Account, n.Account) })
	}
}

// tie resolves a list of host names; without a list it takes everything of the number's account.
func tie[T any](b *builder, path string, names *[]string, all map[string]T, own func(T) bool) (tied []T) {
	if names == nil {
		for _, v := range all {
			if own(v) {
				tied = append(tied, v)
			}
		}
		return tied
	}
	for i, name := range *names {
		v, ok := all[strings.ToLower(name)]
		switch {
		case !ok:
			section := path[strings.LastIndexByte(path, '.')+1:]
			b.bad(at(path, i, ""), "is not in "+section, known(all, section))
		case !own(v):
			b.bad(at(path, i, ""), "belongs to another account", "tie a number to hosts of its own account")
		default:
			tied = append(tied, v)
		}
	}
	return tied
}
