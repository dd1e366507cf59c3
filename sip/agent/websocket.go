package agent

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
)

// sipProtocol is the WebSocket subprotocol of SIP (RFC 7118 section 4.1).
const sipProtocol = "sip"

// serveWebSocket takes the connections of a ws or wss listener until that is closed. They count and rank among all
// connections from the first byte on.
func (a *Agent) serveWebSocket(l *boundListener, ln net.Listener) {
	var gate net.Listener = &webGate{Listener: ln, a: a, l: l}
	if l.Network == "wss" {
		gate = tls.NewListener(gate, l.tls)
	}
	http1 := new(http.Protocols)
	http1.SetHTTP1(true)
	s := &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.upgrade(w, r) }),
		ReadHeaderTimeout: a.patience.handshake, MaxHeaderBytes: 8 << 10, Protocols: http1,
		ErrorLog: stdlog.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if t, ok := c.(*tls.Conn); ok {
				c = t.NetConn()
			}
			return context.WithValue(ctx, streamKeyOfContext{}, c.(*webConn).s)
		},
	}
	s.SetKeepAlivesEnabled(false)
	_ = s.Serve(gate) // ends with the listener
	_ = s.Close()
}

type streamKeyOfContext struct{}

// webGate is a listener whose connections are among the agent's.
type webGate struct {
	net.Listener
	a *Agent
	l *boundListener
}

// Accept returns the next connection that may stay.
func (g *webGate) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil && (g.a.closing() || !isStarved(err)) {
			return nil, err
		}
		if err != nil {
			g.a.starved(g.l, err)
			if !g.a.pause(50 * time.Millisecond) {
				return nil, net.ErrClosed
			}
			continue
		}
		s := newStream(conn, g.l.Network, "")
		if !g.a.streams.take(s) {
			conn.Close()
			continue
		}
		if !g.a.hold() {
			g.a.streams.drop(s)
			conn.Close()
			return nil, net.ErrClosed
		}
		return &webConn{Conn: conn, a: g.a, s: s}, nil
	}
}

// webConn is the TCP connection of a WebSocket. Whoever serves it closes it in the end, once or more often.
type webConn struct {
	net.Conn
	a    *Agent
	s    *stream
	once sync.Once
}

// Close takes the connection out of the agent's.
func (c *webConn) Close() error {
	c.once.Do(func() {
		c.a.dropStream(c.s)
		c.s.close()
		c.a.wg.Done()
	})
	return nil
}

// hold has Close wait for one more thing, which says that it is over by wg.Done; false when the agent is closing.
func (a *Agent) hold() bool {
	a.wgMu.Lock()
	defer a.wgMu.Unlock()
	if a.closing() {
		return false
	}
	a.wg.Add(1)
	return true
}

// upgrade makes a WebSocket of a request and serves it until it ends.
func (a *Agent) upgrade(w http.ResponseWriter, r *http.Request) {
	s, ok := r.Context().Value(streamKeyOfContext{}).(*stream)
	if !ok {
		return
	}
	if !offersSIP(r.Header) {
		http.Error(w, "this is SIP over WebSocket (RFC 7118): connect with the subprotocol sip", http.StatusBadRequest)
		return
	}
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{sipProtocol}, OriginPatterns: a.opts.Origins})
	if err != nil {
		a.count.handshakes.Add(1)
		a.log.Debug().Err(err).Str("source", s.remote.String()).Msg("websocket handshake failed")
		return
	}
	defer func() { _ = c.CloseNow() }()
	if r.TLS != nil {
		s.verified(*r.TLS)
	}
	c.SetReadLimit(maxDatagram)
	s.conn = &webWriter{Conn: s.raw, c: c}
	s.up.Store(true)
	a.runWebSocket(s, c)
}

