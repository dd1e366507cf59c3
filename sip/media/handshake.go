package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
)

// handshakeLimit is how long DTLS may take: a few repetitions of what got lost.
const handshakeLimit = 15 * time.Second

// certificate is made once a process: browsers trust the fingerprint in SDP and nothing else of it (RFC 8122).
var certificate = sync.OnceValues(selfsign.GenerateSelfSigned)

// Fingerprint returns the SHA-256 of the certificate that browsers are shown.
func Fingerprint() ([]byte, error) {
	c, err := certificate()
	if err != nil {
		return nil, fmt.Errorf("media: certificate for DTLS: %w", err)
	}
	sum := sha256.Sum256(c.Certificate[0])
	return sum[:], nil
}

// errFingerprint is the error of a peer that shows another certificate than its description told of.
var errFingerprint = errors.New("its certificate does not have the fingerprint of its session description")

// shake takes keys from the peer by DTLS, and goes on listening to it until the side has another peer.
func (sd *Side) shake(x *web) {
	conn, keys, err := sd.handshake(x)
	if err != nil {
		if x.ctx.Err() == nil && sd.s.notify != nil { // somebody waits for it
			sd.s.notify(Notice{Kind: NoticeUnsecured, Side: sd.leg, Reason: err.Error()})
		}
		return
	}
	stop := context.AfterFunc(x.ctx, func() { _ = conn.Close() })
	defer stop()
	defer conn.Close()
	sd.keyed(x, keys)
	for b := make([]byte, maxPacket); ; { // repeats the last flight where that got lost; data is of no use here
		if _, err := conn.Read(b); err != nil {
			return
		}
	}
}

// handshake is a DTLS handshake as the server.
func (sd *Side) handshake(x *web) (*dtls.Conn, *Keys, error) {
	own, err := certificate()
	if err != nil {
		return nil, nil, err
	}
	sd.s.mu.Lock()
	to, w := net.UDPAddrFromAddrPort(x.chosen), x.Web
	sd.s.mu.Unlock()
	conn, err := dtls.ServerWithOptions(&webConn{sd, x, to}, to,
		dtls.WithCertificates(own), dtls.WithClientAuth(dtls.RequireAnyClientCert),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
		dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80),
		dtls.WithVerifyPeerCertificate(func(raw [][]byte, _ [][]*x509.Certificate) error { return w.verify(raw) }))
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(x.ctx, handshakeLimit)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("the DTLS handshake was not done within %s", handshakeLimit)
		}
		return nil, nil, err
	}
	keys, err := exported(conn)
	if err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	return conn, keys, nil
}

// verify checks the peer's certificate against its description.
func (w Web) verify(raw [][]byte) error {
	if len(raw) == 0 {
		return errFingerprint
	}
	var sum []byte
	switch w.Hash {
	case "sha-256":
		s := sha256.Sum256(raw[0])
		sum = s[:]
	case "sha-384":
		s := sha512.Sum384(raw[0])
		sum = s[:]
	case "sha-512":
		s := sha512.Sum512(raw[0])
		sum = s[:]
	}
	if len(sum) == 0 || !bytes.Equal(sum, []byte(w.Fingerprint)) {
		return errFingerprint
	}
	return nil
}

// exported returns the keys that both ends have from the handshake (RFC 5764 section 4.2).
func exported(conn *dtls.Conn) (*Keys, error) {
	profile, ok := conn.SelectedSRTPProtectionProfile()
	suite := map[dtls.SRTPProtectionProfile]Suite{
		dtls.SRTP_AEAD_AES_128_GCM: AEADAES128GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80: AESCM128HMACSHA180,
	}[profile]
	state, done := conn.ConnectionState()
	if !ok || suite == 0 || !done {
		return nil, errors.New("DTLS has agreed on no SRTP protection profile that is spoken here")
	}
	key, salt := suites[suite].key, suites[suite].salt
	b, err := state.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", nil, 2*(key+salt))
	if err != nil {
		return nil, err
	}
	theirs, ours := Key{Suite: suite, Key: b[:key], Salt: b[2*key : 2*key+salt]}, Key{Suite: suite, Key: b[key : 2*key], Salt: b[2*key+salt:]}
	return NewKeys(ours, theirs)
}

// keyed puts the keys of a handshake into force, unless the peer is another by now.
func (sd *Side) keyed(x *web, k *Keys) {
	sd.s.mu.Lock()
	defer sd.s.mu.Unlock()
	if sd.s.closed || sd.web != x {
		return
	}
	sd.secure(k)
	x.keyed = true
	sd.follow(sd.s.relay.clock())
}

// webConn is what DTLS takes for its socket.
type webConn struct {
	sd *Side
	x  *web
	to *net.UDPAddr // as DTLS knows the peer, wherever ICE leads
}

// ReadFrom implements net.PacketConn.
func (c *webConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, _, err := c.x.queue.Read(b, nil)
	return n, c.to, err
}

// WriteTo implements net.PacketConn. It sends along the path that ICE has chosen last.
func (c *webConn) WriteTo(b []byte, _ net.Addr) (int, error) {
	s := c.sd.s
	s.worker.loop.do(func(int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.closed && c.sd.web == c.x {
			_ = send(c.sd.fds[0], b, &c.x.to)
		}
	})
	return len(b), nil
}

// Close implements net.PacketConn; part closes the queue.
func (c *webConn) Close() error { return nil }

// LocalAddr implements net.PacketConn.
func (c *webConn) LocalAddr() net.Addr { return &net.UDPAddr{Port: int(c.sd.port)} }

// SetDeadline implements net.PacketConn.
func (c *webConn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetReadDeadline implements net.PacketConn.
func (c *webConn) SetReadDeadline(t time.Time) error { return c.x.queue.SetReadDeadline(t) }

// SetWriteDeadline implements net.PacketConn; writing never waits.
func (c *webConn) SetWriteDeadline(time.Time) error { return nil }
