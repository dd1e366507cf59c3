package web

import (
	"fmt"
	"io"
	"net/http"
)

// registerHealth adds the two health pages: /livez is 200 while the process runs, /readyz only while it wants calls.
func registerHealth(mux *http.ServeMux, ready func() (bool, string)) {
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		plain(w, http.StatusOK, "ok\n")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		ok, why := ready()
		if !ok {
			plain(w, http.StatusServiceUnavailable, "not ready: "+why+"\n")
			return
		}
		plain(w, http.StatusOK, "ready\n")
	})
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // fails only when the client has gone
}

// index lists the pages for a person who opens the address in a browser.
func index(version string) http.HandlerFunc {
	text := fmt.Sprintf(`callbox %s: a SIP edge that routes emergency calls, for labs. Not for live emergency traffic.

GET  /api/v1/calls                live and ended calls, newest first
GET  /api/v1/calls/{id}           one call: decision trace, attempts, events, media figures
GET  /api/v1/psaps                the call centres and whether they are in service
POST /api/v1/psaps/{id}/drain     send no new calls to a centre
POST /api/v1/psaps/{id}/restore   send calls to it again
POST /api/v1/explain              what would become of a call, and why
GET  /api/v1/openapi.json         this API's description (OpenAPI 3.1; .yaml too)
GET  /metrics                     figures for Prometheus
GET  /livez, /readyz              health
POST /-/reload                    read configuration and directory again
`, version)
	return func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, text) }
}
