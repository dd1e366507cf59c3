package cdr

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
)

// disk refuses while full: a write lacks its last byte, the line end, and nothing can be cut off again.
type disk struct {
	mu   sync.Mutex
	full bool
}

func (d *disk) set(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

func (d *disk) refuses() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.full
}

// onDisk is a file of a disk.
type onDisk struct {
	handle
	disk *disk
}

func (f onDisk) Write(p []byte) (int, error) {
	if !f.disk.refuses() {
		return f.handle.Write(p)
	}
	n, _ := f.handle.Write(p[:len(p)-1])
	return n, syscall.ENOSPC
}

func (f onDisk) Truncate(size int64) error {
	if f.disk.refuses() {
		return syscall.EROFS
	}
	return f.handle.Truncate(size)
}

// openOn returns an openFunc for the files of a disk.
func openOn() (openFunc, *disk) {
	d := &disk{}
	return func(path string) (handle, int64, error) {
		h, size, err := openOS(path)
		return onDisk{h, d}, size, err
	}, d
}

func TestARefusingDiskIsReportedOnceAndLosesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		opener, d := openOn()
		j := open(t, dir, Options{Logger: zerolog.New(&log), open: opener})
		j.Append(record(0))
		synctest.Wait()
		d.set(true)
		for n := 1; n < 4; n++ {
			j.Append(record(n))
		}
		<-time.After(10 * time.Second) // by the bubble's clock
		synctest.Wait()
		if s := j.Stats(); s.Written != 1 || s.Errors < 5 || s.Dropped != 0 || s.Queued != 2 {
			t.Errorf("while full: %+v", s)
		}
		if n := strings.Count(log.String(), `"level":"error"`); n != 1 {
			t.Errorf("%d error lines, want 1:\n%s", n, log.String())
		}
		d.set(false)
		<-time.After(2 * time.Second)
		synctest.Wait()
		if s := j.Stats(); s.Written != 4 || s.Dropped != 0 || s.Queued != 0 {
			t.Errorf("after it: %+v", s)
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	j := open(t, dir, Options{})
	defer j.Close()
	if d := cmp.Diff([]int{3, 2, 1, 0}, ids(j.List(0))); d != "" {
		t.Errorf("records in the file (-want +got):\n%s", d)
	}
	if s := j.Stats(); s.Skipped != 0 || s.Repaired != 0 {
		t.Errorf("half lines were left in the file: %+v", s)
	}
}

func TestAFileThatCannotBeRotatedIsReportedOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var stuck atomic.Bool
		j := open(t, dir, Options{Logger: zerolog.New(&log), MaxBytes: 1, open: func(path string) (handle, int64, error) {
			if stuck.Load() {
				return nil, 0, syscall.EMFILE
			}
			return openOS(path)
		}})
		stuck.Store(true)
		for n := range 5 {
			j.Append(record(n))
			later(2 * time.Second)
		}
		if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "cannot be written") {
			t.Errorf("the log has %d lines, want one:\n%s", n, &log)
		}
		stuck.Store(false)
		j.Append(record(5))
		later(2 * time.Second)
		if n := strings.Count(log.String(), "\n"); n != 2 || !strings.Contains(log.String(), "written again") {
			t.Errorf("the log has %d lines, want the end, too:\n%s", n, &log)
		}
		if s := j.Stats(); s.Written != 6 || s.Dropped != 0 {
			t.Errorf("stats %+v", s)
		}
		j.Close()
	})
}

func TestATornLineIsCutOffItsOwnFileOnly(t *testing.T) {
	t.Parallel()
	dir, elsewhere := t.TempDir(), t.TempDir()
	fill(t, elsewhere, 10, 15, Options{})
	synctest.Test(t, func(t *testing.T) {
		opener, d := openOn()
		j := open(t, dir, Options{open: opener})
		j.Append(record(0))
		later(time.Second / 10)
		d.set(true)
		j.Append(record(1))
		later(time.Second / 10)
		path := filepath.Join(dir, fileName) // another disk is mounted there, with a larger file
		if err := errors.Join(os.Rename(path, path+".gone"), os.Rename(filepath.Join(elsewhere, fileName), path)); err != nil {
			t.Fatal(err)
		}
		d.set(false)
		later(3 * time.Second)
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	j := open(t, dir, Options{})
	defer j.Close()
	if d := cmp.Diff([]int{1, 14, 13, 12, 11, 10}, ids(j.List(0))); d != "" {
		t.Errorf("records in the file (-want +got):\n%s", d)
	}
}

// unsafeLines counts the bytes of whole lines that were closed before they were safe.
type unsafeLines struct {
	onDisk
	open, lost *int
	err        *error // of the next sync
}

func (f unsafeLines) Write(p []byte) (int, error) {
	n, err := f.onDisk.Write(p)
	if err == nil {
		*f.open += n
	}
	return n, err
}

func (f unsafeLines) Sync() error {
	err := *f.err
	if *f.err = nil; err == nil {
		*f.open = 0
	}
	return err
}

func (f unsafeLines) Close() error {
	*f.lost += *f.open
	*f.open = 0
	return f.onDisk.Close()
}

func TestLinesBeforeAFailedWriteAreMadeSafe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var lines, lost int
		var syncErr error
		opener, d := openOn()
		j := open(t, dir, Options{open: func(path string) (handle, int64, error) {
			h, size, err := opener(path)
			return unsafeLines{h.(onDisk), &lines, &lost, &syncErr}, size, err
		}})
		fail := func(n int) {
			t.Helper()
			j.Append(record(n))
			later(time.Second / 10)
			d.set(true)
			j.Append(record(n + 1))
			later(time.Second / 10)
			d.set(false)
			later(retryAfter)
		}
		fail(0)
		if lost != 0 {
			t.Errorf("%d bytes were written and never synced", lost)
		}
		later(syncEvery)
		syncErr = syscall.EIO
		before := j.Stats().Errors
		fail(2)
		if n := j.Stats().Errors - before; n != 2 {
			t.Errorf("%d errors, want that of the write and that of the sync", n)
		}
		later(2 * retryAfter)
		if s := j.Stats(); s.Written != 4 || s.Queued != 0 {
			t.Errorf("after it: %+v", s)
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAFullQueueDropsAndCountsButMemoryKeeps(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		opener, d := openOn()
		j := open(t, dir, Options{Queue: 2, Logger: zerolog.New(&log), open: opener})
		for round := range 2 {
			d.set(true)
			j.Append(record(round * 10))
			synctest.Wait() // the writer holds it
			for n := 1; n < 6; n++ {
				j.Append(record(round*10 + n))
			}
			if s := j.Stats(); s.Dropped != 3*uint64(round+1) || s.Queued != 2 || s.Capacity != 2 {
				t.Errorf("%+v, want 3 dropped and 2 queued", s)
			}
			d.set(false)
			later(2 * time.Second)
		}
		if got := len(j.List(0)); got != 12 {
			t.Errorf("%d calls in memory, want 12", got)
		}
		if err := j.Close(); err == nil || !strings.Contains(err.Error(), "6 call records") {
			t.Errorf("Close = %v, want a word about the 6 lost records", err)
		}
		for line, want := range map[string]int{"call records are lost": 2, `"lost":3`: 2, "cannot be written": 2} {
			if n := strings.Count(log.String(), line); n != want {
				t.Errorf("%d lines with %q, want %d:\n%s", n, line, want, log.String())
			}
		}
	})
}
