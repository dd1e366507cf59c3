package agent

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"
)

func TestRequestsThatCannotBeUsedAreAnsweredWithASentence(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	tests := []struct {
		name   string
		change func(msg string) string
		status string
		says   string
	}{
		{"no To", drop("To: "), "400", "no To header field"},
		{"no Call-ID", drop("Call-ID: "), "400", "no Call-ID"},
		{"no CSeq", drop("CSeq: "), "400", "no CSeq"},
		{"no Contact", drop("Contact: "), "400", "no Contact"},
		{"two From header fields", add("From: <sip:+19995550199@lab.example.com>;tag=other"), "400", "more than one From"},
		{"the length of the body given twice", add("Content-Length: 0"), "400", "more than one Content-Length"},
		{"a From with text after its bracket", swap("lab.example.com>;tag=raw", "lab.example.com> <sip:b@c>;tag=raw"), "400", "From cannot be read"},
		{"a From with two tags", swap(";tag=raw", ";tag=raw;TAG=other"), "400", "From cannot be read"},
		{"a CSeq of another method", swap("1 INVITE\n", "1 BYE\n"), "400", "CSeq names BYE, the method is INVITE"},
		{"more proxies in Via than there are hops", swap("Max-Forwards", "Via: a"+strings.Repeat(",a", 300)+"\nMax-Forwards"), "400", "more than 256 values in Via"},
		{"more proxies in Record-Route", add("Record-Route: <sip:a>" + strings.Repeat(",<sip:a>", 300)), "400", "values in Record-Route"},
		{"a Record-Route that cannot be read", add("Record-Route: <sip:proxy;lr>, <sip:a b>"), "400", "Record-Route cannot be read"},
		{"a Contact with a second request line in it", swap("<sip:raw@", "<sip:raw:x SIP/2.0@"), "400", "Contact cannot be read"},
		{"another SIP version", swap("com SIP/2.0\n", "com SIP/7.0\n"), "505", "only SIP/2.0"},
		{"Max-Forwards used up", swap("Max-Forwards: 70", "Max-Forwards: 0"), "483", "Max-Forwards"},
		{"Max-Forwards that is no number", swap("Max-Forwards: 70", "Max-Forwards: many"), "400", "Max-Forwards"},
		{"an unknown URI scheme", swap("INVITE sip:911@lab.example.com", "INVITE http://lab.example.com"), "416", "http"},
		{"an extension nobody knows", add("Require: nothingSupportsThis"), "420", "Require"},
		{"a header line without a colon", add("this is no header"), "400", "cannot be parsed"},
		{"a negative length", swap("Content-Length: 0", "Content-Length: -9"), "400", "cannot be parsed"},
		{"a length beyond the end", swap("Content-Length: 0", "Content-Length: 9999"), "400", "cannot be parsed"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := newRawPeer(t, a)
			p.send(tc.change(p.request("INVITE", newBranch(), 1, "")))
			got := p.recv()
			if strings.HasPrefix(got, "SIP/2.0 100") {
				got = p.recv()
			}
			if !strings.HasPrefix(got, "SIP/2.0 "+tc.status) || !strings.Contains(header(got, "Warning"), tc.says) {
				t.Errorf("want %s %q, got\n%s", tc.status, tc.says, got)
			}
		})
	}
}

func drop(prefix string) func(string) string {
	return func(m string) string {
		var out []string
		for l := range strings.SplitSeq(m, "\n") {
			if !strings.HasPrefix(l, prefix) {
				out = append(out, l)
			}
		}
		return strings.Join(out, "\n")
	}
}

func add(line string) func(string) string {
	return func(m string) string { return strings.Replace(m, "Content-Length", line+"\nContent-Length", 1) }
}

func swap(old, new string) func(string) string {
	return func(m string) string { return strings.Replace(m, old, new, 1) }
}

func TestJunkIsDroppedAndTheListenerLives(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	p := newRawPeer(t, a)
	for _, junk := range []string{"", "\r\n\r\n", "\x00\x00\x00\x00", strings.Repeat("A", 4000), "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"SIP/2.0 999 No\r\n\r\n", "INVITE sip:911@x SIP/2.0\r\n\r\n", "\x00\x01\x00\x00\x21\x12\xa4\x42aaaaaaaaaaaa"} {
		p.send(junk)
	}
	p.none(50 * time.Millisecond)
	p.send(p.request("OPTIONS", newBranch(), 1, ""))
	if got := p.recv(); !strings.HasPrefix(got, "SIP/2.0 200") || header(got, "Allow") == "" {
		t.Errorf("OPTIONS answered\n%s", got)
	}
}

func TestRequestsOutsideAnyDialogAreAnsweredByMethod(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	for _, tc := range []struct{ method, toTag, status string }{
		{"BYE", "nobody", "481"}, {"BYE", "", "481"}, {"UPDATE", "nobody", "481"}, {"INVITE", "nobody", "481"},
		{"CANCEL", "", "481"}, {"REGISTER", "", "405"}, {"MESSAGE", "", "405"}, {"FROBNICATE", "", "501"}, {"OPTIONS", "nobody", "200"},
	} {
		t.Run(tc.method+tc.toTag, func(t *testing.T) {
			t.Parallel()
			p := newRawPeer(t, a)
			p.send(p.request(tc.method, newBranch(), 1, tc.toTag))
			if got := p.recv(); !strings.HasPrefix(got, "SIP/2.0 "+tc.status) {
				t.Errorf("%s answered\n%s", tc.method, got)
			}
		})
	}
}

