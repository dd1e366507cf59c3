package app

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"callbox/sip/fault"
)

// Names in the data directory, beside cdr.jsonl.
const (
	lockName  = "callbox.lock"
	tokenName = "auth-token"
	readName  = "read-token" // put there by an operator
)

// dataDir is a data directory that this process alone uses. A disk that is full or read-only keeps no edge from starting:
// what cannot be kept then is tried again until it can. A directory that is removed while it is in use gets back what it
// had, once it is there again.
type dataDir struct {
	path  string
	write func(path string, data []byte) error // writeFile, replaced in tests

	mu     sync.Mutex // guards the rest
	lock   *os.File   // nil where the disk did not let it be made
	wanted bool       // the lock is still to be had, or again
	kept   string     // the token, where it was not configured
	unkept bool       // the disk refused it
	gone   bool       // the directory was: all that was in it may have to be written again
	refuse fault.Episode
}

// openDataDir makes the directory where there is none and takes its lock, which ends with the process however that
// ends.
func openDataDir(path string) (*dataDir, error) {
	d := &dataDir{path: path, write: writeFile}
	err := d.take()
	if err != nil && !d.excuses(err) {
		return nil, err
	}
	if err != nil {
		d.wanted = true
	}
	return d, nil
}

// excuses tells whether err is the disk's fault, and notes it: then the edge goes on without what could not be written.
func (d *dataDir) excuses(err error) bool {
	if _, refused := d.refuse.Report(); !refused && !fault.Disk(err) {
		return false
	}
	d.refuse.Begin(err, time.Now())
	return true
}

// take makes the directory and takes its lock. A directory that was removed is not made again: a disk may belong there.
func (d *dataDir) take() error {
	if d.lock == nil {
		if err := os.MkdirAll(d.path, 0o700); err != nil {
			return fmt.Errorf("make data directory: %w; name one that can be written with --data", err)
		}
	}
	name := filepath.Join(d.path, lockName)
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if errors.Is(err, unix.EROFS) { // one that is there can be locked all the same
		if f, err = os.Open(name); errors.Is(err, os.ErrNotExist) {
			err = &os.PathError{Op: "open", Path: name, Err: unix.EROFS}
		}
	}
	if err != nil {
		return fmt.Errorf("lock data directory: %w; name one that can be written with --data", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		owner, _ := io.ReadAll(io.LimitReader(f, 32))
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return fmt.Errorf("data directory %s belongs to another callbox%s; give each its own with --data", d.path, pid(owner))
		}
		return fmt.Errorf("lock data directory %s: %w", d.path, err)
	}
	// The process ID in the file only helps people; the lock does not depend on it.
	_ = f.Truncate(0)
	_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	if d.lock != nil {
		d.lock.Close()
	}
	d.lock = f
	return nil
}

// heal tries again what the disk refused at the start, and writes again what went with the directory; keep does that for
// others. It may wait for the disk.
func (d *dataDir) heal(keep func(all bool) error) {
	gone := d.look()
	if _, refused := d.refuse.Report(); !refused && !gone {
		return
	}
	err := d.again()
	if err == nil {
		err = keep(gone)
	}
	if err != nil {
		d.refuse.Begin(err, time.Now())
		return
	}
	d.mu.Lock()
	d.gone = false
	d.mu.Unlock()
	d.refuse.End()
}

// look sees whether the lock in the directory is still ours, and tells whether the directory is gone, or was and has not
// got everything back. Only its lock tells that: a file that goes alone was taken by somebody who wants another.
func (d *dataDir) look() (gone bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lock == nil {
		return false
	}
	ours, err := d.lock.Stat()
	if err != nil {
		return d.gone
	}
	there, err := os.Stat(filepath.Join(d.path, lockName))
	d.wanted = err != nil || !os.SameFile(ours, there)
	d.gone = d.gone || d.wanted
	return d.gone
}

func (d *dataDir) isGone() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.gone
}

func (d *dataDir) again() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.wanted {
		if err := d.take(); err != nil {
			return err
		}
		d.wanted = false
	}
	if d.kept == "" || !d.unkept && !d.gone {
		return nil
	}
	path := filepath.Join(d.path, tokenName)
	_, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) { // else it is ours, or from somebody who wants it at the next start
		err = d.write(path, []byte(d.kept+"\n"))
	}
	if err != nil {
		return fmt.Errorf("keep auth token: %w", err)
	}
	d.unkept = false
	return nil
}

// pid puts the contents of a lock file into words.
func pid(owner []byte) string {
	n, err := strconv.Atoi(strings.TrimSpace(string(owner)))
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (process %d)", n)
}

func (d *dataDir) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lock == nil {
		return nil
	}
	return d.lock.Close()
}

// token is the API's auth token and where it is from.
type token struct {
	value string
	file  string // "" when it was configured, or could not be kept
	made  bool   // just now: to be shown once
}

// token returns the configured token, else the one kept in the directory, else makes one and keeps it.
func (d *dataDir) token(configured string) (token, error) {
	if configured != "" {
		return token{value: configured}, nil
	}
	path := filepath.Join(d.path, tokenName)
	kept, err := os.ReadFile(path)
	if err == nil {
		value := strings.TrimSpace(string(kept))
		if value == "" {
			return token{}, fmt.Errorf("%s is empty; delete it to have a new auth token made", path)
		}
		d.kept = value
		return token{value: value, file: path}, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return token{}, fmt.Errorf("read auth token: %w", err)
	}
	var b [32]byte
	rand.Read(b[:]) // never fails: crypto/rand aborts the process instead
	value := hex.EncodeToString(b[:])
	d.kept = value
	if err := d.write(path, []byte(value+"\n")); err != nil {
		err = fmt.Errorf("keep auth token: %w", err)
		if !d.excuses(err) {
			return token{}, err
		}
		d.unkept = true
		return token{value: value, made: true}, nil
	}
	return token{value: value, file: path, made: true}, nil
}

// readToken returns the configured token that may only read, else the one that an operator has put into the directory, else
// "": nobody has it then.
func (d *dataDir) readToken(configured string) (string, error) {
	if configured != "" {
		return configured, nil
	}
	path := filepath.Join(d.path, readName)
	kept, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the token that may only read: %w", err)
	}
	value := strings.TrimSpace(string(kept))
	if value == "" {
		return "", fmt.Errorf("%s is empty; write a token into it, or delete it", path)
	}
	return value, nil
}

// writeFile writes a file only its owner may read, whole or not at all.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
