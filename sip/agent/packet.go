package agent

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// packet is one received message read strictly: sipgo found its lines, the fields below are what they mean. A request
// that cannot be used has a fault and still carries what an answer needs.
type packet struct {
	method      string // of a request
	uri         string // Request-URI
	version     string
	status      int // of a response
	reason      string
	vias        []string // every Via value, top first
	via         via      // the top one
	from, to    party
	callID      string
	cseq        uint32
	cseqMethod  string
	maxForwards int // -1 when absent
	contact     string
	contacts    []string // of a REGISTER: every value, "*" among them
	recordRoute []string
	route       Address  // the first of Route
	require     []string // Require and Proxy-Require
	auth        []Header // Authorization, Proxy-Authorization, WWW-Authenticate, Proxy-Authenticate
	message     Message
	fault       *fault
	waited      time.Duration // before it was read
	judged      bool          // see datagram
}

// fault is why a request is refused before anybody looks at what it wants.
type fault struct {
	status   int
	reason   string
	sentence string
	headers  []Header
}

func badRequest(format string, args ...any) *fault {
	return &fault{status: 400, reason: "Bad Request", sentence: fmt.Sprintf(format, args...)}
}

// via is a Via value (RFC 3261 section 20.42).
type via struct {
	transport string
	host      string
	port      uint16
	params    string
	branch    string
	rport     bool // "rport" was there without a value (RFC 3581)
}

const magicCookie = "z9hG4bK"

// maxHeaders bounds the header fields of one message, and the values in those that are lists.
const maxHeaders = 256

// readPacket reads what sipgo parsed. It never fails: see packet.fault.
func readPacket(m sip.Message) *packet {
	p := &packet{maxForwards: -1}
	var headers []sip.Header
	switch m := m.(type) {
	case *sip.Request:
		p.method, p.version = string(m.Method), m.SipVersion
		p.uri = m.Recipient.String()
		headers = m.Headers()
	case *sip.Response:
		p.status, p.reason, p.version = m.StatusCode, m.Reason, m.SipVersion
		headers = m.Headers()
	}
	p.message.Body = m.Body()
	if len(headers) > maxHeaders {
		p.blame(badRequest("more than %d header fields", maxHeaders))
		headers = headers[:maxHeaders]
	}
	p.message.Headers = make([]Header, 0, 4)
	seen := singles(0)
	for _, h := range headers {
		p.field(h.Name(), strings.TrimSpace(clean(h.Value())), &seen)
	}
	p.check(seen)
	return p
}

// blame keeps the first fault.
func (p *packet) blame(f *fault) {
	if p.fault == nil {
		p.fault = f
	}
}

// singles is the set of header fields seen that may stand once only.
type singles uint8

const (
	seenFrom singles = 1 << iota
	seenTo
	seenCallID
	seenCSeq
	seenMaxForwards
	seenContentType
	seenContentLength
)

func (p *packet) once(seen *singles, which singles, name string) bool {
	if *seen&which != 0 {
		p.blame(badRequest("more than one %s header field", name))
		return false
	}
	*seen |= which
	return true
}

// field takes one header field. The first of a doubled one counts, and the message has a fault.
func (p *packet) field(name, value string, seen *singles) {
	var err error
	switch strings.ToLower(name) {
	case "via", "v":
		for _, v := range splitList(value) {
			if v == "" {
				p.blame(badRequest("an empty value in Via"))
				continue
			}
			if len(p.vias) == maxHeaders {
				p.blame(badRequest("more than %d values in Via", maxHeaders))
				break // each becomes a line of the answer, which would be several times as long as the request
			}
			p.vias = append(p.vias, v)
		}
	case "from", "f":
		if p.once(seen, seenFrom, "From") {
			if p.from, err = parseParty(value); err != nil && !isForeign(err) {
				p.blame(badRequest("From cannot be read: %v", err))
			}
		}
	case "to", "t":
		if p.once(seen, seenTo, "To") {
			if p.to, err = parseParty(value); err != nil && !isForeign(err) {
				p.blame(badRequest("To cannot be read: %v", err))
			}
		}
	case "call-id", "i":
		if p.once(seen, seenCallID, "Call-ID") {
			p.callID = value
		}
	case "cseq":
		if p.once(seen, seenCSeq, "CSeq") {
			p.readCSeq(value)
		}
	case "max-forwards":
		if p.once(seen, seenMaxForwards, "Max-Forwards") {
			p.readMaxForwards(value)
		}
	case "contact", "m":
		p.readContact(value)
	case "record-route":
		p.readRecordRoute(value)
	case "content-type", "c":
		if p.once(seen, seenContentType, "Content-Type") {
			p.message.ContentType = value
		}
	case "content-length", "l":
		p.once(seen, seenContentLength, "Content-Length")
	case "route":
		p.readRoute(value)
	case "require", "proxy-require":
		p.require = append(p.require, splitList(value)...)
		p.keep(name, value)
	case "authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate":
		p.auth = append(p.auth, Header{name, value})
	default:
		p.keep(name, value)
	}
}

// keep hands a header field on to the leg's user, its compact name written out.
func (p *packet) keep(name, value string) {
	switch name {
	case "k", "K":
		name = "Supported"
	case "s", "S":
		name = "Subject"
	case "e", "E":
		name = "Content-Encoding"
	case "x", "X":
		name = "Session-Expires"
	case "r", "R":
		name = "Refer-To"
	case "b", "B":
		name = "Referred-By"
	case "o", "O":
		name = "Event"
	case "u", "U":
		name = "Allow-Events"
	}
	p.message.Headers = append(p.message.Headers, Header{name, value})
}

