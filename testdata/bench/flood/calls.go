package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// callOptions are the command line of the calls.
type callOptions struct {
	edge, centre netip.AddrPort
	transport    string
	number       string
	rate         int
	limit        time.Duration
	duration     time.Duration
	slow         []time.Duration
}

func parseCalls(args []string) (callOptions, error) {
	var o callOptions
	var edge, centre string
	f := flag.NewFlagSet("flood calls", flag.ContinueOnError)
	f.StringVar(&edge, "edge", "127.0.0.1:5060", "the edge's SIP `address`")
	f.StringVar(&centre, "centre", "127.0.0.1:5080", "`address` where this program answers as the call centre, over UDP")
	f.StringVar(&o.transport, "transport", "udp", "udp, tcp or tls: what the calls come by, one connection for each")
	f.StringVar(&o.number, "from", "+14155550100", "the caller's number")
	f.IntVar(&o.rate, "rate", 20, "calls per second, hung up when answered")
	f.DurationVar(&o.limit, "limit", 8*time.Second, "a call that is not answered by then has failed")
	f.DurationVar(&o.duration, "time", 10*time.Second, "how long to place calls")
	f.Func("slow", "count the calls that took longer than this to set up; may be given again", func(s string) error {
		d, err := time.ParseDuration(s)
		o.slow = append(o.slow, d)
		return err
	})
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.rate < 1 || o.rate > 1000 || o.duration <= 0 || o.duration > maxTime {
		return o, fmt.Errorf("out of bounds: 1 to 1000 calls per second, at most %v", maxTime)
	}
	var err error
	if o.edge, err = loopback(edge); err != nil {
		return o, err
	}
	o.centre, err = loopback(centre)
	return o, err
}

// tally is what became of calls.
type tally struct {
	mu      sync.Mutex
	setups  []time.Duration // from the connection or the INVITE to 200
	reached []time.Duration // from INVITE in to INVITE out, as far as both ends of the edge are this program's
	again   int             // INVITEs that were repeated
	failed  []error
}

// place places calls, each in its own time, and prints what became of them.
func place(ctx context.Context, o callOptions, stdout io.Writer) error {
	c, err := answer(o.centre)
	if err != nil {
		return err
	}
	defer c.close()
	var t tally
	var calls sync.WaitGroup
	id := rand.Uint32()
	placed, err := pace(ctx, o.rate, int(o.duration.Seconds()*float64(o.rate)), func(n int) error {
		for range n {
			id++
			name := fmt.Sprintf("probe-%08x", id)
			calls.Go(func() {
				r, err := call(ctx, o, name)
				at, _ := c.reached(r.id)
				t.add(r, at, err)
			})
		}
		return nil
	})
	calls.Wait()
	if err != nil {
		return err
	}
	return t.print(stdout, placed, o.slow)
}

// add counts one call, whose INVITE came to the call centre at reached.
func (t *tally) add(r made, reached time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.failed = append(t.failed, err)
		return
	}
	t.setups = append(t.setups, r.setup)
	t.again += r.again
	if !reached.IsZero() {
		t.reached = append(t.reached, reached.Sub(r.begun))
	}
}

func (t *tally) print(stdout io.Writer, placed int, slow []time.Duration) error {
	slices.Sort(t.setups)
	slices.Sort(t.reached)
	var over []string
	for _, limit := range slow {
		at, _ := slices.BinarySearch(t.setups, limit+1)
		over = append(over, strconv.Itoa(len(t.setups)-at))
	}
	why := "-"
	if len(t.failed) > 0 {
		why = fmt.Sprintf("%q", t.failed[0].Error())
	}
	_, err := fmt.Fprintf(stdout, "calls=%d failed=%d again=%d slow=%s setup_p50_us=%d setup_p99_us=%d setup_max_us=%d delay_p50_us=%d delay_p99_us=%d reason=%s\n",
		placed, len(t.failed), t.again, strings.Join(over, ","), quantile(t.setups, .5), quantile(t.setups, .99), quantile(t.setups, 1),
		quantile(t.reached, .5), quantile(t.reached, .99), why)
	return err
}

// quantile returns a quantile of sorted durations in microseconds, 0 of none.
func quantile(sorted []time.Duration, q float64) int64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(q*float64(len(sorted)-1))].Microseconds()
}
