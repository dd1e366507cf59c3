package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// centre is the process of several call centres: what each does is said by the user part it is called at.
type centre struct {
	w    *world
	at   string
	x    *exchange
	conn *net.UDPConn
	ln   net.Listener
	wg   sync.WaitGroup
}

// leg is what the caller's side may know of the centre's.
type leg struct {
	answers atomic.Int32 // centres that answered
	infos   atomic.Int32
	stream  atomic.Pointer[stream]
	ended   chan struct{} // closed when the answering centre's leg is over
	alone   error         // who else was heard there; read it after ended
	flowed  error         // what was missing in its media; read it after ended
}

func startCentre(w *world, at string) (*centre, error) {
	c := &centre{w: w, at: at, x: newExchange()}
	var err error
	if c.conn, err = listenUDP(at); err != nil {
		return nil, err
	}
	if c.ln, err = net.Listen("tcp4", at); err != nil {
		c.conn.Close()
		return nil, err
	}
	c.wg.Go(func() {
		serveUDP(c.conn, func(b []byte, from netip.AddrPort) { c.take(b, datagrams{c.conn, from}) })
	})
	c.wg.Go(c.accept)
	return c, nil
}

func (c *centre) accept() {
	for {
		conn, err := c.ln.Accept()
		if err != nil {
			return
		}
		l := connection{conn, c.at, &sync.Mutex{}}
		go l.messages(func(b []byte) { c.take(b, l) }) // ends with the edge's side
	}
}

// kill ends everything without a word to anybody.
func (c *centre) kill() {
	c.conn.Close()
	c.ln.Close()
	c.x.mu.Lock()
	for _, d := range c.x.dialogs {
		select {
		case d.inbox <- []byte(killed):
		default:
		}
	}
	c.x.mu.Unlock()
	c.wg.Wait()
}

func (c *centre) take(b []byte, l link) {
	if c.x.deliver(b) || status(b) != 0 {
		return
	}
	method, _, _ := strings.Cut(firstLine(b), " ")
	switch {
	case method == "INVITE" && tagOf(field(b, "To")) == "":
		c.invited(b, l)
	case method == "OPTIONS":
		l.send(response(b, "200 OK", "centre", "", ""))
	case method != "ACK":
		l.send(response(b, "481 Call/Transaction Does Not Exist", "centre", "", ""))
	}
}

func (c *centre) invited(b []byte, l link) {
	target := strings.Fields(firstLine(b))[1]
	user, _, _ := strings.Cut(strings.TrimPrefix(target, "sip:"), "@")
	n, err := callNumber(b)
	contact := "sip:" + user + "@" + c.at
	if l.reliable() {
		contact += ";transport=tcp"
	}
	d := &dialog{
		link: l, inbox: make(chan []byte, 64), callID: field(b, "Call-ID"), invited: b, began: time.Now(),
		remote: field(b, "From"), local: fmt.Sprintf("%s;tag=%s%d", field(b, "To"), user, rand.Uint32()),
		target: uri(field(b, "Contact")), contact: contact,
	}
	d.note("<-", b)
	if err != nil {
		c.w.unmeant("centre", d, fmt.Errorf("an INVITE that is no caller's"))
		return
	}
	c.x.add(d)
	c.wg.Go(func() {
		defer c.x.remove(d)
		if err := c.behave(d, user, n); err != nil {
			c.w.unmeant("centre "+user, d, fmt.Errorf("call %d: %w", n, err))
		}
	})
}

func (c *centre) reply(d *dialog, line, sdp string) {
	d.answered = response(d.invited, line, tagOf(d.local), d.contact, sdp)
	d.send(d.answered)
}

