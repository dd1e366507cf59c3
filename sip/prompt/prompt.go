// Package prompt makes the verbs of a TwiML document that are heard, Say, Play and Pause, into audio for one call. It must
// not know SIP, nor what comes after them.
package prompt

import (
	"context"
	"strings"
	"time"

	"callbox/psap/sim"
	"callbox/psap/sim/voice"
	"callbox/routing/twiml"
	"callbox/routing/webhook"
	"callbox/sip/audio"
)

// Speaker says words; *voice.Speaker is one.
type Speaker interface {
	Say(ctx context.Context, sentences ...voice.Words) []voice.Speech
}

// Fetcher gets what a URL has; *webhook.Client is one.
type Fetcher interface {
	Call(ctx context.Context, r webhook.Request) (webhook.Response, error)
}

// Prompt is what one call hears: a sim.Program. It belongs to one goroutine at a time.
type Prompt struct {
	speaker Speaker
	fetcher Fetcher
	note    func(error)

	verbs   []twiml.Verb // still to come
	round   []maker      // the pieces of the verb under way, once through
	at      int          // in round
	rounds  int          // still to come after this one
	forever bool
}

// maker makes one piece; false leaves out the rest of the verb.
type maker func(context.Context) (sim.Piece, bool)

// New returns the program of verbs, whose URLs are absolute; those that are not heard are left out. note is told of each
// that cannot be played, with the provider's code; the call goes on with the next.
func New(verbs []twiml.Verb, speaker Speaker, fetcher Fetcher, note func(error)) *Prompt {
	if note == nil {
		note = func(error) {}
	}
	return &Prompt{verbs: verbs, speaker: speaker, fetcher: fetcher, note: note}
}

// Next implements sim.Program.
func (p *Prompt) Next(ctx context.Context) (sim.Piece, bool) {
	for ctx.Err() == nil {
		if p.at == len(p.round) && !p.again() {
			return sim.Piece{}, false
		}
		if p.at == len(p.round) {
			continue // a verb without pieces
		}
		make := p.round[p.at]
		p.at++
		if piece, ok := make(ctx); ok {
			return piece, true
		}
		p.round, p.at, p.rounds, p.forever = nil, 0, 0, false
	}
	return sim.Piece{}, false
}

// again begins the next round of a verb, or the next verb. It reports false when all is played.
func (p *Prompt) again() bool {
	if len(p.round) > 0 && (p.forever || p.rounds > 0) {
		p.at, p.rounds = 0, max(p.rounds-1, 0)
		return true
	}
	if len(p.verbs) == 0 {
		return false
	}
	v := p.verbs[0]
	p.verbs, p.round, p.at, p.rounds, p.forever = p.verbs[1:], nil, 0, 0, false
	switch v := v.(type) {
	case *twiml.Say:
		p.round = p.say(v)
		p.loop(v.Loop)
	case *twiml.Play:
		p.round = p.play(v)
		p.loop(v.Loop)
	case *twiml.Pause:
		p.round = silence(v.Length)
	}
	return true
}

// loop sets how often a verb is played: 0 does not end.
func (p *Prompt) loop(n int) { p.forever, p.rounds = n == 0, max(n-1, 0) }

// sentence bounds what is rendered at once, in characters: a long text begins to be heard soon.
const sentence = 300

// say renders a text sentence by sentence, so that the first is heard while the second is made.
func (p *Prompt) say(v *twiml.Say) (round []maker) {
	for _, text := range sentences(v.Text) {
		round = append(round, func(ctx context.Context) (sim.Piece, bool) {
			return sim.Piece{Speech: p.speaker.Say(ctx, voice.Text(text))}, true
		})
	}
	return append(round, silence(300*time.Millisecond)...)
}

// sentences divides a text, whose words have single spaces between them, after full stops and where it gets long.
func sentences(text string) (parts []string) {
	var b strings.Builder
	for word := range strings.FieldsSeq(text) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
		if strings.ContainsAny(word[len(word)-1:], ".!?") && b.Len() > 40 || b.Len() > sentence {
			parts = append(parts, b.String())
			b.Reset()
		}
	}
	if b.Len() > 0 {
		parts = append(parts, b.String())
	}
	return parts
}

// play fetches a file once and plays it, or sends digits.
func (p *Prompt) play(v *twiml.Play) (round []maker) {
	for d := range strings.SplitSeq(v.Digits, "w") {
		if d != "" {
			round = append(round, func(context.Context) (sim.Piece, bool) {
				return sim.Piece{Digits: d, Speech: quiet(time.Duration(len(d)) * digitTime)}, true
			})
		}
		round = append(round, silence(500*time.Millisecond)...)
	}
	if n := len(round); n > 0 { // there is one w less than parts
		round = round[:n-1]
	}
	if v.URL == "" || v.Digits != "" { // digits come instead of a file
		return round
	}
	var clip audio.Clip
	return append(round, func(ctx context.Context) (sim.Piece, bool) {
		if clip == nil {
			var err error
			if clip, err = p.fetch(ctx, v.URL); err != nil {
				if ctx.Err() == nil {
					p.note(err)
				}
				return sim.Piece{}, false
			}
		}
		return sim.Piece{Speech: []voice.Speech{{Clips: []audio.Clip{clip}}}}, true
	})
}

// digitTime is what one digit takes to be sent, its gap included.
const digitTime = 250 * time.Millisecond

// silence lasts d.
func silence(d time.Duration) (round []maker) {
	const most = time.Minute
	for ; d > 0; d -= most {
		n := min(d, most)
		round = append(round, func(context.Context) (sim.Piece, bool) { return sim.Piece{Speech: quiet(n)}, true })
	}
	return round
}

// quiet is silent speech; a clip of silence takes no memory, but has a length of its own at most.
func quiet(d time.Duration) []voice.Speech {
	var s voice.Speech
	for d > 0 {
		clip := audio.Silence(d)
		if len(clip) == 0 {
			break
		}
		s.Clips, d = append(s.Clips, clip), d-clip.Duration()
	}
	return []voice.Speech{s}
}
