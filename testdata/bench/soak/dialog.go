package main

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// The timers of RFC 3261 section 17.
const (
	t1     = 500 * time.Millisecond
	t2     = 4 * time.Second
	giveUp = 64 * t1
)

// dialog is one side of one call, the caller's or the centre's. It belongs to one goroutine; inbox is filled by others.
type dialog struct {
	link                  link
	inbox                 chan []byte
	callID, local, remote string // local and remote are From and To of its own requests, with tags
	target, contact       string
	offered               string // the body of its last INVITE, for the answer to a re-INVITE
	invited, answered     []byte // the INVITE that began it and the last response to that, on the centre's side
	cseq                  int
	began                 time.Time
	trace                 []string

	hungUp    bool      // the other side sent BYE
	cancelled bool      // the other side sent CANCEL
	asked     []string  // methods of the other side's requests, in order
	acked     bool      // an ACK came
	ackOf     []byte    // the last ACK sent, for repeated 200s
	due       time.Time // when to do what is due; zero is never
	what      func()

	lose      func() bool  // whether the network loses a message; nil loses none
	reinvited func([]byte) // sees the other side's re-INVITEs; nil does not
	twice     bool         // the network delivers what is sent two times
}

// killed in the inbox of a dialog says that its process is gone.
const killed = "KILLED"

func (d *dialog) note(way string, b []byte) {
	line := firstLine(b)
	if status(b) != 0 {
		line += " (" + field(b, "CSeq") + ")"
	}
	d.trace = append(d.trace, fmt.Sprintf("%8.3f %s %s", time.Since(d.began).Seconds(), way, line))
}

func (d *dialog) send(b []byte) {
	if d.lose != nil && d.lose() {
		d.note("-x", b)
		return
	}
	d.note("->", b)
	d.link.send(b)
	if d.twice {
		d.link.send(b)
	}
}

// message builds a request. more is whole lines.
func (d *dialog) message(method, to string, cseq int, branch, more, sdp string) []byte {
	if sdp != "" && !strings.Contains(more, "Content-Type") {
		more += "Content-Type: application/sdp\r\n"
	}
	return fmt.Appendf(nil, "%s %s SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=%s;rport\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\n"+
		"Call-ID: %s\r\nCSeq: %d %s\r\nContact: <%s>\r\n%sContent-Length: %d\r\n\r\n%s",
		method, to, d.link.network(), d.link.local(), branch, d.local, d.remote, d.callID, cseq, method, d.contact, more, len(sdp), sdp)
}

func (d *dialog) branch(method string) string {
	return fmt.Sprintf("z9hG4bK-%s-%d-%s", d.callID, d.cseq, method)
}

// receive returns the next message, or nil at the end of the time. What is due meanwhile is done.
func (d *dialog) receive(until time.Time) []byte {
	for {
		wait, due := time.Until(until), false
		if !d.due.IsZero() && d.due.Before(until) {
			wait, due = time.Until(d.due), true
		}
		t := time.NewTimer(max(wait, 0))
		select {
		case b := <-d.inbox:
			t.Stop()
			if d.lose != nil && d.lose() {
				d.note("x-", b)
				continue
			}
			d.note("<-", b)
			return b
		case <-t.C:
			if !due {
				return nil
			}
			d.due = time.Time{}
			d.what()
		}
	}
}

func (d *dialog) later(after time.Duration, f func()) { d.due, d.what = time.Now().Add(after), f }

// hold lets time pass, and answers what comes. It ends early when the other side hangs up or cancels.
func (d *dialog) hold(long time.Duration) {
	for until := time.Now().Add(long); !d.hungUp && !d.cancelled; {
		b := d.receive(until)
		if b == nil {
			return
		}
		d.serve(b)
	}
}