// behave does what the centre is named for.
func (c *centre) behave(d *dialog, user string, n int) error {
	switch user {
	case "busy":
		c.reply(d, "180 Ringing", "")
		d.hold(100 * time.Millisecond)
		return c.refuse(d, "486 Busy Here")
	case "down":
		return c.refuse(d, "503 Service Unavailable")
	case "declines":
		return c.refuse(d, "603 Decline")
	case "redirects":
		return c.refuse(d, "302 Moved Temporarily")
	case "mute":
		d.hold(giveUp + 5*time.Second)
		return nil
	case "silent":
		c.reply(d, "180 Ringing", "")
		d.hold(90 * time.Second)
		if d.hungUp {
			return nil
		}
		if !d.cancelled {
			return fmt.Errorf("nobody cancelled")
		}
		return c.refuse(d, "487 Request Terminated")
	}
	return c.talk(d, user, n)
}

// refuse ends the INVITE. The edge must acknowledge it (RFC 3261 section 17.1.1.3).
func (c *centre) refuse(d *dialog, line string) error {
	if d.cancelled {
		line = "487 Request Terminated"
	}
	return c.repeat(d, line, "")
}

// repeat sends a final response until its ACK comes.
func (c *centre) repeat(d *dialog, line, sdp string) error {
	c.reply(d, line, sdp)
	wait := t1
	for end := time.Now().Add(giveUp); time.Now().Before(end); {
		until := time.Now().Add(wait)
		for !d.acked && !d.hungUp {
			b := d.receive(until)
			if b == nil {
				break
			}
			d.serve(b)
		}
		if d.acked || d.hungUp {
			return nil
		}
		wait = min(2*wait, t2)
		d.send(d.answered)
	}
	return fmt.Errorf("no ACK for %q", line)
}

// talk rings, answers, speaks and listens until the call is over.
func (c *centre) talk(d *dialog, user string, n int) error {
	s, err := newStream(&c.w.media, n, true)
	if err != nil {
		return err
	}
	defer s.stop()
	d.offered = s.description()
	if user == "early" {
		if err := s.start(body(d.invited)); err != nil {
			return err
		}
		c.reply(d, "183 Session Progress", d.offered)
	} else {
		c.reply(d, "180 Ringing", "")
	}
	d.hold(time.Duration(100+rand.IntN(1400)) * time.Millisecond)
	if d.cancelled {
		return c.refuse(d, "487 Request Terminated")
	}
	if d.hungUp {
		return nil
	}
	l := c.w.leg(n)
	if l.answers.Add(1) > 1 {
		return fmt.Errorf("another centre has the call")
	}
	l.stream.Store(s)
	defer func() {
		l.alone, l.flowed = s.alone(), s.flowed()
		close(l.ended)
	}()
	d.reinvited = func(b []byte) {
		s.quiet.Store(!bytes.Contains(body(b), []byte("a=sendrecv")))
		s.start(body(b))
	}
	if err := s.start(body(d.invited)); err != nil {
		return err
	}
	if err := c.repeat(d, "200 OK", d.offered); err != nil {
		return err
	}
	return c.listen(d, l, user)
}

// longest is how long a centre's leg may be up.
const longest = 150 * time.Second

func (c *centre) listen(d *dialog, l *leg, user string) error {
	if user == "hangs-up" {
		d.hold(time.Duration(1000+rand.IntN(3000)) * time.Millisecond)
		return d.bye()
	}
	if user == "holds" {
		if err := c.hold(d); err != nil && !d.hungUp {
			return err
		}
	}
	for until := d.began.Add(longest); !d.hungUp; {
		b := d.receive(until)
		if b == nil {
			return fmt.Errorf("its leg was still up after %v", longest)
		}
		if bytes.HasPrefix(b, []byte("INFO ")) {
			l.infos.Add(1)
		}
		d.serve(b)
	}
	return nil
}

// hold puts the caller on hold and takes the call back.
func (c *centre) hold(d *dialog) error {
	offered := d.offered
	for i, direction := range []string{"sendonly", "sendrecv"} {
		d.hold(time.Duration(500+rand.IntN(1500)) * time.Millisecond)
		if d.hungUp {
			return nil
		}
		d.offered = strings.Replace(offered, "sendrecv", direction, 1)
		d.offered = strings.Replace(d.offered, "3745 3745", fmt.Sprintf("3745 %d", 3746+i), 1)
		if _, err := d.within("INVITE", 200, "", d.offered); err != nil {
			return err
		}
	}
	return nil
}
