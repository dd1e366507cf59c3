package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFitFindsTheRiseWithinItsTime(t *testing.T) {
	var samples []sample
	for minute := range 61 {
		s := sample{at: time.Duration(minute) * time.Minute}
		s.values[0] = 100 + 12*s.at.Hours()
		if minute < 10 {
			s.values[0] = 0 // before from: not looked at
		}
		samples = append(samples, s)
	}
	rise, mean := fit(samples, 0, 10*time.Minute, time.Hour)
	if got := fmt.Sprintf("%.3f %.3f", rise, mean); got != "12.000 107.000" {
		t.Errorf("rise and mean %s, want 12.000 107.000", got)
	}
}

func TestSamplesComeBackFromTheirFile(t *testing.T) {
	var s sample
	s.at = 90 * time.Second
	for i := range s.values {
		s.values[i] = float64(i) + 0.25
	}
	got, err := readSamples([]byte(columns() + "\n" + s.String() + "\n"))
	if err != nil || len(got) != 1 || got[0] != s {
		t.Errorf("%v, %v; want %v", got, err, s)
	}
	for _, bad := range []string{"", "minutes\n1", columns(), columns() + "\n1,2", columns() + "\n" + strings.Replace(s.String(), "0.25", "x", 1)} {
		if _, err := readSamples([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestMessagesOfAStreamAreCutByTheirLength(t *testing.T) {
	const one, two = "SIP/2.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", "BYE sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n"
	r := bufio.NewReader(strings.NewReader("\r\n\r\n" + one + "\r\n" + two))
	for _, want := range []string{one, two} {
		if got, err := readMessage(r); err != nil || string(got) != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	if _, err := readMessage(r); !errors.Is(err, io.EOF) {
		t.Errorf("%v, want EOF", err)
	}
}

// books returns a world without sockets, and what it logged so far.
func books(t *testing.T) (*world, func() string) {
	path := filepath.Join(t.TempDir(), "unmeant.log")
	log, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	w := &world{log: log, run36: "run", kinds: make(map[string]*count)}
	w.records = newRecords(w)
	return w, func() string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
}

func TestRecordsAreComparedWhicheverComesFirst(t *testing.T) {
	const line = `{"id":"CA1","end_reason":"caller_hung_up","sip_status":200,"answered_by":"second","sip_call_id":"7-run"}`
	meant := want{kind: "k", callID: "7-run", status: 200, end: "caller_hung_up", by: "dies|second"}
	other := meant
	other.by = "first"
	for name, c := range map[string]struct {
		want  want
		early bool
		says  string
	}{
		"as meant, record first": {meant, true, ""},
		"as meant, call first":   {meant, false, ""},
		"other, record first":    {other, true, `answered by "second" instead`},
		"other, call first":      {other, false, `answered by "second" instead`},
	} {
		w, log := books(t)
		if c.early {
			w.records.take([]byte(line))
			w.records.expect("CA1", c.want)
		} else {
			w.records.expect("CA1", c.want)
			w.records.take([]byte(line))
		}
		w.records.missing(0)
		if got := log(); !strings.Contains(got, c.says) || (c.says == "") != (got == "") {
			t.Errorf("%s: logged %q", name, got)
		}
	}
}

func TestRecordsAreReadAcrossARotation(t *testing.T) {
	w, log := books(t)
	path := filepath.Join(t.TempDir(), "cdr.jsonl")
	write := func(at, text string) {
		f, err := os.OpenFile(at, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	write(path, "{\"id\":\"CA1\"}\n{\"id\":")
	tick, stop, done := make(chan time.Time), make(chan struct{}), make(chan error)
	go func() { done <- w.records.follow(path, tick, stop) }()
	tick <- time.Time{} // at the end of half a line
	write(path, "\"CA2\"}\n")
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	write(path+".old", "{\"id\":\"CA3\"}\n")
	write(path, "{\"id\":\"CA4\"}\n")
	tick <- time.Time{}
	tick <- time.Time{} // in the new file
	write(path, "{\"id\":\"CA5\"}\n")
	close(stop)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"CA1", "CA2", "CA3", "CA4", "CA5"} {
		if !w.records.seen[id] {
			t.Errorf("%s was not read; log: %s", id, log())
		}
	}
}

func TestRecordsThatAreMissingOrDoubleAreUnmeant(t *testing.T) {
	w, log := books(t)
	w.records.expect("CA1", want{kind: "k"})
	w.records.missing(time.Hour)
	if got := log(); got != "" {
		t.Errorf("too early: %q", got)
	}
	w.records.missing(0)
	for range 2 {
		w.records.take([]byte(`{"id":"CA2","sip_call_id":"x-run"}`))
	}
	for _, says := range []string{"CA1 has none", "CA2 has two records"} {
		if got := log(); !strings.Contains(got, says) {
			t.Errorf("%q misses %q", got, says)
		}
	}
}

func TestVerdictNamesWhatIsNotAsMeant(t *testing.T) {
	good := result{Kinds: map[string]*count{"a": {Meant: 1}}}
	if err := good.verdict([]sample{{}}); err != nil {
		t.Error(err)
	}
	bad := result{Kinds: map[string]*count{"a": {Meant: 1}, "b": {Unmeant: 2}}}
	var last sample
	for i, f := range figures {
		if f.name == "ports" {
			last.values[i] = 4
		}
	}
	err := bad.verdict([]sample{{}, last})
	if err == nil || !strings.Contains(err.Error(), "b: 2 not as meant") || !strings.Contains(err.Error(), "4 media ports in use at the end") {
		t.Errorf("verdict %v", err)
	}
}

// left returns a directory with what a run of so long leaves, a row of it unmeant.
func left(t *testing.T, span time.Duration) string {
	dir := t.TempDir()
	var text strings.Builder
	fmt.Fprintln(&text, columns())
	for part := range 5 {
		s := sample{at: span * time.Duration(part) / 4}
		s.values[0] = 100 + 12*s.at.Hours()
		fmt.Fprintln(&text, s)
	}
	found, err := json.Marshal(result{Seconds: span.Seconds(), Kinds: map[string]*count{"a": {Meant: 3, Unmeant: 1}, fault + "b": {Meant: 9}}})
	if err == nil {
		err = errors.Join(os.WriteFile(filepath.Join(dir, "soak.csv"), []byte(text.String()), 0o600),
			os.WriteFile(filepath.Join(dir, "result.json"), found, 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestOnlyALongRunHasASlope(t *testing.T) {
	for span, want := range map[time.Duration]string{time.Hour: " | +12.0 |", 9 * time.Minute: " | - |"} {
		dir := left(t, span)
		if err := report(dir, dir); err == nil || !strings.Contains(err.Error(), "a: 1 not as meant") {
			t.Errorf("%v: %v", span, err)
		}
		got, err := os.ReadFile(filepath.Join(dir, "SOAK.md"))
		if err != nil {
			t.Fatal(err)
		}
		row := slices.IndexFunc(strings.Split(string(got), "\n"), func(line string) bool {
			return strings.HasPrefix(line, "| resident memory, MB |") && strings.HasSuffix(line, want)
		})
		if row < 0 || !strings.Contains(string(got), "| **3** | **1** |") {
			t.Errorf("%v: no row that ends in %q, or no sum of the calls, in\n%s", span, want, got)
		}
	}
}

func TestAReportIsReplacedWholeOrNotAtAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "SOAK.md")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		err  error
		want string
	}{{errors.New("killed"), "old"}, {nil, "new"}} {
		err := whole(path, func(part string) error {
			return errors.Join(os.WriteFile(part, []byte("new"), 0o600), step.err)
		})
		if (err == nil) != (step.err == nil) {
			t.Error(err)
		}
		if got, _ := os.ReadFile(path); string(got) != step.want {
			t.Errorf("%q, want %q", got, step.want)
		}
	}
	if there, _ := os.ReadDir(filepath.Dir(path)); len(there) != 1 {
		t.Errorf("left behind: %v", there)
	}
}
