package area

import (
	"cmp"
	"slices"
	"strings"
)

// spanText is a range of numbers before it is packed.
type spanText struct {
	low, high uint64
	prefix    string
	parity    parity
}

// builder packs lines into a table. It remembers what it has seen as it was written, so that most lines need no work
// but a look-up.
type builder struct {
	t           *table
	text        []byte
	communities map[placeText]uint32
	places      map[placeText]uint32 // as written to index
	ways        map[wayKey]uint32    // as written to index in streets
	streets     map[wayKey]uint32    // by normalised key
	codes       map[string]uint32
	esns        map[string]uint32
	prefixes    map[string]uint32
	rows        []row
}

type wayKey struct {
	community uint32
	way       wayText
}

// row is a range with what is needed until the table is sorted.
type row struct {
	span
	street, line uint32
}

func newBuilder() *builder {
	return &builder{
		t:           &table{codes: [][]string{nil}, prefixes: []string{""}, byCity: map[string][]uint32{}, byCode: map[string][]uint32{}, countries: map[string]bool{}},
		communities: map[placeText]uint32{}, places: map[placeText]uint32{},
		ways: map[wayKey]uint32{}, streets: map[wayKey]uint32{},
		codes: map[string]uint32{"": 0}, esns: map[string]uint32{}, prefixes: map[string]uint32{"": 0},
	}
}

func (b *builder) len() int { return len(b.rows) }

func (b *builder) add(p placeText, w wayText, s spanText, esn string, line int) {
	code := b.code(p)
	p.codes = ""
	c := b.community(p)
	b.rows = append(b.rows, row{
		span: span{
			low: s.low, high: s.high, parity: s.parity, esn: intern(b.esns, &b.t.esns, esn), code: code,
			prefix: intern(b.prefixes, &b.t.prefixes, s.prefix),
		},
		street: b.street(c, w), line: uint32(line),
	})
}

// intern returns the index of s in list, where it is put when it is new.
func intern(seen map[string]uint32, list *[]string, s string) uint32 {
	i, ok := seen[s]
	if !ok {
		i = uint32(len(*list))
		s = strings.Clone(s) // a field of a CSV record keeps its whole line
		seen[s] = i
		*list = append(*list, s)
	}
	return i
}

func (b *builder) code(p placeText) uint32 {
	written := p.country + " " + p.codes
	if p.codes == "" {
		return 0
	}
	i, ok := b.codes[written]
	if !ok {
		var set []string
		for code := range splitCodes(p.codes) {
			if c := PostalCode(code); !slices.Contains(set, c) {
				set = append(set, c)
			}
		}
		i = uint32(len(b.t.codes))
		b.codes[strings.Clone(written)] = i
		b.t.codes = append(b.t.codes, set)
	}
	return i
}

func (b *builder) community(p placeText) uint32 {
	if i, ok := b.places[p]; ok {
		return i
	}
	p = placeText{country: strings.Clone(p.country), state: strings.Clone(p.state), community: strings.Clone(p.community)}
	normal := placeText{country: p.country, state: State(p.country, p.state), community: cityKey(p.community)}
	i, ok := b.communities[normal]
	if !ok {
		i = uint32(len(b.t.communities))
		b.communities[normal] = i
		name := upper(p.community)
		if dialectOf(p.country).short {
			name = Word(p.community)
		}
		b.t.communities = append(b.t.communities, community{
			country: normal.country, state: normal.state, key: normal.community, name: name, letters: letterSet(normal.community),
		})
		b.t.countries[normal.country] = true
		at := normal.country + " " + normal.community
		b.t.byCity[at] = append(b.t.byCity[at], i)
	}
	b.places[p] = i
	return i
}

func (b *builder) street(c uint32, w wayText) uint32 {
	if i, ok := b.ways[wayKey{c, w}]; ok {
		return i
	}
	w.before, w.name, w.kind, w.end = strings.Clone(w.before), strings.Clone(w.name), strings.Clone(w.kind), strings.Clone(w.end)
	d := dialectOf(b.t.communities[c].country)
	full := strings.Join(strings.Fields(w.before+" "+w.name+" "+w.kind+" "+w.end), " ")
	n := d.nameOf(full)
	normal := wayKey{c, wayText{name: n.key}}
	i, ok := b.streets[normal]
	if !ok {
		i = uint32(len(b.t.streets))
		b.streets[normal] = i
		text := w.standard(d, full)
		s := street{
			community: c, keyLen: uint8(len(n.key)), coreAt: uint8(n.coreAt), coreSize: uint8(len(n.core)),
			nameLen: uint8(len(text)), letters: letterSet(n.core), key: b.put(n.key),
		}
		s.name = s.key
		if text != n.key {
			s.name = b.put(text)
		}
		b.t.streets = append(b.t.streets, s)
	}
	b.ways[wayKey{c, w}] = i
	return i
}

