package app

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// await asks the edge again until what it answers has a part.
func (a *App) await(t *testing.T, path, part string) {
	t.Helper()
	for limit := time.Now().Add(20 * time.Second); ; {
		_, body := a.ask(t, http.MethodGet, path)
		if strings.Contains(body, part) {
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("after 20 s %s has no %q:\n%s", path, part, body)
		}
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
	for limit := time.Now().Add(20 * time.Second); ; {
		status, body := a.send(t, http.MethodPost, "/api/v1/keys", `{"name": "new"}`)
		if status == http.StatusCreated {
			break
		}
		if time.Now().After(limit) {
			t.Fatalf("after 20 s: %d\n%s", status, body)
		}
	}
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
