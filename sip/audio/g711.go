// Package audio is 8 kHz telephone audio: G.711, WAV files, levels, tones, and the RTP streams that carry it. It must
// not know SIP.
package audio

// SampleRate is the rate of all audio in this package, in samples per second.
const SampleRate = 8000
