package web

import (
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Circuit is how the web service of a designated number has fared since the edge started. Whatever its state, each call asks.
type Circuit struct {
	Number        string     `json:"-"`
	State         string     `json:"state" enum:"closed,half,open" doc:"open: it has failed five times one after the other; half: it has answered again, or has not been asked for half a minute; closed: it answers, or has not been asked. Every call asks it, whatever the state."`
	Asked         uint64     `json:"asked" doc:"How often since the edge started."`
	Failed        uint64     `json:"failed" doc:"How often of those it gave no answer of use. A 404 is one."`
	LastAsked     *time.Time `json:"last_asked,omitempty"`
	LastStatus    int        `json:"last_status,omitempty" doc:"HTTP status of the last answer; absent where none came."`
	LastElapsedMS float64    `json:"last_elapsed_ms,omitempty" doc:"How long it took."`
	LastError     string     `json:"last_error,omitempty" doc:"What was wrong with it."`
}

// maxCircuits bounds the numbers that have time series of their own. Those that fare worst come first.
const maxCircuits = 200

// WatchCircuits adds the states of web services that read returns to m. It is called once a scrape, and must be quick and
// safe for concurrent use.
func WatchCircuits(m *Metrics, read func() []Circuit) error {
	if err := m.registry.Register(circuitCollector{read}); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	return nil
}

type circuitCollector struct{ read func() []Circuit }

var (
	circuitDesc = prometheus.NewDesc("callbox_hook_circuit_state",
		"How the web service of a designated number fares: 0 closed (it answers), 1 half (it may again), 2 open (it fails). Every call asks it all the same.",
		[]string{"number"}, nil)
	circuitAskedDesc = prometheus.NewDesc("callbox_hook_number_requests_total",
		"Requests to the web service of a designated number by result: ok, or failed where no answer of use came in time.",
		[]string{"number", "result"}, nil)
)

var circuitStates = [...]string{"closed", "half", "open"}

// Describe sends what the figures are.
func (circuitCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- circuitDesc
	ch <- circuitAskedDesc
}

// Collect sends the figures as they stand.
func (c circuitCollector) Collect(ch chan<- prometheus.Metric) {
	all := c.read()
	state := func(c Circuit) int { return slices.Index(circuitStates[:], c.State) }
	slices.SortStableFunc(all, func(a, b Circuit) int { return state(b) - state(a) })
	for _, x := range all[:min(len(all), maxCircuits)] {
		ch <- prometheus.MustNewConstMetric(circuitDesc, prometheus.GaugeValue, float64(state(x)), x.Number)
		ch <- prometheus.MustNewConstMetric(circuitAskedDesc, prometheus.CounterValue, float64(x.Asked-x.Failed), x.Number, "ok")
		ch <- prometheus.MustNewConstMetric(circuitAskedDesc, prometheus.CounterValue, float64(x.Failed), x.Number, "failed")
	}
}

// Hooked counts a call's question to a web service: how long it took, and whether an answer of use came.
func (m *Metrics) Hooked(elapsed time.Duration, ok bool) {
	result := "ok"
	if !ok {
		result = "failed"
	}
	m.hooks.WithLabelValues(result).Observe(elapsed.Seconds())
}
