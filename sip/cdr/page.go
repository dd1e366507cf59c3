package cdr

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"callbox/sip/call"
)

// Position is a place in the order in which pages list calls: the latest begun first and, of those that began at one
// moment, the highest ID first. A call keeps its place for good, so that a page continues after it whatever calls have
// begun since. The zero Position is before all calls.
type Position struct {
	StartedAt time.Time
	ID        call.ID
}

// PositionOf returns the place of a call.
func PositionOf(r *call.Record) Position { return Position{r.StartedAt, r.ID} }

// Compare returns a negative number where p comes before q, that is, where p began later.
func (p Position) Compare(q Position) int {
	return cmp.Or(q.StartedAt.Compare(p.StartedAt), strings.Compare(string(q.ID), string(p.ID)))
}

// after tells whether p comes after q; everything comes after the zero Position.
func (p Position) after(q Position) bool { return q.StartedAt.IsZero() || p.Compare(q) > 0 }

// Span is the time from From, included, to Until, not included; a zero bound is none.
type Span struct{ From, Until time.Time }

// Has tells whether t lies in the span.
func (s Span) Has(t time.Time) bool {
	return (s.From.IsZero() || !t.Before(s.From)) && (s.Until.IsZero() || t.Before(s.Until))
}

// Query says which calls a page lists.
type Query struct {
	After   Position                // only calls after this place
	Before  Position                // only calls before this place, and of those the last; then After does not count
	Limit   int                     // calls on the page, at least 1
	Started Span                    // only calls that began in it
	Ended   Span                    // only calls that ended in it; with a bound, none that is still up
	Account string                  // only calls of this account; "" for any
	Match   func(*call.Record) bool // only calls it says yes to; nil for all. It must not change the record
	Live    []call.Record           // calls that are up, to be listed among the ended ones
}

// back tells whether the page lies before a place rather than after one.
func (q Query) back() bool { return !q.Before.StartedAt.IsZero() }

// Page is a part of the calls, in the order of Position.
type Page struct {
	Calls []*call.Record // must not be changed
	More  bool           // ask again with After set to Next; or, if Before was set, with that at the first call
	Next  Position
}

// The bounds of one page's search: what it reads of the files at most, and how much of that it decodes. A page that
// meets one of them ends early and says that there is more.
const (
	maxDecoded = 20_000
	maxSearch  = 2 * time.Second
)

// disorder is how far records in a file may be out of the order of their ends: they are written as they come, from
// goroutines that took the time a moment before.
const disorder = 5 * time.Second

// Page lists calls, live and ended, from memory and from the files however old. It reads the files backwards, which are
// in the order in which calls ended, and stops where no call further back can have begun late enough. One search of the
// files runs at a time; it ends early with ctx.
func (j *Journal) Page(ctx context.Context, q Query) (Page, error) {
	s := search{query: q, seen: map[call.ID]bool{}, budget: maxDecoded}
	j.mu.Lock()
	recent := j.index.list(0)
	j.mu.Unlock()
	ended := make(map[call.ID]bool, len(recent))
	for _, r := range recent {
		ended[r.ID] = true
	}
	for i := range q.Live {
		if r := &q.Live[i]; !ended[r.ID] { // else it has ended since the caller looked
			s.take(r)
		}
	}
	for _, r := range recent {
		if !s.met(r.ID, r.StartedAt, r.EndedAt, func() (*call.Record, bool) { return r, true }) {
			return s.page(), nil
		}
	}
	j.search.Lock()
	defer j.search.Unlock()
	if err := s.files(ctx, j.dir); err != nil {
		return Page{}, err
	}
	return s.page(), nil
}

// search collects the first Limit+1 calls of a query from calls that come in the order of their ends, latest first.
type search struct {
	query   Query
	seen    map[call.ID]bool
	found   []*call.Record // in the order of Position
	decoded int
	budget  int // lines to decode
	lines   int
	until   time.Time // when to give up; set where the page begins
	cut     Position  // where the search gave up, zero if it did not
}

// met considers one ended call and says whether one that ended earlier can still be wanted. read gives the record.
func (s *search) met(id call.ID, started, ended time.Time, read func() (*call.Record, bool)) (goOn bool) {
	latest := ended.Add(disorder) // no call from here on began later
	if q := s.query; latest.Before(q.Started.From) || latest.Before(q.Ended.From) {
		return false
	}
	if q := s.query; q.back() && latest.Before(q.Before.StartedAt) || !q.back() && s.full() && latest.Before(s.found[q.Limit].StartedAt) {
		return false
	}
	if s.seen[id] {
		return true
	}
	s.seen[id] = true
	if p := (Position{started, id}); !s.wanted(p, ended) {
		return true
	}
	if r, ok := read(); ok {
		s.take(r)
	}
	return true
}

// wanted tells from the place and end of a call alone whether it could be on the page.
func (s *search) wanted(p Position, ended time.Time) bool {
	q := s.query
	if !q.Started.Has(p.StartedAt) || !q.Ended.Has(ended) {
		return false
	}
	if q.back() {
		return p.Compare(q.Before) < 0 && !(s.full() && p.Compare(PositionOf(s.found[0])) < 0)
	}
	return p.after(q.After) && !(s.full() && p.after(PositionOf(s.found[q.Limit])))
}

