package rest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/rs/zerolog"
)

// Handler serves one operation. Its error is an *Error, or one that Options.Translate knows; any other becomes a 500.
type Handler func(*Request) (Reply, error)

// Options are what a Mux needs. The zero value refuses every request.
type Options struct {
	// Authenticate tells who asks, or refuses. It is called for each request and must not keep it.
	Authenticate func(*http.Request) (Principal, *Error)
	// Translate turns an error of whatever lies below the handlers into an answer, nil if it does not know it.
	Translate func(*Request, error) *Error
	Logger    zerolog.Logger
}

// Mux finds the operation for a path and a method and answers in the provider's shapes whatever happens: 401, 403, 404, 405,
// an oversized body, a panic. It is safe for concurrent use once every route is set.
type Mux struct {
	o      Options
	routes map[int][]route // by number of path segments, literal segments before variables
}

type route struct {
	segments []string // "{Name}" stands for a variable
	methods  map[string]Handler
}

// NewMux returns a Mux without routes.
func NewMux(o Options) *Mux { return &Mux{o: o, routes: map[int][]route{}} }

// Handle adds an operation. A pattern is a path whose variable segments are written {Name}; one that ends in Sid takes
// SIDs only. On patterns that do not begin with /v1/ a path may end in .json, which chooses the format.
func (m *Mux) Handle(method, pattern string, h Handler) {
	segments := strings.Split(pattern, "/")
	n := len(segments)
	for _, r := range m.routes[n] {
		if slices.Equal(r.segments, segments) {
			r.methods[method] = h
			return
		}
	}
	m.routes[n] = append(m.routes[n], route{segments, map[string]Handler{method: h}})
	slices.SortStableFunc(m.routes[n], func(a, b route) int {
		for i := range a.segments {
			if x, y := variable(a.segments[i]) != "", variable(b.segments[i]) != ""; x != y {
				if x {
					return 1
				}
				return -1
			}
		}
		return 0
	})
}

func variable(segment string) string {
	if strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}") {
		return segment[1 : len(segment)-1]
	}
	return ""
}

func isV1(path string) bool { return strings.HasPrefix(path, "/v1/") }

// trimSuffix takes .json off a path of the 2010 API.
func trimSuffix(path string) string {
	if isV1(path) {
		return path
	}
	return strings.TrimSuffix(path, ".json")
}

// FormatOf returns the format in which a request for path is answered.
func FormatOf(path string) Format {
	if isV1(path) || strings.HasSuffix(path, ".json") {
		return JSON
	}
	return XML
}

// ServeHTTP answers a request.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	req := &Request{
		ctx: r.Context(), Method: r.Method, Path: r.URL.EscapedPath(), Source: source(r), BaseURL: baseURL(r), ID: requestID(),
	}
	req.Format = FormatOf(req.Path)
	if req.Method == http.MethodHead {
		req.Method = http.MethodGet
	}
	w.Header().Set("Twilio-Request-Id", req.ID)
	reply, err := m.answer(w, r, req)
	if err == nil {
		write(w, req.Format, reply)
		return
	}
	if e := m.refusal(req, err); e != nil {
		WriteError(w, req.Format, e)
	}
}

// answer authenticates, matches and reads the request, and calls the handler.
func (m *Mux) answer(w http.ResponseWriter, r *http.Request, req *Request) (reply Reply, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if m.o.Authenticate == nil {
		return Reply{}, Unauthenticated()
	}
	who, refused := m.o.Authenticate(r)
	if refused != nil {
		return Reply{}, refused
	}
	req.Principal = who
	methods, vars, found := m.match(req.Path)
	if !found {
		return Reply{}, req.NotFound()
	}
	req.vars = vars
	if a := vars["AccountSid"]; a != "" && who.AccountSID != "" && a != who.AccountSID {
		return Reply{}, Unauthenticated() // the provider's answer to another account's credentials
	}
	h := methods[req.Method]
	if h == nil {
		w.Header().Set("Allow", allow(methods))
		return Reply{}, methodNotAllowed(r.Method, req.Path)
	}
	if who.ReadOnly && req.Method != http.MethodGet {
		return Reply{}, Forbidden("This key may read, not write")
	}
	if req.query, err = parseValues(r.URL.RawQuery); err != nil {
		return Reply{}, err
	}
	if req.Method == http.MethodPost {
		if req.form, err = readForm(w, r); err != nil {
			return Reply{}, err
		}
		merge(req.form, req.query)
	}
	return h(req)
}

// merge adds the query's parameters to a form: those the body has, too, are the body's.
func merge(form, query url.Values) {
	for k, v := range query {
		if _, ok := form[k]; !ok {
			form[k] = v
		}
	}
}

// refusal turns an error into an answer, nil if nobody is there to read it.
func (m *Mux) refusal(r *Request, err error) *Error {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e
	}
	if errors.Is(err, context.Canceled) && r.ctx.Err() != nil {
		return nil
	}
	if m.o.Translate != nil {
		if e := m.o.Translate(r, err); e != nil {
			return e
		}
	}
	m.o.Logger.Error().Err(err).Str("request_id", r.ID).Str("method", r.Method).Str("path", shorten(r.Path, 200)).
		Msg("an API request failed")
	return Internal()
}

// match finds the operations on a path and what stands for the pattern's variables.
func (m *Mux) match(path string) (map[string]Handler, map[string]string, bool) {
	segments := strings.Split(trimSuffix(path), "/")
	for i, s := range segments {
		plain, err := url.PathUnescape(s)
		if err != nil || !clean(plain) {
			return nil, nil, false
		}
		segments[i] = plain
	}
	for _, r := range m.routes[len(segments)] {
		if vars, ok := r.match(segments); ok {
			return r.methods, vars, true
		}
	}
	return nil, nil, false
}

func (r route) match(segments []string) (map[string]string, bool) {
	vars := map[string]string{}
	for i, want := range r.segments {
		name := variable(want)
		switch {
		case name == "" && want != segments[i]:
			return nil, false
		case strings.HasSuffix(name, "Sid") && !(len(segments[i]) > 2 && ValidSID(segments[i][:2], segments[i])):
			return nil, false
		case name != "" && segments[i] == "":
			return nil, false
		}
		if name != "" {
			vars[name] = segments[i]
		}
	}
	return vars, true
}

func allow(methods map[string]Handler) string {
	var names []string
	for name := range methods {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return "RQ" + hex.EncodeToString(b[:])
}

func source(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func baseURL(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
