package media

import (
	"crypto/sha256"
	"crypto/tls"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"github.com/pion/srtp/v3"
	"github.com/pion/stun/v3"
	"github.com/pion/transport/v5/packetio"

	"callbox/sip/call"
)

const (
	ourPassword = "ourPasswordOf22Letters"
	ourUfrag    = "ours"
)

// page is the far end of a browser's side.
type page struct {
	*phone
	own   tls.Certificate
	dtls  *packetio.Buffer
	other chan []byte // STUN and SRTP
}

func newPage(t *testing.T, sd *Side) *page {
	t.Helper()
	own, err := selfsign.GenerateSelfSigned()
	if err != nil {
		t.Fatal(err)
	}
	p := &page{phone: newPhone(t, "127.0.0.1", sd), own: own, dtls: packetio.NewBuffer(), other: make(chan []byte, 200)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for b := make([]byte, 2048); ; {
			n, err := p.rtp.Read(b)
			switch {
			case err != nil:
				return
			case b[0] >= 20 && b[0] <= 63:
				_, _ = p.dtls.Write(b[:n], nil)
			default:
				p.other <- append([]byte(nil), b[:n]...)
			}
		}
	}()
	t.Cleanup(func() {
		p.rtp.Close()
		p.dtls.Close()
		<-done
	})
	return p
}

// web is what the page's SDP and ours come to.
func (p *page) web() *Web {
	sum := sha256.Sum256(p.own.Certificate[0])
	return &Web{Ufrag: ourUfrag, Password: ourPassword, PeerUfrag: "theirs", Hash: "sha-256", Fingerprint: string(sum[:])}
}

// checks sends a connectivity check from the page's socket.
func (p *page) checks(password string, more ...stun.Setter) {
	p.t.Helper()
	p.send(check(p.t, ourUfrag+":theirs", password, more...))
}

func check(t testing.TB, name, password string, more ...stun.Setter) []byte {
	t.Helper()
	parts := append([]stun.Setter{stun.TransactionID, stun.BindingRequest, stun.NewUsername(name)}, more...)
	m, err := stun.Build(append(parts, stun.NewShortTermIntegrity(password), stun.Fingerprint)...)
	if err != nil {
		t.Fatal(err)
	}
	return m.Raw
}

var useCandidate = stun.RawAttribute{Type: stun.AttrUseCandidate}

// next returns the next datagram that is not DTLS.
func (p *page) next() []byte {
	p.t.Helper()
	select {
	case b := <-p.other:
		return b
	case <-time.After(patience):
		p.t.Fatal("nothing came to the page")
		return nil
	}
}

// answered waits for the answer to a check.
func (p *page) answered(password string) {
	p.t.Helper()
	m := &stun.Message{Raw: p.next()}
	var at stun.XORMappedAddress
	if err := m.Decode(); err != nil || m.Type != stun.BindingSuccess || stun.NewShortTermIntegrity(password).Check(m) != nil ||
		at.GetFrom(m) != nil || at.Port != int(local(p.rtp).Port()) || stun.Fingerprint.Check(m) != nil {
		p.t.Fatalf("the answer to a check is %v, %v", m, err)
	}
}

// ReadFrom and the like are what DTLS takes for its socket.
func (p *page) ReadFrom(b []byte) (int, net.Addr, error) {
	n, _, err := p.dtls.Read(b, nil)
	return n, net.UDPAddrFromAddrPort(p.toRTP), err
}
func (p *page) WriteTo(b []byte, _ net.Addr) (int, error) {
	return p.rtp.WriteToUDPAddrPort(b, p.toRTP)
}
func (p *page) Close() error                       { return nil }
func (p *page) LocalAddr() net.Addr                { return p.rtp.LocalAddr() }
func (p *page) SetDeadline(t time.Time) error      { return p.dtls.SetReadDeadline(t) }
func (p *page) SetReadDeadline(t time.Time) error  { return p.dtls.SetReadDeadline(t) }
func (p *page) SetWriteDeadline(t time.Time) error { return nil }

// shakes does the handshake and returns the two ends of SRTP.
func (p *page) shakes(profile dtls.SRTPProtectionProfile, s Suite) (*cipher, error) {
	p.t.Helper()
	sum, err := Fingerprint()
	if err != nil {
		p.t.Fatal(err)
	}
	conn, err := dtls.ClientWithOptions(p, net.UDPAddrFromAddrPort(p.toRTP), dtls.WithCertificates(p.own),
		dtls.WithInsecureSkipVerify(true), dtls.WithSRTPProtectionProfiles(profile))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { conn.Close() })
	if err := conn.Handshake(); err != nil {
		return nil, err
	}
	state, _ := conn.ConnectionState()
	if shown := sha256.Sum256(state.PeerCertificates[0]); string(shown[:]) != string(sum) {
		p.t.Error("the edge shows another certificate than Fingerprint tells of")
	}
	c := &cipher{t: p.t}
	k, n := suites[s].key, suites[s].salt
	b, err := state.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", nil, 2*(k+n))
	if err != nil {
		p.t.Fatal(err)
	}
	c.ours, c.edge = Key{s, b[:k], b[2*k : 2*k+n]}, Key{s, b[k : 2*k], b[2*k+n:]}
	c.out, c.in = c.ours.context(), c.edge.context(srtp.SRTPReplayProtection(64))
	return c, nil
}

func drops(sd *Side) [dropReasons]uint64 {
	sd.s.mu.Lock()
	defer sd.s.mu.Unlock()
	return sd.flow.drops
}

