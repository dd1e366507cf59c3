package audio

import (
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// flow is PCMU both ways, with DTMF.
var flow = Flow{Remote: there, Codec: PCMU, Event: 101, Send: true, Receive: true}

// open starts a stream on a fake socket; it ends with the test.
func open(t *testing.T, source Source) (*Stream, *fakeConn, *heard) {
	t.Helper()
	c, h, p := newFakeConn(), &heard{}, NewPacer()
	s := NewStream(StreamOptions{Conn: c, Pacer: p, Source: source, Heard: h.hear, Digit: h.digit, First: h.first})
	t.Cleanup(func() { s.Close(); p.Close() })
	return s, c, h
}

func TestStreamSendsAFrameEvery20Milliseconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c, _ := open(t, Beep())
		s.Set(flow)
		time.Sleep(time.Second + time.Millisecond)
		c.mu.Lock()
		first, last := c.sent[0].at, c.sent[len(c.sent)-1].at
		c.mu.Unlock()
		list := c.packets(t)
		if len(list) != 50 || last.Sub(first) != 49*FrameTime {
			t.Fatalf("%d packets in a second, over %v", len(list), last.Sub(first))
		}
		for i, p := range list {
			if p.PayloadType != 0 || len(p.Payload) != FrameSamples || p.Marker != (i == 0) {
				t.Fatalf("packet %d is %v", i, p)
			}
			if i > 0 && (p.SequenceNumber != list[i-1].SequenceNumber+1 || p.Timestamp != list[i-1].Timestamp+FrameSamples) {
				t.Fatalf("packet %d does not follow: %v", i, p)
			}
		}
		if got := s.Stats(); got.PacketsSent != 50 || got.BytesSent != 8000 {
			t.Errorf("stats are %+v", got)
		}
	})
}

func TestManyStreamsAreNoBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, all := NewPacer(), newFakeConn()
		var streams []*Stream
		for range 40 {
			c := newFakeConn()
			s := NewStream(StreamOptions{Conn: struct {
				Writer
				*reader
			}{all, (*reader)(c)}, Pacer: p, Source: Quiet{}})
			s.Set(flow)
			streams = append(streams, s)
		}
		time.Sleep(201 * time.Millisecond)
		at := map[time.Time]int{}
		all.mu.Lock()
		for _, s := range all.sent {
			at[s.at]++
		}
		total := len(all.sent)
		all.mu.Unlock()
		if total != 40*10 {
			t.Errorf("%d packets, want 400", total)
		}
		for when, n := range at {
			if n > 10 {
				t.Errorf("%d packets at once at %v", n, when)
			}
		}
		for _, s := range streams {
			s.Close()
		}
		p.Close()
	})
}

// reader is the half of a fakeConn that does not send.
type reader fakeConn

func (r *reader) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	return (*fakeConn)(r).ReadFromUDPAddrPort(b)
}
func (r *reader) Close() error { return (*fakeConn)(r).Close() }

func TestStreamOnHoldSendsNothingAndGoesOnInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c, _ := open(t, Quiet{})
		s.Set(flow)
		time.Sleep(101 * time.Millisecond)
		before := c.packets(t)
		held := flow
		held.Send = false
		s.Set(held)
		time.Sleep(time.Second)
		if n := len(c.packets(t)); n != 0 {
			t.Errorf("%d packets on hold", n)
		}
		s.Set(flow)
		time.Sleep(20 * time.Millisecond)
		after := c.packets(t)
		if len(after) != 1 || !after[0].Marker {
			t.Fatalf("after the hold came %v", after)
		}
		last := before[len(before)-1]
		if after[0].SequenceNumber != last.SequenceNumber+1 {
			t.Error("the hold cost sequence numbers")
		}
		if gap := after[0].Timestamp - last.Timestamp; gap != SampleRate+FrameSamples {
			t.Errorf("the timestamp moved by %d in a second of hold", gap)
		}
	})
}

func TestStreamWithoutRemoteAnswersWhereItIsSpokenTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c, _ := open(t, Quiet{})
		f := flow
		f.Remote = netip.AddrPort{}
		s.Set(f)
		time.Sleep(100 * time.Millisecond)
		if len(c.packets(t)) != 0 {
			t.Error("sent to nowhere")
		}
		c.in <- packet(t, 1, 0, frame(1))
		time.Sleep(20 * time.Millisecond)
		c.mu.Lock()
		defer c.mu.Unlock()
		if len(c.sent) != 1 || c.sent[0].to != there {
			t.Errorf("sent %v", c.sent)
		}
	})
}

func TestDigitsCrossAsEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, ca, _ := open(t, Beep())
		b, cb, h := open(t, nil)
		ca.peer = cb
		a.Set(flow)
		b.Set(flow)
		for _, d := range []byte("190*#AD9") {
			if !a.SendDigit(d) {
				t.Fatalf("digit %c was refused", d)
			}
		}
		if a.SendDigit('x') {
			t.Error("x was taken for a digit")
		}
		for a.Sending() {
			time.Sleep(FrameTime)
		}
		synctest.Wait()
		if h.digits != "190*#AD9" {
			t.Errorf("digits came as %q", h.digits)
		}
		events := map[uint32][]rtp.Packet{}
		for _, p := range ca.packets(t) {
			if p.PayloadType == 101 {
				events[p.Timestamp] = append(events[p.Timestamp], p)
			}
		}
		if len(events) != 8 {
			t.Fatalf("%d events for 8 digits", len(events))
		}
		for _, list := range events {
			checkEvent(t, list)
		}
	})
}