// serve answers a request within the dialog, and a 200 that is repeated with its ACK.
func (d *dialog) serve(b []byte) {
	if s := status(b); s != 0 {
		if s >= 200 && s < 300 && strings.HasSuffix(field(b, "CSeq"), " INVITE") && d.ackOf != nil {
			d.send(d.ackOf)
		}
		return
	}
	if d.invited != nil && bytes.Equal(b, d.invited) {
		if d.answered != nil {
			d.send(d.answered)
		}
		return
	}
	method, _, _ := strings.Cut(firstLine(b), " ")
	d.asked = append(d.asked, method)
	sdp := ""
	switch method {
	case "ACK":
		d.acked = true
		return
	case "BYE":
		d.hungUp = true
	case "CANCEL":
		d.cancelled = true
	case "INVITE":
		sdp = answerTo(b, d.offered)
		if d.reinvited != nil {
			d.reinvited(b)
		}
	case killed:
		d.hungUp = true
		return
	}
	d.send(response(b, "200 OK", tagOf(d.local), d.contact, sdp))
}

// answerTo makes the answer to a re-INVITE: the description of the own side, with the direction that the offer asks for.
func answerTo(req []byte, own string) string {
	for offer, answer := range map[string]string{"a=sendonly": "a=recvonly", "a=inactive": "a=inactive"} {
		if strings.Contains(string(body(req)), offer) {
			return strings.Replace(own, "a=sendrecv", answer, 1)
		}
	}
	return own
}

func tagOf(v string) string {
	_, tag, _ := strings.Cut(v, ";tag=")
	return tag
}

// request sends a request and returns its final response, which answers what comes meanwhile. It is repeated over UDP
// until it is answered. early sees provisional responses; nil does not.
func (d *dialog) request(req []byte, limit time.Duration, early func([]byte)) ([]byte, error) {
	want := field(req, "CSeq")
	invite := strings.HasSuffix(want, " INVITE")
	d.send(req)
	wait := t1
	next, end := time.Now().Add(wait), time.Now().Add(limit)
	if d.link.reliable() {
		next = end
	}
	for {
		b := d.receive(next)
		switch {
		case b == nil && !time.Now().Before(end):
			return nil, fmt.Errorf("no final response to %q within %v", firstLine(req), limit)
		case b == nil:
			wait *= 2
			if !invite {
				wait = min(wait, t2)
			}
			next = time.Now().Add(wait)
			if next.After(end) {
				next = end
			}
			d.send(req)
		case status(b) == 0 || field(b, "CSeq") != want:
			d.serve(b)
		case status(b) >= 200:
			return b, nil
		default:
			if invite {
				next = end
			}
			if early != nil {
				early(b)
			}
		}
	}
}

// within sends a request within the dialog and wants a response of want.
func (d *dialog) within(method string, want int, more, sdp string) ([]byte, error) {
	d.cseq++
	b, err := d.request(d.message(method, d.target, d.cseq, d.branch(method), more, sdp), giveUp, nil)
	if err != nil {
		return nil, err
	}
	if method == "INVITE" {
		d.acknowledge(b)
	}
	if status(b) != want {
		return b, fmt.Errorf("%s got %q instead of %d", method, firstLine(b), want)
	}
	return b, nil
}

// acknowledge sends the ACK of a final response to the last INVITE.
func (d *dialog) acknowledge(b []byte) {
	if status(b) < 300 {
		if c := uri(field(b, "Contact")); c != "" {
			d.target = c
		}
		d.ackOf = d.message("ACK", d.target, d.cseq, d.branch("ACK"), "", "")
		d.send(d.ackOf)
		return
	}
	to := d.remote
	d.remote = field(b, "To")
	d.send(d.message("ACK", d.target, d.cseq, d.branch("INVITE"), "", ""))
	d.remote = to
}

// bye hangs up. That the other side did so at the same time is no fault.
func (d *dialog) bye() error {
	if d.hungUp {
		return nil
	}
	if _, err := d.within("BYE", 200, "", ""); err != nil && !d.hungUp {
		return err
	}
	return nil
}
