package media

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const eventsPerWake = 128

// events are what one wake-up brought: the first n of list.
type events struct {
	list [eventsPerWake]unix.EpollEvent
	n    int
}

// loop is where a worker waits for packets, and where its descriptors mean something: they are opened, used and closed
// by run's handle and by do, and nowhere else.
type loop interface {
	// run calls handle for each wake-up, until the loop is closed.
	run(handle func())
	// do calls f with the epoll instance and returns when f has returned. A closed loop may leave f out, since its
	// descriptors are gone or about to be. The session must not be locked.
	do(f func(epoll int))
	// tell calls f where any code may run.
	tell(f func())
	close() error
}

// parked is the loop of descriptors in the process's own table. It waits in the runtime's poller.
type parked struct {
	events *events
	fd     int
	file   *os.File
	conn   syscall.RawConn
}

func newParked(e *events) (*parked, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("create epoll: %w", err)
	}
	// Non-blocking, so that the runtime's poller watches the epoll instance and no thread is spent on waiting.
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("set epoll non-blocking: %w", err)
	}
	p := &parked{events: e, fd: fd, file: os.NewFile(uintptr(fd), "rtp epoll")}
	if p.conn, err = p.file.SyscallConn(); err != nil {
		p.file.Close()
		return nil, fmt.Errorf("watch epoll: %w", err)
	}
	return p, nil
}

func (p *parked) run(handle func()) {
	poll := p.poll
	for p.conn.Read(poll) == nil {
		handle()
	}
}

// poll takes what is ready now; the runtime's poller calls it again when there may be more.
func (p *parked) poll(fd uintptr) bool {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, fd, uintptr(unsafe.Pointer(&p.events.list)), eventsPerWake, 0, 0, 0)
	p.events.n = int(n)
	return errno == 0 && n > 0
}

func (p *parked) do(f func(int)) { f(p.fd) }

func (p *parked) tell(f func()) { f() }

func (p *parked) close() error { return p.file.Close() }
