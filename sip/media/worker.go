package media

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const socketsPerSession = 4

// worker relays the packets of its sessions in one goroutine. All it needs for a packet is its own: buffer, epoll
// instance, table. Sessions come and go from other goroutines through the table's mutex, which the packet path does
// not take, and the loop.
type worker struct {
	clock   func() time.Duration
	relearn time.Duration
	room    int // sessions it may have

	loop   loop
	events events
	buf    [maxPacket + 1 + sealTail]byte // one byte more than is relayed, and room to protect it in place
	plain  [maxPacket + 1 + sealTail]byte // what a protected packet holds
	from   sockaddr

	table atomic.Pointer[[]atomic.Pointer[Session]] // by slot; read by the packet path, replaced when it grows

	mu       sync.Mutex
	free     []int32 // slots below the table's length that are empty
	next     int32   // generation of the next session
	sessions int
	ended    Metrics // sums of the sessions that are gone
}

func newWorker(clock func() time.Duration, relearn time.Duration, room int) *worker {
	w := &worker{clock: clock, relearn: relearn, room: room}
	w.table.Store(new([]atomic.Pointer[Session]))
	return w
}

// run relays until the loop is closed.
func (w *worker) run() { w.loop.run(w.handle) }

// handle relays what one wake-up brought.
func (w *worker) handle() {
	table := *w.table.Load()
	for i := range w.events.list[:w.events.n] {
		e := &w.events.list[i]
		slot, k := e.Fd/socketsPerSession, e.Fd%socketsPerSession
		if s := table[slot].Load(); s != nil && s.generation == e.Pad {
			s.receive(w, int(k))
		}
	}
}

// errFull is the kernel's word for it: the worker has its share of the descriptors.
var errFull = fmt.Errorf("the calls that are up have their share of the descriptors: %w", unix.EMFILE)

// host opens the sockets of s here and relays its packets from now on. The error wraps EMFILE when another worker,
// with another descriptor table, may still have room.
func (w *worker) host(s *Session) error {
	if !w.add(s) {
		return errFull
	}
	s.worker = w
	var err error
	w.loop.do(func(epoll int) {
		if err = s.openSockets(); err != nil {
			return
		}
		if err = w.watch(epoll, s); err != nil {
			s.closeSockets()
		}
	})
	if err != nil {
		w.remove(s)
	}
	return err
}

// add gives s a slot, unless there is no room.
func (w *worker) add(s *Session) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sessions >= w.room {
		return false
	}
	if len(w.free) == 0 {
		w.grow()
	}
	s.slot = w.free[len(w.free)-1]
	w.free = w.free[:len(w.free)-1]
	w.next++
	s.generation = w.next
	w.sessions++
	(*w.table.Load())[s.slot].Store(s)
	return true
}

func (w *worker) grow() {
	old := *w.table.Load()
	n := max(64, 2*len(old))
	table := make([]atomic.Pointer[Session], n)
	for i := range old {
		table[i].Store(old[i].Load())
	}
	for i := n - 1; i >= len(old); i-- {
		w.free = append(w.free, int32(i))
	}
	w.table.Store(&table)
}

// watch names the session's sockets to the kernel.
func (w *worker) watch(epoll int, s *Session) error {
	for k := range socketsPerSession {
		if err := w.watchSocket(epoll, s, k); err != nil {
			return err
		}
	}
	return nil
}

// watchSocket names socket k. The event carries slot, socket and generation, so that one left over from a closed session
// is told from its successor's without a look-up.
func (w *worker) watchSocket(epoll int, s *Session, k int) error {
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: s.slot*socketsPerSession + int32(k), Pad: s.generation}
	if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, s.sides[k/2].fds[k%2], &ev); err != nil {
		return fmt.Errorf("watch rtp sockets: %w", err)
	}
	return nil
}

// remove frees the slot of s and keeps its counts. The kernel forgot its sockets when they were closed.
func (w *worker) remove(s *Session) {
	w.mu.Lock()
	defer w.mu.Unlock()
	(*w.table.Load())[s.slot].Store(nil)
	w.free = append(w.free, s.slot)
	w.sessions--
	s.addTo(&w.ended)
}

// live returns the sessions of now.
func (w *worker) live() []*Session {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]*Session, 0, w.sessions)
	table := *w.table.Load()
	for i := range table {
		if s := table[i].Load(); s != nil {
			out = append(out, s)
		}
	}
	return out
}

// metrics adds the worker's counts, those of closed sessions included, to m.
func (w *worker) metrics(m *Metrics) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m.add(w.ended)
	m.Sessions += w.sessions
	table := *w.table.Load()
	for i := range table {
		if s := table[i].Load(); s != nil {
			s.addTo(m)
		}
	}
}
