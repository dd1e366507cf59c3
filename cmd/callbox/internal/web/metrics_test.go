package web

import (
	"bufio"
	"strings"
	"testing"
	"time"

	"callbox/sip/call"
)

// scrape returns the samples of callbox's own metrics by name and labels.
func scrape(t *testing.T, m *Metrics) map[string]string {
	t.Helper()
	e := &edge{metrics: m}
	samples := map[string]string{}
	for s := bufio.NewScanner(e.ask(request{path: "/metrics"}).Body); s.Scan(); {
		if name, value, ok := strings.Cut(s.Text(), " "); ok && strings.HasPrefix(name, "callbox_") {
			samples[name] = value
		}
	}
	return samples
}

func TestCallsAreCountedByTheirRecords(t *testing.T) {
	t.Parallel()
	m := NewMetrics("v1")
	m.Observe(call.Event{Kind: call.EventReceived})
	m.Observe(call.Event{Kind: call.EventRinging})
	answered := at(1, call.StateEnded, func(r *call.Record) {
		r.AnsweredAt, r.DurationMS, r.PostDialMS = r.StartedAt.Add(3*time.Second), 20_000, 2
		r.EndReason, r.Verdict, r.FeeCents = call.EndCalleeHungUp, "ecc", 7500
		r.Attempts = []call.Attempt{{Outcome: "busy"}, {Outcome: "odd"}, {Outcome: "answered"}}
		r.Media = call.Media{FromCaller: call.Flow{Packets: 50, Lost: 2}, FromCentre: call.Flow{Dropped: 3}, OneWay: true}
	})
	m.Append(answered)
	m.Append(at(2, call.StateEnded, func(r *call.Record) { r.EndReason, r.Verdict = call.EndRefused, "refuse" }))
	m.Append(at(3, call.StateEnded, func(r *call.Record) { r.EndReason, r.Verdict = call.EndBadRequest, "" }))
	m.Append(at(4, call.StateEnded, func(r *call.Record) { r.EndReason, r.Verdict = call.EndRefused, "<script>" }))
	m.Reloaded(false)

	got := scrape(t, m)
	for name, want := range map[string]string{
		`callbox_calls_started_total`:                                          "1",
		`callbox_calls_ended_total{end_reason="callee_hung_up",verdict="ecc"}`: "1",
		`callbox_calls_ended_total{end_reason="refused",verdict="refuse"}`:     "1",
		`callbox_calls_ended_total{end_reason="bad_request",verdict="none"}`:   "1",
		`callbox_calls_ended_total{end_reason="refused",verdict="other"}`:      "1",
		`callbox_fees_usd_total`:                                               "75",
		`callbox_failovers_total{outcome="busy"}`:                              "1",
		`callbox_failovers_total{outcome="other"}`:                             "1",
		`callbox_call_setup_seconds_sum{verdict="ecc"}`:                        "3",
		`callbox_call_setup_seconds_bucket{verdict="ecc",le="2.5"}`:            "0",
		`callbox_call_setup_seconds_bucket{verdict="ecc",le="5"}`:              "1",
		`callbox_post_dial_seconds_sum`:                                        "0.002",
		`callbox_post_dial_seconds_count`:                                      "1",
		`callbox_call_duration_seconds_sum`:                                    "20",
		`callbox_call_media_packets_total{fate="relayed",from="caller"}`:       "50",
		`callbox_call_media_packets_total{fate="lost",from="caller"}`:          "2",
		`callbox_call_media_packets_total{fate="dropped",from="centre"}`:       "3",
		`callbox_call_media_faults_total{fault="one_way"}`:                     "1",
		`callbox_reloads_total{result="refused"}`:                              "1",
		`callbox_last_reload_ok`:                                               "0",
	} {
		if got[name] != want {
			t.Errorf("%s = %q, want %s", name, got[name], want)
		}
	}
	for name := range got {
		if strings.Contains(name, "script") {
			t.Errorf("a caller's words are a label: %s", name)
		}
	}
}

func TestFiguresAreReadWhenAskedFor(t *testing.T) {
	t.Parallel()
	m := NewMetrics("v1")
	reads := 0
	err := Watch(m, func() int { reads++; return reads },
		Figure[int]{Name: "callbox_things", Help: "Things.", Labels: map[string]string{"state": "up"}, Value: func(n int) float64 { return float64(n) }},
		Figure[int]{Name: "callbox_things", Help: "Things.", Labels: map[string]string{"state": "down"}, Value: func(n int) float64 { return float64(10 * n) }},
		Figure[int]{Name: "callbox_things_total", Help: "Things ever.", Counter: true, Value: func(int) float64 { return 7 }},
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range [][2]string{{"1", "10"}, {"2", "20"}} {
		got := scrape(t, m)
		if got[`callbox_things{state="up"}`] != want[0] || got[`callbox_things{state="down"}`] != want[1] {
			t.Errorf("%v, want %v: one look for all figures of a scrape", got, want)
		}
		if got["callbox_things_total"] != "7" {
			t.Errorf("counter %s", got["callbox_things_total"])
		}
	}
	again := Figure[int]{Name: "callbox_things_total", Help: "Things ever.", Counter: true, Value: func(int) float64 { return 0 }}
	if err := Watch(m, func() int { return 0 }, again); err == nil {
		t.Error("the same figure twice is no error")
	}
}

func TestEveryMetricHelpsAndHasABaseUnit(t *testing.T) {
	t.Parallel()
	m := NewMetrics("v1")
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		name := f.GetName()
		if !strings.HasPrefix(name, "callbox_") {
			continue
		}
		if len(f.GetHelp()) < 20 {
			t.Errorf("%s: %q helps nobody", name, f.GetHelp())
		}
		for _, unit := range []string{"_ms", "_milliseconds", "_minutes", "_cents", "_kb"} {
			if strings.Contains(name, unit) {
				t.Errorf("%s is not in a base unit", name)
			}
		}
	}
}
