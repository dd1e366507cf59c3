package cdr

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestATornLastLineIsRepairedAndNothingElseIsLost(t *testing.T) {
	t.Parallel()
	var whole bytes.Buffer
	{
		dir := t.TempDir()
		fill(t, dir, 0, 3, Options{})
		b, err := os.ReadFile(filepath.Join(dir, fileName))
		if err != nil {
			t.Fatal(err)
		}
		whole.Write(b)
	}
	text := whole.String()
	lastLine := strings.LastIndexByte(strings.TrimSuffix(text, "\n"), '\n') + 1
	tests := []struct {
		name     string
		file     string
		want     []int
		repaired int64
	}{
		{"a whole file stays as it is", text, []int{2, 1, 0}, 0},
		{"an empty file is a journal", "", []int{}, 0},
		{"half a line is cut off", text[:lastLine+40], []int{1, 0}, 40},
		{"one byte of a line is cut off", text[:lastLine+1], []int{1, 0}, 1},
		{"a line without its end gets one", text[:len(text)-1], []int{2, 1, 0}, 0},
		{"a file that is all one torn line is emptied", text[:30], []int{}, 30},
		{"zeros that a power cut left are cut off", text + strings.Repeat("\x00", 500), []int{2, 1, 0}, 500},
		{"a bad line in the middle is passed over", "{}\nnonsense\n" + text, []int{2, 1, 0}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, fileName), []byte(tt.file), 0o600); err != nil {
				t.Fatal(err)
			}
			j := open(t, dir, Options{})
			if d := cmp.Diff(tt.want, ids(j.List(0))); d != "" {
				t.Errorf("records (-want +got):\n%s", d)
			}
			if got := j.Stats().Repaired; got != tt.repaired {
				t.Errorf("repaired %d bytes, want %d", got, tt.repaired)
			}
			j.Append(record(7))
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			again := open(t, dir, Options{})
			defer again.Close()
			if d := cmp.Diff(append([]int{7}, tt.want...), ids(again.List(0))); d != "" {
				t.Errorf("records after one more (-want +got):\n%s", d)
			}
		})
	}
}

func TestTheFileIsRotatedAndOldFilesGo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	foreign := filepath.Join(dir, "cdr-notes.jsonl")
	if err := os.WriteFile(foreign, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	fill(t, dir, 0, 40, Options{MaxBytes: 3000, MaxFiles: 2})
	names, err := rotated(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != 2 {
		t.Errorf("%d rotated files, want 2: %v", len(names), names)
	}
	for _, name := range append(names, fileName) {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > 3000 {
			t.Errorf("%s has %d bytes, more than its bound", name, info.Size())
		}
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Errorf("somebody else's file: %v", err)
	}
	j := open(t, dir, Options{Recent: 5})
	defer j.Close()
	if d := cmp.Diff([]int{39, 38, 37, 36, 35}, ids(j.List(0))); d != "" {
		t.Errorf("records across files (-want +got):\n%s", d)
	}
}

func FuzzOpen(f *testing.F) {
	for _, seed := range []string{"", "\n", "{}", "{\"id\":\"CA1\"}\n{\"id\"", "\x00\x00\n\x00", "[1]\n{\"id\":\"CA2\",\"state\":\"ended\"}\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		dir := t.TempDir()
		path := filepath.Join(dir, fileName)
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		j := open(t, dir, Options{Recent: 8})
		j.Append(record(1))
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		after, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		kept := file[:bytes.LastIndexByte(file, '\n')+1]
		if !bytes.HasPrefix(after, kept) {
			t.Fatal("whole lines were lost")
		}
		again := open(t, dir, Options{Recent: 8})
		defer again.Close()
		if got := again.List(1); len(got) != 1 || got[0].ID != record(1).ID {
			t.Fatal("the line written after the repair cannot be read")
		}
	})
}
