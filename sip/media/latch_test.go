package media

import (
	"net/netip"
	"testing"
	"time"
)

const relearnTest = 500 * time.Millisecond

var (
	sdpAddr   = netip.MustParseAddrPort("192.0.2.10:4000")
	sdpHost   = netip.MustParseAddrPort("192.0.2.10:4002")
	movedAddr = netip.MustParseAddrPort("192.0.2.20:4000")
	natAddr   = netip.MustParseAddrPort("203.0.113.5:31000")
	natMoved  = netip.MustParseAddrPort("203.0.113.5:31999")
	stranger  = netip.MustParseAddrPort("198.51.100.66:6666")
	stranger2 = netip.MustParseAddrPort("198.51.100.77:7777")
	noAddr    netip.AddrPort
)

// latchStep does one thing to a latch at a time and says what is expected of it.
type latchStep struct {
	at       int // milliseconds
	announce *netip.AddrPort
	near     netip.Addr
	reset    bool
	expect   bool // from now on there is something to hear
	src      netip.AddrPort
	ssrc     uint32
	muxed    bool // src sends RTCP on the RTP port
	want     verdict
}

func announced(at int, a netip.AddrPort) latchStep { return latchStep{at: at, announce: &a} }
func announcedVia(at int, a netip.AddrPort, near netip.Addr) latchStep {
	return latchStep{at: at, announce: &a, near: near}
}
func forgotten(at int) latchStep { return latchStep{at: at, reset: true} }
func expected(at int) latchStep  { return latchStep{at: at, expect: true} }
func rtpFrom(at int, src netip.AddrPort, ssrc uint32, want verdict) latchStep {
	return latchStep{at: at, src: src, ssrc: ssrc, want: want}
}
func rtcpFrom(at int, src netip.AddrPort, want verdict) latchStep {
	return latchStep{at: at, src: src, muxed: true, want: want}
}

// latchCase is a story and the source that is latched at its end.
type latchCase struct {
	name  string
	steps []latchStep
	want  netip.AddrPort
}

func runLatch(t *testing.T, cases []latchCase) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var l latch
			for i, st := range tt.steps {
				now := time.Duration(st.at) * time.Millisecond
				switch {
				case st.announce != nil:
					l.announce(*st.announce, st.near, now, relearnTest)
				case st.reset:
					l.reset()
				case st.expect:
					l.expect(now, relearnTest)
				case st.muxed:
					if got := l.acceptMuxed(st.src, now); got != st.want {
						t.Errorf("step %d: muxed rtcp from %v: verdict %d, want %d", i, st.src, got, st.want)
					}
				default:
					if got := l.accept(st.src, st.ssrc, now, relearnTest); got != st.want {
						t.Errorf("step %d: rtp from %v: verdict %d, want %d", i, st.src, got, st.want)
					}
				}
			}
			if l.source != tt.want {
				t.Errorf("latched %v, want %v", l.source, tt.want)
			}
		})
	}
}

func TestWhoLatchesFirst(t *testing.T) {
	t.Parallel()
	runLatch(t, []latchCase{
		{"the SDP address latches with its first packet", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, sdpAddr, 1, verdictLatch), rtpFrom(40, sdpAddr, 1, verdictPass)}, sdpAddr},
		{"a peer behind a NAT latches while the SDP address is silent", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, natAddr, 1, verdictLatch), rtpFrom(40, natAddr, 1, verdictPass)}, natAddr},
		{"a stranger that came first loses to the SDP address at once", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, stranger, 9, verdictLatch), rtpFrom(25, sdpAddr, 1, verdictSwitch),
			rtpFrom(30, stranger, 9, verdictDrop)}, sdpAddr},
		{"a stranger that came first loses to another port of the SDP host", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, stranger, 9, verdictLatch), rtpFrom(25, sdpHost, 1, verdictSwitch)}, sdpHost},
		{"a stranger that came first loses to the host the signalling came from", []latchStep{
			announcedVia(-1000, sdpAddr, natAddr.Addr()), rtpFrom(20, stranger, 9, verdictLatch),
			rtpFrom(25, natAddr, 1, verdictSwitch), rtpFrom(30, stranger, 9, verdictDrop)}, natAddr},
		{"without an SDP address the first packet latches", []latchStep{
			announced(-1000, noAddr), rtpFrom(20, natAddr, 1, verdictLatch), rtpFrom(30, stranger, 9, verdictDrop)}, natAddr},
		{"a stranger waits for as long as the peer may need to speak", []latchStep{
			announced(0, sdpAddr), rtpFrom(20, stranger, 9, verdictDrop), rtpFrom(999, stranger, 9, verdictDrop),
			rtpFrom(1000, stranger, 9, verdictLatch)}, stranger},
		{"a host that is known need not wait", []latchStep{
			announcedVia(0, sdpAddr, natAddr.Addr()), rtpFrom(20, natAddr, 1, verdictLatch)}, natAddr},
		{"with SDP and signalling of one host there is no NAT: strangers are heard, not followed", []latchStep{
			announcedVia(0, sdpAddr, sdpAddr.Addr()), rtpFrom(999, stranger, 9, verdictDrop), rtpFrom(1000, stranger, 9, verdictPass),
			rtpFrom(1020, stranger, 9, verdictPass), rtpFrom(1030, stranger2, 8, verdictDrop),
			rtpFrom(60_001, sdpHost, 1, verdictSwitch), rtpFrom(60_020, stranger, 9, verdictDrop)}, sdpHost},
		{"nor does silence let one in who knows the SSRC", []latchStep{
			announcedVia(0, sdpAddr, sdpAddr.Addr()), rtpFrom(20, sdpAddr, 1, verdictLatch), rtpFrom(60_000, stranger, 1, verdictDrop),
			rtpFrom(60_001, sdpHost, 1, verdictSwitch)}, sdpHost},
		{"two strangers: the first stays", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, stranger, 9, verdictLatch), rtpFrom(21, stranger2, 8, verdictDrop)}, stranger},
	})
}