func (p *packet) readCSeq(value string) {
	n, method, _ := strings.Cut(value, " ")
	seq, err := strconv.ParseUint(n, 10, 31)
	if err != nil {
		p.blame(badRequest("CSeq number cannot be read"))
	}
	p.cseq, p.cseqMethod = uint32(seq), strings.TrimSpace(method)
}

func (p *packet) readMaxForwards(value string) {
	n, err := strconv.ParseUint(value, 10, 8)
	if err != nil {
		p.blame(badRequest("Max-Forwards cannot be read: 0 to 255 is allowed"))
		return
	}
	p.maxForwards = int(n)
}

func (p *packet) readContact(value string) {
	if p.method == "REGISTER" {
		p.contacts = append(p.contacts, value)
		return
	}
	if p.contact != "" || value == "*" {
		return
	}
	c, err := parseParty(splitList(value)[0])
	if err != nil && (!isForeign(err) || p.method == "INVITE" || p.method == "UPDATE") {
		p.blame(badRequest("Contact cannot be read: %v", err))
		return
	}
	p.contact = c.spec
}

// readRecordRoute keeps the proxies that can be read: each becomes the Route of our own requests.
func (p *packet) readRecordRoute(value string) {
	for _, v := range splitList(value) {
		if _, err := parseParty(v); err != nil {
			p.blame(badRequest("Record-Route cannot be read: %v", err))
			continue
		}
		if len(p.recordRoute) == maxHeaders {
			p.blame(badRequest("more than %d values in Record-Route", maxHeaders))
			return
		}
		p.recordRoute = append(p.recordRoute, v)
	}
}

// readRoute keeps whom a request for a service is meant for. One that cannot be read names nobody.
func (p *packet) readRoute(value string) {
	if r, err := parseParty(splitList(value)[0]); err == nil && p.route == (Address{}) {
		p.route = r.uri.Address
	}
}

// isForeign tells that an address is well formed but of a scheme we make no legs of: no fault in a header field.
func isForeign(err error) bool {
	var e errScheme
	return errors.As(err, &e)
}

// check looks for what every request must have (RFC 3261 section 8.1.1) and reads the top Via.
func (p *packet) check(seen singles) {
	if len(p.vias) == 0 {
		p.blame(badRequest("no Via header field"))
	} else if v, ok := parseVia(p.vias[0]); ok {
		p.via = v
	} else {
		p.blame(badRequest("the top Via cannot be read"))
	}
	for _, f := range []struct {
		bit  singles
		name string
	}{{seenFrom, "From"}, {seenTo, "To"}, {seenCallID, "Call-ID"}, {seenCSeq, "CSeq"}} {
		if seen&f.bit == 0 {
			p.blame(badRequest("no %s header field", f.name))
		}
	}
	if strings.EqualFold(p.method, p.cseqMethod) && isToken(p.cseqMethod) {
		p.method = p.cseqMethod // sipgo writes methods in capitals; they are case-sensitive
	}
	if p.method != "" && p.cseqMethod != p.method && seen&seenCSeq != 0 {
		p.blame(badRequest("CSeq names %s, the method is %s", p.cseqMethod, p.method))
	}
	if p.method != "" && p.version != "SIP/2.0" {
		p.fault = &fault{status: 505, reason: "Version Not Supported", sentence: "only SIP/2.0 is spoken here"}
	}
}

// parseVia reads "SIP/2.0/UDP host:port;params", with white space where the grammar allows it.
func parseVia(s string) (via, bool) {
	proto, rest, ok := cutLast3(s)
	if !ok {
		return via{}, false
	}
	v := via{transport: strings.ToLower(proto)}
	hostport, params := cutQuoted(rest, ';')
	var u uri
	if !closed(params) || u.parseHostPort(strings.ReplaceAll(strings.TrimSpace(hostport), " ", "")) != nil {
		return via{}, false
	}
	v.host, v.port, v.params = u.Host, u.Port, params
	v.branch, _ = param(params, "branch")
	value, has := param(params, "rport")
	v.rport = has && value == ""
	return v, true
}

// cutLast3 takes "SIP / 2.0 / UDP" off the front of a Via value and returns the transport and the rest.
func cutLast3(s string) (transport, rest string, ok bool) {
	name, s, ok1 := strings.Cut(s, "/")
	version, s, ok2 := strings.Cut(s, "/")
	if !ok1 || !ok2 || !strings.EqualFold(strings.TrimSpace(name), "SIP") || !isToken(strings.TrimSpace(version)) {
		return "", "", false
	}
	s = strings.TrimLeft(s, " \t")
	i := strings.IndexAny(s, " \t")
	if i <= 0 || !isToken(s[:i]) {
		return "", "", false
	}
	return s[:i], strings.TrimSpace(s[i:]), true
}

// clean takes out control characters: sipgo lets a bare LF inside a value through, and written out again it would
// begin a header field of the sender's choosing.
func clean(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] == 0x7f {
			return strings.Map(func(r rune) rune {
				if r < ' ' || r == 0x7f {
					return ' '
				}
				return r
			}, s)
		}
	}
	return s
}
