package web

import (
	"net/http"
	"testing"

	"callbox/routing/keys"
	"callbox/routing/lost"
)

// mapper stands in for a LoST server.
type mapper struct{}

func (mapper) Answer(kind string, query []byte) (int, string, []byte) {
	if kind != lost.ContentType {
		return http.StatusUnsupportedMediaType, "text/plain", []byte("not LoST\n")
	}
	return http.StatusOK, lost.ContentType, query
}

func TestWhoMayAskLoST(t *testing.T) {
	t.Parallel()
	e := withStore(t)
	readKey, readSecret := e.key(t, keys.Wish{Name: "read", Scope: keys.ScopeRead})
	const far = "192.0.2.7:40000"
	tests := []struct {
		name   string
		open   bool
		r      request
		status int
	}{
		{"this machine may", false, request{}, 200},
		{"nobody from afar may", false, request{from: far}, 401},
		{"a key that reads may", false, request{from: far, user: readKey, password: readSecret}, 200},
		{"everybody may where it is open", true, request{from: far}, 200},
		{"a page of another site may not", true, request{header: http.Header{"Sec-Fetch-Site": {"cross-site"}}}, 403},
		{"what is no query is refused", true, request{header: http.Header{"Content-Type": {"text/html"}}}, 415},
		{"a GET is refused", true, request{method: http.MethodGet}, 405},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e.lostOpen, e.built = tt.open, nil
			r := tt.r
			r.path, r.body = lostPath, "<listServices/>"
			if r.method == "" {
				r.method = http.MethodPost
			}
			if r.header == nil {
				r.header = http.Header{}
			}
			if r.header.Get("Content-Type") == "" {
				r.header.Set("Content-Type", lost.ContentType)
			}
			w := e.ask(r)
			if w.Code != tt.status || w.Code == 200 && (w.Body.String() != "<listServices/>" || w.Header().Get("Cache-Control") != "no-cache" || w.Header().Get("Content-Type") != lost.ContentType) {
				t.Errorf("%d %v %s, want %d", w.Code, w.Header(), w.Body, tt.status)
			}
		})
	}
}
