package unified

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/rs/zerolog"

	"callbox/routing/bandwidth/order"
	"callbox/routing/directory"
	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
	"callbox/routing/keys"
	"callbox/routing/labclock"
)

// number is the provider's for the account of whoever asks in tests.
const number = "5001232"

// edge is the API over a store of its own, with two accounts, a mover and a clock that a test turns.
type edge struct {
	t           testing.TB
	store       *store.Store
	http        *httptest.Server
	router      routers.Router
	mover       *order.Mover
	now         time.Time
	mine, other string
	login       [2]string
}

func newEdge(t testing.TB, engine string) *edge {
	t.Helper()
	e := &edge{t: t, store: storetest.Open(t, engine, store.Options{}), now: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)}
	network := directory.LabContents(netip.AddrPort{}).Network
	clock := labclock.New(func() time.Time { return e.now })
	delays := order.Delays{Received: time.Second, Processing: time.Second}
	e.mover = order.NewMover(e.store, clock, order.Options{Apply: Apply(false), Delays: delays})
	e.write(func(tx *store.Tx) error {
		mine := store.Account{FriendlyName: "mine", Status: "active", BandwidthID: number}
		other := store.Account{FriendlyName: "other", Status: "active", BandwidthID: "5001233"}
		if err := store.Insert(tx, &mine); err != nil {
			return err
		}
		err := store.Insert(tx, &other)
		e.mine, e.other = mine.SID, other.SID
		return err
	})
	e.login = [2]string{e.mine, "token"}
	e.http = httptest.NewServer(New(Options{
		Store: e.store, Network: func() *directory.Network { return network }, Authenticate: authenticate, Delays: delays, Now: clock.Now,
		Logger: zerolog.New(zerolog.NewTestWriter(t)),
	}))
	t.Cleanup(e.http.Close)
	e.router = document(t, e.http.URL+base+number+"/emergency")
	return e
}

var documentText = sync.OnceValues(func() ([]byte, error) { return os.ReadFile("testdata/openapi.json") })

// document is the provider's specification, at a server of ours. It has no 500-family answer but 500.
func document(t testing.TB, server string) routers.Router {
	text, err := documentText()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = openapi3.Servers{{URL: server}}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// authenticate takes an account's SID with the password "token", or "read" for a key that reads.
func authenticate(r *http.Request) (keys.Principal, bool) {
	user, password, _ := r.BasicAuth()
	return keys.Principal{Name: user, AccountSID: user, ReadOnly: password == "read"}, password == "token" || password == "read"
}

func (e *edge) write(do func(*store.Tx) error) {
	e.t.Helper()
	if err := e.store.Update(e.t.Context(), store.Actor{Name: "test"}, do); err != nil {
		e.t.Fatal(err)
	}
}

// answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	text   string
	body   map[string]any
}

// ask sends a request below the base path, and judges the answer by the specification, and the request where it was taken.
func (e *edge) ask(method, path, body string) answer {
	e.t.Helper()
	req := e.request(method, e.http.URL+base+number+"/emergency"+path, body)
	route, vars, err := e.router.FindRoute(req)
	if err != nil {
		e.t.Fatalf("%s %s is not in the specification: %v", method, path, err)
	}
	in := &openapi3filter.RequestValidationInput{
		Request: req, PathParams: vars, Route: route,
		Options: &openapi3filter.Options{MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
	valid := openapi3filter.ValidateRequest(context.Background(), in)
	if req.Body != nil {
		req.Body = io.NopCloser(strings.NewReader(body))
	}
	a := e.send(req)
	if valid != nil && a.status < 400 {
		e.t.Errorf("%s %s was taken with %d, and is not as the specification says: %v", method, path, a.status, valid)
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: a.status, Header: a.header, Options: in.Options}
	out.SetBodyBytes([]byte(a.text))
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		e.t.Errorf("%s %s answers %d in another way than the specification says: %v\n%s", method, path, a.status, err, a.text)
	}
	return a
}

func (e *edge) request(method, url, body string) *http.Request {
	e.t.Helper()
	req, err := http.NewRequestWithContext(e.t.Context(), method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		e.t.Fatal(err)
	}
	if body == "" {
		req.Body, req.ContentLength = nil, 0
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	if e.login[1] != "" {
		req.SetBasicAuth(e.login[0], e.login[1])
	}
	return req
}

func (e *edge) send(req *http.Request) answer {
	e.t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		e.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	a := answer{t: e.t, status: resp.StatusCode, header: resp.Header, text: string(text)}
	_ = json.Unmarshal(text, &a.body)
	return a
}

// is fails the test unless the answer has a status.
func (a answer) is(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%d, not %d: %s", a.status, status, a.text)
	}
	return a
}

// get returns what is at a path of names and indexes, as text.
func (a answer) get(path ...any) string {
	a.t.Helper()
	var v any = a.body
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			list, _ := v.([]any)
			if p >= len(list) {
				return ""
			}
			v = list[p]
		}
	}
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	text, _ := json.Marshal(v)
	return string(text)
}

// pass lets lab time pass and moves what is due.
func (e *edge) pass(d time.Duration) {
	e.t.Helper()
	e.now = e.now.Add(d)
	if _, err := e.mover.Move(e.t.Context()); err != nil {
		e.t.Fatal(err)
	}
}

// done orders something, lets it come about and returns its details.
func (e *edge) done(method, path, body string) answer {
	e.t.Helper()
	o := e.ask(method, path, body).is(http.StatusAccepted)
	e.pass(2 * time.Second)
	return e.ask("GET", "/orders/"+o.get("orderId")+"/details", "").is(http.StatusOK)
}
