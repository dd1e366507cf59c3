package area

import (
	"hash/maphash"
	"math"
	"slices"
	"strings"

	"github.com/paulmach/orb"
	"github.com/tidwall/rtree"

	"callbox/sip/location"
)

// AddressPoint is an address of which is known where it lies.
type AddressPoint struct {
	Civic Civic
	Point location.Point
}

// Addresses find the address nearest to a point, and the point of an address. They never change and are safe for concurrent
// use.
type Addresses struct {
	text   string
	towns  []town
	list   []address
	tree   rtree.RTreeGN[float64, uint32] // of list, in degrees
	seed   maphash.Seed
	byName []named // by hash
}

// address is one in a compact form: its street, unit and postal code stand behind one another in the text.
type address struct {
	text               uint32
	street, unit, code uint8 // lengths
	town               uint32
	at                 vertex
}

// town is what the addresses of a place have in common.
type town struct{ city, state, country string }

// named is an address by the hash of its country, house number and street.
type named struct {
	hash  uint64
	index uint32
}

// NewAddresses indexes addresses. Where two are the same but for their points the first counts. Those whose point is none
// or with more than 255 bytes in a line are left out: ReadAddresses reports them.
func NewAddresses(list []AddressPoint) *Addresses {
	a := &Addresses{seed: maphash.MakeSeed()}
	towns := make(map[town]uint32)
	var text strings.Builder
	for _, one := range list {
		c := one.Civic
		at := orb.Point{one.Point.Lon, one.Point.Lat}
		if !inRange(at) || max(len(c.Street), len(c.Secondary), len(c.PostalCode)) > math.MaxUint8 || text.Len() > math.MaxUint32-3*math.MaxUint8 {
			continue
		}
		t := town{c.City, c.State, Country(c.Country)}
		n, ok := towns[t]
		if !ok {
			n = uint32(len(a.towns))
			towns[t] = n
			a.towns = append(a.towns, t)
		}
		i := uint32(len(a.list))
		a.list = append(a.list, address{uint32(text.Len()), uint8(len(c.Street)), uint8(len(c.Secondary)), uint8(len(c.PostalCode)), n, toVertex(at)})
		text.WriteString(c.Street + c.Secondary + c.PostalCode)
		d := dialectOf(t.country)
		if lines := readLine(d, t.country, c.Street); len(lines) > 0 {
			a.byName = append(a.byName, named{a.hash(t.country, &lines[0], d), i})
		}
		a.tree.Insert(at, at, i)
	}
	a.text = text.String()
	slices.SortFunc(a.byName, func(x, y named) int {
		if x.hash != y.hash {
			if x.hash < y.hash {
				return -1
			}
			return 1
		}
		return int(x.index) - int(y.index)
	})
	return a
}

// Len returns the number of addresses.
func (a *Addresses) Len() int { return len(a.list) }

// civic returns an address in full.
func (a *Addresses) civic(x *address) Civic {
	t := &a.towns[x.town]
	street, unit := x.text+uint32(x.street), x.text+uint32(x.street)+uint32(x.unit)
	return Civic{
		Street: a.text[x.text:street], Secondary: a.text[street:unit], PostalCode: a.text[unit : unit+uint32(x.code)],
		City: t.city, State: t.state, Country: t.country,
	}
}

// point returns where an address lies.
func (x *address) point() location.Point {
	at := x.at.point()
	return location.Point{Lat: at[1], Lon: at[0]}
}

// Nearest returns the known address nearest to a point, where it lies and how many metres away, ok false where none is
// within limit metres.
func (a *Addresses) Nearest(p location.Point, limit float64) (c Civic, at location.Point, metres float64, ok bool) {
	if !inRange(orb.Point{p.Lon, p.Lat}) {
		return Civic{}, location.Point{}, 0, false
	}
	a.tree.Nearby(func(low, high [2]float64, i uint32, item bool) float64 {
		if item {
			return location.Distance(p, a.list[i].point())
		}
		return apart(p, low, high)
	}, func(_, _ [2]float64, i uint32, distance float64) bool {
		if distance <= limit {
			x := &a.list[i]
			c, at, metres, ok = a.civic(x), x.point(), distance, true
		}
		return false
	})
	return c, at, metres, ok
}

