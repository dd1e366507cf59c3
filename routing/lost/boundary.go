package lost

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"math"
	"strconv"

	"github.com/paulmach/orb"

	"callbox/routing/area"
	"callbox/routing/directory"
	"callbox/sip/location"
)

// maxBoundary is how many corners a boundary within an answer may have; a larger one is given by reference.
const maxBoundary = 20_000

// boundary writes where a mapping holds. Of an address that is itself: which others have the same answer, street ranges and
// postal codes decide together.
func (s *Server) boundary(a *answer, n *directory.Network, q *query, p *directory.PSAP) {
	if q.where.civic != nil {
		if q.value {
			a.open("serviceBoundary", "profile", profileCivic)
			a.Write(deciding(*q.where.civic).XML())
			a.close("serviceBoundary")
		}
		return
	}
	b := s.bounds(n).of[p.ID]
	if b == nil {
		return
	}
	if q.value && b.corners <= maxBoundary {
		shape, _ := n.Boundaries().Boundary(p.ID)
		a.geodetic(shape)
		return
	}
	a.empty("serviceBoundaryReference", "source", s.o.Source, "key", b.key)
}

// deciding returns what of an address has a say in who serves it: not who lives there, nor where in the house.
func deciding(c location.Civic) location.Civic {
	c.LMK, c.LOC, c.FLR, c.NAM, c.BLD, c.UNIT, c.ROOM, c.SEAT, c.PLC, c.POBOX, c.ADDCODE = "", "", "", "", "", "", "", "", "", "", ""
	c.PN, c.MP, c.Extensions = "", "", nil
	return c
}

// getServiceBoundary gives the boundary of a reference.
func (s *Server) getServiceBoundary(d *directory.Snapshot, q *query) ([]byte, *Fault) {
	n := d.Network()
	centre, ok := s.bounds(n).centre[q.key]
	if !ok {
		return nil, fault("notFound", "no boundary has this key: it has changed, or is another server's; ask findService anew")
	}
	shape, _ := n.Boundaries().Boundary(centre)
	var a answer
	a.root("getServiceBoundaryResponse")
	a.geodetic(shape)
	s.end(&a, q, "getServiceBoundaryResponse")
	return a.Bytes(), nil
}

// bounds are the boundaries of a network without their corners, so that none is put together to be looked at.
type bounds struct {
	of     map[string]*bound // by centre
	centre map[string]string // by key
}

// bound is one centre's. The key is a token that nobody guesses, another one when the boundary changes.
type bound struct {
	key     string
	corners int
	sum     hash.Hash
}

// bounds returns those of a network, which are made when they are first asked for.
func (s *Server) bounds(n *directory.Network) *bounds {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.follow(n)
	if s.known == nil {
		s.known = &bounds{make(map[string]*bound), make(map[string]string)}
		for one := range n.Boundaries().All() {
			s.known.add(&s.salt, &one)
		}
		for centre, b := range s.known.of {
			b.key = id(b.sum.Sum(nil))
			s.known.centre[b.key] = centre
		}
	}
	return s.known
}

// add takes in one of the boundaries of a centre.
func (l *bounds) add(salt *[16]byte, one *area.Boundary) {
	if len(one.Shape) == 0 {
		return
	}
	b := l.of[one.Centre]
	if b == nil {
		b = &bound{sum: sha256.New()}
		b.sum.Write(salt[:])
		b.sum.Write([]byte(one.Centre))
		l.of[one.Centre] = b
	}
	var at [16]byte
	for _, polygon := range one.Shape {
		for _, ring := range polygon {
			b.corners += len(ring)
			for _, p := range ring {
				binary.LittleEndian.PutUint64(at[:8], math.Float64bits(p.Lon()))
				binary.LittleEndian.PutUint64(at[8:], math.Float64bits(p.Lat()))
				b.sum.Write(at[:])
			}
			b.sum.Write([]byte{0})
		}
	}
}

// geodetic writes a boundary: polygons that add to one another (RFC 5222 section 5.5), each with its holes.
func (a *answer) geodetic(shape orb.MultiPolygon) {
	a.open("serviceBoundary", "profile", profileGeodetic)
	a.WriteString("\n")
	for _, polygon := range shape {
		a.open("gml:Polygon", "xmlns:gml", location.GMLNS, "srsName", location.CRS2D)
		for i, ring := range polygon {
			name := "gml:interior"
			if i == 0 {
				name = "gml:exterior"
			}
			a.WriteString("<" + name + "><gml:LinearRing><gml:posList>")
			number := a.AvailableBuffer()
			for j, p := range ring {
				if j > 0 {
					number = append(number, ' ')
				}
				number = strconv.AppendFloat(number, p.Lat(), 'f', -1, 64)
				number = append(number, ' ')
				number = strconv.AppendFloat(number, p.Lon(), 'f', -1, 64)
			}
			a.Write(number)
			a.WriteString("</gml:posList></gml:LinearRing></" + name + ">")
		}
		a.close("gml:Polygon")
	}
	a.close("serviceBoundary")
}
