package agent

import (
	"hash/maphash"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// What an edge does that is offered more than it can carry (RFC 6357 calls it local overload control): what belongs to
// calls that have begun is taken first, since an answer or a BYE that waits is repeated and makes more work. New
// requests come after, those to emergency numbers before others, and what has waited too long by then, or would, is
// refused with 503 before it is parsed, so that refusing costs a fortieth of a call. Which it is the wait itself tells:
// there is no rate to configure, and with the load the refusals end.
const (
	// patience is how long an INVITE may have waited to be read. It is more than a busy machine keeps a process
	// waiting, and less than T1, when the caller begins to repeat itself.
	patience = 60 * time.Millisecond
	// maxWaiting bounds the INVITEs that were read and wait for a processor: a burst that came at once has not waited
	// yet, and still would.
	maxWaiting = 256
	// lesser is how many times fewer may wait when the next one is not urgent.
	lesser = 4
	// otherPatience is how long a request that is not urgent may have waited.
	otherPatience = patience / 2
)

// crowded tells whether a new request that has waited is to be refused.
func (a *Agent) crowded(r rank, waited time.Duration) bool {
	switch r {
	case rankUrgent:
		return a.waiting.Load() >= maxWaiting || a.urgent.refuses(waited, time.Now())
	case rankStruck:
		return a.waiting.Load() >= maxWaiting/lesser || !a.strikes.spare()
	}
	return a.waiting.Load() >= maxWaiting/lesser || a.other.refuses(waited, time.Now())
}

// busy tells that ranks may matter.
func (a *Agent) busy(waited time.Duration) bool {
	return waited > patience/lesser || a.waiting.Load() >= maxWaiting/lesser
}

// takeBatch takes datagrams by their rank, and those of one rank in the order they came.
func (a *Agent) takeBatch(s *udpSocket, batch []datagram) {
	if len(batch) == 1 && !a.busy(batch[0].waited) && !a.turned.recently() && !a.strikes.recently() {
		a.takeDatagram(s, &batch[0])
		return
	}
	defer a.recovered("batch")
	for i := range batch {
		d := &batch[i]
		d.glance = look(d.bytes)
		d.rank = a.rankOf(&d.glance, d.from)
	}
	for r := rankWithin; r <= rankStruck; r++ {
		for i := range batch {
			if d := &batch[i]; d.rank == r && !a.settled(s, d) {
				a.takeDatagram(s, d)
			}
		}
	}
}

// rankOf puts a message in its place.
func (a *Agent) rankOf(g *glance, from netip.AddrPort) rank {
	orphan := g.tag != nil && a.leg(string(g.tag)) == nil // of a call that is over, or never was
	if g.method == nil || g.tagged && !orphan || string(g.method) == "ACK" {
		return rankWithin
	}
	if a.strikes.out(from.Addr()) {
		if g.proven = a.proves(string(g.auth), from.Addr()); !g.proven {
			return rankStruck
		}
	}
	switch {
	case orphan, string(g.method) != "INVITE" && string(g.method) != "CANCEL":
		return rankOther
	case a.opts.Urgent != nil && !a.opts.Urgent(string(g.user), string(g.host), from.Addr()):
		return rankOther
	}
	return rankUrgent
}

// settled tells that a datagram needs no more: it was refused or dropped, or is the ACK for a refusal.
func (a *Agent) settled(s *udpSocket, d *datagram) bool {
	g := &d.glance
	switch {
	case string(g.method) == "ACK":
		return a.turned.has(d.from, g.branch)
	case d.rank == rankWithin:
		return false
	case !g.sound || g.tagged || string(g.method) == "CANCEL":
		return a.dropped(d)
	case !a.refuses(d):
		return false
	}
	a.count.shed.Add(1)
	s.refusal = a.refusal(s.refusal[:0], g, d.from)
	if _, err := s.out.WriteToUDPAddrPort(s.refusal, g.replyTo(d.from)); err != nil {
		a.log.Debug().Err(err).Int("sip_status", 503).Msg("answer not sent")
	}
	return true
}

// dropped tells whether something that a glance cannot answer is dropped: only what comes from those who are out, and is
// no CANCEL written as usual. All else is parsed first.
func (a *Agent) dropped(d *datagram) bool {
	g := &d.glance
	if (!g.sound || g.tagged) && d.rank == rankStruck && a.crowded(d.rank, d.waited) {
		a.count.unparsed.Add(1)
		return true
	}
	d.judged = g.proven // which can be told once only
	return false
}

// refuses tells whether a request that a glance can answer is refused. An INVITE is judged once: here, or when it is
// parsed.
func (a *Agent) refuses(d *datagram) bool {
	g := &d.glance
	switch {
	case string(g.method) != "INVITE":
		d.judged = !a.crowded(d.rank, d.waited)
		return !d.judged
	case a.turned.has(d.from, g.branch): // its caller was told so, and may have gone elsewhere
		return true
	case a.isTaken(g) || !a.crowded(d.rank, d.waited):
		d.judged = true
		return false
	}
	a.turned.add(d.from, g.branch)
	return true
}

// tooLate tells whether an INVITE that was parsed is to be refused: one that came on a stream, or is written so that it
// had to be parsed first.
func (a *Agent) tooLate(f flow, p *packet, target uri) bool {
	if p.judged {
		return false
	}
	repeats := !f.reliable() && strings.HasPrefix(p.via.branch, magicCookie)
	branch := []byte(p.via.branch)
	if repeats && a.turned.has(f.remote, branch) {
		return true
	}
	r := rankUrgent
	switch {
	case a.strikes.out(f.remote.Addr()) && !a.provesAny(p.auth, f.remote.Addr()):
		r = rankStruck
	case !a.busy(p.waited):
		return false
	case a.opts.Urgent != nil && !a.opts.Urgent(target.User, target.Host, f.remote.Addr()):
		r = rankOther
	}
	if !a.crowded(r, p.waited) || a.findServerTx(p) != nil {
		return false
	}
	if repeats {
		a.turned.add(f.remote, branch)
	}
	return true
}

// isTaken tells whether the INVITE has a transaction, as a repeated one has.
func (a *Agent) isTaken(g *glance) bool {
	var space [128]byte
	key := append(append(append(space[:0], g.branch...), ' '), g.sentBy...)
	if g.port == 0 {
		key = append(key, ":0"...)
	}
	key = append(key, " INVITE"...)
	a.txMu.Lock()
	defer a.txMu.Unlock()
	return a.serverTxs[string(key)] != nil
}

// refusal appends 503 to what was glanced at. It is the same when the request is repeated.
func (a *Agent) refusal(b []byte, g *glance, from netip.AddrPort) []byte {
	w := writer{b}
	hash := maphash.Bytes(a.seed, g.branch)
	w.b = append(append(w.b, "SIP/2.0 503 Service Unavailable\r\nVia: SIP/2.0/UDP "...), g.sentBy...)
	w.b = append(append(w.b, ";branch="...), g.branch...)
	if g.rport {
		w.b = strconv.AppendUint(append(w.b, ";rport="...), uint64(from.Port()), 10)
	}
	w.b = append(from.Addr().AppendTo(append(w.b, ";received="...)), "\r\n"...)
	for i, l := range g.lines[1:g.n] {
		w.b = append(w.b, l...)
		if i+1 == g.to {
			w.b = append(w.b, ";tag="...)
			w.b = strconv.AppendUint(w.b, hash, 16)
		}
		w.b = append(w.b, "\r\n"...)
	}
	return append(w.b, a.tooMany[hash%uint64(len(retries))]...)
}

// endings are the last lines of every refusal.
func endings(server string) (all [len(retries)][]byte) {
	for i := range all {
		var w writer
		if server != "" {
			w.field("Server", clean(server))
		}
		w.fields(tooMany(uint64(i)))
		all[i] = w.body(Message{})
	}
	return all
}

// tooMany tells a caller when to come again: in 2 to 5 seconds by a hash of its request, so that those who were refused
// together do not return together.
func tooMany(hash uint64) []Header {
	return []Header{{"Retry-After", retries[hash%uint64(len(retries))]}, overloaded}
}

var (
	retries    = [...]string{"2", "3", "4", "5"}
	overloaded = warning("too many calls at once")
)
