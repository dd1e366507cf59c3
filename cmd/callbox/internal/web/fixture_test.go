package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"callbox/cmd/callbox/internal/explain"
	"callbox/config/strict"
	"callbox/psap"
	"callbox/psap/ali"
	"callbox/psap/ng911"
	"callbox/routing/area"
	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
	"callbox/routing/fees"
	"callbox/routing/keys"
	"callbox/routing/labclock"
	"callbox/routing/notify"
	"callbox/routing/registration"
	"callbox/routing/transfer"
	"callbox/sip/call"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is when the lab's clock stands still.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// edge is an edge as the server sees it, held still.
type edge struct {
	imports   transfer.Options
	spool     string
	live      []call.Record
	ended     []*call.Record
	spoken    map[call.ID][]Transcript
	psaps     []psap.Status
	notYet    string
	wrong     []Degraded
	reload    func() (Reloaded, error)
	metrics   *Metrics
	guard     Guard
	store     *store.Store
	clock     *labclock.Clock // of the lab; with a store
	twilio    http.Handler
	bandwidth http.Handler
	screens   *ali.Book
	shelf     *ng911.Shelf
	script    *Script
	lostOpen  bool
	built     http.Handler // kept by a test that asks much; nil makes one for each request
	log       bytes.Buffer
}

func (e *edge) Calls() []call.Record { return e.live }

func (e *edge) Get(id call.ID) (*call.Record, bool) {
	for _, r := range e.ended {
		if r.ID == id {
			return r, true
		}
	}
	return nil, false
}

func (e *edge) List(int) []*call.Record { return e.ended }

func (e *edge) Transcripts(id call.ID) []Transcript { return e.spoken[id] }

// centres is the edge's registry: its methods have the names of the journal's.
type centres struct{ e *edge }

func (c centres) List() []psap.Status { return c.e.psaps }

func (c centres) Drain(id string) bool { return c.set(id, "drained") }

func (c centres) Restore(id string) bool { return c.set(id, "up") }

func (c centres) set(id, state string) bool {
	for i := range c.e.psaps {
		if c.e.psaps[i].ID == id {
			c.e.psaps[i].State = state
			return true
		}
	}
	return false
}

// scripts is what the edge's one simulated centre, psap-sf, does.
type scripts struct{ e *edge }

func (s scripts) Script(centre string) (CentreScript, error) {
	switch centre {
	case "psap-sf":
		return CentreScript{Centre: centre, Changed: s.e.script != nil, Script: *cmp.Or(s.e.script, &Script{Ring: new("500ms")})}, nil
	case "ecc-us":
		return CentreScript{}, ErrNotSimulated
	}
	return CentreScript{}, ErrNoCentre
}

func (s scripts) SetScript(centre string, src []byte) (CentreScript, error) {
	var script Script
	if _, err := s.Script(centre); err != nil {
		return CentreScript{}, err
	}
	if err := json.Unmarshal(src, &script); err != nil {
		return CentreScript{}, err
	}
	if script.Ring != nil && *script.Ring == "soon" {
		return CentreScript{}, strict.Problems{{Path: "ring", Value: "soon", Message: "is not a duration", Mend: "write 2s"}}
	}
	s.e.script = &script
	return s.Script(centre)
}

func (s scripts) ResetScript(centre string) (CentreScript, error) {
	if _, err := s.Script(centre); err != nil {
		return CentreScript{}, err
	}
	s.e.script = nil
	return s.Script(centre)
}

const (
	account = "AC00000000000000000000000000000911"
	other   = "AC00000000000000000000000000000912"
	secret  = "0123456789abcdef"
	reading = "only-for-reading"
)

