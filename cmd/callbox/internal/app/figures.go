package app

import (
	"context"
	"time"

	"callbox/cmd/callbox/internal/web"
)

// buildMetrics adds the figures that the parts keep themselves.
func (a *App) buildMetrics(context.Context) error {
	figures := []web.Figure{
		{Name: "callbox_calls_active", Help: "Calls that are up now, those being set up included.",
			Value: func() float64 { return float64(a.edge.Active()) }},
		{Name: "callbox_ready", Help: "1 while the edge wants calls, 0 while it starts or drains.",
			Value: func() float64 { return number(a.ready.Load()) }},
		{Name: "callbox_events_dropped_total", Help: "SIP events dropped because a call could not keep up with them.", Counter: true,
			Value: func() float64 { return float64(a.edge.Metrics().Dropped) }},
		{Name: "callbox_panics_total", Help: "Calls ended by a defect of callbox; the log has the stack.", Counter: true,
			Value: func() float64 { return float64(a.edge.Metrics().Panics) }},
		{Name: "callbox_announcements_total", Help: "Calls that heard the announcement because every target had failed.", Counter: true,
			Value: func() float64 { return float64(a.edge.Metrics().Announced) }},
	}
	figures = append(figures, a.journalFigures()...)
	for _, state := range []string{"up", "down", "drained", "unknown"} {
		figures = append(figures, web.Figure{
			Name: "callbox_psaps", Help: "Call centres of the directory by state; unknown ones have not been probed yet and count as up.",
			Labels: map[string]string{"state": state}, Value: func() float64 { return a.centresIn(state) },
		})
	}
	if a.certs != nil {
		figures = append(figures, web.Figure{
			Name: "callbox_tls_certificate_expiry_timestamp_seconds", Help: "When the certificate of the TLS listeners expires, in Unix time.",
			Value: func() float64 { return float64(a.certs.expiry().UnixNano()) / float64(time.Second) },
		})
	}
	return a.metrics.Watch(figures...)
}

// journalFigures are those of the call records' way to the disk.
func (a *App) journalFigures() []web.Figure {
	return []web.Figure{
		{Name: "callbox_cdr_queue_records", Help: "Call records waiting for the disk.",
			Value: func() float64 { return float64(a.journal.Stats().Queued) }},
		{Name: "callbox_cdr_queue_capacity_records", Help: "Call records that may wait for the disk before more are dropped.",
			Value: func() float64 { return float64(a.journal.Stats().Capacity) }},
		{Name: "callbox_cdr_written_total", Help: "Call records written to cdr.jsonl.", Counter: true,
			Value: func() float64 { return float64(a.journal.Stats().Written) }},
		{Name: "callbox_cdr_dropped_total", Help: "Call records that never reached the disk.", Counter: true,
			Value: func() float64 { return float64(a.journal.Stats().Dropped) }},
		{Name: "callbox_cdr_errors_total", Help: "Failed attempts to write call records; the record waits and is tried again.", Counter: true,
			Value: func() float64 { return float64(a.journal.Stats().Errors) }},
	}
}

func (a *App) centresIn(state string) float64 {
	n := 0
	for _, s := range a.registry.List() {
		if s.State == state {
			n++
		}
	}
	return float64(n)
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
