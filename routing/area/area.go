// Package area finds the call centre that serves a place: a civic address is matched by the ESN of its street range, then
// by postal code, then city and state, then state, then country. Its guides say which addresses there are, how they are
// written in full and which ESN each has. It owns normalisation of those words and immutable indexes. It knows nothing of
// policy: not whether a centre is up, nor who may call it.
package area

import "fmt"

// Place is the part of a civic address that decides which centre serves it.
type Place struct {
	Country    string // ISO 3166-1 alpha-2
	State      string // code or name, "California" and "CA" are the same
	City       string
	PostalCode string
	ESN        string // emergency service number of its street range, "" where none is known
}

// Coverage is what one centre serves. Country applies to all the rest of it.
type Coverage struct {
	Country      string   `json:"country,omitempty" yaml:"country"`
	ESNs         []string `json:"esns,omitempty" yaml:"esns"`                 // emergency service numbers
	PostalCodes  []string `json:"postal_codes,omitempty" yaml:"postal_codes"` // whole, or the areas of Keys: "SW1A", "K1P"
	Cities       []City   `json:"cities,omitempty" yaml:"cities"`
	States       []string `json:"states,omitempty" yaml:"states"`
	WholeCountry bool     `json:"whole_country,omitempty" yaml:"whole_country"`
}

// City is a city, in a state where State is not "".
type City struct {
	Name  string `json:"name" yaml:"name"`
	State string `json:"state,omitempty" yaml:"state"`
}

// Level says by what a place was matched.
type Level uint8

// The levels; of those after None the lower is the more exact.
const (
	None       Level = iota
	ByBoundary       // a point in the centre's service boundary
	ByESN
	ByPostalCode
	ByCity
	ByState
	ByCountry
)

// String returns none, boundary, ESN, postal code, city, state or country.
func (l Level) String() string {
	switch l {
	case ByBoundary:
		return "boundary"
	case ByESN:
		return "ESN"
	case ByPostalCode:
		return "postal code"
	case ByCity:
		return "city"
	case ByState:
		return "state"
	case ByCountry:
		return "country"
	}
	return "none"
}

// Centre is one call centre's coverage.
type Centre struct {
	ID     string
	Serves Coverage
}

// Conflict is a place that two centres claim. The first centre keeps it.
type Conflict struct {
	Level         Level
	What          string // the ESN, postal code, city, state or country as written by Second
	First, Second string // IDs
	Index         int    // of What in the second centre's list
}

// Error tells who claims what.
func (c Conflict) Error() string {
	return fmt.Sprintf("%s %q is served by %s already", c.Level, c.What, c.First)
}

// key is a normalised place at one level.
type key struct {
	level               Level
	country, state, str string
}

// Index finds the centre of a place. It never changes and is safe for concurrent use.
type Index struct {
	centres map[key]string
}

// Build indexes what centres serve and returns every place claimed twice.
func Build(centres []Centre) (*Index, []Conflict) {
	x := &Index{centres: make(map[key]string)}
	var conflicts []Conflict
	for _, c := range centres {
		claim := func(l Level, i int, what, state, str string) {
			k := key{l, Country(c.Serves.Country), state, str}
			if first, taken := x.centres[k]; taken {
				conflicts = append(conflicts, Conflict{l, what, first, c.ID, i})
				return
			}
			x.centres[k] = c.ID
		}
		for i, esn := range c.Serves.ESNs {
			claim(ByESN, i, esn, "", ESN(esn))
		}
		for i, p := range c.Serves.PostalCodes {
			claim(ByPostalCode, i, p, "", PostalCode(p))
		}
		for i, city := range c.Serves.Cities {
			claim(ByCity, i, city.Name, State(c.Serves.Country, city.State), Word(city.Name))
		}
		for i, s := range c.Serves.States {
			claim(ByState, i, s, State(c.Serves.Country, s), "")
		}
		if c.Serves.WholeCountry {
			claim(ByCountry, 0, c.Serves.Country, "", "")
		}
	}
	return x, conflicts
}

// Find returns the ID of the centre that serves p and by what it was found, "" and None where no centre does. It
// allocates: find the centre when the address is provisioned.
func (x *Index) Find(p Place) (string, Level) {
	country, state := Country(p.Country), State(p.Country, p.State)
	if esn := ESN(p.ESN); esn != "" {
		if id, ok := x.centres[key{ByESN, country, "", esn}]; ok {
			return id, ByESN
		}
	}
	for _, code := range Keys(country, p.PostalCode) {
		if id, ok := x.centres[key{ByPostalCode, country, "", code}]; ok {
			return id, ByPostalCode
		}
	}
	if city := Word(p.City); city != "" {
		if id, ok := x.centres[key{ByCity, country, state, city}]; ok {
			return id, ByCity
		}
		if id, ok := x.centres[key{ByCity, country, "", city}]; ok {
			return id, ByCity
		}
	}
	if state != "" {
		if id, ok := x.centres[key{ByState, country, state, ""}]; ok {
			return id, ByState
		}
	}
	if id, ok := x.centres[key{ByCountry, country, "", ""}]; ok {
		return id, ByCountry
	}
	return "", None
}
