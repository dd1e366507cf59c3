package ali

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// clock is one that tests set.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func newTestBook() (*Book, *clock) {
	c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	return NewBook(BookOptions{Linger: 30 * time.Second, Rest: time.Minute, Clock: c.Now}), c
}

func TestARecordIsKnownFromTheFirstRingUntilShortlyAfterTheEnd(t *testing.T) {
	t.Parallel()
	b, c := newTestBook()
	if _, ok := b.Find("+14155550100"); ok {
		t.Fatal("found before the call")
	}
	b.Put(Screen{Call: "CA1", Number: "+14155550100", PSAP: "psap-sf"})
	b.Put(Screen{Call: "CA1", Number: "+14155550100", PSAP: "psap-oakland"})
	if s, ok := b.Find("+14155550100"); !ok || s.PSAP != "psap-oakland" || s.Calls != 1 {
		t.Errorf("found %+v, %v, want one call, at psap-oakland", s, ok)
	}
	b.End("CA1")
	b.End("CA1")
	b.End("CA2")
	c.now = c.now.Add(29 * time.Second)
	if s, ok := b.Find("+14155550100"); !ok || s.Calls != 0 {
		t.Errorf("shortly after the end: %+v, %v", s, ok)
	}
	if s, ok := b.OfCall("CA1"); !ok || s.Calls != 0 {
		t.Errorf("by its call: %+v, %v", s, ok)
	}
	c.now = c.now.Add(time.Second)
	if _, ok := b.Find("+14155550100"); ok {
		t.Error("found when it should be gone")
	}
	if _, ok := b.OfCall("CA1"); ok {
		t.Error("found by its call when it should be gone")
	}
	if len(b.calls)+len(b.by)+len(b.ended) != 0 {
		t.Error("the book has not forgotten it")
	}
}

func TestOfTwoCallsOfANumberTheNewestIsShown(t *testing.T) {
	t.Parallel()
	b, _ := newTestBook()
	for _, id := range []string{"CA1", "CA2", "CA3"} {
		b.Put(Screen{Call: id, Number: "+14155550100"})
	}
	if s, _ := b.Find("+14155550100"); s.Call != "CA3" || s.Calls != 3 {
		t.Errorf("found %+v, want the newest of three", s)
	}
	if s, _ := b.OfCall("CA1"); s.Call != "CA1" || s.Calls != 1 {
		t.Errorf("call CA1 has the record %+v", s)
	}
	b.End("CA3")
	if s, _ := b.Find("+14155550100"); s.Call != "CA2" || s.Calls != 2 {
		t.Errorf("found %+v, want the newest of those that are up", s)
	}
	b.End("CA1")
	b.End("CA2")
	if s, _ := b.Find("+14155550100"); s.Calls != 0 {
		t.Errorf("found %+v, want one that has ended", s)
	}
}

func TestAPANIIsOneCallsAndRestsAfterIt(t *testing.T) {
	t.Parallel()
	b, c := newTestBook()
	pool := func() func(func(string) bool) { return slices.Values([]string{"+14155119001", "+14155119002"}) }
	take := func(call, centre string) string {
		n, _, _ := b.Take(call, centre, pool())
		return n
	}
	if n := take("CA1", "psap-sf"); n != "+14155119001" {
		t.Errorf("the first call got %q", n)
	}
	b.Put(Screen{Call: "CA1", Number: "+14155550100", PANI: "+14155119001"})
	if n := take("CA1", "psap-sf"); n != "+14155119001" {
		t.Errorf("the same call at the same centre got %q", n)
	}
	if n := take("CA2", "psap-sf"); n != "+14155119002" {
		t.Errorf("the second call got %q", n)
	}
	if n, _, ok := b.Take("CA3", "psap-sf", pool()); ok {
		t.Errorf("a third call got %q of two", n)
	}
	if s, ok := b.Find("+14155119001"); !ok || s.Call != "CA1" {
		t.Errorf("by pANI: %+v, %v", s, ok)
	}
	b.End("CA2")
	c.now = c.now.Add(10 * time.Second)
	b.End("CA1")
	c.now = c.now.Add(45 * time.Second)
	if n, early, ok := b.Take("CA4", "psap-sf", pool()); n != "+14155119002" || !early || !ok {
		t.Errorf("with both resting: %q, early %v, %v; want the one that rests longer", n, early, ok)
	}
	c.now = c.now.Add(20 * time.Second)
	if n, early, _ := b.Take("CA5", "psap-sf", pool()); n != "+14155119001" || early {
		t.Errorf("after its rest: %q, early %v", n, early)
	}
	if f := b.Figures(); f.PANIs != 2 || f.Records != 0 { // the one of CA1 is forgotten
		t.Errorf("figures %+v, want two pANIs in use", f)
	}
	b.Put(Screen{Call: "CA4"})
	b.Put(Screen{Call: "CA6"})
	if f := b.Figures(); f.PANIs != 2 || f.Records != 2 {
		t.Errorf("figures %+v, want two pANIs in use and two records", f)
	}
}

