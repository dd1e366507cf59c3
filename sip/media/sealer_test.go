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
