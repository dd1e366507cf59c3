package registrar

import (
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing"
	"callbox/routing/guesser"
)

// How guessing is slowed. Every figure is of wrong credentials; a challenge that nobody answers counts nothing.
const (
	freeTries  = 5                // of one source at one user
	freeUsers  = 20               // users that one source may fail at
	userTries  = 50               // of all sources at one user, after which each has one try a minute
	longest    = 5 * time.Minute  // that one is held up
	quiet      = 10 * time.Minute // without a failure: all is forgotten
	friendFor  = 24 * time.Hour   // a source is held up for a user's sake alone, once the user came in from there
	maxPairs   = 8192
	maxSources = 4096
	maxUsers   = 1024
	maxFriends = 8192
)

// Guard slows whoever guesses passwords by digest, in bounded memory: INVITE and REGISTER alike.
//
// A source has a few wrong tries at a user; then it is held up for a second, two, four and so on, and what comes meanwhile is
// refused like wrong credentials without a look at them, so that a right guess does not show. A source that fails at many users
// is held up for all users but those who have come in from there. What other addresses do holds up nobody who has not failed
// himself: a PBX is not locked out by strangers, and since nonces are good for one address, not by a forged source either.
// Nor is it by somebody at its own address, behind the same NAT or on the same machine: the very port or connection that a
// user came in from is not held up, until it is wrong itself.
type Guard struct {
	log zerolog.Logger

	mu      sync.Mutex
	pairs   book[pair]
	sources book[netip.Prefix]
	users   book[string]
	friends map[pair]time.Time
	spots   map[spot]time.Time
	figures GuardFigures
}

// GuardFigures count credentials since the start: right, wrong, and refused without a look.
type GuardFigures struct{ Right, Wrong, Held uint64 }

type pair struct {
	source netip.Prefix
	user   string
}

// spot is a port that a user came in from: the PBX's by UDP, else one connection.
type spot struct {
	at   netip.AddrPort
	user string
}

// record is what a key has failed at.
type record struct {
	failures int
	distinct int // of a source: users it failed at
	first    time.Time
	last     time.Time
	until    time.Time // held up until then
	held     uint64
}

// book is the records of one kind of key.
type book[K comparable] struct {
	most int
	of   map[K]*record
}

func newBook[K comparable](most int) book[K] { return book[K]{most: most, of: make(map[K]*record)} }

// get returns the record of a key, nil for none that counts.
func (b *book[K]) get(k K, now time.Time) *record {
	if r := b.of[k]; r != nil && now.Sub(r.last) < quiet {
		return r
	}
	return nil
}

// fail counts a failure. When there is no room the stale ones go, and others with them.
func (b *book[K]) fail(k K, now time.Time) *record {
	r := b.get(k, now)
	if r == nil {
		if len(b.of) >= b.most {
			b.makeRoom(now)
		}
		r = &record{first: now}
		b.of[k] = r
	}
	r.failures++
	r.last = now
	return r
}

// makeRoom lets go of a quarter, so that the next ones cost nothing.
func (b *book[K]) makeRoom(now time.Time) {
	for k, r := range b.of {
		if now.Sub(r.last) >= quiet {
			delete(b.of, k)
		}
	}
	for k := range b.of {
		if len(b.of) <= b.most-b.most/4 {
			return
		}
		delete(b.of, k)
	}
}

// NewGuard returns a guard that knows nobody.
func NewGuard(log zerolog.Logger) *Guard {
	return &Guard{
		log: log, pairs: newBook[pair](maxPairs), sources: newBook[netip.Prefix](maxSources), users: newBook[string](maxUsers),
		friends: make(map[pair]time.Time), spots: make(map[spot]time.Time),
	}
}

// Attempt is credentials on their way through the guard. It is a routing.Proof; End has to be called when it was asked.
type Attempt struct {
	proof        routing.Proof
	guard        *Guard
	pair         pair
	spot         spot
	known        bool // the user came in from this very spot
	held         bool
	asked, right bool
}

// Begin takes the credentials of a request from a source, whose port is 0 where it is not known.
func (g *Guard) Begin(source netip.AddrPort, p routing.Proof) *Attempt {
	user := p.Username()
	user = user[:min(len(user), 64)]
	a := &Attempt{
		proof: p, guard: g, pair: pair{guesser.Network(source.Addr()), user},
		spot: spot{netip.AddrPortFrom(source.Addr().Unmap(), source.Port()), user},
	}
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	since, ok := g.spots[a.spot]
	if a.known = ok && now.Sub(since) < friendFor; a.known {
		return a
	}
	for _, r := range g.holding(a.pair, now) {
		if now.Before(r.until) {
			a.held = true
			r.held++
		}
	}
	return a
}