// standard returns the standard form of a street, of which full is all in one piece.
func (w wayText) standard(d dialect, full string) string {
	if !d.short || !w.pieces {
		return d.standard(full)
	}
	out := make([]string, 0, 4)
	for i, piece := range []string{w.before, w.name, w.kind, w.end} {
		word := strings.Join(d.plain(piece), " ")
		if dir, ok := d.direction(word); ok && (i == 0 || i == 3) {
			word = dir
		}
		if k, ok := kinds()[word]; ok && i == 2 {
			word = k
		}
		if word != "" {
			out = append(out, word)
		}
	}
	return strings.Join(out, " ")
}

func (b *builder) put(s string) uint32 {
	at := len(b.text)
	b.text = append(b.text, s...)
	return uint32(at)
}

// letterSet says which letters and digits s has, one bit each.
func letterSet(s string) uint32 {
	var set uint32
	for _, r := range s {
		switch {
		case 'A' <= r && r <= 'Z':
			set |= 1 << (r - 'A')
		case r != ' ':
			set |= 1 << (26 + r%6)
		}
	}
	return set
}

// overlap is a range that lies over an earlier one of another ESN.
type overlap struct {
	street, numbers, esn, otherESN string
	line, other                    int
}

// finish sorts what was added into the table, and returns what contradicts itself.
func (b *builder) finish() []overlap {
	t := b.t
	t.text = string(b.text)
	order := make([]uint32, len(t.streets))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(i, j uint32) int {
		x, y := &t.streets[i], &t.streets[j]
		return cmp.Or(cmp.Compare(x.community, y.community), strings.Compare(t.core(x), t.core(y)), strings.Compare(t.key(x), t.key(y)))
	})
	sorted, place := make([]street, len(order)), make([]uint32, len(order))
	for to, from := range order {
		sorted[to] = t.streets[from]
		place[from] = uint32(to)
		c := &t.communities[sorted[to].community]
		if c.end == 0 {
			c.first = uint32(to)
		}
		c.end = uint32(to) + 1
	}
	t.streets = sorted
	for i := range b.rows {
		b.rows[i].street = place[b.rows[i].street]
	}
	slices.SortFunc(b.rows, func(x, y row) int {
		return cmp.Or(cmp.Compare(x.street, y.street), cmp.Compare(x.prefix, y.prefix), cmp.Compare(x.low, y.low),
			cmp.Compare(x.line, y.line))
	})
	found := b.overlaps()
	t.ranges = make([]span, len(b.rows))
	for i := range b.rows {
		r := &b.rows[i]
		t.ranges[i] = r.span
		s := &t.streets[r.street]
		if s.end == 0 {
			s.first = uint32(i)
		}
		s.end = uint32(i) + 1
		b.index(s.community, r.code)
	}
	*b = builder{t: t}
	return found
}

// index notes that a community has the postal codes of a set.
func (b *builder) index(c, set uint32) {
	b.t.codeless = b.t.codeless || set == 0
	for _, code := range b.t.codes[set] {
		at := b.t.communities[c].country + " " + code
		if list := b.t.byCode[at]; len(list) == 0 || list[len(list)-1] != c { // streets are sorted by community
			b.t.byCode[at] = append(list, c)
		}
	}
}

// overlaps compares each range with the one before it that reaches furthest: where any two lie over each other, these
// do. The sides of a street are compared on their own.
func (b *builder) overlaps() []overlap {
	var found []overlap
	var furthest [2]*row // of the even and the odd side
	for i := range b.rows {
		r := &b.rows[i]
		for side := range furthest {
			if r.parity == odd && side == 0 || r.parity == even && side == 1 {
				continue
			}
			f := furthest[side]
			if f == nil || f.street != r.street || f.prefix != r.prefix || f.high < r.low || (f.parity == unnumbered) != (r.parity == unnumbered) {
				furthest[side] = r
				continue
			}
			if f.esn != r.esn && (len(found) == 0 || found[len(found)-1].line != int(max(r.line, f.line))) {
				late, early := r, f
				if f.line > r.line {
					late, early = f, r
				}
				found = append(found, overlap{
					street: b.t.name(&b.t.streets[r.street]), numbers: b.t.numbers(&late.span), line: int(late.line), other: int(early.line),
					esn: b.t.esns[late.esn], otherESN: b.t.esns[early.esn],
				})
			}
			if r.high > f.high {
				furthest[side] = r
			}
		}
	}
	return found
}
