package cdr

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
