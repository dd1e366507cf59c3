package registrar

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"callbox/routing/directory"
	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

// What is answered 200 is in the store: a new registrar on it knows the same, whatever became of the old one.
func TestBindingsSurviveARestart(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := storetest.Open(t, engine, store.Options{})
		r := newTest(t, Options{Store: s})
		running(t, r)
		waitUntil(t, r.started.Load)
		p := newPhone(t, r, "alice", "desk")
		q := p.ask("sip:a@desk;ob 300", "sip:a@mobile")
		q.Path, q.UserAgent, q.Source = []string{"<sip:one;lr>", "<sip:two;lr>"}, "a phone", far
		q.Contacts[0].Instance, q.Contacts[0].RegID, q.Contacts[0].Q = "<urn:uuid:1>", 3, 250
		q.Contacts[0].Host = netip.MustParseAddr("10.0.0.7")
		p.must(q)
		p.must(p.ask("sip:a@mobile 0"))
		want := r.List(Filter{}) // and the process is killed here

		again := newTest(t, Options{Store: s})
		if err := again.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := again.List(Filter{})
		if d := cmp.Diff(want, got, cmpopts.EquateApproxTime(time.Millisecond), cmpopts.EquateComparable(netip.AddrPort{})); d != "" || len(got) != 1 {
			t.Errorf("%d bindings, %s", len(got), d)
		}
		p.r = again
		late := p.ask("sip:a@desk;ob 0")
		late.Contacts[0].Instance, late.Contacts[0].RegID, late.CSeq = "<urn:uuid:1>", 3, 1
		if got := p.must(late); len(got) != 1 {
			t.Errorf("a REGISTER from before the restart removes: %v", got)
		}
	})
}

func TestEdgesShareBindings(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		url := storetest.URL(t, engine)
		one := newTest(t, Options{Store: storetest.OpenURL(t, url, store.Options{})})
		two := newTest(t, Options{Store: storetest.OpenURL(t, url, store.Options{})})
		running(t, one)
		running(t, two)
		waitUntil(t, func() bool { return one.started.Load() && two.started.Load() })
		here, there := newPhone(t, one, "alice", "desk"), newPhone(t, two, "alice", "mobile")
		here.must(here.ask("sip:a@desk"))
		waitUntil(t, func() bool { return len(two.Contacts("alice", phones)) == 1 })
		if got := there.must(there.ask("sip:a@mobile")); len(got) != 2 {
			t.Errorf("the other edge lists %v", got)
		}
		waitUntil(t, func() bool { return len(one.Contacts("alice", phones)) == 2 })
		moved := *here
		moved.r = two
		moved.must(moved.ask("sip:a@desk 0"))
		waitUntil(t, func() bool { return len(one.Contacts("alice", phones)) == 1 })
		if !one.Remove(t.Context(), one.List(Filter{})[0].SID) || one.Remove(t.Context(), "RG0") {
			t.Error("a binding is not removed, or one that is not there is")
		}
		waitUntil(t, func() bool { return len(two.List(Filter{})) == 0 })
	})
}

// waitUntil waits for something that other goroutines do; it fails after half a minute.
func waitUntil(t *testing.T, done func() bool) {
	t.Helper()
	give := time.NewTimer(30 * time.Second)
	defer give.Stop()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for !done() {
		select {
		case <-look.C:
		case <-give.C:
			t.Fatal("it does not happen")
		}
	}
}

func TestManyPhonesShareACommit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		s.pace(10 * time.Millisecond)
		users := func(c *directory.Customers) {
			for i := range 200 {
				c.CredentialLists[0].Users = append(c.CredentialLists[0].Users, directory.UserRecord{
					SID: fmt.Sprintf("CR1%031d", i), Name: fmt.Sprint("user", i), HA1: directory.MakeHA1(fmt.Sprint("user", i), secret),
				})
			}
		}
		w := world(t, users)
		r := newTest(t, Options{Store: s, Directory: func() *directory.Snapshot { return w }})
		stop := running(t, r)
		defer stop()
		synctest.Wait()
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() {
				p := newPhone(t, r, fmt.Sprint("user", i), fmt.Sprint("call", i))
				if a := p.register(p.ask("sip:a@desk")); a.Status != 200 {
					t.Errorf("%+v", a)
				}
			})
		}
		all.Wait()
		if n := s.lasting(); n != 200 {
			t.Errorf("%d of 200 are in the store after their 200", n)
		}
		if n := s.commits(); n > 10 {
			t.Errorf("%d commits", n)
		}
	})
}

func TestARefreshIsWrittenBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		r := newTest(t, Options{Store: s})
		stop := running(t, r)
		defer stop()
		synctest.Wait()
		p := newPhone(t, r, "alice", "desk")
		p.must(p.ask("sip:a@desk 300"))
		puts := s.commits()
		s.pace(time.Hour) // which a refresh must not wait for
		begun := time.Now()
		if got := p.must(p.ask("sip:a@desk 600")); time.Since(begun) > 0 || got[0] != "sip:a@desk 600" {
			t.Errorf("%v, after %s", got, time.Since(begun))
		}
		s.pace(-1)
		time.Sleep(behind + time.Millisecond)
		synctest.Wait()
		if s.commits() != puts+1 {
			t.Errorf("%d commits for it", s.commits()-puts)
		}
		for _, row := range s.all() {
			if left := time.UnixMilli(row.Expires).Sub(begun); left < 599*time.Second {
				t.Errorf("in the store it lasts %s", left)
			}
		}
		moved := p.ask("sip:a@desk 600")
		moved.Source = far // another way to it
		p.must(moved)
		if s.commits() != puts+2 {
			t.Error("a binding whose way has changed was answered before it was in the store")
		}
		last := p.ask("sip:a@desk 900")
		last.Source = far
		p.must(last)
		stop() // writes what waits
		for _, row := range s.all() {
			if time.UnixMilli(row.Expires).Sub(begun) < 900*time.Second {
				t.Error("a refresh was lost by an orderly end")
			}
		}
	})
}

func TestPhonesRegisterWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		s.set(store.ErrAway)
		r := newTest(t, Options{Store: s})
		if err := r.Load(t.Context()); err == nil {
			t.Error("it was read")
		}
		stop := running(t, r)
		defer stop()
		synctest.Wait()
		p := newPhone(t, r, "alice", "desk")
		begun := time.Now()
		p.must(p.ask("sip:a@desk"))
		if took := time.Since(begun); took > waitStore {
			t.Errorf("it took %s", took)
		}
		if len(r.Contacts("alice", phones)) != 1 {
			t.Error("it is not reached")
		}
		time.Sleep(5 * time.Second)
		if _, there := r.Fault(); !there || r.Figures().Waiting != 1 {
			t.Errorf("nobody is told: %+v", r.Figures())
		}
		other := store.Registration{SID: "RG1", Writer: "another", DomainSID: fmt.Sprintf("SD%032d", 1), Username: "bob", Contact: "sip:b@h",
			Source: "192.0.2.7:1", Local: "192.0.2.8:2", Expires: time.Now().Add(time.Hour).UnixMilli()}
		s.mu.Lock()
		s.rows[other.SID], other.Rev = other, 2
		s.rev = 2
		s.rows[other.SID] = other
		s.mu.Unlock()
		s.set(nil)
		time.Sleep(5 * time.Second)
		if _, there := r.Fault(); there || s.lasting() != 2 || r.Figures().Waiting != 0 {
			t.Errorf("%d rows are in the store", s.lasting())
		}
		if len(r.Contacts("bob", phones)) != 1 {
			t.Error("what another edge has written is not known")
		}
	})
}

func TestARowThatCannotBeReadIsNoBinding(t *testing.T) {
	t.Parallel()
	good := store.Registration{SID: "RG1", Contact: "sip:a@h", Source: "192.0.2.1:5060", Local: "192.0.2.2:5060"}
	if _, err := bindingOf(&good, "home"); err != nil {
		t.Error(err)
	}
	for _, change := range []func(*store.Registration){
		func(r *store.Registration) { r.Source = "nowhere" }, func(r *store.Registration) { r.Local = "" },
	} {
		bad := good
		change(&bad)
		if _, err := bindingOf(&bad, "home"); err == nil {
			t.Errorf("%+v is read", bad)
		}
	}
}

func TestWhatWaitsToBeWrittenIsNewerThanWhatIsRead(t *testing.T) {
	t.Parallel()
	s := newShelf()
	r := newTest(t, Options{Store: s})
	p := newPhone(t, r, "alice", "desk")
	p.must(p.ask("sip:a@desk 300"))
	b := r.List(Filter{})[0]
	row := r.row(&b)
	row.Writer, row.Expires = "another", 0
	r.merge(&row, "home")
	if len(r.List(Filter{})) != 1 {
		t.Error("an old row takes the place of a binding that was made here since")
	}
	if err := r.flush(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	r.merge(&row, "home")
	if len(r.List(Filter{})) != 0 {
		t.Error("a newer row does not")
	}
}
