package app

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// Letting garbage lie saves a good part of the time a call takes, and Go lets it lie in proportion to what is in use.
// That is little while few calls are up, and would be most of the memory with thousands. So it is an amount, within
// bounds.
const (
	garbage      = 96 << 20 // bytes
	mostPercent  = 400      // of what is in use
	leastPercent = 50
)

// After a busy time the heap stays as large as it was. When there has been no collection for a while, one is made and
// what is not in use goes back to the kernel, unless it is little. That is done again while it helps, and for longer
// than what ended calls leave behind is in use: half a minute.
const (
	quietSeconds = 10
	vainTries    = 4
	little       = 24 << 20 // bytes
)

// heap is a reading of the runtime's figures, in bytes.
type heap struct {
	collected uint64 // collections so far
	used      uint64 // by objects that the last collection found in use, and by stacks
	held      uint64 // of objects in use and not, and of free memory that the kernel has not got back
}

func readHeap() heap {
	s := []metrics.Sample{
		{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}, {Name: "/memory/classes/heap/free:bytes"},
	}
	metrics.Read(s)
	stacks := s[2].Value.Uint64()
	return heap{
		collected: s[0].Value.Uint64(), used: s[1].Value.Uint64() + stacks,
		held: s[3].Value.Uint64() + s[4].Value.Uint64() + s[5].Value.Uint64() + stacks,
	}
}

// pacer decides how much garbage may lie. It takes a reading a second.
type pacer struct {
	percent   int    // as it stands
	collected uint64 // as of the last reading
	quiet     int    // readings since the last collection
	asked     uint64 // what was held when the last reading led to a collection, or 0
	vain      int    // such collections in a row that freed little
}

// next returns the percentage for debug.SetGCPercent, and whether it is time to give memory back.
func (p *pacer) next(h heap) (percent int, giveBack bool) {
	want := int(min(mostPercent, max(leastPercent, garbage*100/max(h.used, 1))))
	if d := want - p.percent; d > p.percent/8 || -d > p.percent/8 { // setting it stops the world
		p.percent = want
	}
	p.quiet++
	if h.collected != p.collected {
		p.collected, p.quiet = h.collected, 0
		if p.vain++; h.held+h.held/8 <= p.asked || p.asked == 0 {
			p.vain = 0
		}
	}
	p.asked = 0
	if p.vain < vainTries && p.quiet >= quietSeconds && h.held > little {
		p.asked = h.held
	}
	return p.percent, p.asked > 0
}

// memoryPercent of what the machine has is where garbage is no longer let lie at all.
const memoryPercent = 75

// tuneMemory sets the pace of the garbage collector where the environment does not, until the returned function is
// called.
func tuneMemory(env func(string) (string, bool)) (stop func()) {
	if _, ok := env("GOMEMLIMIT"); !ok {
		if n := memoryAvailable("/"); n > 0 {
			debug.SetMemoryLimit(n / 100 * memoryPercent)
		}
	}
	if _, ok := env("GOGC"); ok {
		return func() {}
	}
	debug.SetGCPercent(mostPercent)
	return pace()
}

// pace runs a pacer until the returned function is called.
func pace() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		p := pacer{percent: mostPercent}
		t := time.NewTicker(time.Second)
		defer t.Stop()
		for {
			select {
			case <-t.C:
			case <-ctx.Done():
				return
			}
			was := p.percent
			percent, giveBack := p.next(readHeap())
			if percent != was {
				debug.SetGCPercent(percent)
			}
			if giveBack {
				debug.FreeOSMemory()
			}
		}
	})
	return func() {
		cancel()
		wg.Wait()
	}
}
