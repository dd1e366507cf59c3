package area

import (
	"cmp"
	"math"
	"slices"

	"callbox/sip/location"
)

// Overlap is a place that two boundaries of different centres claim. The first has it.
type Overlap struct {
	First, Second Boundary       // without shapes
	At            location.Point // in the middle of its widest piece
	Area          float64        // square kilometres
}

// Gap is a place that boundaries surround and none has.
type Gap struct {
	At      location.Point // in the middle of its widest piece
	Area    float64        // square kilometres
	Between []string       // IDs of the centres around it, sorted, up to eight
}

// Report says how boundaries fit together.
type Report struct {
	Overlaps []Overlap // the largest first
	Gaps     []Gap     // likewise
}

// Examine finds overlaps and gaps of a square metre or more. It looks at the map in strips of latitude, each as high as no
// boundary has a corner in it but a two-thousandth of the whole at most; where that were too many to finish within seconds
// the strips are higher, and areas and very flat gaps are less exact. What is open at the antimeridian is no gap.
func (b *Boundaries) Examine() Report {
	s := &sweep{b: b, gaps: []gap{{}}, pairs: make(map[[2]uint32]*piece)}
	s.prepare()
	for i := 1; i < len(s.heights); i++ {
		s.strip(s.heights[i-1], s.heights[i])
	}
	s.join(s.last, []run{{left0: -halfX * 2, right0: halfX * 2}}) // all is open above
	return s.report()
}

const (
	leastStrips  = 2000
	maxStripWork = 150_000_000 // edges in all strips together
	leastArea    = 1e-6        // square kilometres
	leastWidth   = 2           // units that rounding may bring about
	maxBetween   = 8
)

// sweep goes over the map from south to north.
type sweep struct {
	b       *Boundaries
	edges   []sweptEdge // by their lower end
	heights []int32
	next    int   // of edges
	active  []int // edges in the strip, from west to east
	last    []run // of the strip below
	gaps    []gap // what may be one; 0 is the open map
	pairs   map[[2]uint32]*piece
	inside  []uint32 // boundaries at a place of the strip, one for each part
}

// sweptEdge is an edge from its lower to its upper end.
type sweptEdge struct {
	from, to vertex
	part     uint32
	x        float64 // in the middle of the strip
}

// at returns where the edge is at a height, which is brought between its ends.
func (e *sweptEdge) at(y float64) float64 {
	y = max(float64(e.from.y), min(float64(e.to.y), y))
	return float64(e.from.x) + (y-float64(e.from.y))/(float64(e.to.y)-float64(e.from.y))*(float64(e.to.x)-float64(e.from.x))
}

// piece is what is known of an area so far.
type piece struct {
	area, largest float64
	at            location.Point
}

// add takes a rectangle in, of units.
func (p *piece) add(left, right, low, high float64) {
	middle := (low + high) / 2
	metre := location.Distance(location.Point{}, location.Point{Lat: 1}) / 1e7
	area := (right - left) * (high - low) * metre * metre * math.Cos(middle/1e7*math.Pi/180) / 1e6
	p.area += area
	if area > p.largest {
		p.largest, p.at = area, location.Point{Lat: middle / 1e7, Lon: (left + right) / 2 / 1e7}
	}
}

// gap is a place that nobody has, as far as it is known. Places that turn out to be one have the same root.
type gap struct {
	piece
	up      uint32 // itself for a root
	between []uint32
	south   vertex // a place at its lower end
	north   vertex
}

// beside notes a boundary that the gap lies beside.
func (g *gap) beside(who uint32) {
	if len(g.between) < maxBetween && !slices.Contains(g.between, who) {
		g.between = append(g.between, who)
	}
}

// run is a stretch of a strip that nobody has, by its ends at the strip's lower and upper edge.
type run struct {
	left0, right0, left1, right1 float64
	west, east                   *sweptEdge // nil where it is open
	gap                          uint32     // noGap until it is known
}

const noGap = math.MaxUint32