// checkEvent holds one key press to RFC 4733: one timestamp, the marker on the first packet only, growing duration, and
// an end that comes three times.
func checkEvent(t *testing.T, list []rtp.Packet) {
	t.Helper()
	ends, duration := 0, uint16(0)
	for i, p := range list {
		e, ok := parseEvent(p.Payload)
		if !ok || p.Marker != (i == 0) || e.duration < duration {
			t.Fatalf("packet %d of an event is %v", i, p)
		}
		duration = e.duration
		if e.end {
			ends++
		}
	}
	if ends != eventRepeats || len(list) != eventFrames-1+eventRepeats || duration != eventFrames*FrameSamples {
		t.Errorf("an event of %d packets ends %d times at %d", len(list), ends, duration)
	}
}

func TestDigitsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, _ := open(t, nil)
		if s.SendDigit('1') {
			t.Error("a digit was taken with no payload type for it")
		}
		s.Set(Flow{Event: 101})
		for i := range maxDigits {
			if !s.SendDigit('1') {
				t.Fatalf("digit %d was refused", i)
			}
		}
		if s.SendDigit('1') {
			t.Error("the queue has no end")
		}
	})
}

func TestStreamReportsByRTCP(t *testing.T) {
	for _, tc := range []struct {
		name   string
		to     netip.AddrPort
		shared bool
	}{
		{"on a port of its own", netip.MustParseAddrPort("192.0.2.2:5001"), false},
		{"on the port of RTP", there, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, control, p := newFakeConn(), newFakeConn(), NewPacer()
				s := NewStream(StreamOptions{Conn: c, RTCP: control, Pacer: p, Source: Quiet{}, CNAME: "me@here"})
				f := flow
				f.RTCP = tc.to
				s.Set(f)
				for i := range uint16(10) {
					if i != 4 {
						c.in <- packet(t, i, 0, frame(1))
					}
				}
				time.Sleep(8 * time.Second)
				s.Close()
				p.Close()
				via := control
				if tc.shared {
					via = c
				}
				var reports []sent
				for _, s := range via.sent {
					if s.b[1] >= 200 && s.b[1] <= 207 {
						reports = append(reports, s)
					}
				}
				if len(reports) != 3 || reports[0].to != tc.to {
					t.Fatalf("%d reports in 8 seconds, with goodbye: %v", len(reports), reports)
				}
				checkReport(t, reports[0].b, false)
				checkReport(t, reports[2].b, true)
			})
		})
	}
}

func checkReport(t *testing.T, b []byte, bye bool) {
	t.Helper()
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		t.Fatal(err)
	}
	sr, ok := packets[0].(*rtcp.SenderReport)
	if !ok || sr.PacketCount == 0 || len(sr.Reports) != 1 {
		t.Fatalf("report is %v", packets)
	}
	if r := sr.Reports[0]; r.SSRC != 7 || r.TotalLost != 1 || r.LastSequenceNumber != 9 || !bye && r.FractionLost != 25 {
		t.Errorf("reception report is %+v", r)
	}
	if d, ok := packets[1].(*rtcp.SourceDescription); !ok || d.Chunks[0].Items[0].Text != "me@here" {
		t.Errorf("description is %v", packets[1])
	}
	if _, ok := packets[len(packets)-1].(*rtcp.Goodbye); ok != bye {
		t.Errorf("ends with %v", packets[len(packets)-1])
	}
}

func TestPacerRestsWithoutStreamsAndTakesNoneOnceClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPacer()
		for range 3 { // it starts and stops with its streams
			c := newFakeConn()
			s := NewStream(StreamOptions{Conn: c, Pacer: p, Source: Quiet{}})
			s.Set(flow)
			time.Sleep(41 * time.Millisecond)
			s.Close()
			s.Close() // twice is once
			if len(c.packets(t)) == 0 {
				t.Error("nothing was sent")
			}
		}
		p.Close()
		c := newFakeConn()
		s := NewStream(StreamOptions{Conn: c, Pacer: p, Source: Quiet{}})
		s.Set(flow)
		time.Sleep(time.Second)
		s.Close()
		if len(c.packets(t)) != 0 {
			t.Error("a closed pacer sends")
		}
	})
}

func TestSendingAllocatesNothing(t *testing.T) {
	p := NewPacer()
	defer p.Close()
	s := NewStream(StreamOptions{Conn: &discard{closed: make(chan struct{})}, Pacer: p, Source: Quiet{}})
	defer s.Close()
	p.remove(s)
	s.Set(flow)
	if n := testing.AllocsPerRun(100, s.tick); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

// discard is a socket to nowhere.
type discard struct{ closed chan struct{} }

func (d *discard) ReadFromUDPAddrPort([]byte) (int, netip.AddrPort, error) {
	<-d.closed
	return 0, here, net.ErrClosed
}
func (d *discard) WriteToUDPAddrPort(b []byte, _ netip.AddrPort) (int, error) { return len(b), nil }
func (d *discard) Close() error                                               { close(d.closed); return nil }

func FuzzReceive(f *testing.F) {
	f.Add([]byte{0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7, 0xFF, 0xFF})
	f.Add([]byte{0x80, 101, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7, 5, 0x8A, 3, 0x20})
	f.Add([]byte{0x9F, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7, 0xBE, 0xDE, 0xFF, 0xFF})
	f.Fuzz(func(t *testing.T, b []byte) {
		var samples int
		s := &Stream{flow: flow, o: StreamOptions{Heard: func(pcm []int16) { samples += len(pcm) }}}
		s.receiver.pcm = make([]int16, maxPacket)
		s.take(b[:min(len(b), maxPacket)], there)
		s.take(b[:min(len(b), maxPacket)], there)
		s.flush()
		if samples > len(b) {
			t.Fatalf("%d samples from %d bytes", samples, len(b))
		}
	})
}
