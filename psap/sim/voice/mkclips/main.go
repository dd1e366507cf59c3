// Command mkclips records the clips of the built-in voice: every word of voice.Vocabulary, spoken by flite's voice slt
// (US English, free of conditions on what it says), without the silence around it, all equally loud, as 8 kHz mu-law.
//
// Run it from the root of the repository after the vocabulary changed:
//
//	go run ./psap/sim/voice/mkclips
//
// It needs flite 2.2 on PATH and always writes the same bytes for the same words.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"slices"
	"time"

	"callbox/psap/sim/voice"
	"callbox/sip/audio"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("mkclips", flag.ContinueOnError)
	flags.SetOutput(stderr)
	out := flags.String("o", "psap/sim/voice/clips.bin", "file to write")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	clips := make(map[string]audio.Clip)
	for _, word := range voice.Vocabulary() {
		clip, err := record(word)
		if err != nil {
			fmt.Fprintf(stderr, "record %q: %v\n", word, err)
			return 1
		}
		clips[word] = clip
	}
	pack, err := voice.Pack(clips)
	if err == nil {
		err = os.WriteFile(*out, pack, 0o644)
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	fmt.Fprintf(stdout, "%s: %d clips, %d bytes\n", *out, len(clips), len(pack))
	return 0
}

// record returns one word as flite says it.
func record(word string) (audio.Clip, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "flite", "-voice", "slt", "--setf", "duration_stretch=0.72",
		"-t", voice.Spoken(word)+".", "-o", "/dev/stdout")
	wav, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("flite: %w", err)
	}
	pcm, err := audio.ReadWAV(bytes.NewReader(wav))
	if err != nil {
		return nil, err
	}
	pcm = trim(pcm)
	if len(pcm) < audio.SampleRate/20 {
		return nil, fmt.Errorf("only %d samples of sound", len(pcm))
	}
	return audio.NewClip(finish(pcm)), nil
}

// The edges of a word: where 5 ms of it pass this part of the loudest 5 ms, and what is left around them.
const (
	window    = audio.SampleRate / 200
	threshold = 0.012
	margin    = 3 * window
)

// trim cuts the silence before and after the word.
func trim(pcm []int16) []int16 {
	var loud []float64
	for w := range slices.Chunk(pcm, window) {
		var sum float64
		for _, s := range w {
			sum += math.Abs(float64(s))
		}
		loud = append(loud, sum)
	}
	if len(loud) == 0 {
		return nil
	}
	limit := threshold * slices.Max(loud)
	sounds := func(v float64) bool { return v > limit }
	first := slices.IndexFunc(loud, sounds)
	last := len(loud) - 1
	for last > first && !sounds(loud[last]) {
		last--
	}
	return pcm[max(first*window-margin, 0):min((last+1)*window+margin, len(pcm))]
}

// level is how loud every clip is, in dBFS.
const level = -20.0

// finish brings the word to its level and fades its ends, so that no clip begins with a click.
func finish(pcm []int16) []int16 {
	out := audio.Normalize(pcm, level)
	for i := range out {
		fade := min(float64(min(i, len(out)-1-i))/window, 1)
		out[i] = int16(float64(out[i]) * fade)
	}
	return out
}
