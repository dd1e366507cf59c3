package agent

import (
	"container/list"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

const (
	maxStreams  = 8192 // connections taken and open at once, where there are descriptors for as many again
	sourceShare = 4    // one address may have one of so many
)

// connections holds the streams of an agent. What we connect ourselves is not counted: a crowd of callers must not keep
// us from reaching a call centre.
type connections struct {
	most, mostSource int

	mu      sync.Mutex
	all     map[*stream]struct{}
	peer    map[streamKey]*stream
	whole   crowd
	source  map[netip.Addr]*crowd
	closed  bool
	refused refusedStreams
}

type streamKey struct {
	transport string
	remote    netip.AddrPort
}

// refusedStreams counts connections that were not taken, or closed to take another.
type refusedStreams struct{ share, full uint64 }

// standing is what a connection taken has done to be kept.
type standing uint8

const (
	silent standing = iota // it has sent no message yet
	idle                   // it has
	kept                   // it carries calls, or did
)

// crowd is the connections taken, all or those of one address.
type crowd struct {
	size  int
	loose [kept]list.List // silent ones, the oldest first, and idle ones, the one heard of longest ago first
}

// victim returns the connection that is missed least, or nil when all are to be kept.
func (c *crowd) victim() *stream {
	for i := range c.loose {
		if e := c.loose[i].Front(); e != nil {
			return e.Value.(*stream)
		}
	}
	return nil
}

// place is where a connection stands in a crowd.
type place struct {
	in *list.List
	at *list.Element
}

func (p *place) leave() {
	if p.in != nil {
		p.in.Remove(p.at)
		*p = place{}
	}
}

func (p *place) enter(c *crowd, s *stream, st standing) {
	p.leave()
	if st < kept {
		*p = place{&c.loose[st], c.loose[st].PushBack(s)}
	}
}

// newConnections returns room for as many connections as half of the descriptors allow: calls need the others.
func newConnections() *connections {
	most := maxStreams
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err == nil {
		most = int(min(uint64(most), files.Cur/2))
	}
	return &connections{
		most: most, mostSource: max(1, most/sourceShare),
		all: make(map[*stream]struct{}), peer: make(map[streamKey]*stream), source: make(map[netip.Addr]*crowd),
	}
}

// take adds a connection that a peer made. When there are too many, or too many from its address, one that is missed
// less has to go; where there is none the answer is false.
func (c *connections) take(s *stream) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	from := c.source[sourceOf(s)]
	if from != nil && from.size >= c.mostSource {
		c.refused.share++
		if !c.evict(from) {
			return false
		}
	}
	if c.whole.size >= c.most {
		c.refused.full++
		if !c.evict(&c.whole) {
			return false
		}
	}
	if from = c.source[sourceOf(s)]; from == nil {
		from = &crowd{}
		c.source[sourceOf(s)] = from
	}
	s.taken = true
	c.whole.size++
	from.size++
	c.rank(s, silent)
	c.add(s)
	return true
}

// evict closes the connection of a crowd that is missed least.
func (c *connections) evict(from *crowd) bool {
	s := from.victim()
	if s == nil {
		return false
	}
	c.remove(s)
	s.close()
	return true
}

// spare closes the connection that is missed least, if there is one.
func (c *connections) spare() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused.full++
	c.evict(&c.whole)
}

// rank gives a connection taken its standing, as the latest heard of.
func (c *connections) rank(s *stream, st standing) {
	s.places[0].enter(&c.whole, s, st)
	s.places[1].enter(c.source[sourceOf(s)], s, st)
}

// heard notes that a connection taken has sent a message.
func (c *connections) heard(s *stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.all[s]; ok && !s.kept.Load() {
		c.rank(s, idle)
	}
}

// keep notes that a connection taken carries a call: it is not closed for the sake of others.
func (c *connections) keep(s *stream) {
	if s == nil || !s.taken || s.kept.Swap(true) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.all[s]; ok {
		c.rank(s, kept)
	}
}

// made adds a connection that we made. Where another call was faster, its connection is returned and s is not added.
func (c *connections) made(s *stream) (use *stream, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, false
	}
	if other := c.peer[s.key()]; other != nil && other.serves(s.host) {
		return other, true
	}
	c.add(s)
	return s, true
}

func (c *connections) add(s *stream) {
	c.all[s] = struct{}{}
	c.peer[s.key()] = s
}

func (c *connections) drop(s *stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(s)
}

func (c *connections) remove(s *stream) {
	if _, ok := c.all[s]; !ok {
		return
	}
	delete(c.all, s)
	if c.peer[s.key()] == s {
		delete(c.peer, s.key())
	}
	if !s.taken {
		return
	}
	for i := range s.places {
		s.places[i].leave()
	}
	c.whole.size--
	from := c.source[sourceOf(s)]
	if from.size--; from.size == 0 {
		delete(c.source, sourceOf(s))
	}
}

// to returns an open connection to remote that can carry messages, or nil.
func (c *connections) to(transport string, remote netip.AddrPort) *stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.peer[streamKey{transport, remote}]
	if s == nil || s.closed() || !s.up.Load() {
		return nil
	}
	return s
}

// close closes every connection and takes no more.
func (c *connections) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for s := range c.all {
		s.close()
	}
}

// sourceOf is the address that a connection counts for.
func sourceOf(s *stream) netip.Addr { return neighbourhood(s.remote.Addr()) }

// streamPatience is how long a peer may keep a connection busy with nothing.
type streamPatience struct {
	handshake time.Duration // of TLS
	start     time.Duration // until the first message is complete
	message   time.Duration // from the first byte of a message to its last
	idle      time.Duration // between messages
}

var usualPatience = streamPatience{
	handshake: 5 * time.Second, start: 30 * time.Second, message: 30 * time.Second, idle: 10 * time.Minute,
}

// size returns how many connections are open, and how many were refused so far.
func (c *connections) size() (open int, refused refusedStreams) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.all), c.refused
}
