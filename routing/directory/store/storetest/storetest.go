// Package storetest gives tests a directory store on either engine. It knows nothing of what is kept in it.
package storetest

import (
	"path/filepath"
	"testing"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest/pgtest"
)

// The engines a store runs on.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Each runs a test on both engines, in parallel.
func Each(t *testing.T, test func(t *testing.T, engine string)) {
	t.Helper()
	for _, engine := range []string{SQLite, Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			test(t, engine)
		})
	}
}

// URL makes an empty database for one test, or benchmark, and returns its URL; it goes at the test's end. A test on
// PostgreSQL is skipped where no server is installed, and fails there if CALLBOX_REQUIRE_TOOLS is set, as in CI.
func URL(t testing.TB, engine string) string {
	t.Helper()
	if engine == Postgres {
		return pgtest.URL(t)
	}
	return "sqlite:" + filepath.Join(t.TempDir(), "callbox.db")
}

// Open opens a new store for one test; it is closed at the test's end.
func Open(t testing.TB, engine string, o store.Options) *store.Store {
	t.Helper()
	return OpenURL(t, URL(t, engine), o)
}

// OpenURL opens a store at a URL, as another edge would that shares it; it is closed at the test's end.
func OpenURL(t testing.TB, url string, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
