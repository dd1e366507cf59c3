package lost

import (
	"slices"
	"strings"

	"callbox/routing/area"
	"callbox/routing/directory"
)

// The elements of an address that a guide looks at, by what they say.
var (
	streetTokens = []string{"A6", "PRM", "PRD", "RD", "STS", "POD", "POM", "STP"}
	numberTokens = []string{"HNO", "HNS", "HNP"}
	cityTokens   = []string{"A3", "PCN"}
)

// validation writes which elements of an address are known to be right, which are wrong, and which nobody looked at.
func validation(a *answer, n *directory.Network, p *place, found served) {
	state := make(map[string]string, len(p.tokens))
	set := func(to string, tokens ...string) {
		for _, t := range tokens {
			state[t] = to
		}
	}
	asked := directory.CivicOf(p.civic).InGuide()
	guide := n.Guide()
	f := guide.Check(asked)
	switch {
	case f.Match == area.Exact:
		set("valid", slices.Concat([]string{"country", "A1", "PC"}, cityTokens, streetTokens, numberTokens)...)
	case f.Match == area.Near:
		set("valid", slices.Concat([]string{"country", "A1", "PC"}, cityTokens, streetTokens, numberTokens)...)
		set("invalid", differing(guide, asked, f.Address)...)
	case guide.Covers(asked.Country) && asked.Street != "":
		used(set, found)
		set("invalid", slices.Concat(streetTokens, numberTokens)...)
	default:
		used(set, found)
	}
	a.open("locationValidation")
	a.WriteString("\n")
	for _, kind := range []string{"valid", "invalid", "unchecked"} {
		var list []string
		for _, t := range p.tokens {
			if s := state[t]; (s == kind || s == "" && kind == "unchecked") && !slices.Contains(list, t) {
				list = append(list, t)
			}
		}
		a.element(kind, strings.Join(list, " "))
	}
	a.close("locationValidation")
}

// used marks as valid what the mapping was found by.
func used(set func(string, ...string), found served) {
	if found.country != "" {
		set("valid", "country")
	}
	switch found.level {
	case area.ByPostalCode:
		set("valid", "PC")
	case area.ByCity:
		set("valid", append([]string{"A1"}, cityTokens...)...)
	case area.ByState:
		set("valid", "A1")
	}
}

// differing returns the elements that keep an address from being the one it is near to: those which, put right alone, make
// it known.
func differing(guide *area.Guide, asked, right area.Civic) []string {
	try := func(change func(*area.Civic)) bool {
		c := asked
		change(&c)
		return guide.Check(c).Match == area.Exact
	}
	switch {
	case try(func(c *area.Civic) { c.PostalCode = right.PostalCode }):
		return []string{"PC"}
	case try(func(c *area.Civic) { c.City = right.City }):
		return cityTokens
	case try(func(c *area.Civic) { c.State = right.State }):
		return []string{"A1"}
	case try(func(c *area.Civic) { c.Street = right.Street }):
		return streetTokens // a guide never changes the house number
	}
	return slices.Concat([]string{"A1", "PC"}, cityTokens, streetTokens)
}
