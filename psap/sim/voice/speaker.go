package voice

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/rs/zerolog"

	"callbox/sip/audio"
	"callbox/sip/fault"
)

//go:embed clips.bin
var recorded []byte

// Speaker turns words into speech. Its methods are safe for concurrent use.
type Speaker struct {
	clips   map[string]audio.Clip
	program *program // nil when only the clips are used
	log     zerolog.Logger
	failing fault.Episode // of the program

	// Starved is told when no file descriptor is left for the program; nil tells the log. It is set before the first Say.
	Starved func(error)
}

// recovered is how long the program must not have failed for its next failure to be news.
const recovered = time.Minute

// New returns a speaker with the voice of that name: Auto or "", Builtin, ESpeak or Flite. A program that was asked for
// by name and is not installed is an error; Auto looks for both.
func New(name string, log zerolog.Logger) (*Speaker, error) {
	clips, err := unpack(recorded)
	if err != nil {
		return nil, err
	}
	s := &Speaker{clips: clips, log: log}
	switch name {
	case Builtin:
		return s, nil
	case ESpeak, Flite:
		path, err := exec.LookPath(name)
		if err != nil {
			return nil, fmt.Errorf("voice %s: %w", name, err)
		}
		s.program = newProgram(name, path)
		return s, nil
	case Auto, "":
		for _, name := range []string{ESpeak, Flite} {
			if path, err := exec.LookPath(name); err == nil {
				s.program = newProgram(name, path)
				break
			}
		}
		return s, nil
	}
	return nil, fmt.Errorf("unknown voice %q: %s, %s, %s or %s", name, Auto, Builtin, ESpeak, Flite)
}

// Voice returns the voice that Say tries first.
func (s *Speaker) Voice() string {
	if s.program == nil {
		return Builtin
	}
	return s.program.name
}

// Say renders sentences, each of which may be said again elsewhere and is kept for that. All are spoken by one voice:
// when the program fails, is busy beyond its limits or ctx ends, that is the built-in one. It blocks for seconds at most
// and never fails.
func (s *Speaker) Say(ctx context.Context, sentences ...Words) []Speech {
	if s.program != nil {
		limited, cancel := context.WithTimeout(ctx, sayTime)
		speech, err := s.program.sayAll(limited, sentences)
		cancel()
		if err == nil {
			return speech
		}
		s.failed(err, errors.Is(err, errBusy) || ctx.Err() != nil) // load, or a call that ended meanwhile
	}
	speech := make([]Speech, len(sentences))
	for i, w := range sentences {
		speech[i] = s.builtin(w)
	}
	return speech
}

// failed tells why the program does not speak, a row of failures once. What is usual is told to those who debug.
func (s *Speaker) failed(err error, usual bool) {
	level := zerolog.DebugLevel
	switch now := time.Now(); {
	case usual:
	case fault.Descriptors(err) && s.Starved != nil:
		s.Starved(err)
	default:
		s.failing.Rest(now, recovered)
		if s.failing.Begin(err, now) {
			level = zerolog.WarnLevel
		}
	}
	s.log.WithLevel(level).Err(err).Str("voice", s.program.name).Msg("speech program failed, using the built-in voice")
}

// builtin puts words together from clips. It takes no memory for the audio itself.
func (s *Speaker) builtin(words Words) Speech {
	speech := Speech{Voice: Builtin, Words: words, Clips: make([]audio.Clip, 0, 2*len(words))}
	gap := audio.Silence(wordGap)
	for _, w := range words {
		switch clip, ok := s.clips[w]; {
		case w == Short:
			speech.Clips = append(speech.Clips, audio.Silence(shortPause))
		case w == Long:
			speech.Clips = append(speech.Clips, audio.Silence(longPause))
		case ok:
			speech.Clips = append(speech.Clips, clip, gap)
		default:
			speech.Clips = append(speech.Clips, gap)
			for _, letter := range Words(nil).spell(w) {
				if clip, ok := s.clips[letter]; ok {
					speech.Clips = append(speech.Clips, clip, gap)
				}
			}
			speech.Clips = append(speech.Clips, gap)
		}
	}
	return speech
}
