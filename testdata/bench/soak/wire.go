package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
)

// What is said here is read and written with no code of the edge's: a fault that both had would not be seen.

// field returns the value of a header field in the long form that the edge writes, "" without one.
func field(b []byte, name string) string {
	i := bytes.Index(b, []byte("\r\n"+name+":"))
	if i < 0 {
		return ""
	}
	line, _, _ := bytes.Cut(b[i+len(name)+3:], []byte("\r\n"))
	return string(bytes.TrimSpace(line))
}

// firstLine returns what a message is, without its line end.
func firstLine(b []byte) string {
	line, _, _ := bytes.Cut(b, []byte("\r\n"))
	return string(line)
}

// status returns the status of a response, 0 for a request.
func status(b []byte) int {
	if !bytes.HasPrefix(b, []byte("SIP/2.0 ")) || len(b) < 11 {
		return 0
	}
	n, _ := strconv.Atoi(string(b[8:11]))
	return n
}

func body(b []byte) []byte {
	_, rest, _ := bytes.Cut(b, []byte("\r\n\r\n"))
	return rest
}

// uri returns what stands between the angle brackets of a field.
func uri(v string) string {
	_, rest, ok := strings.Cut(v, "<")
	if !ok {
		return v
	}
	rest, _, _ = strings.Cut(rest, ">")
	return rest
}

// response answers a request with what must be copied from it (RFC 3261 section 8.2.6).
func response(req []byte, line, tag, contact, sdp string) []byte {
	out := fmt.Appendf(make([]byte, 0, 1024), "SIP/2.0 %s\r\n", line)
	head, _, _ := bytes.Cut(req, []byte("\r\n\r\n"))
	for l := range bytes.SplitSeq(head, []byte("\r\n")) {
		name, _, _ := bytes.Cut(l, []byte(":"))
		switch string(name) {
		case "Via", "From", "Call-ID", "CSeq":
			out = append(append(out, l...), "\r\n"...)
		case "To":
			out = append(out, l...)
			if tag != "" && !bytes.Contains(l, []byte(";tag=")) {
				out = append(out, ";tag="+tag...)
			}
			out = append(out, "\r\n"...)
		}
	}
	if contact != "" {
		out = fmt.Appendf(out, "Contact: <%s>\r\n", contact)
	}
	if sdp != "" {
		out = append(out, "Content-Type: application/sdp\r\n"...)
	}
	return fmt.Appendf(out, "Content-Length: %d\r\n\r\n%s", len(sdp), sdp)
}

// link is the way of a call's messages.
type link interface {
	send([]byte)
	network() string // UDP, TCP or TLS
	local() string   // host:port to name in Via and Contact
	reliable() bool
}

// datagrams is one UDP socket's way to one address.
type datagrams struct {
	conn *net.UDPConn
	to   netip.AddrPort
}

func (d datagrams) send(b []byte)   { d.conn.WriteToUDPAddrPort(b, d.to) } // what the kernel does not take is lost
func (d datagrams) network() string { return "UDP" }
func (d datagrams) local() string   { return d.conn.LocalAddr().String() }
func (d datagrams) reliable() bool  { return false }

// connection is a TCP or TLS connection.
type connection struct {
	net.Conn
	at string // what to name instead of the connection's own address; "" for that
	mu *sync.Mutex
}

func (c connection) send(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Write(b)
}

func (c connection) network() string {
	if _, ok := c.Conn.(*tls.Conn); ok {
		return "TLS"
	}
	return "TCP"
}

func (c connection) local() string {
	if c.at != "" {
		return c.at
	}
	return c.LocalAddr().String()
}
func (c connection) reliable() bool { return true }

// messages reads a connection until it ends and hands on each message.
func (c connection) messages(take func([]byte)) error {
	r := bufio.NewReader(c.Conn)
	for {
		b, err := readMessage(r)
		if err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
		take(b)
	}
}

// readMessage reads one message of a stream by its Content-Length.
func readMessage(r *bufio.Reader) ([]byte, error) {
	var b []byte
	for !bytes.HasSuffix(b, []byte("\r\n\r\n")) {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return nil, err
		}
		if len(b) == 0 && len(bytes.TrimSpace(line)) == 0 {
			continue // keep-alive
		}
		b = append(b, line...)
	}
	n, err := strconv.Atoi(field(b, "Content-Length"))
	if err != nil || n < 0 || n > 65535 {
		return nil, fmt.Errorf("no length in %q", firstLine(b))
	}
	head := len(b)
	b = append(b, make([]byte, n)...)
	_, err = io.ReadFull(r, b[head:])
	return b, err
}

// exchange hands the messages of one socket to the dialogs they belong to, by Call-ID.
type exchange struct {
	mu      sync.Mutex
	dialogs map[string]*dialog
}

func newExchange() *exchange { return &exchange{dialogs: make(map[string]*dialog)} }

func (x *exchange) add(d *dialog) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.dialogs[d.callID] = d
}

func (x *exchange) remove(d *dialog) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.dialogs, d.callID)
}

// deliver tells whether somebody took b.
func (x *exchange) deliver(b []byte) bool {
	x.mu.Lock()
	d := x.dialogs[field(b, "Call-ID")]
	x.mu.Unlock()
	if d == nil {
		return false
	}
	select {
	case d.inbox <- b:
	default: // nobody reads: a caller who has vanished
	}
	return true
}

func listenUDP(a string) (*net.UDPConn, error) {
	at, err := netip.ParseAddrPort(a)
	if err != nil {
		return nil, err
	}
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	conn.SetReadBuffer(4 << 20)
	conn.SetWriteBuffer(4 << 20)
	return conn, nil
}

// serveUDP reads datagrams until the socket is closed. b is the taker's own.
func serveUDP(conn *net.UDPConn, take func(b []byte, from netip.AddrPort)) {
	buffer := make([]byte, 65535)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			take(bytes.Clone(buffer[:n]), from)
		}
	}
}
