package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// made is a call that was answered.
type made struct {
	begun time.Time
	setup time.Duration
	id    string // the edge's for the call
	again int    // how often the INVITE was repeated
}

// caller is one call's end.
type caller struct {
	conn  net.Conn
	in    *bufio.Reader
	name  string // tells this call from others
	proto string
	at    string
}

// call places one call, waits for its answer and hangs up.
func call(ctx context.Context, o callOptions, name string) (made, error) {
	r := made{begun: time.Now()}
	ctx, cancel := context.WithTimeout(ctx, o.limit)
	defer cancel()
	conn, err := dial(ctx, o)
	if err != nil {
		return r, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	// A datagram is read as a whole: it is never larger than the reader's room.
	c := caller{conn: conn, in: bufio.NewReaderSize(conn, 1<<16), name: name, proto: strings.ToUpper(o.transport), at: conn.LocalAddr().String()}
	sdp := offer(o.edge.Addr().String(), name)
	invite := c.request("INVITE", "sip:911@"+lab, o.number, "", 1, sdp)
	ok, again, err := c.await(invite, o.limit, func(m incoming) bool { return m.status >= 200 })
	if err != nil {
		return r, err
	}
	r.setup, r.again, r.id = time.Since(r.begun), again, ok.field("X-Callbox-Call")
	if ok.status != 200 {
		return r, fmt.Errorf("answered %s", ok.start)
	}
	target := strings.Trim(ok.field("Contact"), "<>")
	to := ok.field("To")
	if _, err := conn.Write(c.request("ACK", target, o.number, to, 1, "")); err != nil {
		return r, err
	}
	_, _, err = c.await(c.request("BYE", target, o.number, to, 2, ""), o.limit, func(m incoming) bool {
		return strings.HasSuffix(m.field("CSeq"), "BYE")
	})
	return r, err
}

func dial(ctx context.Context, o callOptions) (net.Conn, error) {
	var d net.Dialer
	switch o.transport {
	case "udp", "tcp":
		return d.DialContext(ctx, o.transport, o.edge.String())
	case "tls":
		t := tls.Dialer{NetDialer: &d, Config: &tls.Config{InsecureSkipVerify: true}} // the bench's edge signs its own
		return t.DialContext(ctx, "tcp", o.edge.String())
	}
	return nil, fmt.Errorf("unknown transport %q", o.transport)
}

func (c caller) request(method, uri, number, to string, cseq int, body string) []byte {
	if to == "" {
		to = "<" + uri + ">"
	}
	scheme := ""
	if c.proto != "UDP" {
		scheme = ";transport=" + strings.ToLower(c.proto)
	}
	kind := ""
	if body != "" {
		kind = "Content-Type: application/sdp\r\n"
	}
	return fmt.Appendf(nil, "%[1]s %[2]s SIP/2.0\r\nVia: SIP/2.0/%[3]s %[4]s;rport;branch=z9hG4bK%[5]s-%[6]d%[1]s\r\n"+
		"From: <sip:%[7]s@%[8]s>;tag=%[5]s\r\nTo: %[9]s\r\nCall-ID: %[5]s\r\nCSeq: %[6]d %[1]s\r\nMax-Forwards: 70\r\n"+
		"Contact: <sip:probe@%[4]s%[10]s>\r\n%[11]sContent-Length: %[12]d\r\n\r\n%[13]s",
		method, uri, c.proto, c.at, c.name, cseq, number, lab, to, scheme, kind, len(body), body)
}

// await sends a request and, by UDP, repeats it as RFC 3261 section 17.1 says, until an answer is the one wanted.
func (c caller) await(request []byte, limit time.Duration, wanted func(incoming) bool) (m incoming, again int, err error) {
	end, wait := time.Now().Add(limit), 500*time.Millisecond
	if _, err := c.conn.Write(request); err != nil {
		return m, 0, err
	}
	if c.proto != "UDP" {
		wait = limit
	}
	repeat := time.Now().Add(wait)
	for {
		if err := c.conn.SetReadDeadline(earlier(repeat, end)); err != nil {
			return m, again, err
		}
		m, err = read(c.in)
		switch {
		case err == nil && wanted(m):
			return m, again, nil
		case err == nil && m.status < 200: // the request has arrived
			repeat = end
		case err == nil:
		case !errors.Is(err, os.ErrDeadlineExceeded) || !time.Now().Before(end):
			return m, again, fmt.Errorf("no answer: %w", err)
		default:
			if _, err := c.conn.Write(request); err != nil {
				return m, again, err
			}
			again, wait = again+1, 2*wait
			repeat = time.Now().Add(wait)
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// incoming is a message that was received.
type incoming struct {
	start  string
	status int // 0 of a request
	fields []string
	body   string
}

// field returns the first field of a name, as the edge writes it.
func (m incoming) field(name string) string {
	for _, f := range m.fields {
		if v, ok := strings.CutPrefix(f, name+": "); ok {
			return v
		}
	}
	return ""
}

// read reads one message, trusting the edge to write it well.
func read(r *bufio.Reader) (m incoming, err error) {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return m, err
		}
		line = strings.TrimRight(line, "\r\n")
		switch {
		case line == "" && m.start != "":
			n, _ := strconv.Atoi(m.field("Content-Length"))
			body := make([]byte, n)
			_, err := io.ReadFull(r, body)
			m.body = string(body)
			return m, err
		case line == "":
		case m.start == "":
			m.start = line
			if rest, ok := strings.CutPrefix(line, "SIP/2.0 "); ok {
				m.status, _ = strconv.Atoi(rest[:3])
			}
		default:
			m.fields = append(m.fields, line)
		}
	}
}
