package media

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"callbox/sip/call"
)

func TestAStrangerWhoCameWhileItRangDoesNotHearTheAnswer(t *testing.T) {
	t.Parallel()
	clock := &testClock{}
	s := openSession(t, newTestRelay(t, Options{Clock: clock.read}), nil)
	a, b := newPhone(t, "127.0.0.1", s.Side(call.LegA)), newPhone(t, "127.0.0.1", s.Side(call.LegB))
	thief := newPhone(t, "127.0.0.2", s.Side(call.LegA))
	remote := a.remote()
	s.Side(call.LegA).SetRemote(remote)
	clock.advance(time.Minute)
	thief.toRTP = a.toRTP
	thief.say(1, 0xbad)
	eventually(t, "the stranger is latched", func() bool { return s.Stats().FromCaller.Packets == 1 })

	s.Side(call.LegA).SetRemote(remote)
	s.Side(call.LegB).SetRemote(b.remote())
	b.say(2, 0xb)
	a.hears(2)
	thief.say(3, 0xbad)
	dropped(t, s, call.LegA, 1)
	a.say(4, 0xa)
	b.hears(4)
	thief.hearsNothing()
}

func TestAThiefWhoKnowsTheSSRCLosesTheCallToItsPeer(t *testing.T) {
	t.Parallel()
	clock := &testClock{}
	br := newBridge(t, newTestRelay(t, Options{Clock: clock.read}), "127.0.0.1", "127.0.0.1")
	br.a.say(1, 0xa)
	br.b.hears(1)
	thief := newPhone(t, "127.0.0.1", br.s.Side(call.LegA))
	clock.advance(DefaultRelearn)
	thief.say(2, 0xa)
	br.b.hears(2)
	br.a.say(3, 0xa)
	br.b.hears(3)
	br.b.say(4, 0xb)
	br.a.hears(4)
	thief.say(5, 0xa)
	dropped(t, br.s, call.LegA, 1)
	thief.hearsNothing()
}

func TestAForgedBYEReachesNobody(t *testing.T) {
	t.Parallel()
	r := newTestRelay(t, Options{})
	br := newBridge(t, r, "127.0.0.1", "127.0.0.1")
	br.a.say(1, 0xa)
	br.b.hears(1)
	bye := marshal(t, &rtcp.Goodbye{Sources: []uint32{0xa}, Reason: "forged"})
	stranger := newPhone(t, "127.0.0.2", br.s.Side(call.LegA))
	stranger.toRTP, stranger.toRTCP = br.a.toRTP, br.a.toRTCP
	stranger.sendRTCP(bye)
	stranger.send(bye)
	dropped(t, br.s, call.LegA, 2)

	// From the peer's own address it is RTCP like any other: what it says besides is passed on.
	br.a.sendRTCP(bye)
	br.a.send(bye)
	br.a.sendRTCP(append(append(marshal(t, report(0xa)), bye...), marshal(t, report(0xaa))...))
	want := append(marshal(t, report(0xa)), marshal(t, report(0xaa))...)
	if got, _ := br.b.read(br.b.rtcp); !bytes.Equal(got, want) {
		t.Errorf("B's RTCP port heard % x, want the two reports % x", got, want)
	}
	br.a.say(2, 0xa)
	br.b.hears(2)
	if m := r.Metrics(); m.RTCPByes != 3 || m.RTCPPackets != 3 {
		t.Errorf("%d of %d RTCP packets held a BYE, want 3 of 3", m.RTCPByes, m.RTCPPackets)
	}
}

func TestOtherPortsOfThePeersHostGetNoRTCP(t *testing.T) {
	t.Parallel()
	br := newBridge(t, newTestRelay(t, Options{}), "127.0.0.1", "127.0.0.1")
	neighbour := newPhone(t, "127.0.0.1", br.s.Side(call.LegA))
	neighbour.sendRTCP(marshal(t, report(0xbad)))
	br.b.read(br.b.rtcp)
	br.a.sendRTCP(marshal(t, report(0xa)))
	br.b.read(br.b.rtcp)
	neighbour.sendRTCP(marshal(t, report(0xbad)))
	dropped(t, br.s, call.LegA, 1)
	br.b.sendRTCP(marshal(t, report(0xb)))
	br.a.read(br.a.rtcp)
}

func TestBothEndsMayHaveTheSameSSRC(t *testing.T) {
	t.Parallel()
	br := newBridge(t, newTestRelay(t, Options{}), "127.0.0.1", "::1")
	for seq := range uint16(3) {
		br.a.say(seq, 0x5)
		br.b.hears(seq)
		br.b.say(seq, 0x5)
		br.a.hears(seq)
	}
	if m := br.s.Stats(); m.FromCaller.Dropped+m.FromCentre.Dropped != 0 || m.FromCaller.Packets != 3 || m.FromCentre.Packets != 3 {
		t.Errorf("figures %+v, want three packets each way", m)
	}
}

func TestAPeerWhosePortIsClosedDoesNotStopTheOtherSide(t *testing.T) {
	t.Parallel()
	for _, ip := range []string{"127.0.0.1", "::1"} {
		t.Run(ip, func(t *testing.T) {
			t.Parallel()
			br := newBridge(t, newTestRelay(t, Options{}), ip, ip)
			br.b.say(1, 0xb)
			br.a.hears(1)
			if err := br.b.rtp.Close(); err != nil {
				t.Fatal(err)
			}
			const storm = 500 // each is answered by an ICMP port unreachable
			for seq := range uint16(storm) {
				br.a.say(seq, 0xa)
			}
			eventually(t, "all were taken", func() bool { return br.s.Stats().FromCaller.Packets == storm })
			moved := newPhone(t, ip, br.s.Side(call.LegB))
			br.s.Side(call.LegB).SetRemote(moved.remote())
			br.a.say(storm, 0xa)
			moved.hears(storm)
			if m := br.s.Stats(); m.FromCaller.Dropped != 0 {
				t.Errorf("%d drops: the kernel let ICMP stand in the way of sending", m.FromCaller.Dropped)
			}
		})
	}
}

func TestTwoCallsThatAnnounceEachOthersPortsRunInNoCircle(t *testing.T) {
	t.Parallel()
	r := newTestRelay(t, Options{})
	x, y := newBridge(t, r, "127.0.0.1", "127.0.0.1"), newBridge(t, r, "127.0.0.1", "127.0.0.1")
	x.s.Side(call.LegA).SetRemote(Remote{RTP: netip.AddrPortFrom(y.a.toRTP.Addr(), y.a.toRTP.Port())})
	y.s.Side(call.LegA).SetRemote(Remote{RTP: netip.AddrPortFrom(x.a.toRTP.Addr(), x.a.toRTP.Port())})
	x.b.say(1, 0xb)
	y.b.hears(1)
	y.b.say(2, 0xb)
	x.b.hears(2)
	if m := r.Metrics(); m.Packets != 4 {
		t.Errorf("%d packets for two that were sent, want each counted on both calls", m.Packets)
	}
}
