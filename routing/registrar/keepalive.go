package registrar

import (
	"context"
	"hash/fnv"
	"maps"
	"sync"
	"time"
)

// What is sent to phones behind a NAT, by UDP, so that it does not forget them.
const (
	KeepaliveOptions = "options" // OPTIONS, which also tells whether the phone is there
	KeepaliveCRLF    = "crlf"    // two line ends, which nobody answers
	KeepaliveOff     = "off"
)

// Prober reaches phones by the way they registered.
type Prober interface {
	// Ask sends OPTIONS and returns nil when anything was answered. It blocks until then or until ctx ends.
	Ask(ctx context.Context, b Binding) error
	// Ping sends CRLF by UDP. It must not block.
	Ping(b Binding) error
	// Here tells whether the phone registered at this edge, and whether its flow is there still. It must not block.
	Here(b Binding) (here, open bool)
}

const (
	probeTimeout = 5 * time.Second
	mostProbes   = 512 // OPTIONS that wait for an answer at once; when full a phone's turn is passed over
	lostAfter    = 2   // unanswered ones in a row
)

// silences are the phones that were asked.
type silences struct {
	mu    sync.Mutex
	since map[string]time.Time // by SID: when the state began
	lost  map[string]int       // by SID: how many were not answered in a row
}

// tell notes what became of a keepalive.
func (s *silences) tell(sid string, now time.Time, answered bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost == nil {
		s.lost = make(map[string]int)
	}
	n, known := s.lost[sid]
	switch {
	case answered && (!known || n >= lostAfter):
		s.since[sid] = now
	case !answered && n+1 == lostAfter:
		s.since[sid] = now
	}
	if answered {
		s.lost[sid] = 0
	} else {
		s.lost[sid] = n + 1
	}
}

// state tells what is known of a phone.
func (s *silences) state(sid string) (State, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch n, known := s.lost[sid]; {
	case !known || n > 0 && n < lostAfter && s.since[sid].IsZero():
		return StateUnknown, time.Time{}
	case n >= lostAfter:
		return StateSilent, s.since[sid]
	}
	return StateAnswers, s.since[sid]
}

// forgetBut forgets all phones but these. One that is gone may have been asked a moment before, so that to forget it when
// it goes is not enough.
func (s *silences) forgetBut(there map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.since, func(sid string, _ time.Time) bool { return !there[sid] })
	maps.DeleteFunc(s.lost, func(sid string, _ int) bool { return !there[sid] })
}

// keepAwake sends keepalives until ctx ends: to each phone one in every KeepaliveEvery, all spread over that time.
func (r *Registrar) keepAwake(ctx context.Context) {
	var asking sync.WaitGroup
	defer asking.Wait()
	turns := max(1, int(r.o.KeepaliveEvery/time.Second))
	room := make(chan struct{}, mostProbes)
	tick := time.NewTicker(r.o.KeepaliveEvery / time.Duration(turns))
	defer tick.Stop()
	for turn := 0; ; turn = (turn + 1) % turns {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, b := range r.behindNAT(turn, turns) {
			r.wakeUp(ctx, b, room, &asking)
		}
	}
}

// asked tells whether a phone gets keepalives.
func (b *Binding) asked() bool { return b.Natted && b.Transport == "udp" }

// behindNAT returns the bindings whose turn it is.
func (r *Registrar) behindNAT(turn, turns int) []Binding {
	var out []Binding
	now := time.Now()
	for _, of := range r.all() {
		for _, b := range of.list(now) {
			h := fnv.New32a()
			_, _ = h.Write([]byte(b.SID))
			if b.asked() && int(h.Sum32()%uint32(turns)) == turn {
				out = append(out, *b)
			}
		}
	}
	return out
}

// wakeUp sends one keepalive.
func (r *Registrar) wakeUp(ctx context.Context, b Binding, room chan struct{}, asking *sync.WaitGroup) {
	if here, _ := r.o.Prober.Here(b); !here {
		return
	}
	if r.o.Keepalive == KeepaliveCRLF {
		_ = r.o.Prober.Ping(b) // the next one comes soon
		return
	}
	select {
	case room <- struct{}{}:
	default:
		return
	}
	asking.Go(func() {
		defer func() { <-room }()
		probe, cancel := context.WithTimeout(ctx, probeTimeout)
		defer cancel()
		if err := r.o.Prober.Ask(probe, b); ctx.Err() == nil {
			r.quiet.tell(b.SID, time.Now(), err == nil)
		}
	})
}
