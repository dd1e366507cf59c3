package app

import (
	"fmt"
	"time"

	"callbox/sip/fault"
)

// The least by which a clock is set rather than kept right, and how long that is told.
const (
	leastStep = 10 * time.Second
	stepTold  = 10 * time.Minute
)

// stepWatch notices when the system's clock is set. No call minds: whatever lasts is measured by the monotonic clock. But
// the times of day in records and log jump, and certificates may seem expired.
type stepWatch struct {
	last time.Time // of the last look, zero before the first
	step fault.Report
	at   time.Time // when step was seen, zero for none
}

// read is the board's: it compares how far both clocks have gone since it was called last.
func (w *stepWatch) read(now time.Time) []fault.Report {
	if !w.last.IsZero() {
		by := now.Round(0).Sub(w.last.Round(0)) - now.Sub(w.last)
		if by.Abs() >= leastStep {
			word := "ahead"
			if by < 0 {
				word = "back"
			}
			w.at = now
			w.step = fault.Report{Since: now, Problem: fmt.Sprintf("the system clock was set %s by %v", word, by.Abs().Round(time.Second)), Met: w.step.Met + 1}
		}
	}
	w.last = now
	return one(w.step, !w.at.IsZero() && now.Sub(w.at) < stepTold)
}
