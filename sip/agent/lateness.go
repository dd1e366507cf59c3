package agent

import (
	"sync"
	"time"
)

const (
	// forgiven is how long waits may be long before anybody is refused for it: a machine that stood still for a moment
	// has the power to make up for it, and a call for help is not refused for that.
	forgiven = 150 * time.Millisecond
	// relaxed is for how long no wait may have been long for the next one to count as the first.
	relaxed = 300 * time.Millisecond
	// floor is how many urgent INVITEs are taken in every second however long they waited. A machine that cannot carry
	// these is not crowded but slow, and slow is better than refused.
	floor = 50
)

// lateness tells a machine that has more to do than it can from one that was kept waiting. It is safe for concurrent use.
type lateness struct {
	patience time.Duration
	floor    int

	mu          sync.Mutex
	since, last time.Time // when waits began to be long, and the last long one
	second      time.Time
	taken       int // since second
}

// refuses tells whether what has waited is to be refused for it.
func (l *lateness) refuses(waited time.Duration, now time.Time) bool {
	if waited <= l.patience {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.last) > relaxed {
		l.since = now
	}
	l.last = now
	if now.Sub(l.since) < forgiven {
		return false
	}
	if now.Sub(l.second) >= time.Second {
		l.second, l.taken = now, 0
	}
	if l.taken < l.floor {
		l.taken++
		return false
	}
	return true
}
