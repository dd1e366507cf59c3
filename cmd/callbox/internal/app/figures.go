package app

import (
	"context"
	"time"

	"callbox/cmd/callbox/internal/web"
	"callbox/sip/media"
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
	figures = append(figures, a.mediaFigures()...)
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

// mediaFigures are the relay's own: unlike those of call records they tell of calls that are up, too.
func (a *App) mediaFigures() []web.Figure {
	of := func(read func(media.Metrics) float64) func() float64 {
		return func() float64 { return read(a.relay.Metrics()) }
	}
	ports := func(state string, read func(media.Metrics) int) web.Figure {
		return web.Figure{
			Name: "callbox_media_ports", Help: "UDP ports for media by state; quarantined ones rest after a call so that late packets reach nobody.",
			Labels: map[string]string{"state": state}, Value: of(func(m media.Metrics) float64 { return float64(read(m)) }),
		}
	}
	dropped := func(reason string, read func(media.Metrics) uint64) web.Figure {
		return web.Figure{
			Name: "callbox_media_dropped_packets_total", Help: "Media packets not relayed: not RTP, too large, from a stranger, refused by the kernel (send), or sent before the other side was known (unroutable).",
			Labels: map[string]string{"reason": reason}, Counter: true, Value: of(func(m media.Metrics) float64 { return float64(read(m)) }),
		}
	}
	return []web.Figure{
		{Name: "callbox_media_sessions", Help: "Calls with media ports now.", Value: of(func(m media.Metrics) float64 { return float64(m.Sessions) })},
		ports("free", func(m media.Metrics) int { return m.PortsTotal - m.PortsInUse - m.PortsQuarantined }),
		ports("in_use", func(m media.Metrics) int { return m.PortsInUse }),
		ports("quarantined", func(m media.Metrics) int { return m.PortsQuarantined }),
		{Name: "callbox_media_packets_total", Help: "RTP packets relayed, both directions.", Counter: true,
			Value: of(func(m media.Metrics) float64 { return float64(m.Packets) })},
		{Name: "callbox_media_bytes_total", Help: "RTP bytes relayed, header and payload, both directions.", Counter: true,
			Value: of(func(m media.Metrics) float64 { return float64(m.Bytes) })},
		{Name: "callbox_media_rtcp_packets_total", Help: "RTCP packets relayed, both directions.", Counter: true,
			Value: of(func(m media.Metrics) float64 { return float64(m.RTCPPackets) })},
		{Name: "callbox_media_latch_switches_total", Help: "Times a peer's media was followed to a new address.", Counter: true,
			Value: of(func(m media.Metrics) float64 { return float64(m.LatchSwitches) })},
		{Name: "callbox_media_timeouts_total", Help: "Calls ended because no media came from either side.", Counter: true,
			Value: of(func(m media.Metrics) float64 { return float64(m.Timeouts) })},
		dropped("not_rtp", func(m media.Metrics) uint64 { return m.DroppedNotRTP }),
		dropped("too_large", func(m media.Metrics) uint64 { return m.DroppedTooLarge }),
		dropped("stranger", func(m media.Metrics) uint64 { return m.DroppedStranger }),
		dropped("send", func(m media.Metrics) uint64 { return m.DroppedSend }),
		dropped("unroutable", func(m media.Metrics) uint64 { return m.DroppedUnroutable }),
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
