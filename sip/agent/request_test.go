package agent

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"
)

// answerTo writes the peer's answer to a request that it received.
func answerTo(req, status string, extra ...string) string {
	m := "SIP/2.0 " + status + "\n"
	for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
		v := header(req, name)
		if name == "To" {
			v += ";tag=peer"
		}
		m += name + ": " + v + "\n"
	}
	for _, e := range extra {
		m += e + "\n"
	}
	return m + "Content-Length: 0\n\n"
}

// asked is what a Request returned.
type asked struct {
	reply Reply
	err   error
}

func askFor(ctx context.Context, t *testing.T, a *Agent, uri string, o Outgoing) <-chan asked {
	t.Helper()
	r, err := a.Route(ctx, uri)
	if err != nil {
		t.Fatal(err)
	}
	o.Route = r
	done := make(chan asked, 1)
	go func() {
		reply, err := a.Request(ctx, "MESSAGE", o)
		done <- asked{reply, err}
	}()
	return done
}

func TestAMessageIsSentOutsideADialogAndItsAnswerReturned(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	p := newRawPeer(t, a)
	done := askFor(t.Context(), t, a, "sip:desk@"+p.addr(), Outgoing{
		From: Address{User: "callbox"}, Message: Message{ContentType: "text/plain", Body: []byte("911 was dialled")},
	})
	req := p.recv()
	if !strings.HasPrefix(req, "MESSAGE sip:desk@"+p.addr()+" SIP/2.0\r\n") || !strings.HasSuffix(req, "\r\n\r\n911 was dialled") {
		t.Errorf("request:\n%s", req)
	}
	if header(req, "Contact") != "" || toTag(req) != "" || header(req, "Content-Type") != "text/plain" {
		t.Errorf("request outside a dialog:\n%s", req)
	}
	p.send(answerTo(req, "100 Trying"))
	p.send(answerTo(req, "202 Accepted", "X-Told: yes"))
	got := <-done
	if got.err != nil || got.reply.Status != 202 || got.reply.Message.Get("X-Told") != "yes" {
		t.Errorf("reply %+v, error %v", got.reply, got.err)
	}
}

func TestAChallengedRequestIsSentOnceMoreWithCredentials(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	p := newRawPeer(t, a)
	done := askFor(t.Context(), t, a, "sip:desk@"+p.addr(), Outgoing{Username: "edge", Password: "secret"})
	first := p.recv()
	const challenge = `Proxy-Authenticate: Digest realm="pbx", nonce="n1", qop="auth", algorithm=MD5`
	p.send(answerTo(first, "407 Proxy Authentication Required", challenge))
	second := p.recvUntil("MESSAGE")
	if !strings.Contains(header(second, "Proxy-Authorization"), `username="edge"`) {
		t.Errorf("second request:\n%s", second)
	}
	if header(second, "Call-ID") != header(first, "Call-ID") || header(second, "CSeq") != "2 MESSAGE" || header(second, "Via") == header(first, "Via") {
		t.Errorf("the second request is not the first one again:\n%s\n%s", first, second)
	}
	p.send(answerTo(second, "407 Proxy Authentication Required", challenge))
	if got := <-done; got.err != nil || got.reply.Status != 407 {
		t.Errorf("after wrong credentials: %+v, %v", got.reply, got.err)
	}
}

func TestARequestWithoutAnAnswerSaysWhy(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	p := newRawPeer(t, a)
	got := <-askFor(t.Context(), t, a, "sip:desk@"+p.addr(), Outgoing{})
	if got.err == nil || !strings.Contains(got.err.Error(), "no answer from "+p.addr()) {
		t.Errorf("after silence: %+v, %v", got.reply, got.err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if got := <-askFor(ctx, t, a, "sip:desk@"+p.addr(), Outgoing{}); !errors.Is(got.err, context.DeadlineExceeded) {
		t.Errorf("after the context: %v", got.err)
	}
	if got := <-askFor(t.Context(), t, a, "sip:desk@127.0.0.1:1;transport=tcp", Outgoing{}); got.err == nil {
		t.Errorf("to a closed port: %+v", got.reply)
	}
	if n := a.Metrics().Transactions; n != 0 {
		t.Errorf("%d transactions are left", n)
	}
}

func TestADialogsMethodsAreNoRequestsOutsideOne(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	for _, method := range []string{"INVITE", "ACK", "CANCEL", "", "MES SAGE", "MESSAGE\r\nX: y"} {
		if _, err := a.Request(t.Context(), method, Outgoing{}); err == nil {
			t.Errorf("%q was sent", method)
		}
	}
}

func TestARequestGoesByTLS(t *testing.T) {
	t.Parallel()
	cert := testCertificate(t)
	callee, err := New(Options{
		Listeners: []Listener{{Network: "tls", Address: "127.0.0.1:0"}}, TLS: &tls.Config{Certificates: []tls.Certificate{cert}},
		OnInvite: func(in *Incoming) { in.Refuse(486, "Busy Here") },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := callee.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { callee.Close() })
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	a := tunedAgent(t, func(a *Agent) { a.opts.ClientTLS = &tls.Config{RootCAs: roots} }, nil)
	got := <-askFor(t.Context(), t, a, "sips:desk@"+callee.bound[0].bound.String(), Outgoing{})
	if got.err != nil || got.reply.Status != 405 {
		t.Errorf("an agent answered a MESSAGE by TLS with %+v, %v", got.reply, got.err)
	}
}
