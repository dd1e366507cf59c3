package registrar

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing/directory"
)

var ofAlice = directory.MakeHA1("alice", secret)

// try sends credentials through a guard and tells whether they were looked at and right.
func try(g *Guard, source, user, password string) (seen, right bool) {
	return tryFrom(g, netip.AddrPortFrom(netip.MustParseAddr(source), 0), user, password)
}

func tryFrom(g *Guard, source netip.AddrPort, user, password string) (seen, right bool) {
	asked := 0
	a := g.Begin(source, word{user: user, password: password, asked: &asked})
	right = a.Verify(directory.Realm, ofAlice.MD5, ofAlice.SHA256)
	a.End()
	return asked > 0, right
}

func TestGuessingGrowsSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGuard(zerolog.Nop())
		looked := 0
		for range 3600 { // an hour of guesses, one a second
			if seen, _ := try(g, "198.51.100.7", "alice", "guess"); seen {
				looked++
			}
			time.Sleep(time.Second)
		}
		if looked < freeTries || looked > freeTries+9+12 {
			t.Errorf("%d guesses of 3600 were looked at", looked)
		}
		if seen, right := try(g, "198.51.100.7", "alice", secret); seen || right {
			t.Error("a right guess shows while its source is held up")
		}
		if f := g.Figures(); f.Wrong != uint64(looked) || f.Held != uint64(3601-looked) {
			t.Errorf("%+v", f)
		}
		time.Sleep(longest)
		if _, right := try(g, "198.51.100.7", "alice", secret); !right {
			t.Error("whoever waits is never let in")
		}
	})
}

// Somebody behind the PBX's NAT, or on its machine, who guesses its password must not cost it its emergency calls.
func TestAPBXIsNotLockedOutFromItsOwnAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGuard(zerolog.Nop())
		pbx, other := netip.MustParseAddrPort("192.0.2.1:5060"), netip.MustParseAddrPort("192.0.2.1:40000")
		if _, right := tryFrom(g, pbx, "alice", secret); !right {
			t.Fatal("the PBX does not come in")
		}
		looked := 0
		for i := range 600 {
			if seen, _ := tryFrom(g, other, "alice", fmt.Sprint("guess", i)); seen {
				looked++
			}
			if _, right := tryFrom(g, pbx, "alice", secret); !right {
				t.Fatalf("the PBX is locked out after %d guesses", i+1)
			}
			time.Sleep(time.Second)
		}
		if looked > freeTries+10 {
			t.Errorf("%d guesses of 600 were looked at, since the PBX came in meanwhile", looked)
		}
		if _, right := tryFrom(g, netip.AddrPortFrom(pbx.Addr(), 0), "alice", secret); right {
			t.Error("a port that is not known is the PBX's")
		}
		tryFrom(g, pbx, "alice", "old password")
		if seen, _ := tryFrom(g, pbx, "alice", secret); seen {
			t.Error("its own port is trusted after it was wrong")
		}
		time.Sleep(longest)
		if _, right := tryFrom(g, pbx, "alice", secret); !right {
			t.Error("whoever waits is never let in")
		}
	})
}

// The PBX must get through whatever strangers do, and its phones whatever one of them does.
func TestNobodyIsHeldUpForOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGuard(zerolog.Nop())
		for i := range 3000 {
			try(g, fmt.Sprintf("198.51.%d.%d", i/100%100, i%100), "alice", fmt.Sprint("guess", i))
		}
		if _, right := try(g, "192.0.2.1", "alice", secret); !right {
			t.Error("a PBX that was never here before is locked out by 3000 strangers")
		}
		for i := range 1000 { // one phone behind the same NAT has an old password, another goes through names
			try(g, "192.0.2.1", "bob", "old password")
			try(g, "192.0.2.1", fmt.Sprint("user", i), "guess")
		}
		if _, right := try(g, "192.0.2.1", "alice", secret); !right {
			t.Error("a user who was in before is locked out by her neighbours")
		}
	})
}

func TestASourceThatTriesManyUsersIsHeldUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, looked := NewGuard(zerolog.Nop()), 0
		for i := range 1000 {
			if seen, _ := try(g, "2001:db8::1", fmt.Sprint("user", i), "guess"); seen {
				looked++
			}
			time.Sleep(10 * time.Millisecond)
		}
		if looked > freeUsers+6 {
			t.Errorf("%d users of 1000 were tried", looked)
		}
		if seen, _ := try(g, "2001:db8::ffff", "one more", "guess"); seen {
			t.Error("another address of the same site is somebody else")
		}
		if seen, _ := try(g, "2001:db8:0:1::1", "one more", "guess"); !seen {
			t.Error("another site is the same")
		}
	})
}

// Many sources at one user have one try a minute each, once there were too many.
func TestADistributedGuessIsSlowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, looked := NewGuard(zerolog.Nop()), 0
		for range 300 {
			for i := range 100 {
				if seen, _ := try(g, fmt.Sprintf("198.51.100.%d", i), "alice", "guess"); seen {
					looked++
				}
			}
			time.Sleep(time.Second)
		}
		if looked > 100*(1+5+1)+userTries {
			t.Errorf("%d guesses of 30000 were looked at", looked)
		}
	})
}

func TestWhatTheGuardKeepsIsBounded(t *testing.T) {
	t.Parallel()
	g := NewGuard(zerolog.Nop())
	for i := range 10000 {
		source := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}).String()
		try(g, source, strings.Repeat("x", i%200)+fmt.Sprint(i), "guess")
		tryFrom(g, netip.MustParseAddrPort(source+":5060"), "alice", secret)
	}
	if len(g.pairs.of) > maxPairs || len(g.sources.of) > maxSources || len(g.users.of) > maxUsers || len(g.friends) > maxFriends || len(g.spots) > maxFriends {
		t.Errorf("%d pairs, %d sources, %d users, %d friends", len(g.pairs.of), len(g.sources.of), len(g.users.of), len(g.friends))
	}
	for _, f := range g.Failures() {
		if len(f.User) > 64 {
			t.Fatalf("a name of %d bytes is kept", len(f.User))
		}
	}
}

func TestFailuresAreShownAndLoggedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		g := NewGuard(zerolog.New(&log))
		for range 20 {
			try(g, "198.51.100.7", "alice", "the guess itself")
		}
		all := g.Failures()
		if len(all) != 1 || all[0].Failures != freeTries+1 || all[0].Held != 20-freeTries-1 || all[0].User != "alice" || !all[0].HeldUntil.After(time.Now()) {
			t.Errorf("%+v", all)
		}
		if n := strings.Count(log.String(), "\n"); n != 1 || strings.Contains(log.String(), "guess itself") {
			t.Errorf("%d lines\n%s", n, &log)
		}
		time.Sleep(quiet)
		if all := g.Failures(); len(all) != 0 {
			t.Errorf("after a while: %+v", all)
		}
		try(g, "198.51.100.7", "alice", "guess")
		if n := strings.Count(log.String(), "\n"); n != 2 {
			t.Errorf("%d lines after another episode", n)
		}
	})
}

func TestAStaleOrUnaskedProofCountsNothing(t *testing.T) {
	t.Parallel()
	g := NewGuard(zerolog.Nop())
	for range 100 {
		a := g.Begin(far, word{user: "alice", stale: true})
		a.Verify(directory.Realm, "", "")
		a.End()
		g.Begin(far, word{user: "alice"}).End()
	}
	if f := g.Figures(); f != (GuardFigures{}) || len(g.Failures()) != 0 {
		t.Errorf("%+v", f)
	}
}
