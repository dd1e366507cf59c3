package audio

import (
	"math"
	"time"
)

// Clip is audio as it is kept: mu-law codes. It is never changed once made and may be shared.
type Clip []byte

// maxSilence is the longest clip of Silence.
const maxSilence = 2 * time.Second

// silence backs every clip of Silence. It is never written to.
var silence = func() Clip {
	c := make(Clip, samples(maxSilence))
	for i := range c {
		c[i] = 0xFF // the mu-law code of 0
	}
	return c
}()

// NewClip returns pcm as a Clip.
func NewClip(pcm []int16) Clip {
	c := make(Clip, len(pcm))
	PCMU.Encode(c, pcm)
	return c
}

// Silence returns a clip of silence, of two seconds at most. It takes no memory of its own.
func Silence(d time.Duration) Clip { return silence[:samples(min(max(d, 0), maxSilence))] }

// Duration returns how long the clip plays.
func (c Clip) Duration() time.Duration { return time.Duration(len(c)) * time.Second / SampleRate }

// PCM returns the clip's samples in a slice of their own.
func (c Clip) PCM() []int16 {
	pcm := make([]int16, len(c))
	PCMU.Decode(pcm, c)
	return pcm
}

func samples(d time.Duration) int { return int(d * SampleRate / time.Second) }

// LevelSilence is the level of digital silence, in dBFS.
const LevelSilence = -96.0

// Level returns the RMS level of pcm in dBFS, where a sine of full scale is at -3. It is LevelSilence at the least, and
// for no samples at all.
func Level(pcm []int16) float64 {
	var m Meter
	m.Add(pcm)
	return m.Level()
}

// Meter measures the level of audio that comes in pieces. The zero value is ready for use.
type Meter struct {
	squares float64
	count   float64
}

// Add takes pcm into the measurement.
func (m *Meter) Add(pcm []int16) {
	var sum uint64
	for _, s := range pcm {
		sum += uint64(int64(s) * int64(s))
	}
	m.squares += float64(sum)
	m.count += float64(len(pcm))
}

// Level returns the RMS level of everything added, as the function Level does.
func (m *Meter) Level() float64 {
	if m.count == 0 || m.squares == 0 {
		return LevelSilence
	}
	return max(10*math.Log10(m.squares/m.count/(32768*32768)), LevelSilence)
}

// Normalize returns pcm at the level in dBFS, or as near to it as its loudest sample allows.
func Normalize(pcm []int16, level float64) []int16 {
	gain := math.Pow(10, (level-Level(pcm))/20)
	for _, s := range pcm {
		gain = min(gain, 30000/max(math.Abs(float64(s)), 1))
	}
	out := make([]int16, len(pcm))
	for i, s := range pcm {
		out[i] = clamp(float64(s) * gain)
	}
	return out
}
