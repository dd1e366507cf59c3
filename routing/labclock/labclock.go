// Package labclock tells the time of the lab: the real time and an offset that a tester steps forward, so that what
// takes a provider minutes or days is seen at once. Emergency address statuses and fees go by it; calls, records and
// logs never do. It keeps no state beyond the process: whoever owns the clock stores the offset and gives it back with
// Follow, on this edge and on every other that shares the database.
package labclock

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// The bounds of a step and of all steps together. They keep every time of the lab far from where int64 milliseconds,
// RFC 3339 years or month arithmetic would end, and the number of months one step can cross small.
const (
	MaxStep   = 366 * 24 * time.Hour
	MaxOffset = 10 * 366 * 24 * time.Hour
)

// ErrBackwards is in the error of a step that would take the clock back.
var ErrBackwards = errors.New("the lab clock goes forwards only")

// ErrTooFar is in the error of a step beyond MaxStep or MaxOffset.
var ErrTooFar = errors.New("the lab clock does not step that far")

// Clock is the real time and an offset that only grows. It is safe for concurrent use. The zero value is the real time
// and ready.
type Clock struct {
	real func() time.Time

	mu      sync.Mutex
	offset  time.Duration
	changed chan struct{} // closed at the next change; made when somebody asks
}

// New returns a clock over real, which is time.Now when nil.
func New(real func() time.Time) *Clock { return &Clock{real: real} }

// Now returns the time of the lab in UTC, without a monotonic reading: it goes to databases and back.
func (c *Clock) Now() time.Time { return c.Real().Add(c.Offset()) }

// Real returns the real time, in UTC and without a monotonic reading.
func (c *Clock) Real() time.Time {
	if c.real == nil {
		return time.Now().UTC().Round(0)
	}
	return c.real().UTC().Round(0)
}

// Offset returns how far the lab is ahead of the real time.
func (c *Clock) Offset() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset
}

// Step takes the clock forwards by d, which may be zero, and returns the offset it then has. An error, which is
// ErrBackwards or ErrTooFar with the figures, leaves the clock as it was.
func (c *Clock) Step(d time.Duration) (time.Duration, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	next, err := Stepped(c.offset, d)
	if err != nil {
		return c.offset, err
	}
	c.set(next)
	return next, nil
}

// Stepped returns the offset that follows from a step of d at offset, or why there is none. It is what Step does, for
// an owner who stores the offset first and hands it to Follow.
func Stepped(offset, d time.Duration) (time.Duration, error) {
	switch {
	case d < 0:
		return 0, fmt.Errorf("%w: a step of %s would bring back statuses and fees that have already happened", ErrBackwards, d)
	case d > MaxStep:
		return 0, fmt.Errorf("%w: a step of %s is more than %s; take several steps", ErrTooFar, d, MaxStep)
	case offset+d > MaxOffset:
		return 0, fmt.Errorf("%w: %s ahead and a step of %s are more than %s; start with an empty database", ErrTooFar, offset, d, MaxOffset)
	}
	return offset + d, nil
}

// Follow takes over an offset that was stored, by this process before it was restarted or by another edge. An offset
// behind the clock's own is old news and changes nothing.
func (c *Clock) Follow(offset time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if offset > c.offset {
		c.set(min(offset, MaxOffset))
	}
}

// Changed returns a channel that is closed when the offset next changes. Ask for it before reading Now, so that no
// change falls between the two.
func (c *Clock) Changed() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changed == nil {
		c.changed = make(chan struct{})
	}
	return c.changed
}

// set changes the offset and wakes whoever waits. The caller holds mu.
func (c *Clock) set(offset time.Duration) {
	if offset == c.offset {
		return
	}
	c.offset = offset
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}
