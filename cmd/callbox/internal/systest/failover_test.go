package systest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/sip/call"
)

// attempts returns target and outcome of every attempt of a call.
func attempts(r call.Record) []string {
	var s []string
	for _, a := range r.Attempts {
		s = append(s, a.Target+" "+a.Outcome)
	}
	return s
}

func TestCallPassesOverACentreThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		centre  centre
		target  target
		outcome string // of the first attempt
		method  string // what the first centre must also get, "" for nothing special
	}{
		{name: "busy", centre: centre{scenario: "uas_busy.xml"}, outcome: "busy", method: "ACK"},
		{name: "failing", centre: centre{scenario: "uas_down.xml"}, outcome: "failed", method: "ACK"},
		{name: "declining for everybody", centre: centre{scenario: "uas_declines.xml"}, outcome: "failed", method: "ACK"},
		{name: "redirecting", centre: centre{scenario: "uas_redirect.xml", elsewhere: "sip:nobody@127.0.0.1:9"}, outcome: "failed", method: "ACK"},
		{name: "ringing for too long", centre: centre{scenario: "uas_rings.xml"}, target: target{ring: "2s"}, outcome: "timeout", method: "CANCEL"},
		{name: "silent", centre: centre{scenario: "uas_silent.xml"}, target: target{ring: "2s"}, outcome: "timeout"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			first, second := startCentre(t, test.centre), startCentre(t, centre{scenario: "uas_answer.xml"})
			test.target.id, test.target.uri = "psap-first", first.uri()
			l := startLab(t, settings{directory: directoryOf(t, test.target,
				target{id: "psap-second", uri: second.uri()}, target{id: "ecc-us", uri: "sip:ecc-us@sim"})})

			said := l.call(t, caller{scenario: "answered.xml", to: "911", hold: 300 * time.Millisecond})
			_, id := said.answer()
			r := l.record(t, id)
			if diff := cmp.Diff([]string{"psap-first " + test.outcome, "psap-second answered"}, attempts(r)); diff != "" {
				t.Errorf("attempts differ (-want +got):\n%s", diff)
			}
			if r.AnsweredBy != "psap-second" || !slices.Contains(events(r), call.EventPassedOver) {
				t.Errorf("answered by %q, events %v", r.AnsweredBy, events(r))
			}
			if !slices.Contains(said.starts(), "180") {
				t.Errorf("the caller heard no ringing: %v", said.starts())
			}
			if got := first.said(t).starts(); test.method != "" && !slices.Contains(got, test.method) {
				t.Errorf("the first centre got %v, want %s among them", got, test.method)
			}
			second.stop(t)
		})
	}
}

func TestRedirectIsFollowedWhereTheCentreMaySendCallsElsewhere(t *testing.T) {
	t.Parallel()
	elsewhere := startCentre(t, centre{scenario: "uas_answer.xml"})
	first := startCentre(t, centre{scenario: "uas_redirect.xml", elsewhere: elsewhere.uri()})
	l := startLab(t, settings{directory: directoryOf(t,
		target{id: "psap-first", uri: first.uri(), answer: "{follow_redirects: true}"}, target{id: "ecc-us", uri: "sip:ecc-us@sim"})})
	_, id := l.call(t, caller{scenario: "answered.xml", to: "911", hold: 300 * time.Millisecond}).answer()
	if r := l.record(t, id); r.AnsweredBy != "psap-first" {
		t.Errorf("answered by %q after %v", r.AnsweredBy, attempts(r))
	}
	if _, ok := elsewhere.stop(t).find(func(m message) bool { return m.isRequest("INVITE") }); !ok {
		t.Error("the address of the redirect got no INVITE")
	}
}

