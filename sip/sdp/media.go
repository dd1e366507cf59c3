package sdp

import (
	"net/netip"
	"strings"
)

// Media is one m-line with what its section and the session level say about it.
type Media struct {
	Index int    // place among the m-lines, from 0
	Kind  string // "audio", "video", "image", "application", ...
	Proto string // "RTP/AVP", "RTP/SAVP", "udptl", ...
	Port  uint16 // 0: the line is refused or switched off

	// RTP and RTCP are where the peer says it receives. Their address is not
	// valid (IsValid is false, the port is still set) where the description
	// gives a host name, a multicast or null address, or none at all: names are
	// not looked up, so send to wherever the peer's own packets come from.
	RTP  netip.AddrPort
	RTCP netip.AddrPort
	Mux  bool // a=rtcp-mux was said

	// Direction is the media level attribute, else the session level one, else
	// sendrecv, narrowed for Held.
	Direction Direction

	// Held is set by a null connection address (0.0.0.0, ::, or a name in
	// .invalid), the way of RFC 2543 to put a call on hold: the peer takes no
	// media, so Direction is sendonly or inactive.
	Held bool

	// Crypto are the lines a=crypto that can be used, in the order of the peer's
	// preference.
	Crypto []Crypto

	// Web is set where the line is a browser's, with SRTP keys by DTLS, that can be
	// used; its RTP and RTCP say nothing then, since ICE finds the way.
	Web *WebRTC

	Formats []string // payload types in the order of preference
	PTime   int      // packet time in milliseconds, 0 if not said

	// Loopback is set where the peer wants its media back, decoded and encoded anew (RFC 6849): it is the source, and
	// rtp-media-loopback is among what it takes.
	Loopback bool

	body  section
	own   level
	noWeb string // why a browser's line cannot be used
	said  bool   // a direction attribute stands somewhere
}

// complete puts the session level under what the section says itself.
func (m *Media) complete(session level) {
	m.own = m.body.read()
	conn := m.own
	if !conn.hasAddr {
		conn = session
	}
	if m.Port != 0 {
		m.RTP = netip.AddrPortFrom(conn.addr, m.Port)
		m.RTCP = m.own.rtcpFrom(conn.addr, m.Port)
	}
	m.Mux = m.own.mux
	m.Crypto = m.own.crypto.lines
	m.Loopback = m.own.loopback && m.own.source
	m.Direction, m.said = m.own.dir, m.own.hasDir || session.hasDir
	if !m.own.hasDir {
		m.Direction = session.dir
	}
	if m.dtls() {
		m.Web, m.noWeb = m.completeWeb(session)
		m.Crypto = nil
	}
	if m.Held = conn.held && !m.dtls(); m.Held { // a browser's null address says that ICE is not done
		m.Direction = m.Direction.Within(SendOnly)
	}
	if m.PTime = m.own.ptime; m.PTime == 0 {
		m.PTime = session.ptime
	}
}

// rtcpFrom returns where RTCP goes: what a=rtcp says (RFC 3605), else the port
// above RTP, if there is one.
func (lv level) rtcpFrom(addr netip.Addr, rtp uint16) netip.AddrPort {
	if lv.rtcpAddr.IsValid() {
		addr = lv.rtcpAddr
	}
	switch {
	case lv.rtcp != 0:
		return netip.AddrPortFrom(addr, lv.rtcp)
	case rtp == 65535:
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(addr, rtp+1)
}

func (m *Media) plainRTP() bool {
	return strings.EqualFold(m.Proto, "RTP/AVP") || strings.EqualFold(m.Proto, "RTP/AVPF")
}

func (m *Media) secureRTP() bool {
	return strings.EqualFold(m.Proto, "RTP/SAVP") || strings.EqualFold(m.Proto, "RTP/SAVPF")
}

// profile returns the RTP profile of the line, feedback included, with SRTP or
// without.
func (m *Media) profile(secure bool) string {
	feedback := (strings.HasSuffix(m.Proto, "F") || strings.HasSuffix(m.Proto, "f")) && !m.dtls()
	switch {
	case secure && feedback:
		return "RTP/SAVPF"
	case secure:
		return "RTP/SAVP"
	case feedback:
		return "RTP/AVPF"
	}
	return "RTP/AVP"
}

// live tells whether the line is audio that could be relayed, whatever its profile.
func (m *Media) live() bool { return m.Kind == "audio" && m.Port != 0 && len(m.Formats) > 0 }

// muxable reports whether RTP and RTCP may share a port: not with a payload type
// that looks like an RTCP packet type (RFC 5761 section 4).
func (m *Media) muxable() bool {
	for _, format := range m.Formats {
		if pt, ok := payloadType(format); ok && pt >= 64 && pt <= 95 {
			return false
		}
	}
	return m.Mux
}
