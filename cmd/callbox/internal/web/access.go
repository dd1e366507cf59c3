package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// open are the pages anyone may read: health checks come from load balancers and say nothing about calls.
func open(path string) bool { return path == "/livez" || path == "/readyz" }

// access lets in who has the credentials, and who sits on this machine. A request from the loopback interface counts
// as local only if its Host is local too, so that a web site cannot reach the edge through a name of its own that
// resolves to 127.0.0.1 (DNS rebinding), and only if no proxy says it speaks for somebody else.
func access(next http.Handler, account, token string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if open(r.URL.Path) || authorized(r, account, token) {
			next.ServeHTTP(w, r)
			return
		}
		_, _, sent := r.BasicAuth()
		if why := notLocal(r); why != "" || sent {
			if sent {
				why = "the account SID or the auth token is wrong"
			}
			w.Header().Set("WWW-Authenticate", `Basic realm="callbox", charset="UTF-8"`)
			problem(w, http.StatusUnauthorized, why)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// trusted tells whether a request comes with the credentials, or from this machine.
func trusted(r *http.Request, account, token string) bool {
	return authorized(r, account, token) || notLocal(r) == ""
}

// authorized tells whether the request has the account's basic credentials, in a time that says nothing about them.
func authorized(r *http.Request, account, token string) bool {
	user, password, ok := r.BasicAuth()
	if !ok || token == "" {
		return false
	}
	return equal(user, account)&equal(password, token) == 1
}

func equal(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}

// notLocal says why a request needs credentials, "" when it needs none.
func notLocal(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !peer.Addr().Unmap().IsLoopback() {
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

// sameOrigin refuses unsafe requests that a browser sends on behalf of another site.
func sameOrigin(next http.Handler) http.Handler {
	p := http.NewCrossOriginProtection()
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		problem(w, http.StatusForbidden, "a browser sent this on behalf of another site")
	}))
	return p.Handler(next)
}
