package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// records reads the edge's call records as they are written, and compares them with what was meant.
type records struct {
	w *world

	mu     sync.Mutex
	wanted map[string]due    // calls that are over and have no record yet
	early  map[string]record // records of calls whose callers have not judged them yet
	seen   map[string]bool
}

type due struct {
	want
	since time.Time
}

type record struct {
	ID         string    `json:"id"`
	StartedAt  time.Time `json:"started_at"`
	EndReason  string    `json:"end_reason"`
	SIPStatus  int       `json:"sip_status"`
	AnsweredBy string    `json:"answered_by"`
	SIPCallID  string    `json:"sip_call_id"`
}

func newRecords(w *world) *records {
	return &records{w: w, wanted: make(map[string]due), early: make(map[string]record), seen: make(map[string]bool)}
}

// expect says what the record of a call must say, which is written already or soon.
func (r *records) expect(id string, w want) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if got, ok := r.early[id]; ok {
		delete(r.early, id)
		r.compare(w, got)
		return
	}
	r.wanted[id] = due{w, time.Now()}
}

func (r *records) compare(w want, got record) {
	if got.SIPStatus == w.status && slices.Contains(strings.Split(w.end, "|"), got.EndReason) &&
		slices.Contains(strings.Split(w.by, "|"), got.AnsweredBy) {
		return
	}
	r.w.unmeant("record of "+w.kind, &dialog{callID: w.callID}, fmt.Errorf("%s: status %d, end %q, answered by %q instead of %d, %q, %q",
		got.ID, got.SIPStatus, got.EndReason, got.AnsweredBy, w.status, w.end, w.by))
}

func (r *records) take(line []byte) {
	var got record
	if err := json.Unmarshal(line, &got); err != nil {
		r.w.unmeant("records", nil, err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[got.ID] {
		r.w.unmeant("records", nil, fmt.Errorf("%s has two records", got.ID))
	}
	r.seen[got.ID] = true
	if d, ok := r.wanted[got.ID]; ok {
		delete(r.wanted, got.ID)
		r.compare(d.want, got)
		return
	}
	if strings.HasSuffix(got.SIPCallID, r.w.run36) { // the rest are messages of the faults
		r.early[got.ID] = got
	}
}

// missing counts calls that were over a while ago and have no record.
func (r *records) missing(patience time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, d := range r.wanted {
		if time.Since(d.since) > patience {
			delete(r.wanted, id)
			r.w.unmeant("record of "+d.kind, &dialog{callID: d.callID}, fmt.Errorf("%s has none", id))
		}
	}
}

// follow reads the file at path, and its successors when it is rotated, until stop is closed; then to the end. It looks
// for more at every tick.
func (r *records) follow(path string, tick <-chan time.Time, stop <-chan struct{}) error {
	for last := false; ; {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		last, err = r.read(f, path, tick, stop)
		f.Close()
		if last || err != nil {
			return err
		}
	}
}

// read reads one file until another has its name, or until stop.
func (r *records) read(f *os.File, path string, tick <-chan time.Time, stop <-chan struct{}) (last bool, err error) {
	in, part := bufio.NewReaderSize(f, 1<<16), []byte(nil)
	for over := false; ; {
		line, err := in.ReadBytes('\n')
		part = append(part, line...)
		if err == nil {
			r.take(part)
			part = nil
			continue
		}
		if err != io.EOF {
			return false, err
		}
		if over {
			return last, nil
		}
		select {
		case <-stop:
			last, over = true, true
		case <-tick:
			over = r.rotated(f, path) // what was written before that is read first
		}
	}
}

func (r *records) rotated(f *os.File, path string) bool {
	here, err1 := f.Stat()
	there, err2 := os.Stat(path)
	return err1 == nil && err2 == nil && !os.SameFile(here, there)
}
