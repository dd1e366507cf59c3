package main

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

// centre answers every call at once and takes every BYE.
type centre struct {
	at      netip.AddrPort
	conn    *net.UDPConn
	callers *callers

	mu    sync.Mutex
	calls map[string]*answer // by Call-ID, until the ACK
}

// answer is a 200 that waits for its ACK.
type answer struct {
	to          netip.AddrPort
	b           []byte
	began, next time.Time
	wait        time.Duration
}

func newCentre(at netip.AddrPort, c *callers) (*centre, error) {
	conn, err := listen(at)
	return &centre{at: at, conn: conn, callers: c, calls: make(map[string]*answer)}, err
}

func (c *centre) serve() {
	b := make([]byte, 65535)
	for {
		size, from, err := c.conn.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		c.take(b[:size], from, time.Now())
	}
}

func (c *centre) take(b []byte, from netip.AddrPort, now time.Time) {
	method, _, _ := bytes.Cut(b, []byte(" "))
	callID := string(field(b, "Call-ID"))
	c.mu.Lock()
	defer c.mu.Unlock()
	switch string(method) {
	case "INVITE":
		c.invited(b, from, callID, now)
	case "ACK":
		delete(c.calls, callID)
	case "BYE", "OPTIONS", "CANCEL":
		c.write(c.response(b, "200 OK", ""), from)
	}
}

func (c *centre) invited(b []byte, from netip.AddrPort, callID string, now time.Time) {
	if a := c.calls[callID]; a != nil {
		c.write(a.b, from)
		return
	}
	if n, ok := callNumber(b); ok {
		c.callers.arrived(n, now)
	}
	c.write(c.response(b, "180 Ringing", ""), from)
	a := &answer{to: from, b: c.response(b, "200 OK", description(16000)), began: now, wait: t1, next: now.Add(t1)}
	c.calls[callID] = a
	c.write(a.b, from)
}

func (c *centre) write(b []byte, to netip.AddrPort) { c.conn.WriteToUDPAddrPort(b, to) }

// response builds an answer with what must be copied from the request.
func (c *centre) response(req []byte, status, body string) []byte {
	out := fmt.Appendf(make([]byte, 0, 1024), "SIP/2.0 %s\r\n", status)
	rest, _, _ := bytes.Cut(req, []byte("\r\n\r\n"))
	for line := range bytes.SplitSeq(rest, []byte("\r\n")) {
		name, _, _ := bytes.Cut(line, []byte(":"))
		switch string(name) {
		case "Via", "From", "Call-ID", "CSeq", "Record-Route":
			out = append(append(out, line...), "\r\n"...)
		case "To":
			out = append(out, line...)
			if !bytes.Contains(line, []byte(";tag=")) {
				out = append(out, ";tag=centre"...)
			}
			out = append(out, "\r\n"...)
		}
	}
	if body != "" {
		out = append(out, "Content-Type: application/sdp\r\n"...)
	}
	return fmt.Appendf(out, "Contact: <sip:psap@%s>\r\nContent-Length: %d\r\n\r\n%s", c.at, len(body), body)
}

// repeat sends a 200 again until its ACK comes (RFC 3261 section 13.3.1.4).
func (c *centre) repeat(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, a := range c.calls {
		switch {
		case now.Sub(a.began) > giveUp:
			delete(c.calls, id)
		case !now.Before(a.next):
			a.wait = min(2*a.wait, t2)
			a.next = now.Add(a.wait)
			c.write(a.b, a.to)
		}
	}
}

// callNumber reads which call an INVITE of the edge belongs to. A B2BUA has a Call-ID of its own, but hands on what the
// caller's description says.
func callNumber(b []byte) (int, bool) {
	_, rest, ok := bytes.Cut(b, []byte(mark))
	digits, _, _ := bytes.Cut(rest, []byte("\r"))
	n, err := strconv.Atoi(string(digits))
	return n, ok && err == nil
}
