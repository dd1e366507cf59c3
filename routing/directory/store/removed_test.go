package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

// inDirectory opens a store with accounts and a number in a directory of its own, with every connection in use once.
func inDirectory(t *testing.T) (s *Store, dir, file string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	must(t, os.Mkdir(dir, 0o700))
	file = filepath.Join(dir, "callbox.db")
	s = open2(t, "sqlite:"+file)
	update(t, s, func(tx *Tx) error {
		return Insert(tx, &Number{Common: Common{AccountSID: lab}, PhoneNumber: e164(1)})
	})
	return s, dir, file
}

// refused holds that nothing is written, and why.
func refused(t *testing.T, s *Store, why string) {
	t.Helper()
	err := s.Update(t.Context(), tester, func(tx *Tx) error {
		return Insert(tx, &Number{Common: Common{AccountSID: lab}, PhoneNumber: e164(99)})
	})
	for _, err := range []error{err, s.Intact()} {
		if !errors.Is(err, ErrAway) || !strings.Contains(err.Error(), why) {
			t.Errorf("%v, want %s", err, why)
		}
	}
}

func TestADatabaseThatWasRemovedTakesNoWrites(t *testing.T) {
	t.Parallel()
	s, _, file := inDirectory(t)
	must(t, os.Remove(file))
	refused(t, s, "is missing")
	for range 20 { // on connections old and new
		if err := s.Ping(t.Context()); err != nil && !errors.Is(err, ErrAway) {
			t.Error(err)
		}
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Error("who read made an empty file:", err)
	}
	must(t, os.WriteFile(file, nil, 0o600))
	refused(t, s, "is not the database that is open")
	if err := s.Restore(t.Context()); !errors.Is(err, ErrAway) {
		t.Error("somebody's file was written over:", err)
	}
	if text, err := os.ReadFile(file); err != nil || len(text) > 0 {
		t.Errorf("somebody's file has %d bytes now, %v", len(text), err)
	}
}

func TestADatabaseThatWentWithItsDirectoryIsWrittenAgain(t *testing.T) {
	t.Parallel()
	s, dir, file := inDirectory(t)
	_, out := mirror(t, s)
	must(t, s.Restore(t.Context())) // nothing to do

	must(t, os.RemoveAll(dir))
	refused(t, s, "is missing")
	if err := s.Restore(t.Context()); err == nil {
		t.Error("restored without a directory")
	}
	must(t, os.Mkdir(dir, 0o700))
	must(t, os.WriteFile(file+"-wal", []byte("of another time"), 0o600))
	must(t, s.Restore(t.Context()))
	must(t, s.Intact())
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	update(t, s, func(tx *Tx) error {
		return Insert(tx, &Number{Common: Common{AccountSID: lab}, PhoneNumber: e164(2)})
	})
	if _, ok := out.now().Number(e164(2)); !ok {
		t.Error("the snapshot does not follow the new file")
	}

	beside := storetest.OpenURL(t, "sqlite:"+file, Options{}) // what a next start would find
	var there []Number
	must(t, beside.View(t.Context(), func(tx *Tx) (err error) {
		there, err = Find[Number](tx, Query{Oldest: true})
		return err
	}))
	if len(there) != 2 {
		t.Errorf("the new file has %d numbers: %v", len(there), there)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.restored*")); len(left) > 0 {
		t.Error("left behind:", left)
	}
}
