package agent

import (
	"container/list"
	"net/netip"
	"sync"
	"time"
)

const (
	maxStreams = 8192 // connections taken and open at once
	maxSource  = 2048 // of those, from one address
)

// connections holds the streams of an agent. What we connect ourselves is not counted: a crowd of callers must not keep
// us from reaching a call centre.
type connections struct {
	most, mostSource int

	mu     sync.Mutex
	all    map[*stream]struct{}
	peer   map[streamKey]*stream
	source map[netip.Addr]int
	taken  int
	silent list.List // streams taken that have sent no message yet, the oldest first
	closed bool
}

type streamKey struct {
	transport string
	remote    netip.AddrPort
}

func newConnections() *connections {
	return &connections{
		most: maxStreams, mostSource: maxSource,
		all: make(map[*stream]struct{}), peer: make(map[streamKey]*stream), source: make(map[netip.Addr]int),
	}
}

// take adds a connection that a peer made. When there are too many, one that has sent nothing of use has to go; where
// there is none, or the peer has its share, the answer is false.
func (c *connections) take(s *stream) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.source[sourceOf(s)] >= c.mostSource {
		return false
	}
	if c.taken >= c.most {
		oldest := c.silent.Front()
		if oldest == nil {
			return false
		}
		victim := oldest.Value.(*stream)
		c.remove(victim)
		victim.close()
	}
	s.taken = true
	c.taken++
	s.waiting = c.silent.PushBack(s)
	c.source[sourceOf(s)]++
	c.add(s)
	return true
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

// proven notes that a stream taken has sent a message.
func (c *connections) proven(s *stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.waiting != nil {
		c.silent.Remove(s.waiting)
		s.waiting = nil
	}
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
	if s.waiting != nil {
		c.silent.Remove(s.waiting)
		s.waiting = nil
	}
	if at := sourceOf(s); s.taken {
		c.taken--
		if c.source[at]--; c.source[at] == 0 {
			delete(c.source, at)
		}
	}
}

// to returns an open connection to remote, or nil.
func (c *connections) to(transport string, remote netip.AddrPort) *stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.peer[streamKey{transport, remote}]
	if s == nil || s.closed() {
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

// sourceOf is the address that a connection counts for: an IPv6 host has a whole /64 to choose from.
func sourceOf(s *stream) netip.Addr {
	ip := s.remote.Addr()
	if ip.Is6() {
		if p, err := ip.WithZone("").Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return ip
}

// streamPatience is how long a peer may keep a connection busy with nothing.
type streamPatience struct {
	start   time.Duration // until the first message is complete
	message time.Duration // from the first byte of a message to its last
	idle    time.Duration // between messages
}

var usualPatience = streamPatience{start: 30 * time.Second, message: 30 * time.Second, idle: 10 * time.Minute}

// size returns how many connections are open.
func (c *connections) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.all)
}
