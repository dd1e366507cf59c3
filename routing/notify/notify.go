// Package notify tells people of emergency calls, as Kari's Law wants: a webhook, an e-mail or a SIP MESSAGE for whoever
// the domain or trunk of a call names. It owns the queue of what is to be told, kept in the directory's database, and its
// delivery; it must not know how a call is routed, nor delay one. DESIGN.md beside it says what survives what.
package notify

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing/directory"
	"callbox/routing/directory/store"
)

// The kinds of what is queued. Listening in is a part of the call and never waits.
const (
	KindWebhook = "webhook"
	KindEmail   = "email"
	KindMessage = "message"
	KindSMS     = "sms"
	KindVoice   = "voice"
)

// Target is somebody who is to be told.
type Target struct {
	Kind   string
	To     string           // URL, e-mail address, SIP URI or number
	Secret directory.Secret // a webhook's own key, "" for its account's
}

// Notice is one notification on its way.
type Notice struct {
	ID      string // the same with every attempt, and with no other notification: NF and 32 hex digits
	Attempt int    // 1 the first time
	Account string
	Target  Target
	Facts   Facts
}

// Sender delivers notifications of one kind. An error is tried again later; it is shown to people and holds no secret.
type Sender interface {
	Send(ctx context.Context, n Notice) error
}

// database is what a Queue needs of a store.
type database interface {
	View(ctx context.Context, fn func(*store.Tx) error) error
	Update(ctx context.Context, who store.Actor, fn func(*store.Tx) error) error
}

// Options of a Queue. Senders is required; the zero value of the rest works.
type Options struct {
	Senders map[string]Sender // by kind
	Edge    string            // names this edge among those at the database, the same after a restart; "" is a random one
	Logger  zerolog.Logger
	Now     func() time.Time // nil is time.Now

	Held      int           // notifications that may be in memory, 10,000 when 0
	PerKind   int           // deliveries of one kind at a time, 32 when 0
	PerTarget int           // deliveries to one target at a time, 4 when 0
	Timeout   time.Duration // of one attempt, 30 s when 0
	GiveUp    time.Duration // after which a notification is tried no more, 24 h when 0
	Keep      time.Duration // for which the database remembers what was delivered or given up, 30 days when 0
}

func (o Options) withDefaults() Options {
	set := func(n *int, usual int) {
		if *n <= 0 {
			*n = usual
		}
	}
	last := func(d *time.Duration, usual time.Duration) {
		if *d <= 0 {
			*d = usual
		}
	}
	set(&o.Held, 10_000)
	set(&o.PerKind, 32)
	set(&o.PerTarget, 4)
	last(&o.Timeout, 30*time.Second)
	last(&o.GiveUp, 24*time.Hour)
	last(&o.Keep, 30*24*time.Hour)
	if o.Edge == "" {
		o.Edge = store.NewSID("ED")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// The time from one attempt to the next.
const (
	firstPause = time.Second
	lastPause  = 15 * time.Minute
)

// pauseAfter is how long a notification waits after so many attempts.
func pauseAfter(attempts int) time.Duration {
	d := firstPause
	for range attempts - 1 {
		if d *= 2; d >= lastPause {
			return lastPause
		}
	}
	return d
}

// Figures count what became of notifications since the Queue was made.
type Figures struct {
	Sent    map[string]uint64 // delivered, by kind
	Failed  map[string]uint64 // attempts that failed, by kind
	GivenUp uint64            // notifications that are tried no more
	Lost    uint64            // there was no room in memory for them
	Held    int               // in memory now: on their way, or not in the database yet
}

// Queue takes notifications and delivers them. Its methods are safe for concurrent use.
type Queue struct {
	o     Options
	store database

	mu      sync.Mutex // guards the rest, and is never held for long
	held    map[string]*item
	targets map[place]*target
	running map[string]int // deliveries by kind
	ailing  map[string]int // those of them to targets that failed last
	figures Figures
	closed  bool

	deliver chan struct{} // wakes the one that delivers
	write   chan struct{} // wakes the one that writes
	sending sync.WaitGroup
}

// item is a notification in memory.
type item struct {
	row     store.Notification
	saved   bool // the database has it, as ours
	dirty   bool // the database does not have it as it is
	sending bool
	leaving bool // it is being given back to the database
	changes int  // counts what was done to it
}

// place is where notifications go.
type place struct{ kind, to string }

// target is what is known of a place while something is to go there.
type target struct {
	waiting []*item // in the order of their time
	sending int
	ails    bool // the last delivery failed
}

// New returns a queue that delivers nothing yet: Run does.
func New(s *store.Store, o Options) *Queue { return newQueue(s, o) }

func newQueue(s database, o Options) *Queue {
	return &Queue{
		o: o.withDefaults(), store: s, held: map[string]*item{}, targets: map[place]*target{},
		running: map[string]int{}, ailing: map[string]int{},
		figures: Figures{Sent: map[string]uint64{}, Failed: map[string]uint64{}},
		deliver: make(chan struct{}, 1), write: make(chan struct{}, 1),
	}
}

// Add queues what is said to each target. It never blocks: the delivery begins and the database is written to elsewhere.
func (q *Queue) Add(f Facts, to ...Target) {
	body, err := json.Marshal(f)
	if err != nil {
		q.o.Logger.Error().Err(err).Str("call_id", f.Call).Msg("a notification cannot be written")
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.o.Now().UnixMilli()
	for _, t := range to {
		if q.closed || len(q.held) >= q.o.Held && !q.makeRoom() {
			if q.figures.Lost++; q.figures.Lost&(q.figures.Lost-1) == 0 {
				q.o.Logger.Error().Str("call_id", f.Call).Uint64("lost", q.figures.Lost).
					Msg("no room for notifications: the database does not take them")
			}
			continue
		}
		q.hold(&item{dirty: true, row: store.Notification{
			Common:  store.Common{SID: store.NewSID("NF"), AccountSID: f.Account, Created: now},
			CallSID: f.Call, Host: f.Domain, Event: f.Event, Kind: t.Kind, Target: t.To, Secret: string(t.Secret),
			Body: string(body), State: store.NotificationQueued, Begun: now, Due: now,
			ClaimedBy: q.o.Edge, ClaimUntil: now + lease.Milliseconds(),
		}})
	}
	wake(q.deliver)
	wake(q.write)
}

// makeRoom forgets one notification that was delivered and could not be written down: that it is known matters less than that
// the next one is delivered. mu is held.
func (q *Queue) makeRoom() bool {
	for _, it := range q.held {
		if it.row.State != store.NotificationQueued && !it.sending {
			q.letGo(it)
			return true
		}
	}
	return false
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it is going to look anyway
	}
}

// Figures returns the counters as they stand.
func (q *Queue) Figures() Figures {
	q.mu.Lock()
	defer q.mu.Unlock()
	f := q.figures
	f.Sent, f.Failed, f.Held = map[string]uint64{}, map[string]uint64{}, len(q.held)
	for k := range q.o.Senders {
		f.Sent[k], f.Failed[k] = q.figures.Sent[k], q.figures.Failed[k]
	}
	return f
}

// Run delivers until ctx ends. What is on its way then is broken off, and given back to the database if that takes it
// within moments; it is delivered after the next start, or by another edge.
func (q *Queue) Run(ctx context.Context) {
	var writing sync.WaitGroup
	writing.Go(func() { q.runWriter(ctx) })
	q.runDeliveries(ctx)
	writing.Wait()
	q.finish()
}
