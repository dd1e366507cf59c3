package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// receiveBuffer is asked for each socket, in bytes: over a second of voice, should the worker be kept waiting.
	receiveBuffer = 256 << 10
	// expeditedForwarding is the DSCP of voice (RFC 3246, RFC 4594) as it stands in the TOS octet.
	expeditedForwarding = 0xb8
)

// binding is how every socket of a relay is bound.
type binding struct {
	addr netip.Addr // not valid: the wildcard
	v6   bool       // AF_INET6; such sockets take IPv4 too, unless addr is a real IPv6 address
}

// newBinding chooses the address family. socket tries one out; with the wildcard, a kernel without IPv6 gets IPv4.
func newBinding(addr netip.Addr, socket func(binding, uint16) (int, error)) (binding, error) {
	b := binding{addr: addr.Unmap(), v6: !addr.Unmap().Is4()}
	fd, err := socket(b, 0)
	if err != nil && !addr.IsValid() && noIPv6(err) {
		b.v6 = false
		fd, err = socket(b, 0)
	}
	if err != nil {
		return b, err
	}
	unix.Close(fd)
	return b, nil
}

func noIPv6(err error) bool {
	return errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.EPROTONOSUPPORT)
}

// openSocket makes a non-blocking UDP socket bound to port, 0 for any. The kernel's reason is in the error.
func openSocket(b binding, port uint16) (int, error) {
	family := unix.AF_INET
	if b.v6 {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open rtp socket: %w", err)
	}
	if err := prepareSocket(fd, b, port); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func prepareSocket(fd int, b binding, port uint16) error {
	if b.v6 {
		v6only := 0
		if b.addr.IsValid() && !b.addr.IsUnspecified() {
			v6only = 1
		}
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, v6only); err != nil {
			return fmt.Errorf("set IPV6_V6ONLY on rtp socket: %w", err)
		}
		// Marking and buffer size are wishes: a kernel that refuses them still carries the call.
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, expeditedForwarding)
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TOS, expeditedForwarding)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer)
	var sa unix.Sockaddr
	if b.v6 {
		six := &unix.SockaddrInet6{Port: int(port)}
		if b.addr.IsValid() {
			six.Addr = b.addr.As16()
		}
		sa = six
	} else {
		four := &unix.SockaddrInet4{Port: int(port)}
		if b.addr.IsValid() {
			four.Addr = b.addr.As4()
		}
		sa = four
	}
	if err := unix.Bind(fd, sa); err != nil {
		return fmt.Errorf("bind rtp port %d: %w", port, err)
	}
	return nil
}

// sockaddr is an address as the kernel reads and writes it: sockaddr_in or sockaddr_in6, n bytes of it. n is 0 where
// there is no address. It is built when a peer's address changes and then used for every packet.
type sockaddr struct {
	raw [unix.SizeofSockaddrInet6]byte
	n   uint32
}

// newSockaddr writes addr in the family of the relay's sockets. IPv6 to an IPv4 socket has no address.
func newSockaddr(addr netip.AddrPort, v6 bool) sockaddr {
	var s sockaddr
	if !addr.IsValid() || !v6 && !addr.Addr().Unmap().Is4() {
		return s
	}
	binary.BigEndian.PutUint16(s.raw[2:], addr.Port())
	if v6 {
		binary.NativeEndian.PutUint16(s.raw[:], unix.AF_INET6)
		a := addr.Addr().As16()
		copy(s.raw[8:], a[:])
		s.n = unix.SizeofSockaddrInet6
	} else {
		binary.NativeEndian.PutUint16(s.raw[:], unix.AF_INET)
		a := addr.Addr().Unmap().As4()
		copy(s.raw[4:], a[:])
		s.n = unix.SizeofSockaddrInet4
	}
	return s
}

// addrPort reads the address back, IPv4 as IPv4 and without the zone of a link-local address, which only raw keeps.
func (s *sockaddr) addrPort() netip.AddrPort {
	port := binary.BigEndian.Uint16(s.raw[2:])
	if binary.NativeEndian.Uint16(s.raw[:]) == unix.AF_INET6 {
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(s.raw[8:24])).Unmap(), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(s.raw[4:8])), port)
}

// receive reads one datagram into buf and its source into from, and returns the datagram's true length even when buf
// is shorter. It never blocks: EAGAIN tells that there is none. unix.Recvfrom would allocate the source; RawSyscall is
// enough, and cheaper, for a call that does not wait.
func receive(fd int, buf []byte, from *sockaddr) (int, syscall.Errno) {
	from.n = uint32(len(from.raw))
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(buf))),
		uintptr(len(buf)), unix.MSG_DONTWAIT|unix.MSG_TRUNC,
		uintptr(unsafe.Pointer(&from.raw)), uintptr(unsafe.Pointer(&from.n)))
	return int(n), errno
}

// send writes one datagram. It never blocks.
func send(fd int, b []byte, to *sockaddr) syscall.Errno {
	_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
		uintptr(len(b)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL,
		uintptr(unsafe.Pointer(&to.raw)), uintptr(to.n))
	return errno
}
