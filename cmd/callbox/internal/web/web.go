// Package web is the edge's HTTP side: its own API with an OpenAPI description, health, metrics and reload. It reads
// call records and calls small interfaces that the composition root hands in; it must not know SIP or how a call works.
package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"callbox/routing/area"
	"callbox/routing/directory/store"
	"callbox/routing/keys"
	"callbox/routing/transfer"
	"callbox/sip/call"
)

// Live lists the calls that are up.
type Live interface {
	Calls() []call.Record
}

// Journal finds ended calls. Records it returns are not changed.
type Journal interface {
	Get(call.ID) (*call.Record, bool)
	List(n int) []*call.Record
}

// Options are the parts the server speaks for. Guard, Live, Journal, Centres, Metrics, Ready, Reload and Explain are required.
type Options struct {
	Guard   Guard
	Version string      // of callbox
	TLS     *tls.Config // with a certificate; nil: HTTP in the clear

	Live          Live
	Journal       Journal
	ALI           ALI           // nil: there are no records
	EmergencyData EmergencyData // nil: there is none
	Simulated     Simulated     // nil: no centre is
	Centres       Centres
	Scripts       Scripts                 // nil: no centre has one
	Callbacks     Callbacks               // nil: no centre calls anybody
	Transfers     Transfers               // nil: no centre can be made to transfer a call
	Metrics       http.Handler            // GET /metrics
	Store         *store.Store            // keys, the audit log, import and export; nil: there are none
	Import        func() transfer.Options // guide, countries and registration of imports; nil: none of them
	Spool         string                  // directory for files that come, "" for the system's
	Lab           Lab                     // its clock and failures; nil: there is none
	Fees          Fees                    // what was charged; nil: nothing is
	Notify        Notifications           // who is told of calls; nil: nobody is
	Twilio        http.Handler            // the Twilio-compatible APIs, asking ProviderPrincipal who it is; nil: there are none
	Bandwidth     http.Handler            // the Bandwidth-compatible XML API, asking Principal who it is; nil: there is none
	Unified       http.Handler            // the Bandwidth-compatible JSON API, asking Principal, too; nil: there is none
	Hooks         Hooks                   // the web services of designated numbers; nil: nobody asks them
	Registrations Registrations           // where phones are; nil: there are none
	AuthFailures  func() []AuthFailure    // wrong SIP credentials; nil: none are known

	Boundaries func() *area.Boundaries // the areas of call centres; nil: there are none

	LoST     LoST // answers LoST queries; nil: nobody does
	LoSTOpen bool // to everybody, not only to who may read the rest

	Ready    func() (ready bool, why string) // why not, one sentence
	Degraded func() []Degraded               // what is wrong while calls go on; nil: nothing ever is
	Reload   ReloadFunc
	Explain  ExplainFunc
	Logger   zerolog.Logger
}

// Limits of the server: enough for a lab's dashboards and scripts, and a bound for everybody else.
const (
	maxConnections = 256
	maxHeader      = 32 << 10
	maxBody        = 1 << 20
	maxImport      = 256 << 20 // a million numbers with their addresses
	headerTimeout  = 5 * time.Second
	readTimeout    = 15 * time.Second
	writeTimeout   = 60 * time.Second
	answerTimeout  = 45 * time.Second // for a request that waits, for an import perhaps: it is still told so
	idleTimeout    = 2 * time.Minute
)

// Paths that rules speak of.
const (
	explainPath = "/api/v1/explain"
	importPath  = "/api/v1/directory/import"
	exportPath  = "/api/v1/directory/export"
	keysPath    = "/api/v1/keys"
)

// Server serves HTTP on one listener.
type Server struct {
	server *http.Server
	tls    *tls.Config // nil: none
	room   *room
	log    zerolog.Logger
	done   chan struct{}
}

// New returns a server that is not serving yet.
func New(o Options) *Server {
	s := &Server{tls: o.TLS, room: newRoom(), log: o.Logger, done: make(chan struct{})}
	s.server = &http.Server{
		Handler:           Handler(o),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ConnState:         s.room.state,
		Protocols:         onlyHTTP1(),
		ErrorLog:          newErrorLog(o.Logger),
	}
	return s
}

