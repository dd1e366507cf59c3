package media

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	socketsPerSession = 4
	eventsPerWake     = 128
)

// worker relays the packets of its sessions in one goroutine. All it needs for a packet is its own: buffer, epoll
// instance, table. Sessions come and go from other goroutines through the table's mutex, which the packet path does
// not take, and epoll_ctl, which needs no wake-up.
type worker struct {
	clock   func() time.Duration
	relearn time.Duration

	epoll  *os.File
	conn   syscall.RawConn
	events [eventsPerWake]unix.EpollEvent
	ready  int
	buf    [maxPacket + 1]byte // one byte more than is relayed
	from   sockaddr

	table atomic.Pointer[[]atomic.Pointer[Session]] // by slot; read by the packet path, replaced when it grows

	mu       sync.Mutex
	free     []int32 // slots below the table's length that are empty
	next     int32   // generation of the next session
	sessions int
	ended    Metrics // sums of the sessions that are gone
}

func newWorker(clock func() time.Duration, relearn time.Duration) (*worker, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("create epoll: %w", err)
	}
	// Non-blocking, so that the runtime's poller watches the epoll instance and no thread is spent on waiting.
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("set epoll non-blocking: %w", err)
	}
	w := &worker{clock: clock, relearn: relearn, epoll: os.NewFile(uintptr(fd), "rtp epoll")}
	if w.conn, err = w.epoll.SyscallConn(); err != nil {
		w.epoll.Close()
		return nil, fmt.Errorf("watch epoll: %w", err)
	}
	w.table.Store(new([]atomic.Pointer[Session]))
	return w, nil
}

// run relays until the epoll instance is closed.
func (w *worker) run() {
	poll := w.poll
	for w.conn.Read(poll) == nil {
		table := *w.table.Load()
		for i := range w.events[:w.ready] {
			e := &w.events[i]
			slot, k := e.Fd/socketsPerSession, e.Fd%socketsPerSession
			if s := table[slot].Load(); s != nil && s.generation == e.Pad {
				s.receive(w, int(k))
			}
		}
	}
}

// poll takes what is ready now; the runtime's poller calls it again when there may be more.
func (w *worker) poll(fd uintptr) bool {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, fd, uintptr(unsafe.Pointer(&w.events)), eventsPerWake, 0, 0, 0)
	w.ready = int(n)
	return errno == 0 && n > 0
}

// add gives s a slot. Its packets are relayed once watch has named its sockets to the kernel.
func (w *worker) add(s *Session) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.free) == 0 {
		w.grow()
	}
	s.slot = w.free[len(w.free)-1]
	w.free = w.free[:len(w.free)-1]
	w.next++
	s.generation = w.next
	w.sessions++
	(*w.table.Load())[s.slot].Store(s)
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

// watch names the session's sockets to the kernel. The event carries slot, socket and generation, so that one left
// over from a closed session is told from its successor's without a look-up.
func (w *worker) watch(s *Session) error {
	var err error
	ctlErr := w.conn.Control(func(ep uintptr) {
		for k := range socketsPerSession {
			ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: s.slot*socketsPerSession + int32(k), Pad: s.generation}
			if err = unix.EpollCtl(int(ep), unix.EPOLL_CTL_ADD, s.sides[k/2].fds[k%2], &ev); err != nil {
				return
			}
		}
	})
	if ctlErr != nil {
		return ctlErr
	}
	if err != nil {
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
