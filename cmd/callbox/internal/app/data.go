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

	"golang.org/x/sys/unix"
)

// Names in the data directory, beside cdr.jsonl.
const (
	lockName  = "callbox.lock"
	tokenName = "auth-token"
)

// dataDir is a data directory that this process alone uses.
type dataDir struct {
	path string
	lock *os.File
}

// openDataDir makes the directory where there is none and takes its lock, which ends with the process however that
// ends.
func openDataDir(path string) (*dataDir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make data directory: %w; name one that can be written with --data", err)
	}
	f, err := os.OpenFile(filepath.Join(path, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data directory: %w; name one that can be written with --data", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		owner, _ := io.ReadAll(io.LimitReader(f, 32))
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("data directory %s belongs to another callbox%s; give each its own with --data", path, pid(owner))
		}
		return nil, fmt.Errorf("lock data directory %s: %w", path, err)
	}
	// The process ID in the file only helps people; the lock does not depend on it.
	_ = f.Truncate(0)
	_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return &dataDir{path: path, lock: f}, nil
}

// pid puts the contents of a lock file into words.
func pid(owner []byte) string {
	n, err := strconv.Atoi(strings.TrimSpace(string(owner)))
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (process %d)", n)
}

func (d *dataDir) close() error { return d.lock.Close() }

// token is the API's auth token and where it is from.
type token struct {
	value string
	file  string // "" when it was configured
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
	if err := writeFile(path, []byte(value+"\n")); err != nil {
		return token{}, fmt.Errorf("keep auth token: %w", err)
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
