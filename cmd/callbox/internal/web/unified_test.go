package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// unifiedErrors is a refusal of the Bandwidth-compatible JSON API.
type unifiedErrors struct {
	Errors []struct {
		Type, Description string
		Code              int
	}
}

func TestTheJSONAPIRefusesInItsProvidersShape(t *testing.T) {
	t.Parallel()
	e := withStore(t)
	const path = "/api/v2/accounts/5001232/emergency/endpoints"
	check := func(what string, r request, status, code int) {
		t.Helper()
		w := e.ask(r)
		var got unifiedErrors
		err := json.Unmarshal(w.Body.Bytes(), &got)
		if w.Code != status || err != nil || len(got.Errors) != 1 || got.Errors[0].Code != code || got.Errors[0].Description == "" {
			t.Errorf("%s: %d %v %s", what, w.Code, err, w.Body)
		}
		if w.Code == http.StatusUnauthorized && !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Basic ") {
			t.Errorf("%s: it does not say how to log in", what)
		}
		if w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: it does not say when to try again", what)
		}
	}
	check("from this machine without credentials", request{path: path}, http.StatusUnauthorized, 206401)
	check("from another site", request{method: "POST", path: path, user: account, password: secret, header: http.Header{"Sec-Fetch-Site": {"cross-site"}}}, http.StatusForbidden, 109107)
	for i := range 50 { // as often as somebody may guess, and more
		e.ask(request{path: path, user: account, password: fmt.Sprint("guess ", i), from: "198.51.100.7:5"})
	}
	check("after many wrong ones", request{path: path, user: account, password: secret, from: "198.51.100.7:5"}, http.StatusTooManyRequests, 32002)
	check("where there is none", request{path: path, user: account, password: secret}, http.StatusNotFound, 50420)
}
