package main

import (
	"bytes"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"
)

// The timers of RFC 3261 section 17.
const (
	t1     = 500 * time.Millisecond
	t2     = 4 * time.Second
	giveUp = 64 * t1
)

type state uint8

const (
	calling state = iota
	ringing
	up
	ending
	done
)

// one is one call, of the caller's side.
type one struct {
	phase   int
	began   time.Time
	state   state
	result  result
	setUp   time.Duration // INVITE to 200
	postal  time.Duration // INVITE to the INVITE that the centre gets
	next    time.Time     // when the last request is repeated, or BYE is due
	wait    time.Duration // until the repetition after that
	target  string        // the edge's Contact
	route   []byte        // through a proxy that wants to be in the way: one at most
	to      string        // To with the edge's tag
	request []byte        // the last request
}

type result uint8

const (
	pending result = iota
	completed
	refused // 503
	otherwise
	timedOut
)

// callers places the calls.
type callers struct {
	o    options
	conn *net.UDPConn
	run  string // makes Call-IDs differ from those of another run

	mu     sync.Mutex
	calls  []one
	active map[int]struct{}
	sent   int // messages sent again
	cpu    []time.Duration
}

func newCallers(o options) (*callers, error) {
	conn, err := listen(o.caller)
	if err != nil {
		return nil, err
	}
	return &callers{o: o, conn: conn, run: strconv.FormatInt(time.Now().UnixNano(), 36), active: make(map[int]struct{})}, nil
}

// offer starts the calls of one phase, evenly, whatever becomes of them.
func (c *callers) offer(index int, p phase) {
	start := time.Now()
	total := int(p.time.Seconds() * float64(p.rate))
	for n := 0; n < total; {
		due := int(time.Since(start).Seconds() * float64(p.rate))
		for ; n < min(due, total); n++ {
			c.place(index)
		}
		time.Sleep(time.Millisecond)
	}
}

func (c *callers) place(phase int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.calls)
	c.calls = append(c.calls, one{phase: phase, began: time.Now(), wait: t1, to: "<sip:911@" + c.o.domain + ">"})
	x := &c.calls[n]
	x.request = c.message(n, x, "INVITE", 1, "sip:911@"+c.o.domain, description(20000)+mark+strconv.Itoa(n)+"\r\n")
	x.next = x.began.Add(x.wait)
	c.active[n] = struct{}{}
	c.write(x.request)
}

// mark is the attribute that says which call a description belongs to: parameters of a format pass everywhere.
const mark = "a=fmtp:8 call="

func description(port int) string {
	return fmt.Sprintf("v=0\r\no=- 3745 3745 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0 8 101\r\n"+
		"a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=sendrecv\r\n", port)
}

func (c *callers) message(n int, x *one, method string, cseq int, target, body string) []byte {
	b := make([]byte, 0, 512+len(body))
	b = fmt.Appendf(b, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s-%d-%s\r\nMax-Forwards: 70\r\n"+
		"From: <sip:%s@%s>;tag=%d\r\nTo: %s\r\nCall-ID: %d-%s\r\nCSeq: %d %s\r\nContact: <sip:%s@%s>\r\n",
		method, target, c.o.caller, c.run, n, method, c.o.from, c.o.domain, n, x.to, n, c.run, cseq, method, c.o.from, c.o.caller)
	if x.route != nil {
		b = fmt.Appendf(b, "Route: %s\r\n", x.route)
	}
	if body != "" {
		b = append(b, "Content-Type: application/sdp\r\n"...)
	}
	return fmt.Appendf(b, "Content-Length: %d\r\n\r\n%s", len(body), body)
}

// write sends to the edge; what the kernel does not take is lost, as on any network.
func (c *callers) write(b []byte) { c.conn.WriteToUDPAddrPort(b, c.o.edge) }

func (c *callers) serve() {
	b := make([]byte, 65535)
	for {
		size, _, err := c.conn.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		c.take(b[:size])
	}
}

// take handles one answer of the edge.
func (c *callers) take(b []byte) {
	n, ok := c.number(field(b, "Call-ID"))
	if !ok || !bytes.HasPrefix(b, []byte("SIP/2.0 ")) {
		return
	}
	status, _ := strconv.Atoi(string(b[8:11]))
	method := string(field(b, "CSeq"))
	c.mu.Lock()
	defer c.mu.Unlock()
	x := &c.calls[n]
	switch {
	case status < 200:
		if x.state == calling {
			x.state, x.next = ringing, x.began.Add(giveUp)
		}
	case method == "1 INVITE" && status < 300:
		c.answered(n, x, b)
	case method == "1 INVITE":
		x.to = string(field(b, "To"))
		c.write(c.message(n, x, "ACK", 1, "sip:911@"+c.o.domain, ""))
		if x.state <= ringing {
			x.result = otherwise
			if status == 503 {
				x.result = refused
			}
			c.end(n, x)
		}
	case method == "2 BYE" && x.state == ending:
		x.result = completed
		c.end(n, x)
	}
}

func (c *callers) answered(n int, x *one, b []byte) {
	if x.state <= ringing {
		x.state, x.setUp = up, time.Since(x.began)
		x.to = string(field(b, "To"))
		contact := field(b, "Contact")
		x.target = string(bytes.Trim(contact, "<>"))
		if r := field(b, "Record-Route"); r != nil {
			x.route = bytes.Clone(r)
		}
		x.next = time.Now().Add(c.o.hold)
	}
	c.write(c.message(n, x, "ACK", 1, x.target, ""))
}

func (c *callers) end(n int, x *one) {
	x.state, x.request = done, nil
	delete(c.active, n)
}

func (c *callers) number(callID []byte) (int, bool) {
	digits, run, ok := bytes.Cut(callID, []byte("-"))
	n, err := strconv.Atoi(string(digits))
	return n, ok && err == nil && string(run) == c.run && n < len(c.calls)
}

// arrived notes that the INVITE of a call reached the centre.
func (c *callers) arrived(n int, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n < len(c.calls) && c.calls[n].postal == 0 {
		c.calls[n].postal = at.Sub(c.calls[n].began)
	}
}

// repeat sends again what was not answered, and hangs up what was up long enough.
func (c *callers) repeat(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n := range c.active {
		x := &c.calls[n]
		if now.Before(x.next) {
			continue
		}
		switch {
		case x.state == up:
			x.state, x.wait = ending, t1
			x.request = c.message(n, x, "BYE", 2, x.target, "")
			x.next = now.Add(x.wait)
			c.write(x.request)
		case x.state == ringing || now.Sub(x.began) > giveUp:
			x.result = timedOut
			c.end(n, x)
		default:
			x.wait *= 2
			if x.state == ending {
				x.wait = min(x.wait, t2)
			}
			x.next = now.Add(x.wait)
			c.sent++
			c.write(x.request)
		}
	}
}

// settle waits until the calls that are up have ended, or cannot end any more.
func (c *callers) settle() {
	for end := time.Now().Add(giveUp); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		c.mu.Lock()
		left := len(c.active)
		c.mu.Unlock()
		if left == 0 {
			return
		}
	}
}

// field returns the value of a header field, in the long form that callbox, Kamailio and SIPp write; nil without one.
func field(b []byte, name string) []byte {
	i := bytes.Index(b, []byte("\r\n"+name+":"))
	if i < 0 {
		return nil
	}
	line, _, _ := bytes.Cut(b[i+len(name)+3:], []byte("\r\n"))
	return bytes.TrimSpace(line)
}
