package store_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest/pgtest"
)

func TestAPatientStoreWaitsForItsDatabase(t *testing.T) {
	t.Parallel()
	const url = "postgres://callbox:secret-word@127.0.0.1:1/callbox?connect_timeout=1"
	if _, err := store.Open(t.Context(), url, store.Options{}); !errors.Is(err, store.ErrAway) {
		t.Fatalf("without patience: %v", err)
	}
	s, err := store.Open(t.Context(), url, store.Options{Patient: true})
	if err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"View":   s.View(t.Context(), func(*store.Tx) error { return nil }),
		"Update": s.Update(t.Context(), store.Actor{}, func(*store.Tx) error { return nil }),
		"Ping":   s.Ping(t.Context()),
		"Retry":  s.Retry(t.Context()),
	} {
		if !errors.Is(err, store.ErrAway) || strings.Contains(err.Error(), "secret-word") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Retry(t.Context()); err == nil {
		t.Error("a closed store opened its database")
	}
}

func TestAPatientStoreOpensItsDatabaseWhenItIsThere(t *testing.T) {
	t.Parallel()
	there := pgtest.URL(t)
	later := strings.Replace(there, "?", "_later?", 1)
	s, err := store.Open(t.Context(), later, store.Options{Patient: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Retry(t.Context()); !errors.Is(err, store.ErrAway) || !strings.Contains(err.Error(), "createdb") {
		t.Errorf("without the database: %v", err)
	}
	c, err := pgx.Connect(t.Context(), there)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	name := c.Config().Database + "_later"
	if _, err := c.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Retry(t.Context()), s.Ping(t.Context()), s.SetMeta(t.Context(), "a", "b")); err != nil {
		t.Error(err)
	}
	if _, err := c.Exec(t.Context(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
		t.Error(err)
	}
}

func TestAMistakeInThePathIsNotWaitedOut(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "nowhere", "callbox.db")
	if _, err := store.Open(t.Context(), "sqlite:"+path, store.Options{Patient: true}); err == nil || errors.Is(err, store.ErrAway) {
		t.Errorf("%v", err)
	}
}