// Start serves on l, which the server then owns. It returns at once.
func (s *Server) Start(l net.Listener) {
	l = s.room.listen(l)
	if s.tls != nil {
		l = encrypted(l, s.tls)
	}
	go func() {
		defer close(s.done)
		err := s.server.Serve(l)
		if err != nil && !errors.Is(err, http.ErrServerClosed) {
			s.log.Error().Err(err).Msg("http server ended")
		}
	}()
}

// Close stops listening, lets requests end until ctx does, and waits for the server's goroutine. Start must have been
// called.
func (s *Server) Close(ctx context.Context) error {
	err := s.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("close http server: %w", err), s.server.Close())
	}
	<-s.done
	return err
}

// Handler returns all of the server's pages behind the access rules.
func Handler(o Options) http.Handler {
	mux := http.NewServeMux()
	api := newAPI(mux, o.Version)
	register(api, o)
	registerHealth(mux, o)
	mux.Handle("GET /metrics", o.Metrics)
	mux.HandleFunc("GET /{$}", index(o.Version))

	own := sameOrigin(problems(mux), func(w http.ResponseWriter, _ *http.Request) {
		problem(w, http.StatusForbidden, crossSite)
	})
	everybody := own
	own = access(own, o.Guard)
	theirs := providers(o)
	emergency := newEmergencyData(o.EmergencyData)
	return recovered(secured(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, bodyLimit(r.URL.Path))
		if p := r.URL.Path; p != importPath && p != exportPath { // which look after their time themselves
			ctx, cancel := context.WithTimeout(r.Context(), answerTimeout)
			defer cancel()
			r = r.WithContext(ctx)
		}
		switch api := theirs(r); {
		case strings.HasPrefix(r.URL.Path, emergencyPath):
			emergency.ServeHTTP(w, r)
		case api != nil:
			api.ServeHTTP(w, r)
		case o.LoSTOpen && r.URL.Path == lostPath:
			everybody.ServeHTTP(w, r)
		default:
			own.ServeHTTP(w, r)
		}
	})), o.Logger)
}

// register adds the pages that are described.
func register(api huma.API, o Options) {
	registerCalls(api, calls{o.Live, o.Journal, o.Simulated, o.Notify})
	changes := &changeLog{o.Store, o.Logger}
	registerCentres(api, o.Centres, changes)
	registerConduct(api, o, changes)
	registerExplain(api, o.Explain)
	registerReload(api, o.Reload, o.Logger)
	if o.Store != nil {
		registerKeys(api, keys.NewStored(o.Store))
		registerAudit(api, o.Store)
		registerSettings(api, o.Store)
		registerDesignated(api, o.Store, o.Hooks)
		registerTransfer(api, o)
	}
	if o.ALI != nil {
		registerALI(api, o.ALI)
	}
	if o.Lab != nil {
		registerLab(api, o.Lab)
	}
	if o.Registrations != nil {
		registerRegistrations(api, o.Registrations, changes)
	}
	if o.AuthFailures != nil {
		registerAuthFailures(api, o.AuthFailures)
	}
	if o.Fees != nil {
		registerFees(api, o.Fees)
	}
	if o.Notify != nil {
		registerNotifications(api, o.Notify, changes)
	}
	if o.Boundaries != nil {
		registerBoundaries(api, o.Boundaries)
	}
	if o.LoST != nil {
		registerLoST(api, o.LoST)
	}
}

// bodyLimit bounds what a request to path may bring.
func bodyLimit(path string) int64 {
	if path == importPath {
		return maxImport
	}
	return maxBody
}

// recovered answers 500 for a handler that panics: one request must not end the calls of the process.
func recovered(next http.Handler, log zerolog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler { //nolint:errorlint // net/http panics with this very value
				panic(v)
			}
			log.Error().Interface("panic", v).Str("path", r.URL.Path).Stack().Msg("http handler failed")
			problem(w, http.StatusInternalServerError, "a defect of ours; the log has more")
		}()
		next.ServeHTTP(w, r)
	})
}

// secured sets the headers that keep browsers from doing anything clever with an answer.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
