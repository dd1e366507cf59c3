package keys

import (
	"context"
	"encoding/hex"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/time/rate"

	"callbox/config/strict"
)

// Options are what a Guard knows people by. Account is required.
type Options struct {
	// Token and ReadToken open the APIs with an account's SID as user name; "" opens nothing.
	Token, ReadToken strict.Secret
	// Account tells whether there is an account with this SID, and whether it is the main one: with that one's name the
	// tokens open every account, with another's that account alone. It must not block.
	Account func(sid string) (main, ok bool)
	Rows    Rows // nil: there are no API keys
	Logger  zerolog.Logger
}

// Guard tells who may come in. Its methods are safe for concurrent use.
type Guard struct {
	token, readToken digest
	hasToken         int // 1, or 0 where the token is ""
	hasReadToken     int
	nobody           entry // a key that nobody has
	account          func(string) (main, ok bool)
	book             *book // nil: no API keys
	limits           *limiter
	lines            *rate.Limiter // of the log
	log              zerolog.Logger
	right, wrong     atomic.Uint64
	limited          atomic.Uint64
}

// Figures count logins since the start.
type Figures struct{ Right, Wrong, Limited uint64 }

// A flood of wrong logins from many sources fills no disk.
const (
	linesEvery = 10 * time.Second
	linesBurst = 20
)

// NewGuard returns a guard. API keys are read when the first of them is used.
func NewGuard(o Options) *Guard {
	g := &Guard{
		token: digestOf(string(o.Token)), readToken: digestOf(string(o.ReadToken)),
		hasToken: one(o.Token != ""), hasReadToken: one(o.ReadToken != ""),
		account: o.Account, limits: newLimiter(), log: o.Logger,
		lines: rate.NewLimiter(rate.Every(linesEvery), linesBurst),
	}
	if o.Rows != nil {
		g.book = newBook(o.Rows, o.Logger)
	}
	return g
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Figures returns the counts as they stand.
func (g *Guard) Figures() Figures {
	return Figures{g.right.Load(), g.wrong.Load(), g.limited.Load()}
}

// Check tells who has logged in. The error is ErrWrong, a *LimitedError, or ErrAway. It may wait for the database, two
// seconds at most, where the user is a key.
func (g *Guard) Check(ctx context.Context, in Login) (Principal, error) {
	p, isRight, err := g.match(ctx, in)
	if err != nil {
		return Principal{}, err
	}
	v, wait, first := g.limits.judge(time.Now(), in, isRight)
	switch v {
	case right:
		g.right.Add(1)
		return p, nil
	case limited:
		g.limited.Add(1)
		g.tell(first, in, "too many failed logins; more of them are refused unseen")
		return Principal{}, &LimitedError{wait}
	default:
		g.wrong.Add(1)
		g.tell(first, in, "login failed")
		return Principal{}, ErrWrong
	}
}

// match compares a login with everything that could open the door, always all of it, so that the time it takes does not
// tell which part was wrong, nor whether there is such a user.
func (g *Guard) match(ctx context.Context, in Login) (Principal, bool, error) {
	main, isAccount := g.account(in.User)
	key, isKey, err := g.key(ctx, in.User)
	password := digestOf(in.Password)

	byToken := password.same(&g.token) & one(isAccount) & g.hasToken
	byReadToken := password.same(&g.readToken) & one(isAccount) & g.hasReadToken
	byKey := password.same(&key.hash) & one(isKey)

	p := Principal{Name: in.User}
	switch {
	case byToken|byReadToken == 1:
		p.ReadOnly = byToken == 0
		if !main {
			p.AccountSID = in.User
		}
	case byKey == 1:
		p.AccountSID, p.ReadOnly = key.AccountSID, key.Scope != ScopeFull
	}
	return p, byToken|byReadToken|byKey == 1, err
}

// key finds the API key with a SID, or one that nobody has.
func (g *Guard) key(ctx context.Context, sid string) (e *entry, found bool, err error) {
	if g.book == nil || !strings.HasPrefix(sid, "SK") {
		return &g.nobody, false, nil
	}
	all, err := g.book.read(ctx)
	if e, found = all[digestOf(sid)]; found {
		return e, true, nil // as known before the database went away
	}
	return &g.nobody, false, err
}

// tell logs the first refusal of its kind in an episode. A user name that is no SID may be a password in the wrong place.
func (g *Guard) tell(first bool, in Login, message string) {
	if !first || !g.lines.Allow() {
		return
	}
	user := "no SID"
	if isSID(in.User) {
		user = in.User
	}
	g.log.Warn().Str("source", in.Source.String()).Str("user", user).
		Str("mend", "if it was you, see the token or key that this program has; quiet for ten minutes, it is said again").Msg(message)
}

// isSID tells whether s is the SID of an account or of a key.
func isSID(s string) bool {
	if len(s) != 34 || s[:2] != "AC" && s[:2] != "SK" {
		return false
	}
	_, err := hex.DecodeString(s[2:])
	return err == nil
}
