package agent

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// tunedAgent is newTestAgent with the agent changed before it starts.
func tunedAgent(t testing.TB, tune func(*Agent), onInvite func(*Incoming), listeners ...Listener) *Agent {
	t.Helper()
	if onInvite == nil {
		onInvite = func(in *Incoming) { in.Refuse(480, "Temporarily Unavailable") }
	}
	a, err := New(Options{Listeners: listeners, OnInvite: onInvite, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	a.t1 = 20 * time.Millisecond
	tune(a)
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

var tcpLoopback = Listener{Network: "tcp", Address: "127.0.0.1:0"}

// rawConn is a TCP connection that speaks SIP by hand.
type rawConn struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func newRawConn(t *testing.T, c net.Conn, err error) *rawConn {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(wait))
	return &rawConn{t: t, Conn: c, r: bufio.NewReader(c)}
}

func dialRaw(t *testing.T, a *Agent) *rawConn {
	t.Helper()
	c, err := net.Dial("tcp", a.bound[0].bound.String())
	return newRawConn(t, c, err)
}

func (c *rawConn) send(msg string) {
	c.t.Helper()
	msg = strings.ReplaceAll(strings.ReplaceAll(msg, "\r\n", "\n"), "\n", "\r\n")
	if _, err := c.Write([]byte(msg)); err != nil {
		c.t.Fatal(err)
	}
}

// recv returns the head of the next message with this start; bodies are not read by it, so a search skips them.
func (c *rawConn) recv(prefix string) string {
	c.t.Helper()
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			c.t.Fatalf("no message starts with %q: %v", prefix, err)
		}
		if !strings.HasPrefix(line, prefix) {
			continue
		}
		msg := line
		for line != "\r\n" {
			if line, err = c.r.ReadString('\n'); err != nil {
				c.t.Fatal(err)
			}
			msg += line
		}
		return msg
	}
}

// closed waits until the agent closes the connection.
func (c *rawConn) closed() {
	c.t.Helper()
	for {
		if _, err := c.r.ReadByte(); err != nil {
			if nerr, ok := err.(net.Error); ok && nerr.Timeout() {
				c.t.Error("the connection was not closed")
			}
			return
		}
	}
}

// rawServer is a TCP listener of the test.
func rawServer(t *testing.T) *net.TCPListener {
	t.Helper()
	ln, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	ln.SetDeadline(time.Now().Add(wait))
	t.Cleanup(func() { ln.Close() })
	return ln
}

func accept(t *testing.T, ln *net.TCPListener) *rawConn {
	t.Helper()
	c, err := ln.Accept()
	return newRawConn(t, c, err)
}

func TestCallsThatConnectAtOnceShareOneConnection(t *testing.T) {
	t.Parallel()
	ln := rawServer(t)
	a := newTestAgent(t, nil)
	const calls = 16
	for range calls {
		dialTo(t, a, "sip:psap@"+ln.Addr().String()+";transport=tcp", offer, func(Event) {})
	}
	arrived := make(chan struct{}, calls)
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r := bufio.NewReader(c)
				for {
					line, err := r.ReadString('\n')
					if err != nil {
						return
					}
					if strings.HasPrefix(line, "INVITE ") {
						arrived <- struct{}{}
					}
				}
			}()
		}
	}()
	for i := range calls {
		select {
		case <-arrived:
		case <-time.After(wait):
			t.Fatalf("%d of %d INVITEs came", i, calls)
		}
	}
	a.streams.mu.Lock()
	if n := len(a.streams.all); n != 1 {
		t.Errorf("%d connections are open", n)
	}
	a.streams.mu.Unlock()
	closed := make(chan struct{})
	go func() { a.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(wait):
		t.Error("Close does not return")
	}
}

func TestABadRequestOverTCPIsAnsweredWhateverItsPieces(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil, tcpLoopback)
	p := newRawPeer(t, nil)
	for _, tc := range []struct{ name, drop, extra string }{
		{"and the connection lives on", "", "this is no header"},
		{"before the connection is closed, its end unknown", "Content-Length: 0\n", "X: y"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, cut := range []int{1, 60, 1000} {
				c := dialRaw(t, a)
				msg := strings.Replace(p.request("INVITE", newBranch(), 1, "", tc.extra), tc.drop, "", 1)
				cut = min(cut, len(msg))
				c.send(msg[:cut])
				c.send(msg[cut:])
				c.recv("SIP/2.0 400")
				if tc.drop != "" {
					c.closed()
					continue
				}
				c.send(p.request("OPTIONS", newBranch(), 1, ""))
				c.recv("SIP/2.0 200")
			}
		})
	}
}

func TestARequestIsAnsweredAlthoughItsSenderSendsNoMore(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil, tcpLoopback)
	p := newRawPeer(t, nil)
	for range 20 {
		c := dialRaw(t, a)
		c.send(p.request("OPTIONS", newBranch(), 1, ""))
		c.Conn.(*net.TCPConn).CloseWrite()
		c.recv("SIP/2.0 200")
		c.closed()
	}
}

func TestAFieldFoldedIntoTheNextSegmentIsWhole(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil, tcpLoopback)
	c, p := dialRaw(t, a), newRawPeer(t, nil)
	msg := p.request("OPTIONS", newBranch(), 1, "", "Subject: a", " b")
	cut := strings.Index(msg, " b")
	c.send("\r\n\r\n" + msg[:cut])
	c.recv("\r\n") // the keepalive's answer says that this much has been read
	c.send(msg[cut:])
	c.recv("SIP/2.0 200")
}

func TestATLSConnectionServesTheHostItWasCheckedForOnly(t *testing.T) {
	t.Parallel()
	cert := testCertificate(t) // for 127.0.0.1
	callee, err := New(Options{
		Listeners: []Listener{{Network: "tls", Address: "127.0.0.1:0"}}, TLS: &tls.Config{Certificates: []tls.Certificate{cert}},
		OnInvite: func(in *Incoming) { in.Refuse(486, "Busy Here") },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := callee.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { callee.Close() })
	roots := x509.NewCertPool()
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	roots.AddCert(leaf)
	a := tunedAgent(t, func(a *Agent) { a.opts.ClientTLS = &tls.Config{RootCAs: roots} }, nil)
	at := callee.bound[0].bound
	s := newSide(t, "caller")
	for _, tc := range []struct {
		host   string
		status int
	}{{at.Addr().String(), 486}, {"psap.example", 503}, {at.Addr().String(), 486}} {
		a.Dial(Outgoing{
			Route:   Route{URI: "sips:psap@" + tc.host, Transport: "tls", Remote: at, Local: at.Addr()},
			Message: offer,
		}, s.sink)
		if e := s.expect(KindFailed); e.Status != tc.status {
			t.Errorf("%s: failed with %d, want %d", tc.host, e.Status, tc.status)
		}
	}
}
