package app

import (
	"context"
	"errors"
	"time"

	"callbox/cmd/callbox/internal/web"
	"callbox/routing/fees"
	"callbox/routing/keys"
	"callbox/sip/agent"
	"callbox/sip/b2bua"
	"callbox/sip/cdr"
	"callbox/sip/media"
)

// buildMetrics adds the figures that the parts keep themselves.
func (a *App) buildMetrics(context.Context) error {
	errs := []error{
		web.Watch(a.metrics, a.edge.Metrics, edgeFigures()...),
		web.Watch(a.metrics, a.agent.Metrics, sipFigures()...),
		web.Watch(a.metrics, a.journal.Stats, journalFigures()...),
		web.Watch(a.metrics, a.relay.Metrics, mediaFigures()...),
		web.Watch(a.metrics, a.centreStates, centreFigures()...),
		web.Watch(a.metrics, a.customers.ledger.Stats, feeFigures()...),
		web.Watch(a.metrics, a.guard.Figures, loginFigures()...),
		web.Watch(a.metrics, a.notify.Figures, notifyFigures()...),
		web.Watch(a.metrics, a.screens.book.Figures, screenFigures()...),
		web.Watch(a.metrics, a.plan.guard.Figures, credentialFigures()...),
		web.Watch(a.metrics, a.registrar.Figures, registrarFigures()...),
		web.WatchCircuits(a.metrics, a.circuits),
		web.Watch(a.metrics, a.faults.counts, a.faults.figures()...),
		web.Watch(a.metrics, a.ready.Load, web.Figure[bool]{
			Name: "callbox_ready", Help: "1 while the edge wants calls, 0 while it starts or drains.", Value: number,
		}),
	}
	for name, certs := range map[string]*certificates{
		"callbox_tls_certificate_expiry_timestamp_seconds":  a.certs,
		"callbox_http_certificate_expiry_timestamp_seconds": a.httpCerts,
	} {
		if certs != nil {
			errs = append(errs, web.Watch(a.metrics, certs.expiry, web.Figure[time.Time]{
				Name: name, Help: "When the certificate of the TLS listeners, or the one that HTTPS has of its own, expires, in Unix time.",
				Value: func(t time.Time) float64 { return float64(t.Unix()) },
			}))
		}
	}
	return errors.Join(errs...)
}

func edgeFigures() []web.Figure[b2bua.Metrics] {
	return []web.Figure[b2bua.Metrics]{
		{Name: "callbox_calls_active", Help: "Calls that are up now, those being set up included.",
			Value: func(m b2bua.Metrics) float64 { return float64(m.Active) }},
		{Name: "callbox_announcements_total", Help: "Calls that heard the announcement because every target had failed.",
			Counter: true, Value: func(m b2bua.Metrics) float64 { return float64(m.Announced) }},
		{Name: "callbox_late_answers_total", Help: "Answers of call centres that came after they had been given up, ended by BYE.",
			Counter: true, Value: func(m b2bua.Metrics) float64 { return float64(m.LateAnswers) }},
		{Name: "callbox_events_dropped_total", Help: "SIP events dropped because a call could not keep up with them.",
			Counter: true, Value: func(m b2bua.Metrics) float64 { return float64(m.Dropped) }},
		{Name: "callbox_panics_total", Help: "Calls ended by a defect of callbox; the log has the stack.",
			Counter: true, Value: func(m b2bua.Metrics) float64 { return float64(m.Panics) }},
	}
}

