package store_test

import (
	"errors"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"callbox/routing/directory"
	. "callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

// road is the way to a PostgreSQL server, which can be blocked.
type road struct {
	url    string // of the database by this way
	server string // the server's socket
	listen net.Listener

	mu      sync.Mutex
	blocked bool
	open    map[net.Conn]bool
	work    sync.WaitGroup
}

// newRoad opens a way to the database of a URL.
func newRoad(t *testing.T, direct string) *road {
	t.Helper()
	u, err := url.Parse(direct)
	must(t, err)
	dir := t.TempDir()
	const socket = ".s.PGSQL.5432"
	r := &road{server: filepath.Join(u.Query().Get("host"), socket), open: map[net.Conn]bool{}}
	q := u.Query()
	q.Set("host", dir)
	u.RawQuery = q.Encode()
	r.url = u.String()
	r.listen, err = net.Listen("unix", filepath.Join(dir, socket))
	must(t, err)
	r.work.Go(r.serve)
	t.Cleanup(func() {
		_ = r.listen.Close()
		r.block(true)
		r.work.Wait()
	})
	return r
}

func (r *road) serve() {
	for {
		c, err := r.listen.Accept()
		if err != nil {
			return
		}
		s, err := net.Dial("unix", r.server)
		if err != nil || !r.take(c, s) {
			_ = c.Close()
			continue
		}
		for _, pair := range [][2]net.Conn{{c, s}, {s, c}} {
			r.work.Go(func() {
				_, _ = io.Copy(pair[0], pair[1])
				_ = pair[0].Close()
			})
		}
	}
}

func (r *road) take(conns ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		if r.blocked {
			_ = c.Close()
			continue
		}
		r.open[c] = true
	}
	return !r.blocked
}

// block closes what is under way and lets nothing new through, or opens the way again.
func (r *road) block(blocked bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.blocked = blocked
	if blocked {
		for c := range r.open {
			_ = c.Close()
		}
		clear(r.open)
	}
}

func TestWhileTheDatabaseIsAwayTheLastSnapshotStays(t *testing.T) {
	t.Parallel()
	direct := storetest.URL(t, storetest.Postgres)
	way := newRoad(t, direct)
	faults := make(chan error, 10)
	s := storetest.OpenURL(t, way.url, Options{Fault: func(err error) { faults <- err }})
	addAccounts(t, s)
	n := Number{Common: Common{AccountSID: lab}, PhoneNumber: e164(1)}
	update(t, s, func(tx *Tx) error { return Insert(tx, &n) })
	_, out := mirror(t, s)

	way.block(true)
	if err := <-faults; !errors.Is(err, ErrAway) {
		t.Error("fault:", err)
	}
	err := s.Update(t.Context(), tester, func(tx *Tx) error {
		return Insert(tx, &Number{Common: Common{AccountSID: lab}, PhoneNumber: e164(2)})
	})
	if !errors.Is(err, ErrAway) || !strings.Contains(err.Error(), "cannot be reached") {
		t.Error("update:", err)
	}
	if err := s.Ping(t.Context()); !errors.Is(err, ErrAway) {
		t.Error("ping:", err)
	}
	another := storetest.OpenURL(t, direct, Options{})
	update(t, another, func(tx *Tx) error { return Delete(tx, &n) })
	if _, ok := out.now().Number(e164(1)); !ok {
		t.Error("the snapshot changed without the database")
	}
	if len(faults) > 0 {
		t.Error("the fault was told twice:", <-faults)
	}

	way.block(false)
	out.await(t, func(s *directory.Snapshot) bool { return s.Count() == 0 })
	if err := <-faults; err != nil {
		t.Error("the fault's end:", err)
	}
	update(t, s, func(tx *Tx) error {
		return Insert(tx, &Number{Common: Common{AccountSID: lab}, PhoneNumber: e164(3)})
	})
}

func TestConnectionsThatDiedUnnoticedCostNoUpdate(t *testing.T) {
	t.Parallel()
	way := newRoad(t, storetest.URL(t, storetest.Postgres))
	s := open2(t, way.url)
	for i := range 3 {
		way.block(true) // the pool's connections die, as when the server restarts
		way.block(false)
		update(t, s, func(tx *Tx) error {
			return Insert(tx, &Number{Common: Common{AccountSID: lab}, PhoneNumber: e164(i)})
		})
	}
}

// open2 opens a store at a URL with two accounts in it.
func open2(t *testing.T, url string) *Store {
	t.Helper()
	s := storetest.OpenURL(t, url, Options{})
	addAccounts(t, s)
	return s
}

func TestAStandbyTakesNoUpdate(t *testing.T) {
	t.Parallel()
	u := storetest.URL(t, storetest.Postgres)
	addAccounts(t, storetest.OpenURL(t, u, Options{}))
	standby := storetest.OpenURL(t, u+"&default_transaction_read_only=on", Options{})
	err := standby.Update(t.Context(), tester, func(tx *Tx) error {
		return Insert(tx, &Number{Common: Common{AccountSID: lab}, PhoneNumber: e164(1)})
	})
	if !errors.Is(err, ErrAway) || !strings.Contains(err.Error(), "may only be read") {
		t.Error(err)
	}
}

func TestAServersErrorOfAnyCodeIsTold(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.Postgres, Options{})
	for code, away := range map[string]bool{"": false, "5": false, "42P01": false, "57P01": true} {
		if err := s.Refused(code); err == nil || errors.Is(err, ErrAway) != away {
			t.Errorf("code %q: %v", code, err)
		}
	}
}
