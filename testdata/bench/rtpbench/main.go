// Rtpbench sets up many calls through a SIP edge, streams G.711 both ways through whatever media addresses the edge's
// SDP names, and prints loss, delay, CPU and memory. It is both the caller and the call centre.
//
//	rtpbench -edge 127.0.0.1:5060 -calls 600 -time 15s -pids 123,456
//	rtpbench -direct -calls 600 -time 15s     without an edge: what the generator itself costs and delays
//	rtpbench -climb 600,10000 -time 40s -pps 1 -pids 123     only the memory: before, with 600 calls, with 10,000, after
//
// The result is one line of name=value pairs on standard output, with -climb one for each number of calls.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// options are the command line.
type options struct {
	edge, centre, caller string
	domain, number       string
	calls, rate, pps     int
	duration             time.Duration
	pids                 processes
	direct               bool
	climb                steps
}

func main() {
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil))) // sipgo logs each retransmission there
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "rtpbench:", err)
		os.Exit(1)
	}
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("rtpbench", flag.ContinueOnError)
	f.StringVar(&o.edge, "edge", "127.0.0.1:5060", "the edge's SIP `address`")
	f.StringVar(&o.centre, "centre", "127.0.0.1:5080", "`address` this program's call centre listens on")
	f.StringVar(&o.caller, "caller", "127.0.0.1:5090", "`address` this program's caller listens on")
	f.StringVar(&o.domain, "domain", "lab.sip.us1.twilio.com", "SIP domain to call")
	f.StringVar(&o.number, "from", "+14155550100", "the caller's number")
	f.IntVar(&o.calls, "calls", 100, "calls held at once")
	f.IntVar(&o.rate, "rate", 100, "calls set up per second")
	f.IntVar(&o.pps, "pps", 50, "packets per second and stream")
	f.DurationVar(&o.duration, "time", 10*time.Second, "how long to stream")
	f.Var(&o.pids, "pids", "comma-separated `processes` to charge with CPU and memory")
	f.BoolVar(&o.direct, "direct", false, "no edge: send straight to the other side")
	f.Var(&o.climb, "climb", "comma-separated `numbers` of calls to measure memory at, rising")
	return o, f.Parse(args)
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	caller, err := newSide("127.0.0.1", 22000)
	if err != nil {
		return err
	}
	centre, err := newSide("127.0.0.1", 24000)
	if err != nil {
		return err
	}
	idle := o.pids.memory()
	if o.direct {
		connect(caller, centre, o.calls)
		return measure(o, caller, centre, idle, stdout)
	}
	c, err := newCallers(ctx, o, caller, centre)
	if err != nil {
		return err
	}
	if len(o.climb) > 0 {
		return climb(ctx, c, centre, stdout)
	}
	if err := c.setUp(ctx, o.calls); err != nil {
		return err
	}
	defer c.hangUp()
	return measure(o, caller, centre, idle, stdout)
}

// connect joins the two sides without an edge between them.
func connect(caller, centre *side, calls int) {
	for i := range calls {
		caller.add(i, centre.address(i))
		centre.add(i, caller.address(i))
	}
}

func measure(o options, caller, centre *side, idle int64, stdout io.Writer) error {
	caller.receive()
	centre.receive()
	var sent atomic.Int64
	cpu, busy, start := o.pids.cpu(), machineCPU(), time.Now()
	var streams sync.WaitGroup
	for _, s := range []*side{caller, centre} {
		streams.Go(func() { s.stream(start.Add(o.duration), o.pps, &sent) })
	}
	streams.Wait()
	held := o.pids.memory()
	time.Sleep(300 * time.Millisecond) // the last packets are still on their way
	elapsed := time.Since(start)
	cpu, busy = o.pids.cpu()-cpu, machineCPU()-busy

	delays := append(caller.delays(), centre.delays()...)
	slices.Sort(delays)
	got := len(delays)
	if got == 0 {
		return fmt.Errorf("none of %d packets came back", sent.Load())
	}
	quantile := func(q float64) int32 { return delays[int(q*float64(got-1))] }
	_, err := fmt.Fprintf(stdout,
		"calls=%d sent=%d got=%d loss_percent=%.4f pps=%.0f delay_p50_us=%d delay_p99_us=%d delay_max_us=%d cpu_us_per_packet=%.2f machine_busy=%.2f memory_idle_mb=%.1f memory_mb=%.1f\n",
		len(caller.streams), sent.Load(), got, 100*(1-float64(got)/float64(sent.Load())),
		float64(sent.Load())/elapsed.Seconds(), quantile(.5), quantile(.99), quantile(1),
		cpu.Seconds()*1e6/float64(got), busy.Seconds()/elapsed.Seconds(),
		float64(idle)/1e6, float64(held)/1e6)
	return err
}