// sipFigures are those of the edge's SIP agent: what came in, what of it was not taken, and what it holds now.
func sipFigures() []web.Figure[agent.Metrics] {
	count := func(name, help string, read func(agent.Metrics) uint64) web.Figure[agent.Metrics] {
		return web.Figure[agent.Metrics]{Name: name, Help: help, Counter: true, Value: func(m agent.Metrics) float64 { return float64(read(m)) }}
	}
	refused := func(reason string, read func(agent.Metrics) uint64) web.Figure[agent.Metrics] {
		f := count("callbox_sip_refused_messages_total", "SIP messages not taken: unreadable ones (unparsed; those that can be answered 400 count as faulty, too), requests refused for a fault (faulty), and requests within a call from another address than the peer's (strange).", read)
		f.Labels = map[string]string{"reason": reason}
		return f
	}
	closed := func(reason string, read func(agent.Metrics) uint64) web.Figure[agent.Metrics] {
		f := count("callbox_sip_refused_connections_total", "TCP, TLS and WebSocket connections refused or closed unasked: one address has its share (share) or there are too many (full), and the one of least use had to go; no message came in time or one did not end (late); TLS was not agreed upon (handshake).", read)
		f.Labels = map[string]string{"reason": reason}
		return f
	}
	now := func(name, help string, read func(agent.Metrics) int) web.Figure[agent.Metrics] {
		return web.Figure[agent.Metrics]{Name: name, Help: help, Value: func(m agent.Metrics) float64 { return float64(read(m)) }}
	}
	return []web.Figure[agent.Metrics]{
		count("callbox_sip_requests_total", "SIP requests received and understood, retransmissions included.", func(m agent.Metrics) uint64 { return m.Requests }),
		count("callbox_sip_responses_total", "SIP responses received and understood, retransmissions included.", func(m agent.Metrics) uint64 { return m.Responses }),
		refused("unparsed", func(m agent.Metrics) uint64 { return m.Unparsed }),
		refused("faulty", func(m agent.Metrics) uint64 { return m.Refused }),
		refused("strange", func(m agent.Metrics) uint64 { return m.Strange }),
		count("callbox_sip_shed_invites_total", "Requests, INVITEs for the most part, refused at once with 503: more came than could be answered in time, so that the machine is too small for the load, or their sender had been refused time and again.", func(m agent.Metrics) uint64 { return m.Shed }),
		closed("share", func(m agent.Metrics) uint64 { return m.Shared }),
		closed("full", func(m agent.Metrics) uint64 { return m.Crowded }),
		closed("late", func(m agent.Metrics) uint64 { return m.Late }),
		closed("handshake", func(m agent.Metrics) uint64 { return m.Handshakes }),
		now("callbox_sip_transactions", "SIP transactions that are open now.", func(m agent.Metrics) int { return m.Transactions }),
		now("callbox_sip_legs", "SIP legs that are up now: a call in progress has two.", func(m agent.Metrics) int { return m.Legs }),
		now("callbox_sip_connections", "TCP, TLS and WebSocket connections that are open now.", func(m agent.Metrics) int { return m.Connections }),
	}
}

// journalFigures are those of the call records' way to the disk.
func journalFigures() []web.Figure[cdr.Stats] {
	return []web.Figure[cdr.Stats]{
		{Name: "callbox_cdr_queue_records", Help: "Call records waiting for the disk.",
			Value: func(s cdr.Stats) float64 { return float64(s.Queued) }},
		{Name: "callbox_cdr_queue_capacity_records", Help: "Call records that may wait for the disk before more are dropped.",
			Value: func(s cdr.Stats) float64 { return float64(s.Capacity) }},
		{Name: "callbox_cdr_written_total", Help: "Call records written to cdr.jsonl.",
			Counter: true, Value: func(s cdr.Stats) float64 { return float64(s.Written) }},
		{Name: "callbox_cdr_dropped_total", Help: "Call records that never reached the disk.",
			Counter: true, Value: func(s cdr.Stats) float64 { return float64(s.Dropped) }},
		{Name: "callbox_cdr_omitted_total", Help: "Records of refused calls left out because over 100 a second came.",
			Counter: true, Value: func(s cdr.Stats) float64 { return float64(s.Omitted) }},
		{Name: "callbox_cdr_errors_total", Help: "Failed attempts to write call records; a record waits and is tried again.",
			Counter: true, Value: func(s cdr.Stats) float64 { return float64(s.Errors) }},
	}
}

