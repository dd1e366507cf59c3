package media

import (
	"testing"

	"callbox/sip/call"
)

func TestAPlainStreamThatBeginsAgainGoesOn(t *testing.T) {
	r := newTestRelay(t, Options{Timeout: -1})
	br, c := secureBridge(t, r, AEADAES256GCM)
	hear := func(sent, want uint16) {
		t.Helper()
		br.b.say(sent, 0xb)
		if got := c.hearsSealed(br.a); got.SequenceNumber != want {
			t.Fatalf("%d comes as %d, want %d", sent, got.SequenceNumber, want)
		}
	}
	hear(65000, 65000&^0x8000) // in the lower half
	hear(65001, 65001&^0x8000)
	hear(65003, 65003&^0x8000)
	hear(65002, 65002&^0x8000)
	br.b.say(65003, 0xb) // a copy
	dropped(t, br.s, call.LegB, 1)
	br.b.say(60000, 0xb) // the stream begins again
	dropped(t, br.s, call.LegB, 2)
	hear(60001, 65004&^0x8000)
	hear(60002, 65005&^0x8000)
	br.b.say(5, 0xc) // another stream
	if got := c.hearsSealed(br.a); got.SSRC != 0xc || got.SequenceNumber != 5 {
		t.Errorf("another stream: %v", got)
	}
	hear(60003, 65006&^0x8000)
}

// Who changes the SSRC with every packet gets no memory for it, and no number twice.
func TestStreamsAreBounded(t *testing.T) {
	r := newTestRelay(t, Options{Timeout: -1})
	br, c := secureBridge(t, r, AESCM128HMACSHA180)
	for i := range uint32(maxStreams + 20) {
		br.b.say(1, 1000+i)
		br.b.sendRTCP(marshal(t, report(1000+i)))
		br.a.send(c.rtp(1, 1000+i))
	}
	dropped(t, br.s, call.LegA, 20)
	dropped(t, br.s, call.LegB, 40)
	if f := br.s.Stats().FromCaller; f.Packets != maxStreams {
		t.Errorf("figures: %+v", f)
	}
}

// A re-INVITE that is taken back brings the key of before back, after RTP or another key. No number comes twice under it.
func TestAKeyThatComesBackGoesOn(t *testing.T) {
	r := newTestRelay(t, Options{Timeout: -1})
	for _, between := range []*Keys{nil, newCipher(t, AEADAES128GCM).keys()} {
		br, c := secureBridge(t, r, AESCM128HMACSHA180)
		seen := map[uint16]bool{}
		say := func(from, to uint16) {
			t.Helper()
			for seq := from; seq != to; seq++ {
				br.b.say(seq, 0xb)
				got := c.hearsSealed(br.a) // whose window lets no number pass twice
				if seen[got.SequenceNumber] {
					t.Fatalf("%d was there before", got.SequenceNumber)
				}
				seen[got.SequenceNumber] = true
			}
		}
		say(40000, 40010)
		c.hearsReport(br)
		rem := br.a.remote()
		rem.Keys = between
		br.s.Side(call.LegA).SetRemote(rem)
		for seq := uint16(40010); seq < 40013; seq++ {
			br.b.say(seq, 0xb)
			br.a.read(br.a.rtp)
		}
		br.b.sendRTCP(marshal(t, report(0xb)))
		br.a.read(br.a.rtcp)
		br.reoffer(c)
		say(40013, 40020)
		c.hearsReport(br)
	}
}

// Where RTP came between, the stream may even have begun anew.
func TestAStreamThatBeginsAnewUnderAKeyThatComesBack(t *testing.T) {
	r := newTestRelay(t, Options{Timeout: -1})
	br, c := secureBridge(t, r, AEADAES256GCM)
	for _, seq := range []uint16{100, 101, 102} {
		br.b.say(seq, 0xb)
		c.hearsSealed(br.a)
	}
	rem := br.a.remote()
	br.s.Side(call.LegA).SetRemote(rem)
	br.b.say(7, 0xb)
	br.a.read(br.a.rtp)
	br.reoffer(c)
	br.b.say(100, 0xb)
	dropped(t, br.s, call.LegB, 1)
	br.b.say(101, 0xb)
	if got := c.hearsSealed(br.a); got.SequenceNumber != 103 {
		t.Errorf("101 comes as %d", got.SequenceNumber)
	}
}

// Nor is what a peer has sent under that key taken twice.
func TestAKeyOfThePeerThatComesBackKnowsCopies(t *testing.T) {
	r := newTestRelay(t, Options{Timeout: -1})
	br, c := secureBridge(t, r, AESCM128HMACSHA180)
	old := c.rtp(7, 0xa)
	br.a.send(old)
	br.b.hears(7)
	other := newCipher(t, AEADAES128GCM)
	br.reoffer(other) // and taken back
	br.reoffer(c)
	br.a.send(old)
	dropped(t, br.s, call.LegA, 1)
	br.a.send(other.rtp(8, 0xa)) // it was on its way
	br.b.hears(8)
	br.a.send(c.rtp(9, 0xa))
	br.b.hears(9)
	if f := br.s.Stats().FromCaller; f.Replayed != 1 || f.Dropped != 1 {
		t.Errorf("figures: %+v", f)
	}
}
