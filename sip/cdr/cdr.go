// Package cdr keeps the journal of ended calls: one JSON line per call in cdr.jsonl of the data directory, and the
// last calls in memory for the API. It knows call records and files; it must not know how a call works or who reads.
//
// The file is only ever appended to, one write per line, so that a killed process leaves at most one torn line at the
// end; Open removes such a line and nothing else. When the file has reached its size bound it is renamed to
// cdr-<UTC time>.jsonl and a new one begins; the oldest of the renamed files are deleted beyond a number. A disk that
// refuses, from the start or later, is reported once, tried again every second, and never holds up a call: records wait
// in a bounded queue. Of refused calls, which anybody can make, only some are kept when there are very many.
package cdr

import (
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"callbox/sip/call"
	"callbox/sip/fault"
)

// Options tune a Journal; the zero value works.
type Options struct {
	Recent   int              // ended calls kept in memory, about 20 kB each; 1000 when 0
	Queue    int              // records that may wait for the disk, 4096 when 0; beyond that they are dropped and counted
	MaxBytes int64            // size at which the file is rotated, 64 MiB when 0
	MaxFiles int              // rotated files kept, 16 when 0
	Logger   zerolog.Logger   // told of disk errors when they begin and when they end
	Now      func() time.Time // names rotated files, time.Now when nil
	Patient  bool             // whatever keeps the file from being opened is waited out like a full disk

	open openFunc // the file system, replaced in tests
}

func (o Options) withDefaults() Options {
	if o.Recent <= 0 {
		o.Recent = 1000
	}
	if o.Queue <= 0 {
		o.Queue = 4096
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 64 << 20
	}
	if o.MaxFiles <= 0 {
		o.MaxFiles = 16
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.open == nil {
		o.open = openOS
	}
	return o
}

// The pace of the writer: how long it waits before it tries a refused line again, and how often it asks the disk to
// keep what was written.
const (
	retryAfter = time.Second
	syncEvery  = time.Second
)

// Stats are a journal's counters since Open.
type Stats struct {
	Written  uint64 // records in the file
	Dropped  uint64 // records that never reached the file: the queue was full, or the disk refused until Close
	Omitted  uint64 // records of refused calls that were left out since there were too many
	Errors   uint64 // failed attempts to open, write, rotate and sync
	Queued   int    // records waiting for the disk now
	Capacity int    // records that may wait
	Bytes    int64  // size of the file now
	Repaired int64  // bytes of a torn last line removed at Open
	Skipped  int    // unreadable lines met at Open
}

// Journal is an open CDR file and the calls it ended with. Its methods are safe for concurrent use.
type Journal struct {
	options Options
	dir     string
	file    *file
	log     zerolog.Logger

	mu      sync.Mutex // guards index, closed, losing, and sends on queue against its close
	index   *index
	closed  bool
	losing  bool // a record was dropped since the disk was last good
	refused allowance

	queue   chan *call.Record
	closing chan struct{}
	done    chan struct{}

	search sync.Mutex // one scan of old files at a time

	written, dropped, omitted, errors atomic.Uint64
	bytes                             atomic.Int64
	repaired                          int64
	skipped                           int
	failing                           fault.Episode
	lost                              uint64 // dropped when the episode began; owned by the writer
	outgrown                          bool   // the file could not be rotated when it was due; owned by the writer
}

// Open opens or makes the journal in dir, which must exist, removes a torn last line, and loads the last calls into
// memory. A disk that refuses is no error: then records wait for it. The caller must Close the journal. Two journals must
// not share a directory.
func Open(dir string, o Options) (*Journal, error) {
	o = o.withDefaults()
	waits := func(err error) bool { return o.Patient || fault.Disk(err) }
	f, repaired, openErr := openFile(dir, o)
	if openErr != nil && !waits(openErr) {
		return nil, fmt.Errorf("open cdr journal: %w", openErr)
	}
	j := &Journal{
		options: o, dir: dir, file: f, log: o.Logger, index: newIndex(o.Recent), repaired: repaired,
		queue: make(chan *call.Record, o.Queue), closing: make(chan struct{}), done: make(chan struct{}),
	}
	if err := j.preload(); err != nil && !waits(err) {
		_ = f.close()
		return nil, fmt.Errorf("read cdr journal: %w", err)
	}
	j.bytes.Store(f.size)
	if openErr != nil {
		j.fail(openErr)
	}
	if repaired > 0 {
		j.log.Warn().Int64("removed_bytes", repaired).Msg("torn last line of the cdr journal removed")
	}
	go j.write()
	return j, nil
}

// Append adds an ended call. It never blocks: the record is in memory at once and in the file soon after. With the
// queue full the file goes without it and Stats.Dropped counts it. Of a flood of refused calls only some are kept, see
// Stats.Omitted. The journal keeps r's slices; they must not change.
func (j *Journal) Append(r call.Record) {
	if r.EndReason == call.EndRefused && !j.afford() {
		return
	}
	if j.add(&r) {
		j.log.Error().Int("queued", cap(j.queue)).Msg("call records are lost: no more can wait for the disk")
	}
}

// afford tells whether the record of a refused call is kept.
func (j *Journal) afford() bool {
	j.mu.Lock()
	ok, first := j.refused.take(time.Now())
	j.mu.Unlock()
	if !ok {
		j.omitted.Add(1)
	}
	if first {
		j.log.Warn().Int("per_second", refusedPerSecond).Msg("a flood of refused calls: only some of their records are kept")
	}
	return ok
}

// add is Append; true when it begins to lose records.
func (j *Journal) add(r *call.Record) (losing bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.index.add(r)
	if j.closed {
		j.dropped.Add(1)
		return false
	}
	select {
	case j.queue <- r:
		return false
	default:
		j.dropped.Add(1)
		losing, j.losing = !j.losing, true
		return losing
	}
}

// Fault tells whether records cannot be written now, since when and why.
func (j *Journal) Fault() (fault.Report, bool) { return j.failing.Report() }

// Get returns the ended call with this ID: from memory, else from the files, which takes a moment. The record must
// not be changed.
func (j *Journal) Get(id call.ID) (*call.Record, bool) {
	j.mu.Lock()
	r, ok := j.index.get(id)
	j.mu.Unlock()
	if ok {
		return r, true
	}
	j.search.Lock()
	defer j.search.Unlock()
	return findOnDisk(j.dir, id)
}

// List returns the last n ended calls in memory, the latest ended first; all of them when n is 0 or less. The records
// must not be changed.
func (j *Journal) List(n int) []*call.Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.index.list(n)
}

