package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// tally sums the calls of one phase, or of one second.
type tally struct {
	offered, completed, refused, otherwise, timedOut int
	setUp, postal                                    []time.Duration
	began                                            time.Time     // of the first call
	recovered                                        time.Duration // when the last call began that was not set up within T1
}

func (t *tally) add(x *one) {
	if t.offered++; t.offered == 1 {
		t.began = x.began
	}
	if x.result != completed || x.setUp > t1 {
		t.recovered = x.began.Sub(t.began)
	}
	switch x.result {
	case completed:
		t.completed++
		t.setUp = append(t.setUp, x.setUp)
		t.postal = append(t.postal, x.postal)
	case refused:
		t.refused++
	case otherwise:
		t.otherwise++
	default:
		t.timedOut++
	}
}

// report prints a line of name=value pairs for each phase, and for each second when asked. Times are in microseconds
// of completed calls: setup from INVITE to 200, postdial from the caller's INVITE to the one that the centre gets.
// recovered_ms is how far into the phase the last call began that was refused, failed, or took over 500 ms to set up.
func (c *callers) report(w io.Writer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	phases := make([]tally, len(c.o.phases))
	var seconds []tally
	for i := range c.calls {
		x := &c.calls[i]
		phases[x.phase].add(x)
		second := int(x.began.Sub(c.calls[0].began).Seconds())
		for len(seconds) <= second {
			seconds = append(seconds, tally{})
		}
		seconds[second].add(x)
	}
	for i, p := range c.o.phases {
		t := &phases[i]
		fmt.Fprintf(w, "rate=%d goodput=%.0f %s cpu_us_per_call=%.0f\n", p.rate, float64(t.completed)/p.time.Seconds(), t,
			float64(c.cpu[i].Microseconds())/float64(max(t.completed, 1)))
	}
	fmt.Fprintf(w, "messages_repeated=%d\n", c.sent)
	if c.o.seconds {
		for i := range seconds {
			fmt.Fprintf(w, "second=%d %s\n", i, &seconds[i])
		}
	}
}

// String gives the counts and times.
func (t *tally) String() string {
	slices.Sort(t.setUp)
	slices.Sort(t.postal)
	return fmt.Sprintf("offered=%d completed=%d refused=%d otherwise=%d timed_out=%d recovered_ms=%d setup_p50_us=%d setup_p99_us=%d postdial_p50_us=%d postdial_p99_us=%d",
		t.offered, t.completed, t.refused, t.otherwise, t.timedOut, t.recovered.Milliseconds(),
		quantile(t.setUp, 50), quantile(t.setUp, 99), quantile(t.postal, 50), quantile(t.postal, 99))
}

func quantile(sorted []time.Duration, percent int) int64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)-1)*percent/100].Microseconds()
}
