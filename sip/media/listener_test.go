package media

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"

	"callbox/sip/audio"
	"callbox/sip/call"
)

// tone is a packet of G.711 in which every sample has one level.
func tone(t testing.TB, codec audio.Codec, seq uint16, ssrc uint32, level int16) []byte {
	t.Helper()
	pcm, payload := slices.Repeat([]int16{level}, audio.FrameSamples), make([]byte, audio.FrameSamples)
	codec.Encode(payload, pcm)
	return marshal(t, &rtp.Packet{
		Header:  rtp.Header{Version: 2, PayloadType: uint8(codec), SequenceNumber: seq, Timestamp: 160 * uint32(seq), SSRC: ssrc},
		Payload: payload,
	})
}

// level is what the first sample of a packet says.
func level(t testing.TB, b []byte) int16 {
	t.Helper()
	codec, payload := g711(b)
	if payload == nil {
		t.Fatalf("no G.711: % x", b[:min(len(b), 12)])
	}
	var pcm [1]int16
	codec.Decode(pcm[:], payload)
	return pcm[0]
}

// near tells whether a level came through G.711, perhaps twice.
func near(got, want int16) bool { return max(got-want, want-got) <= max(want, -want)/16+16 }

// newDesk lets a phone listen to s.
func newDesk(t testing.TB, s *Session, barge bool, codec audio.Codec) (*phone, *Listener) {
	t.Helper()
	l, err := s.Listen(barge)
	if err != nil {
		t.Fatal(err)
	}
	p := &phone{t: t}
	p.rtp, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.rtp.Close() })
	p.toRTP = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), l.Port())
	l.Start(Remote{RTP: local(p.rtp)}, codec)
	return p, l
}

// talk has speakers say a level each, 20 ms after 20 ms, until done holds.
func talk(t *testing.T, what string, say func(seq uint16), done func() bool) {
	t.Helper()
	tick := time.NewTicker(audio.FrameTime)
	defer tick.Stop()
	deadline := time.After(2 * patience)
	for seq := uint16(1); !done(); seq++ {
		say(seq)
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("it never happened: %s", what)
		}
	}
}

// latest returns the last packet that has come to c, nil for none.
func latest(t testing.TB, c *net.UDPConn) []byte {
	t.Helper()
	var last []byte
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 2048)
	err = raw.Read(func(fd uintptr) bool {
		for {
			n, errno := receive(int(fd), buf, new(sockaddr))
			if errno != 0 {
				return true
			}
			last = slices.Clone(buf[:n])
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return last
}

func TestAListenerHearsBothSidesMixedAndIsHeardByNeither(t *testing.T) {
	t.Parallel()
	for _, codec := range []audio.Codec{audio.PCMU, audio.PCMA} {
		br := newBridge(t, newTestRelay(t, Options{}), "127.0.0.1", "127.0.0.1")
		desk, _ := newDesk(t, br.s, false, codec)
		talk(t, "the desk hears both", func(seq uint16) {
			br.a.send(tone(t, audio.PCMU, seq, 0xa, 1000))
			br.b.send(tone(t, audio.PCMA, seq, 0xb, 4000))
			desk.send(tone(t, audio.PCMU, seq, 0xc, 8000))
			b, _ := br.b.read(br.b.rtp)
			if !slices.Equal(b, tone(t, audio.PCMU, seq, 0xa, 1000)) {
				t.Fatalf("the caller's packet %d was changed", seq)
			}
		}, func() bool {
			b := latest(t, desk.rtp)
			return b != nil && near(level(t, b), 5000) && b[1]&0x7f == byte(codec)
		})
	}
}

func TestOneWhoBargesInIsHeardByBothAndHearsNotHimself(t *testing.T) {
	t.Parallel()
	br := newBridge(t, newTestRelay(t, Options{}), "127.0.0.1", "127.0.0.1")
	desk, _ := newDesk(t, br.s, true, audio.PCMU)
	var atA, atB, atDesk bool
	talk(t, "all hear the others", func(seq uint16) {
		br.a.send(tone(t, audio.PCMU, seq, 0xa, 1000))
		br.b.send(tone(t, audio.PCMA, seq, 0xb, 4000))
		desk.send(tone(t, audio.PCMA, seq, 0xc, 8000))
		b, _ := br.b.read(br.b.rtp)
		atB = atB || near(level(t, b), 9000)
		if h := parseRTP(b); h.seq != seq || h.ssrc != 0xa || h.payloadType != 0 {
			t.Fatalf("the centre got the header %+v", h)
		}
		b, _ = br.a.read(br.a.rtp)
		atA = atA || near(level(t, b), 12000)
		if b := latest(t, desk.rtp); b != nil {
			atDesk = atDesk || near(level(t, b), 5000)
			if level(t, b) > 7000 {
				t.Fatal("the desk hears itself")
			}
		}
	}, func() bool { return atA && atB && atDesk })
}

func TestWhatIsNotG711PassesAListenerUntouched(t *testing.T) {
	t.Parallel()
	br := newBridge(t, newTestRelay(t, Options{}), "127.0.0.1", "127.0.0.1")
	desk, l := newDesk(t, br.s, true, audio.PCMU)
	event := &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 101, SequenceNumber: 7, SSRC: 0xa}, Payload: []byte{1, 2, 3, 4}}
	for seq := range uint16(10) {
		desk.send(tone(t, audio.PCMU, seq, 0xc, 8000))
	}
	eventually(t, "the desk's voice waits", func() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.said[0].n >= lineFill })
	br.a.send(marshal(t, event))
	if b, _ := br.b.read(br.b.rtp); !slices.Equal(b, marshal(t, event)) {
		t.Errorf("the centre got % x", b)
	}
}

