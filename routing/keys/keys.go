// Package keys owns who may do what with the APIs: the tokens of the configuration, the API keys of the store, and how
// often somebody may guess at them. It must not know HTTP, nor what a caller then does.
package keys

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"callbox/routing/directory/store"
)

// Principal is somebody who is known, and what they may do.
type Principal struct {
	Name       string // AC…, SK…, or Local
	AccountSID string // the one account it may touch; "" any
	ReadOnly   bool   // may read, not change
}

// Local is the name of who asks from this machine without credentials.
const Local = "local"

// Caller is who asks and from where.
type Caller struct {
	Principal
	Source netip.Addr // the peer's, not mapped; the zero Addr where it has none
}

// Actor returns c as the audit log names who changes something.
func (c Caller) Actor() store.Actor {
	a := store.Actor{Name: c.Name}
	if c.Source.IsValid() {
		a.Source = c.Source.String()
	}
	return a
}

type callerKey struct{}

// NewContext returns ctx with the caller of the request that it belongs to.
func NewContext(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// FromContext returns the caller of the request that ctx belongs to; without one, a caller who has no name.
func FromContext(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// Login is one attempt to be known.
type Login struct {
	User     string // an account's SID or a key's
	Password string
	Source   netip.Addr
}

// ErrWrong refuses a login: user or password is wrong, and it is not told which.
var ErrWrong = errors.New("the user name or the password is wrong")

// LimitedError refuses a login unseen: there were too many wrong ones from its source, or for its user.
type LimitedError struct {
	RetryAfter time.Duration // from which on another may be tried; at least a second, whole seconds
}

// Error says what to do.
func (e *LimitedError) Error() string {
	return fmt.Sprintf("too many failed logins; try again in %d s", int(e.RetryAfter/time.Second))
}

// digest stands for a secret or a user name. Comparing digests takes the same time wherever two texts differ.
//
// Plain SHA-256 keeps the secrets of keys, too: they are 256 random bits, which nobody guesses however fast a guess is
// checked. A slow hash is for passwords that people choose; here it would only let strangers burn the processor that
// calls need.
type digest [sha256.Size]byte

func digestOf(s string) digest { return sha256.Sum256([]byte(s)) }

// same compares without a branch: 1 or 0.
func (d *digest) same(other *digest) int { return subtle.ConstantTimeCompare(d[:], other[:]) }

// hash renders a secret as the store keeps it.
func hash(secret string) string {
	d := digestOf(secret)
	return hex.EncodeToString(d[:])
}

// unhash reads what hash has rendered.
func unhash(s string) (d digest, ok bool) {
	if len(s) != 2*len(d) {
		return d, false
	}
	_, err := hex.Decode(d[:], []byte(s))
	return d, err == nil
}
