package media

import (
	"bytes"
	"net"
	"net/netip"
	"testing"
	"time"

	"callbox/sip/call"
)

func TestVoiceIsRelayedBetweenEveryPairOfFamilies(t *testing.T) {
	t.Parallel()
	r := newTestRelay(t, Options{})
	for _, tt := range []struct{ name, a, b string }{
		{"IPv4 to IPv4", "127.0.0.1", "127.0.0.1"},
		{"IPv4 to IPv6", "127.0.0.1", "::1"},
		{"IPv6 to IPv4", "::1", "127.0.0.1"},
		{"IPv6 to IPv6", "::1", "::1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			br := newBridge(t, r, tt.a, tt.b)
			sent := marshal(t, voice(1, 0xa))
			br.a.send(sent)
			got, from := br.b.read(br.b.rtp)
			if !bytes.Equal(got, sent) {
				t.Errorf("B heard % x, want what A sent", got)
			}
			if from != br.b.toRTP {
				t.Errorf("B heard it from %v, want the port it sends to, %v", from, br.b.toRTP)
			}
			br.b.say(2, 0xb)
			br.a.hears(2)
			br.a.sendRTCP(marshal(t, report(0xa)))
			if got, from := br.b.read(br.b.rtcp); !bytes.Equal(got, marshal(t, report(0xa))) || from != br.b.toRTCP {
				t.Errorf("B's RTCP port heard % x from %v", got, from)
			}
			m := br.s.Close()
			want := call.Media{
				FromCaller: call.Flow{Packets: 1, Bytes: 172, RTCPPackets: 1},
				FromCentre: call.Flow{Packets: 1, Bytes: 172},
			}
			if m != want {
				t.Errorf("figures %+v, want %+v", m, want)
			}
		})
	}
}

func TestARelayBoundToOneAddressCarriesVoice(t *testing.T) {
	t.Parallel()
	for _, ip := range []string{"127.0.0.1", "::1"} {
		t.Run(ip, func(t *testing.T) {
			t.Parallel()
			r := newTestRelay(t, Options{Bind: netip.MustParseAddr(ip)})
			br := newBridge(t, r, ip, ip)
			br.a.say(1, 0xa)
			br.b.hears(1)
		})
	}
}

func TestTheCentreMayMoveToAnotherFamilyBetweenTargets(t *testing.T) {
	t.Parallel()
	br := newBridge(t, newTestRelay(t, Options{}), "127.0.0.1", "127.0.0.1")
	br.b.say(1, 0xb)
	br.a.hears(1)
	side := br.s.Side(call.LegB)
	next := newPhone(t, "::1", side)
	side.Reset()
	side.SetRemote(next.remote())
	br.b.say(2, 0xb)
	dropped(t, br.s, call.LegB, 1)
	br.a.say(3, 0xa)
	next.hears(3)
	next.say(4, 0xc)
	br.a.hears(4)
	if m := br.s.Stats(); m.FromCentre.LatchSwitches != 0 || m.FromCentre.Packets != 2 {
		t.Errorf("figures %+v: the next target is a new peer, not one that moved", m.FromCentre)
	}
}

func TestAPeerWithoutAnAddressIsWaitedFor(t *testing.T) {
	t.Parallel()
	r := newTestRelay(t, Options{})
	s := openSession(t, r, nil)
	a, b := newPhone(t, "127.0.0.1", s.Side(call.LegA)), newPhone(t, "127.0.0.1", s.Side(call.LegB))
	s.Side(call.LegA).SetRemote(a.remote())
	s.Side(call.LegB).SetRemote(Remote{})
	a.say(1, 0xa)
	eventually(t, "the packet had nowhere to go", func() bool { return r.Metrics().DroppedUnroutable == 1 })
	if got := s.Stats().FromCaller; got.Dropped != 0 || got.Packets != 1 {
		t.Errorf("caller's figures %+v: it did nothing wrong", got)
	}
	b.say(2, 0xb)
	a.hears(2)
	a.say(3, 0xa)
	b.hears(3)
}

