package wire

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"callbox/routing/keys"
)

// Handler serves one operation. Its error is an *Error, or one that Options.Translate knows; any other becomes a 500.
type Handler func(*Request) (Reply, error)

// Options are what a Mux needs. The zero value refuses every request.
type Options struct {
	// Authenticate tells who asks, false where nobody that is known does.
	Authenticate func(*http.Request) (keys.Principal, bool)
	// Translate turns an error of whatever lies below the handlers into an answer, nil if it does not know it.
	Translate func(error) *Error
	Logger    zerolog.Logger
}

// roots are the paths at which the API is: the documents' and that of the provider's older client libraries.
var roots = []string{"/api/accounts/", "/v1.0/accounts/"}

// Serves tells whether a path is of this API.
func Serves(path string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return strings.HasPrefix(path, root) })
}

// Mux finds the operation for a path below an account and a method, and answers in the provider's shapes whatever happens.
// It is safe for concurrent use once every route is set.
type Mux struct {
	o     Options
	mux   *http.ServeMux
	paths map[string][]string // methods by path
}

// NewMux returns a Mux without routes.
func NewMux(o Options) *Mux {
	m := &Mux{o: o, mux: http.NewServeMux(), paths: map[string][]string{}}
	m.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		m.answer(w, r, "", func(*Request) (Reply, error) { return Reply{}, NotFound(0) })
	})
	return m
}

// Handle adds an operation: path is that below the account, "/aeuis/{acid}", and root the root element of its errors.
func (m *Mux) Handle(method, path, root string, h Handler) {
	for _, base := range roots {
		pattern := base + "{accountId}" + path
		m.mux.HandleFunc(method+" "+pattern, func(w http.ResponseWriter, r *http.Request) { m.answer(w, r, root, h) })
		if m.paths[pattern] == nil {
			m.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
				m.answer(w, r, root, func(*Request) (Reply, error) {
					w.Header().Set("Allow", strings.Join(m.paths[pattern], ", "))
					return Reply{}, &Error{Status: http.StatusMethodNotAllowed, Code: CodeBadRequest,
						Description: fmt.Sprintf("Method %.20s is not allowed here; it is %s.", r.Method, strings.Join(m.paths[pattern], " or "))}
				})
			})
		}
		m.paths[pattern] = append(m.paths[pattern], method)
	}
}

// ServeHTTP answers a request.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.mux.ServeHTTP(w, r) }

// answer finds out who asks, calls the handler and writes what comes of it.
func (m *Mux) answer(w http.ResponseWriter, r *http.Request, root string, h Handler) {
	reply, err := m.ask(r, h)
	if err == nil {
		write(w, reply)
		return
	}
	if e := m.refusal(r, err); e != nil {
		WriteError(w, root, e)
	}
}

func (m *Mux) ask(r *http.Request, h Handler) (reply Reply, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if m.o.Authenticate == nil {
		return Reply{}, Unauthenticated()
	}
	who, ok := m.o.Authenticate(r)
	switch {
	case !ok:
		return Reply{}, Unauthenticated()
	case who.ReadOnly && r.Method != http.MethodGet && r.Method != http.MethodHead:
		return Reply{}, Denied()
	}
	id := r.PathValue("accountId")
	req := &Request{Request: r, Principal: who, AccountID: id, Source: peer(r), Base: accountURL(r, id)}
	if r.Method == http.MethodPost || r.Method == http.MethodPut {
		if req.document, err = fetch(r); err != nil {
			return Reply{}, err
		}
	}
	return h(req)
}

// accountURL is that of the account as the client addressed it.
func accountURL(r *http.Request, id string) string {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	for _, base := range roots {
		if strings.HasPrefix(r.URL.Path, base) {
			return scheme + r.Host + base + id
		}
	}
	return scheme + r.Host
}

// refusal turns an error into an answer, nil if nobody is there to read it.
func (m *Mux) refusal(r *http.Request, err error) *Error {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e
	}
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return nil
	}
	if m.o.Translate != nil {
		if e := m.o.Translate(err); e != nil {
			return e
		}
	}
	m.o.Logger.Error().Err(err).Str("method", r.Method).Str("path", printable(r.URL.Path)).Msg("an API request failed")
	return &Error{Status: http.StatusInternalServerError, Code: CodeInternal, Description: "Internal Server Error. Please try again."}
}
