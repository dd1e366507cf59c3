package agent

import (
	"crypto/tls"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func TestConnectionsAreMissedInTheOrderOfTheirUse(t *testing.T) {
	t.Parallel()
	c := newConnections()
	c.most, c.mostSource = 4, 3
	open := map[string]*stream{}
	// take tells whether a connection was taken, and for which one.
	take := func(name, from string) (ok bool, gone string) {
		near, far := net.Pipe()
		t.Cleanup(func() { far.Close() })
		s := &stream{raw: near, gone: make(chan struct{}), remote: netip.AddrPortFrom(netip.MustParseAddr(from), uint16(len(open)+1))}
		ok = c.take(s)
		for n, o := range open {
			if o.closed() {
				gone += n
				delete(open, n)
			}
		}
		if ok {
			open[name] = s
		}
		return ok, gone
	}
	const mine, other, third = "192.0.2.1", "192.0.2.2", "192.0.2.3"
	for _, step := range []struct {
		name, from string
		before     func()
		refused    bool
		gone       string
	}{
		{name: "a", from: mine}, {name: "b", from: mine}, {name: "c", from: mine},
		{name: "d", from: mine, gone: "a"},                                            // its address has its share: the oldest silent one
		{name: "e", from: mine, gone: "c", before: func() { c.heard(open["b"]) }},     // b has spoken
		{name: "f", from: other},                                                      // another address has room
		{name: "g", from: other, gone: "d", before: func() { c.heard(open["f"]) }},    // all together are too many
		{name: "h", from: third, gone: "e", before: func() { c.heard(open["g"]) }},    // still a silent one
		{name: "i", from: third, gone: "b", before: func() { c.heard(open["h"]) }},    // none is silent: the one heard of longest ago
		{name: "j", from: other, gone: "i", before: func() { c.heard(open["f"]) }},    // silent again
		{name: "k", from: third, gone: "g", before: func() { c.heard(open["j"]) }},    // f was heard of later than g
		{name: "l", from: third, gone: "k", before: func() { c.keep(open["f"]) }},     //
		{name: "m", from: third, gone: "h", before: func() { c.keep(open["l"]) }},     // l carries a call
		{name: "n", from: third, gone: "j", before: func() { c.keep(open["m"]) }},     //
		{name: "o", from: third, refused: true, before: func() { c.keep(open["n"]) }}, // all of its own carry calls
		{name: "p", from: other, refused: true},                                       // and all others, too
	} {
		if step.before != nil {
			step.before()
		}
		ok, gone := take(step.name, step.from)
		if ok == step.refused || gone != step.gone {
			t.Fatalf("%s: taken %v for %q, want %v for %q", step.name, ok, gone, !step.refused, step.gone)
		}
	}
	for _, s := range open {
		c.drop(s)
	}
	if n, refused := c.size(); n != 0 || c.whole.size != 0 || len(c.source) != 0 || refused != (refusedStreams{3, 9}) {
		t.Errorf("%d are left, %d of %d addresses, %+v", n, c.whole.size, len(c.source), refused)
	}
}

func TestCallsKeepTheirConnectionAndOursAreNotCounted(t *testing.T) {
	t.Parallel()
	legs := make(chan *Leg, 1)
	a := tunedAgent(t, func(a *Agent) { a.streams.most, a.streams.mostSource = 2, 2 },
		func(in *Incoming) { legs <- in.Accept(func(Event) {}) }, tcpLoopback, Listener{Network: "udp", Address: "127.0.0.1:0"})
	p := newRawPeer(t, nil)
	ask := func(c *rawConn) *rawConn {
		c.send(p.request("OPTIONS", newBranch(), 1, ""))
		c.recv("SIP/2.0 200")
		return c
	}
	caller := dialRaw(t, a)
	caller.send(p.request("INVITE", newBranch(), 1, ""))
	leg := <-legs
	asked, silent := ask(dialRaw(t, a)), dialRaw(t, a)
	asked.closed()
	// Another address pushes out the one that has said nothing.
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	other, err := d.Dial("tcp", a.bound[0].bound.String())
	stays := ask(newRawConn(t, other, err))
	silent.closed()
	leg.Progress(180, "Ringing", Message{})
	caller.recv("SIP/2.0 180")
	ask(stays)
	// What callers do does not keep us from connecting ourselves.
	ln := rawServer(t)
	dialTo(t, a, "sip:psap@"+ln.Addr().String()+";transport=tcp", offer, func(Event) {})
	accept(t, ln).recv("INVITE ")
	if m := a.Metrics(); m.Shared != 1 || m.Crowded != 1 {
		t.Errorf("%d and %d connections had to go, want 1 and 1", m.Shared, m.Crowded)
	}
}

// impatientAgent takes TCP, then TLS, and waits for nothing longer than a moment.
func impatientAgent(t *testing.T) *Agent {
	t.Helper()
	const short = 100 * time.Millisecond
	a, err := New(Options{
		Listeners: []Listener{tcpLoopback, {Network: "tls", Address: "127.0.0.1:0"}},
		TLS:       &tls.Config{Certificates: []tls.Certificate{testCertificate(t)}},
		OnInvite:  func(*Incoming) {}, Logger: zerolog.Nop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	a.patience = streamPatience{handshake: short, start: short, message: short, idle: time.Hour}
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// write writes b at once or drips it, until the connection is closed.
func (c *rawConn) write(a *Agent, b string, drip bool) {
	if !drip {
		c.Write([]byte(b))
		return
	}
	for i := range b {
		if _, err := c.Write([]byte{b[i]}); err != nil {
			return
		}
		a.pause(20 * time.Millisecond)
	}
}

func TestAConnectionThatIsOfNoUseIsClosed(t *testing.T) {
	t.Parallel()
	a := impatientAgent(t)
	p := newRawPeer(t, nil)
	whole := strings.ReplaceAll(p.request("OPTIONS", newBranch(), 1, ""), "\n", "\r\n")
	hello := clientHello(t)
	for _, tc := range []struct {
		name   string
		first  string // answered 200
		rest   string
		drip   bool
		secure bool
	}{
		{name: "says nothing"},
		{name: "keepalives only", rest: "\r\n\r\n"},
		{name: "never ends its first message", rest: whole[:len(whole)/2]},
		{name: "never ends its first message but goes on with it", rest: whole, drip: true},
		{name: "never ends its second message", first: whole, rest: "OPTIONS sip:"},
		{name: "never ends its second message but goes on with it", first: whole, rest: whole, drip: true},
		{name: "says nothing to TLS", secure: true},
		{name: "no more than hello", rest: hello, secure: true},
		{name: "half a hello", rest: hello[:len(hello)/2], secure: true},
		{name: "a hello that goes on", rest: hello, drip: true, secure: true},
		{name: "no TLS", rest: whole, secure: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			to := a.bound[0]
			if tc.secure {
				to = a.bound[1]
			}
			conn, err := net.Dial("tcp", to.bound.String())
			c := newRawConn(t, conn, err)
			if tc.first != "" {
				c.send(tc.first)
				c.recv("SIP/2.0 200")
			}
			go c.write(a, tc.rest, tc.drip)
			c.closed()
		})
	}
	var m Metrics
	for range 1000 { // a handshake that takes too long is counted after it is cut off
		if m = a.Metrics(); m.Late+m.Handshakes == 11 {
			break
		}
		a.pause(5 * time.Millisecond)
	}
	if m.Late != 6 || m.Handshakes != 5 {
		t.Errorf("%d connections were late and %d failed their handshake, want 6 and 5", m.Late, m.Handshakes)
	}
}

// clientHello is the first message of a TLS client.
func clientHello(t *testing.T) string {
	t.Helper()
	near, far := net.Pipe()
	defer far.Close()
	go func() {
		defer near.Close()
		tls.Client(near, &tls.Config{InsecureSkipVerify: true}).Handshake()
	}()
	b := make([]byte, 4096)
	n, err := far.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

// TestAConnectionThatSaysNothingHasNoWriter: of its memory (BenchmarkIdleConnections) the writer would be the most.
func TestAConnectionThatSaysNothingHasNoWriter(t *testing.T) {
	t.Parallel()
	a := tunedAgent(t, func(*Agent) {}, nil, tcpLoopback)
	c := dialRaw(t, a)
	awaitStreams(t, a, 1)
	a.streams.mu.Lock()
	for s := range a.streams.all {
		if s.out != nil || s.written != nil {
			t.Error("there is a writer, and nothing to write")
		}
	}
	a.streams.mu.Unlock()
	c.Close()
	awaitStreams(t, a, 0)
}

// awaitStreams waits until n connections are open.
func awaitStreams(t testing.TB, a *Agent, n int) {
	t.Helper()
	for range 1000 {
		if open, _ := a.streams.size(); open == n {
			return
		}
		a.pause(5 * time.Millisecond)
	}
	t.Fatalf("there are not %d connections", n)
}

// BenchmarkIdleConnections shows what a connection that has sent nothing holds, the test's own end included: with a
// writer, its queue and room for a message it was 19 kB.
func BenchmarkIdleConnections(b *testing.B) {
	const n = 400
	a := tunedAgent(b, func(a *Agent) { a.streams.most, a.streams.mostSource = 1000, 1000 }, nil, tcpLoopback)
	held := func() float64 {
		h := heap()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(h + int64(m.StackInuse))
	}
	for b.Loop() {
		before, all := held(), make([]net.Conn, n)
		for i := range all {
			c, err := net.Dial("tcp", a.bound[0].bound.String())
			if err != nil {
				b.Fatal(err)
			}
			all[i] = c
		}
		awaitStreams(b, a, n)
		b.ReportMetric((held()-before)/n, "B/open")
		for _, c := range all {
			c.Close()
		}
		awaitStreams(b, a, 0)
		b.ReportMetric((held()-before)/n, "B/closed")
	}
}
