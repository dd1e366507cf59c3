package cdr

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
)

// later lets the writer work for d of the bubble's time.
func later(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestADirectoryThatGoesAwayIsWaitedForAndMissesNothing(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir, aside := filepath.Join(root, "data"), filepath.Join(root, "aside")
	move := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		j := open(t, dir, Options{Logger: zerolog.New(&log)})
		j.Append(record(0))
		later(time.Second)
		move(dir, aside)
		if err := os.WriteFile(dir, nil, 0o600); err != nil { // so that nobody, root neither, can make it anew
			t.Fatal(err)
		}
		later(2 * time.Second)
		if r, ok := j.Fault(); !ok || !strings.Contains(r.Problem, "not a directory") {
			t.Errorf("while nobody calls: %+v, %v", r, ok)
		}
		j.Append(record(1))
		j.Append(record(2))
		later(5 * time.Second)
		if s := j.Stats(); s.Written != 1 || s.Queued != 1 || s.Dropped != 0 {
			t.Errorf("while it is away: %+v", s)
		}
		if err := os.Remove(dir); err != nil {
			t.Fatal(err)
		}
		move(aside, dir)
		later(2 * time.Second)
		if r, ok := j.Fault(); ok {
			t.Errorf("it is back: %+v", r)
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
		if e, i := strings.Count(log.String(), `"level":"error"`), strings.Count(log.String(), `"level":"info"`); e != 1 || i != 1 {
			t.Errorf("%d lines of its beginning and %d of its end, want one each:\n%s", e, i, log.String())
		}
	})
	j := open(t, dir, Options{})
	defer j.Close()
	if d := cmp.Diff([]int{2, 1, 0}, ids(j.List(0))); d != "" {
		t.Errorf("records in the file (-want +got):\n%s", d)
	}
}

func TestAFileThatIsMovedAwayIsBegunAnew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		j := open(t, dir, Options{})
		j.Append(record(0))
		later(time.Second)
		if err := os.Rename(filepath.Join(dir, fileName), filepath.Join(dir, "taken")); err != nil {
			t.Fatal(err)
		}
		j.Append(record(1)) // before anybody has looked
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	j := open(t, dir, Options{})
	defer j.Close()
	if d := cmp.Diff([]int{1}, ids(j.List(0))); d != "" {
		t.Errorf("records in the new file (-want +got):\n%s", d)
	}
}

func TestNoRecordGoesToAFileThatIsGone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		j := open(t, dir, Options{})
		j.Append(record(0))
		synctest.Wait()
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		j.Append(record(1)) // before anybody has looked
		synctest.Wait()
		if s := j.Stats(); s.Written != 1 || s.Errors == 0 {
			t.Errorf("right after the directory was removed: %+v", s)
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		later(2 * time.Second)
		if s := j.Stats(); s.Written != 2 || s.Dropped != 0 {
			t.Errorf("it is back: %+v", s)
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	j := open(t, dir, Options{})
	defer j.Close()
	if d := cmp.Diff([]int{1}, ids(j.List(0))); d != "" {
		t.Errorf("records in the new file (-want +got):\n%s", d)
	}
}

// meddled is a file to which something happens right before its second write.
type meddled struct {
	handle
	writes *int
	meddle func() error
}

func (m meddled) Write(p []byte) (int, error) {
	if *m.writes++; *m.writes == 2 {
		if err := m.meddle(); err != nil {
			return 0, err
		}
	}
	return m.handle.Write(p)
}

func TestARecordIsWrittenOnceThoughTheFileGoesMeanwhile(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		meddle func(path string) error
		there  []int // in the new file
	}{
		"removed": {os.Remove, []int{2, 1}},
		"moved":   {func(path string) error { return os.Rename(path, path+".taken") }, []int{2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				var writes int
				j := open(t, dir, Options{open: func(path string) (handle, int64, error) {
					h, size, err := openOS(path)
					return meddled{h, &writes, func() error { return tt.meddle(path) }}, size, err
				}})
				for n := range 3 {
					j.Append(record(n))
				}
				later(3 * time.Second)
				if s := j.Stats(); s.Written != 3 || s.Dropped != 0 {
					t.Errorf("stats %+v", s)
				}
				if err := j.Close(); err != nil {
					t.Error(err)
				}
			})
			j := open(t, dir, Options{})
			defer j.Close()
			if d := cmp.Diff(tt.there, ids(j.List(0))); d != "" {
				t.Errorf("records in the new file (-want +got):\n%s", d)
			}
		})
	}
}

func TestADiskThatRefusesFromTheStartIsWaitedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fill(t, dir, 0, 2, Options{})
	synctest.Test(t, func(t *testing.T) {
		var writable atomic.Bool
		j := open(t, dir, Options{open: func(path string) (handle, int64, error) {
			if !writable.Load() {
				return nil, 0, &os.PathError{Op: "open", Path: path, Err: syscall.EROFS}
			}
			return openOS(path)
		}})
		if r, ok := j.Fault(); !ok || !strings.Contains(r.Problem, "read-only") {
			t.Errorf("at the start: %+v, %v", r, ok)
		}
		if d := cmp.Diff([]int{1, 0}, ids(j.List(0))); d != "" {
			t.Errorf("calls of the last run (-want +got):\n%s", d)
		}
		j.Append(record(2))
		synctest.Wait()
		writable.Store(true)
		later(2 * time.Second)
		if r, ok := j.Fault(); ok || j.Stats().Written != 1 {
			t.Errorf("after it: %+v, %+v", r, j.Stats())
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	j := open(t, dir, Options{})
	defer j.Close()
	if d := cmp.Diff([]int{2, 1, 0}, ids(j.List(0))); d != "" {
		t.Errorf("records in the file (-want +got):\n%s", d)
	}
}

func TestAMistakenDirectoryIsWaitedForOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	gone := filepath.Join(t.TempDir(), "gone")
	if _, err := Open(gone, Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Open = %v", err)
	}
	j, err := Open(gone, Options{Patient: true})
	if err != nil {
		t.Fatal(err)
	}
	j.Append(record(1))
	if err := j.Close(); err == nil || !strings.Contains(err.Error(), "1 call records") {
		t.Errorf("Close = %v", err)
	}
}

func TestRotatedFilesStayInOrderWhenTheClockIsSetBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	noon := time.Date(2025, 3, 4, 12, 0, 0, 0, time.UTC)
	fill(t, dir, 0, 8, Options{MaxBytes: 700, MaxFiles: 3, Now: func() time.Time { return noon }})
	fill(t, dir, 8, 16, Options{MaxBytes: 700, MaxFiles: 3, Now: func() time.Time { return noon.Add(-time.Hour) }})
	names, err := rotated(dir)
	if err != nil || len(names) != 3 || !slices.IsSorted(names) {
		t.Fatalf("%v, %v", names, err)
	}
	j := open(t, dir, Options{})
	defer j.Close()
	if d := cmp.Diff([]int{15, 14, 13, 12}, ids(j.List(0))); d != "" {
		t.Errorf("the newest went before the oldest (-want +got):\n%s", d)
	}
}
