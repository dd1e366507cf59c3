package directory

import (
	"callbox/routing/area"
	"callbox/routing/numbering"
	"callbox/sip/location"
)

// Network is the half of a directory that customers have no part in: call centres and what they serve, the emergency
// numbers of every country, the provider's host suffixes and the edge's own services. It never changes.
type Network struct {
	centres        []*PSAP
	byCentre       map[string]*PSAP
	serving        []*PSAP        // those that serve something, by number
	numbers        map[string]int // of the IDs of those
	eccs           map[string]*PSAP
	coverage       []area.Centre // what areas was built from
	areas          *area.Index
	guide          *area.Guide
	guideDigest    [32]byte              // SHA-256 of what the directory's files of street ranges hold
	responders     map[string]Responders // by ESN
	boundaries     *area.Boundaries
	addresses      *area.Addresses
	lost           *LoST // nil for none
	plan           *numbering.Plan
	domainSuffixes []string
	trunkSuffixes  []string
	test           TestService
	announcement   string
}

// served says which centre serves an address and by what it was found, in one word: the place of the centre among those
// that serve something and the level, so that an address needs no pointer into a network and finds its centre without
// hashing. It means something within its network alone. 0 is none.
type served uint32

const levelBits = 3

func (s served) level() area.Level { return area.Level(s & (1<<levelBits - 1)) }

// number gives each centre that serves something its number: the order of coverage, so that networks of the same coverage
// number alike.
func (n *Network) number() {
	n.serving, n.numbers = make([]*PSAP, len(n.coverage)), make(map[string]int, len(n.coverage))
	for i, c := range n.coverage {
		n.serving[i], n.numbers[c.ID] = n.byCentre[c.ID], i
	}
}

// find returns what serves a place.
func (n *Network) find(p area.Place) served {
	id, level := n.areas.Find(p)
	if level == area.None {
		return 0
	}
	return served(n.numbers[id])<<levelBits | served(level)
}

// at returns what serves a point.
func (n *Network) at(p location.Point) served {
	centre, ok := n.At(p)
	if !ok {
		return 0
	}
	number, ok := n.numbers[centre.ID]
	if !ok {
		return 0
	}
	return served(number)<<levelBits | served(area.ByBoundary)
}

// centre returns the centre that was found for an address, nil and area.None for none.
func (n *Network) centre(s served) (*PSAP, area.Level) {
	if s == 0 {
		return nil, area.None
	}
	return n.serving[s>>levelBits], s.level()
}

// DomainSuffixes returns the extra suffixes of domains, in small letters and without a leading dot.
func (n *Network) DomainSuffixes() []string { return n.domainSuffixes }

// TrunkSuffixes returns the extra suffixes of trunks, in small letters and without a leading dot.
func (n *Network) TrunkSuffixes() []string { return n.trunkSuffixes }

// Guide returns the addresses that are known with their ESNs: those of the directory's files, then those of the lab.
func (n *Network) Guide() *area.Guide { return n.guide }

// GuideDigest tells guides apart: it is another one when what the directory's files of street ranges hold is.
func (n *Network) GuideDigest() [32]byte { return n.guideDigest }

// ESN asks the guides for an address's emergency service number. Only an address that they know as it is written has one:
// what it may have been meant to be is for people to decide.
func (n *Network) ESN(c Civic) string {
	_, esn := n.Validate(c)
	return esn
}

// Validate asks the guides for an address as it is written: whether it is there, and its emergency service number. Of
// addresses elsewhere than in the US and Canada that they do not know nothing can be said.
func (n *Network) Validate(c Civic) (ValidationStatus, string) {
	f := n.guide.Check(c.InGuide())
	switch {
	case f.Match == area.Exact:
		return Valid, f.ESN
	case c.Country == "US" || c.Country == "CA":
		return Invalid, ""
	}
	return Unvalidated, ""
}

// PSAPs returns a copy of every centre, PSAPs then ECCs in the order of the file.
func (n *Network) PSAPs() []PSAP {
	all := make([]PSAP, len(n.centres))
	for i, p := range n.centres {
		all[i] = *p
	}
	return all
}

// Locate finds the PSAP that serves a place and by what it was found, nil and area.None where none does. It allocates.
func (n *Network) Locate(p area.Place) (*PSAP, area.Level) {
	id, level := n.areas.Find(p)
	return n.byCentre[id], level
}

// At finds the PSAP in whose service boundary a point lies, false where that is none's. It allocates nothing.
func (n *Network) At(p location.Point) (*PSAP, bool) {
	id, ok := n.boundaries.At(p)
	if !ok {
		return nil, false
	}
	return n.byCentre[id], true
}

// Covering finds the PSAP in whose service boundary the greatest part of a location's uncertainty lies, and how great that
// part is, above 0 to 1; false where none serves any of it. It allocates.
func (n *Network) Covering(s location.Shape) (p *PSAP, share float64, ok bool) {
	id, share, ok := n.boundaries.Covering(s)
	if !ok {
		return nil, 0, false
	}
	return n.byCentre[id], share, true
}

// Boundaries returns the service boundaries of the PSAPs.
func (n *Network) Boundaries() *area.Boundaries { return n.boundaries }

// Nearest returns the known address nearest to a point, where it lies and how many metres away, ok false where none is
// within limit metres.
func (n *Network) Nearest(p location.Point, limit float64) (c Civic, at location.Point, metres float64, ok bool) {
	known, at, metres, ok := n.addresses.Nearest(p, limit)
	return Civic{
		Street: known.Street, Secondary: known.Secondary, City: known.City, State: known.State, PostalCode: known.PostalCode, Country: known.Country,
	}, at, metres, ok
}

// Geocode returns where an address lies, ok false where it is not known.
func (n *Network) Geocode(c Civic) (p location.Point, ok bool) {
	return n.addresses.Geocode(c.InGuide())
}
