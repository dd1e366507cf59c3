package agent

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// browser is a SIP client on a WebSocket, written by hand.
type browser struct {
	t *testing.T
	c *websocket.Conn
}

// openWeb connects to the agent's first listener as a page of origin would.
func openWeb(t *testing.T, a *Agent, conf *tls.Config, origin string, protocols ...string) (*browser, *http.Response, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	transport := &http.Transport{TLSClientConfig: conf}
	t.Cleanup(transport.CloseIdleConnections)
	h := http.Header{}
	if origin != "" {
		h.Set("Origin", origin)
	}
	l := a.bound[0]
	c, resp, err := websocket.Dial(ctx, l.Network+"://"+l.bound.String()+"/sip", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport}, HTTPHeader: h, Subprotocols: protocols,
	})
	if err != nil {
		return nil, resp, err
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	return &browser{t, c}, resp, nil
}

func (b *browser) send(text string) {
	b.t.Helper()
	if err := b.c.Write(b.t.Context(), websocket.MessageText, []byte(strings.ReplaceAll(text, "\n", "\r\n"))); err != nil {
		b.t.Fatal(err)
	}
}

// recv returns the next message.
func (b *browser) recv() string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), wait)
	defer cancel()
	_, text, err := b.c.Read(ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}

const webInvite = `INVITE sip:911@lab.example SIP/2.0
Via: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK56sdasks
From: <sip:+14155550100@lab.example>;tag=asdyka899
To: <sip:911@lab.example>
Call-ID: asidkj3ss
CSeq: 1 INVITE
Max-Forwards: 70
Contact: <sip:alice@df7jal23ls0d.invalid;transport=ws>
Content-Type: application/sdp

v=0
o=- 1 1 IN IP4 192.0.2.1
s=-
c=IN IP4 192.0.2.1
t=0 0
m=audio 4000 RTP/AVP 0
`

func TestACallOverAWebSocketGoesBackByIt(t *testing.T) {
	t.Parallel()
	callee := newSide(t, "callee")
	legs := make(chan *Leg, 1)
	transports := make(chan string, 1)
	a := newTestAgent(t, func(in *Incoming) {
		transports <- in.Transport
		legs <- in.Accept(callee.sink)
	}, Listener{Network: "ws", Address: "127.0.0.1:0"})
	b, _, err := openWeb(t, a, nil, "", "sip")
	if err != nil {
		t.Fatal(err)
	}
	b.send(webInvite)
	if s := b.recv(); !strings.HasPrefix(s, "SIP/2.0 100 ") || !strings.Contains(s, "Via: SIP/2.0/WS df7jal23ls0d.invalid") {
		t.Fatal(s)
	}
	if got := <-transports; got != "ws" {
		t.Error(got)
	}
	leg := <-legs
	leg.Answer(offer)
	ok := b.recv()
	contact := "Contact: <sip:callbox@" + a.bound[0].bound.String() + ";transport=ws>"
	if !strings.HasPrefix(ok, "SIP/2.0 200 ") || !strings.Contains(ok, contact) {
		t.Fatal(ok)
	}
	to := ok[strings.Index(ok, "\r\nTo: ")+6:]
	to = to[:strings.Index(to, "\r\n")]
	b.send(strings.NewReplacer("INVITE sip:911@lab.example", "ACK sip:callbox@"+a.bound[0].bound.String(), "CSeq: 1 INVITE", "CSeq: 1 ACK",
		"To: <sip:911@lab.example>", "To: "+to, "56sdasks", "ack").Replace(webInvite[:strings.Index(webInvite, "Content-Type")]) + "\n")
	callee.expect(KindAcked)
	leg.Bye()
	bye := b.recv()
	if !strings.HasPrefix(bye, "BYE sip:alice@df7jal23ls0d.invalid;transport=ws SIP/2.0\r\nVia: SIP/2.0/WS "+a.bound[0].bound.String()) {
		t.Error(bye)
	}
}

func TestAWebSocketIsKeptAliveAndAnswersOptions(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil, Listener{Network: "ws", Address: "127.0.0.1:0"})
	b, resp, err := openWeb(t, a, nil, "http://"+a.bound[0].bound.String(), "other", "SIP")
	if err != nil || !strings.EqualFold(resp.Header.Get("Sec-WebSocket-Protocol"), "sip") {
		t.Fatal(err, resp)
	}
	b.send("\n\n")
	if s := b.recv(); s != "\r\n" {
		t.Errorf("%q", s)
	}
	b.send("\n")
	options := strings.ReplaceAll(webInvite[:strings.Index(webInvite, "Content-Type")], "INVITE", "OPTIONS") + "\n"
	b.send(options)
	if s := b.recv(); !strings.HasPrefix(s, "SIP/2.0 200 ") {
		t.Error(s)
	}
	b.send("nonsense\n\n")
	b.send(strings.ReplaceAll(options, "56sdasks", "next"))
	if s := b.recv(); !strings.HasPrefix(s, "SIP/2.0 200 ") || !strings.Contains(s, "next") {
		t.Error(s)
	}
}

