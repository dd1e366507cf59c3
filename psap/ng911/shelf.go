package ng911

import (
	"crypto/rand"
	"crypto/subtle"
	"strings"
	"sync"
	"time"
)

// Keep is how long the blocks of a call that has ended can still be had.
const Keep = time.Minute

// Shelf keeps the blocks of calls for who knows a call's secret, which stands in for the client certificate that RFC 7852
// section 9 asks for: a lab has no authority that call centres and the edge both trust. Its methods are safe for concurrent use and do not block.
// The zero value has no URL, and so keeps nothing.
type Shelf struct {
	base string

	mu    sync.Mutex
	calls map[string]*shelved
}

// shelved is the blocks of one call.
type shelved struct {
	secret string
	blocks []Block
	ended  bool
}

// NewShelf returns a shelf whose blocks are had below base, an https: URL.
func NewShelf(base string) *Shelf {
	return &Shelf{base: strings.TrimSuffix(base, "/"), calls: make(map[string]*shelved)}
}

// Put keeps the blocks of a call in the place of those it had, and returns their URLs, which stay the same for the length of
// the call; nil where there are none. Each holds the call's secret: whoever has it has the block.
func (s *Shelf) Put(call string, blocks []Block) []string {
	if s.base == "" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.calls[call]
	if kept == nil || kept.ended {
		kept = &shelved{secret: rand.Text()}
		s.calls[call] = kept
	}
	kept.blocks = blocks
	urls := make([]string, 0, len(blocks))
	for _, b := range blocks {
		urls = append(urls, s.base+"/emergency-data/"+call+"/"+kept.secret+"/"+b.Kind)
	}
	return urls
}

// End has the blocks of a call go after Keep.
func (s *Shelf) End(call string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.calls[call]
	if kept == nil || kept.ended {
		return
	}
	kept.ended = true
	time.AfterFunc(Keep, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.calls[call] == kept {
			delete(s.calls, call)
		}
	})
}

// Get returns a block. Nothing tells an unknown call from a wrong secret, not even the time it takes.
func (s *Shelf) Get(call, secret, kind string) (Block, bool) {
	s.mu.Lock()
	kept := s.calls[call]
	s.mu.Unlock()
	want := strings.Repeat("\x00", 26) // as long as a secret, and none
	if kept != nil {
		want = kept.secret
	}
	if subtle.ConstantTimeCompare([]byte(want), []byte(secret)) != 1 || kept == nil {
		return Block{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range kept.blocks {
		if b.Kind == kind {
			return b, true
		}
	}
	return Block{}, false
}

// Len returns how many calls have blocks here.
func (s *Shelf) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.calls)
}
