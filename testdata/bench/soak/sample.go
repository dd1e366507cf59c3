package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// sample is the edge at one moment.
type sample struct {
	at     time.Duration // since the start of the run
	values [len(figures)]float64
}

// figure is one column of the samples.
type figure struct {
	name, what string
	scale      float64 // of the metric to the figure's unit
	metric     string  // "" is not from /metrics
	steady     bool    // must not grow; the rest count
	zero       bool    // must be zero in the end
}

var figures = [...]figure{
	{name: "rss_mb", what: "resident memory, MB", scale: 1e-6, metric: "process_resident_memory_bytes", steady: true},
	{name: "heap_mb", what: "heap in use, MB", scale: 1e-6, metric: "go_memstats_heap_inuse_bytes", steady: true},
	{name: "live_mb", what: "heap alive after the last collection, stacks included, MB", scale: 1e-6, metric: live, steady: true},
	{name: "goroutines", what: "goroutines", scale: 1, metric: "go_goroutines", steady: true},
	{name: "descriptors", what: "descriptors", scale: 1, steady: true},
	{name: "ports", zero: true, what: "media ports in use", scale: 1, metric: `callbox_media_ports{state="in_use"}`, steady: true},
	{name: "resting", what: "media ports resting", scale: 1, metric: `callbox_media_ports{state="quarantined"}`, steady: true},
	{name: "calls", zero: true, what: "calls up or being set up", scale: 1, metric: "callbox_calls_active", steady: true},
	{name: "legs", what: "SIP legs", scale: 1, metric: "callbox_sip_legs", steady: true},
	{name: "transactions", what: "SIP transactions", scale: 1, metric: "callbox_sip_transactions", steady: true},
	{name: "connections", what: "TCP and TLS connections", scale: 1, metric: "callbox_sip_connections", steady: true},
	{name: "records", what: "call records written", scale: 1, metric: "callbox_cdr_written_total"},
	{name: "cpu_s", what: "CPU time of the edge, s", scale: 1, metric: "process_cpu_seconds_total"},
	{name: "panics", zero: true, what: "panics", scale: 1, metric: "callbox_panics_total"},
	{name: "records_lost", zero: true, what: "call records dropped", scale: 1, metric: "callbox_cdr_dropped_total"},
}

// live is no metric of its own: it follows from when the next collection is due.
const live = "live"

// take reads the edge's figures.
func take(http string, pid int, start time.Time) (sample, error) {
	s := sample{at: time.Since(start)}
	metrics, err := scrape(http)
	if err != nil {
		return s, err
	}
	metrics[live] = metrics["go_memstats_next_gc_bytes"] / (1 + metrics["go_gc_gogc_percent"]/100)
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return s, err
	}
	for i, f := range figures {
		if f.metric == "" {
			s.values[i] = float64(len(open))
			continue
		}
		v, ok := metrics[f.metric]
		if !ok {
			return s, fmt.Errorf("the edge has no metric %s", f.metric)
		}
		s.values[i] = v * f.scale
	}
	return s, nil
}

// scrape returns the edge's metrics by name and labels as written.
func scrape(at string) (map[string]float64, error) {
	res, err := http.Get("http://" + at + "/metrics")
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	out := make(map[string]float64)
	lines := bufio.NewScanner(io.LimitReader(res.Body, 1<<20))
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if v, err := strconv.ParseFloat(value, 64); ok && err == nil && !strings.HasPrefix(name, "#") {
			out[name] = v
		}
	}
	return out, lines.Err()
}

// columns is the first line of the CSV file.
func columns() string {
	names := []string{"minutes"}
	for _, f := range figures {
		names = append(names, f.name)
	}
	return strings.Join(names, ",")
}

// String returns a line of the CSV file.
func (s sample) String() string {
	out := []string{fmt.Sprintf("%.3f", s.at.Minutes())}
	for _, v := range s.values {
		out = append(out, strconv.FormatFloat(v, 'f', -1, 64))
	}
	return strings.Join(out, ",")
}

// fit fits a line to the samples of a column between two moments: its rise per hour, and their mean.
func fit(samples []sample, column int, from, to time.Duration) (rise, mean float64) {
	var n, sx, sy, sxx, sxy float64
	for _, s := range samples {
		if s.at < from || s.at > to {
			continue
		}
		x, y := s.at.Hours(), s.values[column]
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	if d := n*sxx - sx*sx; d > 0 {
		return (n*sxy - sx*sy) / d, sy / n
	}
	return 0, sy / max(n, 1)
}

// readSamples reads a CSV file of this version of the tool.
func readSamples(text []byte) (out []sample, err error) {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if lines[0] != columns() {
		return nil, fmt.Errorf("soak.csv has other columns: %s", lines[0])
	}
	for _, line := range lines[1:] {
		parts := strings.Split(line, ",")
		if len(parts) != len(figures)+1 {
			return nil, fmt.Errorf("soak.csv: %q", line)
		}
		var s sample
		for i, part := range parts {
			v, err := strconv.ParseFloat(part, 64)
			if err != nil {
				return nil, fmt.Errorf("soak.csv: %w", err)
			}
			if i == 0 {
				s.at = time.Duration(v * float64(time.Minute))
				continue
			}
			s.values[i-1] = v
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("soak.csv has no samples")
	}
	return out, nil
}
