package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// degraded is an edge whose disk is full.
func degraded(notYet string) *edge {
	return &edge{notYet: notYet, wrong: []Degraded{{
		Fault: "call_records", Subject: "disk", Since: time.Date(2025, 3, 4, 5, 6, 7, 0, time.UTC),
		What: "write: no space\nleft on device", Mend: "make room",
	}}}
}

func TestWhatIsWrongLeavesAnEdgeReadyAndIsToldBelow(t *testing.T) {
	t.Parallel()
	whole := "degraded: call_records disk since 2025-03-04T05:06:07Z: write: no space; left on device; mend: make room\n"
	tests := []struct {
		name, notYet, from string
		status             int
		body               string
	}{
		{"on this machine", "", "127.0.0.1:1", 200, "ready\n" + whole},
		{"while it drains", "draining", "127.0.0.1:1", 503, "not ready: draining\n" + whole},
		{"a stranger, without files and hosts", "", "192.0.2.7:1", 200, "ready\ndegraded: call_records since 2025-03-04T05:06:07Z; mend: make room\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := degraded(tt.notYet).ask(request{path: "/readyz", from: tt.from})
			if d := cmp.Diff(tt.body, w.Body.String()); w.Code != tt.status || d != "" {
				t.Errorf("%d, want %d (-want +got):\n%s", w.Code, tt.status, d)
			}
		})
	}
}

func TestReadinessIsJSONForThoseWhoAcceptIt(t *testing.T) {
	t.Parallel()
	accept := http.Header{"Accept": {"application/json"}}
	tests := []struct {
		name   string
		edge   *edge
		status int
		body   string
	}{
		{"well", &edge{}, 200, `{"ready":true,"degraded":[]}`},
		{
			"degraded", degraded(""), 200,
			`{"ready":true,"degraded":[{"fault":"call_records","subject":"disk","since":"2025-03-04T05:06:07Z","what":"write: no space\nleft on device","mend":"make room"}]}`,
		},
		{"draining", &edge{notYet: "draining"}, 503, `{"ready":false,"why":"draining","degraded":[]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := tt.edge.ask(request{path: "/readyz", header: accept})
			if d := cmp.Diff(tt.body, strings.TrimSpace(w.Body.String())); w.Code != tt.status || d != "" {
				t.Errorf("%d, want %d (-want +got):\n%s", w.Code, tt.status, d)
			}
			if got := w.Header().Get("Content-Type"); got != "application/json" {
				t.Errorf("Content-Type %q", got)
			}
		})
	}
}