func TestStrangersAndJunkAreDroppedAndCounted(t *testing.T) {
	t.Parallel()
	r := newTestRelay(t, Options{})
	br := newBridge(t, r, "127.0.0.1", "127.0.0.1")
	thief := newPhone(t, "127.0.0.1", br.s.Side(call.LegA))
	br.a.say(1, 0xa)
	br.b.hears(1)

	thief.say(2, 0xa) // the right SSRC at the wrong time
	thief.send(marshal(t, report(0xa)))
	br.a.send([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}) // STUN
	br.a.send([]byte{0x80})
	br.a.send(nil)
	br.a.send(append(marshal(t, voice(3, 0xa)), make([]byte, maxPacket)...))
	br.a.sendRTCP([]byte{0x80, 200, 0, 1})
	br.a.sendRTCP(marshal(t, voice(4, 0xa)))
	br.a.sendRTCP(append(marshal(t, report(0xa)), make([]byte, maxPacket)...))
	dropped(t, br.s, call.LegA, 9)

	br.a.say(5, 0xa)
	br.b.hears(5)
	br.b.say(6, 0xb)
	br.a.hears(6)
	m := r.Metrics()
	if m.DroppedStranger != 2 || m.DroppedNotRTP != 5 || m.DroppedTooLarge != 2 || m.LatchSwitches != 0 {
		t.Errorf("metrics %+v, want 2 strangers, 5 not RTP, 2 too large", m)
	}
}

func TestWhatTheKernelRefusesIsADrop(t *testing.T) {
	t.Parallel()
	r := newTestRelay(t, Options{Bind: netip.MustParseAddr("127.0.0.1")})
	br := newBridge(t, r, "127.0.0.1", "127.0.0.1")
	br.s.Side(call.LegB).SetRemote(Remote{RTP: netip.MustParseAddrPort("255.255.255.255:9"), Signalling: netip.MustParseAddr("127.0.0.1")}) // EACCES without SO_BROADCAST
	br.a.say(1, 0xa)
	dropped(t, br.s, call.LegA, 1)
	if got := r.Metrics().DroppedSend; got != 1 {
		t.Errorf("%d refused by the kernel, want 1", got)
	}
	br.b.say(2, 0xb)
	br.a.hears(2)
}

func TestTheRTCPSourceMayMoveWithinItsHost(t *testing.T) {
	t.Parallel()
	clock := &testClock{}
	br := newBridge(t, newTestRelay(t, Options{Clock: clock.read}), "127.0.0.1", "127.0.0.1")
	br.a.sendRTCP(marshal(t, report(0xa)))
	br.b.read(br.b.rtcp)
	clock.advance(rtcpRelearn * DefaultRelearn)
	moved := newPhone(t, "127.0.0.1", br.s.Side(call.LegA))
	moved.sendRTCP(marshal(t, report(0xa)))
	br.b.read(br.b.rtcp)
	br.b.sendRTCP(marshal(t, report(0xb)))
	moved.read(moved.rtcp)
	if m := br.s.Stats().FromCaller; m.LatchSwitches != 1 || m.RTCPPackets != 2 {
		t.Errorf("figures %+v, want two reports and one switch", m)
	}
}

func TestTheLargestPacketAllowedIsRelayedWhole(t *testing.T) {
	t.Parallel()
	br := newBridge(t, newTestRelay(t, Options{}), "127.0.0.1", "127.0.0.1")
	big := marshal(t, voice(1, 0xa))
	big = append(big, make([]byte, maxPacket-len(big))...)
	br.a.send(big)
	if got, _ := br.b.read(br.b.rtp); !bytes.Equal(got, big) {
		t.Errorf("%d bytes came, want %d", len(got), len(big))
	}
}

func TestAPeerThatMovesIsFollowedOnceItProvesItself(t *testing.T) {
	t.Parallel()
	clock := &testClock{}
	br := newBridge(t, newTestRelay(t, Options{Clock: clock.read, Relearn: time.Second}), "127.0.0.1", "127.0.0.1")
	br.a.say(1, 0xa)
	br.b.hears(1)
	moved := newPhone(t, "127.0.0.1", br.s.Side(call.LegA))
	clock.advance(time.Second - 1)
	moved.say(2, 0xa)
	dropped(t, br.s, call.LegA, 1)
	clock.advance(1)
	moved.say(3, 0xa)
	br.b.hears(3)
	br.b.say(4, 0xb)
	moved.hears(4)
	if got := br.s.Stats().FromCaller.LatchSwitches; got != 1 {
		t.Errorf("%d switches counted, want 1", got)
	}
}

