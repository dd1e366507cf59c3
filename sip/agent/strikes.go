package agent

import (
	"hash/maphash"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// strikes remembers who sends what is of no use: an address whose INVITEs are refused for what they are, or whose
// messages cannot be read, time and again without one that is taken. Anybody can ask for an emergency number, so that
// the number alone does not tell callers from a flood. All such addresses together have a few messages a second looked
// at; the others get 503 from a glance, or silence where a glance does not do. One that was taken within the hour does
// not lose its place, since its address may be forged by others.
//
// A slot holds a hash of the address, a time, and a count. A new address takes the place of an old one, but of none
// that was taken lately.
//
//	|<------ hash ------>|<- seconds ->|<- count ->|
//	63                 32 31          8 7          0
type strikes struct {
	seed  maphash.Seed
	born  time.Time
	last  atomic.Int64 // when an address was out, in nanoseconds since born; 0 for never
	next  atomic.Int64 // when the messages looked at so far are paid for, likewise
	slots [1 << 14]atomic.Uint64
}

const (
	strikesOut = 8               // so many make an address one of the last
	strikeTime = 60              // seconds for which they count
	goodTime   = 60 * strikeTime // seconds for which an address keeps its place
	good       = 255             // the count of one that was taken

	spareEach  = 5 * time.Millisecond // one message of those who are out is looked at in so long
	spareBurst = 500 * time.Millisecond
)

func newStrikes() *strikes { return &strikes{seed: maphash.MakeSeed(), born: time.Now()} }

// secondBits are those of the time: half a year, after which an old slot would seem new for a while.
const secondBits = 1<<24 - 1

func (t *strikes) now() uint32 { return uint32(time.Since(t.born)/time.Second) & secondBits }

func (t *strikes) slot(a netip.Addr) (*atomic.Uint64, uint64) {
	sum := maphash.Comparable(t.seed, neighbourhood(a))
	return &t.slots[sum%uint64(len(t.slots))], sum &^ (1<<32 - 1)
}

// read returns what a slot says: whose it is, how often, and whether that counts still.
func (t *strikes) read(v uint64) (whose uint64, count uint8, fresh bool) {
	whose, count = v&^(1<<32-1), uint8(v)
	age := (t.now() - uint32(v>>8)) & secondBits
	return whose, count, v != 0 && (age < strikeTime || count == good && age < goodTime)
}

// add counts one more from an address.
func (t *strikes) add(a netip.Addr) {
	slot, sum := t.slot(a)
	v := slot.Load()
	whose, count, fresh := t.read(v)
	switch {
	case fresh && count == good:
		return
	case !fresh || whose != sum:
		count = 0
	}
	slot.CompareAndSwap(v, sum|uint64(t.now())<<8|uint64(min(count+1, strikesOut)))
}

// forgive notes that an INVITE of an address was taken.
func (t *strikes) forgive(a netip.Addr) {
	slot, sum := t.slot(a)
	slot.Store(sum | uint64(t.now())<<8 | good)
}

// out tells whether an address has had its chances.
func (t *strikes) out(a netip.Addr) bool {
	slot, sum := t.slot(a)
	whose, count, fresh := t.read(slot.Load())
	if !fresh || whose != sum || count != strikesOut {
		return false
	}
	t.last.Store(int64(time.Since(t.born)))
	return true
}

// recently tells whether an address was out in the last minute.
func (t *strikes) recently() bool {
	last := t.last.Load()
	return last != 0 && time.Since(t.born)-time.Duration(last) < strikeTime*time.Second
}

// spare tells whether there is time to look at one more message of those who are out, and takes it.
func (t *strikes) spare() bool {
	now, next := int64(time.Since(t.born)), t.next.Load()
	if next > now+int64(spareBurst) {
		return false
	}
	t.next.CompareAndSwap(next, max(next, now)+int64(spareEach))
	return true
}

// neighbourhood is what an address counts for: an IPv6 host has a whole /64 to choose from.
func neighbourhood(a netip.Addr) netip.Addr {
	if a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}

// proves tells whether credentials come with a nonce that was given out lately and is seen for the first time. Whoever
// was challenged has a right to be heard: eight calls at once by somebody who has to prove each of them are eight
// refusals, too.
func (a *Agent) proves(credentials string, source netip.Addr) bool {
	_, nonce, _ := strings.Cut(credentials, `nonce="`)
	nonce, _, ok := strings.Cut(nonce, `"`)
	if !ok {
		return false
	}
	made, ok := a.nonces.made(nonce, source)
	if !ok || time.Since(a.nonces.start)-time.Duration(made) >= turnedTime*time.Second || a.shown.has(netip.AddrPort{}, []byte(nonce)) {
		return false
	}
	a.shown.add(netip.AddrPort{}, []byte(nonce))
	return true
}

// provesAny tells whether one of several credentials proves.
func (a *Agent) provesAny(credentials []Header, source netip.Addr) bool {
	return slices.ContainsFunc(credentials, func(h Header) bool { return a.proves(h.Value, source) })
}
