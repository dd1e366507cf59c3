package sdp

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
)

// Security is what the media of a leg has to be.
type Security uint8

// The policies.
const (
	Plain    Security = iota // RTP alone
	Optional                 // SRTP where the peer has it, else RTP
	Required                 // SRTP alone
)

var securityNames = [...]string{"off", "optional", "required"}

// String returns off, optional or required.
func (s Security) String() string {
	if int(s) < len(securityNames) {
		return securityNames[s]
	}
	return fmt.Sprintf("security(%d)", uint8(s))
}

// UnmarshalText reads off, optional or required.
func (s *Security) UnmarshalText(b []byte) error {
	i := slices.Index(securityNames[:], string(b))
	if i < 0 {
		return errors.New("is not off, optional or required")
	}
	*s = Security(i)
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (s Security) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// For returns s as it is read under a policy: what Audio finds is then the first
// line of RTP/SAVP with a key that can be used, else the first of RTP/AVP with one
// (optional SRTP, as Polycom and Linphone offer it), and where the policy is not
// Required, else the first without. Under Plain, keys are not looked at.
func (s *Session) For(policy Security) *Session {
	if s.policy == policy {
		return s
	}
	c := *s
	c.policy, c.audio = policy, c.find(policy)
	return &c
}

// find returns the index of the line that policy takes, -1 for none.
func (s *Session) find(policy Security) int {
	keyed, clear := -1, -1 // of RTP/AVP, with a key and without
	for i := range s.media {
		m := &s.media[i]
		switch usable := len(m.Crypto) > 0 && policy != Plain; {
		case !m.live():
		case usable && m.secureRTP(), m.Web != nil && policy != Plain:
			return i
		case usable && m.plainRTP() && keyed < 0:
			keyed = i
		case m.plainRTP() && clear < 0:
			clear = i
		}
	}
	switch {
	case keyed >= 0:
		return keyed
	case policy == Required:
		return -1
	}
	return clear
}

// Secure tells whether the line that Audio returns is SRTP.
func (s *Session) Secure() bool {
	return s.policy != Plain && s.audio >= 0 && len(s.media[s.audio].Crypto) > 0
}

// ErrNoKey is the error of a Keyring for a description whose keys do not fit what
// was offered or asked.
var ErrNoKey = errors.New("no crypto-suite in common")

// Keyring holds our SRTP keys on one leg: one for each suite, the same in every
// offer and answer, so that a re-INVITE changes none. Its zero value has none yet.
// It belongs to the goroutine that owns the leg.
type Keyring struct {
	keys  [suiteEnd]Crypto
	used  Suite          // in force
	spent [suiteEnd]bool // was in force, and another is now
}

// Offer returns the lines of an offer: each suite, in the order of our preference.
func (k *Keyring) Offer() []Crypto {
	lines := make([]Crypto, 0, suiteEnd-1)
	for s := NoSuite + 1; s < suiteEnd; s++ {
		c := k.fresh(s)
		c.Tag = int(s)
		lines = append(lines, c)
	}
	return lines
}

// Answer returns the line of ours that answers the offer that s holds, with the
// tag of the offer's line that was accepted, and that line: the peer's first.
func (k *Keyring) Answer(s *Session) (ours, theirs Crypto, err error) {
	m, ok := s.Audio()
	if !ok || len(m.Crypto) == 0 {
		return ours, theirs, ErrNoKey
	}
	theirs = m.Crypto[0]
	ours = k.fresh(theirs.Suite)
	ours.Tag = theirs.Tag
	return ours, theirs, nil
}

// Answered returns the lines of both sides that are in force when s answers what
// Offer returned. A suite under the tag of another would be a downgrade.
func (k *Keyring) Answered(s *Session) (ours, theirs Crypto, err error) {
	m, ok := s.Audio()
	if !ok {
		return ours, theirs, ErrNoKey
	}
	for _, theirs := range m.Crypto {
		if theirs.Tag == int(theirs.Suite) {
			return k.key(theirs.Suite), theirs, nil
		}
	}
	if len(m.Crypto) > 0 {
		c := m.Crypto[0]
		return ours, theirs, fmt.Errorf("%w: the answer has %s under tag %d, where it was not offered", ErrNoKey, c.Suite, c.Tag)
	}
	return ours, theirs, ErrNoKey
}

// Settle says which suite is in force from now on, NoSuite for RTP. The key of the
// one before is in no later offer or answer: its packets are no longer counted, and
// a key must not protect two packets of the same number.
func (k *Keyring) Settle(s Suite) {
	if k.used != s {
		k.spent[k.used], k.spent[s] = true, false
	}
	k.used = s
}

// fresh returns our key for a suite, a new one where the one before was in force
// once and is no more.
func (k *Keyring) fresh(s Suite) Crypto {
	if k.spent[s] {
		k.spent[s], k.keys[s] = false, Crypto{}
	}
	return k.key(s)
}

func (k *Keyring) key(s Suite) Crypto {
	c := &k.keys[s]
	if c.Suite == NoSuite {
		both := make([]byte, s.KeyLen()+s.SaltLen())
		rand.Read(both) // never fails
		*c = Crypto{Suite: s, Key: both[:s.KeyLen()], Salt: both[s.KeyLen():]}
	}
	return *c
}
