package agent

import (
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	outage "callbox/sip/fault"
)

// absences are the addresses of listeners that are not this machine's, or no longer.
type absences struct {
	try func(netip.Addr) error // whether the machine has an address, bindable but for tests

	mu   sync.Mutex
	were []Listener // that could not be bound at the start for want of IPv6
	why  map[string]*outage.Episode
}

// excuse tells whether the edge can do without a listener that could not be bound: it is for IPv6, the machine has none,
// and its network has another for IPv4.
func (a *Agent) excuse(l Listener, err error) bool {
	addr, parseErr := resolveListen(l.Address)
	if parseErr != nil || addr.Addr().Is4() || !lacking(err) || !lacking(a.absent.try(netip.IPv6Loopback())) {
		return false
	}
	if !slices.ContainsFunc(a.opts.Listeners, func(other Listener) bool {
		at, err := resolveListen(other.Address)
		return err == nil && other.Network == l.Network && at.Addr().Is4()
	}) {
		return false
	}
	a.absent.mu.Lock()
	defer a.absent.mu.Unlock()
	a.absent.were = append(a.absent.were, l)
	a.absent.note(l.Network+" "+l.Address, err)
	return true
}

// lacking tells whether err says that the machine does not have an address.
func lacking(err error) bool {
	return errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.EPROTONOSUPPORT)
}

// note begins or ends the absence of a listener. mu is held.
func (s *absences) note(listener string, err error) {
	e := s.why[listener]
	if e == nil {
		e = &outage.Episode{}
		s.why[listener] = e
	}
	if lacking(err) {
		e.Begin(err, time.Now())
	} else {
		e.End()
	}
}

// AddressFaults returns the listeners that nobody reaches because this machine does not have their address just now. One
// that was bound serves again when the address is back. It asks the kernel.
func (a *Agent) AddressFaults() []outage.Report {
	s := &a.absent
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range a.bound {
		addr := b.bound.Addr()
		if addr == netip.IPv6Unspecified() {
			addr = netip.IPv6Loopback() // there as long as there is any IPv6
		}
		s.note(b.Network+" "+b.bound.String(), s.try(addr))
	}
	var out []outage.Report
	for listener, e := range s.why {
		if r, there := e.Report(); there {
			r.Subject = listener
			out = append(out, r)
		}
	}
	return out
}

// bindable tries whether the machine has an address by binding it.
func bindable(addr netip.Addr) error {
	family := unix.AF_INET
	if addr.Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	sa := sockaddrOf(addr)
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		sa.Port = 0
	case *unix.SockaddrInet6:
		sa.Port = 0
	}
	return unix.Bind(fd, sa)
}
