package sim

import (
	"testing"

	"callbox/sip/audio"
)

func TestALoopTellsThatItIsDoneAfterItsLastPacketIsAway(t *testing.T) {
	t.Parallel()
	done := 0
	l := loop{done: func() { done++ }}
	var frame [audio.FrameSamples]int16
	if l.Frame(frame[:]) {
		t.Error("a packet went before one came")
	}
	l.hear(make([]int16, 5*audio.FrameSamples))
	for i := range loopPackets {
		if !l.Frame(frame[:]) || done != 0 {
			t.Errorf("packet %d: done %d times", i, done)
		}
	}
	for range 2 {
		if l.Frame(frame[:]) || done != 1 {
			t.Errorf("after the last: done %d times", done)
		}
	}
}
