package registrar

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// The provider's limit of REGISTERs of one AOR, a second, and how many may come at once: phones of one user that start
// together after a power failure.
const (
	aorRate  = 5
	aorBurst = 20
)

// aor is an address of record. It is there while it has bindings, is being written to, or was a moment ago.
type aor struct {
	key      aorKey
	turn     sync.Mutex // held by who changes it
	rate     *rate.Limiter
	bindings atomic.Pointer[[]*Binding] // never nil; what it points to does not change
	holders  int                        // guarded by Registrar.mu
	used     time.Time                  // guarded by Registrar.mu
}

func newAOR(key aorKey) *aor {
	a := &aor{key: key, rate: rate.NewLimiter(aorRate, aorBurst)}
	a.bindings.Store(&[]*Binding{})
	return a
}

// list returns the bindings that have not expired.
func (a *aor) list(now time.Time) []*Binding {
	all := *a.bindings.Load()
	if !slices.ContainsFunc(all, func(b *Binding) bool { return !now.Before(b.Expires) }) {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(b *Binding) bool { return !now.Before(b.Expires) })
}

// find returns an AOR, nil where nothing is known of it.
func (r *Registrar) find(key aorKey) *aor {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.aors[key]
}

// hold returns an AOR to be changed.
func (r *Registrar) hold(key aorKey) *aor {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.aors[key]
	if a == nil {
		a = newAOR(key)
		r.aors[key] = a
	}
	a.holders++
	return a
}

func (r *Registrar) release(a *aor) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a.holders--
	a.used = time.Now()
}

// change is what a REGISTER does to an AOR.
type change struct {
	next     []*Binding
	put      []*Binding // new or written over
	removed  []*Binding
	urgent   bool // more than a longer life
	outbound bool
}

// apply finds what a REGISTER does, all of it or nothing (RFC 3261 section 10.3). cur is not changed.
func (r *Registrar) apply(now time.Time, d *home, cur []*Binding, q Request) (c change, refused Answer, ok bool) {
	c.next = cur
	if !q.Star && len(q.Contacts) == 0 {
		return c, Answer{}, true
	}
	c.next = slices.Clone(cur)
	contacts := q.Contacts
	if q.Star {
		contacts = nil
		for _, b := range cur {
			contacts = append(contacts, Contact{URI: b.URI, Instance: b.Instance, RegID: b.RegID, Expires: 0})
		}
	}
	for _, contact := range contacts {
		life, fits := r.life(contact.Expires, q.Expires)
		if !fits {
			a := refusal(423, "Interval Too Brief", fmt.Sprintf("bindings last %s at least", r.o.MinExpires), 0)
			a.MinExpires = int(r.o.MinExpires / time.Second)
			return change{}, a, false
		}
		if refused, ok := c.bind(now, d, contact, life, q); !ok {
			return change{}, refused, false
		}
	}
	if len(c.next) > r.o.MaxBindings && len(c.next) > len(cur) {
		return change{}, forbidden(fmt.Sprintf("sip:%s@%s has %d bindings, the most there may be; unregister a device or wait until one expires",
			q.User, d.name, r.o.MaxBindings), codeBindings), false
	}
	return c, Answer{}, true
}

// life is how long a binding is to last, 0 to remove it.
func (r *Registrar) life(said, header int) (time.Duration, bool) {
	if said < 0 {
		said = header
	}
	switch d := time.Duration(said) * time.Second; {
	case said < 0:
		return r.o.DefaultExpires, true
	case said == 0:
		return 0, true
	case d < r.o.MinExpires:
		return 0, false
	default:
		return min(d, r.o.MaxExpires), true
	}
}

// bind makes, prolongs or removes one binding.
func (c *change) bind(now time.Time, d *home, contact Contact, life time.Duration, q Request) (Answer, bool) {
	sid := bindingSID(d.sid, q.User, contact)
	at := slices.IndexFunc(c.next, func(b *Binding) bool { return b.SID == sid })
	var old *Binding
	if at >= 0 {
		old = c.next[at]
		if old.CallID == q.CallID {
			switch {
			case q.CSeq < old.CSeq:
				return refusal(500, "Server Internal Error", "a later REGISTER with this Call-ID was here before; CSeq must grow", 0), false
			case q.CSeq == old.CSeq:
				return Answer{}, true
			}
		}
	}
	if life == 0 {
		if old != nil {
			c.next = slices.Delete(c.next, at, at+1)
			c.removed, c.urgent = append(c.removed, old), true
		}
		return Answer{}, true
	}
	b := &Binding{
		SID: sid, AccountSID: d.account, DomainSID: d.sid, Domain: d.name, User: q.User,
		URI: contact.URI, Q: contact.Q, Instance: contact.Instance, RegID: contact.RegID, CallID: q.CallID, CSeq: q.CSeq,
		Transport: q.Transport, Remote: q.Source, Local: q.Local, Path: q.Path, UserAgent: q.UserAgent,
		Natted: q.Direct && behindNAT(contact, q.Transport, q.Source), Created: now, Refreshed: now, Expires: now.Add(life),
	}
	c.outbound = c.outbound || b.Instance != "" && b.RegID != 0 && q.Direct
	c.put = append(c.put, b)
	if old == nil {
		c.next, c.urgent = append(c.next, b), true
		return Answer{}, true
	}
	b.Created = old.Created
	c.next[at] = b
	c.urgent = c.urgent || !sameWay(old, b)
	return Answer{}, true
}

// sameWay tells whether calls reach both bindings alike, and in the same order.
func sameWay(a, b *Binding) bool {
	return a.URI == b.URI && a.Q == b.Q && a.Transport == b.Transport && a.Remote == b.Remote && a.Local == b.Local &&
		slices.Equal(a.Path, b.Path)
}

// behindNAT tells whether a phone's Contact names another address than it sends from. A name says nothing, nor does the port
// that a connection comes from.
func behindNAT(c Contact, transport string, source netip.AddrPort) bool {
	if !c.Host.IsValid() {
		return false
	}
	if transport != "udp" {
		return c.Host.Unmap() != source.Addr().Unmap()
	}
	port := c.Port
	if port == 0 {
		port = 5060
	}
	return c.Host.Unmap() != source.Addr().Unmap() || port != source.Port()
}

// bindingSID names a binding: by instance and reg-id where there are both (RFC 5626 section 6), else by its URI. It is the same on
// every edge, so that two that hear of one device at once write one row.
func bindingSID(domain, user string, c Contact) string {
	key := "u" + c.URI
	if c.Instance != "" && c.RegID != 0 {
		key = "i" + strconv.Itoa(c.RegID) + " " + c.Instance
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{domain, user, key}, "\x00")))
	return "RG" + hex.EncodeToString(sum[:16])
}

// bySuitability orders bindings for a call: those that answer before those that do not, then by q, then the latest first.
func bySuitability(a, b Binding) int {
	if x, y := a.State.lost(), b.State.lost(); x != y {
		if y {
			return -1
		}
		return 1
	}
	if a.Q != b.Q {
		return b.Q - a.Q
	}
	return b.Refreshed.Compare(a.Refreshed)
}
