package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/sip/call"
)

func TestCallsAreListed(t *testing.T) {
	t.Parallel()
	ended := func(n int, more ...func(*call.Record)) *call.Record {
		r := at(n, call.StateEnded, more...)
		return &r
	}
	ecc := func(r *call.Record) { r.Verdict, r.Caller = "ecc", "+14155550102" }
	withheld := func(r *call.Record) { r.From, r.Caller = "anonymous", "" }
	e := &edge{
		live: []call.Record{at(3, call.StateAnswered), at(9, call.StateProgressing), at(5, call.StateAnswered)},
		// 5 has ended between the two looks at it; 4 began before 6 and ended after it.
		ended: []*call.Record{ended(5), ended(4, ecc), ended(6), ended(2, withheld), ended(1)},
	}
	tests := []struct {
		name, query string
		want        []int
		next        int // 0 for none
	}{
		{"live and ended together, newest first, each once", "", []int{9, 6, 5, 4, 3, 2, 1}, 0},
		{"a page of two says where the next begins", "?limit=2", []int{9, 6}, 6},
		{"the page after it", "?limit=3&before=CA00000000000000000000000000000006", []int{5, 4, 3}, 3},
		{"the last page says so", "?limit=3&before=CA00000000000000000000000000000003", []int{2, 1}, 0},
		{"live ones", "?state=live", []int{9, 3}, 0},
		{"ended ones", "?state=ended", []int{6, 5, 4, 2, 1}, 0},
		{"answered ones", "?state=answered", []int{3}, 0},
		{"by verdict", "?verdict=ecc", []int{4}, 0},
		{"by caller", "?caller=%2B14155550102", []int{4}, 0},
		{"by From where there is no caller number", "?caller=anonymous", []int{2}, 0},
		{"none like that", "?verdict=test", []int{}, 0},
		{"a page that ends with the list names no other", "?limit=7", []int{9, 6, 5, 4, 3, 2, 1}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := get[CallList](t, &edge{live: e.live, ended: e.ended}, "/api/v1/calls"+tt.query)
			want := []call.ID{}
			for _, n := range tt.want {
				want = append(want, at(n, 0).ID)
			}
			ids := []call.ID{}
			for _, r := range got.Calls {
				ids = append(ids, r.ID)
				if (r.ID == at(5, 0).ID) != (r.State == call.StateEnded) && r.ID == at(5, 0).ID {
					t.Errorf("a call that has just ended is shown as %s", r.State)
				}
			}
			if d := cmp.Diff(want, ids); d != "" {
				t.Errorf("calls (-want +got):\n%s", d)
			}
			var next call.ID
			if tt.next != 0 {
				next = at(tt.next, 0).ID
			}
			if got.NextBefore != next {
				t.Errorf("next_before %q, want %q", got.NextBefore, next)
			}
		})
	}
}

func TestAListThatCannotBeUnderstoodIsRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, query string
		status      int
	}{
		{"no calls at all", "?limit=0", http.StatusUnprocessableEntity},
		{"more than a page may hold", "?limit=1001", http.StatusUnprocessableEntity},
		{"a limit that is no number", "?limit=many", http.StatusUnprocessableEntity},
		{"a state that does not exist", "?state=asleep", http.StatusUnprocessableEntity},
		{"a mistyped parameter", "?stat=live", http.StatusUnprocessableEntity},
		{"a page after a call nobody knows", "?before=CA1", http.StatusNotFound},
		{"an endless cursor", "?before=" + strings.Repeat("C", 5000), http.StatusUnprocessableEntity},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := &edge{}
			refused(t, e.ask(request{path: "/api/v1/calls" + tt.query}), tt.status)
		})
	}
}

func TestACallIsToldWhole(t *testing.T) {
	t.Parallel()
	east := time.FixedZone("east", 3600)
	r := at(1, call.StateEnded, func(r *call.Record) {
		r.StartedAt = r.StartedAt.In(east)
		r.AnsweredAt = r.StartedAt.Add(time.Second)
		r.EndReason, r.FeeCents, r.Warning = call.EndCalleeHungUp, 7500, 22221
		r.Trace = []call.Step{{Rule: 6, Name: "unregistered", Outcome: "applied", Saw: "+14155550102"}}
		r.Attempts = []call.Attempt{{Target: "ecc-us", Outcome: "answered", Status: 200}}
		r.Events = []call.Event{{Call: r.ID, Kind: call.EventReceived}}
		r.Media.FromCaller.Packets = 50
	})
	e := &edge{ended: []*call.Record{&r}}
	w := e.ask(request{path: "/api/v1/calls/" + string(r.ID)})
	for _, part := range []string{
		`"id":"CA00000000000000000000000000000001"`, `"state":"ended"`, `"started_at":"2025-03-04T05:06:01Z"`,
		`"end_reason":"callee_hung_up"`, `"fee_cents":7500`, `"warning":22221`, `"rule":6`, `"target":"ecc-us"`,
		`"kind":"received"`, `"packets":50`,
	} {
		if !strings.Contains(w.Body.String(), part) {
			t.Errorf("no %s in\n%s", part, w.Body)
		}
	}
	if strings.Contains(w.Body.String(), "$schema") {
		t.Error("the answer has a $schema field that is none of the record's")
	}
}

func TestACallIsToldWithWhatWasSpoken(t *testing.T) {
	t.Parallel()
	live, ended := at(1, call.StateAnswered), at(2, call.StateEnded)
	spoken := []Transcript{
		{Centre: "psap-busy", Name: "Test", Number: "+14155550100", Said: []string{}},
		{
			Centre: "psap-sf", Name: "San Francisco", AnsweredAt: live.StartedAt, Number: "+14155550100", Address: "645 Harrison St",
			Voice: "builtin", Said: []string{"this is a test.", "your number is, plus one."}, Digits: "1",
		},
	}
	e := &edge{live: []call.Record{live}, ended: []*call.Record{&ended}, spoken: map[call.ID][]Transcript{live.ID: spoken, ended.ID: spoken[:1]}}
	for id, want := range e.spoken {
		got := get[CallDetail](t, e, "/api/v1/calls/"+string(id))
		if d := cmp.Diff(want, got.Transcripts); d != "" || got.ID != id {
			t.Errorf("%s (-want +got):\n%s", id, d)
		}
	}
	e.spoken = nil
	if w := e.ask(request{path: "/api/v1/calls/" + string(live.ID)}); !strings.Contains(w.Body.String(), `"transcripts":[]`) {
		t.Errorf("a call without a word: %s", w.Body)
	}
}

func TestALiveCallHasListsEvenWhileTheyAreEmpty(t *testing.T) {
	t.Parallel()
	e := &edge{live: []call.Record{at(1, call.StateNew)}}
	w := e.ask(request{path: "/api/v1/calls/" + string(at(1, 0).ID)})
	for _, part := range []string{`"trace":[]`, `"attempts":[]`, `"events":[]`} {
		if !strings.Contains(w.Body.String(), part) {
			t.Errorf("no %s in\n%s", part, w.Body)
		}
	}
}

func TestACallNobodyKnowsIsNotFound(t *testing.T) {
	t.Parallel()
	e := &edge{}
	refused(t, e.ask(request{path: "/api/v1/calls/CA77"}), http.StatusNotFound)
}
