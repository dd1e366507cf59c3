package doctor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"callbox/sip/agent"
	"callbox/sip/audio"
	"callbox/sip/body"
	"callbox/sip/sdp"
)

// ringing is how long a call rings here: as long as it takes to be heard.
const ringing = 500 * time.Millisecond

// visit is one call that is answered.
type visit struct {
	w      *ward
	index  int // in Seen.Calls
	leg    *agent.Leg
	events chan agent.Event
	writer *sdp.Writer
	keys   sdp.Keyring
	local  netip.Addr
	socket *ear
	stream *audio.Stream
	body   []byte // the last description sent
	ours   bool   // it is an offer
}

// ear is the socket of a call's media, which notes what arrives before anybody judges it.
type ear struct {
	*net.UDPConn
	packets atomic.Int64
	from    atomic.Pointer[netip.AddrPort]
}

// ReadFromUDPAddrPort implements audio.Conn.
func (e *ear) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	n, from, err := e.UDPConn.ReadFromUDPAddrPort(b)
	if err == nil && n >= 12 && b[0]>>6 == 2 && (b[1]&0x7f < 64 || b[1]&0x7f > 95) {
		e.packets.Add(1)
		e.from.CompareAndSwap(nil, &from)
	}
	return n, from, err
}

// answer takes a call, plays a tone for a while, and hangs up.
func (w *ward) answer(in *agent.Incoming, index int) {
	v := &visit{w: w, index: index, events: make(chan agent.Event, 64), writer: sdp.NewWriter(rand.Uint64()), local: in.Local.Addr().Unmap()}
	v.leg = in.Accept(func(e agent.Event) {
		select {
		case v.events <- e:
		default: // who sends so much is not waited for
		}
	})
	if !v.open() {
		v.leg.Reject(500, "Server Internal Error")
		return
	}
	defer v.close()
	v.leg.Progress(180, "Ringing", agent.Message{})
	if !v.wait(ringing, nil) {
		return
	}
	body, status := v.describe(in.Message)
	if status != 0 {
		v.leg.Reject(status, "Not Acceptable Here")
		return
	}
	v.leg.Answer(agent.Message{ContentType: "application/sdp", Body: body})
	v.note(func(c *Call) { c.Answered = true })
	if v.wait(40*time.Second, isAck) && v.wait(w.o.Talk, nil) {
		v.leg.Bye()
		end := context.WithoutCancel(w.ctx)
		v.waitIn(end, 2*time.Second, nil)
	}
}

func isAck(e agent.Event) bool { return e.Kind == agent.KindAcked || e.Kind == agent.KindAckTimeout }

// wait handles what happens on the call for d, or until an event that ends the waiting. It reports false when the call
// is over.
func (v *visit) wait(d time.Duration, until func(agent.Event) bool) bool {
	return v.waitIn(v.w.ctx, d, until)
}

func (v *visit) waitIn(ctx context.Context, d time.Duration, until func(agent.Event) bool) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case e := <-v.events:
			if v.event(e) {
				return false
			}
			if until != nil && until(e) {
				return true
			}
		case <-timer.C:
			return true
		case <-ctx.Done():
			return true
		}
	}
}

// event takes one event and reports whether the call is over.
func (v *visit) event(e agent.Event) (over bool) {
	switch e.Kind {
	case agent.KindAcked:
		v.note(func(c *Call) { c.Acked = true })
		if v.ours && len(e.Message.Body) > 0 {
			v.connect(e.Message.Body)
		}
	case agent.KindAckTimeout:
		v.note(func(c *Call) { c.NoAck = true })
	case agent.KindRequest:
		v.request(e.Request)
	case agent.KindBye, agent.KindCancelled, agent.KindGone, agent.KindFailed:
		return true
	}
	return false
}

// request answers what comes within the call: holds and refreshes keep it as it is.
func (v *visit) request(r *agent.Request) {
	switch r.Method {
	case "INVITE", "UPDATE":
		if len(r.Message.Body) == 0 {
			r.Respond(200, "OK", agent.Message{ContentType: "application/sdp", Body: v.body})
			return
		}
		body, status := v.describe(r.Message)
		if status != 0 {
			r.Respond(status, "Not Acceptable Here", agent.Message{})
			return
		}
		r.Respond(200, "OK", agent.Message{ContentType: "application/sdp", Body: body})
	case "INFO", "NOTIFY", "MESSAGE":
		r.Respond(200, "OK", agent.Message{})
	default:
		r.Respond(501, "Not Implemented", agent.Message{})
	}
}

