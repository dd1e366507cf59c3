package notify

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// mailServer is a small SMTP server that does what a test wants.
type mailServer struct {
	listener net.Listener
	tls      *tls.Config // with a certificate
	roots    *x509.CertPool
	implicit bool              // TLS from the first byte
	starttls bool              // offers STARTTLS
	auth     string            // offers AUTH PLAIN and wants this as user\x00password; "" for none
	answers  map[string]string // by verb, in the place of the usual one; "hang" says nothing more

	mu      sync.Mutex
	letters []string
	secured []bool // whether each came by TLS
	conns   []net.Conn
	serving sync.WaitGroup
}

// newMailServer starts one on loopback; adjust changes it before.
func newMailServer(t *testing.T, adjust func(s *mailServer)) *mailServer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	s := &mailServer{roots: x509.NewCertPool(), starttls: true, answers: map[string]string{}}
	s.roots.AddCert(leaf)
	s.tls = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	adjust(s)
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	s.serving.Go(func() {
		for {
			c, err := s.listener.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, c)
			s.mu.Unlock()
			s.serving.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		s.listener.Close()
		s.mu.Lock()
		for _, c := range s.conns {
			c.Close()
		}
		s.mu.Unlock()
		s.serving.Wait()
	})
	return s
}

// server is how a Mail reaches it.
func (s *mailServer) server(mode string) MailServer {
	return MailServer{
		Address: s.listener.Addr().String(), From: "callbox <callbox@example.com>", TLS: mode,
		Config: &tls.Config{RootCAs: s.roots},
	}
}

// conversation is one connection to a mailServer.
type conversation struct {
	*mailServer
	c      net.Conn
	in     *bufio.Reader
	secure bool
}

func (s *mailServer) serve(c net.Conn) {
	defer c.Close()
	x := &conversation{mailServer: s, c: c, secure: s.implicit}
	if s.implicit {
		x.c = tls.Server(c, s.tls)
	}
	x.in = bufio.NewReader(x.c)
	if s.answers["greeting"] != "hang" {
		x.say("220 mail.example.com ESMTP")
	}
	for {
		line, err := x.in.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		verb = strings.ToUpper(verb)
		switch a := s.answers[verb]; a {
		case "":
			if !x.answer(verb, rest) {
				return
			}
		case "hang":
		default:
			x.say(a)
		}
	}
}

func (x *conversation) say(line string) { _, _ = x.c.Write([]byte(line + "\r\n")) }

// answer gives the usual answer to a command, false after the last.
func (x *conversation) answer(verb, rest string) bool {
	switch verb {
	case "EHLO", "HELO":
		x.say("250-mail.example.com")
		if x.starttls && !x.secure {
			x.say("250-STARTTLS")
		}
		if x.auth != "" {
			x.say("250-AUTH PLAIN")
		}
		x.say("250 8BITMIME")
	case "STARTTLS":
		x.say("220 go on")
		x.c, x.secure = tls.Server(x.c, x.tls), true
		x.in = bufio.NewReader(x.c)
	case "AUTH":
		_, coded, _ := strings.Cut(rest, " ")
		plain, _ := base64.StdEncoding.DecodeString(coded)
		if string(plain) != "\x00"+x.auth {
			x.say("535 5.7.8 wrong: " + string(plain))
		} else {
			x.say("235 2.7.0 come in")
		}
	case "DATA":
		return x.takeLetter()
	case "QUIT":
		x.say("221 2.0.0 bye")
		return false
	default:
		x.say("250 2.0.0 well")
	}
	return true
}

func (x *conversation) takeLetter() bool {
	x.say("354 go on")
	var b strings.Builder
	for {
		part, err := x.in.ReadString('\n')
		if err != nil {
			return false
		}
		if part == ".\r\n" {
			break
		}
		b.WriteString(part)
	}
	x.mu.Lock()
	x.letters, x.secured = append(x.letters, b.String()), append(x.secured, x.secure)
	x.mu.Unlock()
	x.say("250 2.0.0 taken")
	return true
}

func (s *mailServer) got() (letters []string, secure []bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.letters...), append([]bool{}, s.secured...)
}