func TestWhoTakesOverALatchedStream(t *testing.T) {
	t.Parallel()
	runLatch(t, []latchCase{
		{"a stranger does not take a latched stream over", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, sdpAddr, 1, verdictLatch), rtpFrom(30, stranger, 9, verdictDrop)}, sdpAddr},
		{"a stranger with the right SSRC does not take over while the peer speaks", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, sdpAddr, 1, verdictLatch), rtpFrom(519, stranger, 1, verdictDrop)}, sdpAddr},
		{"a stranger with another SSRC does not take over however long the peer is silent", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, sdpAddr, 1, verdictLatch), rtpFrom(60_000, stranger, 9, verdictDrop)}, sdpAddr},
		{"a peer whose NAT binding moved is followed by its SSRC after the silence", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, natAddr, 1, verdictLatch), rtpFrom(520, natMoved, 1, verdictSwitch),
			rtpFrom(540, natAddr, 9, verdictDrop)}, natMoved},
		{"a thief who knows the SSRC loses the stream when the peer speaks again", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, sdpAddr, 1, verdictLatch), rtpFrom(520, stranger, 1, verdictSwitch),
			rtpFrom(540, sdpAddr, 1, verdictSwitch), rtpFrom(560, stranger, 1, verdictDrop)}, sdpAddr},
		{"so does one who then changes the SSRC", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, natAddr, 1, verdictLatch), rtpFrom(520, stranger, 1, verdictSwitch),
			rtpFrom(530, stranger, 2, verdictPass), rtpFrom(540, natAddr, 1, verdictSwitch)}, natAddr},
		{"so does one who moves on in turn", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, natAddr, 1, verdictLatch), rtpFrom(520, stranger, 1, verdictSwitch),
			rtpFrom(1020, stranger2, 1, verdictSwitch), rtpFrom(1040, natAddr, 1, verdictSwitch)}, natAddr},
		{"a new SDP address leaves no way back", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, natAddr, 1, verdictLatch), rtpFrom(520, natMoved, 1, verdictSwitch),
			announced(530, movedAddr), rtpFrom(540, movedAddr, 5, verdictSwitch), rtpFrom(560, natAddr, 1, verdictDrop)}, movedAddr},
		{"a peer that proved itself is not pushed out by the SDP address", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, natAddr, 1, verdictLatch), rtpFrom(520, natMoved, 1, verdictSwitch),
			rtpFrom(540, sdpAddr, 9, verdictDrop)}, natMoved},
		{"a peer may change its SSRC at its latched address", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, sdpAddr, 1, verdictLatch), rtpFrom(40, sdpAddr, 2, verdictPass),
			rtpFrom(900, stranger, 1, verdictDrop), rtpFrom(900, natAddr, 2, verdictSwitch)}, natAddr},
	})
}

