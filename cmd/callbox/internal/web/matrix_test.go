package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"callbox/routing/keys"
)

// provisioning stands in for the Twilio-compatible APIs and says who was let in to them.
func provisioning(w http.ResponseWriter, r *http.Request) {
	p, refused := ProviderPrincipal(r)
	if refused != nil {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	w.Header().Set("Principal", fmt.Sprintf("%s %s %v", p.Name, p.AccountSID, p.ReadOnly))
}

func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	e := withStore(t)
	e.twilio = http.HandlerFunc(provisioning)
	e.reload = func() (Reloaded, error) { return Reloaded{}, nil }
	fullKey, fullSecret := e.key(t, keys.Wish{Name: "full", Scope: keys.ScopeFull})
	readKey, readSecret := e.key(t, keys.Wish{Name: "read", Scope: keys.ScopeRead})
	boundKey, boundSecret := e.key(t, keys.Wish{Name: "bound", Scope: keys.ScopeFull, AccountSID: other})

	const far = "192.0.2.7:40000"
	columns := []struct{ method, path, host string }{
		{"GET", "/readyz", ""}, {"GET", "/metrics", ""}, {"GET", "/api/v1/calls", ""}, {"HEAD", "/api/v1/calls", ""},
		{"POST", explainPath, ""}, {"POST", "/-/reload", ""}, {"GET", keysPath, ""}, {"DELETE", keysPath + "/SK" + strings.Repeat("0", 32), ""},
		{"GET", "/api/v1/audit", ""}, {"GET", "/2010-04-01/Accounts.json", ""}, {"POST", "/2010-04-01/Accounts/x", ""},
		{"GET", "/v1/Trunks", ""}, {"DELETE", "/v1/Anything", "trunking.twilio.com"}, {"OPTIONS", "/api/v1/calls", ""},
	}
	const (
		full  = "200 200 200 200 200 200 200 404 200 200 200 200 200 405"
		read  = "200 200 200 200 200 403 403 403 200 200 200 200 200 403"
		none  = "200 401 401 401 401 401 401 401 401 401 401 401 401 401"
		bound = "200 403 403 403 403 403 403 403 403 200 200 200 200 403"
		here  = "200 200 200 200 200 200 200 404 200 401 401 401 401 405"
	)
	for _, who := range []struct{ name, from, user, password, want string }{
		{"this machine", "", "", "", here},
		{"this machine with the token", "", account, secret, full},
		{"this machine with the read token", "", account, reading, read},
		{"this machine with a wrong token", "", account, "guess", none},
		{"nobody from afar", far, "", "", none},
		{"the token from afar", far, account, secret, full},
		{"the read token from afar", far, account, reading, read},
		{"the token with another account's name", far, other, secret, bound},
		{"a full key", far, fullKey, fullSecret, full},
		{"a key that reads", far, readKey, readSecret, read},
		{"a key of one account", far, boundKey, boundSecret, bound},
		{"a key of one account on this machine", "", boundKey, boundSecret, bound},
		{"a key with another's secret", far, fullKey, readSecret, none},
		{"a key with the token", far, fullKey, secret, none},
	} {
		got := make([]string, len(columns))
		for i, c := range columns {
			e.guard = nil // each column is a first login
			w := e.ask(request{method: c.method, path: c.path, host: c.host, from: who.from, user: who.user, password: who.password, body: bodyFor(c.path)})
			got[i] = fmt.Sprint(w.Code)
		}
		if got := strings.Join(got, " "); got != who.want {
			t.Errorf("%s:\n got %s\nwant %s", who.name, got, who.want)
		}
	}
}

func bodyFor(path string) string {
	if path == explainPath {
		return `{"from":"+14155550100","to":"911"}`
	}
	return ""
}

