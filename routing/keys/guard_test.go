package keys

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	mainAccount  = "AC00000000000000000000000000000911"
	otherAccount = "AC00000000000000000000000000000912"
	fullKey      = "SK000000000000000000000000000000f1"
	readKey      = "SK000000000000000000000000000000f2"
	boundKey     = "SK000000000000000000000000000000f3"
	brokenKey    = "SK000000000000000000000000000000f4"
	token        = "the-full-token"
	readToken    = "the-read-token"
)

// shelf is keys that a test takes away and brings back.
type shelf struct {
	keys     []Key
	revision int64
	err      error
	reads    int
	slow     time.Duration
}

func (s *shelf) Keys(ctx context.Context) ([]Key, error) {
	s.reads++
	select {
	case <-time.After(s.slow):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return s.keys, s.err
}

func (s *shelf) Revision() int64 { return s.revision }

func newShelf() *shelf {
	return &shelf{keys: []Key{
		{SID: fullKey, Scope: ScopeFull, Hash: hash("secret-full")},
		{SID: readKey, Scope: ScopeRead, Hash: hash("secret-read")},
		{SID: boundKey, AccountSID: otherAccount, Scope: ScopeFull, Hash: hash("secret-bound")},
		{SID: brokenKey, Scope: ScopeFull, Hash: "not a hash"},
	}}
}

func accounts(sid string) (main, ok bool) {
	return sid == mainAccount, sid == mainAccount || sid == otherAccount
}

func newTestGuard(rows Rows, log *bytes.Buffer) *Guard {
	return NewGuard(Options{Token: token, ReadToken: readToken, Account: accounts, Rows: rows, Logger: zerolog.New(log)})
}

var (
	office = netip.MustParseAddr("192.0.2.1")
	far    = netip.MustParseAddr("198.51.100.1")
)

func TestWhoComesInAsWhom(t *testing.T) {
	t.Parallel()
	full, read := Principal{Name: mainAccount}, Principal{Name: mainAccount, ReadOnly: true}
	for _, tt := range []struct {
		name, user, password string
		want                 Principal // the zero one: nobody
	}{
		{"the token", mainAccount, token, full},
		{"the token that reads", mainAccount, readToken, read},
		{"the token with another account's name", otherAccount, token, Principal{otherAccount, otherAccount, false}},
		{"the token that reads with another account's name", otherAccount, readToken, Principal{otherAccount, otherAccount, true}},
		{"a full key", fullKey, "secret-full", Principal{fullKey, "", false}},
		{"a key that reads", readKey, "secret-read", Principal{readKey, "", true}},
		{"a key of one account", boundKey, "secret-bound", Principal{boundKey, otherAccount, false}},
		{"another key's secret", fullKey, "secret-read", Principal{}},
		{"a key's hash for its secret", fullKey, hash("secret-full"), Principal{}},
		{"the token with a key's name", fullKey, token, Principal{}},
		{"a key's secret with an account's name", mainAccount, "secret-full", Principal{}},
		{"a key that cannot be read", brokenKey, "", Principal{}},
		{"no such account", "AC00000000000000000000000000000000", token, Principal{}},
		{"no such key", "SK00000000000000000000000000000000", "secret-full", Principal{}},
		{"no user", "", token, Principal{}},
		{"no password", mainAccount, "", Principal{}},
		{"nothing", "", "", Principal{}},
		{"a longer token", mainAccount, token + "x", Principal{}},
		{"the user's case", strings.ToLower(mainAccount), token, Principal{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := newTestGuard(newShelf(), &bytes.Buffer{}).Check(t.Context(), Login{tt.user, tt.password, office})
			if p != tt.want || (err == nil) != (tt.want != Principal{}) {
				t.Errorf("%+v, %v; want %+v", p, err, tt.want)
			}
			if err != nil && !errors.Is(err, ErrWrong) {
				t.Error(err)
			}
		})
	}
}

func TestAnEmptyTokenOpensNothing(t *testing.T) {
	t.Parallel()
	g := NewGuard(Options{Account: accounts})
	for _, user := range []string{mainAccount, "", fullKey} {
		if p, err := g.Check(t.Context(), Login{User: user}); err == nil {
			t.Errorf("%q comes in as %+v", user, p)
		}
	}
}

func TestKeysAreReadAgainWhenSomethingChanged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		g := newTestGuard(s, &bytes.Buffer{})
		in := func(want bool) {
			t.Helper()
			if _, err := g.Check(t.Context(), Login{fullKey, "secret-full", office}); (err == nil) != want {
				t.Errorf("%v, want in: %v", err, want)
			}
		}
		in(true)
		in(true)
		if s.reads != 1 {
			t.Errorf("read %d times", s.reads)
		}
		s.keys, s.revision = nil, 1
		in(false)
		s.keys = newShelf().keys // and the news of it is lost
		in(false)
		time.Sleep(copyFor)
		in(true)
	})
}

