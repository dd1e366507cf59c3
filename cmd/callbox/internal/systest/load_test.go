package systest

import (
	"bufio"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"callbox/sip/call"
)

// metrics returns the samples of GET /metrics: name with labels, and value.
func (l *lab) metrics(t *testing.T) map[string]float64 {
	t.Helper()
	status, body := l.get(t, "/metrics")
	if status != http.StatusOK {
		t.Fatalf("GET /metrics: %d", status)
	}
	samples := map[string]float64{}
	for lines := bufio.NewScanner(strings.NewReader(string(body))); lines.Scan(); {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if !ok || name == "#" {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("GET /metrics: %q: %v", lines.Text(), err)
		}
		samples[name] = v
	}
	return samples
}

func TestBurstOfCallsLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	const calls = 150
	l, psap := between(t, settings{}, centre{scenario: "uas_answer.xml"})
	l.call(t, caller{scenario: "answered.xml", to: "911", hold: time.Second, calls: calls, rate: 50})
	psap.stop(t)
	eventually(t, 10*time.Second, "everything is given back", func() error {
		m := l.metrics(t)
		for name, want := range map[string]float64{
			"callbox_calls_active": 0, "callbox_media_sessions": 0, "callbox_calls_started_total": calls, "callbox_cdr_written_total": calls,
			`callbox_media_ports{state="in_use"}`: 0, `callbox_media_ports{state="quarantined"}`: 0, "callbox_events_dropped_total": 0,
			"callbox_panics_total": 0, "callbox_cdr_dropped_total": 0,
		} {
			if got, ok := m[name]; !ok || got != want {
				return fmt.Errorf("%s is %v (%v), want %v", name, got, ok, want)
			}
		}
		return nil
	})
	for _, r := range l.calls(t) {
		if r.EndReason != call.EndCallerHungUp || r.AnsweredBy != "psap-first" {
			t.Errorf("call %s ended by %v at %q", r.ID, r.EndReason, r.AnsweredBy)
		}
	}
	if n := strings.Count(l.journal(t), "\n"); n != calls {
		t.Errorf("the journal has %d lines, want %d", n, calls)
	}
}
