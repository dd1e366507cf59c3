package notify

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

func TestEachTargetIsToldOnceAndTheDatabaseKnows(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s, p := open(t, engine), newPhone(nil)
		q := New(s, Options{Senders: senders(p)})
		start(t, q)
		q.Add(facts("CA1"), hook("http://a"), Target{Kind: KindEmail, To: "desk@example.com"}, Target{Kind: KindMessage, To: "sip:desk@192.0.2.7"})
		until(t, "all are sent and nothing is held", func() bool { return states(t, s)[store.NotificationSent] == 3 && q.Figures().Held == 0 })
		for id, n := range p.taken {
			if n != 1 {
				t.Errorf("%s was delivered %d times", id, n)
			}
		}
		page, err := q.List(t.Context(), Query{Call: "CA1"})
		if err != nil || len(page.Entries) != 3 || page.Entries[0].State != store.NotificationSent || page.Entries[0].Facts.Caller != "+14155550100" {
			t.Errorf("listed %+v, %v", page, err)
		}
	})
}

func TestASlowTargetDelaysNobody(t *testing.T) {
	t.Parallel()
	storetest.Each(t, slowTarget)
}

func slowTarget(t *testing.T, engine string) {
	release := make(chan struct{})
	p := newPhone(func(ctx context.Context, n Notice) error {
		if n.Target.To != "http://slow" {
			return nil
		}
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	q := New(open(t, engine), Options{Senders: senders(p), PerKind: 8, PerTarget: 2})
	start(t, q)
	for i := range 20 {
		q.Add(facts(fmt.Sprint("CA", i)), hook("http://slow"))
	}
	q.Add(facts("CA99"), hook("http://quick"))
	until(t, "the quick target is told while the slow one is not", func() bool { return q.Figures().Sent[KindWebhook] == 1 })
	if n := len(p.rung()); n > 3 {
		t.Errorf("%d deliveries were begun, 2 of them at a time to the slow target", n)
	}
	close(release)
	until(t, "the slow target is told all", func() bool { return q.Figures().Sent[KindWebhook] == 21 })
}

func TestATargetThatFailsLeavesHalfOfThePlacesToOthers(t *testing.T) {
	t.Parallel()
	q := newQueue(nil, Options{PerKind: 4})
	ails := &target{ails: true}
	for n, want := range []bool{true, true, false} {
		q.running[KindWebhook], q.ailing[KindWebhook] = n, n
		if got := q.room(KindWebhook, ails); got != want {
			t.Errorf("with %d such deliveries there is room: %v", n, got)
		}
	}
	if !q.room(KindWebhook, &target{sending: 1}) {
		t.Error("there is no room for a target that works")
	}
}

func TestWhatFailsIsTriedAtGrowingDistanceAndThenGivenUp(t *testing.T) {
	t.Parallel()
	const giveUp = 3 * time.Minute // a day has too many of the writer's looks for a test
	synctest.Test(t, func(t *testing.T) {
		s, err := store.Open(t.Context(), storetest.URL(t, storetest.SQLite), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		p := newPhone(func(context.Context, Notice) error { return errors.New("500 Internal Server Error") })
		q := New(s, Options{Senders: senders(p), GiveUp: giveUp})
		stop := start(t, q)
		began := time.Now()
		q.Add(facts("CA1"), hook("http://broken"))
		time.Sleep(2 * giveUp)
		stop()
		if n := states(t, s); n[store.NotificationFailed] != 1 {
			t.Errorf("after that the database has %v", n)
		}
		for i := range p.at[1:] {
			pause, want := p.at[i+1].Sub(p.at[i]), pauseAfter(i+1)
			if pause < want || pause > want+2*soonest {
				t.Errorf("attempt %d came after %s, want %s", i+2, pause, want)
			}
			if p.calls[i+1].ID != p.calls[0].ID || p.calls[i+1].Attempt != i+2 {
				t.Errorf("attempt %d is %+v", i+2, p.calls[i+1])
			}
		}
		if last := p.at[len(p.at)-1].Sub(began); last < giveUp || last > giveUp+pauseAfter(len(p.at)) {
			t.Errorf("the last attempt came after %s", last)
		}
		if f := q.Figures(); f.GivenUp != 1 || f.Failed[KindWebhook] != uint64(len(p.at)) {
			t.Errorf("figures %+v", f)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestPausesGrowToAQuarterOfAnHour(t *testing.T) {
	t.Parallel()
	for attempts, want := range map[int]time.Duration{
		1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 10: 512 * time.Second, 11: 15 * time.Minute, 100: 15 * time.Minute,
	} {
		if got := pauseAfter(attempts); got != want {
			t.Errorf("after %d attempts %s, want %s", attempts, got, want)
		}
	}
}

func TestWhatWasOnItsWayIsDeliveredAfterAKill(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := open(t, engine)
		db := newCut(s)
		hung := newPhone(func(ctx context.Context, _ Notice) error { <-ctx.Done(); return ctx.Err() })
		first := newQueue(db, Options{Senders: senders(hung), Edge: "ED1"})
		stop := start(t, first)
		for i := range 10 {
			first.Add(facts(fmt.Sprint("CA", i)), hook(fmt.Sprint("http://", i)))
		}
		until(t, "all are written", func() bool { return states(t, s)[store.NotificationQueued] == 10 })
		db.set(true) // from here on it can write nothing, as after kill -9
		stop()
		p := newPhone(nil)
		second := New(s, Options{Senders: senders(p), Edge: "ED1"})
		start(t, second)
		until(t, "all are delivered by the next life", func() bool { return states(t, s)[store.NotificationSent] == 10 })
		before := map[string]bool{}
		for _, n := range hung.rung() {
			before[n.ID] = true
		}
		for _, n := range p.rung() {
			if !before[n.ID] {
				t.Errorf("%s has another ID than before the kill", n.ID)
			}
		}
	})
}

func TestAnEdgeThatIsGoneLeavesItsNotificationsToAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := store.Open(t.Context(), storetest.URL(t, storetest.SQLite), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		db := newCut(s)
		hung := newPhone(func(ctx context.Context, _ Notice) error { <-ctx.Done(); return ctx.Err() })
		first := newQueue(db, Options{Senders: senders(hung), Edge: "ED1"})
		stop := start(t, first)
		first.Add(facts("CA1"), hook("http://a"))
		synctest.Wait()
		time.Sleep(time.Second)
		db.set(true)
		stop()
		p := newPhone(nil)
		stop = start(t, New(s, Options{Senders: senders(p), Edge: "ED2"}))
		time.Sleep(lease / 2)
		if n := len(p.rung()); n != 0 {
			t.Errorf("%d were taken from an edge that may be alive", n)
		}
		time.Sleep(lease)
		if n := len(p.rung()); n != 1 {
			t.Errorf("%d were taken over", n)
		}
		stop()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestEdgesAtOneDatabaseDoNotSendTwice(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t, storetest.Postgres)
	p := newPhone(nil)
	p.answer = func(_ context.Context, n Notice) error {
		if n.Attempt == 1 { // so that each is claimed from the database, by any edge
			return errors.New("not now")
		}
		return nil
	}
	var queues []*Queue
	for range 3 {
		q := New(storetest.OpenURL(t, url, store.Options{}), Options{Senders: senders(p)})
		queues = append(queues, q)
		start(t, q)
	}
	const each = 12
	for i := range each {
		for n, q := range queues {
			q.Add(facts(fmt.Sprintf("CA%d-%d", n, i)), hook(fmt.Sprint("http://", i)))
		}
	}
	s := storetest.OpenURL(t, url, store.Options{})
	until(t, "all are sent", func() bool { return states(t, s)[store.NotificationSent] == 3*each })
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.taken) != 3*each || len(p.calls) != 6*each {
		t.Errorf("%d notifications in %d attempts", len(p.taken), len(p.calls))
	}
	for id, n := range p.taken {
		if n != 1 {
			t.Errorf("%s was delivered %d times", id, n)
		}
	}
}

func TestWhileTheDatabaseIsAwayNotificationsGoOutFromMemory(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite)
	db := newCut(s)
	db.set(true)
	p := newPhone(func(_ context.Context, n Notice) error {
		if n.Target.To == "http://later" && n.Attempt < 3 {
			return errors.New("not now")
		}
		return nil
	})
	q := newQueue(db, Options{Senders: senders(p)})
	start(t, q)
	q.Add(facts("CA1"), hook("http://now"), hook("http://later"))
	until(t, "both are delivered", func() bool { return q.Figures().Sent[KindWebhook] == 2 })
	page, err := q.List(t.Context(), Query{Call: "CA1"})
	if err == nil || len(page.Entries) != 2 {
		t.Errorf("listed %+v, %v", page, err)
	}
	db.set(false)
	until(t, "both are written when it is back", func() bool { return states(t, s)[store.NotificationSent] == 2 && q.Figures().Held == 0 })
}

func TestAWriterThatTakesLongDelaysNoDelivery(t *testing.T) {
	t.Parallel()
	s, p := open(t, storetest.SQLite), newPhone(nil)
	q := New(s, Options{Senders: senders(p)})
	start(t, q)
	err := s.Update(t.Context(), store.Actor{Name: "import"}, func(*store.Tx) error {
		q.Add(facts("CA1"), hook("http://a"))
		until(t, "it is delivered while somebody else writes", func() bool { return q.Figures().Sent[KindWebhook] == 1 })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "it is written afterwards", func() bool { return states(t, s)[store.NotificationSent] == 1 })
}

func TestMemoryHasABound(t *testing.T) {
	t.Parallel()
	db := newCut(open(t, storetest.SQLite))
	db.set(true)
	q := newQueue(db, Options{Senders: senders(newPhone(nil)), Held: 5})
	for range 8 {
		q.Add(facts("CA1"), hook("http://a"))
	}
	if f := q.Figures(); f.Held != 5 || f.Lost != 3 {
		t.Errorf("figures %+v", f)
	}
}

func TestWhatWasDeliveredMakesRoomWhileNothingCanBeWritten(t *testing.T) {
	t.Parallel()
	db := newCut(open(t, storetest.SQLite))
	db.set(true)
	q := newQueue(db, Options{Senders: senders(newPhone(nil)), Held: 3})
	start(t, q)
	for n := range uint64(10) {
		q.Add(facts("CA1"), hook("http://a"))
		until(t, "it is delivered", func() bool { return q.Figures().Sent[KindWebhook] == n+1 })
	}
	if f := q.Figures(); f.Held > 3 || f.Lost != 0 {
		t.Errorf("figures %+v", f)
	}
}

func TestASenderThatPanicsHasFailed(t *testing.T) {
	t.Parallel()
	p := newPhone(func(_ context.Context, n Notice) error {
		if n.Attempt == 1 {
			panic("a defect")
		}
		return nil
	})
	s := open(t, storetest.SQLite)
	q := New(s, Options{Senders: senders(p)})
	start(t, q)
	q.Add(facts("CA1"), hook("http://a"))
	until(t, "it is tried again", func() bool { return states(t, s)[store.NotificationSent] == 1 })
}

func TestANotificationCanBeRetriedAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite)
	var well bool
	p := newPhone(nil)
	p.answer = func(context.Context, Notice) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !well {
			return errors.New("not now")
		}
		return nil
	}
	q := New(s, Options{Senders: senders(p), GiveUp: time.Nanosecond})
	start(t, q)
	q.Add(facts("CA1"), hook("http://me:hunter2@a"))
	until(t, "it is given up", func() bool { return states(t, s)[store.NotificationFailed] == 1 && q.Figures().Held == 0 })
	page, _ := q.List(t.Context(), Query{State: store.NotificationFailed})
	if len(page.Entries) != 1 || page.Entries[0].To != "http://me:***@a" || page.Entries[0].LastError != "not now" {
		t.Fatalf("listed %+v", page)
	}
	p.mu.Lock()
	well = true
	p.mu.Unlock()
	if _, err := q.Retry(t.Context(), page.Entries[0].ID); err != nil {
		t.Fatal(err)
	}
	until(t, "it is delivered", func() bool { return states(t, s)[store.NotificationSent] == 1 && q.Figures().Held == 0 })
	if _, err := q.Retry(t.Context(), page.Entries[0].ID); !errors.Is(err, ErrSettled) {
		t.Errorf("one that was delivered is tried again: %v", err)
	}
	if _, err := q.Retry(t.Context(), "NF1"); !errors.Is(err, ErrNoEntry) {
		t.Errorf("one that is not there is tried again: %v", err)
	}
}

func TestAnOrderlyStopGivesBackWhatIsOnItsWayAndWhatWaits(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite)
	hung := newPhone(func(ctx context.Context, _ Notice) error { <-ctx.Done(); return ctx.Err() })
	q := New(s, Options{Senders: senders(hung), PerTarget: 1})
	stop := start(t, q)
	q.Add(facts("CA1"), hook("http://a"), hook("http://a"))
	until(t, "both are written, and one is on its way", func() bool {
		return states(t, s)[store.NotificationQueued] == 2 && len(hung.rung()) == 1
	})
	stop()
	err := s.View(t.Context(), func(tx *store.Tx) error {
		rows, err := store.Find[store.Notification](tx, store.Query{})
		for _, r := range rows {
			if r.ClaimedBy != "" || r.ClaimUntil != 0 || r.Attempts != 0 || r.State != store.NotificationQueued {
				t.Errorf("left behind: %+v", r)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
