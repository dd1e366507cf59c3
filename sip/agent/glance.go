package agent

import (
	"bytes"
	"net/netip"
	"strconv"
)

// rank is what comes first when there is more to do than can be done.
type rank uint8

const (
	rankWithin rank = iota // answers and requests within dialogs: they belong to calls that have begun
	rankUrgent             // INVITEs to emergency numbers, and what cancels them
	rankOther
	rankStruck // from an address of which nothing good has come, see strikes
)

// glance is what can be told of a datagram without parsing it: enough to put it in its place among others, and to
// refuse an INVITE that is written as nearly all are.
type glance struct {
	method []byte // of a request; nil for an answer
	user   []byte // whom the Request-URI names
	host   []byte // where that is
	tagged bool   // To has a tag
	tag    []byte // that tag where it stands plainly
	auth   []byte // Authorization or Proxy-Authorization
	proven bool   // which is worth something, see Agent.proves

	// sound tells that what stands below can be written back as it is. It stays false for anything out of the
	// ordinary, such as folded lines, control characters or a field that stands twice.
	sound  bool
	branch []byte // of the top Via
	sentBy []byte // of the top Via
	port   uint16 // which it names, 0 for none
	rport  bool   // to be filled in (RFC 3581)
	to     int    // which of the lines is To
	lines  [maxGlance][]byte
	n      int // lines that an answer repeats, the top Via first
}

// maxGlance is how many lines an answer may repeat: four of them are From, To, Call-ID and CSeq.
const maxGlance = 12

// look reads the lines of a message as far as its body, those of an ACK as far as its branch.
func look(b []byte) (g glance) {
	line, rest, ok := cutLine(b)
	if bytes.HasPrefix(line, []byte("SIP/2.0 ")) || !ok {
		return g
	}
	var target []byte
	g.method, target, _ = bytes.Cut(line, []byte(" "))
	g.user, g.host = whom(target)
	g.sound = bytes.HasSuffix(target, []byte(" SIP/2.0"))
	seen := singles(0)
	for len(line) > 0 && ok {
		if line, rest, ok = cutLine(rest); len(line) > 0 {
			g.line(line, &seen)
		}
		if g.branch != nil && string(g.method) == "ACK" {
			return g
		}
	}
	all := seenFrom | seenTo | seenCallID | seenCSeq
	g.sound = g.sound && ok && seen == all && g.n > 0
	return g
}

// cutLine takes a line off the front of b. One that ends otherwise than in CRLF is none.
func cutLine(b []byte) (line, rest []byte, ok bool) {
	i := bytes.IndexByte(b, '\n')
	if i < 1 || b[i-1] != '\r' {
		return nil, nil, false
	}
	return b[:i-1], b[i+1:], true
}

// replyTo is where an answer goes (RFC 3261 section 18.2.2, RFC 3581).
func (g *glance) replyTo(from netip.AddrPort) netip.AddrPort {
	switch {
	case g.rport:
		return from
	case g.port == 0:
		return netip.AddrPortFrom(from.Addr(), 5060)
	}
	return netip.AddrPortFrom(from.Addr(), g.port)
}

// line takes one header line.
func (g *glance) line(line []byte, seen *singles) {
	i := bytes.IndexByte(line, ':')
	if i <= 0 || line[0] <= ' ' {
		g.sound = false // no header field, or one that goes on
		return
	}
	which := singles(0)
	name := line[:i]
	if name[i-1] <= ' ' {
		name = bytes.TrimRight(name, " \t")
	}
	switch name[0] | 0x20 { // most lines are none of ours
	case 'v', 'f', 't', 'c', 'i':
	case 'a', 'p':
		if is(name, "authorization", 0) || is(name, "proxy-authorization", 0) {
			g.auth = line[i+1:]
		}
		return
	default:
		return
	}
	switch {
	case is(name, "via", 'v'):
		if g.n == 0 {
			g.readVia(line[i+1:])
		}
	case is(name, "from", 'f'):
		which = seenFrom
	case is(name, "to", 't'):
		which, g.to = seenTo, g.n
		g.tag, g.tagged = tagOf(line[i+1:])
	case is(name, "call-id", 'i'):
		which = seenCallID
	case is(name, "cseq", 0):
		which = seenCSeq
	default:
		return
	}
	if *seen&which != 0 || g.n == maxGlance || g.n == 0 && which != 0 || hasControl(line) {
		g.sound = false // the top Via must be the first of them, since it is written first
		return
	}
	*seen |= which
	g.lines[g.n] = line
	g.n++
}

