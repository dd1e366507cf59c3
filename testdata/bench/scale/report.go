package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// report writes what was measured.
func report(o options, all []result) string {
	var b strings.Builder
	version, _ := exec.Command(o.callbox, "version").Output()
	fmt.Fprintf(&b, "# A million numbers\n\nMade by `make scale` on %s: %d numbers, each with an address of its own that is in a guide of 1000 street\n"+
		"ranges, on %d cores, %s, %s. The edge, its client and PostgreSQL, with the settings of a fresh installation, share them.\n"+
		"The load average was %s when it began and %s at its end.\n\n",
		time.Now().UTC().Format("2006-01-02"), o.numbers, runtime.NumCPU(), runtime.Version(), strings.TrimSpace(string(version)), o.load, load())
	row := func(what, aim string, value func(result) string) {
		fmt.Fprintf(&b, "| %s | %s |", what, aim)
		for _, r := range all {
			fmt.Fprintf(&b, " %s |", value(r))
		}
		b.WriteByte('\n')
	}
	b.WriteString("| what | aim |")
	for _, r := range all {
		fmt.Fprintf(&b, " %s |", map[string]string{"sqlite": "SQLite", "postgres": "PostgreSQL"}[r.engine])
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(all)) + "\n")
	row("import of the CSV by `callbox directory import`, until decisions know it", "", func(r result) string { return seconds(r.imported) })
	row("numbers a second", "1,667", func(r result) string { return fmt.Sprintf("%.0f", float64(o.numbers)/r.imported.Seconds()) })
	row("processor time of the edge for it", "", func(r result) string { return seconds(r.importCPU) })
	row("then, beside everything else: the month's fee for each", "", func(r result) string { return seconds(r.charged) })
	row("disk", "", func(r result) string { return fmt.Sprintf("%d MB", r.disk>>20) })
	row("start of the binary to ready, without numbers", "", func(r result) string { return seconds(r.empty) })
	row("start of the binary to ready, with all", "10 s", func(r result) string { return seconds(r.full) })
	row("processor time of that", "", func(r result) string { return seconds(r.fullCPU) })
	row("resident memory, without numbers → with all, at most", "", func(r result) string {
		return fmt.Sprintf("%d → %d, %d MB", r.rssEmpty>>20, r.rss>>20, r.rssUp>>20)
	})
	row("live heap of the snapshot", "400 bytes a number", func(r result) string { return fmt.Sprintf("%.0f bytes a number", r.heap) })
	row("decision about a random number, p50 / p99", "2 µs", func(r result) string {
		return fmt.Sprintf("%.2f / %.2f µs", micros(quantile(r.decision, .5)), micros(quantile(r.decision, .99)))
	})
	row("number taken by the REST API, request to answer, p50 / p99", "", func(r result) string { return pair(r.written) })
	row("answer to another decision, p50 / p99 / most", "100 ms", func(r result) string { return triple(r.own) })
	row("the same on a second edge at the database", "1 s", func(r result) string { return triple(r.other) })
	fmt.Fprintf(&b, "\nDecisions: %d, timed one by one, the clock's own 50 ns included. Changes: %d; whether a decision is another is asked\n"+
		"by `POST /api/v1/explain` over and over, so that one question and its answer are the least that can be seen.\n", o.decisions, o.changes)
	return b.String()
}

// load is the load average of the last fifteen minutes.
func load() string {
	text, _ := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(text))
	if len(fields) < 3 {
		return "?"
	}
	return fields[2]
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

func millis(d time.Duration) string { return fmt.Sprintf("%.1f", micros(d)/1e3) }

func pair(all []time.Duration) string {
	return millis(quantile(all, .5)) + " / " + millis(quantile(all, .99)) + " ms"
}

func triple(all []time.Duration) string {
	if len(all) == 0 {
		return "-"
	}
	return millis(quantile(all, .5)) + " / " + millis(quantile(all, .99)) + " / " + millis(quantile(all, 1)) + " ms"
}
