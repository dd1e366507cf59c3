package agent

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
)

// FuzzGlance holds what is written without parsing against what parsing says: a refusal is one answer that can be read
// in one way, it answers the request, and a transaction that exists is found.
func FuzzGlance(f *testing.F) {
	f.Add(wire(plainInvite))
	f.Add(wire(strings.Replace(plainInvite, ";rport", "", 1)))
	f.Add(wire(strings.NewReplacer("Via:", "v:", "To:", "t :").Replace(plainInvite)))
	f.Add(overloadInvite)
	a, err := New(Options{OnInvite: func(*Incoming) {}, UserAgent: "callbox"})
	if err != nil {
		f.Fatal(err)
	}
	from := netip.MustParseAddrPort("192.0.2.7:5071")
	f.Fuzz(func(t *testing.T, b []byte) {
		g := look(b)
		if !g.sound || g.tagged || g.method == nil || string(g.method) == "ACK" {
			return
		}
		answer := a.refusal(nil, &g, from)
		m, err := a.parser.ParseSIP(answer)
		if err != nil {
			t.Fatalf("%v\n%s", err, answer)
		}
		p := readPacket(m)
		if p.status != 503 || len(p.message.Body) > 0 || p.via.branch != string(g.branch) {
			t.Fatalf("status %d, branch %q\n%s", p.status, p.via.branch, answer)
		}
		if bytes.Count(answer, []byte("\n")) != bytes.Count(answer, []byte("\r\n")) || bytes.Count(answer, []byte("\r")) != bytes.Count(answer, []byte("\r\n")) {
			t.Fatalf("a line does not end in CRLF:\n%q", answer)
		}
		for _, h := range p.message.Headers {
			if h.Name != "Server" && h.Name != "Retry-After" && h.Name != "Warning" {
				t.Fatalf("%s is not ours to say\n%s", h.Name, answer)
			}
		}
		compare(t, a, b, &g, p, from)
	})
}

// compare holds a glance against the request as it is parsed, where it can be.
func compare(t *testing.T, a *Agent, b []byte, g *glance, answer *packet, from netip.AddrPort) {
	m, err := a.parser.ParseSIP(b)
	if err != nil {
		return
	}
	p := readPacket(m)
	if p.fault != nil || p.method != "INVITE" {
		return
	}
	if p.to.tag != "" {
		t.Fatalf("To has a tag that was not seen: %s", p.to.raw)
	}
	if answer.callID != p.callID || answer.cseq != p.cseq || answer.from.tag != p.from.tag || answer.to.tag == "" || len(answer.vias) != len(p.vias) {
		t.Fatalf("it is not the answer to this:\n%s", b)
	}
	flow := flow{transport: "udp", socket: &udpSocket{}, remote: from}
	if to := replyFlow(flow, p).remote; to != g.replyTo(from) {
		t.Fatalf("answered to %v, want %v", g.replyTo(from), to)
	}
	tx, _ := a.newServerTx(flow, p)
	defer tx.stop()
	if !a.isTaken(g) {
		t.Fatalf("transaction %q is not found", tx.key)
	}
}
