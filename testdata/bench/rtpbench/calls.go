package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// newCallers starts the call centre and whoever calls it.
func newCallers(ctx context.Context, o options, caller, centre *side) (*callers, error) {
	if err := serveCentre(ctx, o.centre, centre); err != nil {
		return nil, err
	}
	ua, err := newAgent(ctx, "caller", o.caller, func(*sipgo.Server) {})
	if err != nil {
		return nil, err
	}
	return &callers{options: o, side: caller, dialogs: ua.dialogs(o.number)}, nil
}

// rounds is how often calls are tried that a busy edge turned away.
const rounds = 3

// setUp places calls through the edge until n are up, and gives both sides the streams that the SDP asks for.
func (c *callers) setUp(ctx context.Context, n int) error {
	pace := time.NewTicker(time.Second / time.Duration(c.rate))
	defer pace.Stop()
	for range rounds {
		var wg sync.WaitGroup
		for i := len(c.open); i < n; i++ {
			<-pace.C
			wg.Go(func() { c.place(ctx, i) })
		}
		wg.Wait()
	}
	if len(c.open) < n {
		return fmt.Errorf("%d of %d calls were not set up: %w", n-len(c.open), n, errors.Join(c.failed...))
	}
	return nil
}

// agent is one sipgo user agent on one UDP address.
type agent struct {
	client *sipgo.Client
	at     netip.AddrPort
}

// newAgent listens on address for what handle registers, besides BYE and OPTIONS.
func newAgent(ctx context.Context, name, address string, handle func(*sipgo.Server)) (*agent, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	ua, err := sipgo.NewUA(sipgo.WithUserAgent(name))
	if err != nil {
		return nil, err
	}
	server, err := sipgo.NewServer(ua)
	if err != nil {
		return nil, err
	}
	ok := func(req *sip.Request, tx sip.ServerTransaction) {
		_ = tx.Respond(sip.NewResponseFromRequest(req, 200, "OK", nil))
	}
	server.OnBye(ok)
	server.OnOptions(ok)
	handle(server)
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	if err := conn.SetReadBuffer(4 << 20); err != nil {
		return nil, err
	}
	go func() { _ = server.ServeUDP(conn) }()
	client, err := sipgo.NewClient(ua, sipgo.WithClientAddr(address))
	return &agent{client, at}, err
}

func (a *agent) dialogs(user string) *sipgo.DialogUA {
	contact := sip.Uri{User: user, Host: a.at.Addr().String(), Port: int(a.at.Port())}
	return &sipgo.DialogUA{Client: a.client, ContactHDR: sip.ContactHeader{Address: contact}}
}

// serveCentre answers every call at once.
func serveCentre(ctx context.Context, address string, s *side) error {
	var (
		mu      sync.Mutex
		calls   atomic.Int32
		dialogs sync.Map
		ua      *agent
	)
	invite := func(req *sip.Request, tx sip.ServerTransaction) {
		to, err := mediaAddress(req.Body())
		keys, line, wrong := secure(req.Body())
		if err != nil || wrong != nil {
			_ = tx.Respond(sip.NewResponseFromRequest(req, 488, "Not Acceptable Here", nil))
			return
		}
		d, err := ua.dialogs("psap").ReadInvite(req, tx)
		if err != nil {
			return
		}
		i := int(calls.Add(1))
		mu.Lock()
		s.add(i, to)
		s.protect(to, keys)
		mu.Unlock()
		_ = d.Respond(180, "Ringing", nil)
		dialogs.Store(d.ID, d)
		if d.RespondSDP([]byte(sealed(s.sdp(i), line))) == nil {
			<-d.Context().Done()
		}
	}
	ack := func(req *sip.Request, tx sip.ServerTransaction) {
		id, err := sip.DialogIDFromRequestUAS(req)
		if err != nil {
			return
		}
		if d, ok := dialogs.Load(id); ok {
			_ = d.(*sipgo.DialogServerSession).ReadAck(req, tx)
		}
	}
	var err error
	ua, err = newAgent(ctx, "psap", address, func(server *sipgo.Server) {
		server.OnInvite(invite)
		server.OnAck(ack)
	})
	return err
}

// callers places the calls.
type callers struct {
	options
	side    *side
	dialogs *sipgo.DialogUA

	mu     sync.Mutex
	open   []*sipgo.DialogClientSession
	failed []error // the first few
}

func (c *callers) place(ctx context.Context, i int) {
	d, to, err := c.dial(ctx, i)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		if len(c.failed) < 3 {
			c.failed = append(c.failed, err)
		}
		return
	}
	c.side.add(i, to)
	c.open = append(c.open, d)
}

func (c *callers) dial(ctx context.Context, i int) (*sipgo.DialogClientSession, *net.UDPAddr, error) {
	req := sip.NewRequest(sip.INVITE, sip.Uri{User: "911", Host: c.domain})
	req.SetDestination(c.edge)
	from := sip.FromHeader{Address: sip.Uri{User: c.number, Host: c.domain}, Params: sip.NewParams()}
	from.Params.Add("tag", sip.GenerateTagN(10))
	req.AppendHeader(&from)
	req.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	req.SetBody([]byte(c.side.sdp(i)))
	wait, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	d, err := c.dialogs.WriteInvite(wait, req)
	if err != nil {
		return nil, nil, err
	}
	if err := d.WaitAnswer(wait, sipgo.AnswerOptions{}); err != nil {
		return nil, nil, err
	}
	if err := d.Ack(ctx); err != nil {
		return nil, nil, err
	}
	to, err := mediaAddress(d.InviteResponse.Body())
	return d, to, err
}

func (c *callers) hangUp() {
	var wg sync.WaitGroup
	slots := make(chan struct{}, 32)
	for _, d := range c.open {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			wait, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			_ = d.Bye(wait)
		})
	}
	wg.Wait()
}

// mediaAddress returns where an SDP body wants its audio.
func mediaAddress(sdp []byte) (*net.UDPAddr, error) {
	var ip net.IP
	port := 0
	for line := range strings.Lines(string(sdp)) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "c=IN IP4 "); ok {
			ip = net.ParseIP(rest)
		}
		if rest, ok := strings.CutPrefix(line, "m=audio "); ok && port == 0 {
			first, _, _ := strings.Cut(rest, " ")
			port, _ = strconv.Atoi(first)
		}
	}
	if ip == nil || port == 0 {
		return nil, fmt.Errorf("no media address in SDP %q", sdp)
	}
	return &net.UDPAddr{IP: ip, Port: port}, nil
}
