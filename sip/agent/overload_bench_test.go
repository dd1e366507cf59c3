package agent

import (
	"net/netip"
	"strings"
	"testing"
)

var overloadInvite = []byte(strings.ReplaceAll(`INVITE sip:911@lab.sip.us1.twilio.com SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK-524287-1-1
Max-Forwards: 70
From: <sip:+14155550100@lab.sip.us1.twilio.com>;tag=1
To: <sip:911@lab.sip.us1.twilio.com>
Call-ID: 1-524287@127.0.0.1
CSeq: 1 INVITE
Contact: <sip:+14155550100@127.0.0.1:5060>
Content-Type: application/sdp
Content-Length: 4

v=0
`, "\n", "\r\n"))

func BenchmarkLook(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if g := look(overloadInvite); !g.sound {
			b.Fatal(g)
		}
	}
}

func BenchmarkRefusal(b *testing.B) {
	b.ReportAllocs()
	a, err := New(Options{OnInvite: func(*Incoming) {}, UserAgent: "callbox"})
	if err != nil {
		b.Fatal(err)
	}
	from := netip.MustParseAddrPort("127.0.0.1:5060")
	var out []byte
	for b.Loop() {
		g := look(overloadInvite)
		if a.turned.has(from, g.branch) || a.isTaken(&g) {
			b.Fatal("taken")
		}
		out = a.refusal(out[:0], &g, from)
	}
}
