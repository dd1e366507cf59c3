package media

import (
	"math"

	"callbox/sip/audio"
)

const (
	lineSize = 1600 // samples that wait at most: 200 ms
	lineFill = 480  // samples that wait before they are taken: 60 ms, against jitter
)

// line is speech between who says it and the next frame: a short queue of samples. When it runs over, the oldest go;
// when it runs dry it fills anew before more is taken.
type line struct {
	samples [lineSize]int16
	first   int
	n       int
	flowing bool
	last    uint16 // RTP sequence number
	begun   bool
}

// fresh tells whether a packet is to be heard: neither one that came before, nor one that is too late. A sequence that
// jumps far is a new one.
func (l *line) fresh(seq uint16) bool {
	behind := int16(l.last - seq)
	if l.begun && behind >= 0 && behind < 100 {
		return false
	}
	l.last, l.begun = seq, true
	return true
}

func (l *line) put(pcm []int16) {
	if len(pcm) > lineSize {
		pcm = pcm[len(pcm)-lineSize:]
	}
	if over := l.n + len(pcm) - lineSize; over > 0 {
		l.drop(over)
	}
	at := (l.first + l.n) % lineSize
	n := copy(l.samples[at:], pcm)
	copy(l.samples[:], pcm[n:])
	l.n += len(pcm)
}

func (l *line) drop(n int) {
	l.first = (l.first + n) % lineSize
	l.n -= n
}

// take hands up to n samples to each, false where there are none.
func (l *line) take(n int, each func(i int, sample int16)) bool {
	if !l.flowing && l.n < lineFill {
		return false
	}
	got := min(n, l.n)
	l.flowing = got == n
	for i := range got {
		each(i, l.samples[(l.first+i)%lineSize])
	}
	l.drop(got)
	return got > 0
}

// mixer adds up samples of several, and keeps what is too loud at the loudest there is.
type mixer struct {
	sum [maxPacket]int32
	pcm [maxPacket]int16
	out [maxPacket]int16
	n   int
}

// begin starts a mixture of n samples, silent as yet.
func (m *mixer) begin(n int) {
	m.n = min(n, len(m.sum))
	clear(m.sum[:m.n])
}

// add adds what waits in a line, false where that is nothing.
func (m *mixer) add(l *line) bool {
	return l.take(m.n, func(i int, s int16) { m.sum[i] += int32(s) })
}

func (m *mixer) addSamples(pcm []int16) {
	for i, s := range pcm[:min(len(pcm), m.n)] {
		m.sum[i] += int32(s)
	}
}

// decode returns the samples of a payload; they are good until the next.
func (m *mixer) decode(codec audio.Codec, payload []byte) []int16 {
	return m.pcm[:codec.Decode(m.pcm[:], payload)]
}

// result returns the mixture; it is good until the next.
func (m *mixer) result() []int16 {
	for i, s := range m.sum[:m.n] {
		m.out[i] = int16(max(math.MinInt16, min(math.MaxInt16, s)))
	}
	return m.out[:m.n]
}
