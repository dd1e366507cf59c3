package directory

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// everySetting has a value other than the default for each key.
func everySetting() Settings {
	return Settings{
		Identity: Identity{Sources: []IdentitySource{SourceDiversion, SourcePreferred, SourceRemoteParty, SourceAsserted, SourceFrom}, Normalise: true},
		Callback: CallbackSettings{Fallback: []string{"sip:desk@192.0.2.7", "+14155550100"}, Fork: ForkSerial, Ring: 30 * time.Second, Window: 2 * time.Hour},
		Notify: []Notification{
			{Kind: NotifyWebhook, To: "https://me:hunter2@desk.example.com/x", Secret: "Callbox-lab-911", Test: true, Events: []NotificationEvent{NotifyEnded, NotifyPlaced, NotifyAnswered}},
			{Kind: NotifyEmail, To: "desk@example.com"},
			{Kind: NotifyMessage, To: "sip:a@192.0.2.7"}, {Kind: NotifyListen, To: "sip:b@192.0.2.7"}, {Kind: NotifyBarge, To: "sips:c@desk.example.com:5061"},
		},
	}
}

func TestSettingsAreKeptWhole(t *testing.T) {
	s := load(t, "testdata/good/everything.yaml", Options{})
	if d := cmp.Diff(everySetting(), s.Domains()[0].Settings); d != "" {
		t.Error("read from a file:", d)
	}
	got, err := ReadStored(everySetting().Stored())
	if d := cmp.Diff(everySetting(), got); d != "" || err != nil {
		t.Error("read from the database:", d, err)
	}
	got, err = ReadStored(`{"callback": {"ring": "3s", "later": 1}, "later": {}}`)
	if got.Callback.Ring != 3*time.Second || err != nil {
		t.Error("read as a newer callbox wrote it:", got, err)
	}
	if _, err := ReadStored("{"); err == nil {
		t.Error("half an object was read")
	}
	if text := (Settings{}).Stored(); text != "" {
		t.Errorf("the defaults are stored as %q", text)
	}
}

func TestSettingsHaveDefaults(t *testing.T) {
	s := load(t, "testdata/good/everything.yaml", Options{})
	if got := fmt.Sprint(s.Domains()[1].Settings); got != "{twilio {always} {[from] false} {[] parallel 20s 1h0m0s} []}" {
		t.Error(got)
	}
	if got := fmt.Sprint(s.Trunks()[0].Settings); got != "{twilio {always} {[from p-asserted-identity remote-party-id] false} {[] parallel 20s 1h0m0s} []}" {
		t.Error(got)
	}
}

func TestSecretsOfSettingsAreNotShownAndAreKept(t *testing.T) {
	s := everySetting()
	shown := s.Masked()
	if text := shown.Stored() + fmt.Sprintf("%v %+v %#v", shown, shown, s.Notify[0].Secret); strings.Contains(text, "911") || strings.Contains(text, "hunter2") {
		t.Error(text)
	}
	if d := cmp.Diff(s, shown.Keep(s)); d != "" {
		t.Error("written back:", d)
	}
	shown.Notify[0].To = "https://elsewhere.example.com/"
	if got := shown.Keep(s).Notify[0]; got.Secret != "" {
		t.Error("a secret went with another place", got)
	}
	shown.Notify[0] = Notification{Kind: NotifyWebhook, To: s.Notify[0].To}
	if got := shown.Keep(s).Notify[0]; got.Secret != "" {
		t.Error("a secret cannot be taken away", got)
	}
	for in, want := range map[string]string{
		"https://u:p@h/x":     "https://u:***@h/x",
		"https://u:p@ss@h/x":  "https://u:***@h/x",
		"https://u:p@h?a=@":   "https://u:***@h?a=@",
		"https://u@h":         "https://u@h",
		"https://h/x?a=b:c@d": "https://h/x?a=b:c@d",
		"sip:a@h":             "sip:a@h",
		"a:b@h":               "a:b@h",
		"":                    "",
	} {
		if got := MaskedURL(in); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}

func FuzzSettings(f *testing.F) {
	for _, s := range []string{
		`{"identity": {"sources": ["diversion", "from"], "normalise": true}, "callback": {"fallback": ["sip:a@b", "+14155550100"], "ring": "2s", "window": "1h"}}`,
		`{"notify": [{"kind": "webhook", "to": "https://u:p@h/?a=b@c:d", "secret": "x"}, {"kind": "email", "to": "a@b"}, {"kind": "listen", "to": "sips:a@[::1]:1"}]}`,
		"identity: {sources: [from, from]}", "notify: [{}]", "callback: &a {fallback: [*a]}", "", "{",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		s, problems := ParseSettings("fuzz", src)
		if len(problems) > 0 {
			return
		}
		kept, err := ReadStored(s.Stored())
		if d := cmp.Diff(s.DomainDefaults(), kept.DomainDefaults(), cmpopts.EquateEmpty()); d != "" || err != nil {
			t.Errorf("from the database: %s %v", d, err)
		}
		if d := cmp.Diff(s, s.Masked().Keep(s), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("written back masked: %s", d)
		}
	})
}
