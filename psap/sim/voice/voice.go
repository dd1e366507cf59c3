// Package voice says words on the telephone. It plans which words a number, an address or a sentence is read as, and
// renders them: with a speech program of the system where there is one, else with recorded clips, where a word that
// was not recorded is spelled. It must not know SIP.
//
// The clips are made by `go run ./psap/sim/voice/mkclips`, which needs flite; see that command.
package voice

import (
	"time"

	"callbox/sip/audio"
)

// Words is what is said, in order. An element is a word in lower case, one letter to be spelled in upper case, or one of
// the pauses. It is what a transcript shows.
type Words []string

// The pauses between words.
const (
	Short = "," // between groups of digits and parts of an address
	Long  = "." // after a sentence
)

// How long the pauses are, and the gap between two recorded words.
const (
	shortPause = 180 * time.Millisecond
	longPause  = 400 * time.Millisecond
	wordGap    = 20 * time.Millisecond
)

// maxWords bounds what is said at once: three minutes or so.
const maxWords = 500

// String returns the words as a line of text, pauses as punctuation.
func (w Words) String() string {
	b := make([]byte, 0, 8*len(w))
	for _, word := range w {
		if len(b) > 0 && word != Short && word != Long {
			b = append(b, ' ')
		}
		b = append(b, word...)
	}
	return string(b)
}

// The names of voices, as they are configured and as a call tells which one it used.
const (
	Auto    = "auto" // the first of the programs that is installed, else Builtin
	Builtin = "builtin"
	ESpeak  = "espeak-ng"
	Flite   = "flite"
)

// Speech is words made audible.
type Speech struct {
	Voice string // Builtin, ESpeak or Flite
	Words Words
	Clips []audio.Clip
}

// Duration returns how long the speech takes.
func (s Speech) Duration() time.Duration {
	var d time.Duration
	for _, c := range s.Clips {
		d += c.Duration()
	}
	return d
}
