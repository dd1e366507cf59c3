package agent

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
)

// allow is what our dialogs understand; it stands in OPTIONS answers, 405, INVITEs and their 2xx.
const allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, MESSAGE"

// supported lists the option tags of RFC 3261 section 19.2 that we take in Require.
var supported = [...]string{"timer", "100rel", "norefersub"}

// tags is what our dialogs say in Supported where the leg's user says nothing.
func (a *Agent) tags() string {
	if a.opts.Replaces {
		return "timer, replaces"
	}
	return "timer"
}

// supportedList is the same as the value of Supported.
var supportedList = strings.Join(supported[:], ", ")

// usualHops is Max-Forwards of a request that begins here (RFC 3261 section 8.1.1.6).
const usualHops = 70

// writer builds one message. Values come from readPacket or from our own code and hold no line ends; those of a leg's
// user are cleaned.
type writer struct{ b []byte }

func (w *writer) line(parts ...string) {
	for _, p := range parts {
		w.b = append(w.b, p...)
	}
	w.b = append(w.b, '\r', '\n')
}

func (w *writer) field(name, value string) { w.line(name, ": ", value) }

func (w *writer) fields(hs []Header) {
	for _, h := range hs {
		if strings.TrimSpace(h.Value) == "" && strings.EqualFold(h.Name, "Supported") {
			continue // said so that nothing is added; nothing is what it says
		}
		if isToken(h.Name) && !ownHeader(h.Name) {
			w.field(h.Name, clean(h.Value))
		}
	}
}

// body ends the message.
func (w *writer) body(m Message) []byte {
	if len(m.Body) > 0 && m.ContentType != "" {
		w.field("Content-Type", clean(m.ContentType))
	}
	w.field("Content-Length", strconv.Itoa(len(m.Body)))
	w.line()
	w.b = append(w.b, m.Body...)
	return w.b
}

// ownHeader tells the header fields that belong to the dialog or transaction, which a leg's user cannot set.
func ownHeader(name string) bool {
	switch strings.ToLower(name) {
	case "via", "v", "from", "f", "to", "t", "call-id", "i", "cseq", "contact", "m", "route", "record-route",
		"max-forwards", "content-length", "l", "content-type", "c":
		return true
	}
	return false
}

// response writes an answer to p (RFC 3261 section 8.2.6). toTag is added where the request had none.
func (a *Agent) response(f flow, p *packet, toTag string, status int, reason, contact string, m Message) []byte {
	w := writer{b: make([]byte, 0, 768+len(m.Body))}
	w.line("SIP/2.0 ", strconv.Itoa(status), " ", clean(reason))
	for i, v := range p.vias {
		if i == 0 {
			v = stampVia(v, p.via, f)
		}
		w.field("Via", v)
	}
	for _, r := range p.recordRoute {
		if status > 100 && status < 300 {
			w.field("Record-Route", r)
		}
	}
	w.field("From", p.from.raw)
	to := p.to.raw
	if p.to.tag == "" && toTag != "" && status > 100 {
		to += ";tag=" + toTag
	}
	w.field("To", to)
	w.field("Call-ID", p.callID)
	w.field("CSeq", strconv.FormatUint(uint64(p.cseq), 10)+" "+p.cseqMethod)
	if contact != "" && status > 100 && status < 300 {
		w.field("Contact", contact)
	}
	if status > 100 && a.opts.UserAgent != "" {
		w.field("Server", a.opts.UserAgent)
	}
	w.fields(m.Headers)
	return w.body(m)
}

// stampVia adds received and rport to the top Via (RFC 3261 section 18.2.1, RFC 3581 section 4). A received that its
// sender has written says nothing and is taken out: whoever reads the answer must not find two.
func stampVia(raw string, v via, f flow) string {
	source := f.remote.Addr().String()
	if _, told := param(v.params, "received"); !told && !v.rport {
		if v.host == source {
			return raw
		}
		return raw + ";received=" + source
	}
	var out strings.Builder
	rest := raw
	for first := true; rest != ""; first = false {
		var one string
		one, rest = cutQuoted(rest, ';')
		name, _, _ := strings.Cut(one, "=")
		switch name = strings.TrimSpace(name); {
		case first:
		case strings.EqualFold(name, "received"):
			continue
		case v.rport && strings.EqualFold(name, "rport"):
			one = "rport=" + portString(f.remote.Port()) // it stands there without a value
		}
		if !first {
			out.WriteByte(';')
		}
		out.WriteString(one)
	}
	if v.rport || v.host != source {
		out.WriteString(";received=" + source)
	}
	return out.String()
}

// replyFlow is where answers to a request that came on f go (RFC 3261 section 18.2.2, RFC 3581).
func replyFlow(f flow, p *packet) flow {
	if f.reliable() || p.via.rport || p.via.host == "" {
		return f
	}
	port := p.via.port
	if port == 0 {
		port = 5060
	}
	f.remote = addrPortOf(f.remote.Addr(), port)
	return f
}

// token returns n random bytes in hex: a tag, branch or Call-ID that cannot be guessed.
func token(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}

func newBranch() string { return magicCookie + token(9) }
func newTag() string    { return token(8) }

// newRSeq returns the RSeq of a call's first reliable provisional answer (RFC 3262 section 3).
func newRSeq() uint32 {
	var b [4]byte
	rand.Read(b[:])
	return binary.BigEndian.Uint32(b[:])>>1 | 1
}
