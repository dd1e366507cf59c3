package registrar

import (
	"context"
	"slices"
	"time"

	"callbox/routing/directory"
)

// sweepUntil ends what has expired, and what may not be any more, until ctx ends.
func (r *Registrar) sweepUntil(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	forgotten := time.Now()
	var seen *directory.Snapshot
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s := r.o.Directory()
		r.sweep(ctx, time.Now(), s, s != seen)
		seen = s
		if now := time.Now(); r.o.Store != nil && now.Sub(forgotten) >= forgetAt {
			forgotten = now
			ctx, cancel := context.WithTimeout(ctx, writeLimit)
			if err := r.o.Store.ForgetRegistrations(ctx, now.Add(-forget).UnixMilli()); err != nil {
				r.o.Logger.Debug().Err(err).Msg("old registrations stay in the database")
			}
			cancel()
		}
	}
}

// sweep lets go of bindings that have expired and, where the directory has changed, of users who may not register any more.
func (r *Registrar) sweep(ctx context.Context, now time.Time, s *directory.Snapshot, changed bool) {
	there := make(map[string]bool) // bindings that are asked whether they are there
	for _, of := range r.all() {
		of.turn.Lock()
		next := of.list(now)
		if changed && len(next) > 0 && !mayRegister(s, of.key) {
			r.keep(ctx, change{removed: next})
			next = nil
		}
		if len(next) != len(*of.bindings.Load()) {
			of.bindings.Store(&next)
		}
		for _, b := range next {
			if b.asked() {
				there[b.SID] = true
			}
		}
		of.turn.Unlock()
	}
	r.quiet.forgetBut(there)
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, of := range r.aors {
		if of.holders == 0 && len(*of.bindings.Load()) == 0 && now.Sub(of.used) >= idleAOR {
			delete(r.aors, key)
		}
	}
}

// mayRegister tells whether a user is still one whose phones may register.
func mayRegister(s *directory.Snapshot, key aorKey) bool {
	if key.domain == centreSID {
		return centreOf(s, key.user) != nil
	}
	for _, d := range s.Domains() {
		if d.SID != key.domain || !d.Registration {
			continue
		}
		return slices.ContainsFunc(d.Registrars, func(l *directory.CredentialList) bool {
			_, ok := l.HA1(key.user)
			return ok
		})
	}
	return false
}

// all returns every AOR.
func (r *Registrar) all() []*aor {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := make([]*aor, 0, len(r.aors))
	for _, of := range r.aors {
		out = append(out, of)
	}
	return out
}
