package audio

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// steady is a source of one sample value.
type steady int16

func (v steady) Frame(dst []int16) bool {
	for i := range dst {
		dst[i] = int16(v)
	}
	return true
}

// clipOf returns n samples of value v, which mu-law keeps.
func clipOf(v int16, n int) Clip {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = v
	}
	return NewClip(pcm)
}

func TestPlayerPlaysClipsWithoutAGapAndThenIdles(t *testing.T) {
	p := NewPlayer(steady(5))
	done := 0
	p.Play([]Clip{clipOf(988, 100), nil, clipOf(-988, 100)}, func() { done++ })
	dst := make([]int16, FrameSamples)
	if !p.Frame(dst) || dst[99] != 988 || dst[100] != -988 || done != 0 {
		t.Fatalf("first frame turns at %v, done %d", dst[99:101], done)
	}
	if !p.Frame(dst) || dst[39] != -988 || dst[40] != 0 || done != 1 {
		t.Fatalf("second frame ends with %v, done %d", dst[39:41], done)
	}
	if !p.Frame(dst) || dst[0] != 5 || done != 1 {
		t.Errorf("then came %d, done %d", dst[0], done)
	}
}

func TestPlayerWithNothingToPlayIsDoneAtOnce(t *testing.T) {
	p, done := NewPlayer(nil), 0
	p.Play(nil, func() { done++ })
	dst := make([]int16, FrameSamples)
	p.Frame(dst)
	if done != 1 {
		t.Error("the end was not told")
	}
	if p.Frame(dst) {
		t.Error("a player without an idle source sends")
	}
}

func TestPlayerForgetsWhatIsReplaced(t *testing.T) {
	p := NewPlayer(steady(7))
	p.Play([]Clip{clipOf(988, 1000)}, func() { t.Error("the end of a replaced clip was told") })
	dst := make([]int16, FrameSamples)
	p.Frame(dst)
	p.Stop()
	if p.Frame(dst); dst[0] != 7 {
		t.Errorf("after Stop came %d", dst[0])
	}
	p.Idle(Quiet{})
	if p.Frame(dst); dst[0] != 0 {
		t.Errorf("the new idle source gave %d", dst[0])
	}
}

func TestEchoGivesBackWhatItHears(t *testing.T) {
	var e Echo
	dst, heard := make([]int16, FrameSamples), make([]int16, FrameSamples)
	var got []int16
	for i := range 8 {
		if i < 5 {
			steady(i + 1).Frame(heard)
			e.Hear(heard)
		}
		if !e.Frame(dst) {
			t.Fatal("an echo ended")
		}
		got = append(got, dst[0])
	}
	want := []int16{0, 0, 1, 2, 3, 4, 5, 0} // after three frames of waiting
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEchoDropsTheOldest(t *testing.T) {
	var e Echo
	frame := make([]int16, FrameSamples)
	for i := range 25 {
		steady(i).Frame(frame)
		e.Hear(frame)
	}
	e.Frame(frame)
	if frame[0] != 25-echoFrames {
		t.Errorf("the oldest kept is %d, want %d", frame[0], 25-echoFrames)
	}
}
