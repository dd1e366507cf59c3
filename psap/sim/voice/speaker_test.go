package voice

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"
	"gopkg.in/yaml.v3"

	"callbox/sip/audio"
	"callbox/sip/location"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newBuiltin(t testing.TB) *Speaker {
	t.Helper()
	s, err := New(Builtin, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryWordOfTheVocabularyIsRecorded(t *testing.T) {
	s := newBuiltin(t)
	var got []string
	for w := range s.clips {
		got = append(got, w)
	}
	slices.Sort(got)
	if diff := cmp.Diff(Vocabulary(), got); diff != "" {
		t.Errorf("run go run ./psap/sim/voice/mkclips: %s", diff)
	}
	if len(recorded) > 1<<20 {
		t.Errorf("the clips take %d bytes", len(recorded))
	}
}

func TestEveryClipIsHeard(t *testing.T) {
	for word, clip := range newBuiltin(t).clips {
		if level := audio.Level(clip.PCM()); level < -26 || level > -18 {
			t.Errorf("%q is at %.1f dBFS", word, level)
		}
		if d := clip.Duration(); d < 100*time.Millisecond || d > 1200*time.Millisecond {
			t.Errorf("%q lasts %v", word, d)
		}
	}
}

// The lab's addresses, who lives there and calls from there, and the names of its centres must not be spelled.
func TestTheLabIsReadInWords(t *testing.T) {
	src, err := os.ReadFile("../../../routing/directory/lab.yaml")
	if err != nil {
		t.Fatal(err)
	}
	type address struct{ Customer, Street, Secondary, City, State, Country string }
	type named struct{ Name string }
	var lab struct {
		Addresses, Locations []address
		Endpoints            []named
		PSAPs                []named `yaml:"psaps"`
		ECCs                 []named `yaml:"eccs"`
	}
	if err := yaml.Unmarshal(src, &lab); err != nil {
		t.Fatal(err)
	}
	var said []Words
	for _, a := range slices.Concat(lab.Addresses, lab.Locations) {
		said = append(said, Text(a.Customer), Address(location.Lines{Street: a.Street, City: a.City, State: a.State, Country: a.Country}.WithSecondary(a.Secondary)))
	}
	if len(lab.Locations) == 0 || len(lab.Endpoints) == 0 {
		t.Fatal("the lab has no locations or no endpoints")
	}
	for _, p := range slices.Concat(lab.PSAPs, lab.ECCs, lab.Endpoints) {
		said = append(said, Text(p.Name))
	}
	if len(said) < 20 {
		t.Fatalf("only %d things to say in the lab", len(said))
	}
	s := newBuiltin(t)
	for _, words := range said {
		for _, w := range words {
			if w != Short && w != Long && s.clips[w] == nil {
				t.Errorf("%q of %q is not recorded", w, words)
			}
		}
	}
}

func TestBuiltinSaysWhichWordsInWhichOrder(t *testing.T) {
	s := newBuiltin(t)
	gap := audio.Silence(wordGap)
	for _, tc := range []struct {
		name string
		said Words
		want []audio.Clip
	}{
		{"a known word", Words{"street"}, []audio.Clip{s.clips["street"], gap}},
		{"pauses", Words{"one", Short, "two", Long},
			[]audio.Clip{s.clips["one"], gap, audio.Silence(shortPause), s.clips["two"], gap, audio.Silence(longPause)}},
		{"an unknown word, spelled", Words{"xyz"},
			[]audio.Clip{gap, s.clips["X"], gap, s.clips["Y"], gap, s.clips["Z"], gap, gap}},
		{"a letter", Words{"A"}, []audio.Clip{s.clips["A"], gap}},
		{"nothing", nil, []audio.Clip{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := s.Say(t.Context(), tc.said)
			if diff := cmp.Diff([]Speech{{Voice: Builtin, Words: tc.said, Clips: tc.want}}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// installed returns a speaker with the program of that name, or skips the test.
func installed(t *testing.T, name string) *Speaker {
	t.Helper()
	s, err := New(name, zerolog.Nop())
	if err != nil {
		t.Skipf("%v", err)
	}
	return s
}

func TestEveryVoiceIsHeardAndTakesItsTime(t *testing.T) {
	number := Number("+14155550100")
	address := Address(location.Lines{Street: "645 Harrison St", Floor: "21", City: "San Francisco", State: "CA", PostalCode: "94105"})
	for _, name := range []string{Builtin, ESpeak, Flite} {
		t.Run(name, func(t *testing.T) {
			s := installed(t, name)
			for _, speech := range s.Say(t.Context(), number, address, Text("This is a test.")) {
				if speech.Voice != name {
					t.Errorf("spoken by %s", speech.Voice)
				}
				var pcm []int16
				for _, c := range speech.Clips {
					pcm = append(pcm, c.PCM()...)
				}
				if level := audio.Level(pcm); level < -26 || level > -17 {
					t.Errorf("%q is at %.1f dBFS", speech.Words, level)
				}
				words := len(speech.Words)
				low, high := time.Duration(words)*150*time.Millisecond, time.Duration(words)*700*time.Millisecond
				if d := speech.Duration(); d < low || d > high {
					t.Errorf("%d words last %v, want %v to %v", words, d, low, high)
				}
			}
		})
	}
}

// fakeProgram installs a shell script as a speech program, alone on PATH, and returns where it leaves notes.
func fakeProgram(t *testing.T, name, body string) (notes string) {
	t.Helper()
	dir := t.TempDir()
	notes = filepath.Join(dir, "notes")
	script := fmt.Sprintf("#!/bin/sh\nnotes=%s\n%s\n", notes, body)
	if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	return notes
}

// tone writes a WAV file of 400 ms.
func tone(t *testing.T) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "tone.wav"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := audio.NewWAVWriter(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(audio.Beep().Clip(400 * time.Millisecond).PCM()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

func TestProgramSpeaksOncePerSentence(t *testing.T) {
	notes := fakeProgram(t, Flite, `echo "$@" >> $notes; /bin/cat `+tone(t))
	s, err := New(Auto, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if s.Voice() != Flite {
		t.Fatalf("auto took %s", s.Voice())
	}
	var calls sync.WaitGroup
	for range 5 {
		calls.Go(func() {
			speech := s.Say(context.Background(), Text("Hello there."), nil, Words{"A", Short, "b"})
			if speech[0].Voice != Flite || speech[0].Duration() != 400*time.Millisecond || len(speech[1].Clips) != 0 {
				t.Errorf("speech is %v", speech)
			}
		})
	}
	calls.Wait()
	b, err := os.ReadFile(notes)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(string(b), "hello there."); got < 1 || got > atOnce {
		t.Errorf("spoken %d times for five calls:\n%s", got, b)
	}
	if !strings.Contains(string(b), "-t ay, b -o /dev/stdout") {
		t.Errorf("run with %s", b)
	}
}

func TestEspeakGetsItsTextByStandardInput(t *testing.T) {
	notes := fakeProgram(t, ESpeak, `/bin/cat >> $notes; /bin/cat `+tone(t))
	s, err := New(ESpeak, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	hostile := Words{"--version", "$(reboot)", "[[k@]]", "<speak>", "main"}
	if speech := s.Say(t.Context(), hostile); speech[0].Voice != ESpeak {
		t.Fatalf("spoken by %s", speech[0].Voice)
	}
	b, err := os.ReadFile(notes)
	if err != nil {
		t.Fatal(err)
	}
	if want := "version reboot k speak main"; string(b) != want {
		t.Errorf("the program read %q, want %q", b, want)
	}
}

func TestBuiltinTakesOverFromAProgramThat(t *testing.T) {
	for _, tc := range []struct{ name, body string }{
		{"fails", "exit 3"},
		{"writes nothing", "exit 0"},
		{"writes no WAV", "echo hello"},
		{"writes silence", `printf 'RIFF\144\0\0\0WAVEfmt \020\0\0\0\001\0\001\0\100\037\0\0\200\076\0\0\002\0\020\0data\004\0\0\0\0\0\0\0'`},
		{"never ends its output", "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			fakeProgram(t, Flite, tc.body)
			s, err := New(Flite, zerolog.Nop())
			if err != nil {
				t.Fatal(err)
			}
			s.program.runTime = 500 * time.Millisecond
			speech := s.Say(t.Context(), Text("Hello."), Text("Help."))
			for _, sp := range speech {
				if sp.Voice != Builtin || sp.Duration() < 300*time.Millisecond {
					t.Errorf("spoken by %s in %v", sp.Voice, sp.Duration())
				}
			}
		})
	}
}

func TestProgramThatHangsIsGivenUp(t *testing.T) {
	fakeProgram(t, Flite, "exec /bin/sleep 60")
	s, err := New(Flite, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	s.program.runTime = 50 * time.Millisecond
	begun := time.Now()
	if speech := s.Say(t.Context(), Text("Hello.")); speech[0].Voice != Builtin {
		t.Errorf("spoken by %s", speech[0].Voice)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.program.runTime = time.Minute
	if speech := s.Say(ctx, Text("Goodbye.")); speech[0].Voice != Builtin {
		t.Errorf("spoken by %s after the call ended", speech[0].Voice)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestVoicesThatAreNotThere(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := New(ESpeak, zerolog.Nop()); err == nil {
		t.Error("a program that is not installed gave no error")
	}
	if _, err := New("siri", zerolog.Nop()); err == nil || !strings.Contains(err.Error(), "espeak-ng") {
		t.Errorf("an unknown voice gave %v", err)
	}
	s, err := New("", zerolog.Nop())
	if err != nil || s.Voice() != Builtin {
		t.Errorf("with no program installed: %v, %v", s, err)
	}
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	p := newProgram(Flite, "/nowhere")
	clip := make(audio.Clip, 100)
	for i := range 2 * maxKept {
		p.keep(fmt.Sprint("sentence ", i), clip)
		p.keep(fmt.Sprint("sentence ", i), clip)
	}
	if len(p.kept) != maxKept || len(p.order) != maxKept || p.size != maxKept*len(clip) {
		t.Errorf("kept %d sentences of %d bytes", len(p.kept), p.size)
	}
	p.keep("long", make(audio.Clip, maxKeptSize-len(clip)))
	if p.size > maxKeptSize || len(p.kept) != 2 {
		t.Errorf("kept %d sentences of %d bytes", len(p.kept), p.size)
	}
	if _, ok := p.recall("sentence 0"); ok {
		t.Error("the oldest was kept")
	}
}

func TestPack(t *testing.T) {
	want := map[string]audio.Clip{"one": {1, 2, 3}, "A": {4}, "nothing": {}}
	b, err := Pack(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := unpack(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for n := range b {
		if _, err := unpack(b[:n]); err == nil {
			t.Errorf("a pack cut after %d of %d bytes was taken", n, len(b))
		}
	}
	if _, err := unpack(append(b, 0)); err == nil {
		t.Error("a byte too many was taken")
	}
	for name, clips := range map[string]map[string]audio.Clip{
		"a word without letters": {"": {1}}, "a word too long": {strings.Repeat("x", 256): {1}}, "a clip too long": {"x": make(audio.Clip, math.MaxUint16+1)},
	} {
		if _, err := Pack(clips); err == nil {
			t.Errorf("%s was packed", name)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	b, err := Pack(map[string]audio.Clip{"one": {1, 2, 3}, "A": {4}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:12])
	f.Fuzz(func(t *testing.T, b []byte) {
		clips, err := unpack(b)
		total := 0
		for _, c := range clips {
			total += len(c)
		}
		if err == nil && total > len(b) {
			t.Fatalf("%d bytes of clips from %d", total, len(b))
		}
	})
}
