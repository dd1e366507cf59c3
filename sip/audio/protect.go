package audio

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/pion/srtp/v3"
)

// Key is the SRTP master key of one direction. It prints as its suite alone.
type Key struct {
	Suite     string // as SDP writes it: AES_CM_128_HMAC_SHA1_80, ...
	Key, Salt []byte
}

// String returns the name of the suite.
func (k Key) String() string { return k.Suite }

// GoString returns the name of the suite.
func (k Key) GoString() string { return k.Suite }

func (k Key) equal(o Key) bool {
	return k.Suite == o.Suite && bytes.Equal(k.Key, o.Key) && bytes.Equal(k.Salt, o.Salt)
}

// Keys protect a stream.
type Keys struct{ Send, Receive Key }

// profile returns the transforms of a suite.
func profile(suite string) (srtp.ProtectionProfile, bool) {
	switch suite {
	case "AES_CM_128_HMAC_SHA1_80":
		return srtp.ProtectionProfileAes128CmHmacSha1_80, true
	case "AES_CM_128_HMAC_SHA1_32":
		return srtp.ProtectionProfileAes128CmHmacSha1_32, true
	case "AEAD_AES_128_GCM":
		return srtp.ProtectionProfileAeadAes128Gcm, true
	case "AEAD_AES_256_GCM":
		return srtp.ProtectionProfileAeadAes256Gcm, true
	}
	return 0, false
}

// protection is one direction of a stream with its key. Its zero value protects nothing.
type protection struct {
	key Key
	ctx *srtp.Context
	buf []byte
}

// errUnprotected is the error for a packet that the key does not vouch for.
var errUnprotected = errors.New("not protected with the key agreed on")

// set takes a key, nil for none; the same key again changes nothing.
func (p *protection) set(k *Key) error {
	switch {
	case k == nil:
		*p = protection{}
		return nil
	case p.ctx != nil && p.key.equal(*k):
		return nil
	}
	suite, ok := profile(k.Suite)
	if !ok {
		return fmt.Errorf("srtp: the suite %q is not known", k.Suite)
	}
	ctx, err := srtp.CreateContext(k.Key, k.Salt, suite, srtp.SRTPReplayProtection(64), srtp.SRTCPReplayProtection(64))
	if err != nil {
		return fmt.Errorf("srtp: %w", err)
	}
	*p = protection{key: *k, ctx: ctx, buf: make([]byte, 0, maxPacket)}
	return nil
}

// seal returns b protected; the result is valid until the next call.
func (p *protection) seal(b []byte, control bool) ([]byte, error) {
	switch {
	case p.ctx == nil:
		return b, nil
	case control:
		return p.ctx.EncryptRTCP(p.buf[:0], b, nil)
	}
	return p.ctx.EncryptRTP(p.buf[:0], b, nil)
}

// open returns what b holds; the result is valid until the next call.
func (p *protection) open(b []byte, control bool) (plain []byte, err error) {
	switch {
	case p.ctx == nil:
		return b, nil
	case control:
		plain, err = p.ctx.DecryptRTCP(p.buf[:0], b, nil)
	default:
		plain, err = p.ctx.DecryptRTP(p.buf[:0], b, nil)
	}
	if err != nil {
		return nil, errUnprotected
	}
	return plain, nil
}
