package web

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Figure is one number among those that another part of the edge keeps, T.
type Figure[T any] struct {
	Name    string            // callbox_..., base units, _total for a counter
	Help    string            // for an operator
	Labels  map[string]string // constant, nil for none
	Counter bool              // only ever grows; else a gauge
	Value   func(T) float64
}

// Watch adds figures to m that are taken from what read returns, which is called once a scrape and must be quick and
// safe for concurrent use. A name that is there already with the same labels is an error.
func Watch[T any](m *Metrics, read func() T, figures ...Figure[T]) error {
	c := &collector[T]{read: read, figures: figures}
	for _, f := range figures {
		c.descs = append(c.descs, prometheus.NewDesc(f.Name, f.Help, nil, f.Labels))
	}
	if err := m.registry.Register(c); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	return nil
}

// collector reads once for all its figures.
type collector[T any] struct {
	read    func() T
	figures []Figure[T]
	descs   []*prometheus.Desc
}

// Describe sends what the figures are.
func (c *collector[T]) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect sends the figures as they stand.
func (c *collector[T]) Collect(ch chan<- prometheus.Metric) {
	now := c.read()
	for i, f := range c.figures {
		kind := prometheus.GaugeValue
		if f.Counter {
			kind = prometheus.CounterValue
		}
		ch <- prometheus.MustNewConstMetric(c.descs[i], kind, f.Value(now))
	}
}
