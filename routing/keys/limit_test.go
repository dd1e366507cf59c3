package keys

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"callbox/routing/guesser"
)

// guess logs in wrongly with a password of its own each time, and returns how many guesses were looked at.
func guess(t *testing.T, g *Guard, user string, from netip.Addr, times int) (looked int) {
	t.Helper()
	for i := range times {
		_, err := g.Check(t.Context(), Login{user, fmt.Sprint("guess ", i, time.Now()), from})
		if errors.Is(err, ErrWrong) {
			looked++
		}
	}
	return looked
}

// enter logs in with the token and returns for how long it has to wait, 0 when it is in.
func enter(t *testing.T, g *Guard, from netip.Addr) time.Duration {
	t.Helper()
	_, err := g.Check(t.Context(), Login{mainAccount, token, from})
	var held *LimitedError
	if err != nil && !errors.As(err, &held) {
		t.Fatal(err)
	}
	if held != nil {
		return held.RetryAfter
	}
	return 0
}

// inTime runs a test in fake time with a guard of its own.
func inTime(t *testing.T, test func(t *testing.T, g *Guard)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { test(t, newTestGuard(nil, &bytes.Buffer{})) })
}

func TestASourceGuessesSlowlyAndThePasswordDoesNotShow(t *testing.T) {
	inTime(t, func(t *testing.T, g *Guard) {
		if n := guess(t, g, mainAccount, far, 1000); n != sourceBurst {
			t.Errorf("%d guesses at once", n)
		}
		wait := enter(t, g, far)
		if wait <= 0 || wait > sourceEvery {
			t.Errorf("a right login of a source that is held up: wait %v", wait)
		}
		time.Sleep(wait)
		if more := enter(t, g, far); more != 0 {
			t.Errorf("after the wait it was told: wait %v more", more)
		}
		_ = guess(t, g, mainAccount, far, 1)
		looked := 0
		for range 720 { // an hour
			time.Sleep(sourceEvery)
			looked += guess(t, g, mainAccount, far, 5)
		}
		if looked > 730 {
			t.Errorf("%d guesses in an hour", looked)
		}
	})
}

func TestAnOldPasswordNextToAnAdminLocksNobodyOut(t *testing.T) {
	inTime(t, func(t *testing.T, g *Guard) {
		for range 3600 {
			if _, err := g.Check(t.Context(), Login{mainAccount, "an old token", office}); !errors.Is(err, ErrWrong) {
				t.Fatalf("the PBX: %v", err)
			}
			if wait := enter(t, g, office); wait != 0 {
				t.Fatalf("the admin has to wait %v", wait)
			}
			time.Sleep(time.Second)
		}
	})
}

func TestSeveralOldPasswordsInTurnAreStillNoGuesses(t *testing.T) {
	inTime(t, func(t *testing.T, g *Guard) {
		for i := range 500 {
			if _, err := g.Check(t.Context(), Login{mainAccount, fmt.Sprint("old ", i%maxWrong), office}); !errors.Is(err, ErrWrong) {
				t.Fatalf("login %d: %v", i, err)
			}
		}
	})
}

func TestStrangersElsewhereLockNobodyOut(t *testing.T) {
	inTime(t, func(t *testing.T, g *Guard) {
		if enter(t, g, office) != 0 {
			t.Fatal("not in at first")
		}
		looked := 0
		for i := range 200 {
			looked += guess(t, g, mainAccount, netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), 10)
		}
		if looked != userBurst {
			t.Errorf("%d guesses at one user from 200 sources", looked)
		}
		if wait := enter(t, g, office); wait != 0 {
			t.Errorf("the office, known from before, has to wait %v", wait)
		}
		if enter(t, g, netip.MustParseAddr("203.0.113.1")) == 0 {
			t.Error("a source that is not known is not held up")
		}
		if _, err := g.Check(t.Context(), Login{otherAccount, token, netip.MustParseAddr("203.0.113.2")}); err != nil {
			t.Errorf("another user: %v", err)
		}
		for i := range 5000 { // nor by filling the memory
			_ = guess(t, g, mainAccount, netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 1)
		}
		if wait := enter(t, g, office); wait != 0 {
			t.Errorf("forgotten after a flood: wait %v", wait)
		}
		time.Sleep(friendFor)
		for i := range 200 {
			_ = guess(t, g, mainAccount, netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), 10)
		}
		if enter(t, g, office) == 0 {
			t.Error("a source that was known yesterday is still trusted")
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	inTime(t, func(t *testing.T, g *Guard) {
		for i := range 3 * maxSources {
			a := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
			_ = guess(t, g, fmt.Sprint("user ", i), a, 1)
		}
		for i := range 2 * maxFriends {
			_ = enter(t, g, netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)}))
		}
		_ = guess(t, g, mainAccount, far, 100)
		l := g.limits
		if len(l.sources.entries) != maxSources || len(l.users.entries) != maxUsers || len(l.friends.entries) != maxFriends {
			t.Errorf("%d sources, %d users, %d friends", len(l.sources.entries), len(l.users.entries), len(l.friends.entries))
		}
		s, _ := l.sources.get(guesser.Network(far))
		if len(s.wrong) != maxWrong || cap(s.wrong) > 4*maxWrong {
			t.Errorf("%d wrong logins, room for %d", len(s.wrong), cap(s.wrong))
		}
	})
}

func TestRecentForgetsWhatWasUsedLongestAgo(t *testing.T) {
	t.Parallel()
	r := newRecent[string, int](2)
	r.put("a", 1)
	r.put("b", 2)
	r.get("a")
	r.put("c", 3)
	r.put("a", 4)
	if _, ok := r.get("b"); ok {
		t.Error("b is still there")
	}
	if v, _ := r.get("a"); v != 4 || len(r.entries) != 2 {
		t.Errorf("a is %d of %d", v, len(r.entries))
	}
}
