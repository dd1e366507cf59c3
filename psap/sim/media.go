package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"

	"callbox/sip/agent"
	"callbox/sip/audio"
	"callbox/sip/fault"
	"callbox/sip/sdp"
)

// exchange is the offer/answer state of a session, and where its media goes.
type exchange struct {
	message agent.Message // the INVITE's
	local   netip.Addr
	bind    netip.Addr
	writer  *sdp.Writer
	agreed  bool   // an offer has met its answer
	waiting bool   // our own offer waits for the answer in an ACK
	body    []byte // the last description sent
	port    uint16
	flow    audio.Flow
	ring    sdp.Keyring
}

func (x *exchange) init(in *agent.Incoming, advertise netip.Addr) {
	x.message, x.local, x.bind = in.Message, in.Local.Addr().Unmap(), in.Local.Addr().Unmap()
	if advertise.IsValid() {
		x.local, x.bind = advertise, netip.Addr{}
	}
	x.writer = sdp.NewWriter(rand.Uint64())
}

// errOffer is wrapped when the caller's description cannot be read.
var errOffer = errors.New("the session description cannot be read")

// errSRTP is the error where the caller's description has no media of the kind that the script wants.
var errSRTP = errors.New("the media does not suit this call centre")

// refusal returns the answer to a call whose media cannot be had.
func refusal(err error) (status int, reason, why string) {
	switch {
	case errors.Is(err, errSRTP):
		return 488, "Not Acceptable Here", err.Error()
	case errors.Is(err, sdp.ErrNoCodec):
		return 488, "Not Acceptable Here", "no codec in common, PCMU and PCMA are spoken here"
	case errors.Is(err, errOffer):
		return 400, "Bad Request", errOffer.Error()
	}
	return 500, "Server Internal Error", "no media port could be opened"
}

// describe returns our description for the INVITE: the answer to its offer, or an offer when it had none. Called again
// it returns the same.
func (c *session) describe() ([]byte, error) {
	x := &c.offer
	if x.body != nil {
		return x.body, nil
	}
	if err := c.openMedia(); err != nil {
		return nil, err
	}
	if len(c.given.sdp) == 0 {
		return c.propose(), nil
	}
	return c.agree(c.given.sdp)
}

// propose returns an offer of ours.
func (c *session) propose() []byte {
	x := &c.offer
	x.waiting = true
	l := c.describeLocal(false)
	if c.script.SRTP != sdp.Plain {
		l.Security, l.Crypto = c.script.SRTP, x.ring.Offer()
	}
	x.body = x.writer.Offer(l, c.formats(), sdp.SendRecv, 20)
	return x.body
}

// agree returns the answer to offer and lets media flow by it.
func (c *session) agree(offer []byte) ([]byte, error) {
	x := &c.offer
	s, err := sdp.Parse(offer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errOffer, err)
	}
	s = s.For(c.script.SRTP)
	m, ok := s.Audio()
	if !ok {
		return nil, fmt.Errorf("%w: %s", errSRTP, s.Unusable())
	}
	l := c.describeLocal(m.Mux)
	keys, ours, err := x.keys(s, x.ring.Answer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSRTP, err)
	}
	l.Crypto = ours
	body, chosen, err := c.choose(s, l)
	if err != nil {
		return nil, err
	}
	x.body, x.agreed, x.waiting = body, true, false
	c.connect(m, chosen, m.Mux, keys)
	return body, nil
}

// keys returns the SRTP keys that the caller's description leads to, nil for RTP, and our line of an answer. find is the
// ring's way for an offer or an answer.
func (x *exchange) keys(s *sdp.Session, find func(*sdp.Session) (ours, theirs sdp.Crypto, err error)) (*audio.Keys, []sdp.Crypto, error) {
	if !s.Secure() {
		return nil, nil, nil
	}
	ours, theirs, err := find(s)
	if err != nil {
		return nil, nil, err
	}
	x.ring.Settle(ours.Suite)
	return &audio.Keys{Send: key(ours), Receive: key(theirs)}, []sdp.Crypto{ours}, nil
}

func key(c sdp.Crypto) audio.Key { return audio.Key{Suite: c.Suite.String(), Key: c.Key, Salt: c.Salt} }

// choose answers with the script's first codec that was offered, else with the caller's first.
func (c *session) choose(s *sdp.Session, l sdp.Local) (body []byte, chosen []sdp.Format, err error) {
	for _, codec := range c.script.Codecs {
		one := []sdp.Format{format(codec), sdp.TelephoneEvent(101)}
		if body, chosen, err = c.offer.writer.Answer(s, l, one, sdp.SendRecv, 20); err == nil {
			return body, chosen, nil
		}
	}
	if len(c.script.Codecs) > 0 {
		return nil, nil, err
	}
	return c.offer.writer.Answer(s, l, c.formats(), sdp.SendRecv, 20)
}

func format(c audio.Codec) sdp.Format {
	if c == audio.PCMA {
		return sdp.PCMA()
	}
	return sdp.PCMU()
}