func TestANewRemoteTakesMediaAtOnce(t *testing.T) {
	t.Parallel()
	br := newBridge(t, newTestRelay(t, Options{}), "127.0.0.1", "127.0.0.1")
	br.a.say(1, 0xa)
	br.b.hears(1)
	side := br.s.Side(call.LegA)
	moved := newPhone(t, "127.0.0.1", side)
	side.SetRemote(moved.remote())
	br.b.say(2, 0xb)
	moved.hears(2)
	moved.say(3, 0xaa)
	br.b.hears(3)
	if got := br.s.Stats().FromCaller.LatchSwitches; got != 1 {
		t.Errorf("%d switches counted, want 1", got)
	}
}

func TestAnUnspecifiedRemoteGetsNothingUntilTheNextOne(t *testing.T) {
	t.Parallel()
	r := newTestRelay(t, Options{})
	br := newBridge(t, r, "127.0.0.1", "127.0.0.1")
	br.b.say(1, 0xb)
	br.a.hears(1)
	side := br.s.Side(call.LegB)
	side.SetRemote(Remote{RTP: netip.MustParseAddrPort("0.0.0.0:9")})
	br.a.say(2, 0xa)
	eventually(t, "the held peer gets nothing", func() bool { return r.Metrics().DroppedUnroutable == 1 })
	br.b.say(3, 0xb)
	br.a.hears(3)
	side.SetRemote(br.b.remote())
	br.a.say(4, 0xa)
	br.b.hears(4)
}

func TestRTCPGoesWhereTheOtherSideTakesIt(t *testing.T) {
	t.Parallel()
	r := newTestRelay(t, Options{})
	for _, tt := range []struct {
		name       string
		muxA, muxB bool
	}{
		{"neither side multiplexes", false, false},
		{"the caller multiplexes", true, false},
		{"the centre multiplexes", false, true},
		{"both multiplex", true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			br := newBridge(t, r, "127.0.0.1", "127.0.0.1")
			for _, end := range []struct {
				leg call.Leg
				p   *phone
				mux bool
			}{{call.LegA, br.a, tt.muxA}, {call.LegB, br.b, tt.muxB}} {
				rem := end.p.remote()
				rem.Mux = end.mux
				br.s.Side(end.leg).SetRemote(rem)
			}
			exchange := func(from, to *phone, fromMux, toMux bool, ssrc uint32) {
				t.Helper()
				sent := marshal(t, report(ssrc))
				if fromMux {
					from.send(sent)
				} else {
					from.sendRTCP(sent)
				}
				conn, port := to.rtcp, to.toRTCP
				if toMux {
					conn, port = to.rtp, to.toRTP
				}
				if got, src := to.read(conn); !bytes.Equal(got, sent) || src != port {
					t.Errorf("heard % x from %v, want the report from %v", got, src, port)
				}
			}
			exchange(br.a, br.b, tt.muxA, tt.muxB, 0xa)
			exchange(br.b, br.a, tt.muxB, tt.muxA, 0xb)
			if m := br.s.Stats(); m.FromCaller.RTCPPackets != 1 || m.FromCentre.RTCPPackets != 1 || !m.NoMedia {
				t.Errorf("figures %+v, want one RTCP packet each way and no media", m)
			}
		})
	}
}

func TestTheSessionsOwnPortsAreNoPeer(t *testing.T) {
	t.Parallel()
	s := openSession(t, newTestRelay(t, Options{}), nil)
	rtpA, _ := s.Side(call.LegA).Ports()
	rtpB, rtcpB := s.Side(call.LegB).Ports()
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, port := range []uint16{rtpA, rtpB, rtcpB} {
		for _, a := range addrs {
			ip, ok := netip.AddrFromSlice(a.(*net.IPNet).IP)
			if got := s.Side(call.LegA).usable(netip.AddrPortFrom(ip, port)); !ok || got.IsValid() {
				t.Errorf("%v:%d is this session's own port and was taken for a peer", ip, port)
			}
		}
	}
	for _, tt := range []struct {
		name, in string
		ok       bool
	}{
		{"another host with the same port", netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), rtpB).String(), true},
		{"a mapped address", "[::ffff:192.0.2.1]:4000", true},
		{"multicast", "239.1.2.3:4000", false},
		{"port 0", "192.0.2.1:0", false},
		{"the unspecified address", "0.0.0.0:4000", false},
	} {
		if got := s.Side(call.LegA).usable(netip.MustParseAddrPort(tt.in)); got.IsValid() != tt.ok {
			t.Errorf("%s: usable(%s) = %v", tt.name, tt.in, got)
		}
	}
}
