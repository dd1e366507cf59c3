package twiml_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/twiml"
)

// walk carries out a document as far as it goes without another, giving one outcome to each dial.
func walk(t *testing.T, xml string, outcomes ...twiml.Outcome) []twiml.Move {
	t.Helper()
	doc, err := twiml.Parse([]byte(xml))
	if err != nil {
		t.Fatal(err)
	}
	run, err := twiml.NewRun(doc, "https://u:p@customer.example/calls/voice.xml?a=1")
	if err != nil {
		t.Fatal(err)
	}
	var moves []twiml.Move
	var last twiml.Outcome
	for {
		m := run.Next(last)
		m.Line = ""
		moves = append(moves, m)
		last = twiml.Outcome{}
		switch m.Kind {
		case twiml.End, twiml.RejectCall, twiml.Fetch:
			return moves
		case twiml.DialOut:
			if len(outcomes) == 0 {
				t.Fatalf("one dial more than was thought: %+v", m.Dial)
			}
			last, outcomes = outcomes[0], outcomes[1:]
		}
	}
}

func TestRun(t *testing.T) {
	bob, carol := &twiml.SIP{URI: "sip:bob@x"}, &twiml.SIP{URI: "sip:carol@x"}
	end := twiml.Move{Kind: twiml.End}
	dialled := func(to ...twiml.Target) twiml.Move { return twiml.Move{Kind: twiml.DialOut, Dial: plainDial(to...)} }
	noAnswer := twiml.Outcome{Status: twiml.NoAnswer}
	talked := twiml.Outcome{Status: twiml.Completed, Bridged: true, Duration: 61400 * time.Millisecond, CallSID: "CA1"}
	for _, tc := range []struct {
		name, xml string
		outcomes  []twiml.Outcome
		want      []twiml.Move
	}{
		{"an empty document ends the call", `<Response/>`, nil, []twiml.Move{end}},
		{"verbs that are heard come together, with absolute URLs", `<Response><Say>a</Say><Play loop="2">b.wav</Play><Pause/><Hangup/><Say>never</Say></Response>`, nil, []twiml.Move{
			{Kind: twiml.Prompt, Verbs: []twiml.Verb{&twiml.Say{Text: "a", Loop: 1},
				&twiml.Play{URL: "https://u:p@customer.example/calls/b.wav", Loop: 2}, &twiml.Pause{Length: time.Second}}}, end}},
		{"a call is refused", `<Response><Reject reason="busy"/><Say>never</Say></Response>`, nil,
			[]twiml.Move{{Kind: twiml.RejectCall, Busy: true}}},
		{"an answered call is ended instead", `<Response><Pause/><Reject/></Response>`, nil,
			[]twiml.Move{{Kind: twiml.Prompt, Verbs: []twiml.Verb{&twiml.Pause{Length: time.Second}}}, end}},
		{"so is one after a conversation", `<Response><Dial><Sip>sip:bob@x</Sip></Dial><Reject/></Response>`, []twiml.Outcome{talked},
			[]twiml.Move{dialled(bob), end}},
		{"a failed dial leaves the call unanswered", `<Response><Dial><Sip>sip:bob@x</Sip></Dial><Reject/></Response>`, []twiml.Outcome{noAnswer},
			[]twiml.Move{dialled(bob), {Kind: twiml.RejectCall}}},
		{"a dial without action goes on", `<Response><Dial><Sip>sip:bob@x</Sip></Dial><Dial><Sip>sip:carol@x</Sip></Dial></Response>`,
			[]twiml.Outcome{noAnswer, talked}, []twiml.Move{dialled(bob), dialled(carol), end}},
		{"a sequential dial stops at who answers", `<Response><Dial sequential="true"><Sip>sip:bob@x</Sip><Sip>sip:carol@x</Sip><Sip>sip:dave@x</Sip></Dial></Response>`,
			[]twiml.Outcome{noAnswer, talked}, []twiml.Move{dialled(bob), dialled(carol), end}},
		{"an action is asked with what became of the dial", `<Response><Dial action="../done?x=1" method="GET"><Sip>sip:bob@x</Sip></Dial><Say>never</Say></Response>`,
			[]twiml.Outcome{talked}, []twiml.Move{
				{Kind: twiml.DialOut, Dial: &twiml.Dial{Targets: []twiml.Target{bob}, Timeout: 30 * time.Second, TimeLimit: 4 * time.Hour, Action: "../done?x=1", Method: "GET"}},
				{Kind: twiml.Fetch, URL: "https://u:p@customer.example/done?x=1", Method: "GET", Form: url.Values{
					"DialCallStatus": {"completed"}, "DialBridged": {"true"}, "DialCallSid": {"CA1"}, "DialCallDuration": {"61"}}}}},
		{"of a dial that reached nobody, too", `<Response><Dial action="done"><Sip>sip:bob@x</Sip></Dial></Response>`,
			[]twiml.Outcome{{}}, []twiml.Move{
				{Kind: twiml.DialOut, Dial: &twiml.Dial{Targets: []twiml.Target{bob}, Timeout: 30 * time.Second, TimeLimit: 4 * time.Hour, Action: "done", Method: "POST"}},
				{Kind: twiml.Fetch, URL: "https://u:p@customer.example/calls/done", Method: "POST", Form: url.Values{"DialCallStatus": {"failed"}, "DialBridged": {"false"}}}}},
		{"a redirect without URL asks for the document again", `<Response><Redirect/></Response>`, nil,
			[]twiml.Move{{Kind: twiml.Fetch, URL: "https://u:p@customer.example/calls/voice.xml?a=1", Method: "POST"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, walk(t, tc.xml, tc.outcomes...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestADocumentThatLeadsToItselfEnds(t *testing.T) {
	doc, err := twiml.Parse([]byte(`<Response><Redirect>again</Redirect></Response>`))
	if err != nil {
		t.Fatal(err)
	}
	run, err := twiml.NewRun(doc, "http://customer.example/")
	if err != nil {
		t.Fatal(err)
	}
	for range twiml.MaxDocuments - 1 {
		m := run.Next(twiml.Outcome{})
		if m.Kind != twiml.Fetch {
			t.Fatalf("got %+v", m)
		}
		if err := run.Load(doc, m.URL); err != nil {
			t.Fatal(err)
		}
	}
	if m := run.Next(twiml.Outcome{}); m.Kind != twiml.End || !strings.Contains(m.Line, fmt.Sprint(twiml.MaxDocuments)) {
		t.Errorf("got %+v", m)
	}
	if m := run.Next(twiml.Outcome{}); m.Kind != twiml.End {
		t.Errorf("after the end comes %+v", m)
	}
}

func TestNewRunWantsAnAbsoluteURL(t *testing.T) {
	if _, err := twiml.NewRun(&twiml.Document{}, "/voice"); err == nil {
		t.Error("a relative URL was taken")
	}
}
