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
	secure  []bool // whether each came by TLS
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

func (s *mailServer) serve(c net.Conn) {
	defer func() { c.Close() }()
	secure := s.implicit
	if secure {
		c = tls.Server(c, s.tls)
	}
	in := bufio.NewReader(c)
	say := func(line string) { _, _ = c.Write([]byte(line + "\r\n")) }
	if s.answers["greeting"] != "hang" {
		say("220 mail.example.com ESMTP")
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		verb, rest, _ := strings.Cut(line, " ")
		verb = strings.ToUpper(verb)
		if a := s.answers[verb]; a == "hang" {
			continue
		} else if a != "" {
			say(a)
			continue
		}
		switch verb {
		case "EHLO", "HELO":
			say("250-mail.example.com")
			if s.starttls && !secure {
				say("250-STARTTLS")
			}
			if s.auth != "" {
				say("250-AUTH PLAIN")
			}
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go on")
			c, secure = tls.Server(c, s.tls), true
			in = bufio.NewReader(c)
		case "AUTH":
			_, coded, _ := strings.Cut(rest, " ")
			plain, _ := base64.StdEncoding.DecodeString(coded)
			if string(plain) != "\x00"+s.auth {
				say("535 5.7.8 wrong: " + string(plain))
				continue
			}
			say("235 2.7.0 come in")
		case "DATA":
			say("354 go on")
			var b strings.Builder
			for {
				part, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if part == ".\r\n" {
					break
				}
				b.WriteString(part)
			}
			s.mu.Lock()
			s.letters, s.secure = append(s.letters, b.String()), append(s.secure, secure)
			s.mu.Unlock()
			say("250 2.0.0 taken")
		case "QUIT":
			say("221 2.0.0 bye")
			return
		default:
			say("250 2.0.0 well")
		}
	}
}

func (s *mailServer) got() (letters []string, secure []bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.letters...), append([]bool{}, s.secure...)
}
