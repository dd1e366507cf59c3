package prompt

import (
	"bytes"
	"context"
	"fmt"
	"mime"

	"callbox/routing/twiml"
	"callbox/routing/webhook"
	"callbox/sip/audio"
)

// maxFile bounds a sound file: eight minutes of 16-bit telephone audio.
const maxFile = 8 << 20

// codeContent is the provider's for a file that is no audio it can play.
const codeContent = 13420

// fetch gets a sound file and makes telephone audio of it.
func (p *Prompt) fetch(ctx context.Context, url string) (audio.Clip, error) {
	resp, err := p.fetcher.Call(ctx, webhook.Request{Method: "GET", URL: url, Accept: "audio/wav, audio/ulaw", MaxBody: maxFile})
	if err != nil {
		return nil, err
	}
	clip, why := decode(resp.ContentType, resp.Body)
	if why != "" {
		return nil, &twiml.Error{Code: codeContent, Message: fmt.Sprintf("<Play> of %s: %s", webhook.Named(url), why)}
	}
	return clip, nil
}

// decode reads a file by its Content-Type; why is a sentence where it cannot be played.
func decode(contentType string, body []byte) (clip audio.Clip, why string) {
	kind, _, _ := mime.ParseMediaType(contentType)
	switch kind {
	case "audio/wav", "audio/wave", "audio/x-wav", "audio/vnd.wave":
		pcm, err := audio.ReadWAV(bytes.NewReader(body))
		if err != nil {
			return nil, err.Error() + ": send WAV with linear PCM or G.711"
		}
		clip = audio.NewClip(pcm)
	case "audio/ulaw", "audio/x-ulaw", "audio/x-mulaw", "audio/mulaw", "audio/pcmu":
		clip = audio.Clip(body)
	case "audio/mpeg", "audio/mp3", "audio/aiff", "audio/x-aiff", "audio/x-aifc", "audio/gsm", "audio/x-gsm":
		return nil, kind + " is not simulated: send audio/wav or audio/ulaw"
	case "":
		return nil, "it has no Content-Type that can be read: send audio/wav or audio/ulaw"
	default:
		return nil, fmt.Sprintf("Content-Type %.60q is no audio that can be played: send audio/wav or audio/ulaw", kind)
	}
	if len(clip) == 0 {
		return nil, "there is no audio in it"
	}
	return clip, ""
}
