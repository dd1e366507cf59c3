package media

import (
	"bytes"
	"fmt"

	"github.com/pion/srtp/v3"
)

// Suite is an SRTP crypto-suite.
type Suite uint8

// The suites of RFC 3711 and RFC 7714 that SDP can name (RFC 4568 section 6.2, RFC 7714 section 14.2).
const (
	AESCM128HMACSHA180 Suite = iota + 1
	AESCM128HMACSHA132
	AEADAES128GCM
	AEADAES256GCM
)

var suites = [...]struct {
	profile   srtp.ProtectionProfile
	name      string
	key, salt int // bytes
}{
	AESCM128HMACSHA180: {srtp.ProtectionProfileAes128CmHmacSha1_80, "AES_CM_128_HMAC_SHA1_80", 16, 14},
	AESCM128HMACSHA132: {srtp.ProtectionProfileAes128CmHmacSha1_32, "AES_CM_128_HMAC_SHA1_32", 16, 14},
	AEADAES128GCM:      {srtp.ProtectionProfileAeadAes128Gcm, "AEAD_AES_128_GCM", 16, 12},
	AEADAES256GCM:      {srtp.ProtectionProfileAeadAes256Gcm, "AEAD_AES_256_GCM", 32, 12},
}

// String returns the suite's name in SDP.
func (s Suite) String() string {
	if s == 0 || int(s) >= len(suites) {
		return ""
	}
	return suites[s].name
}

// SuiteNamed returns the suite that SDP calls name.
func SuiteNamed(name string) (Suite, bool) {
	for s := range suites {
		if s > 0 && suites[s].name == name {
			return Suite(s), true
		}
	}
	return 0, false
}

// Key is the SRTP master key of one direction. It prints as its suite alone.
type Key struct {
	Suite     Suite
	Key, Salt []byte
}

// String returns the suite's name.
func (k Key) String() string { return k.Suite.String() }

// GoString returns the suite's name.
func (k Key) GoString() string { return k.Suite.String() }

func (k Key) equal(o Key) bool {
	return k.Suite == o.Suite && bytes.Equal(k.Key, o.Key) && bytes.Equal(k.Salt, o.Salt)
}

// Keys are those of a side: what it sends to its peer is protected with one, what comes from the peer with the other.
type Keys struct{ send, receive Key }

// NewKeys returns the keys of a side. The error says what is wrong with one, and nothing of it.
func NewKeys(send, receive Key) (*Keys, error) {
	for _, k := range []Key{send, receive} {
		if k.Suite.String() == "" {
			return nil, fmt.Errorf("media: crypto-suite %d is not known", k.Suite)
		}
		if s := suites[k.Suite]; len(k.Key) != s.key || len(k.Salt) != s.salt {
			return nil, fmt.Errorf("media: a key of %d and a salt of %d bytes, %s has %d and %d",
				len(k.Key), len(k.Salt), k.Suite, s.key, s.salt)
		}
	}
	return &Keys{send: send, receive: receive}, nil
}

const (
	// replayWindow is how many packets late one may come: two and a half seconds of voice.
	replayWindow = 128
	// maxStreams bounds the SSRCs that are followed under one key. A call has one or two each way.
	maxStreams = 64
	// sealTail is what protection adds to a packet at most: the tag of AES-GCM and the index of SRTCP.
	sealTail = 16 + 4
)

// context returns a context of k for one direction. NewKeys has checked what could be wrong with it.
func (k Key) context(options ...srtp.ContextOption) *srtp.Context {
	c, err := srtp.CreateContext(k.Key, k.Salt, suites[k.Suite].profile, options...)
	if err != nil {
		return nil
	}
	return c
}