func TestABrowserIsHeardAlongThePathOfICEAlone(t *testing.T) {
	t.Parallel()
	for profile, suite := range map[dtls.SRTPProtectionProfile]Suite{
		dtls.SRTP_AEAD_AES_128_GCM: AEADAES128GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80: AESCM128HMACSHA180,
	} {
		t.Run(suite.String(), func(t *testing.T) {
			t.Parallel()
			s := openSession(t, newTestRelay(t, Options{}), nil)
			a, sd := newPage(t, s.Side(call.LegA)), s.Side(call.LegA)
			b := newPhone(t, "127.0.0.1", s.Side(call.LegB))
			sd.SetRemote(Remote{RTP: local(a.rtp), Web: a.web()}) // the address in SDP must not count
			s.Side(call.LegB).SetRemote(b.remote())

			// Before the right password has named a path nothing is answered, heard or sent.
			a.checks("anotherPasswordOf22Let")
			a.send(check(t, "ours:stranger", ourPassword))
			a.send([]byte{22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
			a.say(1, 0xa)
			b.say(1, 0xb)
			eventually(t, "five drops", func() bool {
				d, o := drops(sd), drops(s.Side(call.LegB))
				return d[dropStranger] == 3 && d[dropForged] == 1 && o[dropUnroutable] == 1
			})
			a.checks(ourPassword)
			a.answered(ourPassword)
			a.send([]byte{22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) // named none yet
			eventually(t, "a drop", func() bool { return drops(sd)[dropStranger] == 4 })
			a.checks(ourPassword, useCandidate)
			a.answered(ourPassword)

			c, err := a.shakes(profile, suite)
			if err != nil {
				t.Fatal(err)
			}
			eventually(t, "keys", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return sd.web.keyed })
			a.send(c.rtp(7, 0xa))
			b.hears(7)
			b.say(9, 0xb)
			if plain, err := c.in.DecryptRTP(nil, a.next(), nil); err != nil || len(plain) < rtpHeaderLen {
				t.Errorf("the page cannot open what it hears: %v", err)
			}
			if got := s.Stats().FromCaller.SRTP; got != suite.String() {
				t.Errorf("the record has suite %q", got)
			}
			iceAgain(t, s, a, b, c)
		})
	}
}

// iceAgain begins ICE with other names, and moves to another path with the same keys.
func iceAgain(t *testing.T, s *Session, a *page, b *phone, c *cipher) {
	again := a.web()
	again.Password = "anotherOfTwentyTwoLett"
	sd := s.Side(call.LegA)
	sd.SetRemote(Remote{Web: again})
	before := drops(sd)[dropStranger]
	a.checks(ourPassword, useCandidate)
	eventually(t, "a drop", func() bool { return drops(sd)[dropStranger] == before+1 })
	moved := newPage(t, sd)
	b.say(10, 0xb)
	if _, err := c.in.DecryptRTP(nil, a.next(), nil); err != nil {
		t.Errorf("before the new path is found: %v", err)
	}
	moved.checks(again.Password, useCandidate)
	moved.answered(again.Password)
	b.say(11, 0xb)
	if _, err := c.in.DecryptRTP(nil, moved.next(), nil); err != nil {
		t.Errorf("on the new path: %v", err)
	}
	moved.send(c.rtp(8, 0xa))
	b.hears(8)
	sd.Reset()
	before = drops(sd)[dropNotRTP]
	moved.checks(again.Password, useCandidate)
	eventually(t, "a drop", func() bool { return drops(sd)[dropNotRTP] == before+1 })
}

func TestABrowserWithAnotherCertificateIsNotHeard(t *testing.T) {
	t.Parallel()
	notices := make(chan Notice, 9)
	s := openSession(t, newTestRelay(t, Options{}), func(n Notice) { notices <- n })
	a, sd := newPage(t, s.Side(call.LegA)), s.Side(call.LegA)
	w := a.web()
	w.Fingerprint = strings.Repeat("x", sha256.Size)
	sd.SetRemote(Remote{Web: w})
	a.checks(ourPassword, useCandidate)
	a.answered(ourPassword)
	if _, err := a.shakes(dtls.SRTP_AEAD_AES_128_GCM, AEADAES128GCM); err == nil {
		t.Error("the handshake was done")
	}
	if n := next(t, notices); n.Kind != NoticeUnsecured || n.Side != call.LegA || !strings.Contains(n.Reason, "fingerprint") {
		t.Errorf("notice %+v", n)
	}
	if sd.to[0].n != 0 || sd.in.ctx != nil {
		t.Error("media may pass")
	}
}

func TestChecksAreBounded(t *testing.T) {
	t.Parallel()
	s := openSession(t, newTestRelay(t, Options{Clock: func() time.Duration { return time.Minute }, Timeout: -1}), nil)
	a, sd := newPage(t, s.Side(call.LegA)), s.Side(call.LegA)
	sd.SetRemote(Remote{Web: a.web()})
	for range webRate + 20 {
		a.checks(ourPassword)
	}
	eventually(t, "drops", func() bool { return drops(sd)[dropStranger] == 20 })
	if got := len(a.other); got > webRate {
		t.Errorf("%d checks were answered", got)
	}
}

// A side that is not a browser's answers nothing of ICE or DTLS, secure or not.
func TestNoOtherSideAnswersChecks(t *testing.T) {
	t.Parallel()
	s := openSession(t, newTestRelay(t, Options{}), nil)
	a, sd := newPage(t, s.Side(call.LegA)), s.Side(call.LegA)
	for i, keys := range []*Keys{nil, newCipher(t, AEADAES128GCM).keys()} {
		sd.SetRemote(Remote{RTP: netip.AddrPortFrom(local(a.rtp).Addr(), local(a.rtp).Port()), Keys: keys})
		a.checks(ourPassword, useCandidate)
		eventually(t, "a drop", func() bool { return drops(sd)[dropNotRTP] == uint64(i+1) })
	}
	if len(a.other) > 0 {
		t.Error("a check was answered")
	}
}
