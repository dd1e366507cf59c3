package web

import (
	"time"

	"callbox/sip/call"
)

// Observe counts an event of a call that is up.
func (m *Metrics) Observe(e call.Event) {
	switch e.Kind {
	case call.EventReceived:
		m.started.Inc()
	case call.EventTransferred:
		m.transfers.WithLabelValues("ok").Inc()
	case call.EventTransferFailed:
		m.transfers.WithLabelValues("failed").Inc()
	}
}

// Append counts an ended call by its record.
func (m *Metrics) Append(r call.Record) {
	verdict := bounded(r.Verdict, "refuse", "challenge", "psap", "ecc", "test", "ask", "callback")
	m.ended.WithLabelValues(verdict, r.EndReason.String()).Inc()
	m.fees.Add(float64(r.FeeCents) / 100)
	if len(r.Attempts) > 0 {
		m.postDial.Observe(r.PostDialMS / 1000)
	}
	for _, a := range r.Attempts {
		if a.Outcome == "answered" || a.Outcome == "cancelled" || a.Purpose != "" || a.TransferredBy != "" {
			continue
		}
		m.failovers.WithLabelValues(bounded(a.Outcome, "busy", "failed", "timeout", "out_of_service", "unreachable")).Inc()
	}
	if r.AnsweredAt.IsZero() {
		return
	}
	m.setup.WithLabelValues(verdict).Observe(r.AnsweredAt.Sub(r.StartedAt).Seconds())
	m.duration.Observe((time.Duration(r.DurationMS) * time.Millisecond).Seconds())
	m.flow("caller", r.Media.FromCaller)
	m.flow("centre", r.Media.FromCentre)
	switch {
	case r.Media.NoMedia:
		m.silent.WithLabelValues("none").Inc()
	case r.Media.OneWay:
		m.silent.WithLabelValues("one_way").Inc()
	}
}

func (m *Metrics) flow(from string, f call.Flow) {
	m.packets.WithLabelValues(from, "relayed").Add(float64(f.Packets))
	m.packets.WithLabelValues(from, "dropped").Add(float64(f.Dropped))
	m.packets.WithLabelValues(from, "lost").Add(float64(f.Lost))
}

// bounded keeps a label to the values known here, so that no new word elsewhere can grow the number of time series.
func bounded(v string, known ...string) string {
	for _, k := range known {
		if v == k {
			return v
		}
	}
	if v == "" {
		return "none"
	}
	return "other"
}

// Reloaded counts a reload.
func (m *Metrics) Reloaded(ok bool) {
	result, value := "ok", 1.0
	if !ok {
		result, value = "refused", 0
	}
	m.reloads.WithLabelValues(result).Inc()
	m.lastReload.Set(value)
}
