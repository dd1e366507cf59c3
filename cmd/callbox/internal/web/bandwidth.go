package web

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"callbox/routing/bandwidth"
	"callbox/routing/bandwidth/wire"
	"callbox/routing/keys"
)

// numbersAPI serves the Bandwidth-compatible XML API, nil where there is none, to who has credentials. They are asked for
// always, as with the other provider's. Everything they are refused here has the provider's shape.
func numbersAPI(api http.Handler, g Guard) http.Handler {
	if api == nil {
		api = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { wire.WriteError(w, "", wire.NotFound(0)) })
	}
	known := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := Authenticate(g, r)
		var limited *keys.LimitedError
		switch {
		case err == nil:
			api.ServeHTTP(w, r.WithContext(keys.NewContext(r.Context(), c)))
		case errors.As(err, &limited):
			w.Header().Set("Retry-After", strconv.Itoa(int(limited.RetryAfter/time.Second)))
			wire.WriteError(w, "", &wire.Error{Status: http.StatusTooManyRequests, Code: wire.CodeBadRequest, Description: "Too Many Requests: " + limited.Error()})
		case errors.Is(err, keys.ErrAway):
			w.Header().Set("Retry-After", "5")
			wire.WriteError(w, "", wire.Unavailable())
		default:
			wire.WriteError(w, "", wire.Unauthenticated())
		}
	})
	return sameOrigin(known, func(w http.ResponseWriter, _ *http.Request) {
		wire.WriteError(w, "", &wire.Error{Status: http.StatusForbidden, Code: wire.CodeDenied, Description: crossSite})
	})
}

// ofBandwidth tells whether a request is for the Bandwidth-compatible XML API.
func ofBandwidth(r *http.Request) bool { return bandwidth.Serves(r.URL.Path) }

// Principal tells the Bandwidth-compatible APIs who sends a request that came through the server, false for nobody: it is
// what their option Authenticate wants.
func Principal(r *http.Request) (keys.Principal, bool) {
	c := keys.FromContext(r.Context())
	return c.Principal, c.Name != ""
}
