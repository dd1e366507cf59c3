package agent

import (
	"net"
	"net/netip"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kernel asks which of our addresses packets to a peer leave from. It keeps its sockets, so that it can still ask when no
// file descriptors are left. It is safe for concurrent use.
type kernel struct {
	mu   sync.Mutex
	four int // descriptors, -1 where there is none
	six  int
	over bool // nobody would close another
}

func newKernel() *kernel {
	k := &kernel{}
	k.four, k.six = question(unix.AF_INET), question(unix.AF_INET6)
	return k
}

func question(family int) int {
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	return fd
}

func (k *kernel) close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.over = true
	for _, fd := range []*int{&k.four, &k.six} {
		if *fd >= 0 {
			unix.Close(*fd)
		}
		*fd = -1
	}
	return nil
}

// towards connects a UDP socket, which sends nothing, and reads its local address; false where no route leads to peer.
func (k *kernel) towards(peer netip.Addr) (netip.Addr, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	fd, family := &k.four, unix.AF_INET
	if peer.Is6() {
		fd, family = &k.six, unix.AF_INET6
	}
	if *fd < 0 && !k.over { // there were none left at the start, or no such family
		*fd = question(family)
	}
	if *fd < 0 {
		return netip.Addr{}, false
	}
	defer disconnect(*fd)
	if unix.Connect(*fd, sockaddrOf(peer)) != nil {
		return netip.Addr{}, false
	}
	sa, err := unix.Getsockname(*fd)
	if err != nil {
		return netip.Addr{}, false
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrFrom4(sa.Addr), true
	case *unix.SockaddrInet6:
		return netip.AddrFrom16(sa.Addr).Unmap(), true
	}
	return netip.Addr{}, false
}

// disconnect gives a connection up: else the kernel would keep the address that it chose for the last peer. Package unix
// has no address of family AF_UNSPEC.
func disconnect(fd int) {
	var unspecified unix.RawSockaddr
	_, _, _ = unix.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&unspecified)), unsafe.Sizeof(unspecified))
}

func sockaddrOf(peer netip.Addr) unix.Sockaddr {
	if peer.Is4() {
		return &unix.SockaddrInet4{Addr: peer.As4(), Port: outgoingPort}
	}
	six := &unix.SockaddrInet6{Addr: peer.As16(), Port: outgoingPort}
	if zone := peer.Zone(); zone != "" {
		if i, err := net.InterfaceByName(zone); err == nil {
			six.ZoneId = uint32(i.Index)
		}
	}
	return six
}
