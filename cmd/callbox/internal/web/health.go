package web

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Degraded is one thing that is wrong with the machine while calls go on.
type Degraded struct {
	Fault   string    `json:"fault"`             // a word for scripts: call_records, descriptors, …
	Subject string    `json:"subject,omitempty"` // what of several it befell
	Since   time.Time `json:"since"`
	What    string    `json:"what,omitempty"`
	Mend    string    `json:"mend"`
}

// health is what /readyz answers to who accepts JSON.
type health struct {
	Ready    bool       `json:"ready"`
	Why      string     `json:"why,omitempty"` // it is not ready
	Degraded []Degraded `json:"degraded"`
}

// registerHealth adds the two health pages: /livez is 200 while the process runs, /readyz only while it wants calls. What
// is wrong while calls go on leaves /readyz at 200 and is listed below its first line, or as JSON where that is accepted.
func registerHealth(mux *http.ServeMux, o Options) {
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		plain(w, http.StatusOK, "ok\n")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		h := health{Degraded: []Degraded{}}
		h.Ready, h.Why = o.Ready()
		if o.Degraded != nil {
			h.Degraded = append(h.Degraded, o.Degraded()...)
		}
		if !trusted(r, o.Guard) {
			for i := range h.Degraded { // files and hosts are nothing for strangers
				h.Degraded[i].Subject, h.Degraded[i].What = "", ""
			}
		}
		h.write(w, r)
	})
}

func (h health) write(w http.ResponseWriter, r *http.Request) {
	status := http.StatusOK
	if !h.Ready {
		status = http.StatusServiceUnavailable
	}
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(h) // fails only when the client has gone
		return
	}
	var text strings.Builder
	if h.Ready {
		text.WriteString("ready\n")
	} else {
		fmt.Fprintf(&text, "not ready: %s\n", h.Why)
	}
	for _, d := range h.Degraded {
		fmt.Fprintf(&text, "degraded: %s since %s", strings.TrimSpace(d.Fault+" "+d.Subject), d.Since.Format(time.RFC3339))
		if d.What != "" {
			fmt.Fprintf(&text, ": %s", strings.ReplaceAll(d.What, "\n", "; "))
		}
		fmt.Fprintf(&text, "; mend: %s\n", d.Mend)
	}
	plain(w, status, text.String())
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
GET  /api/v1/psaps/{id}/script    what a simulated centre does; PUT changes it, DELETE goes back to the files
POST /api/v1/explain              what would become of a call, and why
POST /api/v1/directory/import     take numbers and addresses in, as CSV
GET  /api/v1/directory/export     all numbers of an account with their addresses
GET  /api/v1/keys                 API keys; POST makes one, DELETE /api/v1/keys/{sid} revokes it
GET  /api/v1/audit                who changed what, and when
GET  /api/v1/fees                 what was charged, by day, month or number
GET  /api/v1/lab/clock            the time of the lab; POST steps it
POST /api/v1/lab/failures         have a number's registrations fail
GET  /api/v1/openapi.json         this API's description (OpenAPI 3.1; .yaml too)
GET  /metrics                     figures for Prometheus
GET  /livez, /readyz              health
POST /-/reload                    read configuration and directory again

/2010-04-01/Accounts/AC….json and /v1/Trunks are Twilio's APIs, for account SID and token or an API key.
/api/accounts/AC…/e911s and its neighbours are Bandwidth's numbers API in XML, for the same.
/lost takes LoST queries (RFC 5222): which call centre serves a place.
`, version)
	return func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, text) }
}