func TestTheProviderAPIsAreToldWhoAsks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ user, password, want string }{
		{account, secret, account + "  false"},
		{account, reading, account + "  true"},
		{other, secret, other + " " + other + " false"},
	} {
		e := &edge{twilio: http.HandlerFunc(provisioning)}
		w := e.ask(request{path: "/2010-04-01/Accounts.json", from: "192.0.2.7:4", user: tt.user, password: tt.password})
		if got := w.Header().Get("Principal"); got != tt.want {
			t.Errorf("%s: %d %q, want %q", tt.user, w.Code, got, tt.want)
		}
		if w.Header().Get("X-Content-Type-Options") == "" || w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("headers: %v", w.Header())
		}
	}
	r, _ := http.NewRequest(http.MethodGet, "/2010-04-01/Accounts.json", nil)
	r.SetBasicAuth(account, secret)
	if p, refused := ProviderPrincipal(r); refused == nil {
		t.Errorf("a request that nobody checked is %+v's", p)
	}
}

func TestTheProviderRefusesInItsOwnShape(t *testing.T) {
	t.Parallel()
	cross := http.Header{"Sec-Fetch-Site": {"cross-site"}}
	post := request{method: "POST", path: "/2010-04-01/Accounts/x.json", user: account, password: secret}
	at := func(path string, r request) request { r.path = path; return r }
	browser := post
	browser.header = cross
	for _, tt := range []struct {
		name   string
		r      request
		none   bool // no provider API
		status int
		body   string
	}{
		{"no credentials", request{path: "/2010-04-01/Accounts.json"}, false, 401, `"code":20003`},
		{"no credentials, XML", request{path: "/2010-04-01/Accounts"}, false, 401, `<RestException>`},
		{"no credentials for trunks", request{path: "/v1/Trunks"}, false, 401, `"code":20003`},
		{"another site's page", browser, false, 403, `"code":20403`},
		{"another site's page, XML", at("/2010-04-01/Accounts/x", browser), false, 403, `<RestException>`},
		{"nothing there", post, true, 404, `"code":20404`},
		{"a path that only begins like it", at("/2010-04-01x", post), false, 404, "GET / lists"},
		{"a host that only begins like it", request{path: "/v1/Trunk", host: "trunkings.example", user: account, password: secret}, false, 404, "GET / lists"},
		{"health has no host", request{path: "/readyz", host: "trunking.twilio.com"}, false, 200, "ready"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := &edge{twilio: http.HandlerFunc(provisioning)}
			if tt.none {
				e.twilio = nil
			}
			w := e.ask(tt.r)
			if w.Code != tt.status || !strings.Contains(strings.ReplaceAll(w.Body.String(), " ", ""), strings.ReplaceAll(tt.body, " ", "")) {
				t.Errorf("%d, want %d and %s\n%s", w.Code, tt.status, tt.body, w.Body)
			}
			if w.Code == 401 && w.Header().Get("WWW-Authenticate") == "" {
				t.Error("a 401 without a challenge")
			}
		})
	}
}

func TestWhoGuessesIsToldToWait(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"/api/v1/calls": `"status":429`, "/2010-04-01/Accounts.json": `"code":20429`} {
		e := &edge{twilio: http.HandlerFunc(provisioning)}
		var last int
		for i := range 50 {
			w := e.ask(request{path: path, from: "192.0.2.7:4", user: account, password: fmt.Sprint("guess ", i)})
			if last = w.Code; last == 401 {
				continue
			}
			if w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s: %v\n%s", path, w.Header(), w.Body)
			}
			break
		}
		if last != http.StatusTooManyRequests {
			t.Errorf("%s: fifty guesses end in %d", path, last)
		}
	}
}

// awayGuard cannot tell.
type awayGuard struct{}

func (awayGuard) Check(context.Context, keys.Login) (keys.Principal, error) {
	return keys.Principal{}, keys.ErrAway
}

func TestADatabaseThatIsAwayIsNobodysWrongPassword(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/api/v1/calls", "/2010-04-01/Accounts.json"} {
		e := &edge{twilio: http.HandlerFunc(provisioning), guard: awayGuard{}}
		w := e.ask(request{path: path, user: "SK1", password: "x"})
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	var read int64
	e := &edge{twilio: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if read = n; err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
	})}
	w := e.ask(request{method: "POST", path: "/2010-04-01/x", user: account, password: secret, body: strings.Repeat("x", maxBody+1)})
	if w.Code != http.StatusRequestEntityTooLarge || read > maxBody {
		t.Errorf("%d after %d bytes", w.Code, read)
	}
	w = e.ask(request{method: "POST", path: explainPath, body: `{"from":"` + strings.Repeat("x", maxBody) + `"}`})
	refused(t, w, http.StatusRequestEntityTooLarge)
}

