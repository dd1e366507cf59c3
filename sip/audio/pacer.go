package audio

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Pacer sends the frames of many streams, each every FrameTime, from one goroutine. Streams are spread over phases of
// the frame time, so that many calls are no burst. The goroutine runs only while there are streams.
type Pacer struct {
	mu      sync.Mutex // guards writes of phases, and what follows
	phases  [phases]atomic.Pointer[[]*Stream]
	streams int
	next    int
	stop    chan struct{} // nil while no goroutine runs
	running sync.WaitGroup
	closed  bool
}

const (
	phases    = 4
	phaseTime = FrameTime / phases

	// maxLag is how far the pacer catches up after the machine stood still. Frames beyond it are not sent late but
	// never, as a sound card would do.
	maxLag = 200 * time.Millisecond
)

// NewPacer returns a pacer without streams.
func NewPacer() *Pacer { return &Pacer{} }

// Close stops the pacer and waits for its goroutine. Streams are not sent from then on.
func (p *Pacer) Close() {
	p.mu.Lock()
	p.closed = true
	p.halt()
	p.mu.Unlock()
	p.running.Wait()
}

// halt ends the goroutine. The caller holds p.mu.
func (p *Pacer) halt() {
	if p.stop != nil {
		close(p.stop)
		p.stop = nil
	}
}

func (p *Pacer) add(s *Stream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	s.phase = p.next
	p.next = (p.next + 1) % phases
	p.change(s.phase, func(list []*Stream) []*Stream { return append(list, s) })
	if p.streams++; p.streams == 1 {
		p.stop = make(chan struct{})
		stop := p.stop
		p.running.Go(func() { p.run(stop) })
	}
}

func (p *Pacer) remove(s *Stream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := false
	p.change(s.phase, func(list []*Stream) []*Stream {
		i := slices.Index(list, s)
		if found = i >= 0; found {
			list = slices.Delete(list, i, i+1)
		}
		return list
	})
	if !found {
		return
	}
	if p.streams--; p.streams == 0 {
		p.halt()
	}
}

// change replaces the list of a phase by one that f made from a copy: run reads the lists without the lock.
func (p *Pacer) change(phase int, f func([]*Stream) []*Stream) {
	var list []*Stream
	if old := p.phases[phase].Load(); old != nil {
		list = slices.Clone(*old)
	}
	list = f(list)
	p.phases[phase].Store(&list)
}

func (p *Pacer) run(stop <-chan struct{}) {
	ticker := time.NewTicker(phaseTime)
	defer ticker.Stop()
	due := time.Now().Add(phaseTime)
	for phase := 0; ; {
		select {
		case <-stop:
			return
		case now := <-ticker.C:
			if now.Sub(due) > maxLag {
				due = now
			}
			for ; !due.After(now); due = due.Add(phaseTime) {
				p.send(phase)
				phase = (phase + 1) % phases
			}
		}
	}
}

func (p *Pacer) send(phase int) {
	list := p.phases[phase].Load()
	if list == nil {
		return
	}
	for _, s := range *list {
		s.tick()
	}
}
