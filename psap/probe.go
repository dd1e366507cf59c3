package psap

import (
	"context"
	"strconv"
	"sync"
	"time"
)

// mostProbes bounds the probes under way at once; the rest wait for a place.
const mostProbes = 32

// Run probes every centre once an interval until ctx ends, then waits for its probes. Probes are spread over a tenth
// of the interval so that centres are not asked in step; a centre just set is probed at once. Call it once.
func (r *Registry) Run(ctx context.Context) {
	if r.o.Prober == nil {
		<-ctx.Done()
		return
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	places := make(chan struct{}, mostProbes)
	tick := time.NewTicker(r.o.Interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
			r.round(ctx, &wg, places, true)
		case <-tick.C:
			r.round(ctx, &wg, places, false)
		}
	}
}

// round starts a probe of every centre, or of those never probed. A centre whose last probe is still under way is
// left out.
func (r *Registry) round(ctx context.Context, wg *sync.WaitGroup, places chan struct{}, fresh bool) {
	for _, e := range r.table.Load().order {
		if !e.Probe || fresh && r.probed(e) || e.probing.Swap(true) {
			continue
		}
		delay := time.Duration(r.o.Rand() * float64(r.o.Interval) / 10)
		if fresh {
			delay = 0
		}
		wg.Go(func() {
			defer e.probing.Store(false)
			if !pause(ctx, delay) {
				return
			}
			select {
			case places <- struct{}{}:
				defer func() { <-places }()
				r.probe(ctx, e)
			case <-ctx.Done():
			}
		})
	}
}

// pause waits for d and tells whether ctx still lives.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (r *Registry) probed(e *entry) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !e.probedAt.IsZero()
}

// probe asks one centre and notes what came.
func (r *Registry) probe(ctx context.Context, e *entry) {
	limited, cancel := context.WithTimeout(ctx, r.o.Timeout)
	defer cancel()
	status, err := r.o.Prober.Options(limited, e.URI)
	if ctx.Err() != nil {
		return // told to stop: the probe says nothing about the centre
	}
	detail := strconv.Itoa(status)
	if err != nil {
		detail = err.Error()
	}
	r.note(e, err == nil && serves(status), detail)
}

// serves tells whether the answer to OPTIONS comes from a centre that takes calls. Any final answer shows that
// someone is there (RFC 3261 section 11.2), but some say that nobody answers the phone.
func serves(status int) bool {
	switch status {
	case 404, 408, 410, 480:
		return false
	case 501: // OPTIONS is not implemented, which says nothing about INVITE
		return true
	}
	return status >= 200 && status < 500
}

// note counts a probe and logs when the centre changed.
func (r *Registry) note(e *entry, ok bool, detail string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.table.Load().byID[e.ID]; now == nil || now.state != e.state || now.URI != e.URI || !now.Probe {
		return // the directory changed meanwhile
	}
	e.probedAt, e.detail = r.o.Clock(), detail
	if ok {
		e.failures = 0
		if e.down.Swap(false) {
			e.changedAt = e.probedAt
			r.o.Logger.Info().Str("psap", e.ID).Str("probe", detail).Msg("call centre up")
		}
		return
	}
	e.failures++
	if e.failures >= r.o.Failures && !e.down.Swap(true) {
		e.changedAt = e.probedAt
		r.o.Logger.Warn().Str("psap", e.ID).Str("probe", detail).Int("probe_failures", e.failures).Msg("call centre down")
	}
}
