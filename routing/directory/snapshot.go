package directory

import (
	"cmp"
	"iter"
	"net/netip"
	"slices"
	"strings"

	"callbox/config/strict"
	"callbox/routing/area"
	"callbox/routing/numbering"
	"callbox/sip/location"
)

// Snapshot is everything a decision reads: a directory at one moment. It never changes, is safe for concurrent use
// without locks, and its look-ups by host, number and country allocate nothing. What it returns must not be changed.
// The next snapshot has other pointers for what did not change, too: compare things by SID.
type Snapshot struct {
	network   *Network
	customers *customers
	numbers   numbers
	locations places[Location]
	endpoints places[Endpoint]
}

// Options fill in what a directory file leaves to the place it is loaded at. The zero value works.
type Options struct {
	Sim  netip.AddrPort                    // address of the built-in simulated centres, the URI host "sim"; zero is 127.0.0.1:5070
	Read func(name string) ([]byte, error) // of the files that a directory names; nil is os.ReadFile
}

// Load builds a snapshot from directory YAML; file names the source in problems. With problems the snapshot is nil,
// and every problem is reported at once.
func Load(file string, src []byte, o Options) (*Snapshot, strict.Problems) {
	f, problems := Parse(file, src, o)
	if len(problems) > 0 {
		return nil, problems
	}
	s, err := f.Snapshot()
	if err != nil { // Parse has refused whatever could be left out
		return nil, strict.Problems{{File: file, Message: err.Error()}}
	}
	return s, nil
}

// simPort is where the lab's simulated centres listen unless told otherwise.
const simPort = 5070

// Domain finds a domain by any of its host forms: as written, at another region of the provider or none, below an
// extra suffix, or an alias; without regard to case.
func (s *Snapshot) Domain(host string) (*Domain, bool) { return s.customers.domainHosts.find(host) }

// Trunk finds a trunk by any of its host forms, as Domain does.
func (s *Snapshot) Trunk(host string) (*Trunk, bool) { return s.customers.trunkHosts.find(host) }

// Number finds a number by E.164.
func (s *Snapshot) Number(e164 string) (*Number, bool) { return s.numbers.get(e164) }

// Serving returns the PSAP that serves an address of the snapshot and by what it was found, nil and area.None where none
// does.
func (s *Snapshot) Serving(a *Address) (*PSAP, area.Level) { return s.network.centre(a.served) }

// Location finds a location of an account by its ID. It allocates nothing.
func (s *Snapshot) Location(accountSID, id string) (*Location, bool) {
	return s.locations.get(accountID{accountSID, id})
}

// Endpoint finds an endpoint of an account by its ID. It allocates nothing.
func (s *Snapshot) Endpoint(accountSID, id string) (*Endpoint, bool) {
	return s.endpoints.get(accountID{accountSID, id})
}

// CalledBackAt returns the endpoints with a callback number, by account and ID. It looks at every endpoint: it is for a number
// that is nothing else.
func (s *Snapshot) CalledBackAt(e164 string) (all []*Endpoint) {
	s.endpoints.each(func(_ accountID, p *Endpoint) {
		if p.Callback == e164 {
			all = append(all, p)
		}
	})
	slices.SortFunc(all, func(a, b *Endpoint) int {
		return cmp.Or(strings.Compare(a.AccountSID, b.AccountSID), strings.Compare(a.ID, b.ID))
	})
	return all
}

// EmergencyNumber finds a designated number by E.164. It allocates nothing.
func (s *Snapshot) EmergencyNumber(e164 string) (*EmergencyNumber, bool) {
	n, ok := s.customers.emergency[e164]
	return n, ok
}

// ServingLocation returns the PSAP that serves a location of the snapshot and by what it was found, nil and area.None where
// none does: its point counts before its address.
func (s *Snapshot) ServingLocation(l *Location) (*PSAP, area.Level) {
	return s.network.centre(l.served)
}

// Told returns who is told of an endpoint's calls: those of its notification groups, each once.
func (s *Snapshot) Told(p *Endpoint) []Notification {
	var all []Notification
	for _, sid := range p.Groups {
		for _, n := range s.customers.groups[sid] {
			if !slices.ContainsFunc(all, func(o Notification) bool { return o.Kind == n.Kind && o.To == n.To }) {
				all = append(all, n)
			}
		}
	}
	return all
}

// BandwidthAccount finds an account by its number at Bandwidth.
func (s *Snapshot) BandwidthAccount(id string) (*Account, bool) {
	a, ok := s.customers.byBandwidth[id]
	return a, ok
}

// Centre finds a PSAP or ECC by ID.
func (s *Snapshot) Centre(id string) (*PSAP, bool) {
	p, ok := s.network.byCentre[id]
	return p, ok
}

// ECC returns the national emergency call centre of a country. Every country of a number in a directory file has one; that
// of a number from an API may have none.
func (s *Snapshot) ECC(country string) (*PSAP, bool) {
	p, ok := s.network.eccs[country]
	return p, ok
}

// Locate finds the PSAP that serves a place and by what it was found, nil and area.None where none does. It allocates.
func (s *Snapshot) Locate(p area.Place) (*PSAP, area.Level) { return s.network.Locate(p) }

// At finds the PSAP in whose service boundary a point lies, false where that is none's. It allocates nothing.
func (s *Snapshot) At(p location.Point) (*PSAP, bool) { return s.network.At(p) }

// Covering finds the PSAP that serves the greatest part of a location's uncertainty, as Network.Covering does.
func (s *Snapshot) Covering(shape location.Shape) (p *PSAP, share float64, ok bool) {
	return s.network.Covering(shape)
}

// Nearest returns the known address nearest to a point, as Network.Nearest does.
func (s *Snapshot) Nearest(p location.Point, limit float64) (c Civic, at location.Point, metres float64, ok bool) {
	return s.network.Nearest(p, limit)
}

// Geocode returns where an address lies, ok false where it is not known.
func (s *Snapshot) Geocode(c Civic) (p location.Point, ok bool) { return s.network.Geocode(c) }

// Plan returns the emergency and test numbers of every country.
func (s *Snapshot) Plan() *numbering.Plan { return s.network.plan }

// Network returns the half of the directory that customers have no part in.
func (s *Snapshot) Network() *Network { return s.network }

// Accounts returns the accounts in the order of their records.
func (s *Snapshot) Accounts() []*Account { return s.customers.accounts }

// Domains returns the domains in the order of their records.
func (s *Snapshot) Domains() []*Domain { return s.customers.domains }

// Trunks returns the trunks in the order of their records.
func (s *Snapshot) Trunks() []*Trunk { return s.customers.trunks }

// Numbers yields the numbers in an order that means nothing.
func (s *Snapshot) Numbers() iter.Seq[*Number] { return s.numbers.all() }

// Count returns how many numbers there are.
func (s *Snapshot) Count() int { return s.numbers.count }

// PSAPs returns a copy of every centre, PSAPs then ECCs in the order of the file, for the registry and the simulator.
func (s *Snapshot) PSAPs() []PSAP {
	return s.network.PSAPs()
}

// Test returns the test service.
func (s *Snapshot) Test() TestService { return s.network.test }

// Announcement returns the URI of what plays when every target of a call failed, "" for none.
func (s *Snapshot) Announcement() string { return s.network.announcement }
