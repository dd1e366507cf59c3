package area

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// none is a finding of nothing and its reason.
func none(format string, args ...any) Finding { return Finding{Why: fmt.Sprintf(format, args...)} }

// quoted shows what somebody wrote, on one line and bounded.
func quoted(s string) string { return strconv.Quote(shown(s)) }

// oneLine writes an address in a sentence.
func oneLine(c Civic) string {
	s := c.Street
	for _, part := range []string{c.City, strings.TrimSpace(c.State + " " + c.PostalCode)} {
		if part != "" {
			s += ", " + part
		}
	}
	return s
}

// whyNot says why nothing is near to what was asked: the first of country, place, street and number that the guide does
// not have.
func (g *Guide) whyNot(q *question) Finding {
	if isBox(q.civic.Street) {
		return none("%s is a box for mail; write the street address where people are", quoted(q.civic.Street))
	}
	if Word(q.civic.Street) == "" {
		return none("the street is missing")
	}
	country, place := false, ""
	var missing, onStreet, alike string
	for _, t := range g.tables {
		if !t.countries[q.country] {
			continue
		}
		country = true
		for _, c := range t.places(q) {
			if place == "" {
				place = t.communities[c].name
			}
			for i := range q.lines {
				if st := t.find(c, q.lines[i].named(q.dialect)); st != nil {
					missing = cmp.Or(missing, t.whyNumber(st, &q.lines[i]))
					onStreet = cmp.Or(onStreet, t.name(st))
				}
				alike = cmp.Or(alike, t.alike(c, q.lines[i].named(q.dialect).core))
			}
		}
	}
	switch {
	case !country:
		return none("the guide has no streets in %s", cmp.Or(q.country, "a country that is not given"))
	case place == "" && q.city == "":
		return none("the city is missing")
	case place == "" && len(q.codes) == 0:
		return none("the guide has no streets in %s", quoted(q.civic.City))
	case place == "":
		return none("the guide has no streets in %s, nor in the postal code %s", quoted(q.civic.City), quoted(q.civic.PostalCode))
	case onStreet == "":
		return none("there is no street %s in %s%s", quoted(q.lines[0].street), place, alike)
	case missing != "":
		return Finding{Why: missing}
	}
	return none("%s in %s is known, but more than one part of the address differs", onStreet, place)
}

// places returns the communities of the city in the state, or where there is none those of the postal code.
func (t *table) places(q *question) []uint32 {
	var found []uint32
	for _, c := range t.byCity[q.country+" "+q.city] {
		if t.inState(q, c) || q.state == "" {
			found = append(found, c)
		}
	}
	for _, code := range q.codes {
		if len(found) > 0 {
			break
		}
		found = t.byCode[q.country+" "+code]
	}
	return found
}

// alike names the streets of a community whose core is the same, "" if there is none.
func (t *table) alike(c uint32, core string) string {
	var names []string
	run := t.run(c, core)
	for i := range run[:min(len(run), 4)] {
		names = append(names, t.name(&run[i]))
	}
	if len(names) == 0 {
		return ""
	}
	return "; it has " + strings.Join(names, ", ")
}

// whyNumber says why no range of a street holds the house, "" if one does.
func (t *table) whyNumber(st *street, l *line) string {
	var ranges []string
	for i := st.first; i < st.end; i++ {
		r := &t.ranges[i]
		if t.holds(r, l.house) {
			return ""
		}
		if text := t.numbers(r); len(ranges) < 5 {
			ranges = append(ranges, text)
		}
	}
	if n := int(st.end - st.first); n > len(ranges) {
		ranges = append(ranges, "and "+strconv.Itoa(n-len(ranges))+" more ranges")
	}
	name := t.name(st) + " in " + t.communities[st.community].name
	if l.house.text == "" {
		return fmt.Sprintf("%s has house numbers (%s) and none is given", name, strings.Join(ranges, ", "))
	}
	return fmt.Sprintf("%s has no number %s: the guide has %s", name, l.house.text, strings.Join(ranges, ", "))
}

// numbers tells a range to people.
func (t *table) numbers(r *span) string {
	if r.parity == unnumbered {
		return "no numbers"
	}
	low, high := t.prefixes[r.prefix]+fmt.Sprint(r.low>>8), t.prefixes[r.prefix]+fmt.Sprint(r.high>>8)
	if low == high {
		return low
	}
	return low + " to " + high + map[parity]string{odd: " odd", even: " even"}[r.parity]
}

// isBox tells whether a street line is a post office box.
func isBox(street string) bool {
	w := Word(street) + " "
	for _, box := range []string{"PO BOX ", "P O BOX ", "POST OFFICE BOX ", "POSTFACH ", "POSTBUS ", "LOCKED BAG "} {
		if strings.HasPrefix(w, box) {
			return true
		}
	}
	return false
}
