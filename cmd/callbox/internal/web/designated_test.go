package web

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/cmd/callbox/internal/explain"
	"callbox/routing/directory"
	"callbox/routing/directory/store"
	"callbox/sip/call"
)

const (
	someDesignated = "/api/v1/accounts/" + account + "/emergency-numbers"
	someHook       = `{"url":"https://where.example.com/x?key=1","user":"ada","password":"hunter2","timeout":"200ms","refuse_on_404":true,
		"take_caller":true,"forbid_internal":true,"parameters":"title"}`
)

// examples returns one example for each operation of an edge that is in use.
func examples(key string) map[string]example {
	all := designatedExamples()
	maps.Copy(all, commonExamples(key))
	return all
}

// designatedExamples are examples of the operations on designated numbers.
func designatedExamples() map[string]example {
	missing := func(path string) []deviation { return []deviation{{path, "", 404}} }
	return map[string]example{
		"list-emergency-numbers": {someDesignated, "", missing("/api/v1/accounts/AC" + strings.Repeat("1", 32) + "/emergency-numbers")},
		"get-emergency-number":   {someDesignated + "/+19195550911", "", missing(someDesignated + "/+19195550912")},
		"set-emergency-number": {someDesignated + "/+19195550911", someHook, []deviation{
			{"/api/v1/accounts/AC" + strings.Repeat("1", 32) + "/emergency-numbers/+19195550913", "", 404}, {"", `{"url":"ftp://x"}`, 422},
			{"", `{"url":"http://x.example","timeout":"soon"}`, 422}, {"/api/v1/accounts/" + other + "/emergency-numbers/+19195550911", "", 409},
			{someDesignated + "/+19195550914", "", 200}, {someDesignated + "/+19195550999", "", 409}}},
		"try-emergency-number": {someDesignated + "/+19195550911/try", `{"from":"+14155550100"}`, []deviation{
			{someDesignated + "/+19195550912/try", "", 404}, {"", `{"from":"x","source":"nowhere"}`, 422}}},
		"delete-emergency-number": {someDesignated + "/+19195550911", "", []deviation{{someDesignated + "/+19195550912", "", 404}, {someDesignated + "/+19195550999", "", 409}}},
	}
}

// hooks stands in for the web services.
type hooks struct{}

func (hooks) Circuit(string) Circuit {
	return Circuit{State: "half", Asked: 3, Failed: 2, LastError: "x"}
}

func (hooks) Try(_ context.Context, n directory.EmergencyNumberRecord, w HookTrial) (HookTried, error) {
	if w.Source == "nowhere" {
		return HookTried{}, errors.New("source \"nowhere\" is no IP address")
	}
	return HookTried{
		Request: n.URL, Status: 200, ElapsedMS: 1.5, Body: string(n.Password[:1]) + w.From,
		Decision: explain.Answer{Verdict: "psap", Targets: []explain.Target{}, Trace: []call.Step{}},
	}, nil
}