func TestALineFeedInsideAHeaderIsNotPassedOn(t *testing.T) {
	t.Parallel()
	got := make(chan *Incoming, 1)
	a := newTestAgent(t, func(in *Incoming) { in.Refuse(480, "Temporarily Unavailable"); got <- in })
	p := newRawPeer(t, a)
	msg := strings.ReplaceAll(p.request("INVITE", newBranch(), 1, "", "Subject: a@b"), "\n", "\r\n")
	msg = strings.Replace(msg, "a@b", "a\nP-Asserted-Identity: <sip:evil>", 1)
	if _, err := p.conn.WriteTo([]byte(msg), p.to); err != nil {
		t.Fatal(err)
	}
	in := <-got
	if s := in.Message.Get("Subject"); strings.ContainsAny(s, "\r\n") || !strings.Contains(s, "evil") {
		t.Errorf("Subject = %q", s)
	}
	if in.Message.Get("P-Asserted-Identity") != "" {
		t.Error("a header field was smuggled in")
	}
}

func TestAControlCharacterAtTheEndOfACallIDIsNoPartOfIt(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	p := newRawPeer(t, a)
	p.send(strings.Replace(p.request("OPTIONS", newBranch(), 1, ""), "Call-ID: raw-"+t.Name(), "Call-ID: raw\x00 \x01", 1))
	if got := header(p.recv(), "Call-ID"); got != "raw" { // with a space behind it, what comes later would be of another call
		t.Errorf("Call-ID is %q", got)
	}
}

func TestViaIsStampedWithTheRealSource(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	p := newRawPeer(t, a)
	m := p.request("OPTIONS", "z9hG4bKnat", 1, "")
	m = strings.Replace(m, "Via: SIP/2.0/UDP "+p.addr()+";branch=z9hG4bKnat", "Via: SIP/2.0/UDP 10.1.2.3:5099;rport;branch=z9hG4bKnat", 1)
	p.send(m)
	via := header(p.recv(), "Via")
	_, port, _ := net.SplitHostPort(p.addr())
	if !strings.Contains(via, ";rport="+port) || !strings.Contains(via, ";received=127.0.0.1") {
		t.Errorf("Via = %q", via)
	}
}

func TestAReceivedOfTheSendersOwnIsTakenOutOfVia(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	p := newRawPeer(t, a)
	_, port, _ := net.SplitHostPort(p.addr())
	ours := ";received=127.0.0.1"
	for params, want := range map[string]string{
		"host;Received = 192.0.2.9;branch=z9hG4bK1;rport;x=\"a;received=b\"": "host;branch=z9hG4bK1;rport=" + port + ";x=\"a;received=b\"" + ours,
		"127.0.0.1:" + port + ";received=192.0.2.9;branch=z9hG4bK2":          "127.0.0.1:" + port + ";branch=z9hG4bK2",
		"127.0.0.1:" + port + ";branch=z9hG4bK3":                             "127.0.0.1:" + port + ";branch=z9hG4bK3",
		"host:" + port + ";branch=z9hG4bK4":                                  "host:" + port + ";branch=z9hG4bK4" + ours,
	} {
		p.send(strings.Replace(p.request("OPTIONS", "x", 1, ""), p.addr()+";branch=x", params, 1))
		if via := header(p.recv(), "Via"); via != "SIP/2.0/UDP "+want {
			t.Errorf("%s became %s", params, via)
		}
	}
}

func TestAConnectionThatSendsRubbishIsAnsweredAndClosed(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil, Listener{Network: "tcp", Address: "127.0.0.1:0"})
	conn, err := net.Dial("tcp", a.bound[0].bound.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.Write([]byte("HELLO\r\nWORLD\r\n\r\n"))
	conn.SetReadDeadline(time.Now().Add(wait))
	if n, err := conn.Read(make([]byte, 100)); err == nil {
		t.Errorf("got %d bytes, want the connection closed", n)
	}
}

func TestAMessageInPiecesOverTCPIsPutTogether(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil, Listener{Network: "tcp", Address: "127.0.0.1:0"})
	conn, err := net.Dial("tcp", a.bound[0].bound.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p := newRawPeer(t, nil)
	msg := strings.ReplaceAll(strings.Replace(p.request("OPTIONS", newBranch(), 1, ""), "UDP", "TCP", 1), "\n", "\r\n")
	for i := 0; i < len(msg); i += 7 {
		conn.Write([]byte(msg[i:min(i+7, len(msg))]))
	}
	buf := make([]byte, 4096)
	conn.SetReadDeadline(time.Now().Add(wait))
	n, err := conn.Read(buf)
	if err != nil || !strings.HasPrefix(string(buf[:n]), "SIP/2.0 200") {
		t.Errorf("answered %q, %v", buf[:n], err)
	}
}

func TestOptionsProbeTellsWhoIsThere(t *testing.T) {
	t.Parallel()
	a, b := newTestAgent(t, nil), newTestAgent(t, nil)
	if status, err := a.Options(context.Background(), b.uri("psap")); status != 200 || err != nil {
		t.Errorf("probe = %d, %v", status, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	if _, err := a.Options(ctx, "sip:nobody@127.0.0.1:1"); err == nil {
		t.Error("a silent target answered")
	}
}
