// Package sdp reads and rewrites session descriptions (RFC 8866) as they pass
// through the edge in an offer/answer exchange (RFC 3264).
//
// It works on bytes and owns one decision: which lines of a peer's description
// reach the other side. What is listed in keepAttribute passes byte for byte;
// addresses, ports and the origin become ours; everything else, known or not,
// stays behind, so that nothing of the caller's network shows to a call centre.
// It must not know about sockets, SIP messages or the relay behind the ports.
package sdp

import (
	"bytes"
	"errors"
	"net/netip"
	"slices"
)

// Limits of a description that Parse accepts. The largest offers seen from
// browsers have about four hundred lines; phones stay below sixty.
const (
	MaxSize  = 64 << 10 // bytes
	MaxLines = 2000
	MaxMedia = 32 // m-lines
)

// Errors of Parse, wrapped with the line they were found on. A caller answers
// 400 to ErrSyntax and 413 or 488 to ErrTooLarge.
var (
	ErrTooLarge = errors.New("session description is too large")
	ErrSyntax   = errors.New("not a session description")
)

// ErrNoCodec is returned by Answer for an offer without a codec in common or
// without an audio line that can be used; the SIP answer is 488.
var ErrNoCodec = errors.New("no codec in common")

// Role says which half of an offer/answer exchange a description is.
type Role uint8

// A description is an offer or the answer to one.
const (
	RoleOffer Role = iota
	RoleAnswer
)

// Local is what the edge says about itself on the leg that a rewritten
// description is sent on.
type Local struct {
	// Addr goes into the o= and c= lines, RTP into the m-line of the relayed
	// audio. RTCP is written as a=rtcp (RFC 3605) only where it is not RTP+1;
	// zero means RTP+1.
	Addr netip.Addr
	RTP  uint16
	RTCP uint16

	// User is the user name of the o= line, "callbox" when empty. ID and
	// Version complete the line; a Writer looks after both.
	User    string
	ID      uint64
	Version uint64

	// Security says what an offer offers: RTP/AVP, RTP/AVP with lines a=crypto,
	// or RTP/SAVP. Crypto are those lines, or the one of an answer; a Keyring
	// has them. An answer has the profile of its offer.
	Security Security
	Crypto   []Crypto

	// Web is what we say of DTLS and ICE to a browser, nil to anybody else. With it
	// a=rtcp-mux is always said.
	Web *WebRTC

	// Loopback lets what is said of loopback pass (RFC 6849), and has Answer take it where it was offered. Only a test call
	// may have it: a call-taker is no mirror.
	Loopback bool

	// Answers is the offer that came in on this leg, for an answer that goes
	// back on it. With it the answer has the offer's m-lines, in number and
	// order, its t= lines, a direction it allows, and a=rtcp-mux only if it had
	// that. Without it an answer is rewritten as it stands, without a=rtcp-mux.
	// It is ignored for an offer.
	Answers *Session
}

// Session is a parsed description. It refers to the bytes given to Parse, which
// must not be changed while it is in use. It is immutable and may be shared.
type Session struct {
	head  section // below the v= line, above the first m-line
	level level
	media []Media
	audio int // index into media of the relayed line, -1 for none

	policy Security // by which it was found
}

// Audio returns the audio line that is relayed: the first with a port, a payload
// type, and a profile that the policy given to For takes; without For that is
// plain RTP (RTP/AVP or RTP/AVPF). False means there is none; Unusable says why.
func (s *Session) Audio() (Media, bool) {
	if s.audio < 0 {
		return Media{}, false
	}
	return s.media[s.audio], true
}

// Same reports whether o says the same as s, line by line.
func (s *Session) Same(o *Session) bool {
	return bytes.Equal(s.head, o.head) && slices.EqualFunc(s.media, o.media, func(m, n Media) bool {
		return m.Kind == n.Kind && m.Proto == n.Proto && m.Port == n.Port && slices.Equal(m.Formats, n.Formats) &&
			bytes.Equal(m.body, n.body)
	})
}

// Directed returns s with another direction of its audio.
func (s *Session) Directed(d Direction) *Session {
	c := *s
	c.media = slices.Clone(s.media)
	if c.audio >= 0 {
		c.media[c.audio].Direction, c.media[c.audio].said = d, true
	}
	return &c
}

// Media returns every m-line in order. The slice is the caller's.
func (s *Session) Media() []Media { return slices.Clone(s.media) }

// Unusable returns a sentence for the caller that says why Audio finds nothing,
// empty if it does find a line.
func (s *Session) Unusable() string {
	if s.audio >= 0 {
		return ""
	}
	reason := "the session description has no audio line"
	for i := range s.media {
		m := &s.media[i]
		switch {
		case m.Kind != "audio":
		case m.Port == 0:
			reason = "every audio line of the session description has port 0"
		case m.dtls() && m.noWeb != "":
			return "the browser's audio line cannot be used: " + m.noWeb
		case m.dtls() && s.policy == Plain:
			return "the session description has no plain RTP audio line (RTP/AVP), only a browser's (" + m.Proto + ")"
		case len(m.Formats) == 0 && (m.plainRTP() || m.secureRTP()):
			return "the session description has an audio line without a payload type"
		case !m.plainRTP() && !m.secureRTP():
			return "the session description has no audio line of RTP/AVP or RTP/SAVP, only " + m.Proto
		case s.policy == Plain:
			return "the session description has no plain RTP audio line (RTP/AVP), only " + m.Proto
		case m.own.crypto.reason != "":
			return "SRTP cannot be agreed on, " + m.own.crypto.reason
		case m.plainRTP():
			reason = "SRTP is required and the session description has plain RTP alone (" + m.Proto + ")"
		default:
			return "the " + m.Proto + " audio line has no a=crypto, and its key cannot come in another way"
		}
	}
	return reason
}
