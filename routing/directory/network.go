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

// File is a directory file taken apart: the network, and the records of its customers.
type File struct {
	Network   *Network
	Customers Customers
	Addresses []AddressRecord // in the order of the file, also those of no number
	Numbers   []NumberRecord  // their addresses point into Addresses
	Digest    [32]byte        // SHA-256 of the source
}