func TestWhoCameBeforeThereWasAnythingToHear(t *testing.T) {
	t.Parallel()
	runLatch(t, []latchCase{
		{"a stranger has to wait again", []latchStep{
			announced(0, sdpAddr), rtpFrom(2000, stranger, 9, verdictLatch), expected(3000), rtpFrom(3010, stranger, 9, verdictDrop),
			rtpFrom(3020, sdpAddr, 1, verdictLatch)}, sdpAddr},
		{"a stranger who is the peer after all is heard a second late", []latchStep{
			announced(0, sdpAddr), rtpFrom(2000, natAddr, 1, verdictLatch), expected(3000), rtpFrom(3999, natAddr, 1, verdictDrop),
			rtpFrom(4000, natAddr, 1, verdictLatch)}, natAddr},
		{"a host that is known stays", []latchStep{
			announced(0, sdpAddr), rtpFrom(20, sdpHost, 1, verdictLatch), expected(30), rtpFrom(40, sdpHost, 1, verdictPass)}, sdpHost},
		{"without an SDP address the host of the signalling is preferred", []latchStep{
			announcedVia(0, noAddr, natAddr.Addr()), expected(10), rtpFrom(20, stranger, 9, verdictDrop),
			rtpFrom(30, natAddr, 1, verdictLatch)}, natAddr},
		{"where nobody could be preferred nobody waits", []latchStep{
			announced(0, noAddr), expected(10), rtpFrom(20, stranger, 9, verdictLatch), expected(30),
			rtpFrom(40, stranger, 9, verdictPass)}, stranger},
	})
}

func TestANewAnnouncement(t *testing.T) {
	t.Parallel()
	runLatch(t, []latchCase{
		{"the same SDP address again keeps the latch", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, natAddr, 1, verdictLatch), announced(40, sdpAddr),
			rtpFrom(60, natAddr, 1, verdictPass)}, natAddr},
		{"a host name in a new SDP keeps the latch", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, sdpAddr, 1, verdictLatch), announced(40, noAddr),
			rtpFrom(60, sdpAddr, 1, verdictPass)}, sdpAddr},
		{"a new SDP address is a switch when it speaks", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, sdpAddr, 1, verdictLatch), announced(40, movedAddr),
			rtpFrom(60, movedAddr, 7, verdictSwitch), rtpFrom(80, sdpAddr, 1, verdictDrop)}, movedAddr},
		{"the old source is heard but not followed right after a new SDP address", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, sdpAddr, 1, verdictLatch), announced(40, movedAddr),
			rtpFrom(60, sdpAddr, 1, verdictPass)}, noAddr},
		{"the old source latches again when the new SDP address stays silent", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, natAddr, 1, verdictLatch), announced(40, movedAddr),
			rtpFrom(60, natAddr, 1, verdictPass), rtpFrom(540, natAddr, 1, verdictLatch)}, natAddr},
		{"a new SDP address that is the latched source changes nothing", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, natAddr, 1, verdictLatch), announced(40, natAddr),
			rtpFrom(60, natAddr, 1, verdictPass), rtpFrom(80, sdpAddr, 1, verdictDrop)}, natAddr},
	})
}

func TestAfterAResetAnotherTargetIsThePeer(t *testing.T) {
	t.Parallel()
	runLatch(t, []latchCase{
		{"after a reset the old target is dropped and the new one latches", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, sdpAddr, 1, verdictLatch), forgotten(40), announced(41, movedAddr),
			rtpFrom(60, sdpAddr, 1, verdictDrop), rtpFrom(61, movedAddr, 2, verdictLatch)}, movedAddr},
		{"after a reset the same border controller may serve the next target", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, natAddr, 1, verdictLatch), forgotten(40), announced(41, movedAddr),
			rtpFrom(60, natAddr, 1, verdictDrop), rtpFrom(1080, natAddr, 2, verdictLatch)}, natAddr},
		{"after two resets without media between the first target is still dropped", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, sdpAddr, 1, verdictLatch), forgotten(40), forgotten(50),
			rtpFrom(60, sdpAddr, 1, verdictDrop)}, noAddr},
	})
}

func TestRTCPOnTheRTPPort(t *testing.T) {
	t.Parallel()
	runLatch(t, []latchCase{
		{"RTCP on the RTP port never latches", []latchStep{
			announced(-1000, sdpAddr), rtcpFrom(10, sdpAddr, verdictPass), rtcpFrom(11, sdpHost, verdictPass),
			rtcpFrom(12, stranger, verdictDrop)}, noAddr},
		{"RTCP on the RTP port comes from the latched source or the SDP address", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, natAddr, 1, verdictLatch), rtcpFrom(30, natAddr, verdictPass),
			rtcpFrom(31, sdpAddr, verdictPass), rtcpFrom(32, natMoved, verdictDrop), rtcpFrom(33, stranger, verdictDrop)}, natAddr},
		{"RTCP shows that a muted peer is alive", []latchStep{
			announced(-1000, sdpAddr), rtpFrom(20, sdpAddr, 1, verdictLatch), rtcpFrom(400, sdpAddr, verdictPass),
			rtpFrom(600, stranger, 1, verdictDrop)}, sdpAddr},
	})
}

