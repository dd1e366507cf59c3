package web

import (
	"net/http"
	"testing"
)

func TestWhoMayAsk(t *testing.T) {
	t.Parallel()
	const far = "192.0.2.7:40000"
	proxied := http.Header{"X-Forwarded-For": {"192.0.2.7"}}
	tests := []struct {
		name   string
		r      request
		status int
	}{
		{"this machine by address", request{}, 200},
		{"this machine by name", request{host: "localhost:8080"}, 200},
		{"this machine by name, in capitals", request{host: "LocalHost"}, 200},
		{"this machine over IPv6", request{from: "[::1]:4000", host: "[::1]:8080"}, 200},
		{"this machine over mapped IPv4", request{from: "[::ffff:127.0.0.1]:4000"}, 200},
		{"another machine", request{from: far}, 401},
		{"another machine that says localhost", request{from: far, host: "localhost"}, 401},
		{"another machine with the credentials", request{from: far, host: "edge.example", user: account, password: secret}, 200},
		{"another machine with a wrong token", request{from: far, user: account, password: "guess"}, 401},
		{"another machine with a wrong account", request{from: far, user: "AC1", password: secret}, 401},
		{"another machine with no token", request{from: far, user: account}, 401},
		{"this machine with a wrong token is told", request{user: account, password: "guess"}, 401},
		{"a web site whose name leads here", request{host: "evil.example:8080"}, 401},
		{"a name that only begins like ours", request{host: "localhost.evil.example"}, 401},
		{"no host at all", request{host: " "}, 401},
		{"a proxy on this machine speaking for somebody", request{header: proxied}, 401},
		{"such a proxy with the credentials", request{header: proxied, user: account, password: secret}, 200},
		{"a peer without an address", request{from: "@"}, 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, path := range []string{"/", "/api/v1/calls", "/api/v1/openapi.json", "/metrics", "/nothing"} {
				tt.r.path = path
				e := &edge{}
				w := e.ask(tt.r)
				want := tt.status
				if path == "/nothing" && want == 200 {
					want = 404
				}
				if w.Code != want {
					t.Errorf("%s: %d, want %d\n%s", path, w.Code, want, w.Body)
				}
				if want == 401 {
					refused(t, w, 401)
					if w.Header().Get("WWW-Authenticate") == "" {
						t.Errorf("%s: a 401 without a challenge", path)
					}
				}
			}
		})
	}
}

func TestHealthIsForEverybody(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, path, notYet string
		status             int
		body               string
	}{
		{"alive", "/livez", "", 200, "ok\n"},
		{"alive while it drains", "/livez", "draining", 200, "ok\n"},
		{"ready", "/readyz", "", 200, "ready\n"},
		{"not ready while it drains", "/readyz", "draining", 503, "not ready: draining\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := &edge{notYet: tt.notYet}
			w := e.ask(request{path: tt.path, from: "192.0.2.7:1", host: "lb.example"})
			if w.Code != tt.status || w.Body.String() != tt.body {
				t.Errorf("%d %q, want %d %q", w.Code, w.Body, tt.status, tt.body)
			}
		})
	}
}

func TestABrowserCannotBeMadeToAct(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		header http.Header
		status int
	}{
		{"curl", nil, 200},
		{"our own page", http.Header{"Sec-Fetch-Site": {"same-origin"}}, 200},
		{"another site's page", http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403},
		{"another site's page in an old browser", http.Header{"Origin": {"https://evil.example"}}, 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			called := false
			e := &edge{reload: func() (Reloaded, error) { called = true; return Reloaded{}, nil }}
			w := e.ask(request{method: "POST", path: "/-/reload", header: tt.header})
			if w.Code != tt.status || called != (tt.status == 200) {
				t.Errorf("%d, called %v; want %d\n%s", w.Code, called, tt.status, w.Body)
			}
		})
	}
}
