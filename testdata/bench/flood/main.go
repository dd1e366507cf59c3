// Flood sends what an edge should not have to carry, and places emergency calls to see what becomes of them meanwhile.
//
//	flood send -kind register -to 127.0.0.1:5060 -rate 20000 -time 10s -sources 1000
//	flood calls -edge 127.0.0.1:5060 -centre 127.0.0.1:5080 -rate 20 -time 10s
//
// It sends to 127.0.0.0/8 only, and ends by itself. Each result is one line of name=value pairs on standard output.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "flood:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) == 0 {
		return errors.New(`say what to do: "send" or "calls"`)
	}
	switch args[0] {
	case "send":
		o, err := parseSend(args[1:])
		if err != nil {
			return err
		}
		return send(ctx, o, stdout)
	case "calls":
		o, err := parseCalls(args[1:])
		if err != nil {
			return err
		}
		return place(ctx, o, stdout)
	}
	return fmt.Errorf("unknown command %q: send or calls", args[0])
}

// Bounds of what may be asked for.
const (
	maxTime        = 2 * time.Minute
	maxCount       = 5_000_000
	maxSources     = 1 << 20
	maxConnections = 15_000
)

// sendOptions are the command line of a flood.
type sendOptions struct {
	to       netip.AddrPort
	kind     string
	rate     int
	count    int
	sources  int
	open     int
	duration time.Duration
}

func parseSend(args []string) (sendOptions, error) {
	var o sendOptions
	var to string
	f := flag.NewFlagSet("flood send", flag.ContinueOnError)
	f.StringVar(&to, "to", "127.0.0.1:5060", "`address` to flood, of 127.0.0.0/8")
	f.StringVar(&o.kind, "kind", "mixed", "what to send: "+kinds())
	f.IntVar(&o.rate, "rate", 10000, "messages or connections per second; 0 is as many as go")
	f.IntVar(&o.count, "count", maxCount, "how many at most")
	f.IntVar(&o.sources, "sources", 1, "addresses to send from")
	f.IntVar(&o.open, "open", 2000, "connections to hold at once; the oldest is closed for a new one")
	f.DurationVar(&o.duration, "time", 10*time.Second, "how long at most")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	var err error
	if o.to, err = loopback(to); err != nil {
		return o, err
	}
	switch {
	case messageOf(o.kind) == nil && connections[o.kind] == nil:
		return o, fmt.Errorf("unknown kind %q: %s", o.kind, kinds())
	case o.rate < 0, o.count < 1 || o.count > maxCount, o.sources < 1 || o.sources > maxSources,
		o.open < 1 || o.open > maxConnections, o.duration <= 0 || o.duration > maxTime:
		return o, fmt.Errorf("out of bounds: at most %d messages, %d sources, %d connections, %v", maxCount, maxSources, maxConnections, maxTime)
	}
	return o, nil
}

// loopback reads an address and refuses one that is not of this machine: floods do not leave it.
func loopback(s string) (netip.AddrPort, error) {
	to, err := netip.ParseAddrPort(s)
	if err != nil {
		return to, err
	}
	if !to.Addr().Is4() || !to.Addr().IsLoopback() {
		return to, fmt.Errorf("%s is not in 127.0.0.0/8", to)
	}
	return to, nil
}

// send floods until the time or the count has run out.
func send(ctx context.Context, o sendOptions, stdout io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, o.duration)
	defer cancel()
	start := time.Now()
	var sent int
	var err error
	if next := messageOf(o.kind); next != nil {
		sent, err = sendDatagrams(ctx, o, next)
	} else {
		sent, err = holdConnections(ctx, o, connections[o.kind])
	}
	if err != nil {
		return err
	}
	spent := time.Since(start)
	_, err = fmt.Fprintf(stdout, "kind=%s sent=%d seconds=%.1f rate=%.0f\n", o.kind, sent, spent.Seconds(), float64(sent)/spent.Seconds())
	return err
}

// pace calls some with how many are due, until ctx ends or count are done or some returns an error.
func pace(ctx context.Context, rate, count int, some func(n int) error) (done int, err error) {
	const burst = 64
	if rate == 0 {
		for done < count && ctx.Err() == nil {
			n := min(burst, count-done)
			if err := some(n); err != nil {
				return done, err
			}
			done += n
		}
		return done, nil
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	start := time.Now()
	for done < count {
		select {
		case <-ctx.Done():
			return done, nil
		case <-tick.C:
		}
		due := min(int(time.Since(start).Seconds()*float64(rate)), count) - done
		for due > 0 && ctx.Err() == nil {
			n := min(burst, due)
			if err := some(n); err != nil {
				return done, err
			}
			done, due = done+n, due-n
		}
	}
	return done, nil
}
