package web

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// encrypted returns l with TLS. HTTP/2 is left out: one kind of framing less for strangers to play with, and the room
// for connections is counted in requests, one at a time on each.
func encrypted(l net.Listener, config *tls.Config) net.Listener {
	config = config.Clone()
	config.NextProtos = []string{"http/1.1"}
	return tls.NewListener(plainListener{l}, config)
}

// hangUp closes a connection without a word. A TLS connection's own Close waits for the peer to take an alert, for as
// long as five seconds.
func hangUp(c net.Conn) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	c.Close()
}

// plainListener tells who speaks HTTP without TLS what to do, instead of breaking off.
type plainListener struct{ net.Listener }

// Accept implements net.Listener.
func (l plainListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &firstLook{Conn: c}, nil
}

// firstLook is a connection whose first byte decides what it is. TLS reads it in one goroutine.
type firstLook struct {
	net.Conn
	looked bool
}

var errPlain = errors.New("HTTP without TLS")

// Read implements io.Reader.
func (f *firstLook) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	if f.looked || n == 0 {
		return n, err
	}
	f.looked = true
	if c := p[0]; c < 'A' || c > 'Z' { // no method begins like this; a TLS record begins with 22
		return n, err
	}
	f.explain()
	return 0, errPlain
}

// plainAnswer is what is said to HTTP without TLS.
const plainAnswer = `{"title":"Bad Request","status":400,` +
	`"detail":"this port speaks HTTPS only: ask again with https:// in the address. What was sent crossed the network in the clear."}` + "\n"

// explain answers and waits a little for the request to end: closing on what is still under way would take the answer
// back.
func (f *firstLook) explain() {
	_ = f.SetDeadline(time.Now().Add(time.Second)) // it fails on a connection that has gone, like all below
	_, _ = io.WriteString(f.Conn, "HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nConnection: close\r\n\r\n"+plainAnswer)
	if half, ok := f.Conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
		_, _ = io.CopyN(io.Discard, f.Conn, maxBody)
	}
}

// onlyHTTP1 is what the server speaks, whatever a client offers.
func onlyHTTP1() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	return p
}
