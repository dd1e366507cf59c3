package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// result is what a run leaves beside its samples.
type result struct {
	Started  time.Time         `json:"started"`
	Seconds  float64           `json:"seconds"` // how long calls were placed
	Rate     float64           `json:"rate"`    // calls per second that were meant
	Offered  int               `json:"offered"`
	Version  string            `json:"version"` // of the edge
	ToolCPU  float64           `json:"tool_cpu_s"`
	Noise    int64             `json:"noise"` // packets of nobody that reached a phone before it heard its peer
	Kinds    map[string]*count `json:"kinds"`
	Unmeant  []string          `json:"unmeant"`
	EdgeSays map[string]int    `json:"edge_log"` // messages of the edge's log and how often
}

// keep writes what the run found to the work directory.
func (s *soak) keep() error {
	version, err := exec.Command(s.callbox, "version").Output()
	if err != nil {
		return err
	}
	says, err := said(filepath.Join(s.work, "edge.log"))
	if err != nil {
		return err
	}
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	text, err := json.MarshalIndent(result{
		Started: s.start.UTC(), Seconds: s.span.Seconds(), Rate: s.rate, Offered: s.offered,
		Version: strings.SplitN(string(version), "\n", 2)[0], ToolCPU: ownCPU().Seconds(), Noise: s.w.media.noise.Load(),
		Kinds: s.w.kinds, Unmeant: s.w.notes, EdgeSays: says,
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.work, "result.json"), text, 0o600)
}

// report writes SOAK.md and soak.png to out from what a run left in dir. The error says what was not as it was meant.
func report(dir, out string) error {
	text, err := os.ReadFile(filepath.Join(dir, "result.json"))
	if err != nil {
		return err
	}
	var r result
	if err := json.Unmarshal(text, &r); err != nil {
		return err
	}
	text, err = os.ReadFile(filepath.Join(dir, "soak.csv"))
	if err != nil {
		return err
	}
	samples, err := readSamples(text)
	if err != nil {
		return err
	}
	plotted, err := plot(dir, out)
	if err != nil {
		return err
	}
	path := filepath.Join(out, "SOAK.md")
	err = whole(path, func(part string) error { return os.WriteFile(part, r.markdown(samples, plotted), 0o644) })
	if err != nil {
		return err
	}
	sum := total(r.Kinds)
	fmt.Fprintf(os.Stderr, "soak: %d calls as meant, %d unmeant; the report is %s, what it is made of in %s\n", sum.Meant, sum.Unmeant, path, dir)
	return r.verdict(samples)
}

// whole has write make a file beside path and puts it there only when it is done: what is there may be wanted.
func whole(path string, write func(part string) error) error {
	part := path + ".part"
	err := write(part)
	if err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		os.Remove(part)
	}
	return err
}

// verdict is an error when anything ended as it was not meant to, or the edge did not let go of everything.
func (r *result) verdict(samples []sample) error {
	var errs []error
	for name, c := range r.Kinds {
		if c.Unmeant > 0 {
			errs = append(errs, fmt.Errorf("%s: %d not as meant", name, c.Unmeant))
		}
	}
	last := samples[len(samples)-1]
	for i, f := range figures {
		if f.zero && last.values[i] != 0 {
			errs = append(errs, fmt.Errorf("%g %s at the end", last.values[i], f.what))
		}
	}
	return errors.Join(errs...)
}

// plot draws the samples, and tells whether gnuplot is there to do it.
func plot(dir, out string) (bool, error) {
	script, err := files.ReadFile("soak.gnuplot")
	if err != nil {
		return false, err
	}
	path, err := exec.LookPath("gnuplot")
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak: gnuplot is not installed (Debian: gnuplot-nox): no plot")
		return false, nil
	}
	return true, whole(filepath.Join(out, "soak.png"), func(part string) error {
		draw := exec.Command(path, "-e", fmt.Sprintf("samples='%s'; image='%s'", filepath.Join(dir, "soak.csv"), part), "-")
		draw.Stdin, draw.Stderr = bytes.NewReader(script), os.Stderr
		return draw.Run()
	})
}

