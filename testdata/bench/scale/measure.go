package main

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/routing/directory/store"
)

// result is what was measured of one engine.
type result struct {
	engine               string
	imported, importCPU  time.Duration
	charged              time.Duration // the month's fee for every number, beside everything else
	disk                 int64
	empty, full          time.Duration // from the start of the process to ready
	fullCPU              time.Duration
	rssEmpty, rss, rssUp int64 // up: at most
	heap                 float64
	decision             []time.Duration
	written, own, other  []time.Duration
}

// measure does everything for one engine.
func measure(ctx context.Context, o options, work, engine string) (r result, err error) {
	r.engine = engine
	database, where := "sqlite:"+filepath.Join(work, "scale.db"), work
	switch engine {
	case "sqlite":
	case "postgres":
		p, err := startPostgres(ctx, o)
		if err != nil {
			return r, err
		}
		defer p.stop()
		database, where = p.url, p.dir
	default:
		return r, fmt.Errorf("no such engine; write sqlite or postgres")
	}
	before := size(where)
	if err := r.fill(ctx, o, work, database); err != nil {
		return r, err
	}
	r.disk = size(where) - before
	if err := r.use(ctx, o, work, database); err != nil {
		return r, err
	}
	return r, r.decide(ctx, o, work, database)
}

// fill imports the numbers into an edge that has none.
func (r *result) fill(ctx context.Context, o options, work, database string) error {
	e, err := start(ctx, o, work, r.engine+"-first", database)
	if err != nil {
		return err
	}
	defer e.stop()
	r.empty = e.ready
	r.rssEmpty, _ = e.memory()
	say("%s: importing %d numbers", r.engine, o.numbers)
	began, cpu := time.Now(), e.cpu()
	if err := e.importFile(ctx, o, filepath.Join(work, "numbers.csv")); err != nil {
		return err
	}
	r.imported, r.importCPU = time.Since(began), e.cpu()-cpu
	if err := e.knows(o); err != nil {
		return err
	}
	say("%s: imported in %s; waiting for the ledger", r.engine, r.imported.Round(time.Second))
	began = time.Now()
	for {
		n, err := e.charged()
		if err != nil {
			return err
		}
		if n >= o.numbers {
			r.charged = time.Since(began)
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// knows holds that calls from some of the numbers go to the call centre with their address.
func (e *edge) knows(o options) error {
	t := newTables()
	for range 20 {
		n := t.number(rand.IntN(o.numbers))
		verdict, address, err := e.explain(n)
		if err != nil {
			return err
		}
		if verdict != "psap" || address == "" {
			return fmt.Errorf("%s is decided as %q with address %q", n, verdict, address)
		}
	}
	return nil
}

// use starts an edge on the full database, and another beside it where they can share it, and changes numbers.
func (r *result) use(ctx context.Context, o options, work, database string) error {
	e, err := start(ctx, o, work, r.engine+"-own", database)
	if err != nil {
		return err
	}
	defer e.stop()
	r.full, r.fullCPU = e.ready, e.cpu()
	r.rss, r.rssUp = e.memory()
	say("%s: ready in %s", r.engine, r.full.Round(time.Millisecond))
	edges := []*edge{e}
	if r.engine == "postgres" {
		second, err := start(ctx, o, work, r.engine+"-other", database)
		if err != nil {
			return err
		}
		defer second.stop()
		edges = append(edges, second)
	}
	if err := e.knows(o); err != nil {
		return err
	}
	t := newTables()
	for i := range o.changes {
		began := time.Now()
		if err := e.take(t.spare(i)); err != nil {
			return err
		}
		acknowledged := time.Now()
		r.written = append(r.written, acknowledged.Sub(began))
		for k, other := range edges {
			late, err := other.differs(ctx, t.spare(i), acknowledged)
			if err != nil {
				return err
			}
			if k == 0 {
				r.own = append(r.own, late)
			} else {
				r.other = append(r.other, late)
			}
		}
	}
	return nil
}

// differs waits until calls from a number that is new are no longer refused, and returns how long that took from since.
func (e *edge) differs(ctx context.Context, number string, since time.Time) (time.Duration, error) {
	for ctx.Err() == nil {
		verdict, _, err := e.explain(number)
		if err != nil {
			return 0, err
		}
		if verdict != "refuse" {
			return time.Since(since), nil
		}
	}
	return 0, ctx.Err()
}

// decide measures the snapshot in this process: what it takes of the heap, and how long decisions take.
func (r *result) decide(ctx context.Context, o options, work, database string) error {
	src, err := os.ReadFile(filepath.Join(work, "directory.yaml"))
	if err != nil {
		return err
	}
	file, problems := directory.Parse(filepath.Join(work, "directory.yaml"), src, directory.Options{})
	if err := problems.Err(); err != nil {
		return err
	}
	s, err := store.Open(ctx, database, store.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	var snapshot *directory.Snapshot
	before := live()
	m, err := s.Mirror(ctx, file.Network, func(next *directory.Snapshot) { snapshot = next })
	if err != nil {
		return err
	}
	defer m.Close()
	r.heap = float64(live()-before) / float64(o.numbers)
	say("%s: %.0f bytes a number", r.engine, r.heap)
	t := newTables()
	source := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	r.decision = make([]time.Duration, o.decisions)
	for i := range r.decision {
		q := routing.Request{
			Source: source, Transport: "udp", Scheme: "sip", User: "911", Host: "lab.sip.us1.twilio.com",
			From: routing.Identity{Scheme: "sip", User: t.number(rand.IntN(o.numbers)), Host: "pbx.example.com"},
		}
		began := time.Now()
		d := routing.Decide(snapshot, nil, q)
		r.decision[i] = time.Since(began)
		if d.Verdict != routing.VerdictPSAP {
			return fmt.Errorf("%s is decided as %v", q.From.User, d.Verdict)
		}
	}
	runtime.KeepAlive(snapshot)
	return nil
}

// live is the heap in use.
func live() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// size is what the files below a directory take.
func size(dir string) (bytes int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			bytes += info.Size()
		}
		return nil
	})
	return bytes
}

// quantile returns the value that this part of all is not above.
func quantile(all []time.Duration, part float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)-1, int(part*float64(len(sorted))))]
}
