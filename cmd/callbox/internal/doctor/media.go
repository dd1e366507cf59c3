package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

const cxOptions = "Voice & Chat > the trunk > Options: "

// offered returns a finding for a call whose offer cannot be judged; ok is false then.
func (c Call) offered() (f finding, ok bool) {
	switch {
	case c.Flaw != "" && c.Offer == nil:
		return finding{Wrong, "the session description cannot be used: " + c.Flaw, "offer an audio line with RTP", ""}, false
	case c.Offer == nil:
		return finding{state: OK, saw: "the INVITE had no offer, which is allowed"}, false
	}
	return finding{}, true
}

// transport wants TLS on a secure trunk.
func transport(w Wanted, c Call) finding {
	saw := "by " + strings.ToUpper(c.Transport)
	if !w.Secure || c.Transport == "tls" {
		return finding{state: OK, saw: saw}
	}
	return finding{Wrong, saw + ", where the trunk wants TLS",
		"set the trunk's transport to TLS, its port to that of TLS (5061), and have the PBX trust the edge's certificate",
		cxOptions + "transport TLS, with the root certificate uploaded there; Registrar/Server is a host name, not an address"}
}

// encryption wants SRTP on a secure trunk and RTP on another.
func encryption(w Wanted, c Call) finding {
	f, ok := c.offered()
	if !ok {
		return f
	}
	o, secure := c.Offer, strings.Contains(strings.ToUpper(c.Offer.Proto), "SAVP")
	saw := o.Proto
	switch {
	case w.Secure && secure && len(o.Suites) > 0:
		return finding{state: OK, saw: saw + " with " + strings.Join(o.Suites, ", ")}
	case w.Secure && secure:
		return finding{Wrong, saw + " without a key that can be used" + because(c.Flaw),
			"offer a=crypto (SDES) with AES_CM_128_HMAC_SHA1_80", cxOptions + "SRTP"}
	case w.Secure && len(o.Suites) > 0:
		return finding{Odd, saw + " with a=crypto: SRTP is offered, not asked for",
			"ask for SRTP (RTP/SAVP), so that no call can be in the clear", cxOptions + "SRTP"}
	case w.Secure:
		return finding{Wrong, "plain RTP (" + saw + ")" + because(c.Flaw), "switch SRTP on for the trunk (SDES)", cxOptions + "SRTP"}
	case secure:
		return finding{Wrong, saw + ", where the trunk takes plain RTP",
			"switch SRTP off for the trunk, or make the trunk a secure one (--secure)", cxOptions + "SRTP off"}
	}
	return finding{state: OK, saw: saw}
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

// codec wants a codec that every call centre has.
func codec(_ Wanted, c Call) finding {
	f, ok := c.offered()
	if !ok {
		return f
	}
	saw := strings.Join(c.Offer.Codecs, ", ")
	if slices.Contains(c.Offer.Codecs, "PCMU") || slices.Contains(c.Offer.Codecs, "PCMA") {
		return finding{state: OK, saw: saw}
	}
	if saw == "" {
		saw = "no codec"
	}
	return finding{Wrong, saw, "have PCMU or PCMA (G.711) among the trunk's codecs, best first: nothing is transcoded",
		cxOptions + "have G.711 among the codecs"}
}

// events wants keys as events: a call-taker's or a test service's menu hears them no other way.
func events(_ Wanted, c Call) finding {
	if _, ok := c.offered(); !ok {
		return finding{}
	}
	if c.Offer.Events {
		return finding{state: OK, saw: "offered"}
	}
	return finding{Wrong, "not offered", "send DTMF by RFC 2833 or RFC 4733 (telephone-event), not in the audio and not by INFO alone",
		"3CX offers it by itself: see whether a gateway or proxy between takes it out"}
}

// audioArrives compares where SDP says media is with where the PBX and its packets are.
func audioArrives(_ Wanted, c Call) finding {
	if c.Offer == nil || !c.Answered {
		return finding{}
	}
	said, from, source := c.Offer.Addr, c.Heard.Addr().Unmap(), c.Source.Addr().Unmap()
	mend := "have the PBX write the address it is reached at into SDP (its public or external address), and forward its RTP ports to it"
	mend3CX := "give 3CX its public address in its network settings, and forward its RTP ports; Outbound Parameters: Leave default value for Contact: Host Part"
	switch {
	case !said.IsValid():
		return finding{Odd, fmt.Sprintf("SDP names no address; %d packets came from %s", c.Packets, c.Heard), mend, mend3CX}
	case c.Packets == 0 && hidden(said, source):
		return finding{Wrong, fmt.Sprintf("no audio came; SDP names %s, a private address, and the PBX is at %s", said, source), mend, mend3CX}
	case c.Packets == 0:
		return finding{Wrong, fmt.Sprintf("no audio came; SDP names %s", said),
			"let RTP (UDP) out of the PBX's network to the media ports of the edge, and look whether the PBX sends before it hears", mend3CX}
	case said == from:
		return finding{state: OK, saw: "from " + from.String()}
	case hidden(said, source):
		return finding{Odd, fmt.Sprintf("SDP names %s, a private address; audio came from %s and was only found by that", said, from), mend, mend3CX}
	}
	return finding{Odd, fmt.Sprintf("SDP names %s; audio came from %s", said, from),
		"have SDP name the address that audio comes from: who does not send to where packets come from hears nothing", mend3CX}
}

// hidden tells whether an address in SDP is private while its sender is not there.
func hidden(said, source netip.Addr) bool {
	return said != source && (said.IsPrivate() || said.IsLoopback() || said.IsLinkLocalUnicast())
}
