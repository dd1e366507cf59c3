package media

import (
	"errors"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"callbox/sip/call"
)

// newAnnexedRelay starts a relay with room for one session in the process's own descriptor table. While it starts it
// holds copies of what other tests have open, so that no test that uses it is parallel.
func newAnnexedRelay(t testing.TB, o Options) *Relay {
	t.Helper()
	o.Workers, o.PortMin, o.PortMax = 1, 10240, 19999
	r, err := newRelay(o, 2*socketsPerSession-1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	if len(r.annexes) != maxAnnexes {
		t.Skipf("%d descriptor tables besides the process's own, want %d: not on this machine", len(r.annexes), maxAnnexes)
	}
	return r
}

// boundHere says whether descriptor fd of the process's own table is a socket on port.
func boundHere(fd int, port uint16) bool {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return false
	}
	six, ok := sa.(*unix.SockaddrInet6)
	four, ok4 := sa.(*unix.SockaddrInet4)
	return ok && six.Port == int(port) || ok4 && four.Port == int(port)
}

func TestCallsBeyondTheLimitGetSocketsElsewhere(t *testing.T) {
	r := newAnnexedRelay(t, Options{})
	const n = 3*maxAnnexes + 1
	calls := make([]*bridge, n)
	own := 0
	for i := range calls {
		calls[i] = newBridge(t, r, "127.0.0.1", "127.0.0.1")
		if sd := calls[i].s.Side(call.LegA); boundHere(sd.fds[0], sd.port) {
			own++
		}
	}
	if own != 1 {
		t.Errorf("%d sessions have their sockets in the process's table, want the one there is room for", own)
	}
	thief := newPhone(t, "127.0.0.2", calls[0].s.Side(call.LegA))
	for i, br := range calls {
		seq := uint16(10 * i)
		br.a.say(seq, 0xa)
		br.b.hears(seq)
		rtp, _ := br.s.Side(call.LegA).Ports()
		thief.toRTP = netip.AddrPortFrom(br.a.toRTP.Addr(), rtp)
		thief.say(seq, 0xbad)
		dropped(t, br.s, call.LegA, 1)
		br.b.say(seq+1, 0xb)
		br.a.hears(seq + 1)
		br.b.sendRTCP(marshal(t, report(0xb)))
		br.a.read(br.a.rtcp)
	}
	if m := r.Metrics(); m.Sessions != n || m.Packets != 2*n || m.RTCPPackets != n || m.DroppedStranger != n || m.PortsInUse != 4*n {
		t.Errorf("metrics %+v, want those of %d sessions", m, n)
	}
	for _, br := range calls {
		br.s.Close()
	}
	if m := r.Metrics(); m.Sessions != 0 || m.PortsInUse != 0 || m.Packets != 2*n {
		t.Errorf("metrics %+v after the last call", m)
	}
	for _, br := range calls { // the ports rest, and nobody is bound to them
		c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.IPv6Unspecified(), br.a.toRTP.Port())))
		if err != nil {
			t.Fatalf("a port of a closed session: %v", err)
		}
		c.Close()
	}
}

func TestTheWorkersOfOneTableShareIt(t *testing.T) {
	t.Parallel()
	r, err := newRelay(Options{PortMin: 10900, PortMax: 10915, Workers: 3, Quarantine: -1}, 16*socketsPerSession/3)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	open := []*Session{openSession(t, r, nil), openSession(t, r, nil), openSession(t, r, nil)}
	if _, err := r.Open(nil); !errors.Is(err, unix.EMFILE) {
		t.Fatalf("a fourth session: error %v, want EMFILE", err)
	}
	open[0].Close()
	for range 3 { // whoever's turn it is, there is room
		openSession(t, r, nil).Close()
	}
}

func TestANoticeOfAnAnnexMayCallTheSession(t *testing.T) {
	r := newAnnexedRelay(t, Options{})
	openSession(t, r, nil)
	opened, ended := make(chan *Session, 1), make(chan call.Media, 1)
	s := openSession(t, r, func(Notice) { ended <- (<-opened).Close() })
	opened <- s
	a := newPhone(t, "127.0.0.1", s.Side(call.LegA))
	a.say(1, 0xa)
	if got := <-ended; got.FromCaller.Packets != 1 {
		t.Errorf("the session ended with %+v", got)
	}
}

func TestAnAnnexKeepsNothingOfTheProcessOpen(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	newAnnexedRelay(t, Options{})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := net.Listen("tcp", l.Addr().String())
	if err != nil {
		t.Fatalf("a listener that was closed still listens: %v", err)
	}
	again.Close()
}

func TestPortsAreDividedOverDescriptorTables(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name           string
		limit, sockets int
		want           division
	}{
		{"all fits with a quarter to spare", 1024, 768, division{own: 768}},
		{"one does not", 1024, 770, division{own: 768, annexes: 1}},
		{"the lab's range and a shell's limit", 1024, 10_000, division{own: 768, annexes: maxAnnexes}},
		{"ten thousand calls", 20_000, 40_000, division{own: 15_000, annexes: 2}},
		{"the limit of a service", 524_288, 60_000, division{own: 393_216}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := divide(tt.limit, tt.sockets); got != tt.want {
				t.Errorf("%d sockets, %d descriptors a table: %+v, want %+v", tt.sockets, tt.limit, got, tt.want)
			}
		})
	}
}

func TestAPacketOfAnAnnexAllocatesNothing(t *testing.T) {
	r := newAnnexedRelay(t, Options{Timeout: -1})
	openSession(t, r, nil)
	w := throughSession(t, openSession(t, r, nil))
	got := testing.AllocsPerRun(2000, func() {
		w.send(t)
		w.arrive(t)
	})
	if got != 0 {
		t.Errorf("%v allocations a packet, want none", got)
	}
}
