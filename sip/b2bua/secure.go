package b2bua

import (
	"strconv"

	"github.com/rs/zerolog"

	"callbox/routing/directory"
	"callbox/sip/agent"
	"callbox/sip/body"
	"callbox/sip/media"
	"callbox/sip/sdp"
)

// secrecy is whether the media of a leg is SRTP, and with which keys. Each leg's keys end here: a caller with SRTP talks
// to a centre without, and the other way round.
type secrecy struct {
	policy  sdp.Security
	ring    *sdp.Keyring // our keys; nil where the policy is plain
	keys    *media.Keys  // in force; nil: RTP
	browser *browser     // it is one, with keys of its own; nil: it is not
}

func secrecyOf(policy sdp.Security) secrecy {
	s := secrecy{policy: policy}
	if policy != sdp.Plain {
		s.ring = &sdp.Keyring{}
	}
	return s
}

// security is the directory's word as SDP has it.
func security(s directory.SRTP) sdp.Security {
	switch s {
	case directory.SRTPRequired:
		return sdp.Required
	case directory.SRTPOptional:
		return sdp.Optional
	}
	return sdp.Plain
}

// required is the policy of a leg that takes SRTP alone, or RTP alone.
func required(secure bool) sdp.Security {
	if secure {
		return sdp.Required
	}
	return sdp.Plain
}

// offered returns the description in a message from p that has to hold an offer or answer we can relay, nil when it has
// none. role is p's in the exchange.
func (p *party) offered(m agent.Message, role sdp.Role) (*sdp.Session, body.Body, *fault) {
	s, parts, f := description(m)
	if f != nil || s == nil {
		return nil, parts, f
	}
	if s, f = p.take(s, role); f != nil {
		return nil, parts, f
	}
	return s, parts, nil
}

// take reads a description under the leg's policy.
func (p *party) take(s *sdp.Session, role sdp.Role) (*sdp.Session, *fault) {
	s = s.For(p.policy)
	if _, ok := s.Audio(); !ok {
		return nil, p.unusable(s)
	}
	if f := p.stays(s); f != nil {
		return nil, f
	}
	if role == sdp.RoleAnswer && s.Secure() {
		if _, _, err := p.ring.Answered(s); err != nil {
			return nil, &fault{status: 488, sentence: err.Error()}
		}
	}
	return s, nil
}

// Twilio's codes for a call whose media does not suit the trunk or domain.
const (
	codeSecureMediaRefused  = "32207" // SIP: secure media not accepted
	codeSecureMediaRequired = "32208" // SIP: secure media required
)

// unusable says why a description cannot be taken, and what its side can do about it.
func (p *party) unusable(s *sdp.Session) *fault {
	f := &fault{status: 488, sentence: s.Unusable()}
	_, plain := s.For(sdp.Plain).Audio()
	_, secure := s.For(sdp.Required).Audio()
	switch {
	case p.policy == sdp.Required && plain:
		f.sentence += "; switch SRTP on, with its key in SDP (SDES), since calls here are secure"
		fallthrough
	case p.policy == sdp.Required:
		f.headers = append(f.headers, header(headerError, codeSecureMediaRequired))
	case p.policy == sdp.Plain && secure:
		f.sentence += "; switch SRTP off or make it optional, since calls here are not secure"
		f.headers = append(f.headers, header(headerError, codeSecureMediaRefused))
	}
	return f
}

// hopeless tells what no leg can take, secure or not; where that matters, the decision comes first.
func hopeless(s *sdp.Session) *fault {
	plain, secure := s.For(sdp.Plain).Unusable(), s.For(sdp.Required).Unusable()
	if plain != "" && plain == secure {
		return &fault{status: 488, sentence: plain}
	}
	return nil
}

// secure sets the keys of a leg by a description of its peer: the offer that we answer, or the answer to ours. What the
// peer has said before changes nothing, whichever it was then.
func (c *bridge) secure(p *party, s *sdp.Session, role sdp.Role) {
	if s == p.said || p.ring == nil {
		return
	}
	if w, ok := s.WebRTC(); ok && p.browser != nil {
		p.browser.hear(w)
		return
	}
	if !s.Secure() {
		p.keys = nil
		p.ring.Settle(sdp.NoSuite)
		return
	}
	find := p.ring.Answer
	if role == sdp.RoleAnswer {
		find = p.ring.Answered
	}
	ours, theirs, err := find(s)
	if err == nil {
		p.ring.Settle(ours.Suite)
		p.keys, err = media.NewKeys(keyOf(ours), keyOf(theirs))
	}
	if err != nil { // take has seen to it that there is none
		c.log(zerolog.ErrorLevel, p.name).Err(err).Msg("no keys for the media of a leg")
	}
}

func keyOf(k sdp.Crypto) media.Key {
	suite, _ := media.SuiteNamed(k.Suite.String())
	return media.Key{Suite: suite, Key: k.Key, Salt: k.Salt}
}

// propose adds to l what an offer on leg p says of SRTP.
func (p *party) propose(l sdp.Local) sdp.Local {
	switch {
	case p.browser != nil:
		l.Web = p.browser.says(p.browser.peer)
	case p.ring != nil:
		l.Security, l.Crypto = p.policy, p.ring.Offer()
	}
	return l
}

// accept adds to l what the answer on leg p to an offer of its peer says of SRTP.
func (p *party) accept(l sdp.Local, offer *sdp.Session) sdp.Local {
	if offer == nil {
		return l
	}
	if w, ok := offer.WebRTC(); ok && p.browser != nil {
		l.Web = p.browser.says(w)
		return l
	}
	if !offer.Secure() {
		return l
	}
	if ours, _, err := p.ring.Answer(offer); err == nil {
		l.Crypto = []sdp.Crypto{ours}
	}
	return l
}

// await keeps RTP from passing on a leg that has not said yet whether it is SRTP.
func (c *bridge) await(p *party) {
	if p.ring != nil {
		c.media.side(p.name).Await()
	}
}

// protect gives the caller's leg its policy, and reads its offer under that.
func (c *bridge) protect(policy sdp.Security) *fault {
	c.a.secrecy = secrecyOf(c.policyFor(policy))
	if c.offer == nil {
		return nil
	}
	f := c.meet()
	var s *sdp.Session
	if f == nil {
		s, f = c.a.take(c.offer, sdp.RoleOffer)
	}
	if f != nil {
		for _, h := range f.headers {
			if is(h.Name, headerError) {
				c.rec.ErrorCode, _ = strconv.Atoi(h.Value)
			}
		}
		return f
	}
	c.offer = s
	return nil
}
