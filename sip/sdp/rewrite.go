package sdp

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
)

// Rewrite appends to dst the description as it goes to the other leg and returns
// the extended slice. The line that Audio returns gets our address and ports;
// every other m-line is kept in place with port 0. It allocates nothing but the
// growth of dst.
func (s *Session) Rewrite(dst []byte, l Local, role Role) []byte {
	answers := role == RoleAnswer && l.Answers != nil
	dst = appendOrigin(dst, l)
	dst = s.head.appendKept(dst, "b", kept)
	if answers {
		dst = l.Answers.head.appendTimes(dst)
	} else {
		dst = s.head.appendTimes(dst)
	}
	dst = appendLite(s.head.appendKept(dst, "a", kept), l)

	if answers {
		return s.appendAnswers(dst, l)
	}
	for i := range s.media {
		m := &s.media[i]
		if i != s.audio {
			dst = m.appendRefused(dst)
			continue
		}
		proto := m.profile(l.Security == Required)
		if l.Web != nil {
			proto = webProfile
		}
		dst = m.appendRelayed(dst, l, relayed{
			proto: proto, dir: m.Direction, say: m.said || m.Held, mux: role == RoleOffer && m.muxable(), role: role,
		})
	}
	return dst
}

// appendAnswers writes the m-lines of an answer along those of the offer. The
// line is found by what it is and not by its place, since simple user agents
// answer one audio line to an offer of several.
func (s *Session) appendAnswers(dst []byte, l Local) []byte {
	for i := range l.Answers.media {
		offered := &l.Answers.media[i]
		if i != l.Answers.audio || s.audio < 0 {
			dst = offered.appendRefused(dst)
			continue
		}
		m := &s.media[s.audio]
		dir := m.Direction.Within(offered.Direction.Reverse())
		dst = m.appendRelayed(dst, l, relayed{
			proto: offered.Proto, dir: dir, say: m.said || dir != SendRecv,
			mux: m.muxable() && offered.muxable(), role: RoleAnswer,
		})
	}
	return dst
}

// relayed is what the other half of the exchange has a say in.
type relayed struct {
	proto string
	dir   Direction
	say   bool // write the direction; sendrecv nobody said stays unsaid
	mux   bool
	role  Role
}

func (m *Media) appendRelayed(dst []byte, l Local, how relayed) []byte {
	dst = appendMediaLine(dst, m.Kind, l.RTP, how.proto)
	for _, format := range m.Formats {
		dst = append(append(dst, ' '), format...)
	}
	dst = append(dst, "\r\n"...)
	keep := kept
	if m.dtls() && l.Web == nil {
		keep = keptPlain
	}
	dst = m.body.appendKept(dst, "b", keep)
	dst = m.body.appendKept(dst, "a", keep)
	if l.Loopback {
		dst = m.body.appendKept(dst, "a", keptLoopback)
	}
	if how.say {
		dst = appendAttribute(dst, how.dir.String())
	}
	return appendTransport(dst, l, how.role, how.mux)
}

// appendRefused writes the line with port 0 and without a section (RFC 3264
// section 6). A format must stand there, whatever it is.
func (m *Media) appendRefused(dst []byte) []byte {
	dst = appendMediaLine(dst, m.Kind, 0, m.Proto)
	for _, format := range m.Formats {
		dst = append(append(dst, ' '), format...)
	}
	if len(m.Formats) == 0 {
		dst = append(dst, " 0"...)
	}
	return append(dst, "\r\n"...)
}

func appendMediaLine(dst []byte, kind string, port uint16, proto string) []byte {
	dst = append(append(dst, "m="...), kind...)
	dst = strconv.AppendUint(append(dst, ' '), uint64(port), 10)
	return append(append(dst, ' '), proto...)
}

func appendAttribute(dst []byte, name string) []byte {
	dst = append(append(dst, "a="...), name...)
	return append(dst, "\r\n"...)
}

func appendCrypto(dst []byte, l Local) []byte {
	for _, c := range l.Crypto {
		dst = c.append(dst)
	}
	return dst
}

