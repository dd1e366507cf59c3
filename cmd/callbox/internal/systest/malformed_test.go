package systest

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// wrong is a message that no one should send, and the answer it must get: a pattern of the status, "" for silence.
type wrong struct {
	name   string
	method string // "" is INVITE
	change []string
	body   func(offer string) string // nil leaves the offer as it is
	want   string
}

var wrongMessages = []wrong{
	{name: "no From", change: []string{"From"}, want: "400"},
	{name: "no To", change: []string{"To"}, want: "400"},
	{name: "no Call-ID", change: []string{"Call-ID"}, want: "400"},
	{name: "no CSeq", change: []string{"CSeq"}, want: "400"},
	{name: "no Via", change: []string{"Via"}, want: ""},
	{name: "CSeq of another method", change: []string{"CSeq: 1 BYE"}, want: "400"},
	{name: "CSeq that is no number", change: []string{"CSeq: one INVITE"}, want: "400"},
	{name: "two From", change: []string{"+From: <sip:+12125550100@lab.sip.us1.twilio.com>;tag=b"}, want: "400"},
	{name: "two From, the second by its short name", change: []string{"+f: <sip:+12125550100@lab.sip.us1.twilio.com>;tag=b"}, want: "400"},
	{name: "two addresses in From", change: []string{"From: <sip:+14155550100@lab.sip.us1.twilio.com>;tag=a, <sip:+12125550100@lab.sip.us1.twilio.com>;tag=b"}, want: "400"},
	{name: "From with an open quote", change: []string{`From: "Alice <sip:+14155550100@lab.sip.us1.twilio.com>;tag=a`}, want: "400"},
	{name: "From with an address in its quotes", change: []string{`From: "<sip:+14155550100@lab.sip.us1.twilio.com>" <sip:+19995550199@lab.sip.us1.twilio.com>;tag=a`}, want: "403"},
	{name: "two Content-Length", change: []string{"+Content-Length: 3"}, want: "400"},
	{name: "more body promised than sent", change: []string{"Content-Length: 9999"}, want: "400"},
	{name: "negative Content-Length", change: []string{"Content-Length: -1"}, want: "400"},
	{name: "a Request-URI that is none", change: []string{": INVITE <911> SIP/2.0"}, want: "400"},
	{name: "a scheme nobody knows", change: []string{": INVITE nobody:911 SIP/2.0"}, want: "4(00|04|16)"},
	{name: "another SIP version", change: []string{": INVITE sip:911@lab.sip.us1.twilio.com SIP/7.0"}, want: "505|400"},
	{name: "no hops left", change: []string{"Max-Forwards: 0"}, want: "483"},
	{name: "an extension nobody has", change: []string{"+Require: nobody-has-this"}, want: "420"},
	{name: "a body that is no SDP", body: func(string) string { return "hello" }, want: "400|488"},
	{name: "SDP that does not say where media goes, which its packets will show", body: func(o string) string { return regexp.MustCompile(`c=[^\r]*\r\n`).ReplaceAllString(o, "") }, want: "200"},
	{name: "SDP with port 99999", body: func(o string) string { return strings.ReplaceAll(o, "16000", "99999") }, want: "400|488"},
	{name: "SDP of 40 kB", body: func(o string) string { return o + strings.Repeat("a=x:y\r\n", 6000) }, want: "[1-6].."},
	{name: "a body of another type", change: []string{"Content-Type: text/plain"}, want: "415|488"},
	{name: "an unknown method", method: "FROBNICATE", want: "405|501"},
	{name: "BYE for no dialog", method: "BYE", want: "481"},
	{name: "CANCEL for no transaction", method: "CANCEL", want: "481"},
	{name: "ACK for no dialog", method: "ACK", want: ""},
	{name: "REGISTER", method: "REGISTER", want: "[45].."},
}

func TestWrongMessagesAreAnsweredOrDropped(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	for i, m := range wrongMessages {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			w := dialWire(t, l.sip())
			w.n = i
			method, body := m.method, w.offer()
			if method == "" {
				method = "INVITE"
			} else {
				body = ""
			}
			if m.body != nil {
				body = m.body(body)
			}
			w.send(t, w.request(method, 1, "wrong"+strconv.Itoa(i), newDialog, body, m.change...))
			got := w.answers(t, m.want != "")
			if m.want == "" && got != "" || !regexp.MustCompile("^("+m.want+")$").MatchString(got) {
				t.Errorf("the answer is %q, want %q", got, m.want)
			}
			l.up(t)
		})
	}
}

// answers returns the status of the final answer to what was sent. Silence is sure when a later OPTIONS has been
// answered and a moment has passed.
func (w *wire) answers(t *testing.T, expected bool) string {
	t.Helper()
	limit := 5 * time.Second
	if !expected {
		w.n += 1000
		w.send(t, w.request("OPTIONS", 1, "probe"+strconv.Itoa(w.n), newDialog, ""))
	}
	for {
		m, ok := w.receive(t, limit)
		switch {
		case !ok:
			return ""
		case m.method() == "OPTIONS":
			limit = 300 * time.Millisecond
		case !m.isStatus("100") && !m.isStatus("180") && !m.isStatus("183"):
			return strings.Fields(m.start)[1]
		}
	}
}

func TestGarbageIsDropped(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	w := dialWire(t, l.sip())
	for _, garbage := range []string{
		"x", "\r\n\r\n", "\x00\x00\x00\x00", "INVITE", "INVITE sip:911@lab SIP/2.0", "SIP/2.0 200 OK\r\n\r\n", strings.Repeat("A", 60000),
		"INVITE sip:911@lab SIP/2.0\r\n" + strings.Repeat("X: y\r\n", 9000) + "\r\n", "\x80\x00" + strings.Repeat("\xff", 170),
	} {
		w.send(t, garbage)
	}
	if got := w.answers(t, false); got != "" && got != "400" && got != "513" {
		t.Errorf("garbage was answered with %q", got)
	}
	_, id := l.call(t, caller{scenario: "answered.xml", to: "911", hold: 100 * time.Millisecond}).answer()
	l.record(t, id)
}

func TestOptionsAreAnswered(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	w := dialWire(t, l.sip())
	w.send(t, w.request("OPTIONS", 1, "ping", newDialog, ""))
	m, ok := w.receive(t, 5*time.Second)
	if !ok || !m.isStatus("200") || !strings.Contains(m.header("Allow"), "INVITE") {
		t.Errorf("OPTIONS was answered with %+v", m)
	}
}
