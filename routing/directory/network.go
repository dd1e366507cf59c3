package directory

import (
	"sync"

	"callbox/routing/area"
	"callbox/routing/numbering"
)

// Network is the half of a directory that customers have no part in: call centres and what they serve, the emergency
// numbers of every country, the provider's host suffixes and the edge's own services. It never changes.
type Network struct {
	centres        []*PSAP
	byCentre       map[string]*PSAP
	byNumber       []*PSAP // by the number of their ID
	eccs           map[string]*PSAP
	coverage       []area.Centre // what areas was built from
	areas          *area.Index
	guide          *area.Guide
	plan           *numbering.Plan
	domainSuffixes []string
	trunkSuffixes  []string
	test           TestService
	announcement   string
}

// served says which centre serves an address and by what it was found: the number of its ID and the level in one word, so
// that an address needs no pointer into a network and finds its centre without hashing. 0 is none.
type served uint32

const levelBits = 3

// centreNumbers has a number for every centre's ID there ever was. The same ID has the same number in every network.
var centreNumbers = struct {
	sync.Mutex
	of map[string]served
}{of: make(map[string]served)}

func servedBy(centre string, l area.Level) served {
	if l == area.None {
		return 0
	}
	centreNumbers.Lock()
	defer centreNumbers.Unlock()
	n, ok := centreNumbers.of[centre]
	if !ok {
		n = served(len(centreNumbers.of))
		centreNumbers.of[centre] = n
	}
	return n<<levelBits | served(l)
}

func (s served) level() area.Level { return area.Level(s & (1<<levelBits - 1)) }

// index makes byNumber.
func (n *Network) index() {
	for _, c := range n.coverage {
		at := int(servedBy(c.ID, area.ByESN) >> levelBits)
		if at >= len(n.byNumber) {
			n.byNumber = append(n.byNumber, make([]*PSAP, at+1-len(n.byNumber))...)
		}
		n.byNumber[at] = n.byCentre[c.ID]
	}
}

// serving returns the centre that was found for an address.
func (n *Network) serving(s served) (*PSAP, area.Level) {
	if at := int(s >> levelBits); s.level() != area.None && at < len(n.byNumber) && n.byNumber[at] != nil {
		return n.byNumber[at], s.level()
	}
	return nil, area.None
}

// Guide returns the addresses that are known with their ESNs: those of the directory's files, then those of the lab.
func (n *Network) Guide() *area.Guide { return n.guide }

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