// appendRTCP says where our RTCP port is, if that is not plain from the RTP port.
func appendRTCP(dst []byte, l Local, mux bool) []byte {
	if mux {
		dst = appendAttribute(dst, "rtcp-mux")
	}
	if l.RTCP != 0 && l.RTCP != l.RTP+1 && !(mux && l.RTCP == l.RTP) {
		dst = append(dst, "a=rtcp:"...)
		dst = strconv.AppendUint(dst, uint64(l.RTCP), 10)
		dst = append(dst, "\r\n"...)
	}
	return dst
}

// appendOrigin writes the lines v, o, s and c, which are ours alone.
func appendOrigin(dst []byte, l Local) []byte {
	user := l.User
	if user == "" {
		user = "callbox"
	}
	dst = append(append(dst, "v=0\r\no="...), user...)
	dst = strconv.AppendUint(append(dst, ' '), l.ID, 10)
	dst = strconv.AppendUint(append(dst, ' '), l.Version, 10)
	dst = appendAddress(append(dst, ' '), l.Addr)
	dst = append(dst, "\r\ns=-\r\nc="...)
	dst = appendAddress(dst, l.Addr)
	return append(dst, "\r\n"...)
}

func appendAddress(dst []byte, addr netip.Addr) []byte {
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		return addr.AppendTo(append(dst, "IN IP6 "...))
	}
	if !addr.IsValid() {
		return append(dst, "IN IP4 0.0.0.0"...)
	}
	return addr.AppendTo(append(dst, "IN IP4 "...))
}

// appendKept copies the lines of the given kinds that keep lets pass, byte for byte.
func (sec section) appendKept(dst []byte, kinds string, keep func(byte, []byte) bool) []byte {
	for {
		line, ok := sec.next()
		if !ok {
			return dst
		}
		kind, value, ok := typed(line)
		if ok && strings.IndexByte(kinds, kind) >= 0 && keep(kind, value) {
			dst = append(append(dst, line...), "\r\n"...)
		}
	}
}

// appendTimes writes when the session is. An answer says what its offer said (RFC
// 3264 section 6).
func (sec section) appendTimes(dst []byte) []byte {
	if !sec.hasTime() {
		return append(dst, "t=0 0\r\n"...)
	}
	return sec.appendKept(dst, "trz", kept)
}

func (sec section) hasTime() bool {
	for {
		line, ok := sec.next()
		if !ok {
			return false
		}
		if kind, value, ok := typed(line); ok && kind == 't' && kept(kind, value) {
			return true
		}
	}
}

// kept reports whether a line passes to the other leg. Times and bandwidths are
// held to their characters, so that nothing else travels in them.
func kept(kind byte, value []byte) bool {
	switch kind {
	case 'a':
		name, _ := attribute(value)
		return keepAttribute(name)
	case 'b':
		name, number, ok := bytes.Cut(value, []byte{':'})
		return ok && only(name, letters+digits+"-") && only(bytes.TrimRight(number, " "), digits)
	case 't':
		return only(value, digits+" ")
	case 'r', 'z':
		return only(value, digits+"dhms -")
	}
	return false
}

// keptLoopback is kept for a test call's lines, held to their characters.
func keptLoopback(_ byte, value []byte) bool {
	name, types := attribute(value)
	switch string(name) {
	case "loopback":
		return only(types, letters+digits+"- ")
	case "loopback-source", "loopback-mirror":
		return len(value) == len(name)
	}
	return false
}

const (
	digits  = "0123456789"
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

func only(value []byte, set string) bool {
	for _, c := range value {
		if strings.IndexByte(set, c) < 0 {
			return false
		}
	}
	return len(value) > 0
}

// keepAttribute is the list of attributes that describe the media and not the
// way to it. A list of what may pass, since new ways to name a host or an
// address keep being registered; DESIGN.md has the reasons for the rest.
// Directions, rtcp and rtcp-mux are written anew.
func keepAttribute(name []byte) bool {
	switch string(name) {
	case "rtpmap", "fmtp", "ptime", "maxptime", "silenceSupp",
		"rtcp-fb", "rtcp-xr", "rtcp-rsize",
		"lang", "hlang-send", "hlang-recv", "content":
		return true
	}
	return false
}
