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
)

// dataDir is a data directory that this process alone uses. A disk that is full or read-only keeps no edge from starting:
// what cannot be kept then is tried again until it can.
type dataDir struct {
	path  string
	write func(path string, data []byte) error // writeFile, replaced in tests

	mu     sync.Mutex // guards the rest
	lock   *os.File   // nil where the disk did not let it be made
	wanted bool       // the lock is still to be had
	unkept string     // the token, where the disk refused it
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

// take makes the directory and takes its lock.
func (d *dataDir) take() error {
	if err := os.MkdirAll(d.path, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w; name one that can be written with --data", err)
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
	d.lock = f
	return nil
}

// heal tries again what the disk refused at the start; keep does that for others. It may wait for the disk.
func (d *dataDir) heal(keep func() error) {
	if _, refused := d.refuse.Report(); !refused {
		return
	}
	if err := errors.Join(d.again(), keep()); err != nil {
		d.refuse.Begin(err, time.Now())
		return
	}
	d.refuse.End()
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
	if d.unkept != "" {
		if err := d.write(filepath.Join(d.path, tokenName), []byte(d.unkept+"\n")); err != nil {
			return fmt.Errorf("keep auth token: %w", err)
		}
		d.unkept = ""
	}
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
		return token{value: value, file: path}, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return token{}, fmt.Errorf("read auth token: %w", err)
	}
	var b [32]byte
	rand.Read(b[:]) // never fails: crypto/rand aborts the process instead
	value := hex.EncodeToString(b[:])
	if err := d.write(path, []byte(value+"\n")); err != nil {
		err = fmt.Errorf("keep auth token: %w", err)
		if !d.excuses(err) {
			return token{}, err
		}
		d.unkept = value
		return token{value: value, made: true}, nil
	}
	return token{value: value, file: path, made: true}, nil
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
