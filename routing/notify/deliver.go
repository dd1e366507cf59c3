package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"callbox/routing/directory"
	"callbox/routing/directory/store"
)

// lease is for how long an edge keeps what it has claimed without a word: longer than an attempt takes.
const lease = time.Minute

// errBrokenOff is the end of an attempt by the end of the process: it does not count.
var errBrokenOff = errors.New("broken off by the end of callbox")

// hold takes an item into memory, to be delivered when it is due. mu is held.
func (q *Queue) hold(it *item) {
	q.held[it.row.SID] = it
	q.await(it)
}

// await puts an item into the line for its target. mu is held.
func (q *Queue) await(it *item) {
	p := place{it.row.Kind, it.row.Target}
	t := q.targets[p]
	if t == nil {
		t = &target{}
		q.targets[p] = t
	}
	i, _ := slices.BinarySearchFunc(t.waiting, it.row.Due+1, func(x *item, due int64) int {
		if x.row.Due < due {
			return -1
		}
		return 1
	})
	t.waiting = slices.Insert(t.waiting, i, it)
}

// letGo forgets an item. mu is held.
func (q *Queue) letGo(it *item) {
	delete(q.held, it.row.SID)
	p := place{it.row.Kind, it.row.Target}
	t := q.targets[p]
	if t == nil {
		return
	}
	if i := slices.Index(t.waiting, it); i >= 0 {
		t.waiting = slices.Delete(t.waiting, i, i+1)
	}
	q.forget(p, t)
}

// knownAiling is how many targets that failed last are remembered while nothing waits for them.
const knownAiling = 1000

// forget lets go of a target that nothing waits for, unless it fails, which is good to know the next time. mu is held.
func (q *Queue) forget(p place, t *target) {
	if len(t.waiting) == 0 && t.sending == 0 && (!t.ails || len(q.targets) > knownAiling) {
		delete(q.targets, p)
	}
}

// runDeliveries starts what is due until ctx ends, and waits for what is on its way.
func (q *Queue) runDeliveries(ctx context.Context) {
	defer q.sending.Wait()
	for {
		timer := time.NewTimer(q.startDue(ctx))
		select {
		case <-ctx.Done():
			timer.Stop()
			q.mu.Lock()
			q.closed = true
			q.mu.Unlock()
			return
		case <-q.deliver:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// longSleep is how long nothing is looked at when nothing is known to become due.
const longSleep = time.Hour

// startDue starts every delivery that is due and has a place, and returns how long to sleep then. A target that failed
// last gets one delivery at a time, and all of those together half of the places, so that the others never wait for them.
func (q *Queue) startDue(ctx context.Context) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.o.Now().UnixMilli()
	sleep := longSleep
	for p, t := range q.targets { // in no order, which is fair
		for len(t.waiting) > 0 && q.room(p.kind, t) {
			it := t.waiting[0]
			if wait := time.Duration(it.row.Due-now) * time.Millisecond; wait > 0 {
				sleep = min(sleep, wait)
				break
			}
			t.waiting = t.waiting[1:]
			q.start(ctx, p, t, it)
		}
	}
	return sleep
}

// room tells whether there is a place for one more delivery to t.
func (q *Queue) room(kind string, t *target) bool {
	if t.ails {
		return t.sending == 0 && q.ailing[kind] < max(1, q.o.PerKind/2) && q.running[kind] < q.o.PerKind
	}
	return t.sending < q.o.PerTarget && q.running[kind] < q.o.PerKind
}

// start begins one delivery. mu is held.
func (q *Queue) start(ctx context.Context, p place, t *target, it *item) {
	ails := t.ails
	if ails {
		q.ailing[p.kind]++
	}
	q.running[p.kind]++
	t.sending++
	it.sending = true
	q.keepClaim(it)
	n := Notice{
		ID: it.row.SID, Attempt: it.row.Attempts + 1, Account: it.row.AccountSID,
		Target: Target{it.row.Kind, it.row.Target, directory.Secret(it.row.Secret)},
	}
	body := it.row.Body
	q.sending.Go(func() {
		err := q.attempt(ctx, n, body)
		q.mu.Lock()
		defer q.mu.Unlock()
		if ails {
			q.ailing[p.kind]--
		}
		q.running[p.kind]--
		t.sending--
		t.ails = err != nil && !errors.Is(err, errBrokenOff)
		q.settle(it, err)
		q.forget(p, t)
		wake(q.deliver)
		wake(q.write)
	})
}

// attempt makes one attempt. A sender that panics has failed.
func (q *Queue) attempt(ctx context.Context, n Notice, body string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			q.o.Logger.Error().Interface("panic", p).Bytes("stack", debug.Stack()).Str("notification", n.ID).Msg("defect while notifying")
			err = errors.New("a defect of callbox; the log has more")
		}
	}()
	sender, ok := q.o.Senders[n.Target.Kind]
	if !ok {
		return fmt.Errorf("this callbox sends no notification of kind %q", n.Target.Kind)
	}
	if err := json.Unmarshal([]byte(body), &n.Facts); err != nil {
		return fmt.Errorf("what is to be said cannot be read: %w", err)
	}
	limited, cancel := context.WithTimeout(ctx, q.o.Timeout)
	defer cancel()
	err = sender.Send(limited, n)
	if err != nil && ctx.Err() != nil {
		return errBrokenOff
	}
	return err
}

// settle writes down what became of an attempt. mu is held.
func (q *Queue) settle(it *item, err error) {
	r := &it.row
	it.sending, it.dirty = false, true
	it.changes++
	now := q.o.Now()
	if errors.Is(err, errBrokenOff) {
		q.release(it)
		return
	}
	r.Attempts++
	switch {
	case err == nil:
		r.State, r.Done, r.LastError = store.NotificationSent, now.UnixMilli(), ""
		q.figures.Sent[r.Kind]++
	case now.Sub(time.UnixMilli(r.Begun)) >= q.o.GiveUp:
		r.State, r.Done, r.LastError = store.NotificationFailed, now.UnixMilli(), shown(err)
		q.figures.Failed[r.Kind]++
		q.figures.GivenUp++
		q.o.Logger.Error().Str("notification", r.SID).Str("call_id", r.CallSID).Str("kind", r.Kind).Str("error", r.LastError).
			Int("attempts", r.Attempts).Msg("notification given up")
	default:
		r.Due, r.LastError = now.Add(pauseAfter(r.Attempts)).UnixMilli(), shown(err)
		q.figures.Failed[r.Kind]++
		if r.Attempts == 1 {
			q.o.Logger.Warn().Str("notification", r.SID).Str("call_id", r.CallSID).Str("kind", r.Kind).Str("error", r.LastError).
				Msg("notification failed; trying again")
		}
	}
	q.release(it)
}

// keepClaim says in the database that the item is in the hands of this edge. mu is held.
func (q *Queue) keepClaim(it *item) {
	now := q.o.Now()
	if it.row.ClaimedBy != "" && it.row.ClaimUntil > now.Add(lease/2).UnixMilli() {
		return
	}
	it.row.ClaimedBy, it.row.ClaimUntil = q.o.Edge, now.Add(lease).UnixMilli()
	it.dirty = true
	it.changes++
	wake(q.write)
}

// release gives an item up, to whoever finds it in the database; until it is there it waits here. mu is held.
func (q *Queue) release(it *item) {
	it.row.ClaimedBy, it.row.ClaimUntil = "", 0
	if it.row.State == store.NotificationQueued {
		q.await(it)
	}
}

// longestError bounds what is kept of an error, in bytes.
const longestError = 300

// shown is an error as people see it.
func shown(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return clean(err.Error(), longestError)
}
