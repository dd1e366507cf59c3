package media

import (
	"net/netip"
	"testing"
	"time"

	"callbox/sip/call"
)

// listen opens a session whose notices arrive on a channel.
func listen(t *testing.T, r *Relay) (*Session, chan Notice) {
	t.Helper()
	notices := make(chan Notice, 16)
	return openSession(t, r, func(n Notice) { notices <- n }), notices
}

func next(t *testing.T, c chan Notice) Notice {
	t.Helper()
	select {
	case n := <-c:
		return n
	case <-time.After(patience):
		t.Fatal("no notice came")
		return Notice{}
	}
}

func none(t *testing.T, c chan Notice) {
	t.Helper()
	select {
	case n := <-c:
		t.Fatalf("unexpected notice %+v", n)
	default:
	}
}

func TestTheFirstPacketOfEachSideIsNoticedOnce(t *testing.T) {
	t.Parallel()
	s, notices := listen(t, newTestRelay(t, Options{}))
	a, b := newPhone(t, "127.0.0.1", s.Side(call.LegA)), newPhone(t, "127.0.0.1", s.Side(call.LegB))
	s.Side(call.LegA).SetRemote(a.remote())
	s.Side(call.LegB).SetRemote(b.remote())
	for seq := range uint16(3) {
		a.say(seq, 0xa)
		b.hears(seq)
	}
	if got := next(t, notices); got != (Notice{Kind: NoticeFirstPacket, Side: call.LegA}) {
		t.Errorf("notice %+v, want the caller's first packet", got)
	}
	b.say(9, 0xb)
	a.hears(9)
	if got := next(t, notices); got != (Notice{Kind: NoticeFirstPacket, Side: call.LegB}) {
		t.Errorf("notice %+v, want the centre's first packet", got)
	}
	s.Side(call.LegB).Reset()
	s.Side(call.LegB).SetRemote(b.remote())
	b.say(10, 0xc)
	a.hears(10)
	if got := next(t, notices); got != (Notice{Kind: NoticeFirstPacket, Side: call.LegB}) {
		t.Errorf("notice %+v, want the next target's first packet", got)
	}
	none(t, notices)
}

func TestANoticeMayCallTheSession(t *testing.T) {
	t.Parallel()
	r := newTestRelay(t, Options{})
	got := make(chan call.Media, 1)
	var s *Session
	ready := make(chan struct{})
	s = openSession(t, r, func(Notice) {
		<-ready
		s.Hold(true)
		got <- s.Close()
	})
	close(ready)
	a := newPhone(t, "127.0.0.1", s.Side(call.LegA))
	a.say(1, 0xa)
	select {
	case m := <-got:
		if m.FromCaller.Packets != 1 {
			t.Errorf("figures in the notice: %+v", m)
		}
	case <-time.After(patience):
		t.Fatal("the session is locked while its notice runs")
	}
}

// timeoutCase does something to a session while time passes and says whether the time-out strikes.
type timeoutCase struct {
	name string
	do   func(s *Session, wait func(time.Duration))
	want bool
}

func runTimeouts(t *testing.T, timeout time.Duration, cases []timeoutCase) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			clock := &testClock{}
			r := newTestRelay(t, Options{Timeout: timeout, Clock: clock.read, Workers: 1})
			s, notices := listen(t, r)
			tt.do(s, clock.advance)
			r.sweep()
			if tt.want {
				if got := next(t, notices); got.Kind != NoticeTimeout {
					t.Errorf("notice %+v, want the time-out", got)
				}
				clock.advance(timeout)
				r.sweep()
				if got := r.Metrics().Timeouts; got != 1 {
					t.Errorf("%d time-outs counted, want 1", got)
				}
			}
			none(t, notices)
		})
	}
}

