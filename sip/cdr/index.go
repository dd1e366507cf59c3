package cdr

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"callbox/sip/call"
)

// maxLine bounds a line that is read back: far above any record, so that a broken file cannot fill the memory.
const maxLine = 1 << 20

// index holds the last records in a ring, found by ID.
type index struct {
	ring []*call.Record // nil where never used
	next int            // where the next record goes
	byID map[call.ID]*call.Record
}

func newIndex(n int) *index {
	return &index{ring: make([]*call.Record, n), byID: make(map[call.ID]*call.Record, n)}
}

// add puts r in the place of the oldest record.
func (x *index) add(r *call.Record) {
	if old := x.ring[x.next]; old != nil && x.byID[old.ID] == old {
		delete(x.byID, old.ID)
	}
	x.ring[x.next] = r
	x.byID[r.ID] = r
	x.next = (x.next + 1) % len(x.ring)
}

func (x *index) get(id call.ID) (*call.Record, bool) {
	r, ok := x.byID[id]
	return r, ok
}

// list returns the last n records, latest first.
func (x *index) list(n int) []*call.Record {
	if n <= 0 || n > len(x.ring) {
		n = len(x.ring)
	}
	out := make([]*call.Record, 0, min(n, len(x.byID)))
	for i := range n {
		r := x.ring[(x.next-1-i+2*len(x.ring))%len(x.ring)]
		if r == nil {
			break
		}
		out = append(out, r)
	}
	return out
}

// preload fills the index from the end of the files on disk, the rotated ones included.
func (j *Journal) preload() error {
	names, err := rotated(j.dir)
	if err != nil {
		return err
	}
	names = append(names, fileName)
	var latest []*call.Record // latest first
	for _, name := range slices.Backward(names) {
		records, skipped, err := tail(filepath.Join(j.dir, name), j.options.Recent-len(latest))
		if err != nil {
			return err
		}
		j.skipped += skipped
		latest = append(latest, records...)
		if len(latest) >= j.options.Recent {
			break
		}
	}
	for _, r := range slices.Backward(latest) {
		j.index.add(r)
	}
	return nil
}

// tail returns the last n records of a file, the last first. Lines that are no record are counted and skipped.
func tail(path string, n int) (records []*call.Record, skipped int, err error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	for end := info.Size(); end > 0 && len(records) < n; {
		start, err := lastLine(f, end-1)
		if err != nil {
			return nil, 0, err
		}
		if r, ok := readLine(f, start, end); ok {
			records = append(records, r)
		} else {
			skipped++
		}
		end = start
	}
	return records, skipped, nil
}

// readLine reads the record on the line from start to end, line end included.
func readLine(f io.ReaderAt, start, end int64) (*call.Record, bool) {
	if end-start > maxLine {
		return nil, false
	}
	line := make([]byte, end-start)
	if _, err := f.ReadAt(line, start); err != nil {
		return nil, false
	}
	r, err := parse(line)
	return r, err == nil
}

// parse reads one line of the journal.
func parse(line []byte) (*call.Record, error) {
	var r call.Record
	if err := json.Unmarshal(line, &r); err != nil {
		return nil, fmt.Errorf("read call record: %w", err)
	}
	if r.ID == "" {
		return nil, errors.New("read call record: no id")
	}
	return &r, nil
}

// findOnDisk looks for a call that is no longer in memory, in the current file first, then from the newest rotated
// file to the oldest. The files are bounded in size and number, and so is the time this takes.
func findOnDisk(dir string, id call.ID) (*call.Record, bool) {
	if !plain(id) {
		return nil, false
	}
	names, _ := rotated(dir)
	for _, name := range slices.Backward(append(names, fileName)) {
		if r, ok := findIn(filepath.Join(dir, name), id); ok {
			return r, true
		}
	}
	return nil, false
}

// plain tells whether id has the shape of a call ID, so that it can be searched for as it stands.
func plain(id call.ID) bool {
	if len(id) != 34 || id[:2] != "CA" {
		return false
	}
	for _, c := range id[2:] {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func findIn(path string, id call.ID) (*call.Record, bool) {
	f, err := os.Open(path)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	want := []byte(`{"id":"` + string(id) + `"`)
	scan := bufio.NewScanner(f)
	scan.Buffer(make([]byte, 64<<10), maxLine)
	for scan.Scan() {
		if bytes.HasPrefix(scan.Bytes(), want) {
			r, err := parse(scan.Bytes())
			return r, err == nil
		}
	}
	return nil, false
}