func TestAListenerHearsAProtectedSide(t *testing.T) {
	t.Parallel()
	br := newBridge(t, newTestRelay(t, Options{}), "127.0.0.1", "127.0.0.1")
	c := newCipher(t, AESCM128HMACSHA180)
	rem := br.a.remote()
	rem.Keys = c.keys()
	br.s.Side(call.LegA).SetRemote(rem)
	desk, _ := newDesk(t, br.s, true, audio.PCMU)
	atB := false
	talk(t, "the desk hears the caller, and the centre both", func(seq uint16) {
		b, err := c.out.EncryptRTP(nil, tone(t, audio.PCMU, seq, 0xa, 1000), nil)
		if err != nil {
			t.Fatal(err)
		}
		br.a.send(b)
		desk.send(tone(t, audio.PCMU, seq, 0xc, 8000))
		b, _ = br.b.read(br.b.rtp)
		atB = atB || near(level(t, b), 9000)
	}, func() bool {
		b := latest(t, desk.rtp)
		return atB && b != nil && near(level(t, b), 1000)
	})
}

func TestAStrangerDoesNotComeBeforeAListener(t *testing.T) {
	t.Parallel()
	br := newBridge(t, newTestRelay(t, Options{Relearn: time.Minute}), "127.0.0.1", "127.0.0.1")
	desk, l := newDesk(t, br.s, true, audio.PCMU)
	stranger, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 9)})
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	for seq := range uint16(20) {
		if _, err := stranger.WriteToUDPAddrPort(tone(t, audio.PCMU, seq, 0xd, 9000), desk.toRTP); err != nil {
			t.Fatal(err)
		}
	}
	desk.send(tone(t, audio.PCMU, 100, 0xc, 10))
	eventually(t, "the desk is heard", func() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.said[0].n > 0 })
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.said[0].n != audio.FrameSamples || l.latch.source != local(desk.rtp) {
		t.Errorf("%d samples wait, from %s", l.said[0].n, l.latch.source)
	}
}