func TestSilenceOfBothSidesIsNoticedOnce(t *testing.T) {
	t.Parallel()
	both := Remote{RTP: netip.MustParseAddrPort("127.0.0.1:9")}
	talk := func(s *Session) {
		s.Side(call.LegA).SetRemote(both)
		s.Side(call.LegB).SetRemote(both)
	}
	const timeout = 30 * time.Second
	runTimeouts(t, timeout, []timeoutCase{
		{"both peers known and silent", func(s *Session, wait func(time.Duration)) {
			s.Side(call.LegA).SetRemote(both)
			s.Side(call.LegB).SetRemote(Remote{})
			wait(timeout)
		}, true},
		{"not yet", func(s *Session, wait func(time.Duration)) {
			talk(s)
			wait(timeout - 1)
		}, false},
		{"while the phone rings there is no peer to be silent", func(s *Session, wait func(time.Duration)) {
			s.Side(call.LegA).SetRemote(both)
			wait(10 * timeout)
		}, false},
		{"the time starts with the second peer", func(s *Session, wait func(time.Duration)) {
			s.Side(call.LegA).SetRemote(both)
			wait(10 * timeout)
			s.Side(call.LegB).SetRemote(both)
			wait(timeout - 1)
		}, false},
		{"on hold", func(s *Session, wait func(time.Duration)) {
			talk(s)
			s.Hold(true)
			wait(10 * timeout)
		}, false},
		{"the time starts afresh after a hold", func(s *Session, wait func(time.Duration)) {
			talk(s)
			s.Hold(true)
			wait(10 * timeout)
			s.Hold(false)
			wait(timeout - 1)
		}, false},
		{"silent after a hold", func(s *Session, wait func(time.Duration)) {
			talk(s)
			s.Hold(true)
			wait(timeout)
			s.Hold(false)
			wait(timeout)
		}, true},
		{"the next target is rung in peace", func(s *Session, wait func(time.Duration)) {
			talk(s)
			s.Side(call.LegB).Reset()
			wait(10 * timeout)
		}, false},
		{"a session that is gone", func(s *Session, wait func(time.Duration)) {
			talk(s)
			s.Close()
			wait(10 * timeout)
		}, false},
	})
}

func TestRTPFromEitherSidePutsTheTimeoutOff(t *testing.T) {
	t.Parallel()
	clock := &testClock{}
	r := newTestRelay(t, Options{Timeout: 30 * time.Second, Clock: clock.read})
	s, notices := listen(t, r)
	a, b := newPhone(t, "127.0.0.1", s.Side(call.LegA)), newPhone(t, "127.0.0.1", s.Side(call.LegB))
	s.Side(call.LegA).SetRemote(a.remote())
	s.Side(call.LegB).SetRemote(b.remote())
	for seq := range uint16(3) {
		clock.advance(20 * time.Second)
		a.say(seq, 0xa)
		b.hears(seq)
		r.sweep()
	}
	if got := next(t, notices); got.Kind != NoticeFirstPacket {
		t.Errorf("notice %+v", got)
	}
	if got := next(t, notices); got != (Notice{Kind: NoticeSilence, Side: call.LegB}) {
		t.Errorf("notice %+v, want the silence of one side", got)
	}
	none(t, notices)
	clock.advance(20 * time.Second)
	a.sendRTCP(marshal(t, report(0xa)))
	b.read(b.rtcp)
	clock.advance(10 * time.Second)
	r.sweep()
	if got := next(t, notices); got.Kind != NoticeTimeout {
		t.Errorf("notice %+v: RTCP alone is no media", got)
	}
}

func TestTheTickerFindsASilentSession(t *testing.T) {
	t.Parallel()
	s, notices := listen(t, newTestRelay(t, Options{Timeout: 50 * time.Millisecond}))
	s.Side(call.LegA).SetRemote(Remote{})
	s.Side(call.LegB).SetRemote(Remote{})
	if got := next(t, notices); got.Kind != NoticeTimeout {
		t.Errorf("notice %+v, want the time-out", got)
	}
}

func TestSilenceOfOneSideIsNoticedEachTimeItLastsTwoTimeouts(t *testing.T) {
	t.Parallel()
	clock := &testClock{}
	r := newTestRelay(t, Options{Timeout: 30 * time.Second, Clock: clock.read})
	s, notices := listen(t, r)
	a, b := newPhone(t, "127.0.0.1", s.Side(call.LegA)), newPhone(t, "127.0.0.1", s.Side(call.LegB))
	s.Side(call.LegA).SetRemote(a.remote())
	s.Side(call.LegB).SetRemote(b.remote())
	pass := func(times int, seq uint16) { // the centre speaks all the time
		for i := range uint16(times) {
			clock.advance(20 * time.Second)
			b.say(seq+i, 0xb)
			a.hears(seq + i)
			r.sweep()
		}
	}
	pass(2, 0)
	if got := next(t, notices); got.Kind != NoticeFirstPacket {
		t.Errorf("notice %+v", got)
	}
	none(t, notices)
	for round := range uint16(2) {
		pass(3, 10*(round+1))
		if got := next(t, notices); got != (Notice{Kind: NoticeSilence, Side: call.LegA}) {
			t.Errorf("notice %+v, want the caller's silence", got)
		}
	}
	s.Hold(true)
	pass(7, 50)
	none(t, notices)
}
