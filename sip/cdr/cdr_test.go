package cdr

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"callbox/sip/call"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// record returns an ended call whose ID ends in n.
func record(n int) call.Record {
	began := time.Date(2025, 3, 4, 5, 6, 7, 0, time.UTC).Add(time.Duration(n) * time.Second)
	return call.Record{
		ID: call.ID(fmt.Sprintf("CA%032x", n)), State: call.StateEnded, StartedAt: began, EndedAt: began.Add(time.Second),
		EndReason: call.EndCallerHungUp, From: "+14155550100", Dialled: "911", Verdict: "psap",
		Trace:    []call.Step{{Rule: 1, Name: "host", Outcome: "passed"}},
		Attempts: []call.Attempt{{Target: "psap-sf", Outcome: "answered"}},
		Events:   []call.Event{{Kind: call.EventReceived}, {Kind: call.EventEnded}},
	}
}

func open(t *testing.T, dir string, o Options) *Journal {
	t.Helper()
	j, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// fill writes records from..to-1 and closes the journal.
func fill(t *testing.T, dir string, from, to int, o Options) {
	t.Helper()
	j := open(t, dir, o)
	for n := from; n < to; n++ {
		j.Append(record(n))
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// ids returns the numbers behind the records' IDs.
func ids(records []*call.Record) []int {
	out := []int{}
	for _, r := range records {
		var n int
		fmt.Sscanf(string(r.ID), "CA%x", &n)
		out = append(out, n)
	}
	return out
}

func TestARecordComesBackAsItWasAfterTheNextOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fill(t, dir, 1, 2, Options{})
	j := open(t, dir, Options{})
	defer j.Close()
	got, ok := j.Get(record(1).ID)
	if !ok {
		t.Fatal("the record is gone")
	}
	if d := cmp.Diff(record(1), *got); d != "" {
		t.Errorf("record changed on its way through the file (-want +got):\n%s", d)
	}
	info, err := os.Stat(filepath.Join(dir, fileName))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v: call records are nobody else's business", info.Mode())
	}
}

func TestListGivesTheLatestFirst(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		recent, n    int
		before, live int // records of an earlier run, and of this one
		want         []int
	}{
		{"nothing happened yet", 4, 0, 0, 0, []int{}},
		{"all that is in memory", 8, 0, 2, 2, []int{3, 2, 1, 0}},
		{"only as many as asked for", 8, 3, 2, 2, []int{3, 2, 1}},
		{"the oldest give way to the newest", 3, 0, 0, 5, []int{4, 3, 2}},
		{"only the end of a long file is loaded", 3, 0, 9, 0, []int{8, 7, 6}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			fill(t, dir, 0, tt.before, Options{})
			j := open(t, dir, Options{Recent: tt.recent})
			defer j.Close()
			for n := range tt.live {
				j.Append(record(tt.before + n))
			}
			if d := cmp.Diff(tt.want, ids(j.List(tt.n))); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestACallTooOldForMemoryIsFoundInTheFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fill(t, dir, 0, 20, Options{MaxBytes: 4000})
	if names, _ := rotated(dir); len(names) < 2 {
		t.Fatalf("the test wants several files, got %v", names)
	}
	j := open(t, dir, Options{Recent: 2})
	defer j.Close()
	for n := range 20 {
		if r, ok := j.Get(record(n).ID); !ok || r.ID != record(n).ID {
			t.Errorf("call %d not found", n)
		}
	}
	for _, id := range []call.ID{"", "CA", record(99).ID, call.ID(strings.Repeat(".", 34)), `CA"}` + call.ID(strings.Repeat("0", 30))} {
		if _, ok := j.Get(id); ok {
			t.Errorf("found a call for %q", id)
		}
	}
}

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

// disk is a handle that refuses writes while full, after half the line.
type disk struct {
	handle
	mu   sync.Mutex
	full bool
}

func (d *disk) set(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

func (d *disk) Write(p []byte) (int, error) {
	d.mu.Lock()
	full := d.full
	d.mu.Unlock()
	if !full {
		return d.handle.Write(p)
	}
	n, _ := d.handle.Write(p[:len(p)/2])
	return n, errors.New("no space left on device")
}

// openOn returns an openFunc for the one file a test opens, and its disk.
func openOn() (openFunc, *disk) {
	d := &disk{}
	return func(path string) (handle, int64, error) {
		h, size, err := openOS(path)
		d.handle = h
		return d, size, err
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

func TestAFullQueueDropsAndCountsButMemoryKeeps(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		opener, d := openOn()
		j := open(t, dir, Options{Queue: 2, open: opener})
		d.set(true)
		j.Append(record(0))
		synctest.Wait() // the writer holds it
		for n := 1; n < 6; n++ {
			j.Append(record(n))
		}
		if s := j.Stats(); s.Dropped != 3 || s.Queued != 2 || s.Capacity != 2 {
			t.Errorf("%+v, want 3 dropped and 2 queued", s)
		}
		if got := len(j.List(0)); got != 6 {
			t.Errorf("%d calls in memory, want 6", got)
		}
		if err := j.Close(); err == nil || !strings.Contains(err.Error(), "6 call records") {
			t.Errorf("Close = %v, want a word about the 6 lost records", err)
		}
	})
}

func TestACloseIsFinalAndQuiet(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir(), Options{})
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	if err := j.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	j.Append(record(1))
	if s := j.Stats(); s.Dropped != 1 {
		t.Errorf("a record after Close: %+v, want it counted", s)
	}
}

func TestRecordsFromManyCallsAtOnceAllArrive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := open(t, dir, Options{})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for n := range 50 {
				j.Append(record(g*50 + n))
				j.List(3)
			}
		})
	}
	wg.Wait()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir, Options{})
	defer again.Close()
	if got := len(again.List(0)); got != 400 {
		t.Errorf("%d records in the file, want 400", got)
	}
}

func TestADirectoryThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := Open(filepath.Join(t.TempDir(), "gone"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Open = %v", err)
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
