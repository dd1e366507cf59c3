package media

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// annex is a loop on a thread with a descriptor table of its own. RLIMIT_NOFILE bounds a table, so an annex holds as
// many sockets again as the whole process could. Opening and closing a session there costs a change of threads, so it
// only takes what has no room in the process's own table.
//
// A descriptor of the process is another file on this thread or none. So nothing runs there but this package.
type annex struct {
	events *events
	epoll  int
	wake   int        // eventfd, the same number in both tables
	ready  chan error // why the thread has no table, or nil

	mu      sync.Mutex
	jobs    []func()
	closed  bool
	notices sync.WaitGroup
}

// wakeMark takes the place of a session's slot in the event of wake.
const wakeMark = -1

func newAnnex(e *events) (*annex, error) {
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("create eventfd: %w", err)
	}
	return &annex{events: e, wake: wake, ready: make(chan error, 1)}, nil
}

func (a *annex) run(handle func()) {
	// Never unlocked: the thread ends with its goroutine, and the table and all sockets in it with the thread.
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		other := make(chan struct{}) // the main thread does not end and must keep its table
		go func() {
			defer close(other)
			a.run(handle)
		}()
		<-other
		runtime.UnlockOSThread()
		return
	}
	defer a.notices.Wait()
	err := a.moveOut()
	a.ready <- err
	for err == nil && a.wait(handle) {
	}
}

// moveOut gives the thread its table and the epoll instance in it.
func (a *annex) moveOut() (err error) {
	// Of the two calls that do this, containers commonly forbid unshare. The range is empty.
	if err := unix.CloseRange(math.MaxUint32, math.MaxUint32, unix.CLOSE_RANGE_UNSHARE); err != nil {
		return fmt.Errorf("separate descriptor table: %w", err)
	}
	if err := dropCopies(); err != nil {
		return fmt.Errorf("clear descriptor table: %w", err)
	}
	if a.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("create epoll: %w", err)
	}
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: wakeMark}
	if err := unix.EpollCtl(a.epoll, unix.EPOLL_CTL_ADD, a.wake, &ev); err != nil {
		return fmt.Errorf("watch eventfd: %w", err)
	}
	return nil
}

// dropCopies closes what the thread's new table was copied with, so that a connection that the process closes is not
// held open here. The standard streams stay for what the runtime has to say, and so do epoll instances and eventfds:
// the runtime's poller has one of each, and asks it on whichever thread it happens to be.
func dropCopies() error {
	const table = "/proc/thread-self/fd"
	entries, err := os.ReadDir(table)
	if err != nil {
		return err
	}
	for _, e := range entries {
		what, err := os.Readlink(table + "/" + e.Name())
		if err != nil || what == "anon_inode:[eventpoll]" || what == "anon_inode:[eventfd]" {
			continue
		}
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > unix.Stderr {
			unix.Close(fd)
		}
	}
	return nil
}

// wait handles one wake-up.
func (a *annex) wait(handle func()) bool {
	n, err := unix.EpollWait(a.epoll, a.events.list[:], -1)
	if err == unix.EINTR {
		return true
	}
	woken := false
	for i := range n {
		if a.events.list[i].Fd == wakeMark {
			woken = true
			n--
			a.events.list[i] = a.events.list[n]
			break
		}
	}
	a.events.n = n
	handle()
	return !woken || a.work()
}

// work does the jobs that wait, and says whether there may be more.
func (a *annex) work() bool {
	var count [8]byte
	_, _ = unix.Read(a.wake, count[:]) // an eventfd that was written to
	a.mu.Lock()
	jobs, closed := a.jobs, a.closed
	a.jobs = nil
	a.mu.Unlock()
	for _, job := range jobs {
		job()
	}
	return !closed
}

func (a *annex) do(f func(int)) {
	done := make(chan struct{})
	a.mu.Lock()
	if a.closed {
		a.mu.Unlock()
		return
	}
	a.jobs = append(a.jobs, func() {
		f(a.epoll)
		close(done)
	})
	a.poke()
	a.mu.Unlock()
	<-done
}

// poke wakes the thread. mu is held.
func (a *annex) poke() { _, _ = unix.Write(a.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0}) }

func (a *annex) tell(f func()) { a.notices.Go(f) }

func (a *annex) close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	a.poke()
	return unix.Close(a.wake) // the thread has its own
}