// Stats returns the counters as they stand.
func (j *Journal) Stats() Stats {
	return Stats{
		Written: j.written.Load(), Dropped: j.dropped.Load(), Omitted: j.omitted.Load(), Errors: j.errors.Load(),
		Queued: len(j.queue), Capacity: cap(j.queue), Bytes: j.bytes.Load(),
		Repaired: j.repaired, Skipped: j.skipped,
	}
}

// Close writes what waits and closes the file. Records that the disk still refuses are dropped and counted; the error
// says how many. It blocks until the writer has ended. Calling it again does nothing.
func (j *Journal) Close() error {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return nil
	}
	j.closed = true
	close(j.queue)
	close(j.closing)
	j.mu.Unlock()
	<-j.done
	err := j.file.close()
	if n := j.dropped.Load(); n > 0 {
		return fmt.Errorf("close cdr journal: %d call records never reached the disk", n)
	}
	return err
}

// write is the goroutine that owns the file until the queue is closed and empty.
func (j *Journal) write() {
	defer close(j.done)
	tick := time.NewTicker(syncEvery)
	defer tick.Stop()
	for {
		select {
		case r, ok := <-j.queue:
			if !ok {
				return
			}
			j.persist(r)
		case <-tick.C:
			j.look()
		}
	}
}

// look sees once in a while whether what was written is safe, and whether there is still a file to write to.
func (j *Journal) look() {
	err := j.file.sync()
	if err == nil {
		err = j.file.follow()
	}
	if err != nil {
		j.fail(err)
		return
	}
	j.bytes.Store(j.file.size)
	if !j.outgrown { // else the next line says whether that is over
		j.mend()
	}
}

// persist writes one record, again and again until it is written or the journal is closing.
func (j *Journal) persist(r *call.Record) {
	line, err := json.Marshal(r)
	if err != nil { // a figure JSON cannot hold, such as a NaN
		j.fail(fmt.Errorf("encode record of %s: %w", r.ID, err))
		j.dropped.Add(1)
		return
	}
	line = append(line, '\n')
	for {
		rotateErr, err := j.file.append(line, j.options.Now())
		j.outgrown = rotateErr != nil
		if rotateErr != nil { // the line is in the old file: larger than asked for, but not lost
			j.fail(rotateErr)
		}
		if err == nil {
			j.written.Add(1)
			j.bytes.Store(j.file.size)
			if rotateErr == nil {
				j.mend()
			}
			return
		}
		j.fail(err)
		select {
		case <-time.After(retryAfter):
		case <-j.closing:
			if _, err := j.file.append(line, j.options.Now()); err == nil {
				j.written.Add(1)
			} else {
				j.dropped.Add(1)
			}
			return
		}
	}
}

// fail counts an error and logs the first of a row.
func (j *Journal) fail(err error) {
	j.errors.Add(1)
	if j.failing.Begin(err, time.Now()) {
		j.lost = j.dropped.Load()
		j.log.Error().Str("fault", "call_records").Err(err).Msg("cdr journal cannot be written; call records wait in memory")
	}
}

// mend logs the end of a row of errors.
func (j *Journal) mend() {
	r, was := j.failing.End()
	if !was {
		return
	}
	j.mu.Lock()
	j.losing = false
	j.mu.Unlock()
	j.log.Info().Str("fault", "call_records").Int64("after_ms", time.Since(r.Since).Milliseconds()).Uint64("times", r.Met).
		Int("queued", len(j.queue)).Uint64("lost", j.dropped.Load()-j.lost).Msg("cdr journal can be written again")
}
