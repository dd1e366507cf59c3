package agent

import (
	"strconv"
	"strings"
)

// Reliable provisional answers (RFC 3262) as a UAC takes them: each is acknowledged by PRACK, in order, within the
// early dialog of the branch that sent it.

// maxForks bounds the branches of one INVITE whose reliable answers are taken.
const maxForks = 16

// heardReliably looks at a provisional answer before its owner does. It sends the PRACK of a reliable one, unless the
// owner has to: an answer with an offer, to an INVITE without. One that came before, or too early, is not taken (RFC
// 3262 section 4). l.mu is held.
func (l *Leg) heardReliably(p *packet) (take, offer bool) {
	if !hasTag(p.require, "100rel") {
		return true, false
	}
	seq, err := strconv.ParseUint(strings.TrimSpace(p.message.Get("RSeq")), 10, 32)
	if err != nil || seq == 0 || p.to.tag == "" {
		return true, false
	}
	d := l.dial
	last, known := d.heard[p.to.tag]
	if known && uint32(seq) != last+1 || !known && len(d.heard) == maxForks {
		return false, false
	}
	if d.heard == nil {
		d.heard = make(map[string]uint32, 1)
	}
	d.heard[p.to.tag] = uint32(seq)
	if !d.out.offers() && len(p.message.Body) > 0 && !d.cancel && !d.offered[p.to.tag] {
		if d.offered == nil {
			d.offered = make(map[string]bool, 1)
		}
		d.offered[p.to.tag] = true
		d.owed = append(d.owed, p)
		return true, true
	}
	l.prack(p, Message{})
	return true, false
}

// Prack acknowledges the provisional answer of a branch that made an offer (Event.Offer), with the answer in m.
func (l *Leg) Prack(fork string, m Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.uas || l.dial == nil || l.state == legOver {
		return
	}
	for i, p := range l.dial.owed {
		if p.to.tag == fork {
			l.dial.owed = append(l.dial.owed[:i], l.dial.owed[i+1:]...)
			l.prack(p, m)
			return
		}
	}
}

// prack sends the PRACK for a provisional answer. What becomes of it is its sender's business, who repeats the answer
// and gives up in the end.
func (l *Leg) prack(p *packet, m Message) {
	fork := &Leg{a: l.a, callID: l.callID, local: l.local, tag: l.tag, home: l.home, target: l.target, back: l.back, state: legUp, spent: l.spent}
	fork.establish(p)
	l.localSeq++
	h := append(make([]Header, 0, 1+len(m.Headers)),
		Header{"RAck", strings.TrimSpace(p.message.Get("RSeq")) + " " + strconv.FormatUint(uint64(p.cseq), 10) + " INVITE"})
	m.Headers = append(h, m.Headers...)
	fork.transmit("PRACK", l.localSeq, m, func(*packet, int) {})
}
