package b2bua

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/agent"
	"callbox/sip/media"
)

// wire is an edge with its real agent, media and decision between a caller and a call centre that are sockets, for what
// must be seen in the bytes themselves.
type wire struct {
	t       testing.TB
	edge    *Edge
	a       *agent.Agent
	lab     *directory.Snapshot
	caller  *net.UDPConn
	centre  *net.UDPConn
	to      *net.UDPAddr // the edge
	in      chan datagram
	stopped chan struct{}
	calls   int
	probes  int
	insist  bool         // decide as if a caller of the lab had dialled 911, whatever the INVITE says
	target  atomic.Value // string, the URI of the centre in the next call

	within func(id, final string) // what is done in a call that is up; nil: nothing
}

// datagram is what the edge has sent to one of the two.
type datagram struct {
	centre bool
	text   string
}

// newWire starts an edge that ends a call soon which nobody else ends.
func newWire(t testing.TB) *wire {
	t.Helper()
	w := &wire{
		t: t, lab: directory.Lab(netip.MustParseAddrPort("127.0.0.1:1")), caller: loopbackUDP(t), centre: loopbackUDP(t),
		in: make(chan datagram, 256), stopped: make(chan struct{}),
	}
	relay, err := media.New(media.Options{
		PortMin: 20000, PortMax: 29999, Bind: netip.MustParseAddr("127.0.0.1"), Quarantine: -1, Workers: 1, Logger: zerolog.Nop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.a, err = agent.New(agent.Options{
		Listeners: []agent.Listener{{Network: "udp", Address: "127.0.0.1:0"}, {Network: "tcp", Address: "127.0.0.1:0"}},
		Logger:    zerolog.Nop(), UserAgent: "callbox", OnInvite: func(in *agent.Incoming) { w.edge.Invite(in) },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.edge, err = New(Options{
		Agent: w.a, Media: relay, Decider: w, Logger: zerolog.Nop(), SetupLimit: 5 * time.Second, MaxDuration: 300 * time.Millisecond,
		LimitEmergency: true, PassHeaders: []string{"Subject", "User-to-User"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.a.Start(); err != nil {
		t.Fatal(err)
	}
	w.to = net.UDPAddrFromAddrPort(netip.MustParseAddrPort(w.a.Addrs()[0].Address))
	go w.listen(w.caller, false)
	go w.listen(w.centre, true)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		w.edge.Drain(ctx)
		w.a.Close()
		relay.Close()
		close(w.stopped)
		w.caller.Close()
		w.centre.Close()
	})
	return w
}

func loopbackUDP(t testing.TB) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// Decide is the real decision with the centre of this test as its only target.
func (w *wire) Decide(r routing.Request) routing.Decision {
	if w.insist {
		r = routing.Request{
			Source: r.Source, Transport: "udp", Scheme: "sip", User: "911", Host: labDomain,
			From: routing.Identity{Scheme: "sip", User: "+14155550100", Host: labDomain},
		}
	}
	d := routing.Decide(w.lab, nil, r)
	if len(d.Targets) > 0 {
		d.Targets = d.Targets[:1]
		d.Targets[0].URI = w.target.Load().(string)
	}
	return d
}

const labDomain = "lab.sip.us1.twilio.com"

// listen hands on what one of the two is sent.
func (w *wire) listen(conn *net.UDPConn, centre bool) {
	buf := make([]byte, 1<<16)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		select {
		case w.in <- datagram{centre, string(buf[:n])}:
		case <-w.stopped:
			return
		}
	}
}

func (w *wire) port(conn *net.UDPConn) string {
	return strconv.Itoa(conn.LocalAddr().(*net.UDPAddr).Port)
}

// says sends a message to the edge; its lines end as lines of SIP do already.
func (w *wire) says(conn *net.UDPConn, msg string) {
	w.t.Helper()
	if _, err := conn.WriteToUDP([]byte(msg), w.to); err != nil {
		w.t.Fatal(err)
	}
}

// sync returns when the edge has read what it was sent before, and whether one message is the one that is meant.
func (w *wire) sync(meant func(datagram) bool) datagram {
	w.t.Helper()
	w.probes++
	id := fmt.Sprintf("probe%d-%s", w.probes, w.port(w.caller))
	w.says(w.caller, "OPTIONS sip:911@lab SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:"+w.port(w.caller)+";branch=z9hG4bK"+id+
		"\r\nFrom: <sip:a@lab>;tag=p\r\nTo: <sip:911@lab>\r\nCall-ID: "+id+"\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n\r\n")
	return w.await(certain.first, func(d datagram) bool { return meant(d) || value(d.text, "Call-ID") == id })
}

// next begins a call: the centre it is to reach is one of its own, so that nothing of another call is taken for it.
func (w *wire) next() (id string) {
	w.calls++
	id = fmt.Sprintf("n%d-%s", w.calls, w.port(w.caller))
	w.target.Store("sip:" + id + "@127.0.0.1:" + w.port(w.centre))
	return id
}

// await checks everything that the edge sends until one message is the one that is meant, and returns that; "" when
// none comes in time.
func (w *wire) await(d time.Duration, meant func(datagram) bool) datagram {
	w.t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case m := <-w.in:
			w.inspect(m)
			if meant(m) {
				return m
			}
		case <-timer.C:
			return datagram{}
		}
	}
}

// value returns the first header field called name of a message that was found well formed.
func value(msg, name string) string {
	for line := range strings.SplitSeq(msg, "\r\n") {
		if v, ok := strings.CutPrefix(line, name+": "); ok {
			return v
		}
	}
	return ""
}

// values returns all of them.
func values(msg, name string) (all []string) {
	head, _, _ := strings.Cut(msg, "\r\n\r\n")
	for line := range strings.SplitSeq(head, "\r\n") {
		if v, ok := strings.CutPrefix(line, name+": "); ok {
			all = append(all, v)
		}
	}
	return all
}

// echo writes the lines that an answer takes over from its request, or an ACK from the answer.
func echo(msg string, names ...string) string {
	var b strings.Builder
	for _, name := range names {
		for _, v := range values(msg, name) {
			b.WriteString(name + ": " + v + "\r\n")
		}
	}
	return b.String()
}

// answers sends an answer of the centre to a request of the edge, with lines of its own.
func (w *wire) answers(request, status, own, body string) {
	w.t.Helper()
	m := "SIP/2.0 " + status + "\r\n" + echo(request, "Via", "From")
	if to := value(request, "To"); strings.Contains(to, ";tag=") {
		m += "To: " + to + "\r\n"
	} else {
		m += "To: " + to + ";tag=centre\r\n"
	}
	m += echo(request, "Call-ID", "CSeq") + own
	if body != "" {
		m += "Content-Type: application/sdp\r\n"
	}
	w.says(w.centre, m+"Content-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"+body)
}

// contact is where the centre or the caller takes requests.
func (w *wire) contact(conn *net.UDPConn) string {
	return "Contact: <sip:x@127.0.0.1:" + w.port(conn) + ">\r\n"
}
