package area

import (
	"slices"
	"sort"
	"strings"
)

// table is what one CSV file says, packed: a million ranges take tens of bytes each. Streets stand sorted by community,
// core and key, ranges by street, prefix and lowest number.
type table struct {
	text        string // every key and standard form of streets
	communities []community
	streets     []street
	ranges      []span
	codes       [][]string // sets of postal codes; the first is empty: any code
	esns        []string
	prefixes    []string            // of house numbers; the first is ""
	byCity      map[string][]uint32 // country and city to communities
	byCode      map[string][]uint32 // country and postal code to communities
	countries   map[string]bool
	codeless    bool // some ranges have no postal code
}

// community is a place that has streets.
type community struct {
	country, state, key string // normalised
	name                string // standard form
	letters             uint32 // of key
	first, end          uint32 // streets
}

// street is one street of a community. Its core is the name without type and direction: HARRISON of "N HARRISON ST".
type street struct {
	community        uint32
	first, end       uint32 // ranges
	key, name        uint32 // offsets in text
	letters          uint32 // which letters the core has, to pass over what cannot be a misspelling
	keyLen, nameLen  uint8
	coreAt, coreSize uint8 // within key
}

// span is one range of house numbers.
type span struct {
	low, high uint64 // bounds of house.rank; both included
	esn, code uint32
	prefix    uint32
	parity    parity
}

// parity says which side of a street a range is.
type parity uint8

const (
	both parity = iota
	odd
	even
	unnumbered // the street has no house numbers at all
)

func (t *table) key(s *street) string  { return t.text[s.key : s.key+uint32(s.keyLen)] }
func (t *table) name(s *street) string { return t.text[s.name : s.name+uint32(s.nameLen)] }

func (t *table) core(s *street) string {
	at := s.key + uint32(s.coreAt)
	return t.text[at : at+uint32(s.coreSize)]
}

// run returns the streets of community c with the given core.
func (t *table) run(c uint32, core string) []street {
	all := t.streets[t.communities[c].first:t.communities[c].end]
	first := sort.Search(len(all), func(i int) bool { return t.core(&all[i]) >= core })
	end := first
	for end < len(all) && t.core(&all[end]) == core {
		end++
	}
	return all[first:end]
}

// find returns the street of community c with the given key, or nil.
func (t *table) find(c uint32, n name) *street {
	run := t.run(c, n.core)
	i, ok := slices.BinarySearchFunc(run, n.key, func(s street, key string) int { return strings.Compare(t.key(&s), key) })
	if !ok {
		return nil
	}
	return &run[i]
}

// hit is an address that a table knows.
type hit struct {
	address Civic
	esn     string
}

// exact finds the address in t with nothing amiss.
func (t *table) exact(q *question, l *line) (hit, bool) {
	if l.moved || q.city == "" {
		return hit{}, false
	}
	for _, c := range t.byCity[q.country+" "+q.city] {
		if state := t.communities[c].state; state != "" && state != q.state {
			continue
		}
		s := t.find(c, l.named(q.dialect))
		if s == nil {
			continue
		}
		for i := s.first; i < s.end; i++ {
			if r := &t.ranges[i]; t.holds(r, l.house) && t.fits(r, q.codes) {
				return t.hit(q, l, s, r, q.civic.PostalCode), true
			}
		}
	}
	return hit{}, false
}

// holds tells whether the house lies in r.
func (t *table) holds(r *span, h house) bool {
	if h.text == "" || r.parity == unnumbered {
		return h.text == "" && r.parity == unnumbered
	}
	inside := func(rank uint64, number uint32) bool {
		return r.low <= rank && rank <= r.high &&
			(r.parity == both || (r.parity == odd) == (number%2 == 1))
	}
	if !inside(h.rank, h.number) || t.prefixes[r.prefix] != h.prefix {
		return false
	}
	return h.last == 0 || inside(rank(h.last, 0), h.last)
}

// fits tells whether the codes of an entered postal code and its areas agree with r's.
func (t *table) fits(r *span, codes []string) bool {
	if r.code == 0 {
		return true
	}
	for _, c := range codes {
		if slices.Contains(t.codes[r.code], c) {
			return true
		}
	}
	return false
}

// hit writes the standard form of a house in r, with the postal code given.
func (t *table) hit(q *question, l *line, s *street, r *span, code string) hit {
	c := &t.communities[s.community]
	a := Civic{
		Street: l.house.with(q.dialect, t.name(s)), Secondary: standardSecondary(l.unit, q.civic.Secondary), City: c.name, State: c.state,
		PostalCode: postalForm(q.country, code), Country: q.country,
	}
	if a.State == "" {
		a.State = q.state
	}
	return hit{a, t.esns[r.esn]}
}
