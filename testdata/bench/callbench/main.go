// callbench offers complete calls to an edge at given rates, answers them as the call centre, and tells how many were
// completed, refused and failed, and how long they took. The rate does not wait for answers (open loop), messages are
// repeated as RFC 3261 says, and a call counts for the moment it began: that shows what an edge does when it is
// offered more than it can carry, and after.
//
//	callbench -edge 127.0.0.1:15060 -centre 127.0.0.1:5080 -phases 1000x5s,5000x10s,500x5s -pid 4711
package main

import (
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	var o options
	flag.TextVar(&o.edge, "edge", netip.MustParseAddrPort("127.0.0.1:15060"), "where the edge listens")
	flag.TextVar(&o.caller, "caller", netip.MustParseAddrPort("127.0.0.1:15070"), "where the callers are")
	flag.TextVar(&o.centre, "centre", netip.MustParseAddrPort("127.0.0.1:5080"), "where the call centre answers")
	flag.StringVar(&o.domain, "domain", "lab.sip.us1.twilio.com", "domain that is called")
	flag.StringVar(&o.from, "from", "+14155550100", "the caller's number")
	flag.DurationVar(&o.hold, "hold", 200*time.Millisecond, "how long a call is up")
	flag.IntVar(&o.pid, "pid", 0, "process of the edge, for its CPU time")
	flag.BoolVar(&o.seconds, "seconds", false, "print every second too")
	phases := flag.String("phases", "500x5s", "RATExTIME[,...]: calls per second, one after the other")
	flag.Parse()
	var err error
	if o.phases, err = readPhases(*phases); err == nil {
		err = run(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "callbench:", err)
		os.Exit(1)
	}
}

type options struct {
	edge, caller, centre netip.AddrPort
	domain, from         string
	hold                 time.Duration
	pid                  int
	seconds              bool
	phases               []phase
}

// phase is a stretch of time with one rate.
type phase struct {
	rate int // calls per second
	time time.Duration
}

func readPhases(s string) (out []phase, err error) {
	for one := range strings.SplitSeq(s, ",") {
		rate, length, ok := strings.Cut(one, "x")
		p := phase{}
		if p.rate, err = strconv.Atoi(rate); err != nil || !ok || p.rate < 1 {
			return nil, fmt.Errorf("-phases: %q is not RATExTIME, such as 500x5s", one)
		}
		if p.time, err = time.ParseDuration(length); err != nil {
			return nil, fmt.Errorf("-phases: %w", err)
		}
		out = append(out, p)
	}
	return out, nil
}

func run(o options) error {
	for _, a := range []netip.AddrPort{o.edge, o.caller, o.centre} {
		if !a.Addr().IsLoopback() {
			return fmt.Errorf("%s is not a loopback address: loads stay on this machine", a)
		}
	}
	c, err := newCallers(o)
	if err != nil {
		return err
	}
	centre, err := newCentre(o.centre, c)
	if err != nil {
		return err
	}
	go centre.serve()
	go c.serve()
	stop := make(chan struct{})
	go every(50*time.Millisecond, stop, func(now time.Time) { c.repeat(now); centre.repeat(now) })
	for i, p := range o.phases {
		before := processCPU(o.pid)
		c.offer(i, p)
		c.cpu = append(c.cpu, processCPU(o.pid)-before)
	}
	c.settle()
	close(stop)
	c.report(os.Stdout)
	return nil
}

func every(d time.Duration, stop <-chan struct{}, f func(time.Time)) {
	t := time.NewTicker(d)
	defer t.Stop()
	for {
		select {
		case now := <-t.C:
			f(now)
		case <-stop:
			return
		}
	}
}

func listen(a netip.AddrPort) (*net.UDPConn, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(a))
	if err != nil {
		return nil, err
	}
	conn.SetReadBuffer(8 << 20)
	conn.SetWriteBuffer(8 << 20)
	return conn, nil
}

// processCPU returns user and system time of a process so far; 0 without one.
func processCPU(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100 wherever Go runs
}
