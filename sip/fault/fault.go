// Package fault is the vocabulary of what goes wrong around the edge while calls go on: a disk that is full, descriptors
// that have run out, a name that nobody answers for. It must not know who meets a fault or who is told of it.
package fault

import (
	"errors"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Report says of a fault that is still there since when it has been, and what it was when it began.
type Report struct {
	Subject string    // what of several it befell, a host name perhaps; "" where there is only one
	Since   time.Time // with its monotonic part, so that the clock may be set meanwhile
	Problem string    // in the system's words
	Met     uint64    // how many times, the first included
}

// Episode is the time from when a fault is first met until it is over. The zero value is without fault. Its methods are
// safe for concurrent use; without a fault End and Report take no lock.
type Episode struct {
	open   atomic.Bool
	mu     sync.Mutex
	report Report
	last   time.Time // when it was met last
}

// Begin notes that the fault was met at now. It is true the first time, which is the time to log it.
func (e *Episode) Begin(err error, now time.Time) (first bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if first = !e.open.Load(); first {
		e.report = Report{Since: now, Problem: err.Error()}
		e.open.Store(true)
	}
	e.report.Met++
	e.last = now
	return first
}

// End notes that the fault is over. It is true when there was one, which is the time to log that, too.
func (e *Episode) End() (Report, bool) {
	if !e.open.Load() {
		return Report{}, false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.report, e.open.Swap(false)
}

// Report returns the fault that is there now, false without one.
func (e *Episode) Report() (Report, bool) {
	if !e.open.Load() {
		return Report{}, false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.report, e.open.Load()
}

// Rest ends the episode if the fault has not been met for quiet: the end of a fault that only those tell of whom it
// befalls.
func (e *Episode) Rest(now time.Time, quiet time.Duration) {
	if !e.open.Load() {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if now.Sub(e.last) >= quiet {
		e.open.Store(false)
	}
}

// Disk tells a disk that refuses from a mistake in how it is used: full, read-only or broken as against a wrong path or
// missing permission. The former may pass by itself.
func Disk(err error) bool {
	for _, e := range []error{
		syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EIO, syscall.ESTALE, syscall.ENODEV, syscall.ENXIO,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return Descriptors(err)
}

// Descriptors tells whether err says that no file descriptors are left, for the process or the machine.
func Descriptors(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}
