package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// centre is a call centre that answers at once.
type centre struct {
	conn *net.UDPConn
	done chan struct{}

	mu   sync.Mutex
	seen map[string]time.Time // when the INVITE of a call came first, by the ID that the edge gave it
}

// answer starts a call centre.
func answer(at netip.AddrPort) (*centre, error) {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	if err := conn.SetReadBuffer(4 << 20); err != nil {
		return nil, err
	}
	c := &centre{conn: conn, done: make(chan struct{}), seen: make(map[string]time.Time)}
	go c.serve()
	return c, nil
}

func (c *centre) close() {
	c.conn.Close()
	<-c.done
}

// reached tells when a call's INVITE came.
func (c *centre) reached(id string) (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, ok := c.seen[id]
	return at, ok
}

func (c *centre) serve() {
	defer close(c.done)
	buf := make([]byte, 1<<16)
	for {
		n, from, err := c.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		now := time.Now()
		m, err := read(bufio.NewReader(bytes.NewReader(buf[:n])))
		if err != nil || m.status != 0 || strings.HasPrefix(m.start, "ACK ") {
			continue
		}
		body := ""
		if strings.HasPrefix(m.start, "INVITE ") {
			body = offer(c.conn.LocalAddr().(*net.UDPAddr).IP.String(), "centre")
			c.first(m.field("X-Callbox-Call"), now)
		}
		_, _ = c.conn.WriteToUDPAddrPort(c.ok(m, body), from)
	}
}

func (c *centre) first(id string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, repeated := c.seen[id]; !repeated {
		c.seen[id] = now
	}
}

// ok answers a request 200.
func (c *centre) ok(m incoming, body string) []byte {
	var b bytes.Buffer
	b.WriteString("SIP/2.0 200 OK\r\n")
	for _, f := range m.fields {
		switch name, _, _ := strings.Cut(f, ":"); name {
		case "To":
			if !strings.Contains(f, ";tag=") {
				f += ";tag=centre"
			}
			fallthrough
		case "Via", "From", "Call-ID", "CSeq", "Record-Route":
			b.WriteString(f + "\r\n")
		}
	}
	fmt.Fprintf(&b, "Contact: <sip:psap@%s>\r\n", c.conn.LocalAddr())
	if body != "" {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return b.Bytes()
}
