package agent

import (
	"bytes"
	"hash/maphash"
	"net/netip"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// receive takes one message, on the goroutine that read it: messages of one socket stay in order, and nothing here
// may block.
func (a *Agent) receive(f flow, p *packet) {
	if p.method == "" {
		a.count.responses.Add(1)
		a.receiveResponse(p)
		return
	}
	a.count.requests.Add(1)
	switch {
	case p.method == "ACK":
		a.receiveAck(p)
	case p.fault != nil:
		a.strikes.add(f.remote.Addr())
		a.refuse(f, p, p.fault)
	case p.method == "CANCEL":
		a.receiveCancel(f, p)
	default:
		a.receiveRequest(f, p)
	}
}

// receiveResponse finds the transaction of an answer. One that no transaction waits for is dropped (RFC 3261 section
// 18.1.2). A fault elsewhere in it does not matter: an answer is better than none.
func (a *Agent) receiveResponse(p *packet) {
	if len(p.vias) != 1 || p.version != "SIP/2.0" || p.status < 100 || p.status > 699 {
		return
	}
	a.txMu.Lock()
	t := a.clientTxs[p.via.branch+" "+p.cseqMethod]
	a.txMu.Unlock()
	if t != nil {
		t.answer(p)
	}
}

func (a *Agent) receiveAck(p *packet) {
	if t := a.findServerTx(p); t != nil && t.acked() {
		return
	}
	if p.fault != nil {
		return // an ACK is never answered
	}
	if l := a.leg(p.to.tag); l != nil {
		l.takeAck(p)
	}
}

// receiveCancel answers a CANCEL, which needs no transaction: it is answered alike when it is repeated.
func (a *Agent) receiveCancel(f flow, p *packet) {
	inv := a.findServerTx(p)
	if inv != nil && inv.flow.remote.Addr() != f.remote.Addr() {
		a.count.strange.Add(1)
		inv = nil // a CANCEL takes the way of its INVITE (RFC 3261 section 9.1)
	}
	if inv == nil {
		if p.to.tag == "" {
			a.early.add(a.earlyKey(f, p))
		}
		a.reply(f, p, "", 481, "Call/Transaction Does Not Exist", Message{})
		return
	}
	a.reply(f, p, inv.toTag, 200, "OK", Message{}) // RFC 3261 section 9.2: with the tag of its INVITE's answers
	inv.cancel(p)
}

// receiveRequest takes a request that is no ACK or CANCEL. What belongs to no call is answered without a transaction,
// so that whoever floods us fills no memory (RFC 3261 section 8.2.7).
func (a *Agent) receiveRequest(f flow, p *packet) {
	if p.to.tag != "" {
		a.receiveWithin(f, p)
		return
	}
	if fl := a.inspect(p); fl != nil {
		a.refuse(f, p, fl)
		return
	}
	switch p.method {
	case "INVITE":
		a.takeInvite(f, p)
	case "REGISTER":
		a.takeRegister(f, p)
	case "OPTIONS":
		a.answerOptions(f, p)
	case "BYE", "INFO", "UPDATE", "NOTIFY", "REFER", "PRACK":
		a.reply(f, p, "", 481, "Call/Transaction Does Not Exist", Message{})
	case "SUBSCRIBE", "PUBLISH", "MESSAGE":
		a.reply(f, p, "", 405, "Method Not Allowed", Message{}.With("Allow", allow))
	default:
		a.reply(f, p, "", 501, "Not Implemented", Message{}.With("Allow", allow))
	}
}

// receiveWithin takes a request within a dialog.
func (a *Agent) receiveWithin(f flow, p *packet) {
	if t := a.findServerTx(p); t != nil { // the dialog itself may be over
		t.again()
		return
	}
	if fl := a.inspect(p); fl != nil {
		a.refuse(f, p, fl)
		return
	}
	l := a.leg(p.to.tag)
	switch {
	case l != nil && l.matches(p) && !l.knows(f.remote.Addr()):
		a.count.strange.Add(1)
		a.refuse(f, p, strange())
	case l != nil && l.matches(p):
		if t, isNew := a.newServerTx(f, p); isNew {
			l.takeRequest(t, f, p)
		} else {
			t.again()
		}
	case p.method == "OPTIONS":
		a.answerOptions(f, p)
	default:
		a.reply(f, p, "", 481, "Call/Transaction Does Not Exist", Message{})
	}
}

// inspect checks what the core of a UAS must check before it looks at the method (RFC 3261 section 8.2).
func (a *Agent) inspect(p *packet) *fault {
	if p.maxForwards == 0 && p.to.tag == "" { // within a dialog we are where it ends
		return &fault{status: 483, reason: "Too Many Hops", sentence: "Max-Forwards is 0"}
	}
	if _, err := parseURI(p.uri); err != nil {
		if isForeign(err) {
			return unsupportedScheme(err)
		}
		return badRequest("the Request-URI cannot be read")
	}
	var unsupported []string
	for _, tag := range p.require {
		if !isSupported(tag) && !(a.opts.Replaces && strings.EqualFold(tag, "replaces")) {
			unsupported = append(unsupported, tag)
		}
	}
	if len(unsupported) > 0 {
		return &fault{
			status: 420, reason: "Bad Extension", sentence: "an extension in Require is not supported",
			headers: []Header{{"Unsupported", strings.Join(unsupported, ", ")}},
		}
	}
	if p.method == "INVITE" {
		_, fl := p.replaces(a.opts.Replaces)
		return fl
	}
	return nil
}

func unsupportedScheme(err error) *fault {
	return &fault{status: 416, reason: "Unsupported URI Scheme", sentence: err.Error()}
}

func isSupported(tag string) bool {
	for _, s := range supported {
		if strings.EqualFold(s, tag) {
			return true
		}
	}
	return tag == ""
}

// quoted escapes what stands in a quoted-string.
var quoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// Warning is the header field with a sentence for people that goes with a refusal.
func Warning(sentence string) Header { return warning(sentence) }

// warning is the human sentence that goes with a refusal (RFC 3261 section 20.43).
func warning(sentence string) Header {
	return Header{"Warning", `399 callbox "` + quoted.Replace(clean(sentence)) + `"`}
}

// refuse answers a request that has a fault.
func (a *Agent) refuse(f flow, p *packet, fl *fault) {
	a.count.refused.Add(1)
	if len(p.vias) == 0 || p.via.host == "" {
		return // nobody to answer
	}
	a.reply(f, p, "", fl.status, fl.reason, Message{Headers: append([]Header{warning(fl.sentence)}, fl.headers...)})
}

// reply answers a request without a transaction. Without a tag it gets one that is the same when it is repeated.
func (a *Agent) reply(f flow, p *packet, tag string, status int, reason string, m Message) {
	if tag == "" {
		tag = a.replyTag(p)
	}
	back := replyFlow(f, p)
	if err := back.send(a.response(back, p, tag, status, reason, "", m)); err != nil {
		a.log.Debug().Err(err).Int("sip_status", status).Msg("answer not sent")
	}
}

// replyTag is the To-tag of answers without a transaction.
func (a *Agent) replyTag(p *packet) string {
	return strconv.FormatUint(maphash.String(a.seed, serverKey(p)+" "+p.callID), 16)
}

// answerOptions answers OPTIONS as a keepalive or capability query (RFC 3261 section 11.2).
func (a *Agent) answerOptions(f flow, p *packet) {
	status, reason, m := a.capabilities()
	a.reply(f, p, "", status, reason, m)
	if a.opts.OnOptions != nil {
		a.opts.OnOptions(Keepalive{Source: f.remote, Transport: f.transport, UserAgent: p.message.Get("User-Agent")})
	}
}

// Keepalive is OPTIONS outside a dialog, by which a PBX sees whether its trunk is there.
type Keepalive struct {
	Source    netip.AddrPort
	Transport string
	UserAgent string
}

func (a *Agent) capabilities() (status int, reason string, m Message) {
	m = Message{Headers: []Header{
		{"Allow", allow}, {"Accept", "application/sdp"}, {"Accept-Encoding", "identity"},
		{"Accept-Language", "en"}, {"Supported", supportedList},
	}}
	if a.opts.Replaces {
		m.Headers[len(m.Headers)-1].Value += ", replaces"
	}
	if a.opts.Ready != nil && !a.opts.Ready() {
		return 503, "Service Unavailable", m.With("Retry-After", "10")
	}
	return 200, "OK", m
}

// parse reads a message. Of one with too many header fields, which is refused for them, it reads no more than that
// takes: a thousand of them in one datagram cost as much as a call.
func (a *Agent) parse(b []byte) (sip.Message, error) {
	line := 0
	for i := 0; i < len(b) && b[i] != '\r'; line++ {
		if line == maxHeaders+2 {
			b = append(b[:i:i], "\r\n"...)
			break
		}
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			break
		}
		i += n + 1
	}
	return a.parser.ParseSIP(b)
}