// full tells whether there are as many calls as the page has, and the one that shows that there are more.
func (s *search) full() bool { return len(s.found) > s.query.Limit }

// take adds a call that matches, and lets go of one that is beyond the page for it.
func (s *search) take(r *call.Record) {
	p, q := PositionOf(r), s.query
	up := r.EndedAt.IsZero() && q.Ended != Span{}
	if up || !s.wanted(p, r.EndedAt) || q.Account != "" && r.Account != q.Account || q.Match != nil && !q.Match(r) {
		return
	}
	i, _ := slices.BinarySearchFunc(s.found, p, func(r *call.Record, p Position) int { return PositionOf(r).Compare(p) })
	s.found = slices.Insert(s.found, i, r)
	if beyond := len(s.found) - q.Limit - 1; beyond > 0 && q.back() {
		s.found = s.found[beyond:]
	} else if beyond > 0 {
		s.found = s.found[:q.Limit+1]
	}
}

// page is what was found, up to the place where the search gave up.
func (s *search) page() Page {
	p := Page{Calls: s.found}
	if s.query.back() {
		if s.full() {
			p.Calls, p.More, p.Next = s.found[1:], true, PositionOf(s.found[1])
		}
		return p
	}
	if !s.cut.StartedAt.IsZero() {
		n := 0
		for n < len(p.Calls) && !PositionOf(p.Calls[n]).after(s.cut) {
			n++
		}
		p.Calls, p.More, p.Next = p.Calls[:n], true, s.cut
	}
	if len(p.Calls) > s.query.Limit {
		p.Calls, p.More = p.Calls[:s.query.Limit], true
		p.Next = PositionOf(p.Calls[s.query.Limit-1])
	}
	return p
}

// head is what the beginning of a line tells: whether the rest is worth reading.
type head struct {
	id             call.ID
	started, ended time.Time
}

// What the head of every line that the journal writes is made of. The values between are free of escapes.
var (
	headID      = []byte(`{"id":"`)
	headStarted = []byte(`,"started_at":"`)
	headEnded   = []byte(`,"ended_at":"`)
	headEnd     = []byte(`,"duration_ms":`)
)

// maxHead bounds where headEnd is looked for.
const maxHead = 512

// headOf reads the head of a line of the journal, by hand: pages far back read very many.
func headOf(line []byte) (h head, ok bool) {
	end := bytes.Index(line[:min(len(line), maxHead)], headEnd)
	if end < 0 || !bytes.HasPrefix(line, headID) {
		return h, false
	}
	line = line[:end]
	id, _, ok := bytes.Cut(line[len(headID):], []byte(`"`))
	if !ok || len(id) == 0 {
		return h, false
	}
	started, ok := headTime(line, headStarted)
	if !ok {
		return h, false
	}
	ended, ok := headTime(line, headEnded)
	return head{call.ID(id), started, ended}, ok
}

// headTime reads the time that follows a name.
func headTime(line, name []byte) (t time.Time, ok bool) {
	i := bytes.Index(line, name)
	if i < 0 {
		return t, false
	}
	text, _, ok := bytes.Cut(line[i+len(name):], []byte(`"`))
	if !ok || t.UnmarshalText(text) != nil {
		return t, false
	}
	return t, true
}

// line considers one line of a file. of is what a line of the account has in it, empty for any.
func (s *search) line(line, of []byte) (goOn bool) {
	h, ok := headOf(line)
	if !ok {
		return true
	}
	if s.late(h.ended) {
		s.giveUp(h.ended)
		return false
	}
	return s.met(h.id, h.started, h.ended, func() (*call.Record, bool) {
		if len(of) > 0 && !bytes.Contains(line, of) {
			return nil, false
		}
		if s.decoded++; s.decoded > s.budget && s.mayGiveUp(h.ended) {
			s.giveUp(h.ended)
			return nil, false
		}
		r, err := parse(line)
		return r, err == nil
	})
}

// late tells whether the search has taken too long since it came to where the page begins.
func (s *search) late(ended time.Time) bool {
	if s.lines++; s.lines%100 != 0 || !s.mayGiveUp(ended) {
		return false
	}
	now := time.Now()
	if s.until.IsZero() {
		s.until = now.Add(maxSearch)
	}
	return now.After(s.until)
}

// mayGiveUp tells whether the search may end at a call that ended at this time: only beyond the place where the page
// begins, so that every page comes further than the one before.
func (s *search) mayGiveUp(ended time.Time) bool {
	if s.query.back() { // it reads no further than pages that were read before
		return false
	}
	return s.query.After.StartedAt.IsZero() || ended.Add(disorder).Before(s.query.After.StartedAt)
}

// giveUp remembers that calls which ended at this time or before have not been looked at. The page then continues after
// every call that began later.
func (s *search) giveUp(ended time.Time) {
	if s.cut.StartedAt.IsZero() {
		s.cut = Position{StartedAt: ended.Add(disorder)}
	}
}
