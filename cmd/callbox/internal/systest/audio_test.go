package systest

import (
	"encoding/binary"
	"math"
	"os"
	"testing"
	"time"
)

// sound is what a mono 16-bit WAV file holds.
type sound struct {
	length time.Duration
	level  float64 // dBFS of the whole
	active time.Duration
	last   float64 // dBFS of the last second
}

// readWAV measures a mono 16-bit WAV file. Active are the 20 ms frames louder than -45 dBFS.
func readWAV(t *testing.T, path string) sound {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) < 44 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		t.Fatalf("%s is no WAV file", path)
	}
	rate := 0
	for at := 12; at+8 <= len(b); {
		id, size := string(b[at:at+4]), int(binary.LittleEndian.Uint32(b[at+4:]))
		data := b[at+8 : min(at+8+size, len(b))]
		switch id {
		case "fmt ":
			rate = int(binary.LittleEndian.Uint32(data[4:]))
		case "data":
			return measure(data, rate)
		}
		at += 8 + size + size%2
	}
	t.Fatalf("%s has no data", path)
	return sound{}
}

func measure(pcm []byte, rate int) sound {
	frame := rate / 50 * 2
	active := 0
	for at := 0; at < len(pcm); at += frame {
		if level(pcm[at:min(at+frame, len(pcm))]) > -45 {
			active++
		}
	}
	return sound{
		length: time.Duration(len(pcm)/2) * time.Second / time.Duration(rate),
		level:  level(pcm),
		active: time.Duration(active) * 20 * time.Millisecond,
		last:   level(pcm[max(len(pcm)-2*rate, 0):]),
	}
}

// level returns the dBFS of 16-bit samples.
func level(pcm []byte) float64 {
	var sum float64
	for i := 0; i+1 < len(pcm); i += 2 {
		v := float64(int16(binary.LittleEndian.Uint16(pcm[i:]))) / 32768
		sum += v * v
	}
	return decibels(sum, len(pcm)/2)
}

func decibels(sum float64, samples int) float64 {
	if sum == 0 || samples == 0 {
		return math.Inf(-1)
	}
	return 10 * math.Log10(sum/float64(samples))
}

// tone returns seconds of a 440 Hz tone at 8 kHz as samples.
func tone(seconds int) []int16 {
	s := make([]int16, seconds*8000)
	for i := range s {
		s[i] = int16(8000 * math.Sin(2*math.Pi*440*float64(i)/8000))
	}
	return s
}

// ulaw encodes samples as G.711 µ-law.
func ulaw(samples []int16) []byte {
	b := make([]byte, len(samples))
	for i, s := range samples {
		b[i] = ulawOf(int(s))
	}
	return b
}

func ulawOf(s int) byte {
	const bias, clip = 0x84, 32635
	sign := 0
	if s < 0 {
		sign, s = 0x80, -s
	}
	s = min(s, clip) + bias
	exponent := 7
	for mask := 0x4000; exponent > 0 && s&mask == 0; mask >>= 1 {
		exponent--
	}
	return ^byte(sign | exponent<<4 | s>>(exponent+3)&0x0f)
}

// writeWAV writes samples at 8 kHz.
func writeWAV(t *testing.T, path string, samples []int16) {
	t.Helper()
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00")
	b = binary.LittleEndian.AppendUint32(b, 8000)
	b = binary.LittleEndian.AppendUint32(b, 16000)
	b = append(b, 2, 0, 16, 0, 'd', 'a', 't', 'a')
	b = binary.LittleEndian.AppendUint32(b, uint32(2*len(samples)))
	for _, s := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestWAVFilesAreMeasured(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/tone.wav"
	writeWAV(t, path, tone(2))
	s := readWAV(t, path)
	if s.length != 2*time.Second || s.active != 2*time.Second || math.Abs(s.level+15.3) > 0.5 || math.Abs(s.last+15.3) > 0.5 {
		t.Errorf("a two-second tone at -15.3 dBFS is measured as %+v", s)
	}
}
