package app

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestJunkIsCounted(t *testing.T) {
	t.Parallel()
	a := start(t, lab(t))
	conn, err := net.Dial("udp", a.agent.Addrs()[0].Address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	options := strings.ReplaceAll(`OPTIONS sip:lab.example SIP/2.0
Via: SIP/2.0/UDP `+conn.LocalAddr().String()+`;branch=z9hG4bKjunk;rport
From: <sip:a@lab.example>;tag=1
To: <sip:lab.example>
Call-ID: junk
CSeq: 1 OPTIONS
Max-Forwards: 70
Content-Length: 0

`, "\n", "\r\n")
	for _, packet := range []string{"this is no SIP at all\r\n\r\n", options} {
		if _, err := conn.Write([]byte(packet)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.Read(make([]byte, 2000)); err != nil { // the answer to OPTIONS: what came before it has been read
		t.Fatal(err)
	}
	_, body := a.ask(t, http.MethodGet, "/metrics")
	for _, want := range []string{
		`callbox_sip_refused_messages_total{reason="unparsed"} 1`, `callbox_sip_refused_messages_total{reason="strange"} 0`,
		"callbox_sip_requests_total 1", "callbox_sip_legs 0",
	} {
		if !strings.Contains(body, "\n"+want+"\n") {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
}
