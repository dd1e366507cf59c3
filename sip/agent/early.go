package agent

import (
	"sync"
	"time"
)

// earlyCancels remembers CANCELs that overtook their INVITE on the network: when the INVITE comes it is answered 487
// at once. It is bounded: when full, the oldest entry goes.
type earlyCancels struct {
	mu   sync.Mutex
	keys map[string]time.Time
}

const (
	earlyMax = 1024
	earlyTTL = 32 * time.Second
)

func (e *earlyCancels) add(key string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.keys == nil {
		e.keys = make(map[string]time.Time)
	}
	now := time.Now()
	if len(e.keys) >= earlyMax {
		oldest, at := "", now
		for k, t := range e.keys {
			if !t.After(at) {
				oldest, at = k, t
			}
		}
		delete(e.keys, oldest)
	}
	e.keys[key] = now
}

// take tells whether a CANCEL came for key, and forgets it.
func (e *earlyCancels) take(key string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	at, ok := e.keys[key]
	if ok {
		delete(e.keys, key)
	}
	return ok && time.Since(at) < earlyTTL
}
