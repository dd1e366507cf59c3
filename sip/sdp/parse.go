package sdp

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// section is the lines below the v= line or below one m-line, up to the next.
type section []byte

// next cuts the first line off sec. The line comes without its end: LF, and any
// CR before it.
func (sec *section) next() (line []byte, ok bool) {
	if len(*sec) == 0 {
		return nil, false
	}
	line, rest, _ := bytes.Cut(*sec, []byte{'\n'})
	*sec = rest
	for len(line) > 0 && line[len(line)-1] == '\r' {
		line = line[:len(line)-1]
	}
	return line, true
}

// typed splits "x=value". It is false for a line of another shape and for one
// with a control character: what one parser takes for a line end, such as a bare
// CR, another takes for text, and such a line must reach neither us nor the peer.
func typed(line []byte) (kind byte, value []byte, ok bool) {
	if len(line) < 2 || line[1] != '=' || !clean(line) {
		return 0, nil, false
	}
	return line[0], line[2:], true
}

func clean(line []byte) bool {
	for _, c := range line {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// attribute splits the value of an a= line; spaces at its end do not count.
func attribute(value []byte) (name, rest []byte) {
	name, rest, _ = bytes.Cut(bytes.TrimRight(value, " \t"), []byte{':'})
	return name, rest
}

// Parse reads a description. It takes CRLF or LF line ends and a last line
// without one, skips lines and attributes it does not know (RFC 8866 section
// 5.13), and puts up with missing o=, s=, t= and c= lines. The error wraps
// ErrTooLarge or ErrSyntax.
func Parse(b []byte) (*Session, error) {
	if len(b) > MaxSize {
		return nil, fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, len(b), MaxSize)
	}
	rest := section(bytes.TrimLeft(b, "\r\n"))
	if version, _ := rest.next(); string(bytes.TrimRight(version, " \t")) != "v=0" {
		return nil, fmt.Errorf("%w: it does not begin with v=0", ErrSyntax)
	}
	s := &Session{head: rest, audio: -1}
	for number := 2; len(rest) > 0; number++ {
		if number > MaxLines {
			return nil, fmt.Errorf("%w: more than %d lines", ErrTooLarge, MaxLines)
		}
		before := rest
		line, _ := rest.next()
		if len(line) < 2 || line[0] != 'm' || line[1] != '=' {
			continue
		}
		if len(s.media) == MaxMedia {
			return nil, fmt.Errorf("%w: more than %d m-lines", ErrTooLarge, MaxMedia)
		}
		m, err := parseMediaLine(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		s.endSection(len(before))
		m.Index, m.body = len(s.media), rest
		s.media = append(s.media, m)
	}
	s.level = s.head.read()
	for i := range s.media {
		s.media[i].complete(s.level)
	}
	s.audio = s.find(Plain)
	return s, nil
}

// endSection cuts the section being read where the rest of the input, size bytes
// long, begins.
func (s *Session) endSection(size int) {
	open := &s.head
	if n := len(s.media); n > 0 {
		open = &s.media[n-1].body
	}
	*open = (*open)[:len(*open)-size]
}

// parseMediaLine reads "m=audio 49170/2 RTP/AVP 0 8". An m-line that cannot be
// read is an error where any other line is skipped: leaving it out would shift
// the m-lines of the answer.
func parseMediaLine(line []byte) (Media, error) {
	_, value, ok := typed(line)
	fields := strings.Fields(string(value))
	if !ok || len(fields) < 3 {
		return Media{}, fmt.Errorf("%w: the m-line is not \"m=media port proto format\"", ErrSyntax)
	}
	port, _, _ := strings.Cut(fields[1], "/")
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return Media{}, fmt.Errorf("%w: the m-line's port is not a number below 65536", ErrSyntax)
	}
	m := Media{Kind: fields[0], Port: uint16(number), Proto: fields[2]}
	if !word(m.Kind, "-") || !word(m.Proto, "-_/") {
		return Media{}, fmt.Errorf("%w: the m-line's media or protocol is not a word", ErrSyntax)
	}
	m.Formats = fields[3:3]
	for _, format := range fields[3:] {
		if m.legalFormat(format) {
			m.Formats = append(m.Formats, format)
		}
	}
	return m, nil
}

// legalFormat holds formats to payload types where the protocol is RTP, and to
// words elsewhere: they are the one part of a refused line that is passed on,
// and dots or colons would let an address through.
func (m *Media) legalFormat(format string) bool {
	if !strings.Contains(strings.ToUpper(m.Proto), "RTP/") {
		return word(format, "-_*+")
	}
	_, ok := payloadType(format)
	return ok
}

func payloadType(format string) (uint8, bool) {
	pt, err := strconv.ParseUint(format, 10, 7)
	return uint8(pt), err == nil && format[0] != '+'
}

// word reports whether text is letters, digits and the extra characters alone, and
// short enough to stand in the sentence of a refusal.
func word(text, extra string) bool {
	for _, c := range []byte(text) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && strings.IndexByte(extra, c) < 0 {
			return false
		}
	}
	return text != "" && len(text) <= 64
}

