package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/directory/store"
)

const (
	aDomain      = "SD0000000000000000000000000000000a"
	aTrunk       = "TK0000000000000000000000000000000a"
	fileTrunk    = "TK0000000000000000000000000000000f"
	someSettings = `{"provider":"bandwidth","location":{"routing":"never"},"identity":{"sources":["p-asserted-identity","from"],"normalise":true},
		"callback":{"fallback":["sip:desk@192.0.2.7","+14155550100"],"fork":"serial","ring":"30s","window":"2h"},
		"notify":[{"kind":"webhook","to":"https://me:hunter2@desk.example.com/x","secret":"Callbox-lab-911"},{"kind":"message","to":"sip:desk@192.0.2.7"}]}`
)

// hosts puts a domain and two trunks into the store, one of which is a file's.
func (e *edge) hosts(t *testing.T) {
	t.Helper()
	err := e.store.Update(t.Context(), store.Actor{}, func(tx *store.Tx) error {
		d := store.Domain{Common: store.Common{SID: aDomain, AccountSID: account}, DomainName: "a.sip.twilio.com"}
		k := store.Trunk{Common: store.Common{SID: aTrunk, AccountSID: account}, DomainName: "a.pstn.twilio.com"}
		f := store.Trunk{Common: store.Common{SID: fileTrunk, AccountSID: account, Origin: store.OriginFile}, DomainName: "f.pstn.twilio.com"}
		for _, err := range []error{store.Insert(tx, &d), store.Insert(tx, &k), store.Insert(tx, &f)} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func settingsIn(t *testing.T, body string) (s Settings) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return s
}

func TestSettingsAreReadAsTheyWereWrittenButForSecrets(t *testing.T) {
	t.Parallel()
	e := withStore(t)
	e.hosts(t)
	path := "/api/v1/trunks/" + aTrunk + "/settings"
	defaults := Settings{
		Provider: "twilio", Location: SettingsLocation{"always"},
		Identity: SettingsIdentity{Sources: []string{"from", "p-asserted-identity", "remote-party-id"}},
		Callback: SettingsCallback{Fallback: []string{}, Fork: "parallel", Ring: "20s", Window: "1h"}, Notify: []SettingsNotification{},
	}
	if d := cmp.Diff(defaults, settingsIn(t, e.ask(request{path: path}).Body.String())); d != "" {
		t.Error("defaults of a trunk:", d)
	}
	want := settingsIn(t, someSettings)
	want.Notify[0].Secret, want.Notify[0].To = "***", "https://me:***@desk.example.com/x"
	shown := e.ask(request{method: "PUT", path: path, body: someSettings}).Body.String()
	if d := cmp.Diff(want, settingsIn(t, shown)); d != "" {
		t.Error("after a change:", d)
	}
	// Who writes back what was shown changes nothing.
	e.ask(request{method: "PUT", path: path, body: shown})
	if stored := e.trunkSettings(t); !strings.Contains(stored, "Callbox-lab-911") || !strings.Contains(stored, "me:hunter2@") {
		t.Error(stored)
	}
	e.ask(request{method: "PUT", path: path, body: strings.ReplaceAll(shown, `"secret":"***",`, "")})
	log := e.ask(request{path: "/api/v1/audit?kind=trunk"}).Body.String()
	for _, secret := range []string{"Callbox-lab-911", "hunter2"} {
		if strings.Contains(log, secret) {
			t.Error("the audit log shows a secret:", log)
		}
	}
	if !strings.Contains(log, `"fork":"serial"`) {
		t.Error("the audit log does not show what was changed:", log)
	}
	e.ask(request{method: "PUT", path: path, body: `{}`})
	if stored := e.trunkSettings(t); stored != "" {
		t.Error(stored)
	}
}

func (e *edge) trunkSettings(t *testing.T) string {
	t.Helper()
	var k store.Trunk
	err := e.store.View(t.Context(), func(tx *store.Tx) (err error) {
		k, err = store.Get[store.Trunk](tx, "", aTrunk)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return k.Settings
}

func TestWrongSettingsChangeNothingAndSayWhy(t *testing.T) {
	t.Parallel()
	e := withStore(t)
	e.hosts(t)
	w := e.ask(request{method: "PUT", path: "/api/v1/trunks/" + aTrunk + "/settings", body: `{"identity":{"sources":["from","from"]},
		"callback":{"fallback":["4155550100","sip:desk"],"ring":"1h"},"notify":[{"kind":"webhook","to":"ftp://x","secret":"Callbox-lab-911` + "\\n" + `"}]}`})
	if w.Code != http.StatusUnprocessableEntity {
		t.Fatal(w.Code, w.Body)
	}
	for _, want := range []string{
		"body.identity.sources[1]", "name each source once", "body.callback.fallback[0]", "is not E.164", "body.callback.fallback[1]", "has no user part",
		"body.callback.ring", "write 1s to 3m", "body.notify[0].to", "is not an http: or https: URL", "body.notify[0].secret", "printable ASCII",
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %q in %s", want, w.Body)
		}
	}
	if strings.Contains(w.Body.String(), "Callbox-lab-911") {
		t.Error("a secret is told:", w.Body)
	}
	if stored := e.trunkSettings(t); stored != "" {
		t.Error(stored)
	}
	w = e.ask(request{method: "PUT", path: "/api/v1/trunks/" + fileTrunk + "/settings", body: `{}`})
	if w.Code != http.StatusConflict {
		t.Error(w.Code, w.Body)
	}
}
