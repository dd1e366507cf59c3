package web

import (
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics counts what the events and records of calls say. It has a registry of its own; its methods are safe for
// concurrent use and never block.
type Metrics struct {
	registry *prometheus.Registry

	started    prometheus.Counter
	ended      *prometheus.CounterVec
	setup      *prometheus.HistogramVec
	postDial   prometheus.Histogram
	duration   prometheus.Histogram
	failovers  *prometheus.CounterVec
	transfers  *prometheus.CounterVec
	fees       prometheus.Counter
	hooks      *prometheus.HistogramVec
	packets    *prometheus.CounterVec
	silent     *prometheus.CounterVec
	reloads    *prometheus.CounterVec
	lastReload prometheus.Gauge
}

// NewMetrics returns metrics at zero, with those of the Go runtime and the process beside them.
func NewMetrics(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.started = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "callbox_calls_started_total", Help: "Calls received from callers, refused ones included.",
	})
	m.ended = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "callbox_calls_ended_total", Help: "Ended calls by what was decided (refuse, challenge, psap, ecc, test; ask for calls that ended while a web hook or LoST server was asked; none for calls that could not be read) and why they ended.",
	}, []string{"verdict", "end_reason"})
	m.setup = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "callbox_call_setup_seconds", Help: "Time from a caller's INVITE to the answer of a call centre, ringing included; answered calls only.",
		Buckets: []float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120},
	}, []string{"verdict"})
	m.postDial = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "callbox_post_dial_seconds", Help: "Time from a caller's INVITE to the INVITE sent to the first call centre: the edge's own share of the delay, and what the web hook or LoST server took that had to be asked.",
		Buckets: []float64{0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1},
	})
	m.duration = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "callbox_call_duration_seconds", Help: "Time from answer to hang-up of answered calls.",
		Buckets: []float64{1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 14400},
	})
	m.failovers = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "callbox_failovers_total", Help: "Targets that did not take their call, by what came of the attempt; the call went on to the next target if there was one.",
	}, []string{"outcome"})
	m.transfers = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "callbox_transfers_total", Help: "Targets of transfers by call centres (REFER), by whether they took the caller: ok or failed.",
	}, []string{"result"})
	m.fees = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "callbox_fees_usd_total", Help: "Fees in US dollars for emergency calls from numbers without a registered address.",
	})
	m.hooks = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "callbox_hook_request_seconds", Help: "Time from a call's question to the web service of a designated number to its answer, look-up, connection and TLS included, by result: ok, or failed where none of use came in time.",
		Buckets: []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.45, 0.5, 1, 5, 10},
	}, []string{"result"})
	m.packets = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "callbox_call_media_packets_total", Help: "RTP packets of ended calls by the side they came from and what became of them: relayed, dropped, or lost before they reached the edge.",
	}, []string{"from", "fate"})
	m.silent = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "callbox_call_media_faults_total", Help: "Answered calls with media from one side only (one_way) or from neither (none).",
	}, []string{"fault"})
	m.reloads = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "callbox_reloads_total", Help: "Reloads of configuration and directory by result: ok, or refused because of problems in the files.",
	}, []string{"result"})
	m.lastReload = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "callbox_last_reload_ok", Help: "1 while the files read last are in force, 0 after a reload that was refused.",
	})
	m.lastReload.Set(1)
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "callbox_build_info", Help: "Always 1; the labels say which callbox this is.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	info.Set(1)
	m.registry.MustRegister(m.started, m.ended, m.setup, m.postDial, m.duration, m.failovers, m.transfers, m.fees, m.hooks, m.packets,
		m.silent, m.reloads, m.lastReload, info, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}
