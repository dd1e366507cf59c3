package systest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/icholy/digest"

	"callbox/sip/call"
)

// ownAuthority makes a certificate for name that is its own authority, and its PEM.
func ownAuthority(t *testing.T, name string) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{name}}
	der, err := x509.CreateCertificate(rand.Reader, of, of, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// page is a SIP client in a browser's place.
type page struct {
	conn *websocket.Conn
	host string
}

func (l *lab) openPage(t *testing.T, certificates ...tls.Certificate) (*page, error) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, Certificates: certificates}}
	t.Cleanup(transport.CloseIdleConnections)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, "wss://"+l.host+":6062/", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport}, Subprotocols: []string{"sip"},
		HTTPHeader: http.Header{"Origin": {"https://phone.example.com"}},
	})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &page{conn, newHost()}, nil
}

// send writes a request of the page's call.
func (p *page) send(t *testing.T, method, uri, to string, cseq int, body string) {
	t.Helper()
	text := fmt.Sprintf("%s %s SIP/2.0\r\nVia: SIP/2.0/WSS page.invalid;branch=z9hG4bK%s%d\r\nFrom: <sip:%s@lab.sip.us1.twilio.com>;tag=page\r\nTo: %s\r\n"+
		"Call-ID: page\r\nCSeq: %d %s\r\nMax-Forwards: 70\r\nContact: <sip:x@page.invalid;transport=ws>\r\nContent-Type: application/sdp\r\n\r\n%s",
		method, uri, method, cseq, sanFrancisco, to, cseq, method, body)
	if err := p.conn.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// final returns the next answer of 200 or more.
func (p *page) final(t *testing.T) message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		_, text, err := p.conn.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if m := parseMessage(string(text)); !strings.HasPrefix(m.start, "SIP/2.0 1") {
			return m
		}
	}
}

// register registers alice at the phones' domain, proving her password.
func (p *page) register(t *testing.T) {
	t.Helper()
	const uri = "sip:phones.sip.us1.twilio.com"
	for cseq, proof := 1, ""; cseq < 3; cseq++ {
		text := fmt.Sprintf("REGISTER %s SIP/2.0\r\nVia: SIP/2.0/WSS page.invalid;branch=z9hG4bKr%d\r\nFrom: <sip:alice@phones.sip.us1.twilio.com>;tag=r\r\n"+
			"To: <sip:alice@phones.sip.us1.twilio.com>\r\nCall-ID: register\r\nCSeq: %d REGISTER\r\nMax-Forwards: 70\r\n"+
			"Contact: <sip:alice@page.invalid;transport=ws>\r\nExpires: 600\r\n%s\r\n", uri, cseq, cseq, proof)
		if err := p.conn.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
		answer := p.final(t)
		switch {
		case answer.isStatus("200"):
			return
		case cseq == 2 || !answer.isStatus("401"):
			t.Fatal(answer.start, answer.headers)
		}
		challenge, err := digest.ParseChallenge(answer.header("WWW-Authenticate"))
		if err != nil {
			t.Fatal(err)
		}
		credentials, err := digest.Digest(challenge, digest.Options{Method: "REGISTER", URI: uri, Username: "alice", Password: password})
		if err != nil {
			t.Fatal(err)
		}
		proof = "Authorization: " + credentials.String() + "\r\n"
	}
}

func TestAPageRegistersAndIsCalledBack(t *testing.T) {
	t.Parallel()
	l := prepareLab(t, settings{})
	l.configure(t, settings{more: fmt.Sprintf(`    - {network: wss, address: "%s:6062"}
  websocket: {origins: ["*.example.com"]}`, l.host)})
	l.start(t)
	p, err := l.openPage(t)
	if err != nil {
		t.Fatal(err)
	}
	p.register(t)
	if _, body := l.get(t, "/api/v1/registrations"); !strings.Contains(string(body), `"transport":"wss"`) {
		t.Errorf("registrations: %s", body)
	}
	id := l.callback(t, "psap-sf", map[string]string{"number": sanFrancisco})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, text, err := p.conn.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	invite := parseMessage(string(text))
	if !invite.isRequest("INVITE") || !strings.HasPrefix(invite.start, "INVITE sip:alice@page.invalid;transport=ws ") ||
		!strings.HasPrefix(invite.header("Via"), "SIP/2.0/WSS ") || invite.header("Priority") != "psap-callback" {
		t.Errorf("%s %v", invite.start, invite.headers)
	}
	answer := "SIP/2.0 486 Busy Here"
	for _, h := range invite.headers {
		switch name, _, _ := strings.Cut(h, ":"); name {
		case "Via", "From", "Call-ID", "CSeq":
			answer += "\r\n" + h
		case "To":
			answer += "\r\n" + h + ";tag=page"
		}
	}
	if err := p.conn.Write(ctx, websocket.MessageText, []byte(answer+"\r\nContent-Length: 0\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if r := l.record(t, id); !strings.Contains(tried(r), "alice") {
		t.Errorf("the record tells of %s", tried(r))
	}
}

func TestAPageCallsOverAWebSocketWithACertificate(t *testing.T) {
	t.Parallel()
	l := prepareLab(t, settings{})
	client, authority := ownAuthority(t, "phone.example.com")
	l.write(t, "clients.pem", authority)
	l.configure(t, settings{more: fmt.Sprintf(`    - {network: wss, address: "%s:6062", client_auth: required}
  tls: {client_ca: "%s/clients.pem"}
  websocket: {origins: ["*.example.com"]}`, l.host, l.dir)})
	l.start(t)

	if _, err := l.openPage(t); err == nil {
		t.Error("a page without a certificate was let in")
	}
	p, err := l.openPage(t, client)
	if err != nil {
		t.Fatal(err)
	}
	const target = "sip:933@lab.sip.us1.twilio.com"
	p.send(t, "INVITE", target, "<"+target+">", 1, (&wire{host: p.host}).offer())
	answer := p.final(t)
	if !answer.isStatus("200") || !strings.Contains(answer.body, "m=audio") {
		t.Fatal(answer.start, answer.body)
	}
	contact := strings.Trim(answer.header("Contact"), "<>")
	p.send(t, "ACK", contact, answer.header("To"), 1, "")
	p.send(t, "BYE", contact, answer.header("To"), 2, "")
	if bye := p.final(t); !bye.isStatus("200") {
		t.Error(bye.start)
	}
	r := l.record(t, answer.header("X-Callbox-Call"))
	if r.Transport != "wss" || r.PeerName != "phone.example.com" || r.EndReason != call.EndCallerHungUp || r.Verdict != "test" {
		t.Errorf("the record has transport %q, peer %q, end %q, verdict %q", r.Transport, r.PeerName, r.EndReason, r.Verdict)
	}
}
