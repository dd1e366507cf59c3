// Package area finds the call centre that serves a place: a civic address is matched by postal code, then city and
// state, then state, then country. It owns normalisation of those words and an immutable index. It knows nothing of
// policy: not whether a centre is up, nor who may call it.
package area

// Place is the part of a civic address that decides which centre serves it.
type Place struct {
	Country    string // ISO 3166-1 alpha-2
	State      string
	City       string
	PostalCode string
}

// Coverage is what one centre serves. Country applies to PostalCodes, Cities and States.
type Coverage struct {
	Country     string   `json:"country,omitempty"`
	PostalCodes []string `json:"postal_codes,omitempty"` // exact, or a prefix such as "SW1A" or "K1P"
	Cities      []City   `json:"cities,omitempty"`
	States      []string `json:"states,omitempty"`
	Whole       bool     `json:"whole_country,omitempty"`
}

// City is a city within a state; State may be "" where a country has none.
type City struct {
	Name  string `json:"name"`
	State string `json:"state,omitempty"`
}

// Level says by what a place was matched.
type Level uint8

// The levels, most exact first after None.
const (
	None Level = iota
	ByPostalCode
	ByCity
	ByState
	ByCountry
)
