package media

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

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
	workers []*worker // of the process's own descriptor table
	annexes []*worker // each with a table of its own, for what has no room there

	mu     sync.RWMutex // held for reading while a session is opened, so that Close sees it or Open sees closed
	closed bool
	next   atomic.Uint32 // counts sessions, to deal them to the workers in turn

	done chan struct{}
	wg   sync.WaitGroup
}

// New starts a relay: its packet loops and the goroutine that watches for silence. The error says what is wrong with
// the port range or the address to bind. Close stops it.
func New(o Options) (*Relay, error) {
	return newRelay(o, descriptorLimit())
}

func newRelay(o Options, limit int) (*Relay, error) {
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
	d := divide(limit, 2*p.pairs)
	for range o.Workers {
		w := newWorker(o.Clock, o.Relearn, max(1, d.own/socketsPerSession/o.Workers))
		l, err := newParked(&w.events)
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		w.loop = l
		r.workers = append(r.workers, w)
		r.wg.Go(w.run)
	}
	for range d.annexes {
		if err := r.addAnnex(); err != nil {
			r.logger.Warn().Err(err).Int("rtp_ports", 2*p.pairs).Int("descriptors", limit).
				Msg("the port range is larger than the limit of open files: calls are refused before it is used up")
			break
		}
	}
	if r.timeout > 0 {
		r.wg.Go(r.watch)
	}
	return r, nil
}

// addAnnex adds a worker with a descriptor table of its own.
func (r *Relay) addAnnex() error {
	w := newWorker(r.clock, r.relearn, math.MaxInt)
	l, err := newAnnex(&w.events)
	if err != nil {
		return err
	}
	w.loop = l
	r.wg.Go(w.run)
	if err := <-l.ready; err != nil {
		return errors.Join(err, l.close())
	}
	r.annexes = append(r.annexes, w)
	return nil
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
	s := &Session{relay: r, notify: notify, quiet: r.clock()}
	s.sides[0].s, s.sides[0].leg = s, call.LegA
	s.sides[1].s, s.sides[1].leg = s, call.LegB
	if err := r.place(s); err != nil {
		return nil, fmt.Errorf("open media session: %w", err)
	}
	return s, nil
}

// place gives s to the next worker in turn that has descriptors for it, annexes last.
func (r *Relay) place(s *Session) (err error) {
	n := int(r.next.Add(1))
	for _, in := range [][]*worker{r.workers, r.annexes} {
		for i := range in {
			if err = in[(n+i)%len(in)].host(s); !errors.Is(err, unix.EMFILE) {
				return err
			}
		}
	}
	return err
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
	for _, w := range r.all() {
		for _, s := range w.live() {
			s.Close()
		}
		errs = append(errs, w.loop.close())
	}
	r.wg.Wait()
	return errors.Join(errs...)
}

// all returns the workers of every descriptor table.
func (r *Relay) all() []*worker { return slices.Concat(r.workers, r.annexes) }

// Metrics returns the relay's counts. It visits every session, so it is for a scrape, not for a loop.
func (r *Relay) Metrics() Metrics {
	m := Metrics{PortsTotal: 2 * r.ports.pairs}
	m.PortsInUse, m.PortsQuarantined = r.ports.count()
	m.PortsWoken = r.ports.wokenEarly()
	for _, w := range r.all() {
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
	for _, w := range r.all() {
		for _, s := range w.live() {
			if n, ok := s.silence(now, r.timeout); ok && s.notify != nil {
				s.notify(n)
			}
		}
	}
}