// open opens the call's media socket and begins to listen.
func (v *visit) open() bool {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(v.local, 0)))
	if err != nil {
		v.w.o.Said("no socket for media: " + err.Error())
		return false
	}
	v.socket = &ear{UDPConn: conn}
	v.stream = audio.NewStream(audio.StreamOptions{Conn: v.socket, Pacer: v.w.pacer, Source: audio.Beep(), CNAME: "doctor@callbox"})
	return true
}

// close ends the media and notes what was heard.
func (v *visit) close() {
	v.stream.Close()
	v.note(func(c *Call) {
		c.Packets = int(v.socket.packets.Load())
		if from := v.socket.from.Load(); from != nil {
			c.Heard = *from
		}
	})
}

func (v *visit) note(f func(*Call)) {
	v.w.change(func(s *Seen) { f(&s.Calls[v.index]) })
}

// here is what our descriptions say.
func (v *visit) here() sdp.Local {
	return sdp.Local{Addr: v.local, RTP: v.socket.LocalAddr().(*net.UDPAddr).AddrPort().Port(), User: "doctor"}
}

// describe answers an offer, or makes one where none came. A status is that of a refusal.
func (v *visit) describe(m agent.Message) (body []byte, status int) {
	offer := offerIn(m)
	if offer == nil {
		l := v.here()
		v.ours, v.body = true, v.writer.Offer(l, sdp.Supported(), sdp.SendRecv, 20)
		return v.body, 0
	}
	s, err := sdp.Parse(offer)
	if err != nil {
		return nil, 400
	}
	s = s.For(sdp.Optional)
	l := v.here()
	if s.Secure() {
		key, _, err := v.keys.Answer(s)
		if err != nil {
			return nil, 488
		}
		l.Crypto = []sdp.Crypto{key}
	}
	if v.body, _, err = v.writer.Answer(s, l, sdp.Supported(), sdp.SendRecv, 20); err != nil {
		return nil, 488
	}
	v.ours = false
	v.connect(offer)
	return v.body, 0
}

// offerIn returns the session description of a message, nil for none. A body that cannot be taken apart, or has nothing in it
// that is known, is returned as it is: reading it then says what is wrong.
func offerIn(m agent.Message) []byte {
	if len(m.Body) == 0 {
		return nil
	}
	b, err := body.Split(m.ContentType, m.Body)
	if err != nil {
		return m.Body
	}
	session := b.Session()
	switch {
	case session >= 0:
		if offer, err := b.Content(session); err == nil {
			return offer
		}
	case b.Find(body.PIDF) >= 0:
		return nil
	}
	return m.Body
}

// connect plays the tone to where a description of the PBX's says; to a call with SRTP nothing is sent.
func (v *visit) connect(description []byte) {
	s, err := sdp.Parse(description)
	if err != nil {
		return
	}
	s = s.For(sdp.Optional)
	m, ok := s.Audio()
	if !ok || s.Secure() {
		return
	}
	f := audio.Flow{Remote: m.RTP, Send: m.Direction.Reverse().Sends(), Receive: true}
	for _, c := range m.Codecs() {
		if c.Is("PCMU", audio.SampleRate) || c.Is("PCMA", audio.SampleRate) {
			f.Payload = c.Payload
			if c.Is("PCMA", audio.SampleRate) {
				f.Codec = audio.PCMA
			}
			v.stream.Set(f)
			return
		}
	}
}

// readOffer reads what an INVITE's description says, and why it cannot be used.
func readOffer(secure bool, m agent.Message) (o *Offer, flaw string) {
	b := offerIn(m)
	if b == nil {
		return nil, ""
	}
	s, err := sdp.Parse(b)
	if err != nil {
		return nil, err.Error()
	}
	policy := sdp.Optional
	if secure {
		policy = sdp.Required
	}
	s = s.For(policy)
	audioLine, ok := s.Audio()
	if !ok {
		flaw = s.Unusable()
		for _, m := range s.Media() {
			if m.Kind == "audio" {
				audioLine, ok = m, true
				break
			}
		}
	}
	if !ok {
		return nil, flaw
	}
	o = &Offer{Addr: audioLine.RTP.Addr(), Proto: audioLine.Proto}
	for _, c := range audioLine.Codecs() {
		if c.Is("telephone-event", c.ClockRate) {
			o.Events = true
			continue
		}
		o.Codecs = append(o.Codecs, c.Name)
	}
	for _, c := range audioLine.Crypto {
		o.Suites = append(o.Suites, fmt.Sprint(c.Suite))
	}
	return o, flaw
}
