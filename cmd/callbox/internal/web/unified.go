package web

import (
	"errors"
	"net/http"

	"callbox/routing/bandwidth/unified"
	"callbox/routing/keys"
)

// unifiedAPI serves the Bandwidth-compatible JSON API, nil where there is none, to who has credentials. They are asked for
// always, as with the other provider's. Everything they are refused here has the provider's shape.
func unifiedAPI(api http.Handler, g Guard) http.Handler {
	if api == nil {
		api = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { unified.WriteError(w, unified.NotFound()) })
	}
	known := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := Authenticate(g, r)
		var limited *keys.LimitedError
		switch {
		case err == nil:
			api.ServeHTTP(w, r.WithContext(keys.NewContext(r.Context(), c)))
		case errors.As(err, &limited):
			unified.WriteError(w, unified.TooMany(limited.RetryAfter))
		case errors.Is(err, keys.ErrAway):
			unified.WriteError(w, unified.Unavailable())
		default:
			unified.WriteError(w, unified.Unauthenticated())
		}
	})
	return sameOrigin(known, func(w http.ResponseWriter, _ *http.Request) {
		unified.WriteError(w, unified.Forbidden(crossSite+"."))
	})
}

// ofUnified tells whether a request is for the Bandwidth-compatible JSON API.
func ofUnified(r *http.Request) bool { return unified.Serves(r.URL.Path) }
