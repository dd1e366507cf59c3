package systest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	api "github.com/twilio/twilio-go/rest/api/v2010"

	"callbox/sip/call"
)

func TestACallbackFindsThePhoneThatCalled(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	// A phone of the shop calls with a number of its own; the call centre is given the shop's.
	host := newHost()
	_, id := l.call(t, caller{scenario: "answered.xml", from: "sip:" + stranger + "@" + store, to: "911", domain: store, at: host, hold: 200 * time.Millisecond}).answer()
	if r := l.record(t, id); !r.CallerReplaced {
		t.Fatalf("the shop's number did not take the caller's place: %+v", r)
	}
	_, other := l.call(t, caller{scenario: "answered.xml", from: "sip:" + newYork + "@" + store, to: "911", domain: store, hold: 200 * time.Millisecond}).answer()
	l.record(t, other) // of another number: it must not ring
	phone := startCentre(t, centre{scenario: "uas_hangs_up.xml", host: host, hold: 200 * time.Millisecond})
	r := l.record(t, l.callback(t, "psap-sf", map[string]string{"number": sanFrancisco}))
	if string(r.CallbackOf) != id || len(r.Attempts) != 1 || !strings.Contains(r.AnsweredBy, host) {
		t.Errorf("answered by %q about %s, tried %s; %v", r.AnsweredBy, r.CallbackOf, tried(r), r.Trace)
	}
	if p := phone.invited(t).header("Priority"); p != "psap-callback" {
		t.Errorf("the phone was called with Priority %q", p)
	}
}

func TestACallbackFollowsTheVoiceURL(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	desk := startCentre(t, centre{scenario: "uas_hangs_up.xml", hold: 500 * time.Millisecond})
	var mu sync.Mutex
	var asked []url.Values
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Form)
		w.Header().Set("Content-Type", "text/xml")
		if r.URL.Path == "/after" {
			_, _ = w.Write([]byte(`<Response><Hangup/></Response>`))
			return
		}
		fmt.Fprintf(w, `<Response><Say>Please hold.</Say><Dial action="/after"><Sip>sip:desk@%s:6060</Sip></Dial></Response>`, desk.host)
	}))
	t.Cleanup(site.Close)
	c := l.customer(t)
	all := ok[[]api.ApiV2010IncomingPhoneNumber](t)(c.api.ListIncomingPhoneNumber((&api.ListIncomingPhoneNumberParams{}).SetPhoneNumber(newYork)))
	ok[any](t)(c.api.UpdateIncomingPhoneNumber(*all[0].Sid, (&api.UpdateIncomingPhoneNumberParams{}).SetVoiceUrl(site.URL+"/voice")))
	r := l.record(t, l.callback(t, "psap-nyc", map[string]string{"number": newYork}))
	if tried(r) != "voice answered, desk@"+desk.host+" answered" || r.EndReason != call.EndCalleeHungUp {
		t.Errorf("tried %s, ended by %s; %v", tried(r), r.EndReason, r.Trace)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(asked) != 2 || asked[0].Get("To") != newYork || asked[0].Get("CallSid") != string(r.ID) || asked[1].Get("DialCallStatus") != "completed" {
		t.Errorf("the voice URL was asked %v", asked)
	}
}

// A call centre that is not simulated proves who it is; nobody has a phone, so the security desk rings.
func TestACallCentreThatProvesItselfReachesTheFallback(t *testing.T) {
	t.Parallel()
	desk := startCentre(t, centre{scenario: "uas_answer.xml"})
	l := startLab(t, settings{directory: fmt.Sprintf(`
accounts: [{sid: %s, name: Test}]
acls: [{name: all, networks: [127.0.0.0/8]}]
domains:
  - name: lab.sip.us1.twilio.com
    emergency_calling: true
    acls: [all]
    callback: {fallback: ["sip:desk@%s:6060"]}
addresses: [{id: sf, customer: Test, street: 645 Harrison St, city: San Francisco, state: CA, postal_code: "94105", country: US}]
numbers: [{number: "+14155550100", service: e911, address: sf}]
psaps:
  - {id: psap-real, uri: "sip:psap@127.0.0.1:9", probe: false, callback: {user: psap-real, password: Callback-secret-1}, serves: {country: US, whole_country: true}}
eccs: [{id: ecc-us, country: US, uri: "sip:ecc-us@sim"}]
`, labAccount, desk.host)})
	c := caller{
		scenario: "digest.xml", from: "sip:psap-real@psap.example", to: "4155550100", user: "psap-real", password: "Callback-secret-1",
		hold: 300 * time.Millisecond,
	}
	_, id := l.call(t, c).answer()
	r := l.record(t, id)
	if r.Centre != "psap-real" || tried(r) != "desk@"+desk.host+" answered" || r.EndReason != call.EndCallerHungUp {
		t.Errorf("centre %q, tried %s, ended by %s; %v", r.Centre, tried(r), r.EndReason, r.Trace)
	}
	c.scenario, c.password = "digest_refused.xml", "Callback-secret-2"
	if final, _ := l.call(t, c).answer(); !final.isStatus("403") {
		t.Errorf("wrong credentials were answered %s", final.start)
	}
	// Nobody else reaches an ordinary number, whatever Priority says.
	c = caller{scenario: "refused.xml", to: sanFrancisco}
	if final, _ := l.call(t, c).answer(); !final.isStatus("404") {
		t.Errorf("a stranger was answered %s", final.start)
	}
	body := string(l.post(t, "/api/v1/psaps/psap-real/callback", map[string]string{"number": sanFrancisco}, http.StatusConflict))
	if !strings.Contains(body, "neither simulated nor registered") || !strings.Contains(body, "register a phone as psap-real at psap.") {
		t.Errorf("the answer is %s", body)
	}
}