// prepare lists the edges, and the heights at which strips begin and end.
func (s *sweep) prepare() {
	for i := range s.b.parts {
		p := &s.b.parts[i]
		for band := range p.bands.count {
			for _, e := range s.b.index.edges[s.b.index.starts[p.bands.first+band]:s.b.index.starts[p.bands.first+band+1]] {
				from, to := s.b.vertices[e], s.b.vertices[e+1]
				if from.y > to.y {
					from, to = to, from
				}
				if p.bands.of(from.y) == band {
					s.edges = append(s.edges, sweptEdge{from: from, to: to, part: uint32(i)})
					s.heights = append(s.heights, from.y, to.y)
				}
			}
		}
	}
	if len(s.edges) == 0 {
		return
	}
	slices.SortFunc(s.edges, func(a, b sweptEdge) int { return cmp.Compare(a.from.y, b.from.y) })
	low, high := slices.Min(s.heights), slices.Max(s.heights)
	for i := range int64(leastStrips) {
		s.heights = append(s.heights, int32(int64(low)+(int64(high)-int64(low))*i/leastStrips))
	}
	slices.Sort(s.heights)
	s.heights = slices.Compact(s.heights)
	work := 0
	for _, e := range s.edges {
		first, _ := slices.BinarySearch(s.heights, e.from.y)
		end, _ := slices.BinarySearch(s.heights, e.to.y)
		work += end - first
	}
	if each := work/maxStripWork + 1; each > 1 {
		kept := s.heights[:0]
		for i, y := range s.heights {
			if i%each == 0 || i == len(s.heights)-1 {
				kept = append(kept, y)
			}
		}
		s.heights = kept
	}
}

// strip looks at the map between two heights.
func (s *sweep) strip(low, high int32) {
	middle := (float64(low) + float64(high)) / 2
	before := len(s.active)
	for s.next < len(s.edges) && float64(s.edges[s.next].from.y) <= middle {
		s.active = append(s.active, s.next)
		s.next++
	}
	added := len(s.active) - before
	s.active = slices.DeleteFunc(s.active, func(i int) bool { return float64(s.edges[i].to.y) <= middle })
	for _, i := range s.active {
		s.edges[i].x = s.edges[i].at(middle)
	}
	s.sort(added)
	runs := s.runs(float64(low), float64(high))
	s.join(s.last, runs)
	for i := range runs {
		r := &runs[i]
		if r.west == nil || r.east == nil {
			continue
		}
		if r.gap == noGap {
			r.gap = uint32(len(s.gaps))
			s.gaps = append(s.gaps, gap{up: r.gap, south: vertex{int32((r.left0 + r.right0) / 2), low}})
		}
		g := &s.gaps[s.root(r.gap)]
		g.north = vertex{int32((r.left1 + r.right1) / 2), high}
		g.add(r.west.x, r.east.x, float64(low), float64(high))
		g.beside(s.b.parts[r.west.part].boundary)
		g.beside(s.b.parts[r.east.part].boundary)
	}
	s.last = runs
}

// sort puts the edges of a strip in order from west to east. Most stand as they stood in the strip below.
func (s *sweep) sort(added int) {
	if added > 32 {
		slices.SortStableFunc(s.active, func(i, j int) int { return cmp.Compare(s.edges[i].x, s.edges[j].x) })
		return
	}
	for n := 1; n < len(s.active); n++ {
		i, x, m := s.active[n], s.edges[s.active[n]].x, n
		for ; m > 0 && s.edges[s.active[m-1]].x > x; m-- {
			s.active[m] = s.active[m-1]
		}
		s.active[m] = i
	}
}

// runs goes along a strip from west to east, notes what is claimed twice, and returns what nobody claims.
func (s *sweep) runs(low, high float64) []run {
	runs := []run{{left0: -halfX * 2, left1: -halfX * 2}}
	s.inside = s.inside[:0]
	for n, i := range s.active {
		e := &s.edges[i]
		if n > 0 {
			s.stretch(&s.edges[s.active[n-1]], e, low, high)
		}
		before := len(s.inside)
		if at := slices.Index(s.inside, e.part); at >= 0 {
			s.inside = slices.Delete(s.inside, at, at+1)
		} else {
			s.inside = append(s.inside, e.part)
		}
		switch last := &runs[len(runs)-1]; {
		case before == 0 && last.west != nil && e.x-last.west.x <= leastWidth:
			runs = runs[:len(runs)-1]
		case before == 0:
			last.right0, last.right1, last.east = e.at(low), e.at(high), e
		case len(s.inside) == 0:
			runs = append(runs, run{left0: e.at(low), left1: e.at(high), west: e, gap: noGap})
		}
	}
	last := &runs[len(runs)-1]
	last.right0, last.right1, last.gap = halfX*2, halfX*2, 0
	return runs
}

