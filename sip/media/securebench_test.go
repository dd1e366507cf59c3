package media

import (
	"net/netip"
	"testing"

	"callbox/sip/call"
)

// throughKeys is throughSession with SRTP from A, to B, or both; 0 is RTP. next is the next packet of A, nil for RTP.
func throughKeys(t testing.TB, s *Session, in, out Suite) (w *wire, next func() []byte) {
	var a, b *Keys
	next = func() []byte { return nil }
	if in != 0 {
		c := newCipher(t, in)
		seq := uint16(0)
		a, next = c.keys(), func() []byte {
			seq++
			return c.rtp(seq, 0xa)
		}
	}
	if out != 0 {
		b = newCipher(t, out).keys()
	}
	w = newWire(t, func(from, to netip.AddrPort) uint16 {
		s.Side(call.LegA).SetRemote(Remote{RTP: from, Keys: a})
		s.Side(call.LegB).SetRemote(Remote{RTP: to, Keys: b})
		port, _ := s.Side(call.LegA).Ports()
		return port
	})
	return w, next
}

// A worker's way of a packet, protected on either side, allocates nothing.
func TestAProtectedPacketAllocatesNothing(t *testing.T) {
	if raced {
		t.Skip("the race detector has the cipher's pool of blocks allocate")
	}
	everySuite(t, func(t *testing.T, suite Suite) {
		r := newTestRelay(t, Options{Timeout: -1})
		w, next := throughKeys(t, openSession(t, r, nil), suite, suite)
		const runs = 1000
		var packets [][]byte
		for range runs + 10 {
			packets = append(packets, next())
		}
		i := 0
		got := testing.AllocsPerRun(runs, func() {
			w.packet = packets[i]
			i++
			if errno := send(w.in, w.packet, &w.to); errno != 0 {
				t.Fatal(errno)
			}
			w.arrive(t)
		})
		if got != 0 {
			t.Errorf("%v allocations a packet, want none", got)
		}
	})
}

// BenchmarkSecure is the relay's own part of a packet, like BenchmarkForward, with the crypto of each suite.
func BenchmarkSecure(b *testing.B) {
	type way struct {
		name    string
		in, out Suite
	}
	ways := []way{{"RTP to RTP", 0, 0}}
	for s := AESCM128HMACSHA180; int(s) < len(suites); s++ {
		ways = append(ways, way{s.String() + " to RTP", s, 0}, way{"RTP to " + s.String(), 0, s})
	}
	for _, bb := range ways {
		b.Run(bb.name, func(b *testing.B) {
			r, err := New(Options{Bind: netip.MustParseAddr("127.0.0.1"), Timeout: -1, Workers: 1})
			if err != nil {
				b.Fatal(err)
			}
			defer r.Close()
			s := openSession(b, r, nil)
			r.workers[0].loop.close() // this benchmark is the loop
			r.wg.Wait()
			w, next := throughKeys(b, s, bb.in, bb.out)
			const batch = 100
			b.ReportAllocs()
			for done := 0; done < b.N; done += batch {
				b.StopTimer()
				n := min(batch, b.N-done)
				for range n {
					if p := next(); p != nil {
						w.packet = p
						if errno := send(w.in, p, &w.to); errno != 0 {
							b.Fatal(errno)
						}
						continue
					}
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
			b.StopTimer()
			if f := s.Stats().FromCaller; f.Packets != uint64(b.N) || f.Dropped != 0 {
				b.Fatalf("of %d packets: %+v", b.N, f)
			}
		})
	}
}
