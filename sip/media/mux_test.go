package media

import (
	"bytes"
	"net"
	"net/netip"
	"testing"

	"callbox/sip/call"
)

// announce tells the session where both phones are, and whether each multiplexes.
func (br *bridge) announce(muxA, muxB bool) {
	a, b := br.a.remote(), br.b.remote()
	a.Mux, b.Mux = muxA, muxB
	br.s.Side(call.LegA).SetRemote(a)
	br.s.Side(call.LegB).SetRemote(b)
}

// bound returns how many of the session's RTCP ports somebody is bound to.
func (br *bridge) bound(t *testing.T) (n int) {
	t.Helper()
	for _, to := range []netip.AddrPort{br.a.toRTCP, br.b.toRTCP} {
		c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv6unspecified, Port: int(to.Port())})
		if err != nil {
			n++
			continue
		}
		c.Close()
	}
	return n
}

func TestMultiplexingThatWasAgreedClosesTheRTCPPorts(t *testing.T) {
	for _, tt := range []struct {
		name  string
		relay func(testing.TB, Options) *Relay
	}{{"in the process's table", newTestRelay}, {"in an annex", newAnnexedRelay}} {
		t.Run(tt.name, func(t *testing.T) {
			r := tt.relay(t, Options{})
			openSession(t, r, nil) // so that the next one is in the annex
			br := newBridge(t, r, "127.0.0.1", "127.0.0.1")
			fromA, fromB := marshal(t, report(0xa)), marshal(t, report(0xb))
			for _, step := range []struct {
				what       string
				muxA, muxB bool
				bound      int
			}{
				{"nobody asked", false, false, 2},
				{"one offers it", true, false, 2},
				{"both agree", true, true, 0},
				{"and again", true, true, 0},
				{"a new offer without it", false, false, 2},
				{"agreed once more", true, true, 0},
			} {
				br.announce(step.muxA, step.muxB)
				if n := br.bound(t); n != step.bound {
					t.Errorf("%s: %d RTCP ports are bound, want %d", step.what, n, step.bound)
				}
				sendA, hearB := br.a.sendRTCP, br.b.rtcp
				if step.muxA {
					sendA = br.a.send
				}
				if step.muxB {
					hearB = br.b.rtp
				}
				sendA(fromA)
				if got, _ := br.b.read(hearB); !bytes.Equal(got, fromA) {
					t.Errorf("%s: B heard % x", step.what, got)
				}
				br.b.send(fromB) // whether or not it was agreed
				hearA := br.a.rtcp
				if step.muxA {
					hearA = br.a.rtp
				}
				if got, _ := br.a.read(hearA); !bytes.Equal(got, fromB) {
					t.Errorf("%s: A heard % x", step.what, got)
				}
			}
			br.s.Side(call.LegB).Reset()
			if n := br.bound(t); n != 2 {
				t.Errorf("the next target has not agreed to anything: %d RTCP ports are bound", n)
			}
			br.announce(true, true)
			br.s.Close()
			if m := r.Metrics(); m.PortsInUse != 4 || m.DroppedStranger+m.DroppedNotRTP+m.DroppedSend != 0 {
				t.Errorf("metrics %+v", m)
			}
		})
	}
}

func TestACallWhoseRTCPPortWasTakenMeanwhileGoesOn(t *testing.T) {
	t.Parallel()
	br := newBridge(t, newTestRelay(t, Options{}), "127.0.0.1", "127.0.0.1")
	br.announce(true, true)
	taken, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv6unspecified, Port: int(br.a.toRTCP.Port())})
	if err != nil {
		t.Fatal(err)
	}
	br.announce(false, false)
	br.a.say(1, 0xa)
	br.b.hears(1)
	br.b.sendRTCP(marshal(t, report(0xb))) // has no way out
	eventually(t, "it is counted", func() bool { return br.s.Stats().FromCentre.Dropped == 1 })
	taken.Close()
	br.announce(true, true)
	br.announce(false, false)
	br.b.sendRTCP(marshal(t, report(0xb)))
	br.a.read(br.a.rtcp)
}