func TestADatabaseThatIsAwayLocksOutNobodyWhoWasKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		var log bytes.Buffer
		g := newTestGuard(s, &log)
		check := func(user, password string) error {
			t.Helper()
			_, err := g.Check(t.Context(), Login{user, password, office})
			return err
		}
		s.err = errors.New("away")
		if err := check(fullKey, "secret-full"); !errors.Is(err, ErrAway) {
			t.Errorf("before the keys were ever read: %v", err)
		}
		if err := check(mainAccount, token); err != nil {
			t.Errorf("the token: %v", err)
		}
		s.err = nil
		time.Sleep(retryAfter)
		if err := check(fullKey, "secret-full"); err != nil {
			t.Error(err)
		}
		s.err, s.revision = errors.New("away again"), 2
		reads := s.reads
		for range 10 {
			if err := check(fullKey, "secret-full"); err != nil {
				t.Errorf("a key that was known: %v", err)
			}
			time.Sleep(retryAfter / 5)
		}
		if n := s.reads - reads; n < 2 || n > 3 {
			t.Errorf("asked %d times in two seconds", n)
		}
		s.err = nil
		time.Sleep(retryAfter)
		_ = check(fullKey, "secret-full")
		for line, want := range map[string]int{"API keys cannot be read\"": 2, "API keys can be read again": 2} {
			if n := strings.Count(log.String(), line); n != want {
				t.Errorf("%q was logged %d times, want %d\n%s", line, n, want, log.String())
			}
		}
	})
}

func TestADatabaseThatHangsIsWaitedForBriefly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		g := newTestGuard(s, &bytes.Buffer{})
		if _, err := g.Check(t.Context(), Login{fullKey, "secret-full", office}); err != nil {
			t.Fatal(err)
		}
		s.slow, s.revision = time.Hour, 1
		began := time.Now()
		done := make(chan error)
		for range 20 {
			go func() {
				_, err := g.Check(t.Context(), Login{fullKey, "secret-full", office})
				done <- err
			}()
		}
		for range 20 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if waited := time.Since(began); waited > patience {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestLoginsAreCountedAndLoggedOnceAnEpisodeWithoutSecrets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		g := newTestGuard(newShelf(), &log)
		try := func(user, password string, times int) {
			for i := range times {
				_, _ = g.Check(t.Context(), Login{user, fmt.Sprint(password, i), far})
			}
		}
		try(mainAccount, "wrong-password", sourceBurst+10)
		try("the-token-as-user", "wrong-password", 5)
		_, _ = g.Check(t.Context(), Login{mainAccount, token, office})
		if got, want := g.Figures(), (Figures{1, sourceBurst, 15}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		time.Sleep(quiet)
		try("the-token-as-user", "wrong-password", 1)
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) != 3 || !strings.Contains(lines[0], "login failed") || !strings.Contains(lines[0], mainAccount) ||
			!strings.Contains(lines[1], "too many") || !strings.Contains(lines[2], "login failed") || !strings.Contains(lines[2], far.String()) {
			t.Errorf("the log:\n%s", log.String())
		}
		for _, secret := range []string{"wrong-password", "the-token", token, "secret-"} {
			if strings.Contains(log.String(), secret) {
				t.Errorf("%q is in the log:\n%s", secret, log.String())
			}
		}
	})
}

func TestAFloodFromEverywhereDoesNotFillTheLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		g := newTestGuard(nil, &log)
		for i := range 5000 {
			_, _ = g.Check(t.Context(), Login{mainAccount, "x", netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})})
		}
		if n := strings.Count(log.String(), "\n"); n > linesBurst {
			t.Errorf("%d lines", n)
		}
	})
}

// FuzzCheck holds that nothing but the tokens and the secrets opens the door.
func FuzzCheck(f *testing.F) {
	f.Add(mainAccount, token)
	f.Add(fullKey, "secret-full")
	f.Add(fullKey+"\x00", "secret-full")
	f.Add("SK", "")
	good := map[[2]string]bool{
		{mainAccount, token}: true, {mainAccount, readToken}: true, {otherAccount, token}: true, {otherAccount, readToken}: true,
		{fullKey, "secret-full"}: true, {readKey, "secret-read"}: true, {boundKey, "secret-bound"}: true,
	}
	f.Fuzz(func(t *testing.T, user, password string) {
		g := newTestGuard(newShelf(), &bytes.Buffer{})
		if _, err := g.Check(t.Context(), Login{user, password, far}); (err == nil) != good[[2]string{user, password}] {
			t.Errorf("%q with %q: %v", user, password, err)
		}
	})
}
