package web

import (
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"callbox/psap/ng911"
	"callbox/routing/guesser"
)

// EmergencyData has the additional data of calls, for who knows a call's secret. It must not block.
type EmergencyData interface {
	Get(call, secret, kind string) (ng911.Block, bool)
}

// emergencyPath begins the URLs of additional data. They hold secrets: nobody may write them down.
const emergencyPath = "/emergency-data/"

// Wrong URLs that one network may ask for at once, one more in missEvery, and how many networks are known.
const (
	missBurst   = 20
	missEvery   = 3 * time.Second
	maxMissings = 4096
)

// emergencyData answers call centres, who have no credentials but the URL they were given. Whatever is wrong with it, the
// answer is the same. Guesses are limited for the work they make, not for what they might find: a right URL is answered
// whatever others of its network ask for, which may be all the world behind one proxy.
type emergencyData struct {
	data EmergencyData

	mu     sync.Mutex
	misses map[netip.Prefix]*rate.Limiter
}

func newEmergencyData(d EmergencyData) *emergencyData {
	return &emergencyData{data: d, misses: make(map[netip.Prefix]*rate.Limiter)}
}

// ServeHTTP implements http.Handler.
func (e *emergencyData) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, emergencyPath), "/")
	if e.data != nil && len(parts) == 3 && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		if b, ok := e.data.Get(parts[0], parts[1], parts[2]); ok {
			w.Header().Set("Content-Type", b.ContentType())
			_, _ = w.Write(b.Content)
			return
		}
	}
	if !e.limitOf(guesser.Network(peer(r))).Allow() {
		w.Header().Set("Retry-After", "3")
		problem(w, http.StatusTooManyRequests, "too many URLs that lead nowhere; try again later")
		return
	}
	problem(w, http.StatusNotFound, "there is nothing here")
}

// limitOf returns the limit of a network. When there are too many, all begin anew.
func (e *emergencyData) limitOf(n netip.Prefix) *rate.Limiter {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.misses[n]
	if l == nil {
		if len(e.misses) >= maxMissings {
			clear(e.misses)
		}
		l = rate.NewLimiter(rate.Every(missEvery), missBurst)
		e.misses[n] = l
	}
	return l
}
