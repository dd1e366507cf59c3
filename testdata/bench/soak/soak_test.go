package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
