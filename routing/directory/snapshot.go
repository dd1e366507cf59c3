package directory

import (
	"net/netip"

	"callbox/config/strict"
	"callbox/routing/area"
	"callbox/routing/numbering"
)

// Snapshot is everything a decision reads: a directory at one moment. It never changes, is safe for concurrent use
// without locks, and its look-ups by host, number and country allocate nothing. What it returns must not be changed.
type Snapshot struct {
	accounts    []*Account
	domains     []*Domain
	trunks      []*Trunk
	addresses   []*Address
	numbers     []*Number
	domainHosts hosts[*Domain]
	trunkHosts  hosts[*Trunk]
	byNumber    map[string]*Number
	network     *Network
}

// Options fill in what a directory file leaves to the place it is loaded at. The zero value works.
type Options struct {
	Sim netip.AddrPort // address of the built-in simulated centres, the URI host "sim"; zero is 127.0.0.1:5070
}

// Load builds a snapshot from directory YAML; file names the source in problems. With problems the snapshot is nil,
// and every problem is reported at once.
func Load(file string, src []byte, o Options) (*Snapshot, strict.Problems) {
	if !o.Sim.IsValid() {
		o.Sim = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), simPort)
	}
	b := &builder{opts: o}
	b.doc, b.problems = strict.Decode(file, src, &b.f)
	if b.doc.Complete() {
		b.build()
	}
	if len(b.problems) > 0 {
		b.problems.Sort()
		return nil, b.problems
	}
	b.s.network = &b.n
	return &b.s, nil
}

// simPort is where the lab's simulated centres listen unless told otherwise.
const simPort = 5070

// Domain finds a domain by any of its host forms: as written, at another region of the provider or none, below an
// extra suffix, or an alias; without regard to case.
func (s *Snapshot) Domain(host string) (*Domain, bool) { return s.domainHosts.find(host) }

// Trunk finds a trunk by any of its host forms, as Domain does.
func (s *Snapshot) Trunk(host string) (*Trunk, bool) { return s.trunkHosts.find(host) }

// Number finds a number by E.164.
func (s *Snapshot) Number(e164 string) (*Number, bool) {
	n, ok := s.byNumber[e164]
	return n, ok
}

// Centre finds a PSAP or ECC by ID.
func (s *Snapshot) Centre(id string) (*PSAP, bool) {
	p, ok := s.network.byCentre[id]
	return p, ok
}

// ECC returns the national emergency call centre of a country; every country of a number in the snapshot has one.
func (s *Snapshot) ECC(country string) (*PSAP, bool) {
	p, ok := s.network.eccs[country]
	return p, ok
}

// Locate finds the PSAP that serves a place and by what it was found, nil and area.None where none does. It allocates.
func (s *Snapshot) Locate(p area.Place) (*PSAP, area.Level) { return s.network.Locate(p) }

// Plan returns the emergency and test numbers of every country.
func (s *Snapshot) Plan() *numbering.Plan { return s.network.plan }

// Accounts returns the accounts in the order of the file.
func (s *Snapshot) Accounts() []*Account { return s.accounts }

// Domains returns the domains in the order of the file.
func (s *Snapshot) Domains() []*Domain { return s.domains }

// Trunks returns the trunks in the order of the file.
func (s *Snapshot) Trunks() []*Trunk { return s.trunks }

// Addresses returns the addresses in the order of the file.
func (s *Snapshot) Addresses() []*Address { return s.addresses }

// Numbers returns the numbers in the order of the file.
func (s *Snapshot) Numbers() []*Number { return s.numbers }

// PSAPs returns a copy of every centre, PSAPs then ECCs in the order of the file, for the registry and the simulator.
func (s *Snapshot) PSAPs() []PSAP {
	all := make([]PSAP, len(s.network.centres))
	for i, p := range s.network.centres {
		all[i] = *p
	}
	return all
}

// Test returns the test service.
func (s *Snapshot) Test() TestService { return s.network.test }

// Announcement returns the URI of what plays when every target of a call failed, "" for none.
func (s *Snapshot) Announcement() string { return s.network.announcement }
