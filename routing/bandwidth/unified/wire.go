package unified

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"callbox/routing/keys"
)

// request is a request with who sends it and, once it was entered, the account it is about.
type request struct {
	*http.Request
	who       keys.Principal
	source    string // address it came from
	account   string // SID
	accountID string // as the path has it
}

// reply is an answer.
type reply struct {
	status int
	body   any // nil for none
}

// Error is a refusal in the API's shape.
type Error struct {
	status  int
	retry   string // Retry-After, "" for none
	allow   string
	Entries []entry `json:"errors"`
}

// entry is one thing that is wrong.
type entry struct {
	Type        string            `json:"type"`
	Description string            `json:"description"`
	Code        int               `json:"code"`
	Source      *source           `json:"source,omitempty"`
	Meta        map[string]string `json:"meta,omitempty"`
}

// source is where it is wrong.
type source struct {
	Parameter string `json:"parameter,omitempty"`
	Field     string `json:"field,omitempty"`
	Header    string `json:"header,omitempty"`
	Reference string `json:"reference,omitempty"`
}

// Error returns the descriptions.
func (e *Error) Error() string {
	var all []string
	for _, p := range e.Entries {
		all = append(all, p.Description)
	}
	return strings.Join(all, " ")
}

// The codes are those of the document's examples.
func refusal(status int, kind string, code int, s source, description string) *Error {
	e := entry{Type: kind, Description: description, Code: code}
	if s != (source{}) {
		e.Source = &s
	}
	return &Error{status: status, Entries: []entry{e}}
}

func bad(s source, format string, args ...any) *Error {
	return refusal(http.StatusBadRequest, "bad-request", 205617, s, fmt.Sprintf(format, args...))
}

// NotFound refuses what is not there.
func NotFound() *Error {
	return refusal(http.StatusNotFound, "resource-not-found", 50420, source{}, "The resource specified cannot be found.")
}

func notAllowed(method string, allow []string) *Error {
	e := refusal(http.StatusMethodNotAllowed, "http-method-not-supported", 205621, source{}, "The HTTP method used is not supported by this resource.")
	e.Entries[0].Meta, e.allow = map[string]string{"method": fmt.Sprintf("%.20s", method)}, strings.Join(allow, ", ")
	return e
}

// Unauthenticated refuses who is not known.
func Unauthenticated() *Error {
	return refusal(http.StatusUnauthorized, "authentication-credentials", 206401, source{}, "Invalid or missing credentials.")
}

// Forbidden refuses who is known and may not.
func Forbidden(why string) *Error {
	return refusal(http.StatusForbidden, "resource-permissions", 109107, source{}, "User does not have permissions to access this resource. "+why)
}

// TooMany refuses who asks too often, for some time.
func TooMany(after time.Duration) *Error {
	e := refusal(http.StatusTooManyRequests, "rate-limiting", 32002, source{},
		"Rate limit exceeded. Wait for the time specified in the 'Retry-After' header before sending another request.")
	e.retry = strconv.Itoa(int(after / time.Second))
	return e
}

// Unavailable says that the database cannot be used now. The document has no 503.
func Unavailable() *Error {
	e := refusal(http.StatusInternalServerError, "internal-server-error", 32030, source{}, "The directory's database cannot be used now. Try again later.")
	e.retry = "5"
	return e
}

// WriteError answers with an error.
func WriteError(w http.ResponseWriter, e *Error) {
	if e.retry != "" {
		w.Header().Set("Retry-After", e.retry)
	}
	if e.allow != "" {
		w.Header().Set("Allow", e.allow)
	}
	if e.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="callbox", charset="UTF-8"`)
	}
	write(w, reply{e.status, e})
}

func write(w http.ResponseWriter, r reply) {
	if r.body == nil {
		w.WriteHeader(r.status)
		return
	}
	text, err := json.Marshal(r.body)
	if err != nil { // nothing in an answer could not be written
		r.status, text = http.StatusInternalServerError, []byte(`{"errors":[{"description":"Internal Server Error"}]}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(r.status)
	_, _ = w.Write(append(text, '\n'))
}

// mux finds the operation for a path below an account and a method.
type mux struct {
	a     *api
	mux   *http.ServeMux
	paths map[string][]string // methods by pattern
}

func newMux(a *api) *mux {
	m := &mux{a: a, mux: http.NewServeMux(), paths: map[string][]string{}}
	m.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		m.answer(w, r, func(*request) (reply, error) { return reply{}, NotFound() })
	})
	return m
}

// handle adds an operation; write has its deed run in a transaction that may write.
func (m *mux) handle(method, path string, write bool, d deed) {
	pattern := base + "{account}/emergency" + path
	m.mux.HandleFunc(method+" "+pattern, func(w http.ResponseWriter, r *http.Request) {
		m.answer(w, r, func(r *request) (reply, error) { return m.a.do(r, write, d) })
	})
	if m.paths[pattern] == nil {
		m.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			m.answer(w, r, func(*request) (reply, error) { return reply{}, notAllowed(r.Method, m.paths[pattern]) })
		})
	}
	m.paths[pattern] = append(m.paths[pattern], method)
}

// ServeHTTP answers a request.
func (m *mux) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.mux.ServeHTTP(w, r) }

// answer finds out who asks, does what is asked and writes what comes of it.
func (m *mux) answer(w http.ResponseWriter, r *http.Request, do func(*request) (reply, error)) {
	out, err := m.ask(r, do)
	var e *Error
	switch {
	case err == nil:
		write(w, out)
		return
	case errors.As(err, &e):
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		return // nobody is there to read it
	default:
		if e = translate(err); e == nil {
			m.a.o.Logger.Error().Err(err).Str("method", r.Method).Str("path", strconv.QuoteToASCII(r.URL.Path)).Msg("an API request failed")
			e = refusal(http.StatusInternalServerError, "internal-server-error", 32030, source{}, "Unexpected internal server error.")
		}
	}
	WriteError(w, e)
}

func (m *mux) ask(r *http.Request, do func(*request) (reply, error)) (out reply, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	who, ok := m.a.o.Authenticate(r)
	switch {
	case !ok:
		return reply{}, Unauthenticated()
	case who.ReadOnly && r.Method != http.MethodGet && r.Method != http.MethodHead:
		return reply{}, Forbidden("These credentials may only read.")
	}
	source, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = ""
	}
	return do(&request{Request: r, who: who, source: source})
}

// maxBody bounds what a request brings.
const maxBody = 1 << 20

// object reads the JSON object that a request brings.
func (r *request) object() (*object, error) {
	if kind := r.Header.Get("Content-Type"); kind != "" {
		media, _, err := mime.ParseMediaType(kind)
		if err != nil || media != "application/json" && !strings.HasSuffix(media, "+json") {
			return nil, bad(source{Header: "Content-Type"}, "The body must be application/json.")
		}
	}
	raw, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return nil, bad(source{}, "The body is longer than %d bytes.", long.Limit)
	case err != nil:
		return nil, bad(source{}, "The body could not be read.")
	}
	o, err := readObject(raw)
	if err != nil {
		return nil, err
	}
	return o, nil
}

// stamp writes a time as answers have it.
func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }

// one returns the word of a query parameter, which must be one of a few; "" where it is not there.
func (r *request) one(name string, words ...string) (string, error) {
	got := r.URL.Query()[name]
	switch {
	case len(got) == 0:
		return "", nil
	case len(got) > 1 || !slices.Contains(words, got[0]):
		return "", bad(source{Parameter: name}, "The parameter %s must be one of %s.", name, strings.Join(words, ", "))
	}
	return got[0], nil
}
