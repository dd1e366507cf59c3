package b2bua

import (
	"bytes"
	"crypto/rand"
	"slices"

	"github.com/rs/zerolog"

	"callbox/sip/call"
	"callbox/sip/media"
	"callbox/sip/sdp"
)

// browser is the far end of a leg whose media is WebRTC: SRTP with keys by DTLS, along a path that ICE finds.
type browser struct {
	own  sdp.WebRTC // our names for ICE, and our certificate
	peer sdp.WebRTC // as it was heard last
}

// newBrowser returns the state of a leg to who has made an offer of WebRTC.
func newBrowser() (*browser, error) {
	sum, err := media.Fingerprint()
	if err != nil {
		return nil, err
	}
	b := &browser{own: sdp.WebRTC{Hash: "sha-256", Fingerprint: sum}}
	b.rename()
	return b, nil
}

// rename begins ICE with other names.
func (b *browser) rename() {
	b.own.Ufrag, b.own.Password = rand.Text()[:8], sdp.Secret(rand.Text())
}

// hear takes what the browser says of itself. Other names of its own begin ICE anew, so that ours change too (RFC 8839
// section 4.4.1.1.1).
func (b *browser) hear(w sdp.WebRTC) {
	if b.peer.Ufrag != "" && (b.peer.Ufrag != w.Ufrag || !bytes.Equal(b.peer.Password, w.Password)) {
		b.rename()
	}
	b.peer = w
}

// says is what our descriptions say to the browser.
func (b *browser) says(about sdp.WebRTC) *sdp.WebRTC {
	own := b.own
	own.Mid, own.Bundle = about.Mid, about.Bundle
	return &own
}

// remote is what the media must know of it.
func (b *browser) remote() *media.Web {
	if b == nil {
		return nil
	}
	return &media.Web{
		Ufrag: b.own.Ufrag, Password: string(b.own.Password), PeerUfrag: b.peer.Ufrag,
		Hash: b.peer.Hash, Fingerprint: string(b.peer.Fingerprint),
	}
}

// policyFor is the policy for a caller whose directory says policy: a browser on a WebSocket knows no other media than
// WebRTC, so it is taken where calls need not be secure.
func (c *bridge) policyFor(policy sdp.Security) sdp.Security {
	if c.offer == nil || policy != sdp.Plain || !slices.Contains([]string{"ws", "wss"}, c.in.Transport) {
		return policy
	}
	if _, ok := c.offer.For(sdp.Required).WebRTC(); ok {
		return sdp.Required
	}
	return policy
}

// meet makes the caller's leg a browser's where that is what it offers.
func (c *bridge) meet() *fault {
	if _, ok := c.offer.For(c.a.policy).WebRTC(); !ok {
		return nil
	}
	b, err := newBrowser()
	if err != nil {
		c.log(zerolog.ErrorLevel, call.LegA).Err(err).Msg("no certificate for the media of a browser")
		return &fault{status: 500, sentence: "there is no certificate for the media of a browser"}
	}
	c.a.browser = b
	return nil
}

// stays refuses a description that is not a browser's on a browser's leg, and the other way round.
func (p *party) stays(s *sdp.Session) *fault {
	switch _, web := s.WebRTC(); {
	case web && p.browser == nil:
		return &fault{status: 488, sentence: "the media of this call did not begin as WebRTC and cannot become it"}
	case !web && p.browser != nil:
		return &fault{status: 488, sentence: "the media of this call began as WebRTC and has to stay it"}
	}
	return nil
}

// onUnsecured ends a call whose browser could not be heard, nor hear.
func (c *bridge) onUnsecured(n media.Notice) {
	c.end(ending{reason: call.EndBadRequest, status: 488, cause: 488,
		sentence: "no DTLS-SRTP with the browser: " + n.Reason})
}