// level is what a section says itself, before the session level and the media
// level are put together.
type level struct {
	hasAddr  bool       // there is a c= line
	addr     netip.Addr // not valid if it cannot be sent to
	held     bool
	hasDir   bool
	dir      Direction
	ptime    int
	rtcp     uint16
	rtcpAddr netip.Addr
	mux      bool
	loopback bool // of media
	source   bool
	crypto   cryptos
	web      *webLines // nil: it says nothing of WebRTC
}

// read collects the facts of a section. Where a line is there twice, the first
// counts.
func (sec section) read() level {
	var lv level
	for {
		line, ok := sec.next()
		if !ok {
			return lv
		}
		switch kind, value, _ := typed(line); kind {
		case 'c':
			if !lv.hasAddr {
				lv.addr, lv.held = parseConnection(value)
				lv.hasAddr = true
			}
		case 'a':
			lv.readAttribute(attribute(value))
		}
	}
}

func (lv *level) readAttribute(name, value []byte) {
	if dir, ok := parseDirection(name); ok && !lv.hasDir {
		lv.dir, lv.hasDir = dir, true
		return
	}
	switch string(name) {
	case "ptime":
		// Some phones write "20.0"; the whole milliseconds are enough here.
		whole, _, _ := strings.Cut(strings.TrimSpace(string(value)), ".")
		if ms, err := strconv.ParseUint(whole, 10, 10); err == nil && lv.ptime == 0 {
			lv.ptime = int(ms)
		}
	case "rtcp":
		port, address, _ := bytes.Cut(bytes.TrimSpace(value), []byte{' '})
		if n, err := strconv.ParseUint(string(port), 10, 16); err == nil && lv.rtcp == 0 {
			lv.rtcp = uint16(n)
			lv.rtcpAddr, _ = parseConnection(address)
		}
	case "rtcp-mux":
		lv.mux = true
	case "loopback":
		lv.loopback = lv.loopback || slices.Contains(strings.Fields(string(value)), mediaLoopback)
	case "loopback-source":
		lv.source = true
	case "crypto":
		lv.crypto.add(value)
	default:
		lv.readWeb(name, value)
	}
}

// parseConnection reads "IN IP4 192.0.2.1/127". The address is not valid where
// it is a name, multicast, broadcast or null; null is true for the addresses
// that put a call on hold (RFC 3264 section 8.4, RFC 6157 section 4).
func parseConnection(value []byte) (addr netip.Addr, null bool) {
	fields := bytes.Fields(value)
	if len(fields) < 3 || !bytes.EqualFold(fields[0], []byte("IN")) {
		return netip.Addr{}, false
	}
	text, _, _ := bytes.Cut(fields[2], []byte{'/'})
	addr, err := netip.ParseAddr(string(text))
	if err != nil {
		return netip.Addr{}, bytes.HasSuffix(bytes.ToLower(text), []byte(".invalid"))
	}
	// A zone names an interface of the peer's machine, not of ours.
	addr = addr.Unmap().WithZone("")
	if addr.IsUnspecified() {
		return netip.Addr{}, true
	}
	if addr.IsMulticast() || addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return netip.Addr{}, false
	}
	return addr, false
}