func TestWhoeverLogsInLeavesNoSecretInTheLog(t *testing.T) {
	t.Parallel()
	e := withStore(t)
	e.twilio = http.HandlerFunc(provisioning)
	sid, keySecret := e.key(t, keys.Wish{Name: "x", Scope: keys.ScopeFull})
	e.built = e.handler()
	logins := [][2]string{
		{account, secret}, {account, reading}, {sid, keySecret}, {account, "Wrong-password-1"}, {sid, "Wrong-password-2"},
		{"Password-as-user", account}, {"", "Wrong-password-3"}, {other, "Wrong-password-4"},
	}
	for i := range 20 {
		for _, l := range append(logins, [2]string{account, fmt.Sprint("Wrong-password-", i)}) {
			for _, path := range []string{"/api/v1/calls", "/2010-04-01/Accounts.json", keysPath, "/readyz", "/nothing?token=" + secret} {
				e.ask(request{path: path, from: "192.0.2.7:4", user: l[0], password: l[1]})
			}
		}
	}
	log := e.log.String()
	for _, hidden := range []string{secret, reading, keySecret, "Wrong-password", "Password-as-user", "Authorization", "Basic "} {
		if strings.Contains(log, hidden) {
			t.Errorf("%q is in the log:\n%s", hidden, log)
		}
	}
	if !strings.Contains(log, "login failed") || !strings.Contains(log, "too many failed logins") {
		t.Errorf("the log lacks what it should have:\n%s", log)
	}
}

// FuzzAccess holds that no header, host or path lets a stranger in.
func FuzzAccess(f *testing.F) {
	f.Add("/api/v1/calls", "localhost", "Basic x")
	f.Add("/2010-04-01/../api/v1/calls", "trunking.twilio.com", "Basic Og==")
	f.Add("//api/v1/calls", "127.0.0.1", "basic QUM6eA==")
	f.Fuzz(func(t *testing.T, path, host, authorization string) {
		if !strings.HasPrefix(path, "/") || open(path) {
			t.Skip()
		}
		r, err := http.NewRequest(http.MethodGet, "http://edge", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.URL.Path, r.Host, r.RemoteAddr = path, host, "192.0.2.7:4"
		r.Header.Set("Authorization", authorization)
		e := &edge{twilio: http.HandlerFunc(provisioning)}
		w := e.serve(r)
		if w.Code == http.StatusOK {
			t.Errorf("%q at %q with %q: %s", path, host, authorization, w.Body)
		}
	})
}

func TestEveryPageOfTheAPIKeepsOutWhoMayNot(t *testing.T) {
	t.Parallel()
	e := withStore(t)
	readKey, readSecret := e.key(t, keys.Wish{Name: "read", Scope: keys.ScopeRead})
	boundKey, boundSecret := e.key(t, keys.Wish{Name: "bound", Scope: keys.ScopeFull, AccountSID: other})
	e.built = e.handler()
	var described struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	w := e.ask(request{path: "/api/v1/openapi.json"})
	if err := json.Unmarshal(w.Body.Bytes(), &described); err != nil || len(described.Paths) < 15 {
		t.Fatalf("%d paths are described: %v", len(described.Paths), err)
	}
	for path, methods := range described.Paths {
		for method := range methods {
			method = strings.ToUpper(method)
			reads := (method == http.MethodGet || path == explainPath || path == lostPath) && path != keysPath
			for _, who := range []struct {
				user, password string
				refused        bool
				status         int
			}{
				{"", "", true, http.StatusUnauthorized},
				{boundKey, boundSecret, true, http.StatusForbidden},
				{other, secret, true, http.StatusForbidden},
				{readKey, readSecret, !reads, http.StatusForbidden},
				{account, reading, !reads, http.StatusForbidden},
			} {
				w := e.ask(request{method: method, path: path, from: "192.0.2.7:40000", user: who.user, password: who.password})
				if refused := w.Code == http.StatusUnauthorized || w.Code == http.StatusForbidden; refused != who.refused || refused && w.Code != who.status {
					t.Errorf("%s %s by %q: %d", method, path, who.user, w.Code)
				}
			}
		}
	}
}
