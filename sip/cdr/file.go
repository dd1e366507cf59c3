package cdr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	fileName      = "cdr.jsonl"
	rotatedPrefix = "cdr-"
	rotatedSuffix = ".jsonl"
	rotatedLayout = "20060102T150405.000000000Z"
)

// handle is what the journal needs of an open file.
type handle interface {
	io.Writer
	Truncate(size int64) error
	Stat() (os.FileInfo, error)
	Sync() error
	Close() error
}

// openFunc opens path for appending and returns its size.
type openFunc func(path string) (handle, int64, error)

func openOS(path string) (handle, int64, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// file is the current journal file. It belongs to one goroutine.
type file struct {
	handle   // nil until the disk has let it be opened
	open     openFunc
	dir      string
	size     int64 // bytes of whole lines
	torn     bool  // a write failed half way: cut back to size before the next
	stale    bool  // the handle may lead nowhere: open the path anew before the next
	dirty    bool  // written since the last sync
	maxBytes int64
	maxFiles int
}

// openFile repairs and opens the current file of dir, and says how many bytes of a torn last line it removed.
func openFile(dir string, o Options) (f *file, repaired int64, err error) {
	f = &file{open: o.open, dir: dir, maxBytes: o.MaxBytes, maxFiles: o.MaxFiles, stale: true}
	repaired, err = f.reopen()
	return f, repaired, err
}

// reopen opens the path of the file, which may be another file by now. On an error all stays as it was, unless it is the
// last sync of the old handle that failed: to try that again would not help, but it must be told.
func (f *file) reopen() (repaired int64, err error) {
	path := filepath.Join(f.dir, fileName)
	torn := f.torn && !f.moved() // the torn line is ours, and is written again
	if !torn {
		if repaired, err = repair(path); err != nil {
			return 0, err
		}
	}
	h, size, err := f.open(path)
	if err != nil {
		return 0, err
	}
	if torn && size >= f.size {
		if err := h.Truncate(f.size); err != nil {
			h.Close()
			return 0, fmt.Errorf("cut a torn line: %w", err)
		}
		size = f.size
	}
	if f.handle != nil {
		err = f.sync()
		f.handle.Close()
	}
	f.handle, f.size, f.torn, f.stale, f.dirty = h, size, false, false, false
	return repaired, err
}

// moved tells whether the path no longer leads to the open file: it was moved away, or another disk hides it.
func (f *file) moved() bool {
	if f.handle == nil {
		return false
	}
	ours, err := f.Stat()
	if err != nil {
		return true
	}
	now, err := os.Stat(filepath.Join(f.dir, fileName))
	return err != nil || !os.SameFile(ours, now)
}

// follow opens the path anew where the handle may not be what it leads to.
func (f *file) follow() error {
	f.stale = f.stale || f.moved()
	if !f.stale {
		return nil
	}
	_, err := f.reopen()
	return err
}

// removed tells whether the open file has no name any more: what is written to it ends with the handle. One that was only
// moved keeps its lines.
func (f *file) removed() bool {
	ours, err := f.Stat()
	if err != nil {
		return false // the file system that cannot say is one that refuses the next write, too
	}
	info, ok := ours.Sys().(*syscall.Stat_t)
	return ok && info.Nlink == 0
}

// repair makes path end in a whole line. A last line that only misses its line end gets one; a torn one is cut off.
func repair(path string) (removed int64, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	start, err := lastLine(f, info.Size())
	if err != nil || start == info.Size() {
		return 0, err
	}
	if tail := info.Size() - start; tail <= maxLine {
		line := make([]byte, tail)
		if _, err := f.ReadAt(line, start); err != nil {
			return 0, err
		}
		if json.Valid(line) && line[0] == '{' {
			_, err := f.WriteAt([]byte{'\n'}, info.Size())
			return 0, err
		}
	}
	return info.Size() - start, f.Truncate(start)
}

// lastLine returns the offset just after the last line end of the first size bytes of r, 0 when there is none.
func lastLine(r io.ReaderAt, size int64) (int64, error) {
	buf := make([]byte, 64<<10)
	for end := size; end > 0; {
		n := min(end, int64(len(buf)))
		if _, err := r.ReadAt(buf[:n], end-n); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return end - n + int64(i) + 1, nil
		}
		end -= n
	}
	return 0, nil
}

// append writes one line in one write, after a rotation where the file would grow beyond its bound. A rotation that
// fails does not keep the line from being written. Without an error the line is in a file that is there.
func (f *file) append(line []byte, now time.Time) (rotateErr, err error) {
	if err := f.follow(); err != nil {
		return nil, err
	}
	if f.size > 0 && f.size+int64(len(line)) > f.maxBytes {
		rotateErr = f.rotate(now)
	}
	n, err := f.Write(line)
	if err != nil {
		f.torn, f.stale = n > 0 && f.Truncate(f.size) != nil, true
		return rotateErr, err
	}
	if f.removed() {
		f.stale = true
		return rotateErr, fmt.Errorf("%s was removed while it was written", filepath.Join(f.dir, fileName))
	}
	f.size += int64(n)
	f.dirty = true
	return rotateErr, nil
}

// rotate renames the current file and starts a new one. On an error the current file stays in use.
func (f *file) rotate(now time.Time) error {
	path := filepath.Join(f.dir, fileName)
	names, err := rotated(f.dir)
	if err != nil {
		return fmt.Errorf("rotate: %w", err)
	}
	name := rotatedName(now)
	if n := len(names); n > 0 && name <= names[n-1] {
		name = after(names[n-1])
	}
	old := filepath.Join(f.dir, name)
	if err := f.sync(); err != nil {
		return fmt.Errorf("rotate: %w", err)
	}
	if err := os.Rename(path, old); err != nil {
		return fmt.Errorf("rotate: %w", err)
	}
	h, size, err := f.open(path)
	if err != nil {
		return fmt.Errorf("rotate: %w", errors.Join(err, os.Rename(old, path)))
	}
	f.handle.Close()
	f.handle, f.size, f.dirty = h, size, false
	names = append(names, name)
	for len(names) > f.maxFiles {
		if err := os.Remove(filepath.Join(f.dir, names[0])); err != nil {
			return fmt.Errorf("rotate: %w", err)
		}
		names = names[1:]
	}
	return nil
}

func rotatedName(at time.Time) string {
	return rotatedPrefix + at.UTC().Format(rotatedLayout) + rotatedSuffix
}

// after returns the next name in the order of a rotated file's: where the clock was set back, names go on from the last,
// since the file that sorts first is taken for the oldest and deleted.
func after(name string) string {
	at, _ := time.Parse(rotatedLayout, strings.TrimSuffix(strings.TrimPrefix(name, rotatedPrefix), rotatedSuffix))
	return rotatedName(at.Add(time.Nanosecond))
}

func (f *file) sync() error {
	if !f.dirty || f.handle == nil {
		return nil
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	f.dirty = false
	return nil
}

func (f *file) close() error {
	if f.handle == nil {
		return nil
	}
	return errors.Join(f.sync(), f.Close())
}

// rotated returns the names of the rotated files in dir, oldest first. Other people's files are never among them.
func rotated(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		stamp, ok := strings.CutPrefix(e.Name(), rotatedPrefix)
		if !ok {
			continue
		}
		stamp, ok = strings.CutSuffix(stamp, rotatedSuffix)
		if !ok {
			continue
		}
		if _, err := time.Parse(rotatedLayout, stamp); err == nil {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}
