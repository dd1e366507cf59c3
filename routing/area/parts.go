package area

import "strings"

// Parts are the street line of an address taken apart as a US or Canadian MSAG keeps it. What is not there is "".
type Parts struct {
	House       string // "904", "N6W23001"
	HouseSuffix string // "A", "1/2"
	Before      string // directional before the name: "E"
	Name        string // "ANSON", "RUE EDDY"
	Kind        string // type behind it: "ST"
	After       string // directional behind that
}

// Split takes apart the street line of an address; of one in the standard form of a Guide the parts make up the line again.
// Where a country writes its streets otherwise, or the type stands before the name, all of the street is the name.
func Split(c Civic) Parts {
	country := Country(c.Country)
	d := dialectOf(country)
	lines := readLine(d, country, c.Street)
	if len(lines) == 0 {
		return Parts{Name: c.Street}
	}
	l := lines[0]
	p := Parts{House: l.house.text, Name: l.street}
	if !d.short {
		return p
	}
	p.House, p.HouseSuffix = l.house.suffix()
	words := strings.Fields(upper(l.street))
	n := d.nameOf(l.street)
	if last := len(words) - 1; n.end != "" && last > 0 {
		p.After, words = n.end, words[:last]
	}
	if last := len(words) - 1; last > 0 && n.kind != "" && kinds()[words[last]] == n.kind {
		p.Kind, words = n.kind, words[:last]
	}
	if n.before != "" && len(words) > 1 {
		p.Before, words = n.before, words[1:]
	}
	p.Name = strings.Join(words, " ")
	return p
}

// suffix splits a house number in standard form before its suffix.
func (h house) suffix() (number, suffix string) {
	if before, after, ok := strings.Cut(h.text, " "); ok {
		return before, after
	}
	end := len(h.text)
	for end > 0 && !isDigit(h.text[end-1]) {
		end--
	}
	return h.text[:end], h.text[end:]
}
