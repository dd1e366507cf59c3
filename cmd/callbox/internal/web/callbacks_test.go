package web

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"callbox/sip/call"
)

// callbacks are those of an edge with one simulated centre, psap-sf.
type callbacks struct{ e *edge }

func (c callbacks) Callback(_ context.Context, centre string, w Whom) (Callback, error) {
	switch {
	case centre == "psap-moon":
		return Callback{}, ErrNoCentre
	case centre != "psap-sf":
		return Callback{}, &CallbackError{Status: http.StatusConflict, Message: centre + " is not simulated"}
	case w.CallID == "CAmissing":
		return Callback{}, &CallbackError{Status: http.StatusNotFound, Message: "no call CAmissing"}
	}
	return Callback{PSAP: centre, Number: "+14155550100", CallID: "CAnew", CallbackOf: call.ID(w.CallID)}, nil
}

func (c callbacks) ExplainCallback(context.Context, string, Whom) (Callback, error) {
	return Callback{PSAP: "psap-sf", Number: "+14155550100", Targets: []string{"sip:pbx"}, Trace: []call.Step{{Rule: 1, Name: "centre"}}}, nil
}

func TestACentreIsToldToCallBack(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, path, body string
		status           int
		says             string
	}{
		{"by number", "/api/v1/psaps/psap-sf/callback", `{"number":"+14155550100"}`, 200, `"call_id":"CAnew"`},
		{"by call", "/api/v1/psaps/psap-sf/callback", `{"call_id":"CA1"}`, 200, `"callback_of":"CA1"`},
		{"a dry run", "/api/v1/psaps/psap-sf/callback?dry_run=true", `{"call_id":"CA1"}`, 200, `"targets":["sip:pbx"]`},
		{"neither", "/api/v1/psaps/psap-sf/callback", `{}`, 422, "write call_id or number"},
		{"both", "/api/v1/psaps/psap-sf/callback", `{"call_id":"CA1","number":"+14155550100"}`, 422, "write call_id or number"},
		{"a call that is not there", "/api/v1/psaps/psap-sf/callback", `{"call_id":"CAmissing"}`, 404, "no call CAmissing"},
		{"an unknown centre", "/api/v1/psaps/psap-moon/callback", `{"number":"+14155550100"}`, 404, "no call centre psap-moon"},
		{"a real centre", "/api/v1/psaps/psap-real/callback", `{"number":"+14155550100"}`, 409, "is not simulated"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := (&edge{}).ask(request{method: "POST", path: tt.path, body: tt.body})
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.says) {
				t.Errorf("%d %s, want %d %s", w.Code, w.Body, tt.status, tt.says)
			}
		})
	}
}

func TestACallNamesThoseThatCalledBackAboutIt(t *testing.T) {
	t.Parallel()
	e := &edge{
		ended: []*call.Record{{ID: "CA1"}, {ID: "CA2", Direction: call.DirectionCallback, CallbackOf: "CA1"}, {ID: "CA3", CallbackOf: "CA9"}},
		live:  []call.Record{{ID: "CA4", Direction: call.DirectionCallback, CallbackOf: "CA1"}},
	}
	names := func(id string) []string {
		var d struct {
			Callbacks []string `json:"callbacks"`
		}
		w := e.ask(request{path: "/api/v1/calls/" + id})
		if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil || d.Callbacks == nil {
			t.Fatalf("%v %s", err, w.Body)
		}
		slices.Sort(d.Callbacks)
		return d.Callbacks
	}
	if got := names("CA1"); !slices.Equal(got, []string{"CA2", "CA4"}) {
		t.Errorf("CA1 was called back about by %v", got)
	}
	if got := names("CA2"); len(got) != 0 {
		t.Errorf("CA2 was called back about by %v", got)
	}
}
