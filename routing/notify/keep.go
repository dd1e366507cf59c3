package notify

import (
	"context"
	"fmt"
	"slices"
	"time"

	"callbox/routing/directory/store"
)

// actor is what the store calls a queue.
var actor = store.Actor{Name: "notify"}

const (
	saveBatch  = 500 // rows written in one transaction
	claimBatch = 64  // rows claimed in one
	crowd      = 8   // as many in memory for one target are enough: the rest stays in the database

	lookEvery  = 5 * time.Second        // for what another edge has left
	soonest    = 250 * time.Millisecond // between two looks when nothing could be claimed
	purgeEvery = time.Hour
	lastRetry  = 10 * time.Second
	lastWrite  = 2 * time.Second // at the end
)

// runWriter keeps the database in step with memory, and takes from it what is due.
func (q *Queue) runWriter(ctx context.Context) {
	retry, reclaimed, failing := soonest, false, false
	var purged time.Time
	for ctx.Err() == nil {
		err := q.save(ctx)
		if err == nil && !reclaimed {
			err = q.reclaim(ctx)
			reclaimed = err == nil
		}
		sleep := lookEvery
		if err == nil {
			sleep, err = q.claim(ctx)
		}
		if err == nil && q.o.Now().Sub(purged) >= purgeEvery {
			purged = q.o.Now()
			err = q.purge(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		awake := q.write
		if err != nil {
			sleep, retry, awake = retry, min(2*retry, lastRetry), nil // calls that come must not make it a poll
		} else {
			retry = soonest
		}
		if failing != (err != nil) {
			failing = err != nil
			q.tell(err)
		}
		timer := time.NewTimer(sleep)
		select {
		case <-ctx.Done():
		case <-awake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (q *Queue) tell(err error) {
	if err != nil {
		q.o.Logger.Error().Err(err).Msg("notifications cannot be written; they are delivered from memory")
		return
	}
	q.o.Logger.Info().Msg("notifications can be written again")
}

// written is an item as it goes to the database.
type written struct {
	it      *item
	row     store.Notification
	changes int
	lost    bool // another edge has it now
}

// save writes everything that the database does not have, and forgets what is given back to it.
func (q *Queue) save(ctx context.Context) error {
	for {
		batch := q.unwritten()
		if len(batch) == 0 {
			return nil
		}
		err := q.store.Update(ctx, actor, func(t *store.Tx) error { return q.writeAll(t, batch) })
		q.saved(batch, err)
		if err != nil {
			return fmt.Errorf("write notifications: %w", err)
		}
	}
}

// unwritten returns a batch of what is to be written. What is given back is delivered by nobody until it is written.
func (q *Queue) unwritten() []written {
	q.mu.Lock()
	defer q.mu.Unlock()
	var batch []written
	for _, it := range q.held {
		if it.row.ClaimedBy != "" {
			q.keepClaim(it)
		}
		if !it.dirty || len(batch) == saveBatch {
			continue
		}
		if it.row.ClaimedBy == "" {
			it.leaving = true
			q.withdraw(it)
		}
		batch = append(batch, written{it: it, row: it.row, changes: it.changes})
	}
	return batch
}

// withdraw takes an item out of its target's line. mu is held.
func (q *Queue) withdraw(it *item) {
	if t := q.targets[place{it.row.Kind, it.row.Target}]; t != nil {
		t.waiting = slices.DeleteFunc(t.waiting, func(x *item) bool { return x == it })
	}
}

// saved notes what became of a batch.
func (q *Queue) saved(batch []written, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, w := range batch {
		it := w.it
		left := it.leaving
		it.leaving = false
		switch {
		case err != nil:
			if left && it.row.State == store.NotificationQueued {
				q.await(it)
			}
		case left || w.lost && !it.sending:
			q.letGo(it)
		default:
			it.saved = true
			if it.changes == w.changes {
				it.dirty = false
			}
		}
	}
	wake(q.deliver)
}

// writeAll writes a batch within a transaction. A row that another edge has claimed, since this one was away for too long,
// is that edge's.
func (q *Queue) writeAll(t *store.Tx, batch []written) error {
	sids := make([]string, len(batch))
	for i, w := range batch {
		sids[i] = w.row.SID
	}
	there, err := store.Find[store.Notification](t, among(sids))
	if err != nil {
		return err
	}
	found := make(map[string]store.Notification, len(there))
	for _, r := range there {
		found[r.SID] = r
	}
	var fresh, known []store.Notification
	for i := range batch {
		w := &batch[i]
		r, ok := found[w.row.SID]
		switch {
		case !ok:
			w.lost = w.it.saved
			if !w.lost {
				fresh = append(fresh, w.row)
			}
		case r.ClaimedBy == q.o.Edge, !w.it.saved && r.ClaimedBy == "" && r.State == store.NotificationQueued:
			r.State, r.Attempts, r.Due, r.Done, r.LastError = w.row.State, w.row.Attempts, w.row.Due, w.row.Done, w.row.LastError
			r.ClaimedBy, r.ClaimUntil = w.row.ClaimedBy, w.row.ClaimUntil
			known = append(known, r)
		default:
			w.lost = true
		}
	}
	if err := store.InsertMany(t, fresh); err != nil {
		return err
	}
	return store.SaveMany(t, known)
}

// among is the rows with these SIDs.
func among(sids []string) store.Query {
	return store.Query{Where: []store.Cond{{Column: "sid", Op: store.In, Value: sids}}}
}

// reclaim takes up what an earlier life of this edge had in its hands. Mostly there is nothing, and nothing is written.
func (q *Queue) reclaim(ctx context.Context) error {
	mine := func(t *store.Tx) ([]store.Notification, error) {
		return store.Find[store.Notification](t, store.Query{Limit: q.o.Held, Oldest: true, Where: []store.Cond{
			{Column: "claimed_by", Op: store.Equal, Value: q.o.Edge},
			{Column: "state", Op: store.Equal, Value: store.NotificationQueued},
		}})
	}
	left := 0
	err := q.store.View(ctx, func(t *store.Tx) error {
		rows, err := mine(t)
		for _, r := range rows {
			if !q.has(r.SID) {
				left++
			}
		}
		return err
	})
	if err != nil || left == 0 {
		return err
	}
	return q.take(ctx, mine)
}

// claim takes what is due from the database, and returns how long to sleep.
func (q *Queue) claim(ctx context.Context) (time.Duration, error) {
	for {
		sids, next, err := q.due(ctx)
		if err != nil {
			return 0, err
		}
		if len(sids) == 0 {
			return next, nil
		}
		err = q.take(ctx, func(t *store.Tx) ([]store.Notification, error) {
			rows, err := store.Find[store.Notification](t, among(sids))
			now := q.o.Now().UnixMilli()
			return slices.DeleteFunc(rows, func(r store.Notification) bool { // another edge may have been here
				return r.State != store.NotificationQueued || r.Due > now || r.ClaimUntil > now
			}), err
		})
		if err != nil {
			return 0, err
		}
	}
}

// take claims the rows that choose returns, but for those that are in memory already.
func (q *Queue) take(ctx context.Context, choose func(t *store.Tx) ([]store.Notification, error)) error {
	var rows []store.Notification
	until := q.o.Now().Add(lease).UnixMilli()
	err := q.store.Update(ctx, actor, func(t *store.Tx) error {
		var err error
		if rows, err = choose(t); err != nil {
			return err
		}
		rows = slices.DeleteFunc(rows, func(r store.Notification) bool { return q.has(r.SID) })
		for i := range rows {
			rows[i].ClaimedBy, rows[i].ClaimUntil = q.o.Edge, until
		}
		return store.SaveMany(t, rows)
	})
	if err != nil {
		return fmt.Errorf("claim notifications: %w", err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range rows {
		q.hold(&item{row: r, saved: true})
	}
	wake(q.deliver)
	return nil
}

func (q *Queue) has(sid string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.held[sid] != nil
}

// due returns rows that nobody has claimed and that are due, for targets that are not crowded; where there are none, how
// long to sleep until there may be.
func (q *Queue) due(ctx context.Context) (sids []string, next time.Duration, err error) {
	crowded, room := q.crowded()
	now := q.o.Now().UnixMilli()
	err = q.store.View(ctx, func(t *store.Tx) error {
		query, args := `SELECT sid, kind, target FROM notifications WHERE state = 'queued' AND due <= ? AND claim_until <= ?`, []any{now, now}
		for p := range crowded {
			query += ` AND NOT (kind = ? AND target = ?)`
			args = append(args, p.kind, p.to)
		}
		var rows []struct{ SID, Kind, Target string }
		if room > 0 {
			if err := t.Select(&rows, query+fmt.Sprintf(" ORDER BY due LIMIT %d", 4*claimBatch), args...); err != nil {
				return err
			}
		}
		taken := map[place]int{}
		for _, r := range rows {
			p := place{r.Kind, r.Target}
			if taken[p]++; taken[p] <= crowd && len(sids) < min(room, claimBatch) && !q.has(r.SID) {
				sids = append(sids, r.SID)
			}
		}
		var soon []int64
		err := t.Select(&soon, `SELECT COALESCE(MIN(CASE WHEN claim_until > due THEN claim_until ELSE due END), 0) FROM notifications WHERE state = 'queued'`)
		if err != nil {
			return err
		}
		next = lookEvery
		if soon[0] > 0 {
			next = max(soonest, min(next, time.Duration(soon[0]-now)*time.Millisecond))
		}
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("look for notifications: %w", err)
	}
	return sids, next, nil
}

// mostCrowded bounds the targets that one look leaves out.
const mostCrowded = 50

// crowded returns targets that have enough in memory, and how much more may come there.
func (q *Queue) crowded() (map[place]bool, int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	crowded := map[place]bool{}
	for p, t := range q.targets {
		if len(t.waiting)+t.sending >= crowd && len(crowded) < mostCrowded {
			crowded[p] = true
		}
	}
	return crowded, q.o.Held/2 - len(q.held) // calls that come need room, too
}

// purge removes from the database what was settled long ago.
func (q *Queue) purge(ctx context.Context) error {
	for {
		var old []store.Notification
		err := q.store.View(ctx, func(t *store.Tx) (err error) {
			old, err = store.Find[store.Notification](t, store.Query{Limit: saveBatch, Oldest: true, Where: []store.Cond{
				{Column: "created", Op: store.Less, Value: q.o.Now().Add(-q.o.Keep).UnixMilli()},
				{Column: "state", Op: store.NotEqual, Value: store.NotificationQueued},
			}})
			return err
		})
		if err != nil || len(old) == 0 {
			return err
		}
		err = q.store.Update(ctx, actor, func(t *store.Tx) error {
			for i := range old {
				if err := store.Delete(t, &old[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("remove old notifications: %w", err)
		}
	}
}

// finish gives back at the end what was not delivered.
func (q *Queue) finish() {
	q.mu.Lock()
	for _, it := range q.held {
		if it.row.ClaimedBy != "" {
			it.row.ClaimedBy, it.row.ClaimUntil, it.dirty = "", 0, true
			it.changes++
		}
	}
	q.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), lastWrite)
	defer cancel()
	if err := q.save(ctx); err != nil {
		q.o.Logger.Error().Err(err).Int("notifications", q.Figures().Held).Msg("notifications are lost: the database did not take them")
	}
}
