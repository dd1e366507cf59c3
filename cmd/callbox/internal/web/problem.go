package web

import (
	"encoding/json"
	"io"
	stdlog "log"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"
)

// problem answers with a problem document (RFC 9457), the shape of every error of the API.
func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	// An error here means that the client has gone; there is nobody left to tell.
	_ = json.NewEncoder(w).Encode(huma.ErrorModel{Title: http.StatusText(status), Status: status, Detail: detail})
}

// problems turns the plain-text 404 and 405 of a mux into problem documents.
func problems(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		probe := discard{header: http.Header{}}
		h.ServeHTTP(&probe, r)
		switch probe.status {
		case http.StatusMethodNotAllowed:
			w.Header().Set("Allow", probe.header.Get("Allow"))
			problem(w, probe.status, r.Method+" does not work here; "+probe.header.Get("Allow")+" does")
		case http.StatusNotFound:
			problem(w, probe.status, "there is nothing here; GET / lists what there is")
		default: // a redirect to the cleaned path
			mux.ServeHTTP(w, r)
		}
	})
}

// discard keeps an answer's head and forgets its body.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header { return d.header }

func (d *discard) WriteHeader(status int) { d.status = status }

func (d *discard) Write(p []byte) (int, error) { return len(p), nil }

// newErrorLog passes what net/http has to say about broken connections on as debug lines: a scanner on the port is
// no news to an operator.
func newErrorLog(log zerolog.Logger) *stdlog.Logger {
	return stdlog.New(debugWriter{log}, "", 0)
}

type debugWriter struct{ log zerolog.Logger }

var _ io.Writer = debugWriter{}

func (d debugWriter) Write(p []byte) (int, error) {
	d.log.Debug().Str("error", strings.TrimSpace(string(p))).Msg("http connection failed")
	return len(p), nil
}
