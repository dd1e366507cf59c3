// Package audio is 8 kHz telephone audio: G.711, WAV files, levels, tones, and the RTP streams that carry it. It must
// not know SIP or SDP.
//
// Audio is []int16 at SampleRate wherever it is worked on, and mu-law bytes (Clip) wherever it is kept.
package audio

import "time"

// The framing of all audio in this package.
const (
	SampleRate   = 8000                  // samples per second
	FrameTime    = 20 * time.Millisecond // what one RTP packet carries
	FrameSamples = 160                   // samples in FrameTime
)

// Codec is a codec of G.711. Its value is its static RTP payload type (RFC 3551).
type Codec uint8

// The two codecs of G.711.
const (
	PCMU Codec = 0 // mu-law
	PCMA Codec = 8 // A-law
)

// String returns the codec's encoding name.
func (c Codec) String() string {
	if c == PCMA {
		return "PCMA"
	}
	return "PCMU"
}

// Encode writes the code of each sample to dst, as many as both hold, and returns how many.
func (c Codec) Encode(dst []byte, pcm []int16) int {
	n := min(len(dst), len(pcm))
	if c == PCMA {
		for i, s := range pcm[:n] {
			dst[i] = aLawCodes[uint16(s)>>4]
		}
		return n
	}
	for i, s := range pcm[:n] {
		dst[i] = muLawCodes[uint16(s)>>2]
	}
	return n
}

// Decode writes the sample of each code to dst, as many as both hold, and returns how many.
func (c Codec) Decode(dst []int16, codes []byte) int {
	n := min(len(dst), len(codes))
	table := &muLawSamples
	if c == PCMA {
		table = &aLawSamples
	}
	for i, b := range codes[:n] {
		dst[i] = table[b]
	}
	return n
}

// The tables are never written to. Those of codes are indexed by the bits of a sample that matter to the codec: 14 of
// 16 for mu-law, 12 for A-law.
var (
	muLawSamples = muLawSampleTable()
	aLawSamples  = aLawSampleTable()
	muLawCodes   = muLawCodeTable()
	aLawCodes    = aLawCodeTable()
)

func muLawSampleTable() (t [256]int16) {
	for i := range t {
		code := ^byte(i)
		exponent, mantissa := code>>4&7, int16(code&15)
		magnitude := ((mantissa<<3 + 132) << exponent) - 132
		if code&0x80 != 0 {
			magnitude = -magnitude
		}
		t[i] = magnitude
	}
	return t
}

func aLawSampleTable() (t [256]int16) {
	for i := range t {
		code := byte(i) ^ 0x55
		exponent, mantissa := code>>4&7, int16(code&15)
		magnitude := mantissa<<4 + 8
		if exponent > 0 {
			magnitude = (magnitude + 256) << (exponent - 1)
		}
		if code&0x80 == 0 {
			magnitude = -magnitude
		}
		t[i] = magnitude
	}
	return t
}

// muLawCodeTable follows the compression of ITU-T G.191 (ulaw_compress).
func muLawCodeTable() *[1 << 14]byte {
	t := new([1 << 14]byte)
	for i := range t {
		sample := int16(uint16(i) << 2)
		magnitude := int(sample) >> 2
		if sample < 0 {
			magnitude = ^magnitude
		}
		magnitude = min(magnitude+33, 0x1FFF)
		segment := 1
		for m := magnitude >> 6; m != 0; m >>= 1 {
			segment++
		}
		code := byte((8-segment)<<4 | (0x0F - magnitude>>segment&0x0F))
		if sample >= 0 {
			code |= 0x80
		}
		t[i] = code
	}
	return t
}

// aLawCodeTable follows the compression of ITU-T G.191 (alaw_compress).
func aLawCodeTable() *[1 << 12]byte {
	t := new([1 << 12]byte)
	for i := range t {
		sample := int16(uint16(i) << 4)
		magnitude := int(sample) >> 4
		if sample < 0 {
			magnitude = ^magnitude
		}
		code := magnitude
		if magnitude > 15 {
			segment := 1
			for magnitude > 31 {
				magnitude >>= 1
				segment++
			}
			code = magnitude - 16 + segment<<4
		}
		if sample >= 0 {
			code |= 0x80
		}
		t[i] = byte(code) ^ 0x55
	}
	return t
}
