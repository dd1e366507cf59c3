package media

import (
	"context"
	"crypto/hmac"
	"net/netip"
	"time"

	"github.com/pion/stun/v3"
	"github.com/pion/transport/v5/packetio"
)

// Web is what two descriptions have said of the way to a browser's media: DTLS-SRTP (RFC 5763) along the path that ICE
// has found (RFC 8445). The edge is the ICE agent that only answers (ICE-lite), and the DTLS server.
type Web struct {
	Ufrag, Password string // ours
	PeerUfrag       string
	Hash            string // of the peer's certificate: sha-256, sha-384 or sha-512
	Fingerprint     string // its bytes
}

// web is the state of a side whose peer is a browser. It is guarded by its session's lock, but for queue, which has its
// own. Only checks with the right password are answered, only what one of them has named as its path is heard.
type web struct {
	Web
	chosen netip.AddrPort // the path that a check has named; not valid while there is none
	to     sockaddr       // the same
	keyed  bool           // DTLS has given the keys
	shaken bool           // the handshake was begun

	queue  *packetio.Buffer // DTLS that has come
	ctx    context.Context  // ends when the side has another peer or none
	stop   context.CancelFunc
	checks bucket
	flight bucket
}

const (
	webRate  = 50 // checks, and datagrams of DTLS, that a side takes in a second; browsers send a tenth of that
	webQueue = 32 // datagrams of DTLS that wait
)

// bucket lets webRate pass in each second.
type bucket struct {
	left  int
	since time.Duration
}

func (b *bucket) take(now time.Duration) bool {
	if b.since == 0 || now-b.since >= time.Second {
		b.left, b.since = webRate, max(now, 1)
	}
	if b.left == 0 {
		return false
	}
	b.left--
	return true
}

// meet takes what a description says of a browser. Other names for ICE go on with the same keys (an ICE restart, RFC 8842
// section 5.5); another certificate is another peer. mu is held.
func (sd *Side) meet(w Web) {
	if sd.web != nil && sd.web.Hash == w.Hash && sd.web.Fingerprint == w.Fingerprint {
		sd.web.Web = w
		return
	}
	sd.part()
	sd.web = &web{Web: w, queue: packetio.NewBuffer()}
	sd.web.ctx, sd.web.stop = context.WithCancel(context.Background())
	sd.web.queue.SetLimitCount(webQueue)
	sd.in, sd.out, sd.was, sd.flow.suite = &opener{}, nil, nil, 0
}

// part ends what there is with a browser. mu is held.
func (sd *Side) part() {
	if sd.web == nil {
		return
	}
	sd.web.stop()
	_ = sd.web.queue.Close()
	sd.web = nil
}

// takeWeb takes a datagram that is neither RTP nor RTCP (RFC 7983), and tells whether it was of use.
func (sd *Side) takeWeb(w *worker, b []byte) dropReason {
	switch {
	case sd.web == nil || len(b) == 0:
		return dropNotRTP
	case b[0] <= 3:
		return sd.takeCheck(w, b)
	case b[0] >= 20 && b[0] <= 63:
		return sd.takeDTLS(w, b)
	}
	return dropNotRTP
}

// takeCheck answers a connectivity check (RFC 8445 section 7.3). One with USE-CANDIDATE names the path.
func (sd *Side) takeCheck(w *worker, b []byte) dropReason {
	x := sd.web
	if !x.checks.take(w.clock()) {
		return dropStranger
	}
	m := &stun.Message{Raw: b}
	if m.Decode() != nil || m.Type != stun.BindingRequest || !m.Contains(stun.AttrFingerprint) || stun.Fingerprint.Check(m) != nil {
		return dropNotRTP
	}
	name, _ := m.Get(stun.AttrUsername)
	password := stun.NewShortTermIntegrity(x.Password)
	if !hmac.Equal(name, []byte(x.Ufrag+":"+x.PeerUfrag)) || password.Check(m) != nil {
		return dropStranger
	}
	src := sd.usable(w.from.addrPort())
	if !src.IsValid() {
		return dropStranger
	}
	answer, err := stun.Build(stun.NewTransactionIDSetter(m.TransactionID), stun.BindingSuccess,
		&stun.XORMappedAddress{IP: src.Addr().AsSlice(), Port: int(src.Port())}, password, stun.Fingerprint)
	if err != nil || send(sd.fds[0], answer.Raw, &w.from) != 0 {
		return dropSend
	}
	if m.Contains(stun.AttrUseCandidate) && src != x.chosen {
		x.chosen, x.to = src, w.from
		sd.follow(w.clock())
	}
	return noDrop
}

// follow sends media along the path that was chosen, once there are keys. mu is held.
func (sd *Side) follow(now time.Duration) {
	if sd.web.keyed && sd.web.chosen.IsValid() {
		sd.latch.announce(sd.web.chosen, sd.latch.near, now, sd.s.relay.relearn)
	}
	sd.retarget(nil, nil)
}

// takeDTLS hands a datagram from the chosen path to the handshake, which begins with the first.
func (sd *Side) takeDTLS(w *worker, b []byte) dropReason {
	x := sd.web
	if w.from.addrPort() != x.chosen || !x.flight.take(w.clock()) {
		return dropStranger
	}
	if _, err := x.queue.Write(b, nil); err != nil {
		return dropSend
	}
	if !x.shaken {
		x.shaken = true
		sd.s.relay.wg.Go(func() { sd.shake(x) })
	}
	return noDrop
}

// path is where media to a browser goes: the way that was chosen, and none before there are keys.
func (x *web) path(muted bool) sockaddr {
	if muted || !x.keyed {
		return sockaddr{}
	}
	return x.to
}
