package media

import (
	"errors"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

func TestSockaddrReadsBackWhatItWasMadeFrom(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		in   string
		v6   bool
		want string // "" when no such socket can send there
	}{
		{"IPv4 by an IPv4 socket", "192.0.2.1:4000", false, "192.0.2.1:4000"},
		{"IPv4 by a dual-stack socket", "192.0.2.1:4000", true, "192.0.2.1:4000"},
		{"mapped IPv4 by an IPv4 socket", "[::ffff:192.0.2.1]:4000", false, "192.0.2.1:4000"},
		{"IPv6 by a dual-stack socket", "[2001:db8::1]:65535", true, "[2001:db8::1]:65535"},
		{"IPv6 by an IPv4 socket", "[2001:db8::1]:4000", false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSockaddr(netip.MustParseAddrPort(tt.in), tt.v6)
			if tt.want == "" {
				if s.n != 0 {
					t.Errorf("got %d bytes of address, want none", s.n)
				}
				return
			}
			if got := s.addrPort().String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	if s := newSockaddr(netip.AddrPort{}, true); s.n != 0 {
		t.Error("no address became an address")
	}
}

func TestBindingFallsBackToIPv4OnlyForTheWildcard(t *testing.T) {
	t.Parallel()
	no6 := func(b binding, _ uint16) (int, error) {
		if b.v6 {
			return -1, unix.EAFNOSUPPORT
		}
		return openSocket(b, 0)
	}
	if b, err := newBinding(netip.Addr{}, no6); err != nil || b.v6 {
		t.Errorf("wildcard without IPv6: %+v, %v; want IPv4", b, err)
	}
	if _, err := newBinding(netip.IPv6Loopback(), no6); !errors.Is(err, unix.EAFNOSUPPORT) {
		t.Errorf("an IPv6 address without IPv6: error %v, want EAFNOSUPPORT", err)
	}
	full := func(binding, uint16) (int, error) { return -1, unix.EMFILE }
	if _, err := newBinding(netip.Addr{}, full); !errors.Is(err, unix.EMFILE) {
		t.Errorf("no descriptors left: error %v, want EMFILE and no fallback", err)
	}
	for _, addr := range []string{"127.0.0.1", "::ffff:127.0.0.1"} {
		if b, err := newBinding(netip.MustParseAddr(addr), openSocket); err != nil || b.v6 {
			t.Errorf("bind %s: %+v, %v; want IPv4", addr, b, err)
		}
	}
}

func TestSocketsAreMarkedAsVoice(t *testing.T) {
	t.Parallel()
	for _, addr := range []netip.Addr{{}, netip.MustParseAddr("127.0.0.1")} {
		b, err := newBinding(addr, openSocket)
		if err != nil {
			t.Fatal(err)
		}
		fd, err := openSocket(b, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		if tos, err := unix.GetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TOS); err != nil || tos != expeditedForwarding {
			t.Errorf("bind %v: TOS %#x (%v), want %#x", addr, tos, err, expeditedForwarding)
		}
		if size, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF); err != nil || size < 128<<10 {
			t.Errorf("bind %v: receive buffer of %d bytes (%v)", addr, size, err)
		}
		if !b.v6 {
			continue
		}
		if class, err := unix.GetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_TCLASS); err != nil || class != expeditedForwarding {
			t.Errorf("traffic class %#x (%v), want %#x", class, err, expeditedForwarding)
		}
	}
}

func TestAPortInUseIsReported(t *testing.T) {
	t.Parallel()
	b, err := newBinding(netip.Addr{}, openSocket)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := openSocket(b, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	sa, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	port := 0
	switch sa := sa.(type) {
	case *unix.SockaddrInet6:
		port = sa.Port
	case *unix.SockaddrInet4:
		port = sa.Port
	}
	if _, err := openSocket(b, uint16(port)); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("second bind of port %d: %v, want EADDRINUSE", port, err)
	}
}
