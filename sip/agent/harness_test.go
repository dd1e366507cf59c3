package agent

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wait bounds every wait of these tests; it is only reached when a test fails.
const wait = 30 * time.Second

// newTestAgent starts an agent on loopback with short timers.
func newTestAgent(t *testing.T, onInvite func(*Incoming), listeners ...Listener) *Agent {
	t.Helper()
	return newAgentWithT1(t, 20*time.Millisecond, onInvite, listeners...)
}

func newAgentWithT1(t *testing.T, t1 time.Duration, onInvite func(*Incoming), listeners ...Listener) *Agent {
	t.Helper()
	if len(listeners) == 0 {
		listeners = []Listener{{Network: "udp", Address: "127.0.0.1:0"}}
	}
	if onInvite == nil {
		onInvite = func(in *Incoming) { in.Refuse(480, "Temporarily Unavailable") }
	}
	a, err := New(Options{Listeners: listeners, OnInvite: onInvite, Logger: zerolog.Nop(), UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	a.t1 = t1
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

func (a *Agent) uri(user string) string {
	l := a.bound[0]
	u := "sip:" + user + "@" + l.bound.String()
	if l.Network != "udp" {
		u += ";transport=" + l.Network
	}
	return u
}

// side collects the events of one leg.
type side struct {
	t    *testing.T
	name string
	ch   chan Event
}

func newSide(t *testing.T, name string) *side {
	return &side{t: t, name: name, ch: make(chan Event, 64)}
}

func (s *side) sink(e Event) { s.ch <- e }

// expect returns the next event, which must be of kind k.
func (s *side) expect(k Kind) Event {
	s.t.Helper()
	select {
	case e := <-s.ch:
		if e.Kind != k {
			s.t.Fatalf("%s: got event kind %d (status %d %s), want %d", s.name, e.Kind, e.Status, e.Reason, k)
		}
		return e
	case <-time.After(wait):
		s.t.Fatalf("%s: no event, want kind %d", s.name, k)
	}
	return Event{}
}

func (s *side) quiet(d time.Duration) {
	s.t.Helper()
	select {
	case e := <-s.ch:
		s.t.Fatalf("%s: got event kind %d (status %d), want none", s.name, e.Kind, e.Status)
	case <-time.After(d):
	}
}

func dialTo(t *testing.T, a *Agent, uri string, m Message, sink Sink) *Leg {
	t.Helper()
	r, err := a.Route(context.Background(), uri)
	if err != nil {
		t.Fatal(err)
	}
	return a.Dial(Outgoing{Route: r, From: Address{User: "+14155550100"}, Message: m}, sink)
}

// rawPeer is a UDP socket that speaks SIP by hand, for what a well-behaved agent never sends.
type rawPeer struct {
	t    testing.TB
	conn *net.UDPConn
	to   net.Addr
}

func newRawPeer(t testing.TB, a *Agent) *rawPeer {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	p := &rawPeer{t: t, conn: conn}
	if a != nil {
		p.to = net.UDPAddrFromAddrPort(a.bound[0].bound)
	}
	return p
}

func (p *rawPeer) addr() string { return p.conn.LocalAddr().String() }

func (p *rawPeer) send(msg string) {
	p.t.Helper()
	msg = strings.ReplaceAll(strings.ReplaceAll(msg, "\r\n", "\n"), "\n", "\r\n")
	if _, err := p.conn.WriteTo([]byte(msg), p.to); err != nil {
		p.t.Fatal(err)
	}
}

// recv returns the next message; the peer then answers to its sender.
func (p *rawPeer) recv() string {
	p.t.Helper()
	buf := make([]byte, 65536)
	p.conn.SetReadDeadline(time.Now().Add(wait))
	n, from, err := p.conn.ReadFrom(buf)
	if err != nil {
		p.t.Fatalf("no message came: %v", err)
	}
	p.to = from
	return string(buf[:n])
}

// recvUntil skips messages until one starts with prefix.
func (p *rawPeer) recvUntil(prefix string) string {
	p.t.Helper()
	for range 100 {
		if m := p.recv(); strings.HasPrefix(m, prefix) {
			return m
		}
	}
	p.t.Fatalf("no message starts with %q", prefix)
	return ""
}

func (p *rawPeer) none(d time.Duration) {
	p.t.Helper()
	buf := make([]byte, 65536)
	p.conn.SetReadDeadline(time.Now().Add(d))
	if n, _, err := p.conn.ReadFrom(buf); err == nil {
		p.t.Fatalf("unexpected message:\n%s", buf[:n])
	}
}

// request writes a request of the raw peer.
func (p *rawPeer) request(method, branch string, cseq int, toTag string, extra ...string) string {
	to := "<sip:911@lab.example.com>"
	if toTag != "" {
		to += ";tag=" + toTag
	}
	m := fmt.Sprintf("%s sip:911@lab.example.com SIP/2.0\nVia: SIP/2.0/UDP %s;branch=%s\nFrom: <sip:+14155550100@lab.example.com>;tag=raw\nTo: %s\nCall-ID: raw-%s\nCSeq: %d %s\nMax-Forwards: 70\nContact: <sip:raw@%s>\n",
		method, p.addr(), branch, to, p.t.Name(), cseq, method, p.addr())
	for _, e := range extra {
		m += e + "\n"
	}
	return m + "Content-Length: 0\n\n"
}

func loopback(last byte) netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 0, last}) }

func header(msg, name string) string {
	for line := range strings.SplitSeq(msg, "\r\n") {
		if k, v, ok := strings.Cut(line, ": "); ok && strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}

func toTag(msg string) string {
	_, tag, _ := strings.Cut(header(msg, "To"), ";tag=")
	return tag
}

var offer = Message{ContentType: "application/sdp", Body: []byte("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n")}
