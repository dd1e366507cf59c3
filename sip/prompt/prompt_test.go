package prompt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/psap/sim/voice"
	"callbox/routing/twiml"
	"callbox/routing/webhook"
	"callbox/sip/audio"
)

// speaker says one clip of a second for a sentence.
type speaker struct{ said []string }

func (s *speaker) Say(_ context.Context, sentences ...voice.Words) []voice.Speech {
	var out []voice.Speech
	for _, w := range sentences {
		s.said = append(s.said, w.String())
		out = append(out, voice.Speech{Words: w, Clips: []audio.Clip{make(audio.Clip, audio.SampleRate)}})
	}
	return out
}

// files answers URLs with a Content-Type and a body.
type files map[string][2]string

func (f files) Call(_ context.Context, r webhook.Request) (webhook.Response, error) {
	file, ok := f[r.URL]
	if !ok {
		return webhook.Response{}, &webhook.Error{Code: webhook.CodeRetrieval, Message: "status 404"}
	}
	delete(f, r.URL) // a file is fetched once
	return webhook.Response{ContentType: file[0], Body: []byte(file[1])}, nil
}

// heard returns what the first n pieces of a prompt are: words, "digits 12", or how long another sound lasts.
func heard(p *Prompt, n int) (out []string) {
	for range n {
		piece, ok := p.Next(context.Background())
		if !ok {
			return append(out, "end")
		}
		var line []string
		if piece.Digits != "" {
			line = append(line, "digits "+piece.Digits)
		}
		for _, s := range piece.Speech {
			if len(s.Words) > 0 {
				line = append(line, s.Words.String())
			} else {
				line = append(line, s.Duration().String())
			}
		}
		out = append(out, strings.Join(line, " "))
	}
	return out
}

const tone = "https://customer.example/tone"

func TestPrompt(t *testing.T) {
	ulaw := [2]string{"audio/ulaw", strings.Repeat("x", 800)}
	for _, tc := range []struct {
		name  string
		verbs []twiml.Verb
		files files
		want  []string
		notes []int
	}{
		{"nothing", nil, nil, []string{"end"}, nil},
		{"text, twice", []twiml.Verb{&twiml.Say{Text: "Hello there.", Loop: 2}}, nil,
			[]string{"hello there.", "300ms", "hello there.", "300ms", "end"}, nil},
		{"a pause longer than a clip of silence", []twiml.Verb{&twiml.Pause{Length: 125 * time.Second}}, nil,
			[]string{"1m0s", "1m0s", "5s", "end"}, nil},
		{"a file, fetched once and played twice", []twiml.Verb{&twiml.Play{URL: tone, Loop: 2}}, files{tone: ulaw},
			[]string{"100ms", "100ms", "end"}, nil},
		{"a file without end", []twiml.Verb{&twiml.Play{URL: tone}, &twiml.Say{Text: "never", Loop: 1}}, files{tone: ulaw},
			[]string{"100ms", "100ms", "100ms", "100ms", "100ms", "100ms"}, nil},
		{"digits", []twiml.Verb{&twiml.Play{Digits: "12ww#", Loop: 1}}, nil,
			[]string{"digits 12 500ms", "500ms", "500ms", "digits # 250ms", "end"}, nil},
		{"a file that is not there, and what comes after it", []twiml.Verb{&twiml.Play{URL: tone, Loop: 0}, &twiml.Say{Text: "Goodbye", Loop: 1}}, files{},
			[]string{"goodbye", "300ms", "end"}, []int{webhook.CodeRetrieval}},
		{"a file of another kind", []twiml.Verb{&twiml.Play{URL: tone, Loop: 1}}, files{tone: {"audio/mpeg", "ID3"}}, []string{"end"}, []int{13420}},
		{"a web page", []twiml.Verb{&twiml.Play{URL: tone, Loop: 1}}, files{tone: {"text/html", "<html>"}}, []string{"end"}, []int{13420}},
		{"no content type", []twiml.Verb{&twiml.Play{URL: tone, Loop: 1}}, files{tone: {"", "x"}}, []string{"end"}, []int{13420}},
		{"a WAV that is none", []twiml.Verb{&twiml.Play{URL: tone, Loop: 1}}, files{tone: {"audio/wav", "RIFF0000"}}, []string{"end"}, []int{13420}},
		{"an empty file, for ever", []twiml.Verb{&twiml.Play{URL: tone}}, files{tone: {"audio/ulaw", ""}}, []string{"end"}, []int{13420}},
		{"verbs that are not heard", []twiml.Verb{&twiml.Hangup{}}, nil, []string{"end"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var notes []int
			p := New(tc.verbs, &speaker{}, tc.files, func(err error) {
				var coded interface{ ErrorCode() int }
				if !errors.As(err, &coded) {
					t.Fatalf("%v has no code", err)
				}
				notes = append(notes, coded.ErrorCode())
			})
			if diff := cmp.Diff(tc.want, heard(p, len(tc.want))); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tc.notes, notes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWAVIsResampled(t *testing.T) {
	wav := wavOf(16000, 1600)
	p := New([]twiml.Verb{&twiml.Play{URL: tone, Loop: 1}}, &speaker{}, files{tone: {"audio/x-wav; a=b", wav}}, nil)
	if diff := cmp.Diff([]string{"100ms", "end"}, heard(p, 2)); diff != "" {
		t.Error(diff)
	}
}

// wavOf returns a file of n 16-bit samples.
func wavOf(rate, n int) string {
	le := func(v, bytes int) string {
		b := make([]byte, bytes)
		for i := range b {
			b[i] = byte(v >> (8 * i))
		}
		return string(b)
	}
	return "RIFF" + le(36+2*n, 4) + "WAVEfmt " + le(16, 4) + le(1, 2) + le(1, 2) + le(rate, 4) + le(2*rate, 4) + le(2, 2) + le(16, 2) +
		"data" + le(2*n, 4) + strings.Repeat("\x10\x00", n)
}

func TestALongTextIsSaidInParts(t *testing.T) {
	var text []string
	for i := range 120 {
		text = append(text, fmt.Sprintf("This is sentence %c of a long speech that somebody wrote down.", 'a'+i%26))
	}
	s := &speaker{}
	p := New([]twiml.Verb{&twiml.Say{Text: strings.Join(text, " "), Loop: 1}}, s, nil, nil)
	if n := len(heard(p, 200)); n != 122 {
		t.Errorf("%d pieces", n)
	}
	if words := strings.Fields(strings.Join(s.said, " ")); len(words) != 120*12 {
		t.Errorf("%d words were said of %d", len(words), 120*12)
	}
	s = &speaker{}
	p = New([]twiml.Verb{&twiml.Say{Text: strings.Repeat("word ", 500), Loop: 1}}, s, nil, nil)
	if heard(p, 1); len(s.said[0]) > 320 {
		t.Errorf("%d characters are rendered before anything is heard", len(s.said[0]))
	}
}

func TestACallThatEndsStopsThePrompt(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, ok := New([]twiml.Verb{&twiml.Say{Text: "Hello"}}, &speaker{}, nil, nil).Next(ctx); ok {
		t.Error("it goes on")
	}
}
