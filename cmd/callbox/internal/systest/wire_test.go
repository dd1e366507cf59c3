package systest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// wire is a caller that writes SIP by hand, for what no user agent would send.
type wire struct {
	conn net.Conn
	host string
	n    int
}

// dialWire opens a UDP socket towards the edge.
func dialWire(t *testing.T, edge string) *wire {
	t.Helper()
	w := &wire{host: newHost()}
	local, err := net.ResolveUDPAddr("udp", w.host+":6060")
	if err != nil {
		t.Fatal(err)
	}
	w.conn, err = (&net.Dialer{LocalAddr: local}).Dial("udp", edge)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.conn.Close() })
	return w
}

func (w *wire) send(t *testing.T, text string) {
	t.Helper()
	if _, err := w.conn.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

// receive returns the next message within limit; ok is false when there is none.
func (w *wire) receive(t *testing.T, limit time.Duration) (m message, ok bool) {
	t.Helper()
	buf := make([]byte, 65536)
	if err := w.conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
		t.Fatal(err)
	}
	n, err := w.conn.Read(buf)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return message{}, false
	}
	if err != nil {
		t.Fatal(err)
	}
	return parseMessage(string(buf[:n])), true
}

// parseMessage takes one received SIP message apart, trusting the edge to write it well.
func parseMessage(raw string) message {
	head, body, _ := strings.Cut(strings.ReplaceAll(raw, "\r\n", "\n"), "\n\n")
	start, head, _ := strings.Cut(head, "\n")
	return message{received: true, start: start, headers: strings.Split(head, "\n"), body: body}
}

// request writes a request of the wire's own. Each of change is "Name: value" to set a header field, "Name" to leave it
// out, or "+Name: value" to add one more; "" as a name means the request line.
func (w *wire) request(method string, cseq int, branch, to, body string, change ...string) string {
	const domain = "lab.sip.us1.twilio.com"
	lines := []string{
		fmt.Sprintf("%s sip:911@%s SIP/2.0", method, domain),
		fmt.Sprintf("Via: SIP/2.0/UDP %s:6060;branch=z9hG4bK%s;rport", w.host, branch),
		fmt.Sprintf("From: <sip:%s@%s>;tag=a%d", sanFrancisco, domain, w.n),
		"To: " + to,
		fmt.Sprintf("Call-ID: wire-%d-%s", w.n, w.host),
		fmt.Sprintf("CSeq: %d %s", cseq, method),
		"Max-Forwards: 70",
		fmt.Sprintf("Contact: <sip:caller@%s:6060>", w.host),
	}
	if body != "" {
		lines = append(lines, "Content-Type: application/sdp")
	}
	lines = append(lines, fmt.Sprintf("Content-Length: %d", len(body)))
	for _, c := range change {
		lines = edit(lines, c)
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + body
}

// edit applies one change, as request takes them.
func edit(lines []string, change string) []string {
	if added, ok := strings.CutPrefix(change, "+"); ok {
		return append(lines, added)
	}
	if strings.HasPrefix(change, ": ") {
		return append([]string{change[2:]}, lines[1:]...)
	}
	name, _, set := strings.Cut(change, ":")
	var out []string
	for _, l := range lines {
		switch n, _, _ := strings.Cut(l, ":"); {
		case n != name:
			out = append(out, l)
		case set:
			out = append(out, change)
		}
	}
	return out
}

const newDialog = "<sip:911@lab.sip.us1.twilio.com>"

func (w *wire) offer() string {
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %[1]s\r\ns=-\r\nc=IN IP4 %[1]s\r\nt=0 0\r\nm=audio 16000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n", w.host)
}
