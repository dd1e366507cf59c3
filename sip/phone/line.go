package phone

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"

	"callbox/sip/agent"
	"callbox/sip/audio"
	"callbox/sip/sdp"
)

// line is what a call needs of the network: a SIP agent, the sockets of media, and the stream between them.
type line struct {
	agent  *agent.Agent
	local  netip.Addr
	remote netip.AddrPort
	rtp    *net.UDPConn
	rtcp   *net.UDPConn
	pacer  *audio.Pacer
	stream *audio.Stream
	player *audio.Player
	writer *sdp.Writer
	offers []sdp.Format
	leg    leg

	security sdp.Security
	ring     sdp.Keyring
	keys     *audio.Keys // of the last description that was taken; nil: RTP
}

// leg is what a conversation does with its SIP leg; *agent.Leg is one.
type leg interface {
	CallID() string
	Cancel(headers ...agent.Header)
	Bye(headers ...agent.Header)
	Send(method string, m agent.Message) uint32
}

func openLine(ctx context.Context, o Options, s *sound) (l *line, err error) {
	l = &line{writer: sdp.NewWriter(rand.Uint64()), player: audio.NewPlayer(s.idle), security: o.SRTP}
	if l.offers, err = formats(o); err != nil {
		return nil, err
	}
	if err := l.resolve(ctx, o.Edge); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	if l.rtp, err = l.listen(); err != nil {
		return nil, err
	}
	if l.rtcp, err = l.listen(); err != nil {
		return nil, err
	}
	return l, l.start(o)
}

// resolve finds the edge, and our address towards it: a connected UDP socket knows both and sends nothing.
func (l *line) resolve(ctx context.Context, edge string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "udp", edge)
	if err != nil {
		return fmt.Errorf("edge %q: %w", edge, err)
	}
	defer conn.Close()
	remote := conn.RemoteAddr().(*net.UDPAddr).AddrPort()
	l.remote = netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
	l.local = conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
	return nil
}

func (l *line) listen() (*net.UDPConn, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(l.local, 0)))
	if err != nil {
		return nil, fmt.Errorf("media: %w", err)
	}
	return conn, nil
}

func (l *line) start(o Options) error {
	here := netip.AddrPortFrom(l.local, 0).String()
	listeners := []agent.Listener{{Network: "udp", Address: here}, {Network: "tcp", Address: here}}
	userAgent := o.UserAgent
	if userAgent == "" {
		userAgent = "callbox-phone"
	}
	a, err := agent.New(agent.Options{
		Listeners: listeners, ClientTLS: o.ClientTLS, UserAgent: userAgent, Logger: o.Logger,
		OnInvite: func(in *agent.Incoming) { in.Refuse(480, "Temporarily Unavailable") },
	})
	if err != nil {
		return err
	}
	if err := a.Start(); err != nil {
		return err
	}
	l.agent = a
	return nil
}

// dial sends the INVITE. Media is taken from then on.
func (l *line) dial(target string, sink agent.Sink, o Options) error {
	transport := o.Transport
	if transport == "" {
		transport = "udp"
	}
	route, err := l.agent.Route(context.Background(), "sip:"+l.remote.String()+";transport="+transport)
	if err != nil {
		return err
	}
	route.URI = target
	from := caller(o)
	body := l.writer.Offer(l.propose(l.describe()), l.offers, sdp.SendRecv, 20)
	l.leg = l.agent.Dial(agent.Outgoing{
		Route: route, From: from, Anonymous: from == agent.Address{}, Username: o.Username, Password: o.Password,
		Message: agent.Message{ContentType: "application/sdp", Body: body},
	}, sink)
	return nil
}

// listenTo starts the stream, whose callbacks these are.
func (l *line) listenTo(s *sound, digit func(byte), first func()) {
	l.pacer = audio.NewPacer()
	l.stream = audio.NewStream(audio.StreamOptions{
		Conn: l.rtp, RTCP: l.rtcp, Pacer: l.pacer, Source: l.player, Heard: s.hear, Digit: digit, First: first, CNAME: "phone@callbox",
	})
}

func (l *line) describe() sdp.Local {
	return sdp.Local{Addr: l.local, RTP: portOf(l.rtp), RTCP: portOf(l.rtcp), User: "phone"}
}

func portOf(c *net.UDPConn) uint16 { return c.LocalAddr().(*net.UDPAddr).AddrPort().Port() }

// connect lets media flow as the other side's description m says, with the formats it has in common with ours, and
// returns the codec, "" when there is none.
func (l *line) connect(m sdp.Media, chosen []sdp.Format) (codec string) {
	dir := m.Direction.Reverse()
	f := audio.Flow{Remote: m.RTP, RTCP: m.RTCP, Send: dir.Sends(), Receive: true, Keys: l.keys}
	for _, have := range chosen {
		switch {
		case have.Is("telephone-event", audio.SampleRate) && f.Event == 0:
			f.Event = have.Payload
		case codec != "":
		case have.Is("PCMA", audio.SampleRate):
			f.Codec, f.Payload, codec = audio.PCMA, have.Payload, "PCMA"
		case have.Is("PCMU", audio.SampleRate):
			f.Codec, f.Payload, codec = audio.PCMU, have.Payload, "PCMU"
		}
	}
	if codec == "" || l.stream.Set(f) != nil {
		return ""
	}
	return codec
}

// close ends everything and waits for it.
func (l *line) close() error {
	if l.stream != nil {
		l.stream.Close()
		l.pacer.Close()
	} else if l.rtp != nil {
		_ = l.rtp.Close() // what is left of a UDP socket that fails to close is nothing
	}
	if l.rtcp != nil {
		_ = l.rtcp.Close()
	}
	if l.agent == nil {
		return nil
	}
	return l.agent.Close()
}
