package area

import (
	"maps"
	"slices"
	"unicode/utf8"
)

// Civic is an address as people write it, and as a guide writes it back.
type Civic struct {
	Street     string // house number and street, in the order of the country; a unit may stand with it
	Secondary  string // floor, suite, unit
	City       string // the community in the words of an MSAG
	State      string // code or name; "" where the country has none
	PostalCode string
	Country    string // ISO 3166-1 alpha-2
}

// Match says how well a guide knows an address.
type Match uint8

// The matches. NoMatch is the zero value, so that nothing counts as found by accident.
const (
	NoMatch Match = iota
	Near          // one thing is wrong or missing, and there is exactly one address it can mean
	Exact         // the address is in the guide; only case, abbreviations and the like may differ
)

// String returns none, near or exact.
func (m Match) String() string {
	switch m {
	case Near:
		return "near"
	case Exact:
		return "exact"
	}
	return "none"
}

// Finding is what a guide says of one address.
type Finding struct {
	Match   Match
	Address Civic  // the standard form, "645 HARRISON ST" in "SAN FRANCISCO"; zero for NoMatch
	ESN     string // the emergency service number of the range the address lies in; "" for NoMatch
	Why     string // what differs, or why nothing was found, in words for people; "" for Exact
}

// Guide knows which addresses there are and the ESN of each: the street ranges of an MSAG in the US and Canada, a
// gazetteer of the same form elsewhere. It never changes and is safe for concurrent use.
type Guide struct {
	tables  []*table // the first that knows an address exactly has the word
	ignored []string
}

// Join returns a guide that knows what any of guides knows. Where two know the same address, the earlier one's ESN
// holds. Nil guides are left out.
func Join(guides ...*Guide) *Guide {
	g := &Guide{}
	for _, other := range guides {
		if other != nil {
			g.tables = append(g.tables, other.tables...)
		}
	}
	return g
}

// Behind returns what g knows of countries that front knows nothing of: zones of one country are numbered by whoever wrote
// its ranges, and the same ESN in two guides is two zones.
func (g *Guide) Behind(front *Guide) *Guide {
	behind := &Guide{}
	for _, t := range g.tables {
		rest := *t
		rest.countries = maps.Clone(t.countries)
		for _, f := range front.tables {
			maps.DeleteFunc(rest.countries, func(country string, _ bool) bool { return f.countries[country] })
		}
		behind.tables = append(behind.tables, &rest)
	}
	return behind
}

// Len returns the number of ranges.
func (g *Guide) Len() int {
	n := 0
	for _, t := range g.tables {
		n += len(t.ranges)
	}
	return n
}

// Covers tells whether the guide has any street of a country.
func (g *Guide) Covers(country string) bool {
	country = Country(country)
	return slices.ContainsFunc(g.tables, func(t *table) bool { return t.countries[country] })
}

// Ignored returns the names of the columns that ReadGuide did not know and passed over.
func (g *Guide) Ignored() []string { return g.ignored }

// maxField bounds, in bytes, each field of an address that is checked and of a line that is read.
const maxField = 200

// Check finds c in the guide. The standard form of an address it finds is itself found, exactly and with the same ESN.
// It never changes the house number of an address and never chooses among several that are equally near: an ambulance
// is not sent to a guess.
func (g *Guide) Check(c Civic) Finding {
	f := g.check(c)
	if f.Match == NoMatch {
		return f
	}
	if len(f.Address.Secondary) > maxField {
		return none("the floor, suite or unit is longer than %d bytes", maxField)
	}
	if again := g.check(f.Address); again.Match != Exact || again.Address != f.Address || again.ESN != f.ESN {
		return none("%s, %s reads as more than one address; write it another way", f.Address.Street, f.Address.City)
	}
	return f
}

func (g *Guide) check(c Civic) Finding {
	q, f := ask(c)
	if q == nil {
		return f
	}
	for _, t := range g.tables {
		if !t.countries[q.country] {
			continue
		}
		for i := range q.lines {
			if h, ok := t.exact(q, &q.lines[i]); ok {
				return Finding{Match: Exact, Address: h.address, ESN: h.esn}
			}
		}
	}
	s := search{q: q}
	for _, t := range g.tables {
		if !t.countries[q.country] {
			continue
		}
		for i := range q.lines {
			s.near(t, &q.lines[i])
		}
	}
	if f, ok := s.finding(); ok {
		return f
	}
	return g.whyNot(q)
}

// question is an address made ready for looking up.
type question struct {
	civic                Civic
	dialect              dialect
	country, state, city string // normalised
	codes                []string
	lines                []line
}

// ask makes c ready, or says why it cannot be looked up at all.
func ask(c Civic) (*question, Finding) {
	for _, f := range []struct{ name, text string }{
		{"street", c.Street}, {"secondary line", c.Secondary}, {"city", c.City}, {"state", c.State},
		{"postal code", c.PostalCode}, {"country", c.Country},
	} {
		if len(f.text) > maxField {
			return nil, none("the %s is longer than %d bytes", f.name, maxField)
		}
		if !utf8.ValidString(f.text) {
			return nil, none("the %s is not valid UTF-8", f.name)
		}
	}
	q := &question{civic: c, country: Country(c.Country)}
	q.dialect = dialectOf(q.country)
	q.state = State(q.country, c.State)
	q.city = cityKey(c.City)
	q.codes = Keys(q.country, c.PostalCode)
	q.lines = readLine(q.dialect, q.country, c.Street)
	return q, Finding{}
}
