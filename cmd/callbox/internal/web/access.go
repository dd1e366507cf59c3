package web

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"callbox/routing/keys"
)

// Guard tells who has logged in. Its error is keys.ErrWrong, a *keys.LimitedError or keys.ErrAway.
type Guard interface {
	Check(context.Context, keys.Login) (keys.Principal, error)
}

// ErrNoCredentials refuses a request that has no basic credentials.
var ErrNoCredentials = errors.New("no basic credentials")

// Authenticate tells who sends r by its basic credentials. The error is ErrNoCredentials or the guard's. r is not kept.
func Authenticate(g Guard, r *http.Request) (keys.Caller, error) {
	user, password, ok := r.BasicAuth()
	if !ok {
		return keys.Caller{}, ErrNoCredentials
	}
	from := peer(r)
	p, err := g.Check(r.Context(), keys.Login{User: user, Password: password, Source: from})
	return keys.Caller{Principal: p, Source: from}, err
}

// peer returns the address at the other end, the zero Addr where it has none. What headers say of it is not believed.
func peer(r *http.Request) netip.Addr {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr().Unmap()
}

// open are the pages anyone may read: health checks come from load balancers and say nothing about calls.
func open(path string) bool { return path == "/livez" || path == "/readyz" }

// access lets in who has credentials for what is asked, and who sits on this machine, and tells the handlers who it is
// (keys.FromContext). A request from the loopback interface counts as local only if its Host is local too, so that a web
// site cannot reach the edge through a name of its own that resolves to 127.0.0.1 (DNS rebinding), and only if no proxy
// says it speaks for somebody else.
func access(next http.Handler, g Guard) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if open(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		caller, err := identify(g, r)
		if err != nil {
			refuse(w, err)
			return
		}
		if why := forbidden(caller, r.Method, r.URL.Path); why != "" {
			problem(w, http.StatusForbidden, why)
			return
		}
		next.ServeHTTP(w, r.WithContext(keys.NewContext(r.Context(), caller)))
	})
}

// identify tells who asks: by credentials where there are some, else who is on this machine.
func identify(g Guard, r *http.Request) (keys.Caller, error) {
	c, err := Authenticate(g, r)
	if !errors.Is(err, ErrNoCredentials) {
		return c, err
	}
	if why := notLocal(r); why != "" {
		return c, &strangerError{why}
	}
	return keys.Caller{Principal: keys.Principal{Name: keys.Local}, Source: peer(r)}, nil
}

// strangerError says why somebody without credentials needs some.
type strangerError struct{ why string }

func (e *strangerError) Error() string { return e.why }

// refuse answers a request whose sender is not known.
func refuse(w http.ResponseWriter, err error) {
	var limited *keys.LimitedError
	switch {
	case errors.As(err, &limited):
		w.Header().Set("Retry-After", strconv.Itoa(int(limited.RetryAfter/time.Second)))
		problem(w, http.StatusTooManyRequests, err.Error())
	case errors.Is(err, keys.ErrAway):
		w.Header().Set("Retry-After", "5")
		problem(w, http.StatusServiceUnavailable, err.Error())
	default:
		w.Header().Set("WWW-Authenticate", `Basic realm="callbox", charset="UTF-8"`)
		problem(w, http.StatusUnauthorized, err.Error())
	}
}

// forbidden says why a caller may not do what it asks for, "" when it may.
func forbidden(c keys.Caller, method, path string) string {
	switch {
	case c.AccountSID != "":
		return c.Name + " is for the Twilio-compatible API of " + c.AccountSID + " alone; use the token with the main account's SID, or a key of all accounts"
	case !c.ReadOnly:
		return ""
	case path == keysPath || strings.HasPrefix(path, keysPath+"/"):
		return c.Name + " may read, but not see who else has keys; use a full token or key"
	case method == http.MethodGet || method == http.MethodHead || path == explainPath || path == lostPath:
		return "" // to explain is to read, however long the question
	}
	return c.Name + " may read and change nothing; use a full token or key"
}

// trusted tells whether a request comes with credentials that open this side, or from this machine.
func trusted(r *http.Request, g Guard) bool {
	c, err := identify(g, r)
	return err == nil && c.AccountSID == ""
}

// notLocal says why a request needs credentials, "" when it needs none.
func notLocal(r *http.Request) string {
	if !peer(r).IsLoopback() {
		return "only this machine may ask without the account SID and auth token as basic credentials"
	}
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(h) != "" {
			return "a request that came through a proxy needs the account SID and auth token as basic credentials"
		}
	}
	if !localName(r.Host) {
		return "a request for a host name other than localhost needs the account SID and auth token as basic credentials"
	}
	return ""
}

// localName tells whether a Host header names this machine by a name no DNS can redirect.
func localName(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// sameOrigin refuses unsafe requests that a browser sends on behalf of another site, by what deny answers.
func sameOrigin(next http.Handler, deny http.HandlerFunc) http.Handler {
	p := http.NewCrossOriginProtection()
	p.SetDenyHandler(deny)
	return p.Handler(next)
}

// crossSite is what such a request is told.
const crossSite = "a browser sent this on behalf of another site"
