package voice

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"time"

	"callbox/sip/audio"
)

// Bounds of the use of a speech program.
const (
	defaultRun  = 4 * time.Second // of one run
	sayTime     = 5 * time.Second // of all runs for one call
	atOnce      = 2               // runs at the same time
	mayWait     = 32              // sentences waiting for one; more are spoken by the built-in voice
	maxOutput   = 8 << 20         // bytes of WAV from one run
	maxKept     = 512             // sentences kept
	maxKeptSize = 32 << 20        // bytes of audio kept
)

// speechLevel is what every phrase of a program is brought to, in dBFS, as the clips are.
const speechLevel = -20.0

var (
	errBusy    = errors.New("too many sentences are waiting to be spoken")
	errTooLong = errors.New("more audio than a sentence can have")
	errNothing = errors.New("no audio came")
)

// program is a speech program of the system. It is run without a shell, with text made of lower-case words only.
type program struct {
	name, path string
	runTime    time.Duration // at most, of one run
	slots      chan struct{}
	waiting    chan struct{}

	mu    sync.Mutex
	kept  map[string]audio.Clip
	order []string // of kept, oldest first
	size  int      // bytes in kept
}

func newProgram(name, path string) *program {
	return &program{
		name: name, path: path, runTime: defaultRun, kept: make(map[string]audio.Clip),
		slots: make(chan struct{}, atOnce), waiting: make(chan struct{}, mayWait),
	}
}

func (p *program) sayAll(ctx context.Context, sentences []Words) ([]Speech, error) {
	speech := make([]Speech, len(sentences))
	for i, words := range sentences {
		speech[i] = Speech{Voice: p.name, Words: words}
		if len(words) == 0 {
			continue
		}
		clip, err := p.say(ctx, spokenText(words))
		if err != nil {
			return nil, err
		}
		speech[i].Clips = []audio.Clip{clip}
	}
	return speech, nil
}

// spokenText returns words as the program is to read them. It holds lower-case letters, spaces, commas and full stops:
// nothing that a speech program takes for an option, markup or phonemes.
func spokenText(words Words) string {
	spoken := make(Words, len(words))
	for i, w := range words {
		spoken[i] = strings.Map(func(c rune) rune {
			if c >= 'a' && c <= 'z' || c == ' ' || w == Short || w == Long {
				return c
			}
			return -1
		}, Spoken(w))
	}
	return strings.TrimSpace(spoken.String())
}

// say returns text as audio, from what is kept or from a run of the program.
func (p *program) say(ctx context.Context, text string) (audio.Clip, error) {
	if clip, ok := p.recall(text); ok {
		return clip, nil
	}
	select {
	case p.waiting <- struct{}{}:
		defer func() { <-p.waiting }()
	default:
		return nil, errBusy
	}
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if clip, ok := p.recall(text); ok { // another call had the same to say
		return clip, nil
	}
	clip, err := p.run(ctx, text)
	if err != nil {
		return nil, err
	}
	p.keep(text, clip)
	return clip, nil
}

func (p *program) recall(text string) (audio.Clip, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	clip, ok := p.kept[text]
	return clip, ok
}

func (p *program) keep(text string, clip audio.Clip) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.kept[text]; ok {
		return
	}
	p.kept[text] = clip
	p.order = append(p.order, text)
	p.size += len(clip)
	for len(p.order) > maxKept || p.size > maxKeptSize {
		p.size -= len(p.kept[p.order[0]])
		delete(p.kept, p.order[0])
		p.order = p.order[1:]
	}
}

// run speaks text once.
func (p *program) run(ctx context.Context, text string) (audio.Clip, error) {
	ctx, cancel := context.WithTimeout(ctx, p.runTime)
	defer cancel()
	args := []string{"-v", "en-us", "-s", "170", "--stdin", "--stdout"}
	if p.name == Flite {
		args = []string{"-voice", "slt", "--setf", "duration_stretch=0.9", "-t", text, "-o", "/dev/stdout"}
	}
	cmd := exec.CommandContext(ctx, p.path, args...)
	cmd.WaitDelay = time.Second
	if p.name == ESpeak {
		cmd.Stdin = strings.NewReader(text)
	}
	out := &bounded{limit: maxOutput}
	cmd.Stdout = out
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, errors.Join(err, ctx.Err()))
	}
	pcm, err := audio.ReadWAV(&out.Buffer)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	if level := audio.Level(pcm); level <= audio.LevelSilence {
		return nil, fmt.Errorf("%s: %w", p.name, errNothing)
	}
	return audio.NewClip(audio.Normalize(pcm, speechLevel)), nil
}

// bounded keeps what is written to it up to a limit, beyond which it fails.
type bounded struct {
	bytes.Buffer
	limit int
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > b.limit {
		return 0, errTooLong
	}
	return b.Buffer.Write(p)
}
