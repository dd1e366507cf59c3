package phone

import (
	"callbox/sip/audio"
	"callbox/sip/sdp"
)

// propose adds to our description what it offers of SRTP.
func (l *line) propose(d sdp.Local) sdp.Local {
	if l.security != sdp.Plain {
		d.Security, d.Crypto = l.security, l.ring.Offer()
	}
	return d
}

// take reads a description of the other side's; find is the Keyring's way for an offer or an answer. It returns the line
// of ours that answers an offer, and false where there is no audio to agree on.
func (l *line) take(s *sdp.Session, find func(*sdp.Session) (ours, theirs sdp.Crypto, err error)) (*sdp.Session, []sdp.Crypto, bool) {
	s = s.For(l.security)
	l.keys = nil
	if _, ok := s.Audio(); !ok {
		return s, nil, false
	}
	if !s.Secure() {
		return s, nil, true
	}
	ours, theirs, err := find(s)
	if err != nil {
		return s, nil, false
	}
	l.ring.Settle(ours.Suite)
	l.keys = &audio.Keys{Send: key(ours), Receive: key(theirs)}
	return s, []sdp.Crypto{ours}, true
}

func key(c sdp.Crypto) audio.Key {
	return audio.Key{Suite: c.Suite.String(), Key: c.Key, Salt: c.Salt}
}
