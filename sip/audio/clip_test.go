package audio

import (
	"math"
	"testing"
	"time"
)

// sine returns d of a sine at SampleRate.
func sine(hz, amplitude float64, n int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(math.Round(amplitude * math.Sin(2*math.Pi*hz*float64(i)/SampleRate)))
	}
	return pcm
}

func TestLevel(t *testing.T) {
	for _, tc := range []struct {
		name string
		pcm  []int16
		want float64
	}{
		{"of a sine of full scale is -3 dBFS", sine(1000, 32767, 8000), -3.01},
		{"of a sine of a tenth is -23 dBFS", sine(1000, 3276.7, 8000), -23.01},
		{"of silence is the least", make([]int16, 100), LevelSilence},
		{"of nothing is the least", nil, LevelSilence},
		{"of the loudest square wave is 0 dBFS", []int16{-32768, -32768}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Level(tc.pcm); math.Abs(got-tc.want) > 0.02 {
				t.Errorf("Level = %.2f, want %.2f", got, tc.want)
			}
		})
	}
}

func TestMeterMeasuresPiecesAsAWhole(t *testing.T) {
	pcm := append(sine(700, 10000, 800), make([]int16, 800)...)
	var m Meter
	for i := 0; i < len(pcm); i += 100 {
		m.Add(pcm[i : i+100])
	}
	if got, want := m.Level(), Level(pcm); math.Abs(got-want) > 1e-9 {
		t.Errorf("pieces measure %.3f, the whole %.3f", got, want)
	}
}

func TestNormalize(t *testing.T) {
	if got := Level(Normalize(sine(500, 300, 8000), -20)); math.Abs(got+20) > 0.1 {
		t.Errorf("quiet sine came to %.2f dBFS, want -20", got)
	}
	loud := make([]int16, 8000)
	loud[100] = 20000 // one click: bringing its RMS to -20 dBFS would clip it
	if got := Normalize(loud, -20)[100]; got > 30000 || got < 29000 {
		t.Errorf("peak became %d, want 30000", got)
	}
	for _, s := range Normalize(make([]int16, 100), -20) {
		if s != 0 {
			t.Fatal("silence did not stay silent")
		}
	}
}

func TestClip(t *testing.T) {
	c := NewClip(sine(440, 8000, 1600))
	if c.Duration() != 200*time.Millisecond {
		t.Errorf("1600 samples last %v, want 200ms", c.Duration())
	}
	if got := Level(c.PCM()); math.Abs(got-Level(sine(440, 8000, 1600))) > 0.2 {
		t.Errorf("level of the clip is %.2f", got)
	}
	for _, tc := range []struct{ ask, want time.Duration }{
		{-time.Second, 0}, {0, 0}, {250 * time.Millisecond, 250 * time.Millisecond}, {time.Hour, maxSilence},
	} {
		s := Silence(tc.ask)
		if s.Duration() != tc.want || Level(s.PCM()) != LevelSilence {
			t.Errorf("Silence(%v) lasts %v at %.1f dBFS, want %v", tc.ask, s.Duration(), Level(s.PCM()), tc.want)
		}
	}
}

func TestResample(t *testing.T) {
	at := func(rate int, hz float64) []int16 { // one second
		pcm := make([]int16, rate)
		for i := range pcm {
			pcm[i] = int16(10000 * math.Sin(2*math.Pi*hz*float64(i)/float64(rate)))
		}
		return pcm
	}
	want := Level(sine(1000, 10000, 8000))
	for _, rate := range []int{8000, 11025, 16000, 22050, 44100, 48000, 6000} {
		out := Resample(at(rate, 1000), rate)
		if len(out) != 8000 {
			t.Errorf("%d Hz: one second became %d samples", rate, len(out))
		}
		if got := Level(out[400:7600]); math.Abs(got-want) > 0.2 {
			t.Errorf("%d Hz: a sine of 1 kHz came to %.2f dBFS, want %.2f", rate, got, want)
		}
	}
	if got := Level(Resample(at(48000, 7000), 48000)[400:7600]); got > -50 {
		t.Errorf("7 kHz, which 8 kHz audio cannot hold, aliased at %.1f dBFS", got)
	}
	if Resample([]int16{1, 2}, 0) != nil || Resample([]int16{1, 2}, -5) != nil || Resample(nil, 16000) != nil {
		t.Error("an impossible rate or no samples gave samples")
	}
}

func TestToneHasItsCadence(t *testing.T) {
	ring := RingBack()
	pcm := make([]int16, 8*SampleRate)
	for i := 0; i < len(pcm); i += FrameSamples {
		if !ring.Frame(pcm[i : i+FrameSamples]) {
			t.Fatal("a tone ended")
		}
	}
	for _, tc := range []struct {
		name     string
		from, to int // seconds
		sounds   bool
	}{{"first ring", 0, 2, true}, {"pause", 2, 6, false}, {"second ring", 6, 8, true}} {
		level := Level(pcm[tc.from*SampleRate : tc.to*SampleRate])
		if tc.sounds != (level > -30) {
			t.Errorf("%s is at %.1f dBFS", tc.name, level)
		}
	}
	if got := Beep().Clip(time.Second).Duration(); got != time.Second {
		t.Errorf("a beep of one second lasts %v", got)
	}
}
