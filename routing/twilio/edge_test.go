package twilio

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing/area"
	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
	"callbox/routing/labclock"
	"callbox/routing/numbering"
	"callbox/routing/registration"
	"callbox/routing/twilio/rest"
	"callbox/routing/twilio/twiliotest"
)

// edge is the API over a store of its own, with two accounts.
type edge struct {
	t       testing.TB
	store   *store.Store
	http    *httptest.Server
	mine    string // the account of whoever asks
	other   string // another one
	clock   *labclock.Clock
	options Options
}

// eachEngine runs a test with an edge on each of the engines.
func eachEngine(t *testing.T, test func(t *testing.T, e *edge)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, engine string) {
		test(t, newEdge(t, storetest.Open(t, engine, store.Options{})))
	})
}

func newEdge(t testing.TB, s *store.Store, change ...func(*Options)) *edge {
	t.Helper()
	plan, err := numbering.NewPlan(nil)
	if err != nil {
		t.Fatal(err)
	}
	guide := area.LabGuide()
	e := &edge{t: t, store: s, clock: labclock.New(func() time.Time { return time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC) })}
	e.options = Options{
		Store: s, Guide: func() *area.Guide { return guide }, Plan: func() *numbering.Plan { return plan },
		Registration: registration.Rules{Delays: registration.Realistic(), Now: e.clock.Now},
		Now:          e.clock.Now, Logger: zerolog.New(zerolog.NewTestWriter(t)), Authenticate: e.authenticate,
	}
	for _, f := range change {
		f(&e.options)
	}
	e.write(func(tx *store.Tx) error {
		for _, name := range []string{"mine", "other"} {
			row := store.Account{FriendlyName: name, Status: "active"}
			if err := store.Insert(tx, &row); err != nil {
				return err
			}
			if name == "mine" {
				e.mine = row.SID
			} else {
				e.other = row.SID
			}
		}
		return nil
	})
	e.http = httptest.NewServer(New(e.options))
	t.Cleanup(e.http.Close)
	return e
}

// authenticate takes an account's SID with the password "token", or "read" for a key that reads; any account with "any".
func (e *edge) authenticate(r *http.Request) (Principal, *rest.Error) {
	user, password, _ := r.BasicAuth()
	p := Principal{Name: user, AccountSID: user}
	switch password {
	case "token":
	case "read":
		p.ReadOnly = true
	case "any":
		p.AccountSID = ""
	default:
		return Principal{}, rest.Unauthenticated()
	}
	return p, nil
}

// write changes the store past the API.
func (e *edge) write(do func(*store.Tx) error) {
	e.t.Helper()
	if err := e.store.Update(e.t.Context(), store.Actor{Name: "test"}, do); err != nil {
		e.t.Fatal(err)
	}
}

// step lets lab time pass and moves what is due then.
func (e *edge) step(d time.Duration) {
	e.t.Helper()
	if _, err := e.clock.Step(d); err != nil {
		e.t.Fatal(err)
	}
	if _, err := registration.NewMover(e.store, e.clock, registration.Options{Strict: e.options.Registration.Strict}).Move(e.t.Context()); err != nil {
		e.t.Fatal(err)
	}
}

// answer is what came back.
type answer struct {
	status int
	text   string
	header http.Header
	body   map[string]any // of JSON
}

func (a answer) str(key string) string { s, _ := a.body[key].(string); return s }
func (a answer) code() int             { f, _ := a.body["code"].(float64); return int(f) }
func (a answer) sid() string           { return a.str("sid") }

// rows returns the values of a field over the items of a list.
func (a answer) rows(key, field string) []string {
	var out []string
	items, _ := a.body[key].([]any)
	for _, item := range items {
		m, _ := item.(map[string]any)
		s, _ := m[field].(string)
		out = append(out, s)
	}
	return out
}

// do asks the API as e.mine and holds JSON answers against the provider's documents. A path that does not begin with /
// stands below the account. Parameters are pairs.
func (e *edge) do(method, path string, parameters ...string) answer {
	e.t.Helper()
	return e.as(e.mine, "token", method, path, parameters...)
}

func (e *edge) as(user, password, method, path string, parameters ...string) answer {
	e.t.Helper()
	if !strings.HasPrefix(path, "/") {
		path = "/2010-04-01/Accounts/" + e.mine + "/" + path
	}
	form := url.Values{}
	for i := 0; i+1 < len(parameters); i += 2 {
		form.Add(parameters[i], parameters[i+1])
	}
	body := ""
	if method == http.MethodPost {
		body = form.Encode()
	} else if len(form) > 0 {
		path += "?" + form.Encode()
	}
	return e.raw(user, password, method, path, body)
}

func (e *edge) raw(user, password, method, path, body string) answer {
	e.t.Helper()
	r, err := http.NewRequestWithContext(e.t.Context(), method, e.http.URL+path, strings.NewReader(body))
	if err != nil {
		e.t.Fatal(err)
	}
	r.SetBasicAuth(user, password)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := e.http.Client().Do(r)
	if err != nil {
		e.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	a := answer{status: res.StatusCode, text: string(text), header: res.Header}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(text, &a.body); err != nil {
			e.t.Fatalf("%s %s: %v\n%s", method, path, err, text)
		}
	}
	if plain, _, _ := strings.Cut(path, "?"); rest.FormatOf(plain) == rest.JSON {
		twiliotest.Validate(e.t, method, plain, a.status, text)
	}
	return a
}

// must is do that fails the test unless the status is a success.
func (e *edge) must(method, path string, parameters ...string) answer {
	e.t.Helper()
	a := e.do(method, path, parameters...)
	if a.status >= http.StatusBadRequest {
		e.t.Fatalf("%s %s %v answers %d: %s", method, path, parameters, a.status, a.text)
	}
	return a
}

// refused fails the test unless the API refuses with a status and a code and says each of the words.
func (e *edge) refused(status, code int, words []string, method, path string, parameters ...string) {
	e.t.Helper()
	a := e.do(method, path, parameters...)
	if a.status != status || a.code() != code {
		e.t.Errorf("%s %s %v answers %d, not %d with code %d: %s", method, path, parameters, a.status, status, code, a.text)
	}
	for _, w := range words {
		if !strings.Contains(a.str("message"), w) {
			e.t.Errorf("%s %s %v: %q does not say %q", method, path, parameters, a.str("message"), w)
		}
	}
}

// registered is the lab time a registration takes, and some more.
const registered = 15 * time.Minute