// unparsed takes what sipgo could not parse. A request that says enough about itself is answered 400, so that its
// sender stops repeating it; anything else is dropped, and the answer is false.
func (a *Agent) unparsed(f flow, b []byte, cause error) bool {
	a.count.unparsed.Add(1)
	a.strikes.add(f.remote.Addr())
	a.log.Debug().Err(cause).Str("source", f.remote.String()).Int("bytes", len(b)).Msg("message cannot be parsed")
	p := salvage(b)
	if p != nil {
		a.refuse(f, p, p.fault)
	}
	return p != nil
}

// salvage reads line by line what an answer to a request needs, and returns nil when that is not there.
func salvage(b []byte) *packet {
	head, _, _ := bytes.Cut(b, []byte("\r\n\r\n"))
	lines := strings.Split(string(head), "\r\n")
	method, target, _ := strings.Cut(lines[0], " ")
	target, version, _ := strings.Cut(target, " ")
	if !strings.Contains(lines[0], " SIP/") || !isToken(method) || method == "ACK" || len(lines) > maxHeaders {
		return nil
	}
	p := &packet{method: method, version: "SIP/2.0", maxForwards: -1}
	if _, err := parseURI(target); isForeign(err) && version == "SIP/2.0" {
		p.fault = unsupportedScheme(err)
	} else {
		p.fault = badRequest("the message cannot be parsed")
	}
	seen := singles(0)
	for _, l := range lines[1:] {
		name, value, ok := strings.Cut(l, ":")
		name = strings.TrimSpace(name)
		if !ok || !isToken(name) {
			continue
		}
		switch strings.ToLower(name) {
		case "via", "v", "from", "f", "to", "t", "call-id", "i", "cseq":
			p.field(name, strings.TrimSpace(clean(value)), &seen)
		}
	}
	p.check(seen)
	if seen&(seenFrom|seenTo|seenCallID|seenCSeq) != seenFrom|seenTo|seenCallID|seenCSeq || p.via.host == "" {
		return nil
	}
	return p
}
