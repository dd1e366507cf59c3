package media

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// ErrNoPorts is wrapped by the error of Relay.Open when no free pair is left in the port range.
var ErrNoPorts = errors.New("no free rtp ports")

// pairState is what the pool knows of one pair of ports.
type pairState uint8

const (
	pairFree pairState = iota
	pairUsed
	pairResting
)

// ports hands out pairs of an even port and the odd one above it. A pair that comes back rests for a while, so that
// the late packets of a dead call find nobody. It is safe for concurrent use.
type ports struct {
	min     uint16 // first even port
	max     uint16
	rest    time.Duration
	clock   func() time.Duration
	rand    func(n int) int
	mu      sync.Mutex
	pairs   []pairState
	resting []restingPair // oldest first
	used    int
	woken   uint64 // pairs handed out before their rest was over
}

type restingPair struct {
	pair  int
	until time.Duration
}

// newPorts makes a pool of the whole pairs in lo to hi, both inclusive.
func newPorts(lo, hi uint16, rest time.Duration, clock func() time.Duration, rand func(int) int) (*ports, error) {
	first := int(lo) + int(lo)%2
	n := (int(hi) - first + 1) / 2
	if first == 0 || n < 2 {
		return nil, fmt.Errorf("rtp ports %d-%d: a call needs two pairs, each an even port and the next", lo, hi)
	}
	return &ports{min: uint16(first), max: hi, rest: rest, clock: clock, rand: rand, pairs: make([]pairState, n)}, nil
}

// take returns the even port of a pair on which open succeeded. Where to look first is random, so that the ports of the
// next call cannot be told from those of the last. A pair that open finds in use by another program is skipped; any
// other error of open ends the search. When no rested pair is left the one that rests longest is woken: an emergency
// call that fails is worse than a late packet, which the latch drops as a stranger's. open runs without the pool's lock.
func (p *ports) take(open func(rtp uint16) error) (uint16, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wake()
	foreign := 0
	start := p.rand(len(p.pairs))
	for i := range p.pairs {
		k := (start + i) % len(p.pairs)
		if p.pairs[k] != pairFree {
			continue
		}
		port, err := p.try(k, open)
		if !errors.Is(err, unix.EADDRINUSE) {
			return port, err
		}
		foreign++
	}
	for range len(p.resting) {
		k := p.resting[0].pair
		p.resting = p.resting[1:]
		port, err := p.try(k, open)
		if !errors.Is(err, unix.EADDRINUSE) {
			p.woken++
			return port, err
		}
		foreign++
	}
	return 0, fmt.Errorf("%w: of the %d pairs in %d-%d, %d are in use, %d are taken by other programs",
		ErrNoPorts, len(p.pairs), p.min, p.max, p.used, foreign)
}

// try opens pair k, whose state the caller has seen to. p.mu is held on entry and on return.
func (p *ports) try(k int, open func(rtp uint16) error) (uint16, error) {
	port := p.min + uint16(2*k)
	p.pairs[k] = pairUsed
	p.mu.Unlock()
	err := open(port)
	p.mu.Lock()
	if err != nil {
		p.pairs[k] = pairFree
		return 0, err
	}
	p.used++
	return port, nil
}

// give takes a pair back. It rests before it is handed out again.
func (p *ports) give(port uint16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := int(port-p.min) / 2
	p.used--
	if p.rest <= 0 {
		p.pairs[k] = pairFree
		return
	}
	p.pairs[k] = pairResting
	p.resting = append(p.resting, restingPair{pair: k, until: p.clock() + p.rest})
}

// wake frees the pairs that have rested long enough.
func (p *ports) wake() {
	now, n := p.clock(), 0
	for n < len(p.resting) && p.resting[n].until <= now {
		p.pairs[p.resting[n].pair] = pairFree
		n++
	}
	p.resting = p.resting[n:]
}

// count returns how many ports are in use and how many rest.
func (p *ports) count() (used, resting int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wake()
	return 2 * p.used, 2 * len(p.resting)
}

// wokenEarly returns how many pairs were handed out before their rest was over.
func (p *ports) wokenEarly() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.woken
}