func TestListenersEndWithTheirSession(t *testing.T) {
	t.Parallel()
	r := newTestRelay(t, Options{})
	br := newBridge(t, r, "127.0.0.1", "127.0.0.1")
	before := r.Metrics().PortsInUse
	var last *Listener
	for range maxListeners {
		_, last = newDesk(t, br.s, true, audio.PCMU)
	}
	if _, err := br.s.Listen(false); !errors.Is(err, ErrListeners) {
		t.Errorf("one too many: %v", err)
	}
	last.Close()
	last.Close()
	if got := r.Metrics().PortsInUse; got != before+2*(maxListeners-1) {
		t.Errorf("%d ports are in use, %d before the listeners", got, before)
	}
	br.s.Close()
	if got := r.Metrics().PortsInUse; got != 0 {
		t.Errorf("%d ports are in use after the call", got)
	}
	if _, err := br.s.Listen(false); !errors.Is(err, ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

func TestTheLoudestIsAsLoudAsItGets(t *testing.T) {
	t.Parallel()
	var m mixer
	m.begin(3)
	m.addSamples([]int16{30000, -30000, 5})
	m.addSamples([]int16{30000, -30000, 6, 7})
	if got := m.result(); !slices.Equal(got, []int16{32767, -32768, 11}) {
		t.Errorf("%v", got)
	}
}

func TestALineKeepsTheLatestAndWaitsToFill(t *testing.T) {
	t.Parallel()
	var l line
	var got []int16
	take := func(n int) bool {
		got = nil
		return l.take(n, func(_ int, s int16) { got = append(got, s) })
	}
	l.put(make([]int16, lineFill-1))
	if take(1) {
		t.Error("a line that is not filled gave something")
	}
	l.put([]int16{1})
	if !take(lineFill) || got[lineFill-1] != 1 {
		t.Error("a filled line did not give what it had")
	}
	for i := range int16(20) {
		l.put(slices.Repeat([]int16{i}, 160))
	}
	if !take(160) || got[0] != 10 || l.n != lineSize-160 {
		t.Errorf("after an overflow the oldest is %d, and %d wait", got[0], l.n)
	}
	if !take(lineSize) || len(got) != lineSize-160 || l.flowing {
		t.Error("a line that runs dry goes on")
	}
	l.put(make([]int16, 2*lineSize))
	if l.n != lineSize {
		t.Errorf("%d wait", l.n)
	}
}

func TestPacketsThatComeTwiceOrLateAreNotHeard(t *testing.T) {
	t.Parallel()
	var l line
	for _, tc := range []struct {
		seq  uint16
		want bool
	}{{65534, true}, {65535, true}, {65535, false}, {0, true}, {65533, false}, {2, true}, {1, false}, {40000, true}, {40001, true}} {
		if got := l.fresh(tc.seq); got != tc.want {
			t.Errorf("number %d is heard: %v", tc.seq, got)
		}
	}
}

func TestListeningAllocatesNothingForAPacket(t *testing.T) {
	r := newTestRelay(t, Options{Timeout: -1})
	s := openSession(t, r, nil)
	_, l := newDesk(t, s, true, audio.PCMU)
	b := tone(t, audio.PCMU, 1, 0xa, 1000)
	if got := testing.AllocsPerRun(1000, func() { tapOnce(s, l, b) }); got != 0 {
		t.Errorf("%v allocations a packet, want none", got)
	}
}

// tapOnce has a packet heard, and something said into it.
func tapOnce(s *Session, l *Listener, b []byte) {
	b[3]++ // the next number
	s.mu.Lock()
	defer s.mu.Unlock()
	l.mu.Lock()
	l.said[0].put(l.mix.pcm[:audio.FrameSamples])
	l.mu.Unlock()
	s.tapped(0, b)
}

// BenchmarkListener is what a packet costs beside its way through the relay when somebody listens or speaks.
func BenchmarkListener(b *testing.B) {
	for _, bb := range []struct {
		name  string
		barge bool
	}{{"listen", false}, {"barge", true}} {
		b.Run(bb.name, func(b *testing.B) {
			r := newTestRelay(b, Options{Timeout: -1})
			s := openSession(b, r, nil)
			_, l := newDesk(b, s, bb.barge, audio.PCMU)
			p := tone(b, audio.PCMU, 1, 0xa, 1000)
			b.ReportAllocs()
			for b.Loop() {
				tapOnce(s, l, p)
			}
		})
	}
}
