package keys

import (
	"crypto/rand"
	"crypto/sha256"
	"math"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"callbox/routing/guesser"
)

// Limits of guessing. A source or a user that is not tracked has its whole burst.
const (
	sourceBurst = 10
	sourceEvery = 5 * time.Second // another guess
	userBurst   = 100
	userEvery   = time.Second

	maxSources = 4096
	maxUsers   = 1024
	maxFriends = 1024
	friendFor  = 24 * time.Hour
	maxWrong   = 8                // wrong logins remembered of a source
	quiet      = 10 * time.Minute // ends an episode
)

// verdict is what became of a login.
type verdict uint8

const (
	right verdict = iota
	wrong
	limited
)

// limiter bounds how fast logins can be guessed, by source and by user, in bounded memory.
//
// Only a guess costs something: a wrong login that its source has sent before tells its sender nothing new, so that a PBX
// with an old password does not lock out the admin behind the same NAT. And a source from which a user has come in within
// a day is not held up by what others guess at that user, so that nobody is locked out by strangers elsewhere. A right
// login that comes while its source is held up is refused like a wrong one: else the limit would limit nothing.
type limiter struct {
	salt [sha256.Size]byte // of what is remembered of wrong logins

	mu      sync.Mutex
	sources recent[netip.Prefix, *source]
	users   recent[digest, *rate.Limiter]
	friends recent[friendship, time.Time]
}

// source is an address, or the IPv6 network of a site, that sent a wrong login.
type source struct {
	guesses *rate.Limiter
	wrong   []digest // the last ones, newest at the end
	last    time.Time
	told    verdict // what the log has said of this episode: right for nothing
}

// friendship is a source from which a user came in.
type friendship struct {
	source netip.Prefix
	user   digest
}

func newLimiter() *limiter {
	l := &limiter{
		sources: newRecent[netip.Prefix, *source](maxSources),
		users:   newRecent[digest, *rate.Limiter](maxUsers),
		friends: newRecent[friendship, time.Time](maxFriends),
	}
	_, _ = rand.Read(l.salt[:]) // never fails
	return l
}

// judge decides what becomes of a login that is right or not. first tells that it is the first of its kind within an
// episode of its source: it is to be logged.
func (l *limiter) judge(now time.Time, in Login, isRight bool) (v verdict, wait time.Duration, first bool) {
	from, user := guesser.Network(in.Source), digestOf(in.User)
	l.mu.Lock()
	defer l.mu.Unlock()
	s, known := l.sources.get(from)
	if wait = l.wait(now, s, from, user); wait > 0 {
		if !known { // held up for its user alone
			s = l.newSource(from, now)
		}
		return limited, wait, s.news(now, limited)
	}
	if isRight {
		l.friends.put(friendship{from, user}, now)
		return right, 0, false
	}
	if !known {
		s = l.newSource(from, now)
	}
	if l.remember(s, in) {
		s.guesses.AllowN(now, 1)
		l.ofUser(user).AllowN(now, 1)
	}
	return wrong, 0, s.news(now, wrong)
}

// wait returns how long a login has to wait, 0 when it may be tried. s may be nil.
func (l *limiter) wait(now time.Time, s *source, from netip.Prefix, user digest) time.Duration {
	var wait time.Duration
	if s != nil {
		wait = until(now, s.guesses, sourceEvery)
	}
	if since, ok := l.friends.get(friendship{from, user}); ok && now.Sub(since) < friendFor {
		return wait
	}
	if u, ok := l.users.get(user); ok {
		wait = max(wait, until(now, u, userEvery))
	}
	return wait
}

// until returns how long it takes until a bucket that gets a token each interval has one, in whole seconds.
func until(now time.Time, b *rate.Limiter, every time.Duration) time.Duration {
	lacking := 1 - b.TokensAt(now)
	if lacking <= 0 {
		return 0
	}
	return time.Duration(math.Ceil(lacking*every.Seconds())) * time.Second
}

func (l *limiter) newSource(from netip.Prefix, now time.Time) *source {
	s := &source{guesses: rate.NewLimiter(rate.Every(sourceEvery), sourceBurst), last: now}
	l.sources.put(from, s)
	return s
}

func (l *limiter) ofUser(user digest) *rate.Limiter {
	u, ok := l.users.get(user)
	if !ok {
		u = rate.NewLimiter(rate.Every(userEvery), userBurst)
		l.users.put(user, u)
	}
	return u
}

// remember notes a wrong login and tells whether it is a new one of this source.
func (l *limiter) remember(s *source, in Login) (isNew bool) {
	d := l.salted(in)
	for i, w := range s.wrong {
		if w == d {
			s.wrong = append(append(s.wrong[:i:i], s.wrong[i+1:]...), d)
			return false
		}
	}
	if len(s.wrong) == maxWrong {
		s.wrong = s.wrong[1:]
	}
	s.wrong = append(s.wrong[:len(s.wrong):len(s.wrong)], d)
	return true
}

// salted is what is remembered of a login: nothing to learn from, even with all of the memory at hand for a while.
func (l *limiter) salted(in Login) digest {
	h := sha256.New()
	h.Write(l.salt[:])
	u, p := digestOf(in.User), digestOf(in.Password)
	h.Write(u[:])
	h.Write(p[:])
	return digest(h.Sum(nil))
}

// news notes a refusal and tells whether the episode has had none of its kind before.
func (s *source) news(now time.Time, v verdict) bool {
	if now.Sub(s.last) >= quiet {
		s.told = right
	}
	s.last = now
	if s.told >= v {
		return false
	}
	s.told = v
	return true
}
