package directory

import (
	"reflect"
	"slices"
	"sync/atomic"
	"unique"

	"callbox/routing/area"
)

// Editor makes the next Snapshot out of one: it shares with it all that does not change, and leaves it as it is. It is
// for one goroutine and one Snapshot.
type Editor struct {
	s     Snapshot
	edit  uint64          // marks what this editor may write into
	zones map[zone]served // who serves what, so that neighbours are looked up once
	spots map[spot]served
	whole map[*AddressRecord]*Address // addresses that several numbers have
}

// zone is what decides which centre serves an address, where somebody serves its ESN.
type zone struct{ country, esn string }

// spot is what decides it else.
type spot struct {
	place  unique.Handle[place]
	postal string
}

// most bounds what an editor remembers of addresses.
const most = 1 << 16

// edits counts editors.
var edits atomic.Uint64

// NewEditor begins a directory without customers.
func NewEditor(n *Network) *Editor {
	e := &Editor{s: Snapshot{network: n}}
	e.begin()
	e.SetCustomers(Customers{})
	return e
}

// Edit begins the next snapshot. It costs next to nothing.
func (s *Snapshot) Edit() *Editor {
	e := &Editor{s: *s}
	e.begin()
	return e
}

func (e *Editor) begin() {
	e.edit = edits.Add(1)
	e.forget()
}

func (e *Editor) forget() {
	e.zones, e.spots, e.whole = make(map[zone]served), make(map[spot]served), make(map[*AddressRecord]*Address)
}

// Snapshot returns what was made. The editor must not be used afterwards.
func (e *Editor) Snapshot() *Snapshot {
	s := e.s
	e.begin() // whoever uses it all the same writes into copies
	return &s
}

// SetCustomers replaces all but the numbers. A reference to nothing and a host that is taken are left out and reported.
func (e *Editor) SetCustomers(c Customers) []error {
	var errs []error
	e.s.customers, errs = link(c, e.s.network)
	return errs
}

// PutNumber adds a number, or replaces the one of the same digits.
func (e *Editor) PutNumber(r NumberRecord) error {
	n, err := e.number(&r)
	if err != nil {
		return err
	}
	e.s.numbers.put(e.edit, n)
	return nil
}

func (e *Editor) number(r *NumberRecord) (*Number, error) {
	if r.Address == nil {
		n := &Number{}
		return n, n.fill(r)
	}
	if a, ok := e.whole[r.Address]; ok && a.is(r.Address) {
		n := &Number{}
		err := n.fill(r)
		n.Address = a
		return n, err
	}
	both := &housed{}
	if err := both.Number.fill(r); err != nil {
		return nil, err
	}
	if err := both.address.fill(r.Address); err != nil {
		return nil, err
	}
	both.Address = &both.address
	both.Address.served = e.locate(both.Address)
	if len(e.whole) >= most {
		clear(e.whole)
	}
	e.whole[r.Address] = both.Address
	return &both.Number, nil
}

// DeleteNumber takes a number out, if it is there.
func (e *Editor) DeleteNumber(e164 string) { e.s.numbers.remove(e.edit, e164) }

// locate finds the centre that serves an address.
func (e *Editor) locate(a *Address) served {
	c := a.Civic()
	if esn := a.ESN(); esn != "" {
		in := zone{c.Country, esn}
		by := once(e.zones, in, func() served { return e.s.network.find(area.Place{Country: c.Country, ESN: esn}) })
		if by.level() == area.ByESN {
			return by
		}
	}
	return once(e.spots, spot{a.place, c.PostalCode}, func() served {
		return e.s.network.find(area.Place{Country: c.Country, State: c.State, City: c.City, PostalCode: c.PostalCode})
	})
}

// once returns what find found for a key the first time.
func once[K comparable](found map[K]served, k K, find func() served) served {
	by, ok := found[k]
	if !ok {
		if len(found) >= most {
			clear(found)
		}
		by = find()
		found[k] = by
	}
	return by
}

// SetNetwork puts another network in force: it finds the centre of every address anew, where what centres serve has
// changed. It reports hosts that are taken under the new network's suffixes.
func (e *Editor) SetNetwork(n *Network) []error {
	old := e.s.network
	e.s.network = n
	if !reflect.DeepEqual(old.coverage, n.coverage) {
		e.forget()
		e.relocate()
	}
	e.relocatePlaces() // boundaries may be others, too
	if slices.Equal(old.domainSuffixes, n.domainSuffixes) && slices.Equal(old.trunkSuffixes, n.trunkSuffixes) {
		return nil
	}
	return e.SetCustomers(e.s.customers.records())
}

// relocate replaces the numbers whose address is served by another centre, or found by another level, than before.
func (e *Editor) relocate() {
	moved := make(map[*Address]*Address)
	before := e.s.numbers
	for n := range before.all() {
		if n.Address == nil {
			continue
		}
		now := e.locate(n.Address)
		if now == n.Address.served {
			continue
		}
		address, ok := moved[n.Address]
		if !ok {
			next := *n.Address
			next.served = now
			address = &next
			moved[n.Address] = address
		}
		next := *n
		next.Address = address
		e.s.numbers.put(e.edit, &next)
	}
}
