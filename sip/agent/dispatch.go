package agent

import (
	"bytes"
	"strings"
)

// receive takes one message, on the goroutine that read it: messages of one socket stay in order, and nothing here
// may block.
func (a *Agent) receive(f flow, p *packet) {
	if p.method == "" {
		a.receiveResponse(p)
		return
	}
	switch {
	case p.method == "ACK":
		a.receiveAck(p)
	case p.fault != nil:
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

func (a *Agent) receiveCancel(f flow, p *packet) {
	t, isNew := a.newServerTxFor(f, p, "CANCEL")
	if !isNew {
		t.again()
		return
	}
	inv := a.findServerTx(p)
	if inv == nil {
		a.early.add(serverKey(p))
		t.respond(481, "Call/Transaction Does Not Exist", "", Message{})
		return
	}
	t.toTag = inv.toTag // RFC 3261 section 9.2
	t.respond(200, "OK", "", Message{})
	inv.cancel(p)
}

// newServerTxFor is newServerTx for a CANCEL, whose own transaction must not be taken for its INVITE's.
func (a *Agent) newServerTxFor(f flow, p *packet, method string) (*serverTx, bool) {
	key := serverKey(p) + " " + method
	a.txMu.Lock()
	defer a.txMu.Unlock()
	if t := a.serverTxs[key]; t != nil {
		return t, false
	}
	t := &serverTx{a: a, key: key, req: p, flow: replyFlow(f, p), toTag: newTag()}
	a.serverTxs[key] = t
	return t, true
}

func (a *Agent) receiveRequest(f flow, p *packet) {
	t, isNew := a.newServerTx(f, p)
	if !isNew {
		t.again()
		return
	}
	if fl := a.inspect(p); fl != nil {
		a.answerFault(t, fl)
		return
	}
	if p.to.tag != "" {
		if l := a.leg(p.to.tag); l != nil && l.matches(p) {
			l.takeRequest(t, f)
			return
		}
		if p.method == "OPTIONS" {
			a.answerOptions(t)
			return
		}
		t.respond(481, "Call/Transaction Does Not Exist", "", Message{})
		return
	}
	switch p.method {
	case "INVITE":
		a.takeInvite(t, f)
	case "OPTIONS":
		a.answerOptions(t)
	case "BYE", "INFO", "UPDATE", "NOTIFY", "REFER", "PRACK":
		t.respond(481, "Call/Transaction Does Not Exist", "", Message{})
	case "REGISTER", "SUBSCRIBE", "PUBLISH", "MESSAGE":
		t.respond(405, "Method Not Allowed", "", Message{}.With("Allow", allow))
	default:
		t.respond(501, "Not Implemented", "", Message{}.With("Allow", allow))
	}
}

// inspect checks what the core of a UAS must check before it looks at the method (RFC 3261 section 8.2).
func (a *Agent) inspect(p *packet) *fault {
	if p.maxForwards == 0 {
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
		if !isSupported(tag) {
			unsupported = append(unsupported, tag)
		}
	}
	if len(unsupported) > 0 {
		return &fault{
			status: 420, reason: "Bad Extension", sentence: "an extension in Require is not supported",
			headers: []Header{{"Unsupported", strings.Join(unsupported, ", ")}},
		}
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

func (a *Agent) answerFault(t *serverTx, fl *fault) {
	t.respond(fl.status, fl.reason, "", Message{Headers: append([]Header{warning(fl.sentence)}, fl.headers...)})
}

// warning is the human sentence that goes with a refusal (RFC 3261 section 20.43).
func warning(sentence string) Header {
	return Header{"Warning", `399 callbox "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(clean(sentence)) + `"`}
}

// refuse answers a request that has a fault, without a transaction: its retransmissions are refused again.
func (a *Agent) refuse(f flow, p *packet, fl *fault) {
	if len(p.vias) == 0 || p.via.host == "" {
		return // nobody to answer
	}
	m := Message{Headers: append([]Header{warning(fl.sentence)}, fl.headers...)}
	reply := replyFlow(f, p)
	reply.send(a.response(reply, p, newTag(), fl.status, fl.reason, "", m))
}

// answerOptions answers OPTIONS as a keepalive or capability query (RFC 3261 section 11.2).
func (a *Agent) answerOptions(t *serverTx) {
	m := Message{Headers: []Header{
		{"Allow", allow}, {"Accept", "application/sdp"}, {"Accept-Encoding", "identity"},
		{"Accept-Language", "en"}, {"Supported", strings.Join(supported[:], ", ")},
	}}
	if a.opts.Ready != nil && !a.opts.Ready() {
		t.respond(503, "Service Unavailable", "", m.With("Retry-After", "10"))
		return
	}
	t.respond(200, "OK", "", m)
}

// unparsed takes what sipgo could not parse. A request that says enough about itself is answered 400, so that its
// sender stops repeating it; anything else is dropped.
func (a *Agent) unparsed(f flow, b []byte, cause error) {
	a.log.Debug().Err(cause).Str("source", f.remote.String()).Int("bytes", len(b)).Msg("message cannot be parsed")
	if p := salvage(b); p != nil {
		a.refuse(f, p, p.fault)
	}
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
			p.field(name, clean(strings.TrimSpace(value)), &seen)
		}
	}
	p.check(seen)
	if seen&(seenFrom|seenTo|seenCallID|seenCSeq) != seenFrom|seenTo|seenCallID|seenCSeq || p.via.host == "" {
		return nil
	}
	return p
}
