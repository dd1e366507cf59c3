package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// numbers stands for the Bandwidth-compatible API: it says who asks.
func numbers(w http.ResponseWriter, r *http.Request) {
	p, known := Principal(r)
	w.Header().Set("Principal", fmt.Sprintf("%s %s %v %v", p.Name, p.AccountSID, p.ReadOnly, known))
}

func TestTheNumbersAPIIsToldWhoAsks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ user, password, want string }{
		{account, secret, account + "  false true"},
		{account, reading, account + "  true true"},
		{other, secret, other + " " + other + " false true"},
	} {
		for _, path := range []string{"/api/accounts/9900778/aeuis", "/v1.0/accounts/9900778/aeuis"} {
			e := &edge{bandwidth: http.HandlerFunc(numbers)}
			w := e.ask(request{path: path, from: "192.0.2.7:4", user: tt.user, password: tt.password})
			if got := w.Header().Get("Principal"); got != tt.want {
				t.Errorf("%s: %d %q, want %q", tt.user, w.Code, got, tt.want)
			}
		}
	}
	r, _ := http.NewRequest(http.MethodGet, "/api/accounts/1/aeuis", nil)
	r.SetBasicAuth(account, secret)
	if p, known := Principal(r); known {
		t.Errorf("a request that nobody checked is %+v's", p)
	}
}

func TestTheNumbersAPIRefusesInItsOwnShape(t *testing.T) {
	t.Parallel()
	const path = "/api/accounts/9900778/e911s"
	browser := request{method: "POST", path: path, user: account, password: secret, header: http.Header{"Sec-Fetch-Site": {"cross-site"}}}
	for _, tt := range []struct {
		name   string
		r      request
		none   bool // no such API
		status int
		body   string
	}{
		{"no credentials, even on this machine", request{path: path}, false, 401, "<ErrorResponse><ResponseStatus><ErrorCode>1001</ErrorCode>"},
		{"wrong ones", request{path: path, user: account, password: "guess"}, false, 401, "<ErrorCode>1001</ErrorCode>"},
		{"another site's page", browser, false, 403, "<ErrorCode>1001</ErrorCode>"},
		{"nothing there", request{path: path, user: account, password: secret}, true, 404, "<Description>The resource does not exist</Description>"},
		{"our own API", request{path: "/api/accountsx", user: account, password: secret}, false, 404, "GET / lists"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := &edge{bandwidth: http.HandlerFunc(numbers)}
			if tt.none {
				e.bandwidth = nil
			}
			w := e.ask(tt.r)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.body) {
				t.Errorf("%d, want %d and %s\n%s", w.Code, tt.status, tt.body, w.Body)
			}
			if w.Code == http.StatusUnauthorized && !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Basic ") {
				t.Error("a 401 without a challenge")
			}
		})
	}
	e := &edge{bandwidth: http.HandlerFunc(numbers)}
	for i := range 50 {
		w := e.ask(request{path: path, from: "192.0.2.7:4", user: account, password: fmt.Sprint("guess ", i)})
		if w.Code == http.StatusTooManyRequests {
			if w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "Too Many Requests") {
				t.Errorf("%v\n%s", w.Header(), w.Body)
			}
			return
		}
	}
	t.Error("fifty guesses, and nobody is told to wait")
}
