package agent

import (
	"hash/maphash"
	"sync"
	"time"
)

// earlyCancels remembers CANCELs that overtook their INVITE on the network: when the INVITE comes it is answered 487
// at once. It is bounded: when full, the oldest entry goes.
type earlyCancels struct {
	mu   sync.Mutex
	keys map[uint64]time.Time
	ring [earlyMax]uint64 // the keys in the order they came
	next int
}

const (
	earlyMax = 1024
	earlyTTL = 32 * time.Second
)

// earlyKey is what a CANCEL has in common with its INVITE. Call-ID and address are part of it so that branches that can
// be guessed are not enough to cancel calls to come.
func (a *Agent) earlyKey(f flow, p *packet) uint64 {
	return maphash.String(a.seed, serverKey(p)+" "+p.callID+" "+f.remote.Addr().String())
}

func (e *earlyCancels) add(key uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.keys == nil {
		e.keys = make(map[uint64]time.Time)
	}
	if _, repeated := e.keys[key]; !repeated {
		delete(e.keys, e.ring[e.next])
		e.ring[e.next] = key
		e.next = (e.next + 1) % earlyMax
	}
	e.keys[key] = time.Now()
}

// take tells whether a CANCEL came for key, and forgets it.
func (e *earlyCancels) take(key uint64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	at, ok := e.keys[key]
	if ok {
		delete(e.keys, key)
	}
	return ok && time.Since(at) < earlyTTL
}
