package sim

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/config/strict"
)

func newChanged(t *testing.T) *Server {
	t.Helper()
	s, err := New(Options{Voice: "builtin", Scripts: write(t, "centres: {psap-sf: {ring: 3s, keys: {\"5\": tone}}}"), Centres: []Centre{{ID: "psap-mine"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestAScriptIsPutOverTheFilesAndTakenAwayAgain(t *testing.T) {
	t.Parallel()
	s := newChanged(t)
	before, _ := s.Script("psap-sf")
	first, err := s.ReadScript("psap-sf", []byte(`{"answer": "busy", "ring": "0s"}`))
	if err != nil {
		t.Fatal(err)
	}
	want := before
	want.Answer, want.Ring = OutcomeBusy, 0
	if d := cmp.Diff(want, first); d != "" {
		t.Error(d)
	}
	s.SetScript("psap-sf", first)
	second, err := s.ReadScript("psap-sf", []byte("greeting: Hello.\nkeys: {}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want = before
	want.Greeting, want.Keys = "Hello.", map[string]Action{}
	if d := cmp.Diff(want, second); d != "" {
		t.Errorf("what was changed before stays where it was not said: %s", d)
	}
	if now, _ := s.Script("psap-sf"); now.Answer != OutcomeBusy || !s.Changed("psap-sf") {
		t.Errorf("reading a script has changed it: %+v", now)
	}
	s.ResetScript("psap-sf")
	if now, ok := s.Script("psap-sf"); !ok || !cmp.Equal(now, before) || s.Changed("psap-sf") {
		t.Errorf("after ResetScript it follows %+v", now)
	}
	mine, err := s.ReadScript("psap-mine", []byte(`{"then": "tone"}`))
	if standard, _ := s.Script("psap-mine"); err != nil || mine.Then != ThenTone || mine.Ring != standard.Ring {
		t.Errorf("a centre that follows the default: %+v, %v", mine, err)
	}
}

func TestABadScriptSaysWhereWhatAndHowToMendIt(t *testing.T) {
	t.Parallel()
	s := newChanged(t)
	_, err := s.ReadScript("psap-sf", []byte(`{"ring": "48h", "answer": "maybe", "codecs": ["PCMU", "opus"], "keys": {"x": "repeat"}, "sta tus": 486, "status": 200}`))
	problems, ok := errors.AsType[strict.Problems](err)
	if !ok {
		t.Fatal(err)
	}
	var got []string
	for _, p := range problems {
		got = append(got, p.Path)
		if p.Message == "" || p.Mend == "" {
			t.Errorf("%+v", p)
		}
	}
	want := []string{"ring", "answer", "codecs[1]", "keys.x", "sta tus", "status"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s\n%v", d, problems)
	}
	for _, src := range []string{"[]", "true", "{", "x"} {
		if sc, err := s.ReadScript("psap-sf", []byte(src)); err == nil {
			t.Errorf("%q is the script %+v", src, sc)
		}
	}
}

// FuzzReadScript holds that whatever is sent as a script either has problems or can be played.
func FuzzReadScript(f *testing.F) {
	s, err := New(Options{Voice: "builtin"})
	if err != nil {
		f.Fatal(err)
	}
	defer s.Close()
	f.Add([]byte(`{"answer":"fail","status":603,"ring":"1ms","keys":{"#":"hang_up"}}`))
	f.Add([]byte("codecs: [pcma]\nhang_up_after: 24h\nmedia: false"))
	f.Add([]byte("ring: -1s"))
	f.Add([]byte("&a {keys: {\"1\": *a}}"))
	f.Fuzz(func(t *testing.T, src []byte) {
		sc, err := s.ReadScript("psap-sf", src)
		if err != nil {
			if len(err.Error()) == 0 {
				t.Error("an error without a word")
			}
			return
		}
		if status, reason := sc.failure(); status < 300 || status > 699 || reason == "" {
			t.Errorf("%q fails with %d %q", src, status, reason)
		}
		for _, d := range []time.Duration{sc.Ring, sc.Wait, sc.HangUpAfter} {
			if d < 0 || d > maxDuration {
				t.Errorf("%q waits %v", src, d)
			}
		}
	})
}
