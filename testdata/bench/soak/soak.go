package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// soak is one run.
type soak struct {
	options
	w       *world
	edge    *exec.Cmd
	start   time.Time
	offered int
	span    time.Duration // how long calls were placed
	samples []sample
}

func (s *soak) run(ctx context.Context) error {
	csv, err := os.Create(filepath.Join(s.work, "soak.csv"))
	if err != nil {
		return err
	}
	defer csv.Close()
	fmt.Fprintln(csv, columns())
	load, stopLoad := context.WithTimeout(ctx, s.time)
	defer stopLoad()
	told, stopTelling := context.WithCancel(ctx)
	defer stopTelling()
	go s.tell(told)
	sampling := make(chan error, 1)
	sampled, stopSampling := context.WithCancel(context.Background())
	defer stopSampling()
	go func() {
		defer stopLoad() // the edge is gone
		sampling <- s.sampleInto(sampled, csv)
	}()
	following, stopFollowing := make(chan error, 1), make(chan struct{})
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		following <- s.w.records.follow(filepath.Join(s.work, "data", "cdr.jsonl"), tick.C, stopFollowing)
	}()

	f := &faults{w: s.w, directory: filepath.Join(s.work, "directory.yaml"), http: s.at(webPort), edge: s.edge.Process, span: s.time}
	var going sync.WaitGroup
	going.Go(func() { f.junk(load) })
	going.Go(func() { f.halfOpen(load) })
	going.Go(func() { f.reload(load) })
	going.Go(func() { f.mortality(load, s.at(mortalPort)) })
	s.place(load, &going)
	s.span = time.Since(s.start)
	going.Wait() // the callers' own scripts end them
	stopTelling()
	fmt.Fprintf(os.Stderr, "soak: all calls are over; the edge rests for %s\n", spoken(s.rest))
	pause(context.Background(), s.rest)
	stopSampling()
	close(stopFollowing)
	err = errors.Join(<-sampling, <-following)
	s.w.records.missing(0)
	return err
}

// tell says how long the run takes and, every minute, how far it is, until ctx ends.
func (s *soak) tell(ctx context.Context) {
	fmt.Fprintf(os.Stderr, "soak: places calls for %s, waits for the last to end and rests %s: about %s; files are in %s\n",
		spoken(s.time), spoken(s.rest), spoken(s.time+tail(s.time)+s.rest), s.work)
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			total := s.w.total()
			fmt.Fprintf(os.Stderr, "soak: %s of %s: %d calls as meant, %d unmeant\n",
				spoken(time.Since(s.start)), spoken(s.time), total.Meant, total.Unmeant)
		case <-ctx.Done():
			return
		}
	}
}

// place starts calls at random moments, whatever becomes of them.
func (s *soak) place(ctx context.Context, going *sync.WaitGroup) {
	all := kindsFor(s.time)
	for next := time.Now(); ctx.Err() == nil; {
		next = next.Add(time.Duration(rand.ExpFloat64() / s.rate * float64(time.Second)))
		select {
		case <-time.After(time.Until(next)):
		case <-ctx.Done():
			return
		}
		n, k := s.offered, pick(all)
		s.offered++
		going.Go(func() { s.w.run(n, k) })
	}
}

func (s *soak) sampleInto(ctx context.Context, csv *os.File) error {
	tick := time.NewTicker(s.sample)
	defer tick.Stop()
	for {
		one, err := take(s.at(webPort), s.edge.Process.Pid, s.start)
		if err != nil {
			return err
		}
		s.samples = append(s.samples, one)
		fmt.Fprintln(csv, one)
		s.w.records.missing(time.Minute)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}
