// Package faulttest makes the faults of a machine for tests: what cannot be had from a machine that is well. It must not
// be used by anything but tests.
package faulttest

import (
	"testing"
	"time"
	"unsafe"
)

// Stepped returns at as it would have been read had the system's clock been set by whole seconds of d before: another
// time of day at the same monotonic time. Package time has no way to say so; see the layout of time.Time.
func Stepped(t testing.TB, at time.Time, d time.Duration) time.Time {
	t.Helper()
	out := at
	*(*uint64)(unsafe.Pointer(&out)) += uint64(int64(d/time.Second) << 30)
	if out.Round(0).Sub(at.Round(0)) != d || out.Sub(at) != 0 {
		t.Fatalf("time.Time is laid out differently: %v stepped by %v is %v", at, d, out)
	}
	return out
}
