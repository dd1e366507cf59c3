package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"callbox/psap/sim/voice"
	"callbox/sip/audio"
)

// The clips in the repository must be the ones that this command makes.
func TestRecordingIsReproducible(t *testing.T) {
	if _, err := exec.LookPath("flite"); err != nil {
		t.Skip("flite is not installed")
	}
	version, _ := exec.Command("flite", "--version").CombinedOutput() // it exits with 1
	if !strings.Contains(string(version), "flite-2.2") {
		t.Skipf("the clips are made with flite 2.2, here is %s", version)
	}
	speaker, err := voice.New(voice.Builtin, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"street", "seven", "A", "W"} {
		got, err := record(word)
		if err != nil {
			t.Fatal(err)
		}
		if want := speaker.Say(t.Context(), voice.Words{word})[0].Clips[0]; !bytes.Equal(got, want) {
			t.Errorf("%q was recorded anew with %d samples instead of %d", word, len(got), len(want))
		}
	}
}

func TestTrimKeepsTheWordAndALittleAroundIt(t *testing.T) {
	pcm := make([]int16, 8000)
	copy(pcm[4000:], audio.Beep().Clip(audio.FrameTime*10).PCM())
	got := trim(pcm)
	if len(got) < 1600 || len(got) > 1600+2*margin+2*window {
		t.Errorf("a word of 1600 samples was cut to %d", len(got))
	}
	if trim(nil) != nil {
		t.Error("nothing became something")
	}
}

func TestFinishFadesTheEnds(t *testing.T) {
	pcm := make([]int16, 800)
	for i := range pcm {
		pcm[i] = 1000
	}
	got := finish(pcm)
	if got[0] != 0 || got[len(got)-1] != 0 || got[10] >= got[400] {
		t.Errorf("the clip begins with %v and ends with %v", got[:3], got[len(got)-3:])
	}
	if l := audio.Level(got); l < level-0.5 || l > level+0.5 {
		t.Errorf("the clip is at %.1f dBFS", l)
	}
}

func TestRunRefuses(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run([]string{"-x"}, &out, &errs); code != 2 || errs.Len() == 0 {
		t.Errorf("an unknown flag gave %d, %q", code, errs.String())
	}
}
