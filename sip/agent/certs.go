package agent

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"
)

// serverTLS is the TLS configuration of a listener, with what it asks of its peers' certificates.
func (a *Agent) serverTLS(l Listener) *tls.Config {
	conf := a.opts.TLS
	if conf != nil && l.ClientAuth != tls.NoClientCert {
		conf = conf.Clone()
		conf.ClientAuth = l.ClientAuth
	}
	return conf
}

// handshake makes a connection taken one of TLS.
func (a *Agent) handshake(s *stream) error {
	ctx, cancel := context.WithTimeout(context.Background(), a.patience.handshake)
	defer cancel()
	t := tls.Server(s.raw, s.server)
	if err := t.HandshakeContext(ctx); err != nil {
		return err
	}
	s.conn = t
	s.verified(t.ConnectionState())
	s.up.Store(true)
	return nil
}

// verified notes who the peer is by a certificate that was held against our authorities.
func (s *stream) verified(c tls.ConnectionState) {
	if len(c.VerifiedChains) > 0 {
		s.peer = certificateName(c.VerifiedChains[0][0])
	}
}

// certificateName is whose a certificate is, as RFC 5922 section 7.1 finds it: the host of a SIP URI, or a host name, among
// its alternative names; only where it has neither the common name of its subject. It is cut to what a log line has room for.
func certificateName(c *x509.Certificate) string {
	name := c.Subject.CommonName
	if len(c.DNSNames) > 0 {
		name = c.DNSNames[0]
	}
	for _, u := range c.URIs {
		if strings.EqualFold(u.Scheme, "sip") {
			name = u.Opaque
			break
		}
	}
	return clean(name[:min(len(name), longestName)])
}

const longestName = 128

// clientTLS makes a connection made one of TLS with host. On an error it is closed.
func (a *Agent) clientTLS(ctx context.Context, conn net.Conn, host string) (net.Conn, error) {
	conf := &tls.Config{}
	if a.opts.ClientTLS != nil {
		conf = a.opts.ClientTLS.Clone()
	}
	if conf.ServerName == "" {
		conf.ServerName = host
	}
	t := tls.Client(conn, conf)
	if err := t.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return t, nil
}