// stretch notes who claims the stretch between two edges together.
func (s *sweep) stretch(west, east *sweptEdge, low, high float64) {
	if len(s.inside) < 2 || east.x-west.x <= leastWidth {
		return
	}
	for i, p := range s.inside {
		for _, q := range s.inside[:i] {
			pair := [2]uint32{s.b.parts[p].boundary, s.b.parts[q].boundary}
			if s.b.list[pair[0]].Centre == s.b.list[pair[1]].Centre {
				continue
			}
			if pair[0] > pair[1] {
				pair[0], pair[1] = pair[1], pair[0]
			}
			if s.pairs[pair] == nil {
				s.pairs[pair] = &piece{}
			}
			s.pairs[pair].add(west.x, east.x, low, high)
		}
	}
}

// root returns the gap that another one has turned out to be a part of.
func (s *sweep) root(i uint32) uint32 {
	for s.gaps[i].up != i {
		s.gaps[i].up = s.gaps[s.gaps[i].up].up
		i = s.gaps[i].up
	}
	return i
}

// join makes runs of a strip and of the one above it that touch one gap.
func (s *sweep) join(below, above []run) {
	if below == nil { // all is open below
		below = []run{{left1: -halfX * 2, right1: halfX * 2}}
	}
	for i, j := 0, 0; i < len(below) && j < len(above); {
		if min(below[i].right1, above[j].right0)-max(below[i].left1, above[j].left0) > leastWidth {
			if above[j].gap == noGap {
				above[j].gap = below[i].gap
			}
			s.unite(below[i].gap, above[j].gap)
		}
		if below[i].right1 < above[j].right0 {
			i++
		} else {
			j++
		}
	}
}

func (s *sweep) unite(i, j uint32) {
	i, j = s.root(i), s.root(j)
	if i == j {
		return
	}
	if i > j {
		i, j = j, i
	}
	into, from := &s.gaps[i], &s.gaps[j]
	from.up = i
	into.area += from.area
	if from.largest > into.largest {
		into.largest, into.at = from.largest, from.at
	}
	for _, who := range from.between {
		into.beside(who)
	}
	from.between = nil
	if from.south.y < into.south.y {
		into.south = from.south
	}
	if from.north.y > into.north.y {
		into.north = from.north
	}
}

// report sorts what was found.
func (s *sweep) report() Report {
	var r Report
	for pair, p := range s.pairs {
		if p.area >= leastArea {
			r.Overlaps = append(r.Overlaps, Overlap{s.b.list[pair[0]], s.b.list[pair[1]], p.at, p.area})
		}
	}
	slices.SortFunc(r.Overlaps, func(a, b Overlap) int {
		return cmp.Or(cmp.Compare(b.Area, a.Area), cmp.Compare(a.At.Lat, b.At.Lat), cmp.Compare(a.At.Lon, b.At.Lon))
	})
	for i := 1; i < len(s.gaps); i++ {
		g := &s.gaps[i]
		if g.up != uint32(i) || g.area < leastArea {
			continue
		}
		for _, at := range [...]vertex{{g.south.x, g.south.y - leastWidth}, {g.north.x, g.north.y + leastWidth}} {
			if who, ok := s.b.holds(at); ok {
				g.beside(uint32(who))
			}
		}
		found := Gap{At: g.at, Area: g.area}
		for _, who := range g.between {
			found.Between = append(found.Between, s.b.list[who].Centre)
		}
		slices.Sort(found.Between)
		found.Between = slices.Compact(found.Between)
		r.Gaps = append(r.Gaps, found)
	}
	slices.SortFunc(r.Gaps, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(b.Area, a.Area), cmp.Compare(a.At.Lat, b.At.Lat), cmp.Compare(a.At.Lon, b.At.Lon))
	})
	return r
}