func TestRTCPLatch(t *testing.T) {
	t.Parallel()
	rtcpOf := func(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr(), a.Port()+1) }
	unlatched := latch{announced: sdpAddr}
	latchedNAT := latch{announced: sdpAddr, source: natAddr}
	for _, tt := range []struct {
		name  string
		rtp   latch
		steps []latchStep
	}{
		{"the SDP address for RTCP is heard", unlatched, []latchStep{rtpFrom(0, rtcpOf(sdpAddr), 0, verdictLatch)}},
		{"another port of the SDP host is heard before RTP is latched", unlatched, []latchStep{
			rtpFrom(0, natAddr, 0, verdictDrop), rtpFrom(0, sdpHost, 0, verdictLatch)}},
		{"the host that RTP comes from is heard", latchedNAT, []latchStep{rtpFrom(0, natMoved, 0, verdictLatch)}},
		{"a stranger's BYE is dropped before and after the first report", latchedNAT, []latchStep{
			rtpFrom(0, stranger, 0, verdictDrop), rtpFrom(1, natMoved, 0, verdictLatch), rtpFrom(9000, stranger, 0, verdictDrop)}},
		{"the SDP host is a stranger once RTP comes from elsewhere, but not its RTCP address", latchedNAT, []latchStep{
			rtpFrom(0, sdpHost, 0, verdictDrop), rtpFrom(0, rtcpOf(sdpAddr), 0, verdictLatch)}},
		{"a source may move within its host after three reports are missed", latchedNAT, []latchStep{
			rtpFrom(0, rtcpOf(natAddr), 0, verdictLatch), rtpFrom(100, natMoved, 0, verdictDrop),
			rtpFrom(101, rtcpOf(natAddr), 0, verdictPass), rtpFrom(15_100, natMoved, 0, verdictDrop),
			rtpFrom(15_101, natMoved, 0, verdictSwitch)}},
		{"another port of the host that was first loses to the SDP address at once", unlatched, []latchStep{
			rtpFrom(0, sdpHost, 0, verdictLatch), rtpFrom(10, rtcpOf(sdpAddr), 0, verdictSwitch), rtpFrom(20, sdpHost, 0, verdictDrop)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := rtcpLatch{announced: rtcpOf(sdpAddr)}
			for i, st := range tt.steps {
				if got := l.accept(st.src, &tt.rtp, time.Duration(st.at)*time.Millisecond, relearnTest); got != st.want {
					t.Errorf("step %d: rtcp from %v: verdict %d, want %d", i, st.src, got, st.want)
				}
			}
		})
	}
}

func TestANewRTCPAddressForgetsTheSource(t *testing.T) {
	t.Parallel()
	l := rtcpLatch{announced: sdpAddr, source: natAddr}
	l.announce(sdpAddr)
	if l.source != natAddr {
		t.Error("the same address forgot the source")
	}
	l.announce(movedAddr)
	if l.source.IsValid() || l.announced != movedAddr {
		t.Errorf("after a new address: %+v", l)
	}
}

// FuzzLatch plays random events and holds what must be true of every order: once the very address SDP named has been
// latched, only SSRC and silence, or a new announcement, move the latch; and the one it was taken from gets it back.
func FuzzLatch(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7})
	f.Add([]byte{0x10, 0x93, 0x52, 0x11, 0xe2, 0x33, 0x71, 0x22})
	sources := []netip.AddrPort{sdpAddr, sdpHost, natAddr, stranger}
	f.Fuzz(func(t *testing.T, events []byte) {
		l := latch{}
		l.announce(sdpAddr, netip.Addr{}, 0, relearnTest)
		now := time.Duration(0)
		for _, e := range events {
			now += time.Duration(e>>5) * 100 * time.Millisecond
			src, ssrc := sources[e&3], uint32(e>>2&1)
			before := l
			v := l.accept(src, ssrc, now, relearnTest)
			if v == verdictDrop && l != before {
				t.Fatalf("a dropped packet changed the latch: %+v to %+v", before, l)
			}
			if v != verdictDrop && l.source != src {
				t.Fatalf("accepted %v but latched %v", src, l.source)
			}
			back := src == before.home && ssrc == before.homeSSRC
			if before.rank == rankPeer && l.source != before.source && !back &&
				(ssrc != before.ssrc || now-before.heard < relearnTest) {
				t.Fatalf("%v took over from %v without proof", src, before.source)
			}
			if v == verdictDrop && back {
				t.Fatalf("%v did not get back what %v took by its SSRC", src, before.source)
			}
		}
	})
}
