package web

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"callbox/routing/keys"
	"callbox/routing/twilio/rest"
)

// providers tells which provider's API a request is for, nil for none.
func providers(o Options) func(*http.Request) http.Handler {
	twilio, numbers, endpoints := provider(o.Twilio, o.Guard), numbersAPI(o.Bandwidth, o.Guard), unifiedAPI(o.Unified, o.Guard)
	return func(r *http.Request) http.Handler {
		switch {
		case ofBandwidth(r):
			return numbers
		case ofUnified(r):
			return endpoints
		case ofProvider(r):
			return twilio
		}
		return nil
	}
}

// ofProvider tells whether a request is for the Twilio-compatible APIs: by its path, or by the host name that clients of
// the trunking API use. Health checks know no hosts.
func ofProvider(r *http.Request) bool {
	host, _, _ := strings.Cut(r.Host, ".")
	return under(r.URL.Path, "/2010-04-01") || under(r.URL.Path, "/v1/Trunks") ||
		strings.EqualFold(host, "trunking") && !open(r.URL.Path)
}

func under(path, root string) bool {
	rest, ok := strings.CutPrefix(path, root)
	return ok && (rest == "" || rest[0] == '/' || rest[0] == '.')
}

// provider serves the Twilio-compatible APIs, nil where there are none, to who has credentials. They are asked for always,
// from this machine, too: client libraries expect it. Everything they are refused here has the provider's shape.
func provider(api http.Handler, g Guard) http.Handler {
	if api == nil {
		api = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			complain(w, r, &rest.Error{Status: http.StatusNotFound, Code: rest.CodeNotFound, Message: "The requested resource was not found"})
		})
	}
	known := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := Authenticate(g, r)
		if err != nil {
			refuseProvider(w, r, err)
			return
		}
		api.ServeHTTP(w, r.WithContext(keys.NewContext(r.Context(), c)))
	})
	return sameOrigin(known, func(w http.ResponseWriter, r *http.Request) {
		complain(w, r, rest.Forbidden(crossSite))
	})
}

// ProviderPrincipal tells the Twilio-compatible APIs who sends a request that came through the server: it is what their
// option Authenticate wants.
func ProviderPrincipal(r *http.Request) (rest.Principal, *rest.Error) {
	c := keys.FromContext(r.Context())
	if c.Name == "" {
		return rest.Principal{}, rest.Unauthenticated()
	}
	return rest.Principal(c.Principal), nil
}

func refuseProvider(w http.ResponseWriter, r *http.Request, err error) {
	var limited *keys.LimitedError
	switch {
	case errors.As(err, &limited):
		w.Header().Set("Retry-After", strconv.Itoa(int(limited.RetryAfter/time.Second)))
		complain(w, r, &rest.Error{Status: http.StatusTooManyRequests, Code: rest.CodeTooMany, Message: "Too Many Requests: " + limited.Error()})
	case errors.Is(err, keys.ErrAway):
		w.Header().Set("Retry-After", "5")
		complain(w, r, rest.Unavailable())
	default:
		complain(w, r, rest.Unauthenticated())
	}
}

func complain(w http.ResponseWriter, r *http.Request, e *rest.Error) {
	rest.WriteError(w, rest.FormatOf(r.URL.Path), e)
}
