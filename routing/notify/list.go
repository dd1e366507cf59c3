package notify

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"callbox/routing/directory"
	"callbox/routing/directory/store"
)

// Entry is a notification as people see it, without its secrets.
type Entry struct {
	ID        string
	Call      string
	Account   string
	Domain    string
	Event     string
	Kind      string
	To        string // with *** for a password in it
	State     string // queued, sending, sent or failed
	Attempts  int
	Created   time.Time
	Next      time.Time // of the next attempt, zero for none
	Done      time.Time // when it was delivered or given up, zero before
	LastError string
	Facts     Facts
}

// StateSending is the state of an Entry that is on its way just now.
const StateSending = "sending"

// Query chooses entries, newest first.
type Query struct {
	Call    string // "" for any
	Account string
	State   string
	Kind    string
	Before  string // an entry's ID: only older ones
	Limit   int    // 0 for no limit
}

// ErrNoEntry is that there is no such notification.
var ErrNoEntry = errors.New("no such notification")

// ErrSettled is that a notification need not be tried again, or is being tried.
var ErrSettled = errors.New("it was delivered, or is on its way")

// Page is what a Query chose, and the Before of the next page, "" on the last one.
type Page struct {
	Entries []Entry
	Next    string
}

// List returns entries of every edge at the database. While the database is away the error says so, and the entries are
// those in the memory of this edge. Such as are not in the database yet come first, and beyond the limit.
func (q *Queue) List(ctx context.Context, x Query) (Page, error) {
	var rows []store.Notification
	err := q.store.View(ctx, func(t *store.Tx) error {
		s := store.Query{Account: x.Account, Limit: x.Limit}
		where := func(column, value string) {
			if value != "" {
				s.Where = append(s.Where, store.Cond{Column: column, Op: store.Equal, Value: value})
			}
		}
		where("call_sid", x.Call)
		where("kind", x.Kind)
		if x.State == StateSending {
			where("state", store.NotificationQueued)
		} else {
			where("state", x.State)
		}
		if x.Before != "" {
			last, err := store.Get[store.Notification](t, "", x.Before)
			if err != nil {
				return err
			}
			s.Before = last.ID
		}
		var err error
		rows, err = store.Find[store.Notification](t, s)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return Page{}, ErrNoEntry
	}
	p := Page{Entries: q.entries(rows, x)}
	if x.Limit > 0 && len(rows) == x.Limit {
		p.Next = rows[len(rows)-1].SID
	}
	return p, err
}

// entries lays what is in memory, which is newer, over rows of the database.
func (q *Queue) entries(rows []store.Notification, x Query) []Entry {
	now := q.o.Now().UnixMilli()
	saved, fresh := make([]Entry, 0, len(rows)), []Entry{}
	seen := make(map[string]bool, len(rows))
	q.mu.Lock()
	for _, r := range rows {
		seen[r.SID] = true
		sending := r.ClaimedBy != "" && r.ClaimUntil > now && r.Due <= now
		if it := q.held[r.SID]; it != nil {
			r, sending = it.row, it.sending
		}
		saved = append(saved, entryOf(r, sending))
	}
	for sid, it := range q.held {
		if !seen[sid] && !it.saved && x.Before == "" {
			fresh = append(fresh, entryOf(it.row, it.sending))
		}
	}
	q.mu.Unlock()
	slices.SortFunc(fresh, func(a, b Entry) int { return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.ID, b.ID)) })
	return slices.DeleteFunc(append(fresh, saved...), func(e Entry) bool { return !x.matches(e) })
}

func (x Query) matches(e Entry) bool {
	is := func(want, got string) bool { return want == "" || want == got }
	return is(x.Call, e.Call) && is(x.Account, e.Account) && is(x.Kind, e.Kind) && is(x.State, e.State)
}

func entryOf(r store.Notification, sending bool) Entry {
	e := Entry{
		ID: r.SID, Call: r.CallSID, Account: r.AccountSID, Domain: r.Host, Event: r.Event, Kind: r.Kind, To: directory.MaskedURL(r.Target),
		State: r.State, Attempts: r.Attempts, Created: time.UnixMilli(r.Created).UTC(), LastError: r.LastError,
	}
	_ = json.Unmarshal([]byte(r.Body), &e.Facts) // we wrote it
	switch {
	case r.State != store.NotificationQueued:
		e.Done = time.UnixMilli(r.Done).UTC()
	case sending:
		e.State = StateSending
	default:
		e.Next = time.UnixMilli(r.Due).UTC()
	}
	return e
}

// Retry has a notification tried at once, and for as long as a new one. ErrNoEntry, ErrSettled, or an error of the store.
func (q *Queue) Retry(ctx context.Context, id string) (Entry, error) {
	var row store.Notification
	err := q.store.Update(ctx, actor, func(t *store.Tx) error {
		r, err := store.Get[store.Notification](t, "", id)
		if err != nil {
			return err
		}
		now := q.o.Now().UnixMilli()
		if r.State == store.NotificationSent || r.ClaimUntil > now {
			return ErrSettled
		}
		r.State, r.Due, r.Begun, r.Done = store.NotificationQueued, now, now, 0
		row = r
		return store.Save(t, &row)
	})
	if errors.Is(err, store.ErrNotFound) {
		err = ErrNoEntry
	}
	if err != nil {
		return Entry{}, err
	}
	wake(q.write)
	return entryOf(row, false), nil
}