// readVia takes the top Via apart: one value with a branch of RFC 3261, and an rport to be filled in, or nothing.
func (g *glance) readVia(value []byte) {
	sentBy, params, _ := bytes.Cut(bytes.TrimLeft(value, " "), []byte(";"))
	protocol, sentBy, ok := bytes.Cut(sentBy, []byte(" "))
	g.sound = g.sound && ok && string(protocol) == "SIP/2.0/UDP" && bytes.IndexByte(value, ',') < 0 && bytes.IndexByte(value, '"') < 0
	g.sentBy = sentBy
	var plain bool
	g.port, plain = plainPort(sentBy)
	g.sound = g.sound && plain
	for len(params) > 0 {
		var one []byte
		one, params, _ = bytes.Cut(params, []byte(";"))
		switch name, value, _ := bytes.Cut(one, []byte("=")); {
		case string(name) == "branch":
			g.branch = value
		case string(one) == "rport":
			g.rport = true
		default:
			g.sound = false // an answer repeats what is known here, and nothing else
		}
	}
	g.sound = g.sound && len(g.branch) > len(magicCookie) && bytes.HasPrefix(g.branch, []byte(magicCookie)) && isToken(string(g.branch))
}

// plainPort reads the port of a host that is written in one way only, so that it can be compared as it stands.
func plainPort(s []byte) (port uint16, plain bool) {
	host, digits, named := bytes.Cut(s, []byte(":"))
	for _, c := range host {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '-') {
			return 0, false
		}
	}
	if !isHost(string(host)) {
		return 0, false
	}
	if !named {
		return 0, true
	}
	n, err := strconv.ParseUint(string(digits), 10, 16)
	return uint16(n), err == nil && n > 0 && digits[0] != '0'
}

// whom takes user and host out of a Request-URI. A tel URI has a number for its user and no host, a service URN is a
// user as a whole.
func whom(target []byte) (user, host []byte) {
	uri, _, _ := bytes.Cut(target, []byte(" "))
	scheme, rest, _ := bytes.Cut(uri, []byte(":"))
	if bytes.EqualFold(scheme, []byte("urn")) {
		return uri, nil
	}
	user, host, _ = bytes.Cut(rest, []byte("@"))
	if i := bytes.IndexAny(user, ";:"); i >= 0 {
		user = user[:i]
	}
	if i := bytes.IndexAny(host, ";:?"); i >= 0 {
		host = host[:i]
	}
	return user, host
}

// is compares the name of a header field with a long name in small letters and its compact form.
func is(name []byte, long string, compact byte) bool {
	if len(name) == 1 {
		return name[0]|0x20 == compact
	}
	return len(name) == len(long) && name[0]|0x20 == long[0] && bytes.EqualFold(name, []byte(long))
}

// tagOf tells whether To may have a tag: it says yes too often rather than too seldom. The tag itself is nil unless it
// can be read in one way.
func tagOf(value []byte) (tag []byte, tagged bool) {
	if i := bytes.LastIndexByte(value, '>'); i >= 0 && bytes.IndexByte(value, '"') < 0 { // a quoted one ends no address
		value = value[i:]
	}
	for {
		i := bytes.IndexByte(value, ';')
		if i < 0 {
			return nil, false
		}
		value = bytes.TrimLeft(value[i+1:], " \t")
		if len(value) > 3 && bytes.EqualFold(value[:3], []byte("tag")) {
			if tag, _, _ = bytes.Cut(value[4:], []byte(";")); value[3] != '=' || !isToken(string(tag)) {
				tag = nil
			}
			return tag, true
		}
	}
}

func hasControl(line []byte) bool {
	for _, c := range line {
		if c < ' ' && c != '\t' || c == 0x7f {
			return true
		}
	}
	return false
}
