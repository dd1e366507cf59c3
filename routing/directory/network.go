package directory

import (
	"callbox/routing/area"
	"callbox/routing/numbering"
)

// Network is the half of a directory that customers have no part in: call centres and what they serve, the emergency
// numbers of every country, the provider's host suffixes and the edge's own services. It never changes.
type Network struct {
	centres        []*PSAP
	byCentre       map[string]*PSAP
	eccs           map[string]*PSAP
	coverage       []area.Centre // what areas was built from
	areas          *area.Index
	plan           *numbering.Plan
	domainSuffixes []string
	trunkSuffixes  []string
	test           TestService
	announcement   string
}

// Locate finds the PSAP that serves a place and by what it was found, nil and area.None where none does. It allocates.
func (n *Network) Locate(p area.Place) (*PSAP, area.Level) {
	id, level := n.areas.Find(p)
	return n.byCentre[id], level
}
