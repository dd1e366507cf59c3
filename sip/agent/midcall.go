package agent

import "slices"

// Ack acknowledges the 2xx to an INVITE that had no body, with the answer in m (UAC, or after Send of an INVITE
// without a body). For INVITEs with a body the leg has done so itself.
func (l *Leg) Ack(m Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for seq, b := range l.acks {
		if b == nil {
			l.ack(seq, m)
		}
	}
}

// Bye ends an answered leg; KindGone follows when BYE was answered or given up. On a UAS leg without ACK it waits for
// the ACK or its time-out (RFC 3261 section 15).
func (l *Leg) Bye(headers ...Header) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rel != nil && l.rel.answer != nil && l.state == legEarly { // its 2xx never left
		l.invite.respond(480, "Temporarily Unavailable", "", Message{Headers: append(slices.Clip(l.mark), headers...)})
		l.over(Event{Kind: KindGone, Status: 480})
		return
	}
	if l.state != legUp || l.byeing {
		return
	}
	l.byeing = true
	l.byeHeaders = headers
	if l.uas && l.okays[l.invite.cseq] != nil {
		return // takeAck or fireOK sends it
	}
	l.sendBye(headers)
}

// sendBye sends BYE and ends the leg with its answer, or without. l.mu is held.
func (l *Leg) sendBye(headers []Header) {
	if l.state == legOver || l.state == legEnding {
		return
	}
	if headers == nil {
		headers = l.byeHeaders
	}
	l.state = legEnding
	for seq, b := range l.acks { // a 2xx whose ACK its owner never sent
		if b == nil {
			l.ack(seq, Message{})
		}
	}
	l.localSeq++
	l.transmit("BYE", l.localSeq, Message{Headers: headers}, func(p *packet, status int) {
		if p != nil && status < 200 {
			return
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.over(Event{Kind: KindGone, Status: status, Local: p == nil})
	})
}

// Send sends a request within the dialog: INVITE, UPDATE, INFO, REFER, NOTIFY, MESSAGE. Its final answer comes as
// KindResponse with the returned ID.
func (l *Leg) Send(method string, m Message) (id uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.nextID++
	id = l.nextID
	if l.state == legOver || l.state == legEnding || l.state == legEarly && l.remoteTag == "" {
		l.emit(Event{Kind: KindResponse, ID: id, Local: true, Status: 481, Reason: "Call/Transaction Does Not Exist"})
		return id
	}
	if method == "INVITE" {
		if l.inv != inviteNone {
			l.emit(Event{Kind: KindResponse, ID: id, Local: true, Status: 491, Reason: "Request Pending"})
			return id
		}
		l.inv = inviteOurs
	}
	if method == "INVITE" || method == "UPDATE" {
		m = m.supporting(l.a.tags())
	}
	l.localSeq++
	seq, hasBody := l.localSeq, len(m.Body) > 0
	tx := l.transmit(method, seq, m, func(p *packet, status int) { l.takeResponse(id, method, hasBody, p, status) })
	if l.sends == nil {
		l.sends = make(map[uint32]*clientTx)
	}
	l.sends[id] = tx
	return id
}

// takeResponse takes the answer to what Send sent.
func (l *Leg) takeResponse(id uint32, method string, hasBody bool, p *packet, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p != nil && status < 200 {
		return
	}
	if l.sends[id] == nil { // answered before: a 2xx that came again has its ACK repeated
		if p != nil && method == "INVITE" && status < 300 {
			l.sendRaw(l.acks[p.cseq])
		}
		return
	}
	delete(l.sends, id)
	e := Event{Kind: KindResponse, ID: id, Status: status, Local: p == nil, Reason: localReason(status)}
	if p != nil {
		e.Reason, e.Message = p.reason, p.message
	}
	if method == "INVITE" {
		l.settleInvite(p, status, hasBody)
	} else if method == "UPDATE" && p != nil && status < 300 {
		l.refresh(p.contact)
	}
	if l.state == legOver {
		return
	}
	l.emit(e)
	if p != nil && (status == 481 || status == 408) && (method == "INVITE" || method == "UPDATE") {
		l.over(Event{Kind: KindGone, Status: status}) // RFC 3261 section 12.2.1.2
	}
}

// settleInvite ends a re-INVITE of ours: a 2xx is ACKed, by the owner if it owes the answer.
func (l *Leg) settleInvite(p *packet, status int, hasBody bool) {
	if p == nil || status >= 300 {
		l.inv = inviteNone
		return
	}
	l.refresh(p.contact)
	if l.acks == nil {
		l.acks = make(map[uint32][]byte, 1)
	}
	clear(l.acks) // earlier INVITEs are long settled
	l.acks[p.cseq] = nil
	if hasBody {
		l.ack(p.cseq, Message{})
	}
}

// CancelSend gives up a re-INVITE sent with Send.
func (l *Leg) CancelSend(id uint32) {
	l.mu.Lock()
	tx := l.sends[id]
	l.mu.Unlock()
	if tx != nil && tx.method == "INVITE" {
		tx.sendCancel(nil)
	}
}
