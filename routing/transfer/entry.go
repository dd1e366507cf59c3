package transfer

import (
	"crypto/sha256"
	"strings"

	"callbox/routing/area"
	"callbox/routing/numbering"
)

// entry is one line of a file: a number and the address it brings along.
type entry struct {
	line    int
	bad     bool
	cells   [columns]field // as in the file, for problems that show up later
	number  string         // E.164
	country string         // of the number
	service string
	status  string // "" for the one that Options.Register says
	address *civic // nil for none in the file's own words
}

// civic is an address by value: two equal ones are the same address.
type civic struct {
	customer, street, secondary, city, region, postalCode, country, name string

	esn       string // of its range in the guide, "" for none
	listed    bool   // the guide knows it
	corrected bool   // the guide changed it
}

// hash names what the address says, apart from what the guide found.
func (c *civic) hash() [sha256.Size]byte {
	return sha256.Sum256([]byte(strings.Join([]string{
		c.customer, c.street, c.secondary, c.city, c.region, c.postalCode, c.country, c.name,
	}, "\x00")))
}

// The words of the columns service and status.
var (
	services = []string{"e911", "basic911", "none"}
	statuses = []string{"unregistered", "pending-registration", "registered", "registration-failure", "pending-unregistration", "unregistration-failure"}
)

// rules says which lines are good.
type rules struct {
	guide Guide
	plan  *numbering.Plan
	mode  Addresses
}

// check holds e to the rules.
func (r rules) check(e *entry, f *file) {
	e.service = word(e, f, service, services)
	e.status = word(e, f, status, statuses)
	if sid := e.cells[addressSID].text; sid != "" && !isSID("AD", sid) {
		f.wrong(e, addressSID, "is no SID of an address", "write AD and 32 hex digits")
	}
	r.civic(e, f)
	if e.address == nil && e.cells[addressSID].text == "" && e.status != "" && e.status != statuses[0] {
		f.wrong(e, status, "is the status of an address, but the line has none", "add the address, or leave the status empty")
	}
}

// word reads a value that is one of a few words, "" where it is empty.
func word(e *entry, f *file, c column, words []string) string {
	text := strings.ToLower(e.cells[c].text)
	if text == "" {
		return ""
	}
	for _, w := range words {
		if text == w {
			return w
		}
	}
	f.wrong(e, c, "is no "+c.String(), "write one of "+strings.Join(words, ", "))
	return ""
}

// isSID tells whether s is these letters and 32 hex digits in small letters.
func isSID(letters, s string) bool {
	rest, ok := strings.CutPrefix(s, letters)
	return ok && len(rest) == 32 && strings.Trim(rest, "0123456789abcdef") == ""
}

// civic reads the line's address, and leaves it nil where there is none.
func (r rules) civic(e *entry, f *file) {
	any := false
	for c := customerName; c <= addressFriendlyName; c++ {
		any = any || e.cells[c].text != ""
	}
	if !any || e.bad {
		return
	}
	a := &civic{
		customer: e.cells[customerName].text, street: e.cells[street].text, secondary: e.cells[streetSecondary].text,
		city: e.cells[city].text, region: e.cells[region].text, postalCode: e.cells[postalCode].text,
		country: area.Country(e.cells[isoCountry].text), name: e.cells[addressFriendlyName].text,
	}
	if !r.complete(e, f, a) {
		return
	}
	e.address = a
	r.listed(e, f)
}

// complete holds that help can be sent to the address.
func (r rules) complete(e *entry, f *file, a *civic) bool {
	need := []column{street, city, postalCode, isoCountry}
	switch a.country {
	case "US", "CA", "AU":
		need = append(need, region)
	}
	for _, c := range need {
		if e.cells[c].text != "" {
			continue
		}
		p := e.cells[c].problem(c.String(), "is empty, but the line has an address", "write the whole address, or nothing of it")
		if !f.header.has(c) {
			p.Line, p.Message = e.line, "is no column of this file, but the line has an address"
			p.Mend = "add the column " + c.String()
		}
		f.complain(e, p)
	}
	switch {
	case a.country == "" || e.bad:
	case r.plan != nil && !r.plan.Has(a.country):
		f.wrong(e, isoCountry, "is no country with emergency numbers here", "write one of "+strings.Join(r.plan.Countries(), ", "))
	case !numbering.SamePlan(a.country, e.country):
		f.wrong(e, isoCountry, "is not the country of the number, "+e.country, "give the number an address of its own country")
	}
	return !e.bad
}

// listed looks the address up in the guide, and corrects it or complains as the mode says.
func (r rules) listed(e *entry, f *file) {
	if r.guide == nil {
		return
	}
	a := e.address
	found := r.guide.Check(area.Civic{
		Street: a.street, Secondary: a.secondary, City: a.city, State: a.region, PostalCode: a.postalCode, Country: a.country,
	})
	a.listed, a.esn = found.Match != area.NoMatch, found.ESN
	switch {
	case found.Match == area.Exact:
	case found.Match == area.Near && r.mode == Strict:
		f.wrong(e, street, "is not as in the address guide: "+found.Why, "write "+oneLine(found.Address))
	case found.Match == area.Near:
		s := found.Address
		a.street, a.city, a.region, a.postalCode = s.Street, s.City, s.State, s.PostalCode
		if s.Secondary != "" { // else the guide has nothing to say of it
			a.secondary = s.Secondary
		}
		a.corrected = true
	case r.mode != Lenient:
		f.wrong(e, street, "is not in the address guide: "+found.Why,
			"correct it, add its street to the guide, or import with addresses=lenient to have it routed by its postal code")
	}
}

// oneLine writes an address as a mend shows it.
func oneLine(a area.Civic) string {
	parts := make([]string, 0, 5)
	for _, p := range []string{a.Street, a.Secondary, a.City, strings.TrimSpace(a.State + " " + a.PostalCode), a.Country} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ", ")
}