// offersSIP tells whether a client speaks the subprotocol: without it a browser page of anything else would be served.
func offersSIP(h http.Header) bool {
	for _, v := range h.Values("Sec-WebSocket-Protocol") {
		if slices.ContainsFunc(strings.Split(v, ","), func(p string) bool { return strings.EqualFold(strings.TrimSpace(p), sipProtocol) }) {
			return true
		}
	}
	return false
}

// runWebSocket reads messages, one in each of the WebSocket's (RFC 7118 section 5), and answers the keepalive of a SIP
// client (RFC 5626 section 3.5.1).
func (a *Agent) runWebSocket(s *stream, c *websocket.Conn) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	watch := &webWatch{a: a, s: s, c: c, heard: time.Now()}
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		watch.run(ctx)
	}()
	defer func() { <-watching }()
	defer cancel()
	f := flow{transport: s.transport, stream: s, remote: s.remote}
	for {
		_, r, err := c.Reader(ctx)
		if err != nil {
			break
		}
		watch.begin()
		b, err := io.ReadAll(r)
		if err != nil {
			a.log.Debug().Err(err).Str("source", s.remote.String()).Msg("websocket read failed")
			break
		}
		taken := false
		switch text := bytes.Trim(b, "\r\n"); {
		case len(text) > 0:
			taken = a.streamMessage(f, b)
		case string(b) == "\r\n\r\n":
			_ = s.send([]byte("\r\n"))
		}
		if watch.end(taken) {
			a.streams.heard(s)
		}
	}
	s.finish()
	s.close()
}

// webWriter writes each message as one of a WebSocket's.
type webWriter struct {
	net.Conn
	c     *websocket.Conn
	until time.Time
}

// SetWriteDeadline bounds the next Write.
func (w *webWriter) SetWriteDeadline(t time.Time) error {
	w.until = t
	return nil
}

// Write sends b as text where it is, which is what browsers show, else as binary.
func (w *webWriter) Write(b []byte) (int, error) {
	ctx, cancel := context.WithDeadline(context.Background(), w.until)
	defer cancel()
	kind := websocket.MessageText
	if !utf8.Valid(b) {
		kind = websocket.MessageBinary
	}
	if err := w.c.Write(ctx, kind, b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// webWatch ends a WebSocket that is of no use: one that says nothing, that drips, or whose peer has gone. A ping now and
// then keeps its way open.
type webWatch struct {
	a *Agent
	s *stream
	c *websocket.Conn

	mu     sync.Mutex
	proven bool      // it has sent a message
	heard  time.Time // when it sent the last
	begun  time.Time // when the message that is being read began, zero while none is
}

// Between two pings, and how long one may take. A NAT forgets a TCP connection after minutes, a browser's tab that sleeps
// answers all the same.
const (
	webPing     = 30 * time.Second
	webPingWait = 15 * time.Second
)

func (w *webWatch) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begun = time.Now()
}

// end notes that a message is read. It returns whether to tell that the connection is of use, once a second at most.
func (w *webWatch) end(taken bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	tell := taken && (!w.proven || now.Sub(w.heard) > time.Second)
	if taken {
		w.proven, w.heard = true, now
	}
	w.begun = time.Time{}
	return tell
}

// useless tells whether the connection should go.
func (w *webWatch) useless(now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.a.patience
	switch {
	case !w.proven:
		return now.Sub(w.heard) >= p.start
	case !w.begun.IsZero() && now.Sub(w.begun) >= p.message:
		return true
	}
	return now.Sub(w.heard) >= p.idle && !w.s.lasts() && !w.s.kept.Load()
}

// run looks after the connection until ctx ends.
func (w *webWatch) run(ctx context.Context) {
	tick := time.NewTicker(min(webPing, w.a.patience.start, w.a.patience.message))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.s.gone:
			return
		case now := <-tick.C:
			if w.useless(now) {
				w.a.count.late.Add(1)
				w.s.close()
				return
			}
		}
		ping, cancel := context.WithTimeout(ctx, webPingWait)
		err := w.c.Ping(ping)
		cancel()
		if err != nil {
			w.s.close()
			return
		}
	}
}
