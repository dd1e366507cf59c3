package media

import (
	"encoding/binary"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"callbox/sip/call"
)

// wire is one stream through a relay by plain descriptors, which cost the tests no allocation.
type wire struct {
	in, out int      // A's socket and B's
	to      sockaddr // A's side of the relay
	packet  []byte
	buf     [2048]byte
	from    sockaddr
	wait    [1]unix.PollFd
}

func newEnd(t testing.TB) (int, netip.AddrPort) {
	t.Helper()
	fd, err := openSocket(binding{addr: netip.MustParseAddr("127.0.0.1")}, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	sa, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fd, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(sa.(*unix.SockaddrInet4).Port))
}

// newWire makes both ends; via names the relay's ports to them: where A sends, and a call that tells it where B is.
func newWire(t testing.TB, via func(a, b netip.AddrPort) uint16) *wire {
	t.Helper()
	w := &wire{packet: marshal(t, voice(0, 0xa))}
	var a, b netip.AddrPort
	w.in, a = newEnd(t)
	w.out, b = newEnd(t)
	w.to = newSockaddr(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), via(a, b)), false)
	return w
}

func throughSession(t testing.TB, s *Session) *wire {
	return newWire(t, func(a, b netip.AddrPort) uint16 {
		s.Side(call.LegA).SetRemote(Remote{RTP: a})
		s.Side(call.LegB).SetRemote(Remote{RTP: b})
		port, _ := s.Side(call.LegA).Ports()
		return port
	})
}

func (w *wire) send(t testing.TB) {
	binary.BigEndian.PutUint16(w.packet[2:], binary.BigEndian.Uint16(w.packet[2:])+1)
	if errno := send(w.in, w.packet, &w.to); errno != 0 {
		t.Fatal(errno)
	}
}

// arrive waits for one packet on B's socket.
func (w *wire) arrive(t testing.TB) {
	for {
		if _, errno := receive(w.out, w.buf[:], &w.from); errno == 0 {
			return
		}
		w.wait[0] = unix.PollFd{Fd: int32(w.out), Events: unix.POLLIN}
		if n, err := unix.Poll(w.wait[:], int(patience.Milliseconds())); n == 0 && err == nil {
			t.Fatal("a packet was lost")
		}
	}
}

// The whole way is pinned, the worker's wake-up included: what it allocates would show here.
func TestAPacketAllocatesNothing(t *testing.T) {
	for _, bind := range []netip.Addr{{}, netip.MustParseAddr("127.0.0.1")} {
		r := newTestRelay(t, Options{Bind: bind, Timeout: -1})
		w := throughSession(t, openSession(t, r, nil))
		rtcp := marshal(t, report(0xa))
		got := testing.AllocsPerRun(2000, func() {
			w.send(t)
			w.arrive(t)
			if errno := send(w.in, rtcp, &w.to); errno != 0 { // RTCP on the RTP port goes to B's RTCP port
				t.Fatal(errno)
			}
			if errno := send(w.in, rtcp[:3], &w.to); errno != 0 { // junk
				t.Fatal(errno)
			}
		})
		if got != 0 {
			t.Errorf("bind %v: %v allocations a packet, want none", bind, got)
		}
	}
}

func TestASessionIsSmall(t *testing.T) {
	r := newTestRelay(t, Options{Timeout: -1})
	const n = 100
	open := make([]*Session, n)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range open {
		open[i] = openSession(t, r, nil)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / n; each > 4096 {
		t.Errorf("%d bytes of heap a session, want at most 4096", each)
	}
	runtime.KeepAlive(open)
}

// BenchmarkForward is the relay's own part of a packet: one read, the checks, one write.
func BenchmarkForward(b *testing.B) {
	for _, bb := range []struct {
		name string
		bind netip.Addr
	}{{"dual-stack", netip.Addr{}}, {"IPv4", netip.MustParseAddr("127.0.0.1")}} {
		b.Run(bb.name, func(b *testing.B) {
			r, err := New(Options{Bind: bb.bind, Timeout: -1, Workers: 1})
			if err != nil {
				b.Fatal(err)
			}
			defer r.Close()
			s := openSession(b, r, nil)
			r.workers[0].loop.close() // this benchmark is the loop
			r.wg.Wait()
			w := throughSession(b, s)
			const batch = 100
			b.ReportAllocs()
			for done := 0; done < b.N; done += batch {
				b.StopTimer()
				n := min(batch, b.N-done)
				for range n {
					w.send(b)
				}
				b.StartTimer()
				for range n {
					s.receive(r.workers[0], 0)
				}
				b.StopTimer()
				for range n {
					w.arrive(b)
				}
				b.StartTimer()
			}
		})
	}
}

// BenchmarkThrough sends a packet on each of 100 streams, waits for all, and so on: once through the relay, once
// through what is commonly written in Go, a goroutine for each net.UDPConn. cpu-µs/packet has both ends' cost in it.
func BenchmarkThrough(b *testing.B) {
	const streams = 100
	run := func(b *testing.B, wires []*wire) {
		b.ReportAllocs()
		b.ResetTimer()
		start := cpuTime(b)
		for done := 0; done < b.N; done += streams {
			n := min(streams, b.N-done)
			for _, w := range wires[:n] {
				w.send(b)
			}
			for _, w := range wires[:n] {
				w.arrive(b)
			}
		}
		b.ReportMetric(float64((cpuTime(b)-start).Microseconds())/float64(b.N), "cpu-µs/packet")
	}
	b.Run("relay", func(b *testing.B) {
		r := newTestRelay(b, Options{Timeout: -1})
		var wires []*wire
		for range streams {
			wires = append(wires, throughSession(b, openSession(b, r, nil)))
		}
		run(b, wires)
	})
	b.Run("goroutine per socket", func(b *testing.B) {
		var wires []*wire
		for range streams {
			wires = append(wires, newWire(b, func(_, to netip.AddrPort) uint16 { return plainRelay(b, to) }))
		}
		run(b, wires)
	})
}

// plainRelay forwards to one address by a goroutine and two connections, and counts nothing.
func plainRelay(b *testing.B, to netip.AddrPort) uint16 {
	var conns [2]*net.UDPConn
	for i := range conns {
		c, err := net.ListenUDP("udp", nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { c.Close() })
		conns[i] = c
	}
	go func() {
		buf := make([]byte, 1500)
		for {
			n, _, err := conns[0].ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			conns[1].WriteToUDPAddrPort(buf[:n], to)
		}
	}()
	return local(conns[0]).Port()
}

func cpuTime(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