func TestABookThatIsNotToldHowLongKeepsHalfAMinuteAndRestsAMinute(t *testing.T) {
	t.Parallel()
	c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	b := NewBook(BookOptions{Clock: c.Now})
	pool := []string{"+14155119001"}
	b.Take("CA1", "psap-sf", slices.Values(pool))
	b.Put(Screen{Call: "CA1", Number: "+14155550100"})
	b.End("CA1")
	for _, step := range []struct {
		after        time.Duration
		known, early bool
	}{{30*time.Second - 1, true, true}, {30 * time.Second, false, true}, {time.Minute - 1, false, true}, {time.Minute, false, false}} {
		c.now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(step.after)
		if _, known := b.Find("+14155550100"); known != step.known {
			t.Errorf("after %v: known %v", step.after, known)
		}
		other := NewBook(BookOptions{Clock: c.Now})
		other.lent["+14155119001"] = &loan{number: "+14155119001", back: b.lent["+14155119001"].back}
		if _, early, ok := other.Take("CA2", "psap-sf", slices.Values(pool)); early != step.early || !ok {
			t.Errorf("after %v: early %v, %v", step.after, early, ok)
		}
	}
}

func TestCallsShareABookWithoutMixingNumbers(t *testing.T) {
	t.Parallel()
	b := NewBook(BookOptions{Rest: time.Nanosecond, Linger: time.Nanosecond})
	pool := []string{"+14155119001", "+14155119002", "+14155119003"}
	var group sync.WaitGroup
	for _, id := range []string{"CA1", "CA2", "CA3"} {
		group.Go(func() {
			for range 200 {
				n, _, ok := b.Take(id, "psap-sf", slices.Values(pool))
				if !ok {
					t.Errorf("%s: no number of three for three calls", id)
					return
				}
				b.Put(Screen{Call: id, PANI: n})
				if s, ok := b.Find(n); !ok || s.Call != id {
					t.Errorf("%s has %s, which leads to %+v", id, n, s)
				}
				b.End(id)
				for { // it is forgotten by the next who asks after its time
					if _, known := b.OfCall(id); !known {
						break
					}
				}
			}
		})
	}
	group.Wait()
}

func TestAPANIStandsForItsCallUntilItsRestIsOver(t *testing.T) {
	t.Parallel()
	b, c := newTestBook()
	pool := []string{"+14155119001"}
	holder := func(centre string) string {
		call, _ := b.Holder(centre, pool[0])
		return call
	}
	if holder("psap-sf") != "" {
		t.Error("it stands for a call before there was one")
	}
	b.Take("CA1", "psap-sf", slices.Values(pool))
	b.End("CA1")
	c.now = c.now.Add(59 * time.Second)
	b.Put(Screen{Call: "CA9"}) // which forgets what has lingered
	if holder("psap-sf") != "CA1" || holder("psap-oakland") != "" {
		t.Errorf("shortly after its call it stands for %q, at another centre for %q", holder("psap-sf"), holder("psap-oakland"))
	}
	if n, ok := b.Lent("psap-sf", "CA1"); !ok || n != pool[0] {
		t.Errorf("the call has %q", n)
	}
	c.now = c.now.Add(time.Second)
	if _, ok := b.Lent("psap-sf", "CA1"); ok || holder("psap-sf") != "" {
		t.Error("it stands for the call after its rest")
	}
	b.Take("CA2", "psap-sf", slices.Values(pool))
	c.now = c.now.Add(time.Hour)
	if holder("psap-sf") != "CA2" {
		t.Errorf("during the next call it stands for %q", holder("psap-sf"))
	}
	if _, ok := b.Lent("psap-sf", "CA1"); ok {
		t.Error("the call before still has it")
	}
	if _, ok := b.Lent("psap-oakland", "CA2"); ok {
		t.Error("another centre is shown it")
	}
}
