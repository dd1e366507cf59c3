package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// steps are numbers of calls; as a flag, separated by commas.
type steps []int

// String returns the numbers as the flag takes them.
func (s *steps) String() string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint([]int(*s)), " ", ","), "[]")
}

// Set reads the flag.
func (s *steps) Set(list string) error {
	for one := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(one)
		if err != nil {
			return err
		}
		*s = append(*s, n)
	}
	return nil
}

// settling is how long after the last call's end its memory is asked for: an edge remembers a transaction for half a
// minute (RFC 3261 section 17.1.1.2), and then has to notice that it has memory to spare.
const settling = 100 * time.Second

// climb prints the memory before the first call, with media flowing on each number of calls of -climb, and afterwards.
func climb(ctx context.Context, c *callers, centre *side, stdout io.Writer) error {
	report := func(calls int, sent, got int64) error {
		_, err := fmt.Fprintf(stdout, "calls=%d memory_mb=%.1f descriptors=%d sent=%d got=%d\n",
			calls, float64(c.pids.memory())/1e6, c.pids.descriptors(), sent, got)
		return err
	}
	if err := report(0, 0, 0); err != nil {
		return err
	}
	c.side.receive()
	centre.receive()
	var sent atomic.Int64
	for _, n := range c.climb {
		if err := c.setUp(ctx, n); err != nil {
			return err
		}
		var streams sync.WaitGroup
		until := time.Now().Add(c.duration)
		for _, s := range []*side{c.side, centre} {
			streams.Go(func() { s.stream(until, c.pps, &sent) })
		}
		streams.Wait()
		time.Sleep(300 * time.Millisecond) // the last packets are still on their way
		if err := report(n, sent.Load(), int64(len(c.side.delays())+len(centre.delays()))); err != nil {
			return err
		}
	}
	c.hangUp()
	time.Sleep(settling)
	return report(0, sent.Load(), int64(len(c.side.delays())+len(centre.delays())))
}