func (r *result) markdown(samples []sample, plotted bool) []byte {
	var b bytes.Buffer
	span := time.Duration(r.Seconds * float64(time.Second))
	fmt.Fprintf(&b, `# Soak

Made by %s: %s of calls of every kind through one edge, from %s UTC on, %g a second at
random moments, beside junk, half-open connections, reloads, and a call centre that dies. Each call says what must become
of it: for its caller, at the call centre, in its media and in its record. Anything else is unmeant. Callers and call
centres are the tool's own code, and have nothing of the edge's.

`, "`make soak`", spoken(span), r.Started.Format("2006-01-02 15:04"), r.Rate)
	if plotted {
		fmt.Fprint(&b, "![Memory, goroutines, descriptors, ports and calls during the soak](soak.png)\n\n")
	}
	r.figures(&b, samples, span)
	r.calls(&b)
	r.surroundings(&b, samples, span)
	return b.Bytes()
}

func (r *result) figures(b *bytes.Buffer, samples []sample, span time.Duration) {
	fmt.Fprint(b, "| figure | start | mean | peak | end | slope per hour |\n|---|---|---|---|---|---|\n")
	first, last := samples[0], samples[len(samples)-1]
	for i, f := range figures {
		if !f.steady {
			fmt.Fprintf(b, "| %s | %s | | | %s | |\n", f.what, number(first.values[i]), number(last.values[i]))
			continue
		}
		rise, mean := fit(samples, i, span/4, span)
		peak := first.values[i]
		for _, s := range samples {
			peak = max(peak, s.values[i])
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", f.what, number(first.values[i]), number(mean), number(peak), number(last.values[i]), slope(rise, span))
	}
	fmt.Fprintf(b, "\nStart is before the first call, end is after the last one was over and forgotten. Mean and slope, a linear fit, are of\n"+
		"the last three quarters of the time in which calls were placed.\n\n")
}

// slope is a rise per hour; of a few minutes it would say nothing.
func slope(rise float64, span time.Duration) string {
	if span < 10*time.Minute {
		return "-"
	}
	return fmt.Sprintf("%+.1f", rise)
}

// spoken is a span without the zeros at its end.
func spoken(d time.Duration) string {
	out := d.Round(time.Second).String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(out, zero) {
			out = out[:len(out)-2]
		}
	}
	return out
}

func number(v float64) string {
	if v == float64(int64(v)) {
		return fmt.Sprintf("%d", int64(v))
	}
	return fmt.Sprintf("%.1f", v)
}

// calls writes what became of every kind of call.
func (r *result) calls(b *bytes.Buffer) {
	names := slices.Sorted(maps.Keys(r.Kinds))
	rows := func(head string, wanted func(string) bool) {
		fmt.Fprintf(b, "| %s | as meant | unmeant |\n|---|---|---|\n", head)
		for _, name := range names {
			if c := r.Kinds[name]; wanted(name) {
				fmt.Fprintf(b, "| %s | %d | %d |\n", strings.TrimPrefix(name, fault), c.Meant, c.Unmeant)
			}
		}
	}
	isFault := func(name string) bool { return strings.HasPrefix(name, fault) }
	sum := total(r.Kinds)
	rows("call", func(name string) bool { return !isFault(name) })
	fmt.Fprintf(b, "| **all %d** | **%d** | **%d** |\n\n", r.Offered, sum.Meant, sum.Unmeant)
	rows("fault beside the calls", isFault)
	fmt.Fprintf(b, "\nOf the noise, %d packets reached a phone or a call centre before it had heard its peer; what came afterwards would be unmeant.\n", r.Noise)
	if len(r.Unmeant) > 0 {
		fmt.Fprint(b, "\nUnmeant, the first of them:\n\n")
		for _, line := range r.Unmeant {
			fmt.Fprintf(b, "- `%s`\n", strings.ReplaceAll(line, "`", "'"))
		}
	}
	fmt.Fprint(b, "\n| the edge's log says | times |\n|---|---|\n")
	for _, line := range slices.Sorted(maps.Keys(r.EdgeSays)) {
		fmt.Fprintf(b, "| %s | %d |\n", line, r.EdgeSays[line])
	}
}

func (r *result) surroundings(b *bytes.Buffer, samples []sample, span time.Duration) {
	cpu := 0.0
	for i, f := range figures {
		if f.name == "cpu_s" {
			cpu = samples[len(samples)-1].values[i]
		}
	}
	fmt.Fprintf(b, "\n| | |\n|---|---|\n| machine | %s |\n| callbox | %s |\n| tool | %s |\n| CPU of the edge | %.1f %% of one core |\n| CPU of callers and centres | %.1f %% of one core |\n",
		machine(), r.Version, runtime.Version(), 100*cpu/span.Seconds(), 100*r.ToolCPU/span.Seconds())
}
