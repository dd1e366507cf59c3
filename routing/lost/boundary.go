package lost

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"strconv"

	"github.com/paulmach/orb"

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
	shape, ok := n.Boundaries().Boundary(p.ID)
	if !ok {
		return
	}
	if q.value && corners(shape) <= maxBoundary {
		a.geodetic(shape)
		return
	}
	a.empty("serviceBoundaryReference", "source", s.o.Source, "key", s.key(n, p.ID, shape))
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
	for _, p := range n.PSAPs() {
		shape, ok := n.Boundaries().Boundary(p.ID)
		if !ok || s.key(n, p.ID, shape) != q.key {
			continue
		}
		var a answer
		a.root("getServiceBoundaryResponse")
		a.geodetic(shape)
		s.end(&a, q, "getServiceBoundaryResponse")
		return a.Bytes(), nil
	}
	return nil, fault("notFound", "no boundary has this key: it has changed, or is another server's; ask findService anew")
}

// key names a boundary: a token that nobody guesses, another one when the boundary changes.
func (s *Server) key(n *directory.Network, centre string, shape orb.MultiPolygon) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.follow(n)
	if k := s.keys[centre]; k != "" {
		return k
	}
	h := sha256.New()
	h.Write(s.salt[:])
	h.Write([]byte(centre))
	var b [16]byte
	for _, polygon := range shape {
		for _, ring := range polygon {
			for _, p := range ring {
				binary.LittleEndian.PutUint64(b[:8], math.Float64bits(p.Lon()))
				binary.LittleEndian.PutUint64(b[8:], math.Float64bits(p.Lat()))
				h.Write(b[:])
			}
			h.Write([]byte{0})
		}
	}
	s.keys[centre] = id(h.Sum(nil))
	return s.keys[centre]
}

func corners(shape orb.MultiPolygon) (n int) {
	for _, polygon := range shape {
		for _, ring := range polygon {
			n += len(ring)
		}
	}
	return n
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
