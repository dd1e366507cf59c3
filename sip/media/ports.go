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

// ports hands out pairs of an even port and the odd one above it. A pair that comes back rests for a while, so that
// the late packets of a dead call find nobody. It is safe for concurrent use.
type ports struct {
	min     uint16 // first even port
	max     uint16
	rest    time.Duration
	clock   func() time.Duration
	rand    func(n int) int
	mu      sync.Mutex
	pairs   int
	free    []int32       // pairs that are neither in use nor resting, in no order
	resting []restingPair // oldest first
	used    int
	woken   uint64 // pairs handed out before their rest was over
}

type restingPair struct {
	pair  int32
	until time.Duration
}

// newPorts makes a pool of the whole pairs in lo to hi, both inclusive.
func newPorts(lo, hi uint16, rest time.Duration, clock func() time.Duration, rand func(int) int) (*ports, error) {
	first := int(lo) + int(lo)%2
	n := (int(hi) - first + 1) / 2
	if first == 0 || n < 2 {
		return nil, fmt.Errorf("rtp ports %d-%d: a call needs two pairs, each an even port and the next", lo, hi)
	}
	p := &ports{min: uint16(first), max: hi, rest: rest, clock: clock, rand: rand, pairs: n, free: make([]int32, n)}
	for k := range p.free {
		p.free[k] = int32(k)
	}
	return p, nil
}

// take returns the even port of a pair on which open succeeded. The pair is a random one, so that the ports of the next
// call cannot be told from those of the last. A pair that open finds in use by another program is skipped; any other
// error of open ends the search. When no rested pair is left the one that rests longest is woken: an emergency call that
// fails is worse than a late packet, which the latch drops as a stranger's. open runs without the pool's lock.
func (p *ports) take(open func(rtp uint16) error) (uint16, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wake()
	var foreign []int32
	defer func() { p.free = append(p.free, foreign...) }()
	for range p.pairs {
		k, woken, ok := p.next()
		if !ok {
			break
		}
		port, err := p.try(k, open)
		switch {
		case errors.Is(err, unix.EADDRINUSE):
			foreign = append(foreign, k)
			continue
		case err != nil:
			p.free = append(p.free, k)
		case woken:
			p.woken++
		}
		return port, err
	}
	return 0, fmt.Errorf("%w: of the %d pairs in %d-%d, %d are in use, %d are taken by other programs",
		ErrNoPorts, p.pairs, p.min, p.max, p.used, len(foreign))
}

// next takes a pair out of those that may be used, a free one if there is any.
func (p *ports) next() (k int32, woken, ok bool) {
	if n := len(p.free); n > 0 {
		i := p.rand(n)
		k = p.free[i]
		p.free[i] = p.free[n-1]
		p.free = p.free[:n-1]
		return k, false, true
	}
	if len(p.resting) == 0 {
		return 0, false, false
	}
	k = p.resting[0].pair
	p.resting = p.resting[1:]
	return k, true, true
}

// try opens pair k. p.mu is held on entry and on return.
func (p *ports) try(k int32, open func(rtp uint16) error) (uint16, error) {
	port := p.min + uint16(2*k)
	p.mu.Unlock()
	err := open(port)
	p.mu.Lock()
	if err != nil {
		return 0, err
	}
	p.used++
	return port, nil
}

// give takes a pair back. It rests before it is handed out again.
func (p *ports) give(port uint16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := int32(port-p.min) / 2
	p.used--
	if p.rest <= 0 {
		p.free = append(p.free, k)
		return
	}
	p.resting = append(p.resting, restingPair{pair: k, until: p.clock() + p.rest})
}

// wake frees the pairs that have rested long enough.
func (p *ports) wake() {
	now, n := p.clock(), 0
	for n < len(p.resting) && p.resting[n].until <= now {
		p.free = append(p.free, p.resting[n].pair)
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
