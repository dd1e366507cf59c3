package media

// receive relays one packet from socket k of the session: 0 and 1 are side A's RTP and RTCP, 2 and 3 side B's. One
// packet a wake-up: epoll is level-triggered and comes back for the rest, in turn with the other sockets, which was
// measured to cost no more than asking for a second packet that is mostly not there.
func (s *Session) receive(w *worker, k int) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	sd, peer := &s.sides[k/2], &s.sides[1-k/2]
	n, errno := receive(sd.fds[k%2], w.buf[:maxPacket+1], &w.from)
	if errno == 0 {
		if k%2 == 0 {
			s.fromRTP(w, sd, peer, n)
		} else {
			s.fromRTCP(w, sd, peer, n)
		}
	}
	notice := sd.notice
	sd.notice = false
	s.mu.Unlock()
	if notice && s.notify != nil {
		w.loop.tell(func() { s.notify(Notice{Kind: NoticeFirstPacket, Side: sd.leg}) })
	}
}

// fromRTP handles a datagram of n bytes in w.buf from the RTP port of sd.
func (s *Session) fromRTP(w *worker, sd, peer *Side, n int) {
	if n > maxPacket {
		sd.flow.drops[dropTooLarge]++
		return
	}
	b := w.buf[:n]
	if sd.in != nil {
		if b = sd.open(w, b); b == nil {
			return
		}
		n = len(b)
	}
	kind := classify(b)
	if kind == kindJunk {
		sd.flow.drops[dropNotRTP]++
		return
	}
	src, now := w.from.addrPort(), w.clock()
	if kind == kindRTCP {
		if sd.latch.acceptMuxed(src, now) == verdictDrop {
			sd.flow.drops[dropStranger]++
			return
		}
		sd.passRTCP(b, peer)
		return
	}
	h := parseRTP(b)
	switch sd.latch.accept(src, h.ssrc, now, w.relearn) {
	case verdictDrop:
		sd.flow.drops[dropStranger]++
		return
	case verdictSwitch:
		sd.flow.switches++
		sd.retarget(&w.from, nil)
	case verdictLatch:
		sd.retarget(&w.from, nil)
	}
	if !sd.heard {
		sd.heard, sd.notice = true, true
	}
	s.quiet, sd.quiet = now, now
	sd.flow.count(h, n, now, sd.clock)
	if len(s.listeners) > 0 {
		s.tapped(sd.index(), b)
	}
	peer.sendRTP(b, &sd.flow)
}

// fromRTCP handles a datagram of n bytes in w.buf from the RTCP port of sd.
func (s *Session) fromRTCP(w *worker, sd, peer *Side, n int) {
	if n > maxPacket {
		sd.flow.drops[dropTooLarge]++
		return
	}
	b := w.buf[:n]
	if sd.in != nil {
		if b = sd.open(w, b); b == nil {
			return
		}
	}
	if classify(b) != kindRTCP {
		sd.flow.drops[dropNotRTP]++
		return
	}
	switch sd.rtcp.accept(w.from.addrPort(), &sd.latch, w.clock(), w.relearn) {
	case verdictDrop:
		sd.flow.drops[dropStranger]++
		return
	case verdictSwitch:
		sd.flow.switches++
		sd.retarget(nil, &w.from)
	case verdictLatch:
		sd.retarget(nil, &w.from)
	}
	sd.passRTCP(b, peer)
}

// passRTCP relays RTCP that was accepted, but never a BYE: SIP says when a call ends, and one forged packet must not
// make a phone stop listening.
func (sd *Side) passRTCP(b []byte, peer *Side) {
	sd.flow.rtcp++
	kept := withoutBYE(b)
	if len(kept) < len(b) {
		sd.flow.byes++
	}
	if len(kept) > 0 {
		peer.sendRTCP(kept, &sd.flow)
	}
}

// open returns what a protected packet holds, nil when it is dropped. It comes before anything else is made of the
// packet: one that is not the peer's must not move a latch.
func (sd *Side) open(w *worker, b []byte) []byte {
	var plain []byte
	reason := dropNotRTP
	switch {
	case len(b) < rtpHeaderLen || b[0]>>6 != 2:
		reason = sd.takeWeb(w, b)
	case b[1] >= 192 && b[1] <= 223: // RFC 5761 section 4
		plain, reason = sd.in.openRTCP(w.plain[:0], b, w.clock())
	default:
		plain, reason = sd.in.openRTP(w.plain[:0], b, w.clock())
	}
	if reason != noDrop {
		sd.flow.drops[reason]++
		return nil
	}
	return plain // nil for what is of ICE or DTLS
}

// sendRTP sends RTP to the side's peer, protected where that is agreed on.
func (sd *Side) sendRTP(b []byte, from *flow) {
	if sd.out != nil && sd.to[0].n != 0 {
		var reason dropReason
		if b, reason = sd.out.sealRTP(b); reason != noDrop {
			from.drops[reason]++
			return
		}
	}
	sd.sendTo(0, b, from)
}

// sendRTCP sends RTCP to the side's peer, by RTP's way where the peer multiplexes.
func (sd *Side) sendRTCP(b []byte, from *flow) {
	k := 1
	if sd.mux {
		k = 0
	}
	if sd.out != nil && sd.to[k].n != 0 {
		var reason dropReason
		if b, reason = sd.out.sealRTCP(b); reason != noDrop {
			from.drops[reason]++
			return
		}
	}
	sd.sendTo(k, b, from)
}

// sendTo sends b from the side's RTP (k 0) or RTCP (k 1) socket to the like address of its peer, and charges a failure to from.
func (sd *Side) sendTo(k int, b []byte, from *flow) {
	to := &sd.to[k]
	if to.n == 0 {
		from.drops[dropUnroutable]++
		return
	}
	if send(sd.fds[k], b, to) != 0 {
		from.drops[dropSend]++
	}
}
