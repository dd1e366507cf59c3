package location

import "strings"

// Lines is a civic address as an envelope has it. Every field may be empty.
type Lines struct {
	Name       string // who lives or works there
	Street     string // house number and street in the order of the country: "645 Harrison St", "Hauptstraße 5"
	Floor      string // without the word: "21", "Ground"
	Unit       string // suite, apartment or flat with its word: "Suite 400B"
	Hint       string // anything more that helps to find the place: "rear entrance"
	City       string
	State      string // state, province or region
	PostalCode string
	Country    string // ISO 3166 two letters
}

// WithSecondary returns l with Floor, Unit and Hint taken from the second line of a street address, such as "Fl 21,
// Suite 400B". What it cannot place goes to Hint, so that no word is lost.
func (l Lines) WithSecondary(line string) Lines {
	var rest []string
	for _, chunk := range strings.FieldsFunc(Tidy(line), func(c rune) bool { return c == ',' || c == ';' }) {
		if left := l.takeSecondary(strings.Fields(chunk)); left != "" {
			rest = append(rest, left)
		}
	}
	l.Hint = joined(", ", append([]string{l.Hint}, rest...)...)
	return l
}

// Secondary is the second line of the street address: "Floor 21, Suite 400B, rear entrance".
func (l Lines) Secondary() string {
	floor := Tidy(l.Floor)
	if floor != "" && !strings.Contains(strings.ToLower(floor), "fl") {
		floor = "Floor " + floor
	}
	return joined(", ", floor, l.Unit, l.Hint)
}

// String returns the address on one line: "645 Harrison St, Floor 2, San Francisco, CA 94105, US".
func (l Lines) String() string {
	return joined(", ", l.Street, l.Secondary(), l.City, joined(" ", l.State, l.PostalCode), l.Country)
}

// Civic returns the address by its elements: the street whole in RD, since an envelope does not say which of its words
// is a direction or a suffix, the house number in HNO and HNS.
func (l Lines) Civic() Civic {
	h, road := splitStreet(Tidy(l.Street), l.Country)
	return Civic{
		Country: strings.ToUpper(Tidy(l.Country)), A1: Tidy(l.State), A3: Tidy(l.City), RD: road, HNO: h.number, HNS: h.suffix,
		LOC: Tidy(l.Hint), FLR: Tidy(l.Floor), NAM: Tidy(l.Name), PC: Tidy(l.PostalCode), UNIT: Tidy(l.Unit),
	}
}

// Lines returns the address as an envelope has it. A document may keep the parts of a street name apart, or the street
// in A6 as RFC 4119 had it.
func (c Civic) Lines() Lines {
	room := c.ROOM
	if room != "" {
		room = "Room " + room
	}
	return Lines{
		Name: c.NAM, Street: c.Street(), Floor: c.FLR, Unit: c.UNIT,
		Hint: Tidy(joined(", ", c.LOC, c.BLD, room, c.LMK)),
		City: c.City(), State: c.A1, PostalCode: c.PC, Country: strings.ToUpper(c.Country),
	}
}

// Street is the first line of the address: house number and street in the order of the country.
func (c Civic) Street() string {
	road := joined(" ", c.PRM, c.PRD, c.STP, c.RD, c.STS, c.POD, c.POM)
	if c.RD == "" {
		road = joined(" ", c.PRD, c.STP, c.A6, c.STS, c.POD)
	}
	return joinStreet(house{c.HNP + c.HNO, c.HNS}, road, c.Country)
}

// Secondary is the second line of the street address: "Floor 2, Suite 400B, rear entrance".
func (c Civic) Secondary() string { return c.Lines().Secondary() }

// City is the city, else the name that the post gives the community.
func (c Civic) City() string {
	if c.A3 != "" {
		return c.A3
	}
	return c.PCN
}

// String returns the address on one line.
func (c Civic) String() string { return c.Lines().String() }
