package lost

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/paulmach/orb"

	"callbox/routing"
	"callbox/routing/area"
	"callbox/sip/location"
)

const (
	maxKept  = 512            // answers; the oldest goes first
	maxBytes = 16 << 20       // of all that are kept, as they came; the index of a boundary takes a few times as much
	staleFor = 24 * time.Hour // that an answer may be of use where there is no newer one
)

// cacheKey is what answers have in common that may stand for one another.
type cacheKey struct{ server, service string }

// kept is an answer that is remembered.
type kept struct {
	key    cacheKey
	text   []byte           // of the place that was asked for
	area   *area.Boundaries // where it holds, nil for nowhere else
	civics []location.Civic
	m      *Mapping
	until  time.Time
}

// fill makes a reply of the answer.
func (k *kept) fill(r *routing.Reply) {
	r.Err, r.Status, r.URIs, r.DisplayName, r.Warnings = "", 200, k.m.URIs, k.m.DisplayName, k.m.Warnings
}

// cache holds the last answers. The zero value is empty.
type cache struct {
	mu    sync.Mutex
	list  []*kept // the newest last
	bytes int     // of their documents, of which they hold parts
}

// find returns an answer that holds for a place, nil for none.
func (c *cache) find(key cacheKey, w *where, now time.Time) *kept {
	return c.newest(key, w, func(k *kept) bool { return now.Before(k.until) })
}

// stale returns an answer that held for a place not long ago.
func (c *cache) stale(key cacheKey, w *where, now time.Time) *kept {
	return c.newest(key, w, func(k *kept) bool { return now.Before(k.until.Add(staleFor)) })
}

func (c *cache) newest(key cacheKey, w *where, good func(*kept) bool) *kept {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.list) - 1; i >= 0; i-- {
		if k := c.list[i]; k.key == key && good(k) && k.holds(w) {
			return k
		}
	}
	return nil
}

// keep remembers an answer for as long as it says, and not longer than limit.
func (c *cache) keep(key cacheKey, w *where, m *Mapping, now time.Time, limit time.Duration) {
	until := now.Add(limit)
	if !m.Forever && m.Expires.Before(until) {
		until = m.Expires
	}
	if m.NoCache || !now.Before(until) {
		return
	}
	k := &kept{key: key, text: w.text, m: m, until: until}
	if w.profile == profileGeodetic {
		k.area = areaOf(m)
	} else {
		k.civics = m.Civics
	}
	m.Areas, m.Civics = nil, nil // the index has them
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, old := range c.list {
		if old.key == key && bytes.Equal(old.text, k.text) {
			c.forget(i)
			break
		}
	}
	c.list, c.bytes = append(c.list, k), c.bytes+m.size
	for len(c.list) > maxKept || c.bytes > maxBytes {
		c.forget(0)
	}
}

// forget takes an answer away. mu is held.
func (c *cache) forget(i int) {
	c.bytes -= c.list[i].m.size
	c.list = slices.Delete(c.list, i, i+1)
}

// areaOf indexes the boundary of an answer.
func areaOf(m *Mapping) *area.Boundaries {
	if len(m.Areas) == 0 {
		return nil
	}
	shape := make(orb.MultiPolygon, 0, len(m.Areas))
	for _, rings := range m.Areas {
		polygon := make(orb.Polygon, 0, len(rings))
		for _, ring := range rings {
			r := make(orb.Ring, 0, len(ring))
			for _, p := range ring {
				r = append(r, orb.Point{p.Lon, p.Lat})
			}
			polygon = append(polygon, r)
		}
		shape = append(shape, polygon)
	}
	return area.NewBoundaries([]area.Boundary{{Centre: "kept", Shape: shape}})
}

// holds tells whether the answer is one for a place.
func (k *kept) holds(w *where) bool {
	switch {
	case bytes.Equal(k.text, w.text):
		return true
	case k.area != nil && w.point != nil:
		_, in := k.area.At(*w.point)
		return in
	}
	for i := range k.civics {
		if w.civic != nil && w.civic.Matches(&k.civics[i], strings.EqualFold) {
			return true
		}
	}
	return false
}