// centreState returns the in-service words of a call centre as the API tells them.
func centreState(t *testing.T, l *lab, id string) string {
	t.Helper()
	_, body := l.get(t, "/api/v1/psaps")
	var list struct {
		PSAPs []struct {
			ID    string `json:"id"`
			State string `json:"state"`
		} `json:"psaps"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		t.Fatalf("GET /api/v1/psaps: %v: %s", err, body)
	}
	for _, p := range list.PSAPs {
		if p.ID == id {
			return p.State
		}
	}
	t.Fatalf("GET /api/v1/psaps knows no %s: %s", id, body)
	return ""
}

func TestCentreOutOfServiceIsNotRung(t *testing.T) {
	t.Parallel()
	nobody := newHost() // nothing listens there
	l := startLab(t, settings{probeInterval: 200 * time.Millisecond, directory: directoryOf(t,
		target{id: "psap-first", uri: "sip:centre@" + nobody + ":6060"}, target{id: "ecc-us", uri: "sip:ecc-us@sim"})})
	eventually(t, 10*time.Second, "the probes find psap-first down", func() error {
		if s := centreState(t, l, "psap-first"); s != "down" {
			return fmt.Errorf("its state is %q", s)
		}
		return nil
	})
	_, id := l.call(t, caller{scenario: "answered.xml", to: "911", hold: 200 * time.Millisecond}).answer()
	r := l.record(t, id)
	if diff := cmp.Diff([]string{"ecc-us answered"}, attempts(r)); diff != "" {
		t.Errorf("attempts differ (-want +got):\n%s", diff)
	}
	if last := r.Trace[len(r.Trace)-1]; !strings.Contains(last.Saw, "psap-first") {
		t.Errorf("the trace does not say why psap-first was passed over: %+v", last)
	}
}

func TestDrainedCentreGetsNoNewCalls(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	for _, step := range []struct{ verb, centre string }{{"drain", "psap-oakland"}, {"restore", "psap-sf"}} {
		if status, body := l.request(t, http.MethodPost, "/api/v1/psaps/psap-sf/"+step.verb); status != http.StatusOK {
			t.Fatalf("%s: %d %s", step.verb, status, body)
		}
		_, id := l.call(t, caller{scenario: "answered.xml", to: "911", hold: 200 * time.Millisecond}).answer()
		if r := l.record(t, id); r.AnsweredBy != step.centre {
			t.Errorf("after %s psap-sf: answered by %q, attempts %v", step.verb, r.AnsweredBy, attempts(r))
		}
	}
}

func TestCallerIsToldWhenNobodyIsLeft(t *testing.T) {
	t.Parallel()
	first, last := startCentre(t, centre{scenario: "uas_busy.xml"}), startCentre(t, centre{scenario: "uas_down.xml"})
	l := startLab(t, settings{directory: directoryOf(t, target{id: "psap-first", uri: first.uri()}, target{id: "ecc-us", uri: last.uri()})})
	said := l.call(t, caller{scenario: "refused.xml", to: "911", limit: time.Minute})
	final, id := said.answer()
	if !final.isStatus("503") || final.header("Retry-After") != "30" {
		t.Errorf("the caller got %q, Retry-After %q", final.start, final.header("Retry-After"))
	}
	checkRefusal(t, final, 0)
	if early, ok := said.find(func(m message) bool { return m.isStatus("183") }); !ok || early.body == "" {
		t.Errorf("no announcement before the end: %v", said.starts())
	}
	r := l.record(t, id)
	if r.EndReason != call.EndNoTarget || r.SIPStatus != 503 {
		t.Errorf("the record says %v, status %d", r.EndReason, r.SIPStatus)
	}
	if len(r.Attempts) < 2 || r.Attempts[0].Outcome != "busy" || r.Attempts[1].Outcome != "failed" {
		t.Errorf("attempts: %v", attempts(r))
	}
}

func TestEarlyMediaReachesTheCaller(t *testing.T) {
	t.Parallel()
	c := startCentre(t, centre{scenario: "uas_early.xml"})
	l := startLab(t, settings{directory: directoryOf(t, target{id: "psap-first", uri: c.uri()}, target{id: "ecc-us", uri: "sip:ecc-us@sim"})})
	said := l.call(t, caller{scenario: "answered.xml", to: "911", hold: 300 * time.Millisecond})
	early, ok := said.find(func(m message) bool { return m.isStatus("183") })
	if !ok || early.header("Content-Type") != "application/sdp" {
		t.Fatalf("the caller got %v, want 183 with SDP", said.starts())
	}
	if mediaOf(t, early) != l.host {
		t.Errorf("the early media would come from %s, not from the edge", mediaOf(t, early))
	}
	_, id := said.answer()
	if r := l.record(t, id); !slices.Contains(events(r), call.EventEarlyMedia) {
		t.Errorf("events %v", events(r))
	}
	c.stop(t)
}