// designate puts a designated number into the store, and one that is a file's.
func (e *edge) designate(t *testing.T) {
	t.Helper()
	err := e.store.Update(t.Context(), store.Actor{}, func(tx *store.Tx) error {
		a := store.EmergencyNumber{Common: store.Common{AccountSID: account}, PhoneNumber: "+19195550911"}
		a.SetRecord(directory.EmergencyNumberRecord{URL: "http://a.example", User: "ada", Password: "hunter1", Timeout: 450 * time.Millisecond})
		f := store.EmergencyNumber{Common: store.Common{AccountSID: account, Origin: store.OriginFile}, PhoneNumber: "+19195550999"}
		f.SetRecord(directory.EmergencyNumberRecord{URL: "http://f.example", Timeout: 450 * time.Millisecond})
		return errors.Join(store.Insert(tx, &a), store.Insert(tx, &f))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestADesignatedNumberIsMadeShownChangedAndRemoved(t *testing.T) {
	t.Parallel()
	e := withStore(t)
	path := someDesignated + "/%2B19195550911"
	refused(t, e.ask(request{path: path}), http.StatusNotFound)
	w := e.ask(request{method: "PUT", path: path, body: someHook})
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	shown := w.Body.String()
	got := decode[DesignatedView](t, w.Body)
	want := DesignatedView{
		SID: got.SID, Number: "+19195550911", Origin: "api", Circuit: Circuit{State: "half", Asked: 3, Failed: 2, LastError: "x"},
		Designated: Designated{
			URL: "https://where.example.com/x?key=1", User: "ada", Password: "***", Timeout: "200ms", RefuseOn404: true, TakeCaller: true,
			ForbidInternal: true, Parameters: "title",
		},
	}
	if d := cmp.Diff(want, got); d != "" || !strings.HasPrefix(got.SID, "EM") {
		t.Error(got.SID, d)
	}
	if d := cmp.Diff(want, get[DesignatedView](t, e, path)); d != "" {
		t.Error(d)
	}
	// *** keeps the password, and what is left out has its default.
	e.ask(request{method: "PUT", path: path, body: `{"url":"https://Where.example.com/y","user":"ada","password":"***"}`})
	want.Designated = Designated{URL: "https://Where.example.com/y", User: "ada", Password: "***", Timeout: "450ms", Parameters: "lower"}
	// To another service it does not go.
	for _, url := range []string{"https://b.example/y", "http://where.example.com/y", "https://where.example.com:444/y"} {
		w := e.ask(request{method: "PUT", path: path, body: `{"url":"` + url + `","user":"ada","password":"***"}`})
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "body.password") {
			t.Errorf("%s: %d %s", url, w.Code, w.Body)
		}
	}
	list := get[DesignatedList](t, e, someDesignated)
	if d := cmp.Diff(DesignatedList{Numbers: []DesignatedView{want}}, list); d != "" {
		t.Error(d)
	}
	tried := decode[HookTried](t, e.ask(request{method: "POST", path: path + "/try", body: `{"from":"+14155550100"}`}).Body)
	if tried.Body != "h+14155550100" || tried.Decision.Verdict != "psap" {
		t.Errorf("%+v: the password that was kept is not used", tried)
	}
	if w := e.ask(request{method: "DELETE", path: path}); w.Code != http.StatusNoContent {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	refused(t, e.ask(request{path: path}), http.StatusNotFound)
	log := e.ask(request{path: "/api/v1/audit?kind=emergency_number"}).Body.String()
	if strings.Contains(log+shown, "hunter2") || strings.Count(log, `"action"`) != 3 {
		t.Error(log)
	}
}

func TestADesignatedNumberThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	e := withStore(t)
	for body, want := range map[string]string{
		`{"url":"ftp://x.example"}`:                                     "body.url",
		`{"url":"http://me:hunter2@x.example/"}`:                        "body.url: has a user in it",
		`{"url":"x"}`:                                                   "body.url",
		`{"url":"http://x.example","timeout":"soon"}`:                   "body.timeout: is not a duration; write 450ms",
		`{"url":"http://x.example","timeout":"11s"}`:                    "body.timeout: is too short or too long",
		`{"url":"http://x.example","password":"hunter2"}`:               "body.password: is the password of nobody",
		`{"url":"http://x.example","user":"a:b"}`:                       "body.user",
		`{"url":"http://x.example","user":"a","password":"hunter2\n"}`:  "body.password",
		`{"url":"http://x.example","parameters":"upper"}`:               "body.parameters",
		`{"url":"http://x.example","user":"a","passwort":"hunter2"}`:    "body.passwort",
		`{"url":"http://x.example","refuse_on_404":"hunter2","user":1}`: "body.refuse_on_404",
	} {
		w := e.ask(request{method: "PUT", path: someDesignated + "/+19195550911", body: body})
		text := w.Body.String()
		p := refused(t, w, http.StatusUnprocessableEntity)
		var all []string
		for _, x := range p.Errors {
			all = append(all, x.Location+": "+x.Message)
		}
		if !strings.Contains(strings.Join(all, "\n"), want) {
			t.Errorf("%s: %v, want %s", body, all, want)
		}
		if strings.Contains(body, `password":"hunter2`) && strings.Contains(text, "hunter2") || strings.Contains(text, "me:hunter2") {
			t.Errorf("%s: the password is shown: %s", body, text)
		}
	}
	for _, number := range []string{"19195550911", "+1", "911", "+1919555091x"} {
		refused(t, e.ask(request{method: "PUT", path: someDesignated + "/" + number, body: someHook}), http.StatusUnprocessableEntity)
	}
}