// holding returns the records that can hold up an attempt.
func (g *Guard) holding(p pair, now time.Time) (out []*record) {
	if r := g.pairs.get(p, now); r != nil {
		out = append(out, r)
	}
	if since, ok := g.friends[p]; ok && now.Sub(since) < friendFor {
		return out
	}
	if r := g.sources.get(p.source, now); r != nil {
		out = append(out, r)
	}
	return out
}

// Username returns the user name as sent.
func (a *Attempt) Username() string { return a.proof.Username() }

// Verify asks the credentials, unless they are held up: then they prove nothing.
func (a *Attempt) Verify(realm, md5, sha256 string) bool {
	a.asked = true
	if a.held {
		return false
	}
	a.right = a.proof.Verify(realm, md5, sha256) || a.right
	return a.right
}

// Stale tells whether the credentials are to be challenged anew.
func (a *Attempt) Stale() bool {
	s, ok := a.proof.(interface{ Stale() bool })
	return ok && s.Stale()
}

// End tells the guard what became of the attempt. Credentials that nobody asked, or with an old nonce, count nothing.
func (a *Attempt) End() {
	if !a.asked || !a.right && !a.held && a.Stale() {
		return
	}
	g, now := a.guard, time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case a.held:
		g.figures.Held++
	case a.right:
		g.figures.Right++
		g.befriend(a, now)
	default:
		g.figures.Wrong++
		delete(g.spots, a.spot)
		g.fail(a.pair, now)
	}
}

// befriend notes that a user came in from a source. What others at that address have failed at stays, where the user came
// in by a spot of his own: his calls must not give them tries.
func (g *Guard) befriend(a *Attempt, now time.Time) {
	if !a.known {
		delete(g.pairs.of, a.pair)
	}
	note(g.friends, a.pair, now)
	if a.spot.at.Port() != 0 {
		note(g.spots, a.spot, now)
	}
}

// note keeps when something was last seen, of maxFriends at most.
func note[K comparable](seen map[K]time.Time, k K, now time.Time) {
	if _, known := seen[k]; !known && len(seen) >= maxFriends {
		for k, since := range seen {
			if now.Sub(since) >= friendFor || len(seen) > maxFriends-maxFriends/4 {
				delete(seen, k)
			}
		}
	}
	seen[k] = now
}

// fail notes wrong credentials and holds up who sent them.
func (g *Guard) fail(p pair, now time.Time) {
	first := g.pairs.get(p, now) == nil
	r, u := g.pairs.fail(p, now), g.users.fail(p.user, now)
	if r.failures > freeTries {
		r.until = now.Add(growing(r.failures - freeTries))
	}
	if _, friend := g.friends[p]; !friend && u.failures > userTries {
		r.until = later(r.until, now.Add(time.Minute))
	}
	s := g.sources.fail(p.source, now)
	if first {
		s.distinct++
	}
	if s.distinct > freeUsers {
		s.until = now.Add(growing(s.distinct - freeUsers))
	}
	if s.failures == 1 || s.distinct == freeUsers+1 && first {
		g.log.Warn().Str("source", p.source.Addr().String()).Int("users", s.distinct).
			Str("mend", "if it is your PBX or phone, see its user name and password; quiet for ten minutes, it is said again").
			Msg("wrong sip credentials")
	}
}

// growing is how long the nth failure too many is held up.
func growing(n int) time.Duration {
	if n > 9 {
		return longest
	}
	return min(longest, time.Second<<(n-1))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Failure is wrong credentials of one source at one user within the last ten minutes.
type Failure struct {
	Source    netip.Prefix
	User      string
	Failures  int
	Held      uint64 // refused without a look
	First     time.Time
	Last      time.Time
	HeldUntil time.Time // zero where it is not held up
}

// Failures lists who has failed lately, the latest first.
func (g *Guard) Failures() []Failure {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []Failure
	for p, r := range g.pairs.of {
		if now.Sub(r.last) >= quiet {
			continue
		}
		f := Failure{Source: p.source, User: p.user, Failures: r.failures, Held: r.held, First: r.first, Last: r.last}
		until := r.until
		if s := g.sources.get(p.source, now); s != nil {
			until = later(until, s.until)
		}
		if until.After(now) {
			f.HeldUntil = until
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b Failure) int {
		if c := b.Last.Compare(a.Last); c != 0 {
			return c
		}
		return strings.Compare(a.User, b.User)
	})
	return out
}

// Figures returns the counts as they stand.
func (g *Guard) Figures() GuardFigures {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.figures
}
