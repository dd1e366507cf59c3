package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// mode returns the permissions of a file.
func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestADataDirectoryBelongsToOneEdge(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "deep", "data")
	first, err := openDataDir(path)
	if err != nil {
		t.Fatal(err)
	}
	if m := mode(t, path); m != 0o700 {
		t.Errorf("the directory is made %v", m)
	}
	_, err = openDataDir(path)
	if err == nil || !strings.Contains(err.Error(), "belongs to another callbox (process ") || !strings.Contains(err.Error(), "--data") {
		t.Errorf("a second edge gets %v", err)
	}
	if err := first.close(); err != nil {
		t.Fatal(err)
	}
	again, err := openDataDir(path)
	if err != nil {
		t.Fatalf("after the first has ended: %v", err)
	}
	again.close()
}

func TestADirectoryThatCannotBeMadeSaysWhatToDo(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openDataDir(filepath.Join(file, "data")); err == nil || !strings.Contains(err.Error(), "--data") {
		t.Errorf("%v", err)
	}
}

func TestTheTokenIsMadeOnceAndKept(t *testing.T) {
	t.Parallel()
	d := &dataDir{path: t.TempDir(), write: writeFile}
	made, err := d.token("")
	if err != nil || !made.made || len(made.value) != 64 {
		t.Fatalf("%+v, %v", made, err)
	}
	if m := mode(t, filepath.Join(d.path, tokenName)); m != 0o600 {
		t.Errorf("the token is kept with mode %v", m)
	}
	kept, err := d.token("")
	if err != nil || kept.made || kept.value != made.value {
		t.Errorf("at the next start: %+v, %v", kept, err)
	}
	configured, err := d.token("mine")
	if err != nil || configured != (token{value: "mine"}) {
		t.Errorf("a configured one: %+v, %v", configured, err)
	}
	if err := os.WriteFile(filepath.Join(d.path, tokenName), []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.token(""); err == nil || !strings.Contains(err.Error(), "delete it") {
		t.Errorf("an empty file is a token: %v", err)
	}
}

func TestAFileIsWrittenWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	for _, text := range []string{"one", "another"} {
		if err := writeFile(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(path); string(got) != text {
			t.Errorf("%q, want %q", got, text)
		}
	}
	if err := writeFile(filepath.Join(dir, "gone", "x"), nil); err == nil {
		t.Error("no error in a directory that is not there")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}