func TestAWebSocketOfAnotherSiteOrProtocolIsRefused(t *testing.T) {
	t.Parallel()
	listener := Listener{Network: "ws", Address: "127.0.0.1:0"}
	a := newTestAgent(t, nil, listener)
	open := tunedAgent(t, func(a *Agent) { a.opts.Origins = []string{"*.example.com"} }, nil, listener)
	for _, tt := range []struct {
		name, origin, protocol string
		agent                  *Agent
		status                 int
	}{
		{"another site", "https://evil.example.org", "sip", a, 403},
		{"another site than those that may", "https://evil.example.org", "sip", open, 403},
		{"a site that may", "https://phone.example.com", "sip", open, 101},
		{"the listener's own site", "http://" + a.bound[0].bound.String(), "sip", a, 101},
		{"no browser", "", "sip", a, 101},
		{"another protocol", "", "chat", a, 400},
		{"no protocol", "", "", a, 400},
	} {
		var protocols []string
		if tt.protocol != "" {
			protocols = append(protocols, tt.protocol)
		}
		_, resp, err := openWeb(t, tt.agent, nil, tt.origin, protocols...)
		if resp == nil || resp.StatusCode != tt.status {
			t.Errorf("%s: %v %v", tt.name, resp, err)
		}
	}
}

func TestAWebSocketThatSaysNothingIsClosed(t *testing.T) {
	t.Parallel()
	a := tunedAgent(t, func(a *Agent) { a.patience.start, a.patience.message = 50*time.Millisecond, 50*time.Millisecond }, nil, Listener{Network: "ws", Address: "127.0.0.1:0"})
	b, _, err := openWeb(t, a, nil, "", "sip")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	if _, _, err := b.c.Read(ctx); err == nil || ctx.Err() != nil {
		t.Errorf("it is still there: %v", err)
	}
	if a.count.late.Load() != 1 {
		t.Error("it was not counted")
	}
}

// authorities is a pool of one certificate, which is its own authority.
func authorities(t *testing.T, cert tls.Certificate) *x509.CertPool {
	t.Helper()
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return pool
}

func TestAPeerIsKnownByItsCertificate(t *testing.T) {
	t.Parallel()
	cert, stranger := testCertificate(t), testCertificate(t)
	client := namedCertificate(t, "pbx.example.com")
	for _, tt := range []struct {
		name, network string
		auth          tls.ClientAuthType
		shows         []tls.Certificate
		peer          string
		fails         bool
	}{
		{"a certificate that is required", "tls", tls.RequireAndVerifyClientCert, []tls.Certificate{client}, "pbx.example.com", false},
		{"none where it is required", "tls", tls.RequireAndVerifyClientCert, nil, "", true},
		{"a stranger's", "tls", tls.RequireAndVerifyClientCert, []tls.Certificate{stranger}, "", true},
		{"one that is optional", "tls", tls.VerifyClientCertIfGiven, []tls.Certificate{client}, "pbx.example.com", false},
		{"none where it is optional", "tls", tls.VerifyClientCertIfGiven, nil, "", false},
		{"one that nobody asks for", "tls", tls.NoClientCert, []tls.Certificate{client}, "", false},
		{"one on a WebSocket", "wss", tls.RequireAndVerifyClientCert, []tls.Certificate{client}, "pbx.example.com", false},
		{"none on a WebSocket that requires it", "wss", tls.RequireAndVerifyClientCert, nil, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			peers := make(chan string, 1)
			a, err := New(Options{
				Listeners: []Listener{{Network: tt.network, Address: "127.0.0.1:0", ClientAuth: tt.auth}},
				TLS:       &tls.Config{Certificates: []tls.Certificate{cert}, ClientCAs: authorities(t, client)},
				OnInvite:  func(in *Incoming) { peers <- in.Peer; in.Refuse(486, "Busy Here") },
			})
			if err != nil || a.Start() != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { a.Close() })
			conf := &tls.Config{RootCAs: authorities(t, cert), GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				if len(tt.shows) == 0 {
					return &tls.Certificate{}, nil
				}
				return &tt.shows[0], nil // though the server may not believe its authority
			}}
			answer, err := inviteBy(t, a, conf)
			if tt.fails {
				if err == nil {
					t.Errorf("it was let in: %s", answer)
				}
				return
			}
			if err != nil || !strings.HasPrefix(answer, "SIP/2.0 ") {
				t.Fatal(answer, err)
			}
			if got := <-peers; got != tt.peer {
				t.Errorf("the peer is %q, want %q", got, tt.peer)
			}
		})
	}
}

// inviteBy sends an INVITE by TLS or a WebSocket over it and returns the first answer.
func inviteBy(t *testing.T, a *Agent, conf *tls.Config) (answer string, err error) {
	t.Helper()
	if a.bound[0].Network == "wss" {
		b, _, err := openWeb(t, a, conf, "", "sip")
		if err != nil {
			return "", err
		}
		b.send(webInvite)
		return b.recv(), nil
	}
	conf.ServerName = "127.0.0.1"
	d := tls.Dialer{Config: conf}
	c, err := d.DialContext(t.Context(), "tcp", a.bound[0].bound.String())
	if err != nil {
		return "", err
	}
	defer c.Close()
	head, body, _ := strings.Cut(strings.ReplaceAll(webInvite, "\n", "\r\n"), "\r\n\r\n")
	if _, err := c.Write([]byte(head + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)); err != nil {
		return "", err
	}
	if err := c.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return "", err
	}
	buf := make([]byte, 4096)
	n, err := c.Read(buf)
	return string(buf[:n]), err
}
