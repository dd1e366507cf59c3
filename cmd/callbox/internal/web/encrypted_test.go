package web

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// secureServer serves HTTPS with room for few connections and returns its address and a client's TLS settings.
func secureServer(t *testing.T, most int) (address string, trust *tls.Config) {
	t.Helper()
	lent := httptest.NewTLSServer(http.NotFoundHandler()) // has a certificate for 127.0.0.1
	certificate, leaf := lent.TLS.Certificates[0], lent.Certificate()
	lent.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &edge{metrics: NewMetrics("v1")}
	s := New(Options{
		TLS:  &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}},
		Live: e, Journal: e, Centres: centres{e}, Metrics: e.metrics.Handler(), Logger: zerolog.Nop(),
		Ready: func() (bool, string) { return true, "" },
	})
	s.room.most = most
	s.Start(l)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return l.Addr().String(), &tls.Config{RootCAs: roots}
}

func TestHTTPSServesWhoSpeaksTLS12OrLater(t *testing.T) {
	t.Parallel()
	address, trust := secureServer(t, 8)
	for version, ok := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		config := trust.Clone()
		config.MinVersion, config.MaxVersion = version, version
		transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true, ForceAttemptHTTP2: true}
		client := &http.Client{Transport: transport, Timeout: 5 * time.Second}
		resp, err := client.Get("https://" + address + "/readyz")
		if (err == nil) != ok {
			t.Fatalf("%s: %v", tls.VersionName(version), err)
		}
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode != 200 || resp.ProtoMajor != 1 || resp.TLS == nil {
			t.Errorf("%s: %s by %s", tls.VersionName(version), resp.Status, resp.Proto)
		}
	}
}

func TestHTTPOnTheHTTPSPortIsToldWhatToDo(t *testing.T) {
	t.Parallel()
	address, _ := secureServer(t, 8)
	for name, body := range map[string]string{"a small request": "x=1", "a large one": strings.Repeat("x", 300_000)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(5 * time.Second))
			request := "POST /2010-04-01/Accounts HTTP/1.1\r\nHost: edge\r\n\r\n" + body
			if _, err := io.WriteString(c, request); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			said, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != 400 || !strings.Contains(string(said), "https://") {
				t.Errorf("%s, %v\n%s", resp.Status, err, said)
			}
			if p := decode[trouble](t, strings.NewReader(string(said))); p.Status != 400 || p.Title != "Bad Request" {
				t.Errorf("%+v", p)
			}
		})
	}
}

func TestConnectionsThatDoNotAskMakeRoomWithTLSToo(t *testing.T) {
	t.Parallel()
	address, trust := secureServer(t, 8)
	for i := range 60 {
		var c net.Conn
		var err error
		if i%2 == 0 { // no handshake
			c, err = net.Dial("tcp", address)
		} else {
			c, err = tls.Dial("tcp", address, trust)
		}
		if err != nil {
			continue // it had to make room before its handshake was over
		}
		t.Cleanup(func() { c.Close() })
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true}, Timeout: headerTimeout - time.Second}
	resp, err := client.Get("https://" + address + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Error(resp.Status)
	}
}

func TestANewConnectionDoesNotWaitForThePeerOfTheOldOne(t *testing.T) {
	t.Parallel()
	lent := httptest.NewTLSServer(http.NotFoundHandler())
	certificate := lent.TLS.Certificates[0]
	lent.Close()
	ours, theirs := net.Pipe()
	defer theirs.Close()
	server := tls.Server(ours, &tls.Config{Certificates: []tls.Certificate{certificate}, MaxVersion: tls.VersionTLS12})
	client := tls.Client(theirs, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // only the closing matters
	done := make(chan error, 1)
	go func() { done <- client.Handshake() }()
	if err := server.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	hangUp(server) // nobody reads the alert that a close would send
	if waited := time.Since(began); waited > time.Second {
		t.Errorf("hanging up took %v", waited)
	}
}
