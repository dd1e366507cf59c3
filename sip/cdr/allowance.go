package cdr

import "time"

// Records of refused calls are kept at this pace at most, and so many at once. Anybody can have a call refused, and a
// flood of them would push those of real calls out of memory and off the disk within a minute.
const (
	refusedPerSecond = 100
	refusedBurst     = 1000
)

// allowance is what may still be kept of refused calls. The zero value is a full one.
type allowance struct {
	spent float64 // of refusedBurst
	at    time.Time
	since time.Time // when it was first used up without half of it having come back; zero while it is not
}

// take uses up one; ok is false when there is none left, and first tells that this is when they ran out.
func (a *allowance) take(now time.Time) (ok, first bool) {
	a.spent = max(0, a.spent-now.Sub(a.at).Seconds()*refusedPerSecond)
	a.at = now
	if a.spent < refusedBurst/2 {
		a.since = time.Time{}
	}
	if a.spent+1 <= refusedBurst {
		a.spent++
		return true, false
	}
	first = a.since.IsZero()
	if first {
		a.since = now
	}
	return false, first
}