// mediaFigures are the relay's own: unlike those of call records they tell of calls that are up, too.
func mediaFigures() []web.Figure[media.Metrics] {
	count := func(name, help string, read func(media.Metrics) uint64) web.Figure[media.Metrics] {
		return web.Figure[media.Metrics]{Name: name, Help: help, Counter: true, Value: func(m media.Metrics) float64 { return float64(read(m)) }}
	}
	dropped := func(reason string, read func(media.Metrics) uint64) web.Figure[media.Metrics] {
		f := count("callbox_media_dropped_packets_total", "Media packets not relayed: not RTP, too large, from a stranger, not protected with the key agreed on (forged) or seen before (replayed), refused by the kernel (send), or sent before the other side was known (unroutable).", read)
		f.Labels = map[string]string{"reason": reason}
		return f
	}
	ports := func(state string, read func(media.Metrics) int) web.Figure[media.Metrics] {
		return web.Figure[media.Metrics]{
			Name: "callbox_media_ports", Help: "UDP ports for media by state; quarantined ones rest after a call so that late packets reach nobody.",
			Labels: map[string]string{"state": state}, Value: func(m media.Metrics) float64 { return float64(read(m)) },
		}
	}
	return []web.Figure[media.Metrics]{
		{Name: "callbox_media_sessions", Help: "Calls with media ports now.", Value: func(m media.Metrics) float64 { return float64(m.Sessions) }},
		ports("free", func(m media.Metrics) int { return m.PortsTotal - m.PortsInUse - m.PortsQuarantined }),
		ports("in_use", func(m media.Metrics) int { return m.PortsInUse }),
		ports("quarantined", func(m media.Metrics) int { return m.PortsQuarantined }),
		count("callbox_media_ports_woken_total", "Pairs of ports used again before their quarantine was over because no other was free: the range is too small.", func(m media.Metrics) uint64 { return m.PortsWoken }),
		count("callbox_media_packets_total", "RTP packets taken from callers and call centres.", func(m media.Metrics) uint64 { return m.Packets }),
		count("callbox_media_bytes_total", "RTP bytes taken from callers and call centres, header and payload.", func(m media.Metrics) uint64 { return m.Bytes }),
		count("callbox_media_rtcp_packets_total", "RTCP packets taken from callers and call centres.", func(m media.Metrics) uint64 { return m.RTCPPackets }),
		count("callbox_media_rtcp_byes_total", "RTCP packets whose BYE was not passed on: SIP alone ends a call.", func(m media.Metrics) uint64 { return m.RTCPByes }),
		count("callbox_media_latch_switches_total", "Times a peer's media was followed to a new address.", func(m media.Metrics) uint64 { return m.LatchSwitches }),
		count("callbox_media_timeouts_total", "Calls without media from either side for the media time-out.", func(m media.Metrics) uint64 { return m.Timeouts }),
		dropped("not_rtp", func(m media.Metrics) uint64 { return m.DroppedNotRTP }),
		dropped("too_large", func(m media.Metrics) uint64 { return m.DroppedTooLarge }),
		dropped("stranger", func(m media.Metrics) uint64 { return m.DroppedStranger }),
		dropped("forged", func(m media.Metrics) uint64 { return m.DroppedForged }),
		dropped("replayed", func(m media.Metrics) uint64 { return m.DroppedReplayed }),
		dropped("send", func(m media.Metrics) uint64 { return m.DroppedSend }),
		dropped("unroutable", func(m media.Metrics) uint64 { return m.DroppedUnroutable }),
	}
}

// centreFigures count the call centres by state.
func centreFigures() []web.Figure[map[string]int] {
	var figures []web.Figure[map[string]int]
	for _, state := range []string{"up", "down", "drained", "unknown"} {
		figures = append(figures, web.Figure[map[string]int]{
			Name: "callbox_psaps", Help: "Call centres of the directory by state; unknown ones have not been probed yet and count as up.",
			Labels: map[string]string{"state": state}, Value: func(n map[string]int) float64 { return float64(n[state]) },
		})
	}
	return figures
}

func (a *App) centreStates() map[string]int {
	n := map[string]int{}
	for _, s := range a.registry.List() {
		n[s.State]++
	}
	return n
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// feeFigures are those of the fees' way to the database.
func feeFigures() []web.Figure[fees.Stats] {
	return []web.Figure[fees.Stats]{
		{Name: "callbox_fees_queue_calls", Help: "Calls with a fee that wait for the directory's database.",
			Value: func(s fees.Stats) float64 { return float64(s.Queued) }},
		{Name: "callbox_fees_queue_capacity_calls", Help: "Calls with a fee that may wait before more are left to the call records, to be read from there later.",
			Value: func(s fees.Stats) float64 { return float64(s.Capacity) }},
		{Name: "callbox_fees_written_total", Help: "Fees of calls written to the directory's database.",
			Counter: true, Value: func(s fees.Stats) float64 { return float64(s.Written) }},
		{Name: "callbox_fees_overflow_total", Help: "Calls with a fee for which there was no room to wait; the call records have them.",
			Counter: true, Value: func(s fees.Stats) float64 { return float64(s.Overflow) }},
	}
}

func loginFigures() []web.Figure[keys.Figures] {
	const name, help = "callbox_logins_total", "Requests to the APIs with credentials by what became of them: ok, wrong, or limited (refused unseen after too many wrong ones)."
	return []web.Figure[keys.Figures]{
		{Name: name, Help: help, Labels: map[string]string{"result": "ok"}, Counter: true, Value: func(f keys.Figures) float64 { return float64(f.Right) }},
		{Name: name, Help: help, Labels: map[string]string{"result": "wrong"}, Counter: true, Value: func(f keys.Figures) float64 { return float64(f.Wrong) }},
		{Name: name, Help: help, Labels: map[string]string{"result": "limited"}, Counter: true, Value: func(f keys.Figures) float64 { return float64(f.Limited) }},
	}
}
