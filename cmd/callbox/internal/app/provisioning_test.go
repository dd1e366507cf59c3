package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"callbox/config"
	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest/pgtest"
)

// eventually waits for what is to come.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(20 * time.Second); !is(); <-tick.C {
		if time.Now().After(limit) {
			t.Errorf("not within 20 s: %s", what)
			return
		}
	}
}

// await waits until what the edge answers has a part.
func (a *App) await(t *testing.T, path, part string) {
	t.Helper()
	var body string
	eventually(t, path+" has "+part, func() bool {
		_, body = a.ask(t, http.MethodGet, path)
		return strings.Contains(body, part)
	})
	if !strings.Contains(body, part) {
		t.Error(body)
	}
}

const makeKey = `{"name": "kept"}`

func TestADatabaseThatWentWithTheDataDirectoryIsPutBack(t *testing.T) {
	t.Parallel()
	s := lab(t)
	a := start(t, s)
	if status, body := a.send(t, http.MethodPost, "/api/v1/keys", makeKey); status != http.StatusCreated {
		t.Fatal(status, body)
	}
	if err := os.RemoveAll(s.options.Data); err != nil {
		t.Fatal(err)
	}
	if status, body := a.send(t, http.MethodPost, "/api/v1/keys", makeKey); status != http.StatusServiceUnavailable {
		t.Errorf("a key that nobody has after a restart: %d\n%s", status, body)
	}
	a.await(t, "/readyz", "degraded: database")
	if err := os.Mkdir(s.options.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	eventually(t, "changes are taken again", func() bool {
		status, _ := a.send(t, http.MethodPost, "/api/v1/keys", `{"name": "new"}`)
		return status == http.StatusCreated
	})
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	again := start(t, s)
	for _, name := range []string{`"kept"`, `"new"`} {
		if _, body := again.ask(t, http.MethodGet, "/api/v1/keys"); !strings.Contains(body, name) {
			t.Errorf("the key %s is gone:\n%s", name, body)
		}
	}
}

func TestADatabaseThatIsTakenAloneIsNotPutBack(t *testing.T) {
	t.Parallel()
	s := lab(t)
	a := start(t, s)
	file := filepath.Join(s.options.Data, DatabaseName)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	a.await(t, "/readyz", "restart callbox to begin with an empty one")
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Error("it is there again:", err)
	}
}

// withDirectory has settings use a directory file, and returns what writes another into it.
func withDirectory(t *testing.T, s *settings, text string) (write func(text string)) {
	t.Helper()
	s.options.Directory = filepath.Join(t.TempDir(), "directory.yaml")
	write = func(text string) {
		t.Helper()
		if err := os.WriteFile(s.options.Directory, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(text)
	return write
}

func TestCallCentresAreReloadedWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	s := lab(t)
	write := withDirectory(t, s, oneCentre)
	a := start(t, s)
	if err := os.Remove(filepath.Join(s.options.Data, DatabaseName)); err != nil {
		t.Fatal(err)
	}
	moved := strings.ReplaceAll(oneCentre, "psap-mine", "psap-yours")
	write(moved)
	a.reloadBy(t, 200)
	a.knows(t, "psap-yours", true)
	a.knows(t, "psap-mine", false)

	write(strings.ReplaceAll(moved, "psap-yours", "psap-theirs") + "numbers: [{number: \"+14155550100\", service: e911}]\n")
	if _, err := a.Reload(t.Context()); !errors.Is(err, store.ErrAway) {
		t.Errorf("numbers that cannot be kept: %v", err)
	}
	a.knows(t, "psap-yours", true)
}

func TestAReloadThatWaitsHoldsUpNoStop(t *testing.T) {
	t.Parallel()
	s := lab(t)
	a := start(t, s)
	inside, let := make(chan struct{}), make(chan struct{})
	written, stopped := make(chan error, 1), make(chan error, 1)
	go func() { // an import, say
		written <- a.customers.store.Update(t.Context(), store.Actor{}, func(*store.Tx) error {
			close(inside)
			<-let
			return nil
		})
	}()
	<-inside
	signals := make(chan os.Signal, 2)
	signals <- syscall.SIGHUP
	signals <- syscall.SIGTERM
	go func() { stopped <- a.obey(t.Context(), signals) }()
	eventually(t, "the edge wants no calls any more", func() bool { return !a.ready.Load() })
	close(let)
	if err := errors.Join(<-written, <-stopped); err != nil {
		t.Error(err)
	}
}

func TestADatabaseThatIsSilentHoldsUpAStartOnce(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var tries atomic.Int32
	var accepting sync.WaitGroup
	accepting.Go(func() {
		var open []net.Conn
		for {
			c, err := l.Accept()
			if err != nil {
				break
			}
			tries.Add(1)
			open = append(open, c) // and never a word
		}
		for _, c := range open {
			c.Close()
		}
	})
	t.Cleanup(accepting.Wait)
	t.Cleanup(func() { l.Close() })
	s := lab(t)
	s.options.Database.URL = config.Secret("postgres://callbox@" + l.Addr().String() + "/callbox?sslmode=disable&connect_timeout=1")
	began := time.Now()
	a := start(t, s)
	later := (time.Since(began) - time.Second) / followEvery // on a slow machine
	if n := tries.Load(); n > 1+int32(later) {
		t.Errorf("%d tries before calls are taken", n)
	}
	a.await(t, "/readyz", "degraded: database")
}

func TestADirectoryThatCollidesWithALateDatabaseIsMendedByAReload(t *testing.T) {
	t.Parallel()
	there := pgtest.URL(t)
	late := strings.Replace(there, "?", "_late?", 1)
	const number = "+14155550100"
	s := lab(t)
	s.options.Database.URL = config.Secret(late)
	write := withDirectory(t, s, oneCentre+"numbers: [{number: \""+number+"\", service: e911}]\n")
	a := start(t, s)
	a.await(t, "/readyz", "degraded: database")

	another, err := store.Open(t.Context(), there, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = another.Update(t.Context(), store.Actor{Name: "test"}, func(tx *store.Tx) error {
		account := store.Account{Common: store.Common{SID: "AC" + strings.Repeat("b", 32)}, Status: "active"}
		if err := store.Insert(tx, &account); err != nil {
			return err
		}
		return store.Insert(tx, &store.Number{Common: store.Common{AccountSID: account.SID}, PhoneNumber: number, Country: "US"})
	})
	if err = errors.Join(err, another.Close()); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(there)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/")
	u.Path = "/postgres"
	rename(t, u.String(), name, name+"_late")
	t.Cleanup(func() { rename(t, u.String(), name+"_late", name) }) // its maker drops it
	a.await(t, "/readyz", "degraded: directory")

	write(oneCentre)
	a.reloadBy(t, 200)
	eventually(t, "the database is followed", func() bool {
		_, ok := a.plan.snapshot.Load().Number(number)
		return ok
	})
	a.await(t, "/readyz", "ready\n")
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

// rename gives a database another name.
func rename(t *testing.T, server, from, to string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	c, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Exec(ctx, "ALTER DATABASE "+from+" RENAME TO "+to)
	if err = errors.Join(err, c.Close(ctx)); err != nil {
		t.Fatal(err)
	}
}
