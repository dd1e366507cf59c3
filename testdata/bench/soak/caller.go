package main

import (
	"crypto/md5"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"
)

// caller is one call from its caller's side, with what must become of it.
type caller struct {
	dialog
	w      *world
	n      int
	kind   *kind
	domain string
	media  *stream
	leg    *leg
	record string // the ID that the edge gave the call
	want   want
	warm   func([]byte) // sees provisional responses
}

// want is what the call's record must say.
type want struct {
	kind   string
	callID string
	status int
	end    string // or several, separated by |
	by     string // the centre that answered; several separated by |
}

// run places one call and judges it.
func (w *world) run(n int, k *kind) {
	c := &caller{w: w, n: n, kind: k, domain: k.domain, leg: w.leg(n)}
	defer w.forget(n)
	if c.domain == "" {
		c.domain = lab
	}
	network := k.network
	if network == "" {
		network = "UDP"
	}
	err := c.connect(network)
	if err == nil {
		err = c.open()
	}
	if err == nil {
		c.want = want{kind: k.name, callID: c.callID, status: k.status, end: k.end, by: k.by}
		err = k.script(c)
	}
	if c.media != nil {
		c.media.stop()
	}
	if err == nil {
		err = c.over()
	}
	if conn, ok := c.link.(connection); ok {
		conn.Close()
	}
	w.callers.remove(&c.dialog)
	if err != nil {
		w.unmeant(k.name, &c.dialog, err)
		return
	}
	w.count(k.name, true)
	w.records.expect(c.record, c.want)
}

// over checks what holds for every call: one centre at most has it, and is rid of it when the caller is.
func (c *caller) over() error {
	if c.record == "" {
		return fmt.Errorf("no response named the call")
	}
	if err := c.media.alone(); err != nil || c.leg.answers.Load() == 0 {
		return err
	}
	select {
	case <-c.leg.ended:
	case <-time.After(8 * time.Second):
		return fmt.Errorf("the centre's leg is still up")
	}
	if c.leg.alone != nil {
		return fmt.Errorf("at the centre: %w", c.leg.alone)
	}
	if !c.kind.talks {
		return nil
	}
	if c.leg.flowed != nil {
		return fmt.Errorf("at the centre: %w", c.leg.flowed)
	}
	return c.media.flowed()
}

// connect makes the call's way to the edge.
func (c *caller) connect(network string) error {
	c.callID = fmt.Sprintf("%d-%s", c.n, c.w.run36)
	c.inbox = make(chan []byte, 64)
	c.began = time.Now()
	user := c.kind.from
	switch network {
	case "UDP":
		c.link = datagrams{c.w.socket, c.w.edge}
		c.contact = "sip:" + user + "@" + c.link.local()
	case "TCP":
		conn, err := net.Dial("tcp4", c.w.edge.String())
		if err != nil {
			return err
		}
		c.stream(conn)
		c.contact = "sip:" + user + "@" + c.link.local() + ";transport=tcp"
	case "TLS":
		conn, err := tls.Dial("tcp4", c.w.edgeTLS.String(), c.w.trust)
		if err != nil {
			return err
		}
		c.stream(conn)
		c.contact = "sip:" + user + "@" + c.link.local() + ";transport=tls"
	}
	return nil
}

func (c *caller) stream(conn net.Conn) {
	l := connection{conn, "", &sync.Mutex{}}
	c.link = l
	go l.messages(func(b []byte) { // ends with the connection
		select {
		case c.inbox <- b:
		default:
		}
	})
}

// open prepares what the INVITE says.
func (c *caller) open() error {
	n, err := c.n, error(nil)
	if c.kind.dialled == "933" || c.kind.announced {
		n = simulated
	}
	if c.media, err = newStream(&c.w.media, n, false); err != nil {
		return err
	}
	c.offered = c.media.description()
	c.local = fmt.Sprintf("<sip:%s@%s>;tag=%d", c.kind.from, c.domain, c.n)
	c.remote = "<sip:" + c.kind.dialled + "@" + c.domain + ">"
	c.target = "sip:" + c.kind.dialled + "@" + c.domain
	c.twice = c.kind.twice
	if c.kind.lossy {
		c.lose = func() bool { return rand.IntN(10) == 0 }
	}
	c.w.callers.add(&c.dialog)
	return nil
}

// invite sends an INVITE, acknowledges its final response, and wants status.
func (c *caller) invite(want int, more string) ([]byte, error) {
	c.cseq++
	req := c.message("INVITE", c.target, c.cseq, c.branch("INVITE"), more, c.offered)
	b, err := c.request(req, 100*time.Second, func(b []byte) {
		if strings.HasPrefix(string(body(b)), "v=0") {
			c.media.start(body(b))
		}
		if c.warm != nil {
			c.warm(b)
		}
	})
	if err != nil {
		return nil, err
	}
	c.due = time.Time{}
	if id := field(b, "X-Callbox-Call"); id != "" {
		c.record = id
	}
	if status(b) < 300 {
		c.remote = field(b, "To")
	}
	if !c.kind.mum {
		c.acknowledge(b)
	}
	if status(b) < 300 {
		if err := c.media.start(body(b)); err != nil {
			return b, err
		}
	}
	if want != 0 && status(b) != want {
		return b, fmt.Errorf("INVITE got %q (%s) instead of %d", firstLine(b), field(b, "Warning"), want)
	}
	return b, nil
}

// cancel ends the INVITE that is under way.
func (c *caller) cancel() {
	c.send(c.message("CANCEL", c.target, c.cseq, c.branch("INVITE"), "", ""))
}

// dtmf presses a key by INFO.
func (c *caller) dtmf(key string) error {
	text := "Signal=" + key + "\r\nDuration=160\r\n"
	_, err := c.within("INFO", 200, "Content-Type: application/dtmf-relay\r\n", text)
	return err
}

// reinvite offers the call's media with another direction.
func (c *caller) reinvite(direction string) error {
	c.media.quiet.Store(direction != "sendrecv")
	c.offered = strings.Replace(c.media.description(), "sendrecv", direction, 1)
	c.offered = strings.Replace(c.offered, "3745 3745", fmt.Sprintf("3745 %d", 3745+c.cseq), 1)
	b, err := c.within("INVITE", 200, "", c.offered)
	if err != nil {
		return err
	}
	return c.media.start(body(b))
}

// proof answers a challenge by MD5 (RFC 2617), as older phones do.
func proof(challenge, user, password, method, to string) string {
	part := func(name string) string {
		_, rest, _ := strings.Cut(challenge, name+`="`)
		v, _, _ := strings.Cut(rest, `"`)
		return v
	}
	sum := func(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }
	realm, nonce, cnonce := part("realm"), part("nonce"), fmt.Sprint(rand.Uint32())
	answer := sum(sum(user+":"+realm+":"+password) + ":" + nonce + ":00000001:" + cnonce + ":auth:" + sum(method+":"+to))
	return fmt.Sprintf(`Proxy-Authorization: Digest username="%s", realm="%s", nonce="%s", uri="%s", response="%s", algorithm=MD5, cnonce="%s", qop=auth, nc=00000001`+"\r\n",
		user, realm, nonce, to, answer, cnonce)
}
