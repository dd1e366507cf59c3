package area

import (
	"fmt"
	"math/bits"
)

// search gathers the addresses that differ in one thing from what was asked. Of these only the nearest count.
type search struct {
	q     *question
	found []candidate // of the lowest cost so far, no two alike
}

// candidate is an address in the guide that may be meant. Its cost is the number of letters to change in a misspelt
// name, and 1 for any other difference.
type candidate struct {
	hit
	cost int
	why  string
}

// maxCandidates bounds how many are kept; two are as good as a hundred.
const maxCandidates = 8

func (s *search) offer(c candidate) {
	if len(s.found) > 0 && c.cost < s.found[0].cost {
		s.found = s.found[:0]
	}
	if len(s.found) > 0 && c.cost > s.found[0].cost || len(s.found) == maxCandidates {
		return
	}
	for _, f := range s.found {
		if f.address == c.address {
			return
		}
	}
	s.found = append(s.found, c)
}

// finding is what was found, if it is clear.
func (s *search) finding() (Finding, bool) {
	switch len(s.found) {
	case 0:
		return Finding{}, false
	case 1:
		f := s.found[0]
		return Finding{Match: Near, Address: f.address, ESN: f.esn, Why: f.why}, true
	}
	return none("it may be %s or %s%s", oneLine(s.found[0].address), oneLine(s.found[1].address),
		map[bool]string{true: ", or others", false: ""}[len(s.found) > 2]), true
}

// near searches t for what one way to read the line can mean.
func (s *search) near(t *table, l *line) {
	q := s.q
	for _, c := range t.byCity[q.country+" "+q.city] {
		s.inCity(t, l, c)
	}
	if l.moved {
		return
	}
	for _, code := range q.codes {
		for _, c := range t.byCode[q.country+" "+code] {
			if place := &t.communities[c]; place.key != q.city && t.inState(q, c) {
				s.elsewhere(t, l, c, 1, func(r *span) bool { return t.fits(r, q.codes) })
			}
		}
	}
	if len(q.city) < fuzzyFrom || !t.codeless {
		return
	}
	set := letterSet(q.city)
	for c := range t.communities {
		place := &t.communities[c]
		if bits.OnesCount32(place.letters^set) > 2*maxDistance || place.country != q.country || place.key == q.city || !t.inState(q, uint32(c)) {
			continue
		}
		if cost := distance(place.key, q.city); cost > 0 {
			s.elsewhere(t, l, uint32(c), cost, func(r *span) bool { return r.code == 0 })
		}
	}
}

// inState tells whether the community is in the state that was entered, or in none.
func (t *table) inState(q *question, c uint32) bool {
	state := t.communities[c].state
	return state == "" || state == q.state
}

// elsewhere offers the street as entered in a community that was not.
func (s *search) elsewhere(t *table, l *line, c uint32, cost int, good func(*span) bool) {
	st := t.find(c, l.named(s.q.dialect))
	if st == nil {
		return
	}
	for i := st.first; i < st.end; i++ {
		if r := &t.ranges[i]; t.holds(r, l.house) && good(r) {
			why := fmt.Sprintf("the city is %s, not %s", t.communities[c].name, quoted(s.q.civic.City))
			if s.q.city == "" {
				why = "the city is missing; it is " + t.communities[c].name
			}
			s.offer(candidate{t.hit(s.q, l, st, r, s.q.civic.PostalCode), cost, why})
		}
	}
}

// inCity offers what a community has like the street: the street itself, with another state, postal code or order, else
// one with another type or direction, else one with a name that may be misspelt.
func (s *search) inCity(t *table, l *line, c uint32) {
	if st := t.find(c, l.named(s.q.dialect)); st != nil {
		s.numbers(t, l, st, 0, "") // its name is right, whatever else is wrong
		return
	}
	if l.moved || !t.inState(s.q, c) {
		return
	}
	known := false
	for _, n := range []name{l.named(s.q.dialect), s.q.dialect.divide(l.street, false)} {
		run := t.run(c, n.core)
		for i := range run {
			known = true
			if t.differ(&run[i], n) == 1 {
				s.numbers(t, l, &run[i], 1, s.otherStreet(t, l, &run[i]))
			}
		}
	}
	if !known {
		s.misspelt(t, l, c)
	}
}

func (s *search) otherStreet(t *table, l *line, st *street) string {
	return fmt.Sprintf("the street is %s, not %s", t.name(st), quoted(l.street))
}

// misspelt offers the streets of c whose names are nearest to what was entered. A name further off does not count even
// if only there the house number fits.
func (s *search) misspelt(t *table, l *line, c uint32) {
	n := l.named(s.q.dialect)
	if len(n.core) < fuzzyFrom {
		return
	}
	set, size := letterSet(n.core), len(n.core)
	best, nearest := maxDistance+1, []*street(nil)
	streets := t.streets[t.communities[c].first:t.communities[c].end]
	for i := range streets {
		st := &streets[i]
		if d := int(st.coreSize) - size; d < -6 || d > 6 || bits.OnesCount32(st.letters^set) > 2*maxDistance {
			continue
		}
		cost := distance(t.core(st), n.core)
		if cost == 0 || cost > best || t.differ(st, n) != 0 {
			continue
		}
		if cost < best {
			best, nearest = cost, nearest[:0]
		}
		nearest = append(nearest, st)
	}
	for _, st := range nearest {
		s.numbers(t, l, st, best, s.otherStreet(t, l, st))
	}
}

// numbers offers the ranges of a street that hold the house, if nothing but what cost stands for is amiss, or with cost
// 0 one other thing.
func (s *search) numbers(t *table, l *line, st *street, cost int, why string) {
	q, place := s.q, &t.communities[st.community]
	for i := st.first; i < st.end; i++ {
		r := &t.ranges[i]
		if !t.holds(r, l.house) {
			continue
		}
		fits, state := t.fits(r, q.codes), t.inState(q, st.community)
		switch {
		case cost > 0 && fits && state:
			s.offer(candidate{t.hit(q, l, st, r, q.civic.PostalCode), cost, why})
		case cost > 0:
		case l.moved && fits && state:
			s.offer(candidate{t.hit(q, l, st, r, q.civic.PostalCode), 1, "the house number stands " + q.dialect.where() + " the street"})
		case l.moved:
		case state && !fits:
			for _, code := range t.codes[r.code] {
				s.offer(candidate{t.hit(q, l, st, r, code), 1, wrongPart("postal code", postalForm(q.country, code), q.civic.PostalCode)})
			}
		case !state && fits && (q.state == "" || r.code != 0):
			s.offer(candidate{t.hit(q, l, st, r, q.civic.PostalCode), 1, wrongPart("state", place.state, q.civic.State)})
		}
	}
}

// where says where a country writes the house number.
func (d dialect) where() string {
	if d.behind {
		return "behind"
	}
	return "before"
}

func wrongPart(part, right, entered string) string {
	if Word(entered) == "" {
		return fmt.Sprintf("the %s is missing; it is %s", part, right)
	}
	return fmt.Sprintf("the %s is %s, not %s", part, right, quoted(entered))
}

// differ counts what is not alike in the types and directions of a street and a name: 0, 1, or 2 for more. A direction on
// the other side of the name is one thing.
func (t *table) differ(st *street, n name) int {
	other := divided(t.key(st), int(st.coreAt), int(st.coreSize))
	count := 0
	if other.kind != n.kind {
		count++
	}
	if other.before == n.end && other.end == n.before && n.before != n.end {
		return min(count+1, 2)
	}
	if other.before != n.before {
		count++
	}
	if other.end != n.end {
		count++
	}
	return min(count, 2)
}