// apart returns a distance in metres that no point in a box is nearer than.
func apart(p location.Point, low, high [2]float64) float64 {
	north := 0.0 // as the crow flies along a meridian
	if p.Lat < low[1] || p.Lat > high[1] {
		north = location.Distance(location.Point{Lat: p.Lat}, location.Point{Lat: max(low[1], min(high[1], p.Lat))})
	}
	if low[0] <= p.Lon && p.Lon <= high[0] {
		return north
	}
	angle := min(math.Abs(math.Remainder(low[0]-p.Lon, 360)), math.Abs(math.Remainder(high[0]-p.Lon, 360))) * math.Pi / 180
	quarter := location.Distance(location.Point{}, location.Point{Lat: 90})
	east := math.Asin(math.Sin(angle)*math.Cos(p.Lat*math.Pi/180)) / (math.Pi / 2) * quarter
	return max(north, east)
}

// Geocode returns where an address lies, ok false where it is not known. Case, abbreviations, the order of the words and
// the like may differ, as in Guide.Check; the number must be that of a known address, for none is reckoned from its
// neighbours. City or postal code must be right, and the state where both have one. Where a house is known by its units, one
// that is not among them is where the first of them is.
func (a *Addresses) Geocode(c Civic) (p location.Point, ok bool) {
	q, _ := ask(c)
	if q == nil {
		return location.Point{}, false
	}
	for i := range q.lines {
		if l := &q.lines[i]; !l.moved {
			if x := a.named(q, l); x != nil {
				return x.point(), true
			}
		}
	}
	return location.Point{}, false
}

// named finds an address by one reading of its street line.
func (a *Addresses) named(q *question, l *line) *address {
	hash := a.hash(q.country, l, q.dialect)
	first, _ := slices.BinarySearchFunc(a.byName, hash, func(n named, hash uint64) int {
		switch {
		case n.hash < hash:
			return -1
		case n.hash > hash:
			return 1
		}
		return 0
	})
	unit := standardSecondary(l.unit, q.civic.Secondary)
	var found *address
	for _, n := range a.byName[first:] {
		if n.hash != hash {
			break
		}
		x := &a.list[n.index]
		if !a.same(x, q, l) {
			continue
		}
		switch known := standardSecondary("", a.civic(x).Secondary); {
		case known == unit:
			return x
		case found == nil || known == "" && standardSecondary("", a.civic(found).Secondary) != "":
			found = x
		}
	}
	return found
}

// same tells whether a known address is the one that is asked for, but for the unit.
func (a *Addresses) same(x *address, q *question, l *line) bool {
	c := a.civic(x)
	if state := State(c.Country, c.State); c.Country != q.country || state != q.state && state != "" && q.state != "" {
		return false
	}
	city := q.city != "" && cityKey(c.City) == q.city
	code := PostalCode(c.PostalCode)
	if !city && (code == "" || len(q.codes) == 0 || !slices.Contains(q.codes, code) && !slices.Contains(Keys(c.Country, c.PostalCode), q.codes[0])) {
		return false
	}
	lines := readLine(q.dialect, q.country, c.Street)
	return len(lines) > 0 && lines[0].house.text == l.house.text && lines[0].named(q.dialect).key == l.named(q.dialect).key
}

// hash returns that of a street line of a country.
func (a *Addresses) hash(country string, l *line, d dialect) uint64 {
	var h maphash.Hash
	h.SetSeed(a.seed)
	for _, s := range [...]string{country, l.house.text, l.named(d).key} {
		_, _ = h.WriteString(s)
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}
