package explain

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callbox/routing"
	"callbox/routing/directory"
)

func TestWhatAWebServiceWouldAnswerIsRead(t *testing.T) {
	t.Parallel()
	const body = `{"aeui": "a"}`
	for src, want := range map[string]HookAnswer{
		body: {Body: body},
		"":   {},
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + body + "\n": {Status: 200, Body: body + "\n"},
		"HTTP/2 404\n\n":         {Status: 404},
		"HTTP/1.0 303 See Other": {Status: 303},
		"HTTP/1.1 301 x\r\nlocation: /b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n" + body: {Status: 200, Body: body},
		"HTTP/1.1 404 x\nLocation: /b\n\n" + body:                              {Status: 404, Body: body},
		"HTTP/1.1 500 x\nA: b\n\n\n":                                           {Status: 500, Body: "\n"},
	} {
		got, err := ReadHookAnswer([]byte(src))
		if err != nil || cmp.Diff(want, *got) != "" {
			t.Errorf("%q: %v, %v", src, got, err)
		}
	}
	for src, want := range map[string]string{
		"HTTP/1.1":        "line 1 has no status: write one such as HTTP/1.1 200 OK, or JSON alone",
		"HTTP/1.1 OK 200": `line 1: status "OK" is not a number from 100 to 599`,
		"HTTP/1.1 99 x":   `line 1: status "99" is not a number from 100 to 599`,
		"HTTP/1.1 302 x\nLocation: /b\n\n" + body: `it redirects to "/b", which an edge would ask: give what that URL answers, or both as curl -iL prints them`,
		"HTTP/1.1 600 x": `line 1: status "600" is not a number from 100 to 599`,
	} {
		if _, err := ReadHookAnswer([]byte(src)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", src, err, want)
		}
	}
}

func TestAHooksAnswerIsJudgedAsTheEdgeWould(t *testing.T) {
	t.Parallel()
	lab := directory.Lab(netip.AddrPort{})
	for _, tt := range []struct {
		name    string
		answer  *HookAnswer
		verdict routing.Verdict
		saw     string
	}{
		{"none", nil, routing.VerdictAsk, "is a designated number"},
		{"a good one", &HookAnswer{Body: `{"aeui":"alicePhone0001","location_id":"elmStreet100"}`}, routing.VerdictPSAP, "it names endpoint alicePhone0001"},
		{"of another status", &HookAnswer{Status: 404, Body: `{"aeui":"alicePhone0001","location_id":"elmStreet100"}`}, routing.VerdictECC, "404"},
		{"that is no JSON", &HookAnswer{Body: "<html>"}, routing.VerdictECC, "the answer is no JSON"},
		{"that does not come", &HookAnswer{Error: "no complete answer within 450ms"}, routing.VerdictECC, "no complete answer within 450ms; no answer came in time"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, err := Ask(lab, nil, Question{From: "+14155550177", To: "+19195550911", Where: Where{HookAnswer: tt.answer}})
			if err != nil || d.Verdict != tt.verdict || !strings.Contains(d.Trace.Steps()[2].Saw, tt.saw) {
				t.Errorf("%v\n%s", err, routing.Text(d))
			}
		})
	}
}
