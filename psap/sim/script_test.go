package sim

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"gopkg.in/yaml.v3"

	"callbox/config/strict"
	"callbox/sip/audio"
)

func TestEmbeddedScripts(t *testing.T) {
	s, err := loadScripts("")
	if err != nil {
		t.Fatal(err)
	}
	if s.standard.Ring > time.Second || s.standard.Then != ThenEcho || !s.standard.ReadBack {
		t.Errorf("a centre without a script does %+v", s.standard)
	}
	test, announce := s.named["test-service"], s.named["announce"]
	if test.Service != ServiceTest || test.Then != ThenHangUp || test.Keys["1"] != ActionRepeat || test.Farewell == "" {
		t.Errorf("the test service does %+v", test)
	}
	if announce.Service != ServiceAnnounce || announce.Ring != 0 || announce.ReadBack || announce.Greeting == "" {
		t.Errorf("the announcement does %+v", announce)
	}
	if !s.named["psap-load"].Mute || s.named["psap-busy"].Answer != OutcomeBusy {
		t.Error("the centres with something wrong have it not")
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scripts.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestScriptFileIsPutOverTheEmbeddedOne(t *testing.T) {
	s, err := loadScripts(write(t, `
default:
  ring: 2s
  then: silence
centres:
  psap-sf:
    codecs: [pcma, PCMU]
    keys: {"*": tone, "5": hang_up}
    hang_up_after: 1m
    media: false
  test-service:
    wait: 9s
`))
	if err != nil {
		t.Fatal(err)
	}
	embedded, err := loadScripts("")
	if err != nil {
		t.Fatal(err)
	}
	standard := embedded.standard
	standard.Ring, standard.Then = 2*time.Second, ThenSilence
	sf := standard
	sf.Name = embedded.named["psap-sf"].Name
	sf.Codecs = []audio.Codec{audio.PCMA, audio.PCMU}
	sf.Keys = map[string]Action{"*": ActionTone, "5": ActionHangUp}
	sf.HangUpAfter, sf.Mute = time.Minute, true
	test := embedded.named["test-service"]
	test.Ring, test.Wait = 2*time.Second, 9*time.Second
	announce := embedded.named["announce"]
	announce.Then = ThenSilence
	for name, tc := range map[string]struct{ got, want Script }{
		"default": {s.standard, standard}, "psap-sf": {s.named["psap-sf"], sf}, "test-service": {s.named["test-service"], test},
		"announce": {s.named["announce"], announce},
	} {
		if diff := cmp.Diff(tc.want, tc.got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestScriptFileShowsEveryProblem(t *testing.T) {
	path := write(t, `default:
  ring: 48h
  then: dance
centres:
  psap-sf:
    answer: maybe
    status: 200
    codecs: [PCMU, opus]
    keys: {"1": repeat, "x": repeat}
    greetings: Hello
`)
	_, err := loadScripts(path)
	problems, ok := errors.AsType[strict.Problems](err)
	if !ok {
		t.Fatalf("error is %v", err)
	}
	var got []string
	for _, p := range problems {
		got = append(got, p.Path+" "+p.Value)
	}
	want := []string{
		"default.ring 48h", "default.then dance", "centres.psap-sf.answer maybe", "centres.psap-sf.status 200",
		"centres.psap-sf.codecs[1] opus", "centres.psap-sf.keys.x repeat", "centres.psap-sf.greetings ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s\nin\n%v", diff, err)
	}
	if line := problems[1].String(); line != path+`:3: default.then: "dance": is not known here; write one of silence, echo, tone, hang_up` {
		t.Error(line)
	}
	if _, err := loadScripts(filepath.Join(t.TempDir(), "none.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there gives %v", err)
	}
}

func TestFailure(t *testing.T) {
	for _, tc := range []struct {
		script Script
		status int
		reason string
	}{
		{Script{Answer: OutcomeBusy, Status: 600}, 486, "Busy Here"},
		{Script{Answer: OutcomeFail}, 503, "Service Unavailable"},
		{Script{Answer: OutcomeFail, Status: 603}, 603, "Decline"},
		{Script{Answer: OutcomeFail, Status: 502}, 502, "Bad Gateway"},
		{Script{Answer: OutcomeFail, Status: 699}, 699, "Failed"},
	} {
		if status, reason := tc.script.failure(); status != tc.status || reason != tc.reason {
			t.Errorf("%+v fails with %d %s", tc.script, status, reason)
		}
	}
}

func TestScriptsChangeAtRunTime(t *testing.T) {
	s, err := New(Options{Voice: "builtin", Logger: zerolog.Nop(), Centres: []Centre{{ID: "psap-mars", Name: "Mars"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if sc, ok := s.Script("psap-mars"); !ok || sc.Then != ThenEcho {
		t.Errorf("a centre of the directory follows %+v, %v", sc, ok)
	}
	if _, ok := s.Script("psap-new"); ok {
		t.Error("an unknown centre has a script")
	}
	keys := map[string]Action{"1": ActionTone}
	s.SetScript("psap-new", Script{Answer: OutcomeBusy, Keys: keys})
	keys["1"] = ActionHangUp
	if sc, ok := s.Script("psap-new"); !ok || sc.Answer != OutcomeBusy || sc.Keys["1"] != ActionTone {
		t.Errorf("after SetScript it follows %+v", sc)
	}
	s.SetCentres([]Centre{{ID: "psap-other"}})
	if _, ok := s.Script("psap-mars"); ok {
		t.Error("a centre that left the directory is still there")
	}
	if _, ok := s.Script("psap-other"); !ok {
		t.Error("a centre that came to the directory is not there")
	}
}

// Alone, without an edge's directory, the simulator has the lab's centres all the same.
func TestEveryCentreOfTheLabIsThere(t *testing.T) {
	src, err := os.ReadFile("../../routing/directory/lab.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var lab struct{ PSAPs, ECCs []struct{ ID, Name string } }
	if err := yaml.Unmarshal(src, &lab); err != nil {
		t.Fatal(err)
	}
	all := append(lab.PSAPs, lab.ECCs...)
	if len(all) < 20 {
		t.Fatalf("the lab has %d centres", len(all))
	}
	s, err := loadScripts("")
	if err != nil {
		t.Fatal(err)
	}
	for _, centre := range all {
		if got := s.named[centre.ID]; got.Name != centre.Name {
			t.Errorf("%s is called %q, want %q", centre.ID, got.Name, centre.Name)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for name, o := range map[string]Options{
		"a voice nobody has":         {Voice: "hal"},
		"ports the wrong way round":  {RTPMin: 9, RTPMax: 8},
		"scripts that are not there": {Scripts: "/does/not/exist.yaml"},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
