package fault

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"
	"time"
)

func TestAnEpisodeIsToldOnceAtItsBeginningAndOnceAtItsEnd(t *testing.T) {
	t.Parallel()
	var e Episode
	noon := time.Date(2025, 3, 4, 12, 0, 0, 0, time.UTC)
	if _, was := e.End(); was {
		t.Error("a fault ended that never began")
	}
	for range 2 {
		for n, want := range []bool{true, false, false} {
			if first := e.Begin(fmt.Errorf("full %d", n), noon.Add(time.Duration(n)*time.Minute)); first != want {
				t.Errorf("time %d: first is %v", n, first)
			}
		}
		want := Report{Since: noon, Problem: "full 0", Met: 3}
		if r, ok := e.Report(); !ok || r != want {
			t.Errorf("Report = %+v, %v", r, ok)
		}
		if r, was := e.End(); !was || r != want {
			t.Errorf("End = %+v, %v", r, was)
		}
		if r, was := e.End(); was {
			t.Errorf("a second End = %+v", r)
		}
		if r, ok := e.Report(); ok {
			t.Errorf("after the end: %+v", r)
		}
	}
}

func TestAnEpisodeRestsOnlyWhenNobodyMeetsItsFault(t *testing.T) {
	t.Parallel()
	var e Episode
	noon := time.Date(2025, 3, 4, 12, 0, 0, 0, time.UTC)
	e.Rest(noon, time.Minute)
	e.Begin(errors.New("none left"), noon)
	e.Begin(errors.New("none left"), noon.Add(50*time.Second))
	e.Rest(noon.Add(time.Minute+49*time.Second), time.Minute)
	if r, ok := e.Report(); !ok || r.Met != 2 {
		t.Errorf("59 s after it was met: %+v, %v", r, ok)
	}
	e.Rest(noon.Add(time.Minute+50*time.Second), time.Minute)
	if r, ok := e.Report(); ok {
		t.Errorf("a minute after it was met: %+v", r)
	}
	if first := e.Begin(errors.New("none left"), noon.Add(time.Hour)); !first {
		t.Error("the next episode is no new one")
	}
}

func TestADiskThatRefusesIsNoMistake(t *testing.T) {
	t.Parallel()
	for err, disk := range map[error]bool{
		&fs.PathError{Op: "open", Path: "x", Err: syscall.EROFS}: true,
		fmt.Errorf("write: %w", syscall.ENOSPC):                  true,
		syscall.EMFILE:                                           true,
		syscall.EACCES:                                           false,
		syscall.ENOTDIR:                                          false,
		errors.New("else"):                                       false,
	} {
		if got := Disk(err); got != disk {
			t.Errorf("Disk(%v) = %v", err, got)
		}
	}
}