// withStore returns an edge with an empty store, but for two accounts.
func withStore(t *testing.T) *edge {
	t.Helper()
	e := &edge{store: storetest.Open(t, storetest.SQLite, store.Options{})}
	err := e.store.Update(t.Context(), store.Actor{}, func(tx *store.Tx) error {
		for _, sid := range []string{account, other} {
			a := store.Account{FriendlyName: sid, Status: "active"}
			a.SID = sid
			if err := store.Insert(tx, &a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// key makes an API key and returns its credentials.
func (e *edge) key(t *testing.T, w keys.Wish) (sid, secret string) {
	t.Helper()
	k, s, err := keys.NewStored(e.store).Make(t.Context(), store.Actor{Name: "test"}, w)
	if err != nil {
		t.Fatal(err)
	}
	return k.SID, string(s)
}

// handler returns the pages over e.
func (e *edge) handler() http.Handler {
	if e.metrics == nil {
		e.metrics = NewMetrics("v1")
	}
	if e.guard == nil {
		o := keys.Options{
			Token: secret, ReadToken: reading, Logger: zerolog.New(&e.log),
			Account: func(sid string) (main, ok bool) { return sid == account, sid == account || sid == other },
		}
		if e.store != nil {
			o.Rows = keys.NewStored(e.store)
		}
		e.guard = keys.NewGuard(o)
	}
	if e.screens == nil {
		e.screens = ali.NewBook(ali.BookOptions{})
	}
	if e.shelf == nil {
		e.shelf = ng911.NewShelf("")
	}
	var lab Lab
	var ledger Fees
	var told Notifications
	if e.store != nil {
		if e.clock == nil {
			e.clock = labclock.New(func() time.Time { return noon })
		}
		lab = registration.NewLab(e.store, e.clock, registration.Rules{Now: e.clock.Now})
		ledger = fees.New(e.store, e.clock, fees.Options{})
		told = notify.New(e.store, notify.Options{})
	}
	return Handler(Options{
		Import: func() transfer.Options { return e.imports }, Spool: e.spool,
		LoST: mapper{}, LoSTOpen: e.lostOpen, ALI: e.screens, EmergencyData: e.shelf, Lab: lab, Fees: ledger, Notify: told, Guard: e.guard, Store: e.store, Twilio: e.twilio, Bandwidth: e.bandwidth, Version: "v1", Live: e, Journal: e, Simulated: e, Centres: centres{e}, Scripts: scripts{e}, Hooks: hooks{}, Callbacks: callbacks{e},
		Metrics:    e.metrics.Handler(),
		Ready:      func() (bool, string) { return e.notYet == "", e.notYet },
		Degraded:   func() []Degraded { return e.wrong },
		Reload:     func(context.Context) (Reloaded, error) { return e.reload() },
		Boundaries: func() *area.Boundaries { return area.NewBoundaries(area.LabBoundaries()) },
		Explain: func(q explain.Question) (explain.Answer, error) {
			if q.Source == "nowhere" {
				return explain.Answer{}, fmt.Errorf("source %q is no IP address", q.Source)
			}
			return explain.Answer{Verdict: "psap", Caller: q.From, Targets: []explain.Target{}, Trace: []call.Step{}}, nil
		},
		Logger: zerolog.New(&e.log),
	})
}

// request is one request from this machine, unless said otherwise.
type request struct {
	method, path, body string
	from, host         string
	header             http.Header
	user, password     string
}

// ask answers a request.
func (e *edge) ask(r request) *httptest.ResponseRecorder {
	if r.method == "" {
		r.method = http.MethodGet
	}
	q := httptest.NewRequest(r.method, r.path, strings.NewReader(r.body))
	q.RemoteAddr, q.Host = "127.0.0.1:40000", "127.0.0.1:8080"
	if r.from != "" {
		q.RemoteAddr = r.from
	}
	if r.host != "" {
		q.Host = r.host
	}
	if r.body != "" {
		q.Header.Set("Content-Type", "application/json")
	}
	for k, v := range r.header {
		q.Header[k] = v
	}
	if r.user != "" {
		q.SetBasicAuth(r.user, r.password)
	}
	return e.serve(q)
}

// serve answers a request as it came.
func (e *edge) serve(r *http.Request) *httptest.ResponseRecorder {
	w, h := httptest.NewRecorder(), e.built
	if h == nil {
		h = e.handler()
	}
	h.ServeHTTP(w, r)
	return w
}

// get decodes the JSON answer to a GET from this machine.
func get[T any](t *testing.T, e *edge, path string) T {
	t.Helper()
	w := e.ask(request{path: path})
	if w.Code != http.StatusOK {
		t.Fatalf("GET %s: %d\n%s", path, w.Code, w.Body)
	}
	return decode[T](t, w.Body)
}

func decode[T any](t *testing.T, r io.Reader) T {
	t.Helper()
	var v T
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// trouble is a problem document.
type trouble struct {
	Schema string `json:"$schema"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Report any    `json:"report"` // of a refused import
	Errors []struct {
		Message  string `json:"message"`
		Location string `json:"location"`
		Value    any    `json:"value"`
	} `json:"errors"`
}

// refused checks that w is a problem document of this status and returns it.
func refused(t *testing.T, w *httptest.ResponseRecorder, status int) trouble {
	t.Helper()
	if w.Code != status || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%d %s, want a problem document with %d\n%s", w.Code, w.Header().Get("Content-Type"), status, w.Body)
	}
	p := decode[trouble](t, w.Body)
	if p.Status != status || p.Detail == "" {
		t.Errorf("problem %+v: want status %d and a sentence", p, status)
	}
	return p
}

// at returns a call that began n seconds into the test's minute.
func at(n int, state call.State, more ...func(*call.Record)) call.Record {
	r := call.Record{
		ID: call.ID(fmt.Sprintf("CA%032x", n)), State: state, StartedAt: time.Date(2025, 3, 4, 5, 6, n, 0, time.UTC),
		From: "+14155550100", Caller: "+14155550100", Dialled: "911", Verdict: "psap",
	}
	for _, f := range more {
		f(&r)
	}
	return r
}
