package media

import (
	"bytes"
	"crypto/rand"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"callbox/sip/call"
)

func newKey(t testing.TB, s Suite) Key {
	t.Helper()
	k := Key{Suite: s, Key: make([]byte, suites[s].key), Salt: make([]byte, suites[s].salt)}
	rand.Read(k.Key)
	rand.Read(k.Salt)
	return k
}

// cipher is the far end of a protected side.
type cipher struct {
	t       testing.TB
	ours    Key // with which the far end sends
	edge    Key // with which the edge does
	out, in *srtp.Context
}

func newCipher(t testing.TB, s Suite) *cipher {
	c := &cipher{t: t, ours: newKey(t, s), edge: newKey(t, s)}
	c.out = c.ours.context()
	c.in = c.edge.context(srtp.SRTPReplayProtection(64), srtp.SRTCPReplayProtection(64))
	return c
}

func (c *cipher) keys() *Keys {
	k, err := NewKeys(c.edge, c.ours)
	if err != nil {
		c.t.Fatal(err)
	}
	return k
}

func (c *cipher) rekey() {
	c.ours = newKey(c.t, c.ours.Suite)
	c.out = c.ours.context()
}

func (c *cipher) rtp(seq uint16, ssrc uint32) []byte {
	c.t.Helper()
	b, err := c.out.EncryptRTP(nil, marshal(c.t, voice(seq, ssrc)), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return b
}

func (c *cipher) rtcp(ssrc uint32) []byte {
	c.t.Helper()
	b, err := c.out.EncryptRTCP(nil, marshal(c.t, report(ssrc)), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return b
}

// secureBridge is a bridge whose side A is SRTP.
func secureBridge(t testing.TB, r *Relay, s Suite) (*bridge, *cipher) {
	t.Helper()
	br, c := newBridge(t, r, "127.0.0.1", "127.0.0.1"), newCipher(t, s)
	br.reoffer(c)
	return br, c
}

func (br *bridge) reoffer(c *cipher) {
	rem := br.a.remote()
	rem.Keys = c.keys()
	br.s.Side(call.LegA).SetRemote(rem)
}

// hearsSealed waits for SRTP at p and returns what it holds.
func (c *cipher) hearsSealed(p *phone) rtp.Packet {
	p.t.Helper()
	b, _ := p.read(p.rtp)
	plain, err := c.in.DecryptRTP(nil, b, nil)
	if err != nil {
		p.t.Fatalf("heard what is not SRTP under the key agreed on: %v: % x", err, b[:12])
	}
	var got rtp.Packet
	if err := got.Unmarshal(plain); err != nil {
		p.t.Fatal(err)
	}
	return got
}

// hearsReport has B send RTCP and A take it.
func (c *cipher) hearsReport(br *bridge) {
	c.t.Helper()
	br.b.sendRTCP(marshal(c.t, report(0xb)))
	b, _ := br.a.read(br.a.rtcp)
	if _, err := c.in.DecryptRTCP(nil, b, nil); err != nil {
		c.t.Errorf("RTCP cannot be opened: %v", err)
	}
}

func everySuite(t *testing.T, f func(t *testing.T, s Suite)) {
	for s := AESCM128HMACSHA180; int(s) < len(suites); s++ {
		t.Run(s.String(), func(t *testing.T) { f(t, s) })
	}
}

func TestSRTPOnOneSideAndRTPOnTheOther(t *testing.T) {
	r := newTestRelay(t, Options{Timeout: -1})
	everySuite(t, func(t *testing.T, s Suite) {
		br, c := secureBridge(t, r, s)
		for seq := uint16(1); seq < 4; seq++ {
			sealed := c.rtp(seq, 0xa)
			br.a.send(sealed)
			b, _ := br.b.read(br.b.rtp)
			if want := marshal(t, voice(seq, 0xa)); !bytes.Equal(b, want) || bytes.Contains(sealed, want[12:]) {
				t.Fatalf("%d arrives as % x", seq, b[:16])
			}
			br.b.say(seq, 0xb)
			if got := c.hearsSealed(br.a); got.SequenceNumber != seq || !bytes.Equal(got.Payload, voice(seq, 0xb).Payload) {
				t.Fatalf("%d comes back as %v", seq, got)
			}
		}
		br.a.sendRTCP(c.rtcp(0xa))
		if b, _ := br.b.read(br.b.rtcp); !bytes.Equal(b, marshal(t, report(0xa))) {
			t.Errorf("RTCP arrives as % x", b)
		}
		br.b.sendRTCP(marshal(t, report(0xb)))
		b, _ := br.a.read(br.a.rtcp)
		if plain, err := c.in.DecryptRTCP(nil, b, nil); err != nil || !bytes.Equal(plain, marshal(t, report(0xb))) {
			t.Errorf("RTCP comes back as % x: %v", b, err)
		}
		if f := br.s.Stats().FromCaller; f.SRTP != s.String() || f.Dropped != 0 || f.Packets != 3 || f.RTCPPackets != 1 {
			t.Errorf("figures: %+v", f)
		}
	})
}

func TestWhatIsNotThePeersNeitherPassesNorLatches(t *testing.T) {
	r := newTestRelay(t, Options{Timeout: -1})
	everySuite(t, func(t *testing.T, s Suite) {
		br, c := secureBridge(t, r, s)
		stranger := newPhone(t, "127.0.0.1", br.s.Side(call.LegA))
		forged := c.rtp(1, 0xa)
		forged[len(forged)-1] ^= 1
		short := c.rtp(2, 0xa)[:14]
		for i, b := range [][]byte{marshal(t, voice(1, 0xa)), forged, short, newCipher(t, s).rtp(1, 0xa)} {
			stranger.send(b)
			dropped(t, br.s, call.LegA, uint64(i+1))
		}
		forgedRTCP := c.rtcp(0xa)
		forgedRTCP[9] ^= 1
		stranger.sendRTCP(forgedRTCP)
		stranger.sendRTCP(marshal(t, report(0xa)))
		stranger.send(c.rtcp(0xa)[:12])
		dropped(t, br.s, call.LegA, 7)
		br.b.say(1, 0xb)
		c.hearsSealed(br.a) // and not the stranger
		stranger.hearsNothing()
		if f := br.s.Stats().FromCaller; f.Forged != 7 || f.Replayed != 0 || f.LatchSwitches != 0 {
			t.Errorf("figures: %+v", f)
		}
		br.a.send(c.rtp(3, 0xa))
		br.b.hears(3)
	})
}

func TestACopyIsDroppedAndMovesNoLatch(t *testing.T) {
	r := newTestRelay(t, Options{Timeout: -1})
	everySuite(t, func(t *testing.T, s Suite) {
		br, c := secureBridge(t, r, s)
		stranger := newPhone(t, "127.0.0.1", br.s.Side(call.LegA))
		first, report := c.rtp(1, 0xa), c.rtcp(0xa)
		br.a.send(first)
		br.b.hears(1)
		br.a.sendRTCP(report)
		br.b.read(br.b.rtcp)
		for seq := uint16(2); seq < 200; seq++ {
			br.a.send(c.rtp(seq, 0xa))
			br.b.hears(seq)
		}
		for _, b := range [][]byte{first, c.rtp(199, 0xa)} { // far behind the window, and within
			stranger.send(b)
		}
		stranger.sendRTCP(report)
		dropped(t, br.s, call.LegA, 3)
		if f := br.s.Stats().FromCaller; f.Replayed != 3 || f.Forged != 0 || f.LatchSwitches != 0 {
			t.Errorf("figures: %+v", f)
		}
		br.b.hearsNothing()
	})
	m := r.Metrics()
	if m.DroppedReplayed != 12 || m.DroppedForged != 0 {
		t.Errorf("metrics: %+v", m)
	}
}

// A phone behind a NAT nobody knows of is heard at once, since its key vouches for it.
func TestAKeyVouchesForAnAddress(t *testing.T) {
	r := newTestRelay(t, Options{Timeout: -1})
	br, c := secureBridge(t, r, AESCM128HMACSHA180)
	far := newPhone(t, "127.0.0.2", br.s.Side(call.LegA))
	far.toRTP = br.a.toRTP
	far.send(c.rtp(1, 0xa))
	br.b.hears(1)
	br.b.say(1, 0xb)
	c.hearsSealed(far)
}

func TestTheRolloverCounterGoesOn(t *testing.T) {
	r := newTestRelay(t, Options{Timeout: -1})
	everySuite(t, func(t *testing.T, s Suite) {
		br, c := secureBridge(t, r, s)
		say := func(seq uint16) {
			t.Helper()
			br.a.send(c.rtp(seq, 0xa))
			br.b.hears(seq)
			br.b.say(seq, 0xb)
			c.hearsSealed(br.a)
		}
		for _, seq := range []uint16{20000, 40000, 60000, 65533} {
			say(seq)
		}
		late := c.rtp(65534, 0xa)
		lost := c.rtp(65535, 0xa)
		_ = lost
		c.rtp(0, 0xa) // lost, too
		say(1)
		br.a.send(late)
		br.b.hears(65534)
		second := c.rtp(2, 0xa)
		br.a.send(second)
		br.b.hears(2)
		c.hearsReport(br)
		br.reoffer(c) // on hold and back: the same keys
		c.hearsReport(br)
		br.a.send(second)
		dropped(t, br.s, call.LegA, 1)
		for _, seq := range []uint16{3, 30000, 60000} {
			say(seq)
		}
		say(5) // a second wrap
		br.a.send(late)
		dropped(t, br.s, call.LegA, 2)
		if f := br.s.Stats().FromCaller; f.Replayed+f.Forged != 2 || f.Replayed < 1 {
			t.Errorf("copies from before the re-INVITE: %+v", f)
		}
	})
}

func TestAPeerIsRekeyed(t *testing.T) {
	for _, restarts := range []bool{false, true} {
		r := newTestRelay(t, Options{Timeout: -1})
		br, c := secureBridge(t, r, AESCM128HMACSHA180)
		for _, seq := range []uint16{30000, 60000, 10} {
			br.a.send(c.rtp(seq, 0xa))
			br.b.hears(seq)
		}
		under, old := c.rtp(11, 0xa), c.rtp(12, 0xa)
		c.rekey()
		if !restarts {
			c.out.SetROC(0xa, 1)
		}
		br.reoffer(c)
		br.a.send(under) // it was on its way
		br.b.hears(11)
		br.a.send(c.rtp(13, 0xa))
		br.b.hears(13)
		br.a.send(old)
		br.b.hears(12)
		br.a.send(c.rtp(14, 0xa))
		br.b.hears(14)
		br.b.say(7, 0xb)
		c.hearsSealed(br.a) // our key is the same
		if f := br.s.Stats().FromCaller; f.Dropped != 0 {
			t.Errorf("restarts %v: %+v", restarts, f)
		}
	}
}

// A peer that takes another's place has heard nothing of the stream: to it the rollover counter is 0.
func TestTheNextPeerBeginsAtTheFirstRollover(t *testing.T) {
	r := newTestRelay(t, Options{Timeout: -1})
	everySuite(t, func(t *testing.T, s Suite) {
		br, c := secureBridge(t, r, s)
		for _, seq := range []uint16{1, 30000, 60000, 20000} {
			br.b.say(seq, 0xb)
			c.hearsSealed(br.a)
		}
		next := newCipher(t, s)
		br.s.Side(call.LegA).Reset()
		br.reoffer(next)
		br.b.say(20001, 0xb)
		next.hearsSealed(br.a)
		br.reoffer(next)
		br.b.say(20002, 0xb)
		next.hearsSealed(br.a)
	})
}

func TestAFormerKeyEnds(t *testing.T) {
	old, k := newKey(t, AEADAES128GCM), newKey(t, AEADAES128GCM)
	far := old.context()
	seal := func(ctx *srtp.Context, seq uint16) []byte {
		b, err := ctx.EncryptRTP(nil, marshal(t, voice(seq, 0xa)), nil)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	o := newOpener(k, newOpener(old, nil))
	dst := make([]byte, 0, 2000)
	for _, step := range []struct {
		packet []byte
		at     time.Duration
		want   dropReason
	}{
		{seal(far, 1), time.Hour, noDrop}, // until the new key is heard, however long that takes
		{seal(k.context(), 2), time.Hour, noDrop},
		{seal(far, 3), time.Hour + time.Second, noDrop},
		{seal(far, 4), time.Hour + keyOverlap, dropForged},
	} {
		if _, got := o.openRTP(dst, step.packet, step.at); got != step.want {
			t.Errorf("at %v: %v, want %v", step.at, got, step.want)
		}
	}
}

// All packets around a wrap are lost: the stream is found again.
func TestALostWrapIsMadeUpFor(t *testing.T) {
	for _, first := range []bool{false, true} {
		k := newKey(t, AESCM128HMACSHA132)
		far, o := k.context(), newOpener(k, nil)
		send := func(seq uint16) dropReason {
			b, err := far.EncryptRTP(nil, marshal(t, voice(seq, 0xa)), nil)
			if err != nil {
				t.Fatal(err)
			}
			_, reason := o.openRTP(make([]byte, 0, 2000), b, 0)
			return reason
		}
		if !first && send(40000) != noDrop {
			t.Fatal("the first packet")
		}
		far.SetROC(0xa, 1)
		for seq := uint16(50000); seq < 50000+resyncAfter-1; seq++ {
			if got := send(seq); got != dropForged {
				t.Fatalf("%d: %v", seq, got)
			}
		}
		for seq := uint16(50010); seq < 50014; seq++ {
			if got := send(seq); got != noDrop {
				t.Fatalf("%d is not followed: %v", seq, got)
			}
		}
	}
}

func TestNothingPassesBeforeTheKeyIsKnown(t *testing.T) {
	r := newTestRelay(t, Options{Timeout: -1})
	s := openSession(t, r, nil)
	a, b := newPhone(t, "127.0.0.1", s.Side(call.LegA)), newPhone(t, "127.0.0.1", s.Side(call.LegB))
	s.Side(call.LegA).SetRemote(a.remote())
	s.Side(call.LegB).Await()
	b.say(1, 0xb)
	dropped(t, s, call.LegB, 1)
	s.Side(call.LegB).SetRemote(b.remote())
	b.say(2, 0xb)
	a.hears(2)
}

func TestNewKeysSaysWhatIsWrong(t *testing.T) {
	good := newKey(t, AEADAES128GCM)
	for _, bad := range []Key{{}, {Suite: 9}, {Suite: AEADAES256GCM, Key: good.Key, Salt: good.Salt}, {Suite: AEADAES128GCM, Key: good.Key}} {
		if _, err := NewKeys(good, bad); err == nil || bytes.Contains([]byte(err.Error()), good.Key) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	for s := AESCM128HMACSHA180; int(s) < len(suites); s++ {
		if got, ok := SuiteNamed(s.String()); !ok || got != s {
			t.Errorf("%v is named %v", s, got)
		}
	}
}
