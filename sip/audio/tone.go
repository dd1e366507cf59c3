package audio

import (
	"math"
	"time"
)

// Tone is a cadence of up to two frequencies. It is a Source for one stream, without end.
type Tone struct {
	Hz      [2]float64    // 0 for none
	On, Off time.Duration // an Off of 0 is a steady tone
	DBFS    float64       // level of each frequency's peak, at most 0

	at int // samples played
}

// RingBack returns the ring-back tone of North America: 440 and 480 Hz, two seconds on and four off.
func RingBack() *Tone {
	return &Tone{Hz: [2]float64{440, 480}, On: 2 * time.Second, Off: 4 * time.Second, DBFS: -19}
}

// Beep returns a steady tone of 440 Hz.
func Beep() *Tone { return &Tone{Hz: [2]float64{440}, On: time.Second, DBFS: -12} }

// Frame implements Source.
func (t *Tone) Frame(dst []int16) bool {
	on, period := samples(t.On), samples(t.On+t.Off)
	amplitude := 32767 * math.Pow(10, min(t.DBFS, 0)/20)
	for i := range dst {
		dst[i] = 0
		if period <= 0 || t.at%period < on {
			dst[i] = clamp(amplitude * t.wave())
		}
		t.at++
	}
	return true
}

func (t *Tone) wave() (v float64) {
	for _, hz := range t.Hz {
		if hz > 0 {
			v += math.Sin(2 * math.Pi * hz * float64(t.at) / SampleRate)
		}
	}
	return v
}

// Clip returns the first d of the tone.
func (t *Tone) Clip(d time.Duration) Clip {
	pcm := make([]int16, samples(max(d, 0)))
	fresh := Tone{Hz: t.Hz, On: t.On, Off: t.Off, DBFS: t.DBFS}
	fresh.Frame(pcm)
	return NewClip(pcm)
}
