package notify

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of these tests; it is only reached when a test fails.
const patience = time.Minute

// phone is a Sender that does to each notification what a test wants, and remembers them.
type phone struct {
	answer func(ctx context.Context, n Notice) error // nil takes everything

	mu    sync.Mutex
	calls []Notice
	at    []time.Time
	taken map[string]int // deliveries by ID
	moved chan struct{}
}

func newPhone(answer func(ctx context.Context, n Notice) error) *phone {
	return &phone{answer: answer, taken: map[string]int{}, moved: make(chan struct{}, 1)}
}

func (p *phone) Send(ctx context.Context, n Notice) error {
	p.mu.Lock()
	p.calls, p.at = append(p.calls, n), append(p.at, time.Now())
	p.mu.Unlock()
	var err error
	if p.answer != nil {
		err = p.answer(ctx, n)
	}
	p.mu.Lock()
	if err == nil {
		p.taken[n.ID]++
	}
	p.mu.Unlock()
	select {
	case p.moved <- struct{}{}:
	default:
	}
	return err
}

// rung returns the notifications so far.
func (p *phone) rung() []Notice {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Notice{}, p.calls...)
}

// until waits for done to hold.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("it did not come to this: " + what)
		}
	}
}

// start runs a queue until the returned function or the test's end.
func start(t *testing.T, q *Queue) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() { q.Run(ctx) })
	stop = func() { cancel(); running.Wait() }
	t.Cleanup(stop)
	return stop
}

func senders(p Sender) map[string]Sender {
	return map[string]Sender{KindWebhook: p, KindEmail: p, KindMessage: p}
}

// states counts what the database has by state.
func states(t *testing.T, s *store.Store) map[string]int {
	t.Helper()
	n := map[string]int{}
	err := s.View(t.Context(), func(tx *store.Tx) error {
		rows, err := store.Find[store.Notification](tx, store.Query{})
		for _, r := range rows {
			n[r.State]++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// cut is a database that is lost to its user from one moment on, as to a process that is killed.
type cut struct {
	*store.Store
	mu   sync.Mutex
	gone bool
}

var errGone = errors.New("gone")

func newCut(s *store.Store) *cut { return &cut{Store: s} }

func (c *cut) away() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.gone }

func (c *cut) set(gone bool) { c.mu.Lock(); defer c.mu.Unlock(); c.gone = gone }

func (c *cut) View(ctx context.Context, fn func(*store.Tx) error) error {
	if c.away() {
		return errGone
	}
	return c.Store.View(ctx, fn)
}

func (c *cut) Update(ctx context.Context, who store.Actor, fn func(*store.Tx) error) error {
	if c.away() {
		return errGone
	}
	return c.Store.Update(ctx, who, fn)
}

// facts are those of a call with an ID.
func facts(id string) Facts {
	return Facts{Event: EventPlaced, Call: id, Domain: "lab.sip.us1.twilio.com", Account: "AC00000000000000000000000000000911", Caller: "+14155550100", Dialled: "911"}
}

func hook(to string) Target { return Target{Kind: KindWebhook, To: to} }

func open(t *testing.T, engine string) *store.Store {
	return storetest.Open(t, engine, store.Options{})
}
