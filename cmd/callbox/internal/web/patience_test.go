package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"callbox/routing/directory/store"
)

func TestARequestThatWaitsIsAnsweredBeforeItsConnectionEnds(t *testing.T) {
	t.Parallel()
	e := withStore(t)
	var left time.Duration
	e.twilio = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		end, _ := r.Context().Deadline()
		left = time.Until(end)
	})
	e.ask(request{path: "/2010-04-01/Accounts.json", user: account, password: secret})
	if left <= 0 || left > writeTimeout-10*time.Second {
		t.Errorf("a handler may take %s of %s", left, writeTimeout)
	}

	e.built = e.handler()
	err := e.store.Update(t.Context(), store.Actor{}, func(*store.Tx) error { // an import, say
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, keysPath, strings.NewReader(`{"name": "waits"}`))
		r.RemoteAddr, r.Host = "127.0.0.1:40000", "127.0.0.1:8080"
		r.Header.Set("Content-Type", "application/json")
		w := e.serve(r)
		if refused(t, w, http.StatusServiceUnavailable); w.Header().Get("Retry-After") == "" {
			t.Errorf("%v", w.Header())
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
