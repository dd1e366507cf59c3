package media

import (
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"callbox/sip/call"
)

func TestAnExhaustedRangeIsAClearError(t *testing.T) {
	t.Parallel()
	r := newTestRelay(t, Options{PortMin: 10000, PortMax: 10007})
	var err error
	for range 3 {
		if _, err = r.Open(nil); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrNoPorts) || !strings.Contains(err.Error(), "of the 4 pairs in 10000-10007") {
		t.Errorf("error %v does not say that the range is exhausted", err)
	}
	m := r.Metrics()
	if m.PortsInUse+m.PortsQuarantined > m.PortsTotal || m.PortsTotal != 8 {
		t.Errorf("metrics %+v", m)
	}
}

func TestHalfASessionLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	r := newTestRelay(t, Options{PortMin: 10020, PortMax: 10025, Quarantine: -1})
	openSession(t, r, nil)
	for range 2 {
		if _, err := r.Open(nil); !errors.Is(err, ErrNoPorts) {
			t.Fatalf("one pair is left and a session needs two: %v", err)
		}
	}
	if m := r.Metrics(); m.Sessions != 1 || m.PortsInUse != 4 || m.PortsQuarantined != 0 {
		t.Errorf("metrics %+v, want the first session's ports in use and no more", m)
	}
}

func TestARelayThatCannotBindSaysSo(t *testing.T) {
	t.Parallel()
	_, err := New(Options{Bind: netip.MustParseAddr("192.0.2.1")})
	if !errors.Is(err, unix.EADDRNOTAVAIL) || !strings.Contains(err.Error(), `bind rtp to "192.0.2.1"`) {
		t.Errorf("error %v does not name the address", err)
	}
	if _, err := New(Options{PortMin: 40000, PortMax: 40001}); err == nil {
		t.Error("a range of one pair was taken")
	}
}

func TestPacketsOfADeadCallReachNobody(t *testing.T) {
	t.Parallel()
	clock := &testClock{}
	r := newTestRelay(t, Options{PortMin: 10100, PortMax: 10131, Clock: clock.read, Quarantine: 10 * time.Second})
	old := newBridge(t, r, "127.0.0.1", "127.0.0.1")
	old.a.say(1, 0xa)
	old.b.hears(1)
	dead := map[uint16]bool{old.a.toRTP.Port(): true, old.b.toRTP.Port(): true}
	old.s.Close()
	for range 7 { // of the 16 pairs 14 are left
		s, err := r.Open(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, leg := range []call.Leg{call.LegA, call.LegB} {
			if rtp, _ := s.Side(leg).Ports(); dead[rtp] {
				t.Fatalf("port %d was handed out in its quarantine", rtp)
			}
		}
		old.a.say(2, 0xa)
	}
	if got := r.Metrics().DroppedStranger; got != 0 {
		t.Errorf("%d late packets reached a session", got)
	}
	if n := r.Metrics().PortsWoken; n != 0 {
		t.Errorf("%d pairs were woken", n)
	}
	s := openSession(t, r, nil) // the range is exhausted: a call is worth more than the quarantine
	if rtp, _ := s.Side(call.LegA).Ports(); !dead[rtp] || r.Metrics().PortsWoken != 2 {
		t.Errorf("port %d, want one that rested, and %d pairs woken, want 2", rtp, r.Metrics().PortsWoken)
	}
}

func TestCloseIsIdempotentAndFinal(t *testing.T) {
	t.Parallel()
	r := newTestRelay(t, Options{})
	br := newBridge(t, r, "127.0.0.1", "127.0.0.1")
	br.a.say(1, 0xa)
	br.b.hears(1)
	var wg sync.WaitGroup
	results := make([]call.Media, 8)
	for i := range results {
		wg.Go(func() { results[i] = br.s.Close() })
	}
	wg.Wait()
	for _, m := range results {
		if m != results[0] || m.FromCaller.Packets != 1 || !m.OneWay {
			t.Errorf("closed with %+v, want one packet from the caller every time", m)
		}
	}
	br.s.Side(call.LegA).SetRemote(Remote{RTP: sdpAddr})
	br.s.Side(call.LegA).Reset()
	br.s.Hold(true)
	if m := br.s.Stats(); m != results[0] {
		t.Errorf("figures after Close: %+v, want %+v", m, results[0])
	}
	if m := r.Metrics(); m.Sessions != 0 || m.PortsInUse != 0 || m.PortsQuarantined != 4 || m.Packets != 1 {
		t.Errorf("metrics after Close: %+v", m)
	}
}

func TestAClosedRelayOpensNothing(t *testing.T) {
	t.Parallel()
	r, err := New(Options{PortMin: 10200, PortMax: 10299})
	if err != nil {
		t.Fatal(err)
	}
	s := openSession(t, r, nil)
	for range 2 {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := r.Open(nil); !errors.Is(err, ErrClosed) {
		t.Errorf("Open after Close: %v, want ErrClosed", err)
	}
	if m := r.Metrics(); m.Sessions != 0 || m.PortsInUse != 0 {
		t.Errorf("metrics after Close: %+v", m)
	}
	s.Close()
}

func TestSessionsComeAndGoUnderTraffic(t *testing.T) {
	t.Parallel()
	r := newTestRelay(t, Options{PortMin: 10300, PortMax: 10899, Quarantine: -1})
	steady := newBridge(t, r, "127.0.0.1", "127.0.0.1")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 40 {
				s, err := r.Open(func(Notice) {})
				if err != nil {
					t.Error(err)
					return
				}
				rtp, _ := s.Side(call.LegA).Ports()
				s.Side(call.LegA).SetRemote(Remote{RTP: local(steady.a.rtp)})
				steady.a.rtp.WriteToUDPAddrPort([]byte{0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7}, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), rtp))
				s.Stats()
				s.Close()
			}
		})
	}
	for seq := range uint16(200) {
		steady.a.say(seq, 0xa)
		steady.b.hears(seq)
	}
	wg.Wait()
	if m := r.Metrics(); m.Sessions != 1 || m.PortsInUse != 4 {
		t.Errorf("metrics %+v, want the steady session alone", m)
	}
}
