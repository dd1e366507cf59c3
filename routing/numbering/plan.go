package numbering

import (
	"fmt"
	"maps"
	"slices"
)

// Kind says what a short number is.
type Kind uint8

// The kinds of short numbers.
const (
	NotSpecial Kind = iota // neither of the others
	Emergency
	Test // reaches the test service, such as 933
)

// String returns "", emergency or test.
func (k Kind) String() string {
	switch k {
	case Emergency:
		return "emergency"
	case Test:
		return "test"
	}
	return ""
}

// CountryPlan is one country's short numbers. The first emergency number is its general one.
type CountryPlan struct {
	Emergency []string          // at least one
	Test      []string          // may be empty
	Services  map[string]string // RFC 5031 label such as "sos.police" to a number of Emergency; absent ones are general
}

// Plan knows the short numbers of every country. It never changes and is safe for concurrent use; its look-ups
// allocate nothing.
type Plan struct {
	countries map[string]*national
	anywhere  map[string]Kind
	diallings []dialling // how national numbers are written
}

// national is a CountryPlan turned round for look-ups.
type national struct {
	general  string
	test     string
	kinds    map[string]Kind
	labels   map[string]string // number to label
	services map[string]string // label to number
	plan     CountryPlan
}

// NewPlan returns the default plan with each country of overrides replaced as a whole or added. It reports the first
// thing wrong with an override.
func NewPlan(overrides map[string]CountryPlan) (*Plan, error) {
	all := defaults()
	maps.Copy(all, overrides)
	p := &Plan{countries: make(map[string]*national, len(all)), anywhere: make(map[string]Kind)}
	for _, country := range slices.Sorted(maps.Keys(all)) {
		if err := CheckCountry(country, all[country]); err != nil {
			return nil, err
		}
		n := newNational(all[country])
		p.countries[country] = n
		for number, kind := range n.kinds {
			if p.anywhere[number] != Emergency { // a number that is an emergency number anywhere is never only a test
				p.anywhere[number] = kind
			}
		}
	}
	p.diallings = diallings(p.countries)
	return p, nil
}

func newNational(c CountryPlan) *national {
	n := &national{
		general: c.Emergency[0], kinds: make(map[string]Kind), labels: make(map[string]string),
		services: c.Services, plan: c,
	}
	for _, number := range c.Test {
		n.kinds[number] = Test
	}
	if len(c.Test) > 0 {
		n.test = c.Test[0]
	}
	for _, number := range c.Emergency {
		n.kinds[number] = Emergency
		n.labels[number] = Sos
	}
	for _, label := range labels { // the first label of the table wins a number that serves several
		if number := c.Services[label]; number != "" && number != n.general && n.labels[number] == Sos {
			n.labels[number] = label
		}
	}
	return n
}

// CheckCountry tells what is wrong with a country's plan, nil for nothing.
func CheckCountry(country string, c CountryPlan) error {
	if len(country) != 2 || !upper(country[0]) || !upper(country[1]) {
		return fmt.Errorf("country %q is not an ISO 3166-1 alpha-2 code", country)
	}
	if len(c.Emergency) == 0 {
		return fmt.Errorf("country %s has no emergency number", country)
	}
	seen := make(map[string]bool)
	for _, number := range slices.Concat(c.Emergency, c.Test) {
		if !ShortNumber(number) {
			return fmt.Errorf("%q is not 2 to 6 digits", number)
		}
		if seen[number] {
			return fmt.Errorf("%s is there twice for %s", number, country)
		}
		seen[number] = true
	}
	for _, label := range slices.Sorted(maps.Keys(c.Services)) {
		if !IsLabel(label) {
			return fmt.Errorf("%q is not a service of RFC 5031", label)
		}
		if !slices.Contains(c.Emergency, c.Services[label]) {
			return fmt.Errorf("%s of %s is %q, which is not one of its emergency numbers", label, country, c.Services[label])
		}
	}
	return nil
}

// ShortNumber tells whether s is 2 to 6 ASCII digits, the shape of every emergency and test number.
func ShortNumber(s string) bool {
	if len(s) < 2 || len(s) > 6 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func upper(b byte) bool { return 'A' <= b && b <= 'Z' }

// Anywhere tells what number is in at least one country; Emergency where it is both.
func (p *Plan) Anywhere(number string) Kind { return p.anywhere[number] }

// In tells what number is in one country.
func (p *Plan) In(country, number string) Kind {
	if n := p.countries[country]; n != nil {
		return n.kinds[number]
	}
	return NotSpecial
}

// Label returns the RFC 5031 label a country's emergency number stands for: "sos" for a general one, "sos.police" and
// the like for the others, "test.sos" for a test number, "" for any other number.
func (p *Plan) Label(country, number string) string {
	n := p.countries[country]
	if n == nil {
		return ""
	}
	if n.kinds[number] == Test {
		return TestSos
	}
	return n.labels[number]
}

// Resolve returns the number a label stands for in a country: the service's own, else the general one; for TestSos the
// country's first test number. It is "" where the country is unknown or has no test number.
func (p *Plan) Resolve(country, label string) string {
	n := p.countries[country]
	if n == nil {
		return ""
	}
	if label == TestSos {
		return n.test
	}
	if number := n.services[label]; number != "" {
		return number
	}
	return n.general
}

// Has tells whether the plan knows the country.
func (p *Plan) Has(country string) bool { return p.countries[country] != nil }

// Countries returns the countries of the plan in alphabetical order.
func (p *Plan) Countries() []string { return slices.Sorted(maps.Keys(p.countries)) }

// Country returns one country's numbers; the caller must not change them.
func (p *Plan) Country(country string) (CountryPlan, bool) {
	if n := p.countries[country]; n != nil {
		return n.plan, true
	}
	return CountryPlan{}, false
}

// defaults are the numbers of the countries whose emergency services can be called, from libphonenumber's
// short-number data.
func defaults() map[string]CountryPlan {
	northAmerica := CountryPlan{Emergency: []string{"911", "112"}, Test: []string{"933"}}
	return map[string]CountryPlan{
		"US": northAmerica,
		"CA": northAmerica,
		"GB": {Emergency: []string{"999", "112"}},
		"IE": {Emergency: []string{"112", "999"}},
		"AU": {Emergency: []string{"000", "106", "112"}},
		"FR": {
			Emergency: []string{"112", "15", "17", "18", "114", "115", "119", "191", "196", "197", "116000"},
			Services:  map[string]string{SosAmbulance: "15", SosPolice: "17", SosFire: "18", SosMarine: "196"},
		},
		"DE": {Emergency: []string{"112", "110"}, Services: map[string]string{SosPolice: "110"}},
		"AT": {
			Emergency: []string{"112", "122", "133", "144", "128", "140"},
			Services: map[string]string{
				SosFire: "122", SosPolice: "133", SosAmbulance: "144", SosGas: "128", SosMountain: "140",
			},
		},
	}
}
