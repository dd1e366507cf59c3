package area

import "math/bits"

// bands find the edges of rings by latitude: the height that a polygon takes is cut into bands of equal height, a power of
// two, and each lists the edges that are in it. An edge is named by its first vertex, the next one is its other end.
type bands struct {
	low   int32 // where the first band begins
	shift uint8 // log2 of the height of a band
	first uint32
	count uint32 // of bands
}

// bandIndex holds the bands of many polygons in two arrays.
type bandIndex struct {
	starts []uint32 // by band: where its edges begin in edges; each polygon's last is followed by where that ends
	edges  []uint32
}

// edge is what the index needs of one: its name and the heights of its ends, low < high.
type edge struct {
	name      uint32
	low, high int32
}

// add indexes a polygon's edges, none of which lies level.
func (x *bandIndex) add(edges []edge, low, high int32) bands {
	b := bands{low: low, first: uint32(len(x.starts))}
	height := uint64(int64(high) - int64(low))
	if n := uint64(len(edges)); n > 0 {
		b.shift = uint8(bits.Len64(2 * height / n))
	}
	for ; ; b.shift++ { // long edges stand in many bands: no more entries than four to an edge
		total := uint64(0)
		for _, e := range edges {
			total += uint64(b.of(e.high-1)-b.of(e.low)) + 1
		}
		if total <= 4*uint64(len(edges)) {
			break
		}
	}
	b.count = uint32(b.of(high)) + 1
	sizes := make([]uint32, b.count+1)
	for _, e := range edges {
		for i := b.of(e.low); i <= b.of(e.high-1); i++ {
			sizes[i+1]++
		}
	}
	at := uint32(len(x.edges))
	for i := range sizes {
		at += sizes[i]
		sizes[i] = at
	}
	x.starts = append(x.starts, sizes...)
	x.edges = append(x.edges, make([]uint32, int(at)-len(x.edges))...)
	for _, e := range edges {
		for i := b.of(e.low); i <= b.of(e.high-1); i++ {
			x.edges[sizes[i]] = e.name
			sizes[i]++
		}
	}
	return b
}

// of returns the band of a height, which must not be below the first.
func (b *bands) of(y int32) uint32 { return uint32(int64(y)-int64(b.low)) >> b.shift }

// at returns the edges in the band of a height, which must be within the polygon's.
func (x *bandIndex) at(b *bands, y int32) []uint32 {
	i := b.first + b.of(y)
	return x.edges[x.starts[i]:x.starts[i+1]]
}

// between returns the bands from one height to another as indexes of starts, as far as the polygon reaches; where it does
// not reach at all the last is before the first.
func (x *bandIndex) between(b *bands, low, high int32) (first, last uint32) {
	if high < b.low {
		return 1, 0
	}
	return b.first + b.of(max(low, b.low)), b.first + min(b.of(high), b.count-1)
}
