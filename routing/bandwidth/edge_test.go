package bandwidth

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing/area"
	"callbox/routing/bandwidth/order"
	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
	"callbox/routing/keys"
	"callbox/routing/labclock"
)

// delay is how long orders take in tests.
const delay = 3 * time.Second

// number is the provider's for the account of whoever asks in tests.
const number = "9900778"

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
	guide := area.LabGuide()
	e := &edge{t: t, store: s, clock: labclock.New(func() time.Time { return time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC) })}
	e.options = Options{
		Store: s, Guide: func() *area.Guide { return guide }, Now: e.clock.Now, Logger: zerolog.New(zerolog.NewTestWriter(t)),
		Authenticate: authenticate, Delays: order.Delays{Received: delay},
	}
	for _, f := range change {
		f(&e.options)
	}
	e.write(func(tx *store.Tx) error {
		mine := store.Account{FriendlyName: "mine", Status: "active", BandwidthID: number}
		other := store.Account{FriendlyName: "other", Status: "active"}
		if err := store.Insert(tx, &mine); err != nil {
			return err
		}
		if err := store.Insert(tx, &other); err != nil {
			return err
		}
		e.mine, e.other = mine.SID, other.SID
		return nil
	})
	e.http = httptest.NewServer(New(e.options))
	t.Cleanup(e.http.Close)
	return e
}

// authenticate takes an account's SID with the password "token", or "read" for a key that reads; any account with "any".
func authenticate(r *http.Request) (keys.Principal, bool) {
	user, password, _ := r.BasicAuth()
	p := keys.Principal{Name: user, AccountSID: user}
	switch password {
	case "token":
	case "read":
		p.ReadOnly = true
	case "any":
		p.AccountSID = ""
	default:
		return keys.Principal{}, false
	}
	return p, true
}

// write changes the store past the API.
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
	text   string
	header http.Header
}

// ask sends a document, "" for none, to a path below the account. The answer must be XML if it has a body.
func (e *edge) ask(method, path, body string) answer {
	e.t.Helper()
	return e.askAs(e.mine, "token", method, "/api/accounts/"+number+path, body)
}

func (e *edge) askAs(user, password, method, path, body string) answer {
	e.t.Helper()
	r, err := http.NewRequestWithContext(e.t.Context(), method, e.http.URL+path, strings.NewReader(body))
	if err != nil {
		e.t.Fatal(err)
	}
	r.SetBasicAuth(user, password)
	r.Header.Set("Content-Type", "application/xml")
	res, err := e.http.Client().Do(r)
	if err != nil {
		e.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	a := answer{e.t, res.StatusCode, string(text), res.Header}
	if len(text) > 0 && (res.Header.Get("Content-Type") != "application/xml" || xml.Unmarshal(text, new(struct{})) != nil) {
		e.t.Fatalf("%s %s: not XML: %s", method, path, text)
	}
	return a
}

// at returns the text of all elements at a path below the root: "E911Order/OrderId".
func (a answer) at(path string) []string {
	a.t.Helper()
	d := xml.NewDecoder(strings.NewReader(a.text))
	var stack, found []string
	for {
		token, err := d.Token()
		if err != nil {
			return found
		}
		switch token := token.(type) {
		case xml.StartElement:
			if stack = append(stack, token.Name.Local); a.under(stack, path) {
				found = append(found, "")
			}
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if a.under(stack, path) {
				found[len(found)-1] += string(token)
			}
		}
	}
}

func (a answer) under(stack []string, path string) bool {
	return len(stack) > 1 && strings.Join(stack[1:], "/") == path
}

// one returns the text of the one element at a path.
func (a answer) one(path string) string {
	a.t.Helper()
	all := a.at(path)
	if len(all) != 1 {
		a.t.Errorf("%d elements at %s, want one:\n%s", len(all), path, a.text)
		return ""
	}
	return all[0]
}

// is checks the status and the texts of elements, given in pairs.
func (a answer) is(status int, pairs ...string) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d:\n%s", a.status, status, a.text)
	}
	for i := 0; i < len(pairs); i += 2 {
		if got := a.one(pairs[i]); got != pairs[i+1] {
			a.t.Errorf("%s is %q, want %q", pairs[i], got, pairs[i+1])
		}
	}
	return a
}

// refused checks an error's root element, HTTP status and code, "" for none.
func (a answer) refused(status int, root, code string) answer {
	a.t.Helper()
	if a.status != status || !strings.Contains(a.text, "<"+root+"><ResponseStatus>") || len(a.at("ResponseStatus/Description")) != 1 {
		a.t.Errorf("status %d, want %d below <%s>:\n%s", a.status, status, root, a.text)
	}
	if got := strings.Join(a.at("ResponseStatus/ErrorCode"), ","); got != code {
		a.t.Errorf("code %q, want %q:\n%s", got, code, a.text)
	}
	return a
}

// step lets lab time pass and brings about the orders that are due then.
func (e *edge) step(d time.Duration) {
	e.t.Helper()
	if _, err := e.clock.Step(d); err != nil {
		e.t.Fatal(err)
	}
	m := order.NewMover(e.store, e.clock, order.Options{Apply: NewOrders(e.options).Kinds(), Logger: zerolog.New(zerolog.NewTestWriter(e.t))})
	if _, err := m.Move(e.t.Context()); err != nil {
		e.t.Fatal(err)
	}
}
