package ali

import (
	"iter"
	"slices"
	"sync"
	"time"
)

// Book holds the screens of the calls that are up, and for a while of those that have ended: what an ALI link answers
// from. Its methods are safe for concurrent use and do not block.
type Book struct {
	o BookOptions

	mu    sync.Mutex // guards the rest
	calls map[string]*entry
	by    map[string][]*entry // by callback number and by pANI, oldest first
	ended []*entry            // that are still known, in the order of their ends
	lent  map[string]*loan    // pANIs by number
}

// BookOptions configure a Book; the zero value works.
type BookOptions struct {
	Linger time.Duration    // how long a record is known after its call; 0 is 30 s, negative: no time
	Rest   time.Duration    // how long a pANI is not given out after its call; 0 is a minute
	Clock  func() time.Time // nil is time.Now
}

// entry is one call.
type entry struct {
	call   string
	screen Screen
	known  bool             // has a screen
	keys   []string         // that it is found by
	lent   map[string]*loan // its pANIs, by centre
	over   time.Time        // zero while it is up
}

// loan is a pANI that was given out at least once.
type loan struct {
	number string
	call   string // that has it, or had it last
	centre string // that is shown it
	held   bool
	back   time.Time // since when it is not held
}

// NewBook returns an empty book.
func NewBook(o BookOptions) *Book {
	if o.Linger == 0 {
		o.Linger = 30 * time.Second
	}
	if o.Rest == 0 {
		o.Rest = time.Minute
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return &Book{o: o, calls: make(map[string]*entry), by: make(map[string][]*entry), lent: make(map[string]*loan)}
}

// Put keeps the screen of s.Call, in place of what it had: the call has gone on to another centre. It can then be found by
// its number and by every pANI that the call holds.
func (b *Book) Put(s Screen) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sweep()
	e := b.entry(s.Call)
	e.screen, e.known = s, true
	b.key(e, s.Number)
	b.key(e, s.PANI)
}

// entry returns that of a call, a new one where it has none. The caller holds b.mu.
func (b *Book) entry(call string) *entry {
	e, ok := b.calls[call]
	if !ok {
		e = &entry{call: call, lent: make(map[string]*loan)}
		b.calls[call] = e
	}
	return e
}

func (b *Book) key(e *entry, number string) {
	if number == "" || slices.Contains(e.keys, number) {
		return
	}
	e.keys = append(e.keys, number)
	b.by[number] = append(b.by[number], e)
}

// Take gives a call one of a centre's pANIs until its end: the one that it has there already, else the one that was not
// in use for the longest time. early tells that its rest is not over. ok is false when all are in use.
func (b *Book) Take(call, centre string, pool iter.Seq[string]) (number string, early, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sweep()
	if e, known := b.calls[call]; known && e.lent[centre] != nil {
		return e.lent[centre].number, false, true
	}
	var best *loan
	for n := range pool {
		l, known := b.lent[n]
		if !known {
			best = &loan{number: n}
			b.lent[n] = best
			break
		}
		if !l.held && (best == nil || l.back.Before(best.back)) {
			best = l
		}
	}
	if best == nil {
		return "", false, false
	}
	early = !best.back.IsZero() && b.o.Clock().Sub(best.back) < b.o.Rest
	best.held, best.call, best.centre = true, call, centre
	b.entry(call).lent[centre] = best
	return best.number, early, true
}

// Holder returns the call that a centre is shown a pANI for, or was until its rest was over.
func (b *Book) Holder(centre, number string) (call string, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l, known := b.lent[number]
	if !known || l.centre != centre || !b.means(l) {
		return "", false
	}
	return l.call, true
}

// Lent returns the pANI that a centre is shown for a call, or was until its rest was over.
func (b *Book) Lent(centre, call string) (number string, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.lent {
		if l.call == call && l.centre == centre && b.means(l) {
			return l.number, true
		}
	}
	return "", false
}

// means tells whether a pANI still stands for the call that had it last. The caller holds b.mu.
func (b *Book) means(l *loan) bool { return l.held || b.o.Clock().Sub(l.back) < b.o.Rest }

// End tells that a call has ended: its pANIs are given back, its record is known a little longer. A call that is not in
// the book is none of its business.
func (b *Book) End(call string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sweep()
	e, ok := b.calls[call]
	if !ok || !e.over.IsZero() {
		return
	}
	e.over = b.o.Clock()
	for _, l := range e.lent {
		l.held, l.back = false, e.over
	}
	b.ended = append(b.ended, e)
}

// Find returns the screen of the newest call with a number, those that are up before those that have ended.
func (b *Book) Find(number string) (Screen, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sweep()
	var newest *entry
	live := 0
	for _, e := range b.by[number] {
		if e.over.IsZero() {
			live++
		}
		if newest == nil || e.over.IsZero() || !newest.over.IsZero() {
			newest = e
		}
	}
	if newest == nil {
		return Screen{}, false
	}
	s := newest.screen
	s.Calls = live
	return s, true
}

// OfCall returns the screen of a call by its ID.
func (b *Book) OfCall(call string) (Screen, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sweep()
	e, ok := b.calls[call]
	if !ok || !e.known {
		return Screen{}, false
	}
	s := e.screen
	if s.Calls = 0; e.over.IsZero() {
		s.Calls = 1
	}
	return s, true
}

// Figures is what a Book holds now.
type Figures struct {
	Records int // of calls that are up or have just ended
	PANIs   int // held by calls
}

// Figures counts.
func (b *Book) Figures() Figures {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sweep()
	f := Figures{}
	for _, e := range b.calls {
		if e.known {
			f.Records++
		}
		if e.over.IsZero() {
			f.PANIs += len(e.lent)
		}
	}
	return f
}

// sweep forgets calls that ended long enough ago. The caller holds b.mu.
func (b *Book) sweep() {
	now, n := b.o.Clock(), 0
	for ; n < len(b.ended) && now.Sub(b.ended[n].over) >= b.o.Linger; n++ {
		b.forget(b.ended[n])
	}
	b.ended = slices.Delete(b.ended, 0, n)
}

func (b *Book) forget(e *entry) {
	delete(b.calls, e.call)
	for _, k := range e.keys {
		left := slices.DeleteFunc(b.by[k], func(o *entry) bool { return o == e })
		if b.by[k] = left; len(left) == 0 {
			delete(b.by, k)
		}
	}
}
