package media

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"callbox/sip/call"
)

// Relay carries the media of all calls. It is safe for concurrent use.
type Relay struct {
	binding binding
	timeout time.Duration // negative: none
	relearn time.Duration
	clock   func() time.Duration
	logger  zerolog.Logger
	ports   *ports
	workers []*worker

	mu     sync.RWMutex // held for reading while a session is opened, so that Close sees it or Open sees closed
	closed bool
	next   atomic.Uint32 // counts sessions, to deal them to the workers in turn

	done chan struct{}
	wg   sync.WaitGroup
}

// New starts a relay: its packet loops and the goroutine that watches for silence. The error says what is wrong with
// the port range or the address to bind. Close stops it.
func New(o Options) (*Relay, error) {
	o = o.withDefaults()
	p, err := newPorts(o.PortMin, o.PortMax, o.Quarantine, o.Clock, o.Rand)
	if err != nil {
		return nil, err
	}
	b, err := newBinding(o.Bind, openSocket)
	if err != nil {
		return nil, fmt.Errorf("bind rtp to %q: %w", o.Bind, err)
	}
	if !b.v6 && !o.Bind.IsValid() {
		o.Logger.Warn().Msg("no IPv6 on this machine: media is IPv4 only")
	}
	r := &Relay{
		binding: b, timeout: o.Timeout, relearn: o.Relearn, clock: o.Clock, logger: o.Logger, ports: p,
		done: make(chan struct{}),
	}
	for range o.Workers {
		w, err := newWorker(o.Clock, o.Relearn)
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		r.workers = append(r.workers, w)
		r.wg.Go(w.run)
	}
	if r.timeout > 0 {
		r.wg.Go(r.watch)
	}
	return r, nil
}

// Open takes two port pairs and relays between them from now on; nothing is sent before a Side knows its peer. notify
// is called from the relay's own goroutines, must not block, may call the session's methods, and may be nil. The error
// wraps ErrNoPorts when the range is exhausted, ErrClosed after Close, else the kernel's reason.
func (r *Relay) Open(notify func(Notice)) (*Session, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.closed {
		return nil, ErrClosed
	}
	w := r.workers[int(r.next.Add(1))%len(r.workers)]
	s := &Session{relay: r, worker: w, notify: notify, quiet: r.clock()}
	for i, leg := range []call.Leg{call.LegA, call.LegB} {
		sd := &s.sides[i]
		sd.s, sd.leg = s, leg
		_, err := r.ports.take(func(port uint16) error { return sd.openSockets(r.binding, port) })
		if err != nil {
			if i > 0 {
				s.sides[0].closeSockets()
				r.ports.give(s.sides[0].port)
			}
			return nil, fmt.Errorf("open media session: %w", err)
		}
	}
	w.add(s)
	if err := w.watch(s); err != nil {
		s.Close()
		return nil, fmt.Errorf("open media session: %w", err)
	}
	return s, nil
}

// Close ends every session and stops the relay's goroutines. It waits for a notice that is under way, and for
// nothing else. A second call does nothing.
func (r *Relay) Close() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	r.closed = true
	r.mu.Unlock()
	close(r.done)
	var errs []error
	for _, w := range r.workers {
		errs = append(errs, w.epoll.Close())
		for _, s := range w.live() {
			s.Close()
		}
	}
	r.wg.Wait()
	return errors.Join(errs...)
}

// Metrics returns the relay's counts. It visits every session, so it is for a scrape, not for a loop.
func (r *Relay) Metrics() Metrics {
	m := Metrics{PortsTotal: 2 * len(r.ports.pairs)}
	m.PortsInUse, m.PortsQuarantined = r.ports.count()
	m.PortsWoken = r.ports.wokenEarly()
	for _, w := range r.workers {
		w.metrics(&m)
	}
	return m
}

// watch looks for silent sessions a few times in a time-out: one coarse ticker instead of a timer for each call.
func (r *Relay) watch() {
	t := time.NewTicker(min(max(r.timeout/8, 10*time.Millisecond), time.Second))
	defer t.Stop()
	for {
		select {
		case <-t.C:
			r.sweep()
		case <-r.done:
			return
		}
	}
}

// sweep gives the notices of silence that are due.
func (r *Relay) sweep() {
	now := r.clock()
	for _, w := range r.workers {
		for _, s := range w.live() {
			if n, ok := s.silence(now, r.timeout); ok && s.notify != nil {
				s.notify(n)
			}
		}
	}
}