func (c *session) formats() []sdp.Format {
	if len(c.script.Codecs) == 0 {
		return sdp.Supported()
	}
	var list []sdp.Format
	for _, codec := range c.script.Codecs {
		list = append(list, format(codec))
	}
	return append(list, sdp.TelephoneEvent(101))
}

// describeLocal returns what goes into our description. RTCP shares the port of RTP with mux, and else has the server's.
func (c *session) describeLocal(mux bool) sdp.Local {
	l := sdp.Local{Addr: c.offer.local, RTP: c.offer.port, RTCP: c.server.ports.sharedPort(), User: "psap", Loopback: c.loop != nil}
	if mux {
		l.RTCP = l.RTP
	}
	return l
}

// connect lets media flow to and from where m says, in the codec agreed on.
func (c *session) connect(m sdp.Media, chosen []sdp.Format, mux bool, keys *audio.Keys) {
	dir := m.Direction.Reverse()
	f := audio.Flow{Remote: m.RTP, RTCP: m.RTCP, Send: dir.Sends(), Receive: true, Keys: keys}
	if mux {
		f.RTCP = m.RTP
	}
	for _, have := range chosen {
		switch {
		case have.Is("telephone-event", audio.SampleRate):
			f.Event = have.Payload
		case have.Is("PCMA", audio.SampleRate):
			f.Codec, f.Payload = audio.PCMA, have.Payload
		case have.Is("PCMU", audio.SampleRate):
			f.Codec, f.Payload = audio.PCMU, have.Payload
		}
	}
	c.offer.flow = f
	c.note(func(i *Call) { i.Codec, i.Held = f.Codec.String(), !dir.Sends() })
	if c.stream != nil {
		_ = c.stream.Set(f) // its keys have the lengths of their suites, which is all it could complain of
	}
}

// openMedia opens the call's socket and stream, once. A mute script has neither.
func (c *session) openMedia() error {
	if c.offer.port != 0 {
		return nil
	}
	if c.script.Mute {
		c.offer.port = c.server.ports.sharedPort()
		return nil
	}
	conn, err := c.server.ports.open(c.offer.bind)
	if err != nil {
		if fault.Descriptors(err) && c.server.o.Starved != nil {
			c.server.o.Starved(err)
		}
		return fmt.Errorf("media: %w", err)
	}
	c.offer.port = portOf(conn)
	c.echo = &audio.Echo{}
	c.player = audio.NewPlayer(audio.Quiet{})
	heard := c.echo.Hear
	if c.loop != nil {
		heard = c.loop.hear
		c.player.Idle(c.loop)
	}
	stream := audio.NewStream(audio.StreamOptions{
		Conn: conn, RTCP: c.server.ports.shared, Pacer: c.server.pacer, Source: c.player, Heard: heard,
		Digit: func(d byte) { c.post(message{digit: d}) }, CNAME: c.info.Centre + "@callbox",
	})
	c.mu.Lock()
	c.stream = stream
	c.mu.Unlock()
	return nil
}

func (c *session) closeMedia() {
	if c.stream != nil {
		c.stream.Close()
	}
}

// acked takes the answer in the ACK to a 200 that held our offer.
func (c *session) acked(m agent.Message) {
	if !c.offer.waiting || len(m.Body) == 0 {
		return
	}
	c.offer.waiting = false
	s, err := sdp.Parse(m.Body)
	if err != nil {
		return // the caller will hear nothing, and hang up
	}
	s = s.For(c.script.SRTP)
	answer, ok := s.Audio()
	keys, _, err := c.offer.keys(s, c.offer.ring.Answered)
	if !ok || err != nil {
		return
	}
	var chosen []sdp.Format
	for _, f := range answer.Codecs() {
		if f.Is("telephone-event", audio.SampleRate) ||
			len(chosen) == 0 && (f.Is("PCMU", audio.SampleRate) || f.Is("PCMA", audio.SampleRate)) {
			chosen = append(chosen, f)
		}
	}
	if len(chosen) > 0 {
		c.offer.agreed = true
		c.connect(answer, chosen, false, keys)
	}
}

// reoffer answers a re-INVITE or UPDATE: hold, resume, another codec or address, or a mere refresh.
func (c *session) reoffer(r *agent.Request) {
	switch {
	case len(r.Message.Body) > 0:
		body, err := c.reagree(r.Message)
		if err != nil {
			status, reason, why := refusal(err)
			r.Respond(status, reason, agent.Message{}.With("Warning", warning(why).Value))
			return
		}
		r.Respond(200, "OK", c.refreshed(withSDP(body), r.Message))
	case r.Method == "INVITE":
		r.Respond(200, "OK", c.refreshed(withSDP(c.propose()), r.Message))
	default:
		r.Respond(200, "OK", c.refreshed(agent.Message{}, r.Message))
	}
}

func (c *session) reagree(m agent.Message) ([]byte, error) {
	if err := c.openMedia(); err != nil {
		return nil, err
	}
	return c.agree(m.Body)
}

func withSDP(body []byte) agent.Message {
	return agent.Message{ContentType: "application/sdp", Body: body}
}

func transient(err error) bool { return !errors.Is(err, net.ErrClosed) }
